"""The seeds of what root vouches for of a log, and of proofs beside a document."""

from collections.abc import Iterable
from dataclasses import replace

from tests.reference import World
from tests.reference.logs import MemoryLog

from fuzz.landmarks import ORIGIN, PLACE
from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64_encode, dump_json
from signedcert.core.logproof import LogProof
from signedcert.core.tiles import TileName
from signedcert.custody.ceremony import sign_manifest
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LogHead

_BATCH, _LATER, _NEWEST = 16, 20, 30


def landmark_seeds(world: World) -> dict[str, bytes]:
    """A log in which one document is, its landmarks, and a fork of it."""
    log, document = MemoryLog(), world.document()
    log.fill(PLACE)
    fork = MemoryLog(keys=log.keys, size=log.size, tiles=dict(log.tiles))
    log.append(document)
    for size in (_BATCH, _LATER, _NEWEST):
        log.fill(size - log.size)
    fork.append(document)
    fork.append_entries([bytes(32)] * (_BATCH - fork.size))
    manifest = replace(world.manifest, logs=(log.entry(_BATCH, _LATER),))
    proofs = {
        "landmark": log.proof(PLACE, _BATCH),
        "head": log.proof(PLACE, _NEWEST),
        "fork": fork.proof(PLACE, _BATCH),
        "neighbour": log.proof(PLACE + 1, _NEWEST),
    }
    return {
        "manifest/logged.json": sign_manifest(manifest, world.roots).jws.encode(),
        "bundle/proven": Bundle(document.decode(), proof=proofs["landmark"]).encode(),
        "landmarks/two": log.landmarks(_BATCH, _LATER).encode(),
        "landmarks/none": b"",
        "snapshot-head/growing": _heads(log.landmarks(_BATCH, _LATER)),
        "snapshot-head/null": b"null",
        "growth/first": _growth(log, 0, (_BATCH, _LATER)),
        "growth/next": _growth(log, _BATCH, (_BATCH, _LATER, _NEWEST)),
        "growth/nothing": _growth(log, _LATER, (_LATER,)),
        **{f"proof-report/{name}": proof.encode() for name, proof in proofs.items()},
        "proof-report/alone": LogProof(PLACE, (), b"x").encode(),
    }


def _heads(landmarks: LandmarkList) -> bytes:
    heads = (LogHead(ORIGIN, head.size, head.root.hex()) for head in landmarks.heads)
    return b"\n".join(dump_json(head.to_json()) for head in heads)


def _growth(log: MemoryLog, since: int, landmarks: tuple[int, ...]) -> bytes:
    """What came of the log since a landmark, as the target reads it."""
    bundle = log.tiles[TileName(-1, 0, log.size)]
    entries = [bundle[34 * place + 2 : 34 * (place + 1)] for place in range(since, landmarks[-1])]
    known = b"1" if since else b"0"
    edge = log.tree(since).frontier().hashes if since else ()
    return b"\n\n".join(
        [known, log.landmarks(*landmarks).encode()[:-1], _lines(edge), _lines(entries)]
    )


def _lines(values: Iterable[bytes]) -> bytes:
    return "\n".join(map(b64_encode, values)).encode()
