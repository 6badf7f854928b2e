"""What a home with a log has published and handed out is read for ever: the files in home-1.

A failure here means that verifiers who fetched these files, people who hold these documents, or
root holders with this proposal on a stick could do nothing with them after an update. Then the
change is wrong, whatever it is good for. The files are not made again.
"""

import gzip
import json
import shutil
import zlib
from functools import cache
from pathlib import Path

import pytest

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.core.checkpoint import Checkpoint, SignedCheckpoint
from signedcert.core.encoding import b64url_decode
from signedcert.core.entry import log_entry
from signedcert.core.jws import CompactJWS, Header
from signedcert.core.logproof import LogProof
from signedcert.core.tiles import TiledTree, TileName, append, encode_entries, parse_entries
from signedcert.custody.growth import Growth
from signedcert.custody.holders import Holder
from signedcert.custody.merging import merge
from signedcert.custody.proposal import PAGE, Proposal
from signedcert.custody.review import check_growths
from signedcert.documents.statuscredential import STATUS_CREDENTIAL_TYPE, encode_status_credential
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LogEntry, LogHead
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.reasons import Reasons
from signedcert.trust.snapshot import MAX_SNAPSHOT, Snapshot
from signedcert.trust.status import StatusFiles
from signedcert.trust.statuslist import REPLACED, REVOKED, StatusListToken
from signedcert.trust.store import TrustStore
from signedcert.verify.policy import Policy
from signedcert.verify.report import Report
from signedcert.verify.verifier import Verifier
from tests.golden.make import NAMES
from tests.golden.make_home import AT, DAY, HOME, RESULTS, SUMS, VERIFIED, sums

ISS = "https://learn.example.edu"
PUBLISHED = HOME / "published"
LOG = PUBLISHED / "log"
#: How many documents the log had at each of its heads.
HEADS = (1, 5, 7, 9, 10, 11, 12)

_READ = "an institution's published file is not read as it was: its verifiers would be cut off"
_WRITTEN = "it is read, and written otherwise: what was signed over these bytes would not hold"
_VERDICT = "somebody holds this document, and would be told something else than the day before"


def manifests(versions: int = 5) -> list[bytes]:
    return [(HOME / "manifests" / f"{one}.json").read_bytes() for one in range(1, versions + 1)]


def log() -> LogEntry:
    (found,) = SignedManifest.parse(manifests()[-1]).unverified.logs
    return found


@cache
def store(versions: int = 5, *, statuses: bool = True) -> TrustStore:
    """What a verifier has that has fetched these manifests, and the landmarks that they name."""
    pin = (HOME / "PIN").read_text("ascii").strip()
    found = TrustStore.empty().add(manifests(versions), pin)
    count = found.institutions[ISS].newest.logs[0].landmarks.count
    if count:
        data = (LOG / "landmarks" / f"{count}").read_bytes()
        found = found.add_landmarks(ISS, log().origin, data)
    files = StatusFiles.read(PUBLISHED)
    assert files is not None
    return found.update(ISS, files, VERIFIED) if statuses else found


def newest() -> KeyManifest:
    return store().institutions[ISS].newest


def bundle(name: str) -> Bundle:
    return Bundle.read(HOME / f"{name}{SUFFIX}")


def answer(report: Report) -> str:
    decisive = report.decisive
    return " ".join(filter(None, (report.verdict.value, decisive.reason, decisive.detail)))


# Documents

YES = "authentic"
STOLEN = "not authentic key-compromised"
VERDICTS = {
    "retired-key": YES,
    "record": YES,
    "record-without-proof": YES,
    "before-the-theft": YES,
    "after-the-cut-off": STOLEN,
    "newest-key": YES,
    "correction": YES,
    "revoked": "not standing revoked issued-in-error",
    "replaced": "not standing replaced corrected",
}


def test_every_document_has_a_verdict() -> None:
    assert {path.stem for path in HOME.glob(f"*{SUFFIX}")} == VERDICTS.keys()


@pytest.mark.parametrize("name", VERDICTS)
def test_a_document_has_the_verdict_that_it_had(name: str) -> None:
    report = Verifier(store()).report(bundle(name), at=VERIFIED)
    assert answer(report) == VERDICTS[name], _VERDICT


@pytest.mark.parametrize("name", VERDICTS)
def test_without_its_proof_a_document_has_the_verdict_that_it_had(name: str) -> None:
    report = Verifier(store()).report(bundle(name)._replace(proof=None), at=VERIFIED)
    stolen = name in ("before-the-theft", "after-the-cut-off")
    expected = "undecided proof-missing key-compromised" if stolen else VERDICTS[name]
    assert answer(report) == expected, _VERDICT


def test_who_has_not_heard_of_the_theft_says_what_was_said_then() -> None:
    verifier = Verifier(store(4, statuses=False), Policy(unsafe_accept_unknown_status=True))
    for name in ("before-the-theft", "after-the-cut-off"):
        assert answer(verifier.report(bundle(name), at=AT + 5 * DAY)) == YES, _VERDICT


