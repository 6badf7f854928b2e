"""The targets for what root vouches for of a log, and for what a verifier makes of a proof."""

import zlib
from binascii import Error, a2b_base64
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

from tests.core.rfc9162 import Textbook
from tests.reference import AT, ISSUER, World, make_world

from fuzz import mutate
from fuzz.extremes import large_proofs
from fuzz.files import folder
from fuzz.register import CORPUS, SMALL, hold, target
from signedcert.carriers.bundle import Bundle
from signedcert.core.checkpoint import Checkpoint
from signedcert.core.encoding import b64_encode
from signedcert.core.jws import Header, serialize_compact, signing_input
from signedcert.core.logproof import MAX_PROOF, LogProof
from signedcert.core.tiles import ENTRY_LENGTH
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.growth import Growth
from signedcert.custody.private import PrivateKey
from signedcert.errors import MalformedError, SignedCertError
from signedcert.trust.entries import KeyEntry, key_url
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import Landmarks, LogEntry, log_origin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.snapshot import SNAPSHOT_TYPE, ManifestVersion, Snapshot
from signedcert.trust.store import TrustStore
from signedcert.verify.report import Report, Verdict
from signedcert.verify.verifier import Verifier

ORIGIN = log_origin(ISSUER)
#: Where the document of the corpus is in its log.
PLACE = 10
#: No more than is read in the time that one input may take: a 32nd of the largest list.
_MAX_LIST = 256 * 1024


