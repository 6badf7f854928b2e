"""Three root holders of the run, and what is made of their proposals: what is mutated are payloads
in which placeholders stand for their keys, and a list of who signs.

A *proposal* is a file a line: ``p`` and its payload, ``m`` and that of an earlier manifest, which
two holders sign, ``h`` and a holder's file, ``c`` and the page, ``s`` and who signs the payload,
such as ``r00 r01! n10``; ``M`` and ``S`` are manifests and signatures as they stand there.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, lru_cache
from random import Random

from tests.custody.guild import guild
from tests.trust.house import key

from fuzz import mutate
from signedcert.core.encoding import dump_json
from signedcert.core.jws import GeneralJWS, Header, Signature, signing_input
from signedcert.custody.private import PrivateKey
from signedcert.trust.manifest import MANIFEST_TYPE

_MAX_LINES = 9
_PLACEHOLDER = re.compile(rb'"\$[rnk]\d\d"|@[rnk]\d\d')
#: They are made in the time that one input may take.
_MAX_SIGNATURES = 12
_TWO_HOLDERS = (b"r00", b"r01", b"r10", b"r11")
_SIGNERS = (b"r00", b"r01", b"r10", b"r11", b"r20", b"r21", b"n00", b"n11", b"r00!", b"r99")


@cache
def keys() -> dict[bytes, PrivateKey]:
    """All keys by their names: ``r10`` is the present classical root key of the second holder,
    ``n21`` the next post-quantum one of the third; ``k00`` and ``k01`` issue.
    """
    return {
        b"%c%d%d" % (letter, number, position): one
        for number, holder in enumerate(guild().keys)
        for letter, column in ((b"r", holder.root), (b"n", holder.next))
        for position, one in enumerate(column)
    } | {b"k00": key("k"), b"k01": key("m")}


@cache
def _texts() -> list[tuple[bytes, bytes]]:
    """Placeholders and what they stand for: first keys, then thumbprints, which are in keys too."""
    public = [(name, one.public_key) for name, one in keys().items()]
    return [
        *((b'"$%b"' % name, dump_json(one.to_jwk())) for name, one in public),
        *((b"@%b" % name, one.thumbprint.encode()) for name, one in public),
    ]


def filled(text: bytes) -> bytes:
    """``text`` with the keys of the run; no more of them than some manifest could have."""
    meant = _meant()
    return _PLACEHOLDER.sub(lambda found: meant.get(found[0], found[0]), text, count=64)


@cache
def _meant() -> dict[bytes, bytes]:
    return dict(_texts())


def blanked(text: bytes) -> bytes:
    """``text`` with placeholders where these keys stand."""
    for placeholder, meant in _texts():
        text = text.replace(meant, placeholder)
    return text


def proposal_files(drafts: bytes) -> dict[str, bytes]:
    """The files of a proposal."""
    lines = [(line[:1], line[1:]) for line in drafts.split(b"\n")[:_MAX_LINES]]
    payload = filled(next((text for kind, text in lines if kind == b"p"), b""))
    files = {"payload.json": payload} if payload else {}
    room = _MAX_SIGNATURES
    for number, (kind, text) in enumerate(lines):
        match kind:
            case b"m":
                signers = _TWO_HOLDERS[:room]
                files[f"manifests/{number}.json"] = _signed(filled(text), signers)
                room -= len(signers)
            case b"s":
                signers = tuple(text.split())[:room]
                files[f"signatures/{number}.json"] = _signed(payload, signers)
                room -= len(signers)
            case b"h":
                files[f"holders/{number:02}.json"] = filled(text)
            case b"M" | b"S":
                folder = "manifests" if kind == b"M" else "signatures"
                files[f"{folder}/{number}.json"] = text
            case b"c":
                files["CHANGES.md"] = text
    return files


@lru_cache(512)
def _signed(payload: bytes, signers: tuple[bytes, ...]) -> bytes:
    signatures = tuple(_signatures(payload, signers))
    return GeneralJWS(payload, signatures).encode()


def _signatures(payload: bytes, signers: Iterable[bytes]) -> Iterator[Signature]:
    for name in signers:
        private = keys().get(name[:3])
        if private is None:
            continue
        header = Header(private.algorithm, private.public_key.thumbprint, MANIFEST_TYPE)
        if name.endswith(b"?"):
            header = replace(header, alg="Ed25519")
        content = signing_input(header.segment(), payload)
        signature = private.sign(content)
        if name.endswith(b"!"):
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        yield Signature(header, content, signature)


def proposals(data: bytes, rng: Random) -> bytes:
    """Lines of a proposal changed inside, exchanged, repeated or taken out, or who signs."""
    lines = data.split(b"\n")
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind, rest = lines[place][:1], lines[place][1:]
    match rng.randrange(12):
        case 0:
            return mutate.raw(data, rng)
        case 1:
            lines[place], lines[other] = lines[other], lines[place]
        case 2:
            lines.insert(place, lines[other])
        case 3:
            del lines[place]
        case 4:
            lines[place] = rng.choice((b"p", b"m", b"h", b"M", b"S")) + lines[other][1:]
        case _ if kind == b"s":
            lines[place] = kind + b" ".join(rng.sample(_SIGNERS, rng.randrange(6)))
        case _:
            lines[place] = kind + mutate.json_text(rest, rng)
    return b"\n".join(lines)