def test_landmarks_outlive_classical_signatures() -> None:
    verifier = Verifier(store(), Policy(classical_broken=True))
    for name in ("retired-key", "record", "before-the-theft"):
        assert answer(verifier.report(bundle(name), at=VERIFIED)) == YES, _VERDICT
    report = verifier.report(bundle("newest-key"), at=VERIFIED)
    assert answer(report) == "undecided proof-missing classical-broken", _VERDICT


def test_documents_say_what_they_said() -> None:
    verifier = Verifier(store())
    for name, claims in (("retired-key", "plain"), ("correction", "every-field")):
        verified = verifier.verify(bundle(name), at=VERIFIED)
        wanted = NAMES[claims]
        assert (verified.learner, verified.completed) == (wanted.learner, wanted.completed)
    for one in (bundle("record"), bundle("record").present([1], with_name=False)):
        record = verifier.verify_record(one, at=VERIFIED)
        assert record.results[0] == RESULTS[0]


@pytest.mark.parametrize("name", VERDICTS)
def test_a_bundle_and_its_proof_are_written_again_byte_for_byte(name: str) -> None:
    one = bundle(name)
    assert one.encode() == (HOME / f"{name}{SUFFIX}").read_bytes(), _WRITTEN
    if name == "record-without-proof":
        assert one == bundle("record")._replace(proof=None)
        return
    assert one.proof is not None
    proof = LogProof.parse(one.proof.encode())
    assert proof.encode() == one.proof.encode(), _WRITTEN
    assert proof.signed_checkpoint().encode() == proof.checkpoint, _WRITTEN


# Trust


def test_manifests_are_written_again_byte_for_byte() -> None:
    for data in manifests():
        signed = SignedManifest.parse(data)
        assert signed.jws.encode() == data, _WRITTEN
        assert signed.unverified.encode() == signed.jws.payload, _WRITTEN


def test_each_version_follows_the_one_before() -> None:
    """From the first pin on, through the rotation of the root."""
    versions = store().institutions[ISS].versions
    assert [one.version for one in versions] == [1, 2, 3, 4, 5], _READ
    assert versions[2].root != versions[3].root
    keys = {(entry.role, entry.state): entry for entry in versions[4].keys}
    ended, cutoffs = keys["issue", "retired"].ended, keys["issue", "compromised"].cutoffs
    assert ended is not None
    assert (ended.size, [one.size for one in cutoffs]) == (9, [9]), _READ


def test_a_trust_store_of_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    store().write(tmp_path)
    assert TrustStore.read(tmp_path) == store(), _READ


# The log


def tile(name: TileName) -> bytes:
    return (LOG / str(name)).read_bytes()


def test_landmarks_are_written_again_byte_for_byte() -> None:
    lists = {int(path.name): path.read_bytes() for path in (LOG / "landmarks").iterdir()}
    for count, data in lists.items():
        found = LandmarkList.parse(data)
        assert found.encode() == data, _WRITTEN
        assert len(found.heads) == count
        assert lists[max(lists)].startswith(data)
        for head in found.heads:
            assert TiledTree(head.size, tile).root() == head.root, _READ
    assert LandmarkList.parse(lists[max(lists)]).landmarks == log().landmarks


def test_the_checkpoint_is_written_again_byte_for_byte() -> None:
    data = (LOG / "checkpoint").read_bytes()
    signed = SignedCheckpoint.parse(data)
    assert signed.encode() == data, _WRITTEN
    head = signed.verify(log().origin, log().keys)
    assert head == Checkpoint(log().origin, 12, TiledTree(12, tile).root()), _READ


def test_tiles_are_made_again_of_the_entries_byte_for_byte() -> None:
    data = (LOG / "tile" / "entries" / "000.p" / "12").read_bytes()
    entries = parse_entries(data, 12)
    assert encode_entries(entries) == data, _WRITTEN
    made: dict[TileName, bytes] = {}
    for start, stop in zip((0, *HEADS), HEADS, strict=False):
        made |= dict(append(start, entries[start:stop], made.__getitem__))
        for path in (LOG / "tile").rglob(f"000.p/{stop}"):
            name = TileName.parse(str(path.relative_to(LOG)))
            published = path.read_bytes()
            if "entries" not in path.parts:
                assert made[name] == published, _WRITTEN
            else:
                assert parse_entries(published, stop) == entries[:stop], _READ


@pytest.mark.parametrize("name", [one for one in VERDICTS if one != "record-without-proof"])
def test_a_proof_is_made_again_of_the_tiles_byte_for_byte(name: str) -> None:
    one = bundle(name)
    proof = LogProof.parse((one.proof or "").encode())
    tree = TiledTree(proof.signed_checkpoint().unverified.size, tile)
    again = LogProof(proof.index, tuple(tree.inclusion_path(proof.index)), proof.checkpoint)
    assert again.encode() == (one.proof or "").encode(), _WRITTEN
    jws = CompactJWS.parse(one.document.partition("~")[0].encode())
    entries = parse_entries((LOG / "tile/entries/000.p/12").read_bytes(), 12)
    assert entries[proof.index] == log_entry(jws.signing_input, jws.signature), _READ