def _large_lists() -> Iterator[bytes]:
    """As many heads as fit; each good, and with what makes the last one fail."""
    line = b"1%014d " + b64_encode(bytes(32)).encode() + b"\n"
    good = b"".join(line % number for number in range(_MAX_LIST // len(line % 0)))
    yield from (good, good[:-3] + b"B=\n", good[:-1], good.replace(b"\n1", b"\n0"))


@target("landmarks", mutate.note, _MAX_LIST, _large_lists)
def parse_landmarks(data: bytes) -> None:
    """A list has one spelling, its heads ascend, and each covers the entries below it."""
    found = LandmarkList.parse(data)
    hold(found.encode() == data, "not written again as it was read")
    hold(found.landmarks.count == data.count(b"\n"), "another number of lines")
    sizes = [head.size for head in found.heads]
    hold(all(one < other for one, other in pairwise([0, *sizes])), "sizes that do not ascend")
    if len(data) > SMALL:
        return
    for head in found.heads:
        hold(found.root(head.size) == head.root, "another root than the one in its line")
        hold(found.over(head.size - 1) == head, "another head covers its last entry")
    hold(found.over(found.size) is None, "a head covers what is behind all of them")
    older = LandmarkList(found.heads[:-1])
    hold(found.begins_with(older) and older.add(found.heads[-1:]) == found, "it does not go on")


@target("growth", mutate.note, SMALL)
def read_growth(data: bytes) -> None:
    """What a proposal brings of a log: how many landmarks are old, the list, the edge and the
    entries, an empty line between them. What holders accept is the tree of the entries, and no
    other list passes for it.
    """
    known, files = _parts(data)
    before = _before(files["landmarks"], known)
    growth = Growth.read(folder("growth", files), ORIGIN, before)
    again = folder("again", {})
    growth.write(again)
    hold({file.name: file.read_bytes() for file in again.iterdir()} == files, "written otherwise")
    signed = growth.landmarks.landmarks
    with suppress(MalformedError):
        growth.check(before, _log(replace(signed, count=signed.count + 1)))
        hold(promise=False, what="another list than the one that is to be signed")
    growth.check(before, _log(signed))
    old = before.landmarks.count if before else 0
    new = growth.landmarks.heads[old:]
    end = new[-1].size if new else growth.frontier.size
    count = end - growth.frontier.size
    hold(len(growth.entries) == count * ENTRY_LENGTH, "another number of entries")
    if not old:
        places = range(0, len(growth.entries), ENTRY_LENGTH)
        roots = Textbook([growth.entries[place : place + ENTRY_LENGTH] for place in places])
        hold(all(roots.mth(0, head.size) == head.root for head in new), "of another tree")
    "".join(growth.page()).encode()


def _parts(data: bytes) -> tuple[int, dict[str, bytes]]:
    """How many landmarks are old, and the files; edge and entries are lines of base64."""
    count, landmarks, edge, entries, *_ = [*data.split(b"\n\n", 3), b"", b"", b""]
    files = {
        "landmarks": landmarks and landmarks + b"\n",
        "frontier": _unpacked(edge),
        "entries": _unpacked(entries),
    }
    return int(count) if count in (b"1", b"2") else 0, files


def _unpacked(lines: bytes) -> bytes:
    try:
        return b"".join(map(a2b_base64, lines.split(b"\n")))
    except Error:
        return lines


def _before(landmarks: bytes, count: int) -> LogEntry | None:
    """The log in the version before."""
    try:
        heads = LandmarkList.parse(landmarks).heads
    except MalformedError:
        return None
    return _log(LandmarkList(heads[:count]).landmarks) if count else None


def _log(landmarks: Landmarks) -> LogEntry:
    return _manifest().logs[0]._replace(landmarks=landmarks)


@target("snapshot-head", mutate.json_text, SMALL)
def parse_heads(data: bytes) -> None:
    """Heads of the log in snapshots, a line each, behind a good signature: each has one spelling,
    and of those that follow one another none goes back.
    """
    taken: list[Snapshot] = []
    for line in data.split(b"\n")[:3]:
        payload = _snapshot().encode().replace(b'"checkpoint":null', b'"checkpoint":' + line)
        with suppress(SignedCertError):
            found = Snapshot.parse(_signed(payload), _institution().unverified)
            hold(found.encode() == payload, "not written again as it was read")
            found.follows(taken[-1] if taken else found)
            taken.append(found)
    for before, after in pairwise(one.checkpoint for one in taken):
        if before is not None:
            hold(after is not None and after.origin == before.origin, "another log, or none")
            hold(after is not None and after.size >= before.size, "a smaller log")
            hold(after == before or after is None or after.size > before.size, "another root")


@target("proof-report", mutate.note, MAX_PROOF, large_proofs)
def report_proof(data: bytes) -> None:
    """Any text beside a genuine document leads to a report; only proofs under heads that the log
    has signed show its place, and what was verified before changes no answer.
    """
    bundle = Bundle(_document(), proof=data.decode("utf-8", "surrogateescape"))
    report = _verifier().report(bundle, at=AT)
    found = (report.verdict, report.reason, report.decisive.detail)
    hold([check.step for check in report.checks] == list(range(1, 11)), "not ten steps")
    hold(report.credential is not None or report.reason == "proof-forked", "not genuine any more")
    if zlib.crc32(data) % 8 == 0:
        _holds_elsewhere(bundle, report)
    if report.verdict is Verdict.UNDECIDED:
        hold(report.reason == "proof-invalid" and bool(found[2]), "undecided without a reason")
        return
    proof = LogProof.parse(data)
    hold(proof.signed_checkpoint().unverified in _heads(), "a head that nobody signed")
    if report.verdict is Verdict.AUTHENTIC:
        hold(proof.index == PLACE, "another place than its own")
    else:
        hold(report.reason == "proof-forked", "refused for something else")


def _holds_elsewhere(bundle: Bundle, report: Report) -> None:
    """A verifier that has seen nothing says the same, of the file too."""
    fresh = Verifier(_verifier().trust)
    hold(fresh.report(bundle, at=AT).checks == report.checks, "a new verifier decides otherwise")
    with suppress(UnicodeEncodeError):
        (bundle.proof or "").encode()
        file = fresh.report(bundle.encode(), at=AT)
        hold(file.checks == report.checks, "the file is decided otherwise")


# The log of the corpus, whose keys were thrown away


@cache
def _verifier() -> Verifier:
    data = (CORPUS / "manifest" / "logged.json").read_bytes()
    store = TrustStore.empty().add([data], SignedManifest.parse(data).unverified.pin)
    landmarks = (CORPUS / "landmarks" / "two").read_bytes()
    return Verifier(store.add_landmarks(ISSUER, ORIGIN, landmarks))


def _manifest() -> KeyManifest:
    return _verifier().trust.institutions[ISSUER].newest


@cache
def _document() -> str:
    return Bundle.read(CORPUS / "bundle" / "proven").document


@cache
def _heads() -> list[Checkpoint]:
    """All that the log has signed, and what was signed of a fork."""
    files = (CORPUS / "proof-report" / name for name in ("landmark", "head", "fork"))
    return [LogProof.parse(one.read_bytes()).signed_checkpoint().unverified for one in files]


# Snapshots of an institution that is made for the run


@cache
def _world() -> tuple[World, PrivateKey]:
    return make_world(), PrivateKey.generate("Ed25519")


@cache
def _institution() -> SignedManifest:
    """With a snapshot key."""
    world, key = _world()
    url = key_url(ISSUER, key.public_key)
    entry = KeyEntry(key.public_key, url, "snapshot", "active", world.manifest.issued)
    manifest = replace(world.manifest, keys=(*world.manifest.keys, entry))
    return sign_manifest(manifest, world.roots)


@cache
def _snapshot() -> Snapshot:
    manifest = _institution().unverified
    named = ManifestVersion(manifest.version, manifest.digest)
    return Snapshot(iss=ISSUER, issued=AT, expires=AT + timedelta(days=7), manifest=named, lists=())


def _signed(payload: bytes) -> bytes:
    key = _world()[1]
    header = Header(key.algorithm, key_url(ISSUER, key.public_key), SNAPSHOT_TYPE)
    content = signing_input(header.segment(), payload)
    return serialize_compact(content, key.sign(content)).encode()
