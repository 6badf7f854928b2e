"""Mutations that know a format, so that they get past its first check."""

import base64
import json
import re
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, TypeAlias

from signedcert.core.encoding import b64url_encode
from signedcert.documents.text import visible

Mutator: TypeAlias = Callable[[bytes, Random], bytes]

_TOKENS = [
    *(bytes([value]) for value in b"\0\t\n\r \"',-./:;=?[\\]_{}\x7f\x80\xc0\xe2\xff"),
    *(b"null", b"true", b"-0", b"1e9", b"NaN", b"9007199254740993", b"\\ud800", b"\\u0000"),
    *(b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xcc\x81", b"\xf0\x9f\x8e\x93"),
    *(b"{}", b"[]", b'""', b'"":', b"\r\n", b'"\n"', b"eyJ", b"..", b"=="),
]
_DECIMALS = [b"0", b"00", b"1", b"+1", b"-1", b"1_0", b"9007199254740991", b"9007199254740992"]
#: What stands in front of base64 in a signature line, a verifier key or a path, and the base64.
_ENCODED = re.compile(rb"((?:[^ +]*\+){2}|[^ ]* [^ ]* |)(.*)", re.DOTALL)
_TEXTS = ["", " ", "\0", "\n", "\\", '"', "é", "é", "\ud800", "\u202e", "\ufeff", "\U0001f393"]
_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**53 - 1, 2**53, 1.5, float("nan"), [], {}, [[]], {"": 0}),
    *("", "x", "0", "ES256", "Ed25519", "ML-DSA-44", "ML-DSA-65", "JWT", "vc+jwt", "P-256"),
    *("https://a.example", "https://a.example:443", "2026-02-30", "0000-00-00", "9999-12-31"),
    *("0001-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59Z", "A" * 43),
    *(
        "0.5",
        "10.0",
        "1e1",
        "100000000",
        "sha-256",
        "sha-384",
        "Completed",
        "final score",
        "quiz: 1",
    ),
    *("active", "retired", "compromised", "void", "issue", "log", "urn:uuid:", "\u0661", "a" * 300),
]
_NAMES = [
    "",
    "_sd",
    "...",
    "_sd_alg",
    "value",
    "alg",
    "kid",
    "crit",
    "d",
    "priv",
    "vc",
    "score",
    "evidence",
    "exp",
    "cutoff",
    "x",
]


