"""One accepted spelling per value: base64, base64url, decimals and JSON, with limits checked before
parsing.
"""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

import pybase64

from signedcert.errors import ConfigurationError, MalformedError

#: Nesting that no document of ours comes near; a parser's stack never sees more.
MAX_DEPTH = 32
#: Arrays and objects together. The largest manifest, of 256 keys, has some 1,100; beyond, time
#: goes with their number and not with the bytes.
MAX_CONTAINERS = 4096
#: Commas, that is values but one in each container. The largest manifest has some 10,000.
MAX_COMMAS = 32768
#: What has more strings has more of the others too: a name and a value for each.
_MAX_STRINGS = 2 * (MAX_CONTAINERS + MAX_COMMAS)
#: Integers beyond this differ between JSON implementations (RFC 8259, section 6).
MAX_INTEGER = 2**53 - 1

#: The one spelling of a moment on the wire: UTC, whole seconds.
TIME_PATTERN = "[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"

_TIME = re.compile(TIME_PATTERN)
_TO_SECONDS = len("2026-06-30T12:00:00")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_PADDING = (b"", b"===", b"==", b"=")
_NOT_BASE64URL = re.compile(rb"[^A-Za-z0-9_-]")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_DECIMAL = re.compile("0|[1-9][0-9]{0,15}")  # as many digits as MAX_INTEGER has
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def b64url_encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return b64url_bytes(data).decode("ascii")


def b64url_bytes(data: bytes) -> bytes:
    """``b64url_encode`` in ASCII."""
    return pybase64.urlsafe_b64encode(data).rstrip(b"=")


def b64url_decode(text: bytes, where: str = "") -> bytes:
    """The bytes that ``text`` spells in base64url without padding.

    Guarantee: ``b64url_encode(result)`` is ``text`` again.
    Raises MalformedError: padding, ``+`` or ``/``, white space, an impossible length, or bits
    set behind the last byte.
    """
    if b"+" in text or b"/" in text:  # pybase64 only warns of them
        raise _explain_base64(text, where)
    padded = text + _PADDING[len(text) % 4]
    try:
        data = pybase64.b64decode(padded, b"-_", validate=True)
    except ValueError:
        raise _explain_base64(text, where) from None
    if text[-1:] == b"=" or pybase64.urlsafe_b64encode(data) != padded:
        raise _explain_base64(text, where)
    return data


def _explain_base64(text: bytes, where: str) -> MalformedError:
    if text.rstrip(b"=") != text:
        return MalformedError("base64-padding", "base64url is written without padding", where=where)
    if found := _NOT_BASE64URL.search(text):
        message = f"character {found.group()!r} at position {found.start()} is not base64url"
        return MalformedError("base64-alphabet", message, where=where)
    if len(text) % 4 == 1:
        message = f"{len(text)} characters cannot be base64url"
        return MalformedError("base64-length", message, where=where)
    return MalformedError("base64-tail-bits", "the last character has stray bits", where=where)


def b64_encode(data: bytes) -> str:
    """Base64 with padding (RFC 4648, section 4)."""
    return pybase64.b64encode(data).decode("ascii")


def b64_decode(text: bytes, where: str = "") -> bytes:
    """The bytes that ``text`` spells in base64 with padding.

    Guarantee: ``b64_encode(result)`` is ``text`` again.
    Raises MalformedError: padding that is missing or too much, ``-`` or ``_``, white space, an
    impossible length, or bits set behind the last byte.
    """
    try:
        data = pybase64.b64decode(text, validate=True)
    except ValueError:
        raise _explain_padded_base64(text, where) from None
    if pybase64.b64encode(data) != text:
        raise _explain_padded_base64(text, where)
    return data


def _explain_padded_base64(text: bytes, where: str) -> MalformedError:
    letters = text.rstrip(b"=")
    if found := _NOT_BASE64.search(letters):
        message = f"character {found.group()!r} at position {found.start()} is not base64"
        return MalformedError("base64-alphabet", message, where=where)
    if len(letters) % 4 == 1:
        message = f"{len(letters)} characters cannot be base64"
        return MalformedError("base64-length", message, where=where)
    if text != letters + _PADDING[len(letters) % 4]:
        message = "base64 is filled up with = to a multiple of four characters"
        return MalformedError("base64-padding", message, where=where)
    return MalformedError("base64-tail-bits", "the last character has stray bits", where=where)


def parse_decimal(text: str, where: str = "") -> int:
    """The integer from 0 to 2^53 - 1 that ``str`` writes so.

    Raises MalformedError ``not-an-integer``: a sign, leading zeros, anything but ASCII digits.
    """
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > MAX_INTEGER:
        message = f"{ascii(text)[:40]} is not a decimal of at most 53 bits without leading zeros"
        raise MalformedError("not-an-integer", message, where=where)
    return number