# Statuses


def payload(name: str) -> bytes:
    return CompactJWS.parse((PUBLISHED / name).read_bytes(), MAX_SNAPSHOT).payload


def test_status_files_are_written_again_byte_for_byte() -> None:
    snapshot = Snapshot.parse((PUBLISHED / "snapshot.json").read_bytes(), newest())
    assert snapshot.encode() == payload("snapshot.json"), _WRITTEN
    reasons = Reasons.parse((PUBLISHED / "reasons.jws").read_bytes(), newest())
    assert reasons.encode() == payload("reasons.jws"), _WRITTEN
    token = StatusListToken.parse((PUBLISHED / "status" / "1.jwt").read_bytes(), newest())
    stream = b64url_decode(json.loads(payload("status/1.jwt"))["status_list"]["lst"].encode())
    assert token.encode(lambda _: stream) == payload("status/1.jwt"), _WRITTEN
    assert token.status_list.statuses == zlib.decompress(stream), _READ


def test_the_snapshot_names_the_newest_head_and_manifest() -> None:
    snapshot = Snapshot.parse((PUBLISHED / "snapshot.json").read_bytes(), newest())
    signed = SignedCheckpoint.parse((LOG / "checkpoint").read_bytes())
    assert snapshot.checkpoint == LogHead.of(signed.unverified), _READ
    assert snapshot.manifest == (5, newest().digest), _READ


def test_the_status_credential_says_what_the_list_says() -> None:
    jws = CompactJWS.parse((PUBLISHED / "status" / "1").read_bytes(), MAX_SNAPSHOT)
    (entry,) = (one for one in newest().keys if (one.role, one.state) == ("issue", "active"))
    entry.key.verify(jws.signature, jws.signing_input)
    header = Header(entry.key.algorithm, entry.url, STATUS_CREDENTIAL_TYPE)
    assert header.segment().encode() == jws.header_segment, _WRITTEN
    known = store().statuses[ISS]
    gone = list(known.lists[0].indices((REVOKED, REPLACED)))
    assert len(gone) == 2
    again = encode_status_credential(ISS, 1, known.snapshot.issued, gone)
    assert _unpacked(again) == _unpacked(jws.payload), _WRITTEN


def _unpacked(credential: bytes) -> bytes:
    """With the bits as they are: how they are compressed depends on the zlib at hand."""
    packed = json.loads(credential)["credentialSubject"]["encodedList"]
    bits = gzip.decompress(b64url_decode(packed.removeprefix("u").encode()))
    return credential.replace(packed.encode(), bits.hex().encode())


# What root holders pass around


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    """The folder as they had it: with the manifests before it."""
    shutil.copytree(HOME / "proposal", tmp_path / "proposal")
    (tmp_path / "proposal" / "manifests").mkdir()
    for version, data in enumerate(manifests(4), 1):
        (tmp_path / "proposal" / "manifests" / f"{version}.json").write_bytes(data)
    return tmp_path / "proposal"


def test_a_proposal_is_written_again_byte_for_byte(proposal: Path) -> None:
    found = Proposal.read(proposal)
    found.write(proposal.with_name("again"))
    for path in proposal.rglob("*"):
        if path.is_file() and "signatures" not in path.parts and path.name != PAGE:
            again = proposal.with_name("again") / path.relative_to(proposal)
            assert again.read_bytes() == path.read_bytes(), _WRITTEN
    assert found.manifest.encode() == (proposal / "payload.json").read_bytes(), _WRITTEN


def test_holders_recompute_what_a_proposal_brings(proposal: Path) -> None:
    found = Proposal.read(proposal)
    before = found.before
    assert before is not None
    check_growths(found, before)
    (growth,) = found.growths
    assert Growth.read(proposal / "log", log().origin, before.logs[0]) == growth, _READ
    head = SignedCheckpoint.parse((LOG / "checkpoint").read_bytes()).unverified
    growth.check_published(head, tile)


def test_the_signatures_of_a_proposal_make_up_the_manifest(proposal: Path) -> None:
    found = Proposal.read(proposal)
    merged = merge(proposal, found, found.before)
    assert (merged.complete, merged.unused) == (True, ()), _READ
    assert merged.manifest is not None
    assert merged.manifest.jws.encode() == manifests()[4], _WRITTEN


def test_holder_files_are_written_again_byte_for_byte() -> None:
    for number in (1, 2):
        path = HOME / "proposal" / "holders" / f"{number:02d}.json"
        holder = Holder.read(path)
        assert holder.encode() == path.read_bytes(), _WRITTEN
        assert holder.name == f"Root holder {number}", _READ


def test_nobody_has_touched_a_golden_file_of_the_home() -> None:
    assert sums(HOME) == (HOME / SUMS).read_text("ascii").splitlines()


def test_there_is_no_private_key_among_them() -> None:
    for path in HOME.rglob("*"):
        if path.is_file():
            assert b'"d":' not in path.read_bytes()
            assert b"ciphertext" not in path.read_bytes()
            assert path.suffix != ".key"
