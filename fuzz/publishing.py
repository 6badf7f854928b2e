"""Status files of an institution whose snapshot keys are made for the run: what is mutated are
payloads, and headers, in front of a good signature.

A *draft* is a line of header, empty for the usual one, and the payload below it. In both, a
placeholder such as ``$active`` stands for the URL of a key, which then signs, and 64 ones stand
for the digest of the manifest.
"""

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import NamedTuple

from tests.reference import ISSUED, ISSUER, World, make_world

from fuzz import mutate
from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.core.jws import Header, serialize_compact, signing_input
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.errors import MalformedError
from signedcert.trust.entries import KeyEntry, StatusPolicy, key_url
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.reasons import REASONS_TYPE
from signedcert.trust.snapshot import SNAPSHOT_TYPE, digest
from signedcert.trust.states import State
from signedcert.trust.status import StatusFiles
from signedcert.trust.statuslist import STATUS_LIST_TYPE
from signedcert.trust.store import TrustStore

MANIFEST_DIGEST = b"1" * 64
#: In a snapshot: the digest of the next file that it comes with.
FILE_DIGEST = b"0" * 64
#: A header in which nothing is wrong but, for two of three files, its ``typ``.
HEADER = b'{"alg":"Ed25519","kid":"$active","typ":"%b"}' % SNAPSHOT_TYPE.encode()
_STATES: tuple[State, ...] = ("active", "retired", "compromised", "void", "pre-published")
_KIDS = (*(b"$%b" % state.encode() for state in _STATES), b"$issue")
_MAX_FILES = 5


class Publisher(NamedTuple):
    """An institution, with a snapshot key in each state by its placeholder, and what stands for
    what.
    """

    world: World
    signed: SignedManifest
    keys: dict[bytes, PrivateKey]
    texts: dict[bytes, bytes]

    def sign(self, draft: bytes, typ: str) -> bytes:
        """A draft, signed."""
        line, _, payload = draft.partition(b"\n")
        name = next((name for name in self.keys if name in line), b"$active")
        key = self.keys[name]
        usual = Header(key.algorithm, self.texts[name].decode(), typ).encode()
        content = signing_input(b64url_encode(self._fill(line or usual)), self._fill(payload))
        return serialize_compact(content, key.sign(content)).encode()

    def files(self, drafts: bytes) -> StatusFiles:
        """Files, of a draft a line: ``s`` and a snapshot's payload, ``l`` and a list's, ``r`` and
        that of reasons; the header is the usual one.
        """
        parts = [(line[:1], b"\n" + line[1:]) for line in drafts.split(b"\n")][:_MAX_FILES]
        lists = tuple(self.sign(draft, STATUS_LIST_TYPE) for kind, draft in parts if kind == b"l")
        reasons = [self.sign(draft, REASONS_TYPE) for kind, draft in parts if kind == b"r"]
        snapshot = next((draft for kind, draft in parts if kind == b"s"), b"")
        for file in (*lists, *reasons[:1]):
            snapshot = snapshot.replace(FILE_DIGEST, digest(file).encode(), 1)
        return StatusFiles(self.sign(snapshot, SNAPSHOT_TYPE), lists, next(iter(reasons), None))

    def _fill(self, text: bytes) -> bytes:
        for placeholder, meant in self.texts.items():
            text = text.replace(placeholder, meant)
        return text


@cache
def publisher() -> Publisher:
    """The institution of this run."""
    world = make_world("Ed25519")
    keys = {state: PrivateKey.generate("Ed25519") for state in _STATES}
    entries = [
        KeyEntry(key.public_key, key_url(ISSUER, key.public_key), "snapshot", state, ISSUED)
        for state, key in keys.items()
    ]
    manifest = replace(
        world.manifest, keys=(*world.manifest.keys, *entries), status=StatusPolicy(7 * 86400)
    )
    named = {b"$%b" % state.encode(): key for state, key in keys.items()} | {b"$issue": world.key}
    texts = {name: key_url(ISSUER, key.public_key).encode() for name, key in named.items()}
    texts[MANIFEST_DIGEST] = manifest.digest.encode()
    return Publisher(world, sign_manifest(manifest, world.roots), named, texts)