def raw(data: bytes, rng: Random) -> bytes:
    """One to four changes to the bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(changed) + 1)
        stop = min(len(changed), start + rng.choice((0, 1, 1, 2, 4, 8, 64)))
        match rng.randrange(7):
            case 0:
                changed[start:stop] = rng.choice(_TOKENS)
            case 1:
                changed[start:start] = rng.choice(_TOKENS) * rng.choice((1, 1, 2, 40))
            case 2:
                del changed[start:stop]
            case 3 if start < len(changed):
                changed[start] ^= 1 << rng.randrange(8)
            case 4:
                changed[start:start] = changed[start:stop] * rng.choice((1, 2, 100))
            case 5 if rng.randrange(8) == 0:
                del changed[start:]
            case _:
                changed[start:stop] = rng.randbytes(stop - start)
    return bytes(changed)


def text(data: bytes, rng: Random) -> bytes:
    """Characters changed, put in, repeated or taken out; sometimes the bytes."""
    if rng.randrange(4) == 0:
        return raw(data, rng)
    changed = _change_text(data.decode("utf-8", "surrogateescape"), rng)
    return changed.encode("utf-8", "surrogatepass")


def json_text(data: bytes, rng: Random) -> bytes:
    """Values and members changed, moved or taken out; sometimes the bytes."""
    first, *rest = data.split(b"\n") if b"\n{" not in data else [data]
    if rng.randrange(4) == 0:
        return raw(data, rng)
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return raw(data, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _change(value, rng)
    return b"\n".join([_dump(value, rng), *rest])


def segment(data: bytes, rng: Random) -> bytes:
    """A base64url segment with other JSON in it."""
    if rng.randrange(4) == 0:
        return raw(data, rng)
    return b64url_encode(json_text(_decoded(data), rng)).encode()


def compact(data: bytes, rng: Random) -> bytes:
    """Segments of a JWS changed inside, exchanged, repeated or taken out."""
    parts = data.split(b".")
    place = rng.randrange(len(parts))
    match rng.randrange(6):
        case 0:
            return raw(data, rng)
        case 1:
            rng.shuffle(parts)
        case 2:
            parts.insert(place, rng.choice(parts))
        case 3:
            parts[place] = raw(parts[place], rng)
        case _:
            parts[place] = b64url_encode(json_text(_decoded(parts[place]), rng)).encode()
    return b".".join(parts)


def sd_jwt(data: bytes, rng: Random) -> bytes:
    """Disclosures of an SD-JWT changed inside, exchanged, repeated or taken out, or its JWT."""
    jwt, *disclosures = data.split(b"~")
    place = rng.randrange(len(disclosures) or 1)
    match rng.randrange(10):
        case 0:
            return raw(data, rng)
        case 1:
            jwt = compact(jwt, rng)
        case 2:
            rng.shuffle(disclosures)
        case 3:
            disclosures.insert(place, rng.choice([jwt, *disclosures]))
        case 4:
            disclosures = disclosures[:place] + disclosures[place + 1 :]
        case 5:
            disclosures.append(compact(jwt, rng))
        case 6:
            disclosures[place:place] = [b"AA"] * rng.choice((1, 2, 130))
        case _ if disclosures:
            disclosures[place] = segment(disclosures[place], rng)
    return b"~".join([jwt, *disclosures])


def record(data: bytes, rng: Random) -> bytes:
    """A payload and what is disclosed of it, a line each: changed inside, exchanged, taken out."""
    lines = data.split(b"\n")
    place = rng.choice((0, rng.randrange(len(lines)), rng.randrange(len(lines))))
    match rng.randrange(10):
        case 0:
            return raw(data, rng)
        case 1:
            lines[place] = raw(lines[place], rng)
        case 2 if place:
            lines[place] = b""
        case 3:
            other = rng.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        case 4:
            lines.insert(place, rng.choice(lines))
        case 5:
            del lines[place]
        case _:
            lines[place] = json_text(lines[place], rng)
    return b"\n".join(lines)


def document(data: bytes, rng: Random) -> bytes:
    """A bare JWS or SD-JWT, or the one in a bundle, or the bundle around it."""
    if not data.lstrip().startswith(b"{"):
        return _bare(data, rng)
    if rng.randrange(2):
        return json_text(data, rng)
    return _inside(data, "document", _bare, rng)


def _bare(data: bytes, rng: Random) -> bytes:
    return (sd_jwt if b"~" in data else compact)(data, rng)


def manifest(data: bytes, rng: Random) -> bytes:
    """A manifest's payload, or the signatures around it."""
    if data.startswith(b'{"payload"') and rng.randrange(2):
        return _inside(data, "payload", segment, rng)
    return json_text(data, rng)


def code(data: bytes, rng: Random) -> bytes:
    """Symbols of a code mistyped, unreadable, missing or exchanged."""
    symbols = list(data.decode("utf-8", "replace")) or [""]
    for _ in range(rng.choice((1, 2, 3, 4, 5))):
        place = rng.randrange(len(symbols))
        match rng.randrange(8):
            case 0:
                return raw(data, rng)
            case 1:
                symbols[place] = rng.choice("?-. \u2013\u00a0\ufeffUu\u0661")
            case 2:
                other = rng.randrange(len(symbols))
                symbols[place], symbols[other] = symbols[other], symbols[place]
            case 3:
                symbols[place] = "?"
            case _:
                symbols[place] = rng.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefxyzoOiIlL")
    return "".join(symbols).encode("utf-8", "replace")