def decode_utf8(data: bytes, where: str = "") -> str:
    """``data`` as text. Raises MalformedError ``not-utf8``, with the position."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8"
        raise MalformedError("not-utf8", message, where=where) from error


def check_size(data: bytes | str, limit: int, where: str = "") -> None:
    """Raises MalformedError ``too-large`` for more than ``limit`` bytes or characters."""
    if len(data) > limit:
        message = f"{len(data)} bytes, and at most {limit} are read"
        raise MalformedError("too-large", message, where=where)


@lru_cache(maxsize=64)
def format_time(moment: datetime) -> str:
    """UTC with whole seconds, as all times on the wire."""
    return moment.astimezone(UTC).isoformat()[:_TO_SECONDS] + "Z"


def require_aware(moment: datetime, what: str) -> None:
    """Raises ConfigurationError ``time-naive``."""
    if moment.tzinfo is None:
        message = f"{what} needs a time zone, as in datetime.now(UTC)"
        raise ConfigurationError("time-naive", message)


def whole_seconds(moment: datetime, what: str) -> datetime:
    """``moment`` in UTC without fractions. Raises ConfigurationError ``time-naive``."""
    require_aware(moment, what)
    return moment.astimezone(UTC).replace(microsecond=0)


def parse_time(text: str, where: str = "") -> datetime:
    """The moment that ``format_time`` writes so. Raises MalformedError ``wrong-value``."""
    if not _TIME.fullmatch(text):
        message = f"{ascii(text)[:80]} is not a time in UTC with whole seconds"
        raise MalformedError("wrong-value", message, where=where)
    return moment_of(text, where)


def moment_of(text: str, where: str = "") -> datetime:
    """The moment that a text of ``TIME_PATTERN`` names; no other is for this function.

    Raises MalformedError ``wrong-value``: a day that no month has.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("wrong-value", f"{text}: {error}", where=where) from error


def dump_json(value: object) -> bytes:
    """The one spelling of a JSON value: UTF-8, members as they stand, no white space."""
    return _ENCODER.encode(value).encode()


def parse_json(data: bytes, limit: int, where: str = "") -> Any:  # noqa: ANN401 - JSON is any
    """A JSON value, white space and member order free.

    Limits: ``limit`` bytes, depth 32, 4,096 arrays and objects, 32,768 commas, integers up to
    2^53 - 1 either way.
    Raises MalformedError: what RFC 8259 refuses, and also duplicate member names, numbers that
    are not plain integers (so no NaN and no ``1.0``), and lone surrogates.
    """
    check_size(data, limit, where)
    text = decode_utf8(data, where)
    _check_shape(data, where)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = f"{error.msg}, line {error.lineno} column {error.colno}"
        raise MalformedError("not-json", message, where=where) from error
    except MalformedError as error:
        raise MalformedError(error.reason, error.message, where=where) from error
    if b"\\u" in data:
        _check_surrogates(value, where)
    return value


def parse_canonical_json(data: bytes, limit: int, where: str = "") -> Any:  # noqa: ANN401
    """A JSON value in the spelling that ``dump_json`` gives it, and in no other.

    Raises MalformedError: as ``parse_json``, and ``not-canonical`` for white space, needless
    escapes and the like.
    """
    value = parse_json(data, limit, where)
    check_spelling(data, dump_json(value), where)
    return value


def check_spelling(data: bytes, written: bytes, where: str = "") -> None:
    """Raises MalformedError ``not-canonical`` if ``data`` is not how its value is ``written``."""
    if written != data:
        position = next(
            (i for i, (a, b) in enumerate(zip(written, data, strict=False)) if a != b),
            min(len(written), len(data)),
        )
        message = f"another spelling than the canonical one, from byte {position}"
        raise MalformedError("not-canonical", message, where=where)


def _check_shape(data: bytes, where: str) -> None:
    if _opened(data) <= MAX_DEPTH and data.count(b",") <= MAX_COMMAS:
        return
    outside = _STRING.sub(b"", data, _MAX_STRINGS)
    depth = 0
    for bracket in islice(_BRACKET.finditer(outside), 2 * MAX_CONTAINERS):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH}"
            raise MalformedError("too-deep", message, where=where)
        if depth < 0:
            message = "a bracket closes that none has opened"
            raise MalformedError("not-json", message, where=where)
    if _opened(outside) > MAX_CONTAINERS or outside.count(b",") > MAX_COMMAS:
        message = f"over {MAX_CONTAINERS} arrays and objects, or over {MAX_COMMAS} commas"
        raise MalformedError("too-large", message, where=where)


def _opened(data: bytes) -> int:
    return data.count(b"[") + data.count(b"{")


def _check_surrogates(value: object, where: str) -> None:
    try:
        dump_json(value)
    except UnicodeEncodeError as error:
        message = "half of a surrogate pair stands alone"
        raise MalformedError("lone-surrogate", message, where=where) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = next(name for name in counted if counted[name] > 1)
        message = f"member {twice!a} stands twice"
        raise MalformedError("duplicate-member", message)
    return members


def _integer(text: str) -> int:
    if len(text) > len(str(-MAX_INTEGER)) or abs(int(text)) > MAX_INTEGER or text == "-0":
        raise _not_integer(text)
    return int(text)


def _not_integer(text: str) -> MalformedError:
    shown = text if len(text) <= len(str(-MAX_INTEGER)) else text[:16] + "…"
    return MalformedError("not-an-integer", f"{shown} is not an integer of at most 53 bits")


def _refuse_number(text: str) -> object:
    raise _not_integer(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
)