@cache
def trust() -> TrustStore:
    """A trust store that has pinned the institution of this run."""
    signed = publisher().signed
    return TrustStore.empty().add([signed.jws.encode()], signed.unverified.pin)


# How drafts are mutated


def draft(data: bytes, rng: Random) -> bytes:
    """The header or the payload of a draft, changed inside."""
    return _draft(data, rng, mutate.json_text)


def list_draft(data: bytes, rng: Random) -> bytes:
    """The same for a status list, or the statuses in its zlib stream, or that stream."""
    return _draft(data, rng, status_list)


def _draft(data: bytes, rng: Random, mutator: mutate.Mutator) -> bytes:
    line, _, payload = data.partition(b"\n")
    match rng.randrange(8):
        case 0:
            line = mutate.json_text(line or HEADER, rng)
        case 1:
            line = line.replace(b"$active", rng.choice(_KIDS))
        case _:
            payload = mutator(payload, rng)
    return line + b"\n" + payload


def status_list(payload: bytes, rng: Random) -> bytes:
    """The payload of a status list with other members, or with another list in it."""
    if rng.randrange(2):
        return mutate.json_text(payload, rng)
    try:
        value = json.loads(payload)
        stream = b64url_decode(value["status_list"]["lst"].encode())
        value["status_list"]["lst"] = b64url_encode(stream_of_zlib(stream, rng))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MalformedError):
        return mutate.raw(payload, rng)
    return json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogatepass")


def stream_of_zlib(stream: bytes, rng: Random) -> bytes:
    """The bytes of a stream changed, or what it holds."""
    if rng.randrange(3) == 0:
        return mutate.raw(stream, rng)
    try:
        packed = bytearray(zlib.decompress(stream))
    except zlib.error:
        return mutate.raw(stream, rng)
    for _ in range(rng.choice((1, 2, 10))):
        place = rng.randrange(len(packed) + 1)
        packed[place : place + 1] = rng.randbytes(1)
    match rng.randrange(8):
        case 0:
            del packed[rng.randrange(len(packed) + 1) :]
        case 1:
            packed += bytes(rng.choice((1, 64, len(packed))))
        case 2:
            packed *= rng.choice((0, 2))
    window = rng.choice((15, 15, 15, 9, -15, 31))
    compressor = zlib.compressobj(rng.choice((1, 6, 9)), zlib.DEFLATED, window)
    return compressor.compress(packed) + compressor.flush(rng.choice(_ENDS))


_ENDS = (zlib.Z_FINISH, zlib.Z_FINISH, zlib.Z_FINISH, zlib.Z_FULL_FLUSH)


def histories(data: bytes, rng: Random) -> bytes:
    """Lines of files changed inside, exchanged, repeated or taken out; sometimes the bytes."""
    lines = data.split(b"\n")
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
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
            return data + b"\n\n" + data
        case _:
            kind, rest = lines[place][:1], lines[place][1:]
            lines[place] = kind + (status_list if kind == b"l" else mutate.json_text)(rest, rng)
    return b"\n".join(lines)


# Large ones


def zlib_streams() -> Iterator[bytes]:
    """What is small, and would be large: zeros, stored blocks of nothing, very many small blocks;
    and a whole list in which nothing repeats itself.
    """
    zeros = zlib.compress(bytes(64 * 1024 * 1024), 9)
    yield zeros
    yield zeros[:-4]
    noise = Random(5).randbytes(256 * 1024)
    yield from (zlib.compress(noise, level) for level in (0, 1, 9))
    yield b"\x78\x01" + b"\0\0\0\xff\xff" * 70_000
    compressor = zlib.compressobj(9)
    blocks = [compressor.compress(b"a") + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(30000)]
    yield b"".join([*blocks, compressor.flush()])


def in_lists(payload: Callable[[str], bytes]) -> Iterator[bytes]:
    """Drafts of status lists that hold these streams."""
    for stream in zlib_streams():
        yield b"\n" + payload(b64url_encode(stream))