def table(data: bytes, rng: Random) -> bytes:
    """Cells of a CSV file changed, lines exchanged or repeated; sometimes the bytes."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            return raw(data, rng)
        case 1:
            lines.insert(place, rng.choice(lines))
        case 2:
            other = rng.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        case _:
            cells = lines[place].split(b",")
            cells[rng.randrange(len(cells))] = rng.choice(
                [*_TOKENS, b"2026-06-30", b"20260630", b"2026-W26-2", b"0000-01-01", b"yes"]
            )
            lines[place] = b",".join(cells)
    return b"\n".join(lines)


def note(data: bytes, rng: Random) -> bytes:
    """Lines of a note, a log proof or a verifier key changed, exchanged, repeated or taken out, or
    what one of them spells in base64.
    """
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    match rng.randrange(10):
        case 0:
            return raw(data, rng)
        case 1:
            lines.insert(place, rng.choice(lines))
        case 2:
            other = rng.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        case 3:
            del lines[place]
        case 4:
            lines[place] = rng.choice((b"", b"index ")) + rng.choice(_DECIMALS)
        case 5 | 6:
            lines[place] = raw(lines[place], rng)
        case _:
            head, encoded = _ENCODED.findall(lines[place])[0]
            with suppress(ValueError):
                lines[place] = head + base64.b64encode(raw(base64.b64decode(encoded), rng))
    return b"\n".join(lines)


def _inside(data: bytes, name: str, mutator: Mutator, rng: Random) -> bytes:
    try:
        value = json.loads(data)
        value[name] = mutator(value[name].encode(), rng).decode("utf-8", "replace")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return raw(data, rng)
    return _dump(value, rng)


def _dump(value: object, rng: Random) -> bytes:
    plain = rng.randrange(16)
    text = json.dumps(
        value,
        ensure_ascii=plain == 0,
        separators=None if plain == 1 else (",", ":"),
        sort_keys=plain == 2,
    )
    return text.encode("utf-8", "surrogatepass")


def _decoded(part: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError:
        return part


def _change(value: Any, rng: Random) -> Any:  # noqa: ANN401 - JSON is any
    """The value with one place in it changed."""
    if isinstance(value, dict) and value and rng.randrange(8):
        return _change_object(value, rng)
    if isinstance(value, list) and value and rng.randrange(8):
        return _change_array(value, rng)
    if isinstance(value, str) and rng.randrange(3):
        return _change_text(value, rng)
    if type(value) is int and rng.randrange(2):
        return rng.choice((value + 1, value - 1, -value, value * 10, 2 ** rng.randrange(70)))
    return rng.choice(_VALUES)


def _change_object(value: dict[str, Any], rng: Random) -> dict[str, Any]:
    name = rng.choice(list(value))
    changed = dict(value)
    match rng.randrange(16):
        case 0:
            del changed[name]
        case 1:
            changed[rng.choice(_NAMES)] = rng.choice(_VALUES)
        case 2:
            changed = {rng.choice(_NAMES): rng.choice(_VALUES), **changed}
        case 3:
            changed[name] = changed.pop(name)
        case 4:
            changed[name] = changed[rng.choice(list(value))]
        case _:
            changed[name] = _change(value[name], rng)
    return changed


def _change_array(value: list[Any], rng: Random) -> list[Any]:
    place = rng.randrange(len(value))
    changed = list(value)
    match rng.randrange(12):
        case 0:
            del changed[place]
        case 1:
            changed.insert(place, rng.choice(value))
        case 2:
            changed.append(rng.choice(_VALUES))
        case 3:
            changed *= rng.choice((2, 10, 70))
        case 4:
            rng.shuffle(changed)
        case _:
            changed[place] = _change(value[place], rng)
    return changed


def _change_text(text: str, rng: Random) -> str:
    start = rng.randrange(len(text) + 1)
    stop = min(len(text), start + rng.choice((0, 1, 1, 2, 8)))
    match rng.randrange(8):
        case 0:
            middle = rng.choice(_TEXTS)
        case 1:
            middle = text[start:stop] * rng.choice((2, 2, 10, 200))
        case 2:
            middle = chr(rng.randrange(0x110000))
        case 3:
            middle = text[start:stop].swapcase()
        case 4:
            return text[:start]
        case 5:
            middle = visible(text[start:stop])
        case _:
            middle = rng.choice("0123456789ABCDEFabcdefxyz_-+/:. ")
    return text[:start] + middle + text[stop:]
