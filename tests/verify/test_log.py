"""Steps 5 and 6: an honest document and forgeries, under every state of the keys.

Each row is a scene: what root says of the issuing key and of the log, what comes with the document,
and the answer. All of it is in files; there is no network.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.core.logproof import LogProof
from signedcert.custody.ceremony import sign_manifest
from signedcert.errors import RejectedError, UndecidedError
from signedcert.trust.entries import KeyEntry
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import CutOff, End, LogEntry, log_origin
from signedcert.trust.states import State
from signedcert.trust.store import TrustStore
from signedcert.verify.policy import Policy
from signedcert.verify.report import Report
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUER, World, course, credential
from tests.reference.logs import MemoryLog, new_log_keys

#: The honest document is entry 10, in a batch that made the head of 16 entries.
PLACE = 10
BEFORE, BATCH, LATER, NEWEST = 10, 16, 20, 30


@dataclass(frozen=True)
class Forger:
    """A document by the genuine key that the institution never issued, at the end of the log."""

    document: bytes
    index: int


@dataclass(frozen=True)
class Scene:
    """The institution's log, the copies that thieves make of it, and two documents."""

    world: World
    log: MemoryLog
    honest: bytes
    forger: Forger
    fork: MemoryLog

    @classmethod
    def make(cls, world: World) -> "Scene":
        """The same in each row."""
        log = MemoryLog()
        log.fill(BEFORE)
        fork = MemoryLog(keys=log.keys, size=log.size, tiles=dict(log.tiles))
        honest = world.document()
        forged = world.sign(credential()._replace(learner="Mallory").encode())
        log.append(honest)
        log.fill(BATCH - log.size)
        log.fill(LATER - log.size)
        log.fill(NEWEST - 1 - log.size)
        log.append(forged)
        fork.append(forged)
        fork.fill(BATCH - fork.size)
        fork.fill(NEWEST - fork.size)
        fork.fill(50)
        return cls(world, log, honest, Forger(forged, NEWEST - 1), fork)

    def trust(
        self, key: KeyEntry, log: LogEntry | None, landmarks: LandmarkList | None = None
    ) -> TrustStore:
        """What a verifier has: a manifest with this key and this log, and these landmarks."""
        logs = () if log is None else (log,)
        manifest = replace(self.world.manifest, keys=(key,), logs=logs)
        signed = sign_manifest(manifest, self.world.roots)
        store = TrustStore.empty().add([signed.jws.encode()], manifest.pin)
        if landmarks is None or log is None:
            return store
        return store.add_landmarks(ISSUER, log.origin, landmarks.encode())


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    return Scene.make(world)


def cutoff(scene: Scene, size: int, origin: str = "") -> CutOff:
    return CutOff(origin or scene.log.origin, size, scene.log.tree(size).root().hex())


class Row(NamedTuple):
    """``proof`` makes what comes with the document; ``answer`` is a verdict, a reason and a detail
    of the decisive step. ``landmarks`` are sizes of heads that root vouches for.
    """

    shows: str
    key: str
    proof: str
    answer: str
    landmarks: tuple[int, ...] = (BATCH, LATER)
    log: State = "active"


PROOFS: dict[str, Callable[[Scene], Bundle]] = {
    "none": lambda scene: Bundle(scene.honest.decode()),
    "head": lambda scene: honest(scene, BATCH),
    "later head": lambda scene: honest(scene, LATER),
    "newest head": lambda scene: honest(scene, NEWEST),
    "damaged": lambda scene: Bundle(scene.honest.decode(), damaged=("proof",)),
    "nonsense": lambda scene: Bundle(scene.honest.decode(), proof="proof"),
    "no utf-8": lambda scene: Bundle(scene.honest.decode(), proof="\ud800"),
    "neighbour's": lambda scene: Bundle(
        scene.honest.decode(), proof=scene.log.proof(PLACE + 1, BATCH)
    ),
    "without ML-DSA": lambda scene: edited(scene, lambda lines: lines[:-2] + lines[-1:]),
    "without Ed25519": lambda scene: edited(scene, lambda lines: lines[:-3] + lines[-2:]),
    "another log's": lambda scene: another_log(scene),  # noqa: PLW0108 - defined below
    # Of what was never issued:
    "forged, none": lambda scene: Bundle(scene.forger.document.decode()),
    "forged, logged": lambda scene: Bundle(
        scene.forger.document.decode(), proof=scene.log.proof(scene.forger.index, NEWEST)
    ),
    "forged, on a fork": lambda scene: forged(scene, BATCH),
    "forged, on a fork beyond": lambda scene: forged(scene, NEWEST),
    "forged, replayed lines": lambda scene: replayed(scene),  # noqa: PLW0108 - defined below
}


def honest(scene: Scene, size: int) -> Bundle:
    return Bundle(scene.honest.decode(), proof=scene.log.proof(PLACE, size))


def forged(scene: Scene, size: int) -> Bundle:
    return Bundle(scene.forger.document.decode(), proof=scene.fork.proof(BEFORE, size))


def edited(scene: Scene, edit: Callable[[list[str]], list[str]]) -> Bundle:
    lines = scene.log.proof(PLACE, BATCH).split("\n")
    return Bundle(scene.honest.decode(), proof="\n".join(edit(lines)))


def another_log(scene: Scene) -> Bundle:
    other = MemoryLog(origin=log_origin(ISSUER, 2), keys=new_log_keys())
    other.append(scene.honest)
    return Bundle(scene.honest.decode(), proof=other.proof(0))


def replayed(scene: Scene) -> Bundle:
    """The signature lines of a genuine head, under the text of a fork's."""
    path = tuple(scene.fork.tree(BATCH).inclusion_path(BEFORE))
    text = scene.fork.checkpoint(BATCH).partition(b"\n\n")[0]
    lines = scene.log.checkpoint(BATCH).partition(b"\n\n")[2]
    proof = LogProof(BEFORE, path, text + b"\n\n" + lines)
    return Bundle(scene.forger.document.decode(), proof=proof.encode().decode())


def key_of(scene: Scene, words: str) -> KeyEntry:
    """``compromised<16`` has a cut-off there, ``retired<16`` ended there; ``active required``."""
    state, _, logged = words.partition(" ")
    state, _, size = state.partition("<")
    entry = replace(scene.world.manifest.keys[0], state=state, logged=logged or "expected")  # type: ignore[arg-type]
    if size and state == "retired":
        return replace(entry, ended=End(scene.log.origin, int(size)))
    return replace(entry, cutoffs=(cutoff(scene, int(size)),)) if size else entry


STOLEN = f"compromised<{BATCH}"
YES = "authentic"
MISSING = "undecided proof-missing"
INVALID = "undecided proof-invalid"

HONEST = (
    Row("no proof is asked for", "active", "none", YES),
    Row("a head that the log has signed", "active", "newest head", YES),
    Row("a landmark", "active", "head", YES),
    Row("required: no proof", "active required", "none", f"{MISSING} logged-required"),
    Row("required: a head", "active required", "newest head", YES),
    Row("anchored: no proof", "active anchored", "none", f"{MISSING} logged-anchored"),
    Row("anchored: a head", "active anchored", "newest head", f"{MISSING} logged-anchored"),
    Row("anchored: a landmark", "active anchored", "head", YES),
    Row("retired: no proof", "retired", "none", YES),
    Row("retired, nothing said of where", "retired", "head", YES),
    Row("retired behind it", f"retired<{PLACE + 1}", "head", YES),
    Row("retired and required: no proof", "retired required", "none", f"{MISSING} logged-required"),
    Row("stolen: no proof", STOLEN, "none", f"{MISSING} key-compromised"),
    Row("stolen, logged before: a landmark", STOLEN, "head", YES),
    Row("stolen, the cut-off right behind it", f"compromised<{BATCH}", "head", YES),
    Row("stolen: a head that no landmark is", STOLEN, "newest head", f"{MISSING} landmark-beyond"),
    Row("stolen: a landmark beyond", STOLEN, "later head", f"{MISSING} landmark-beyond"),
    Row("stolen, the cut-off moved up", f"compromised<{LATER}", "later head", YES),
    Row("stolen, no cut-off stated", "compromised", "head", f"{MISSING} key-compromised"),
    Row("void", "void", "head", "not authentic key-void"),
    Row("announced", "pre-published", "head", "undecided key-pre-published"),
    Row("a damaged proof", "active", "damaged", f"{INVALID} wrong-type"),
    Row("a proof that is none", "active", "nonsense", f"{INVALID} proof-shape"),
    Row("a proof that is no text", "active", "no utf-8", f"{INVALID} proof-shape"),
    Row("the neighbour's proof", "active", "neighbour's", f"{INVALID} root-mismatch"),
    Row("stolen: the neighbour's proof", STOLEN, "neighbour's", f"{INVALID} root-mismatch"),
    Row("half of the signatures", "active", "without ML-DSA", f"{INVALID} ml-dsa-44-missing"),
    Row("the other half", "active", "without Ed25519", f"{INVALID} ed25519-missing"),
    Row("a log that is not known here", "active", "another log's", f"{INVALID} log-unknown"),
    Row("a stolen log: a landmark", "active anchored", "head", YES, log="compromised"),
    Row(
        "a stolen log: a head",
        "active required",
        "newest head",
        f"{MISSING} logged-required",
        log="compromised",
    ),
    Row("a stolen log, and nothing is asked for", "active", "newest head", YES, log="compromised"),
    Row("a retired log: a landmark", STOLEN, "head", YES, log="retired"),
    Row(
        "a retired log: a head", STOLEN, "newest head", f"{MISSING} key-compromised", log="retired"
    ),
    Row("a void log", STOLEN, "head", f"{MISSING} key-compromised", log="void"),
    Row("an announced log", STOLEN, "head", f"{MISSING} key-compromised", log="pre-published"),
    Row("no landmarks yet", "active required", "head", YES, ()),
    Row("no landmarks yet: anchored", "active anchored", "head", f"{MISSING} logged-anchored", ()),
)

STOLEN_REASON = "not authentic key-compromised"
FORGED = (
    # Who has the issuing key alone, and nobody has noticed:
    Row("unnoticed", "active", "forged, none", YES),
    Row("unnoticed, required", "active required", "forged, none", f"{MISSING} logged-required"),
    Row("unnoticed, anchored", "active anchored", "forged, none", f"{MISSING} logged-anchored"),
    # Likewise, of the log's keys too:
    Row("on a fork, unnoticed, beyond", "active required", "forged, on a fork beyond", YES),
    Row(
        "on a fork, anchored, beyond",
        "active anchored",
        "forged, on a fork beyond",
        f"{MISSING} logged-anchored",
    ),
    Row("on a fork", "active", "forged, on a fork", "not authentic proof-forked"),
    Row(
        "on a fork, required", "active required", "forged, on a fork", "not authentic proof-forked"
    ),
    Row("on a fork, retired", "retired", "forged, on a fork", "not authentic proof-forked"),
    Row("on a fork, stolen", STOLEN, "forged, on a fork", "not authentic proof-forked"),
    Row("on a fork, void", "void", "forged, on a fork", "not authentic proof-forked"),
    Row("replayed lines", "active", "forged, replayed lines", f"{INVALID} signature-mismatch"),
    Row(
        "replayed lines, stolen", STOLEN, "forged, replayed lines", f"{INVALID} signature-mismatch"
    ),
    # After it was noticed:
    Row("dated back, no proof", STOLEN, "forged, none", f"{MISSING} key-compromised"),
    Row("logged after the cut-off", STOLEN, "forged, logged", STOLEN_REASON),
    Row(
        "logged after the cut-off, and under a landmark",
        STOLEN,
        "forged, logged",
        STOLEN_REASON,
        (BATCH, LATER, NEWEST),
    ),
    Row(
        "on a fork beyond, stolen", STOLEN, "forged, on a fork beyond", f"{MISSING} landmark-beyond"
    ),
    Row(
        "after the key retired",
        f"retired<{LATER}",
        "forged, logged",
        "not authentic key-not-authorised key-retired",
    ),
    Row(
        "after the key retired, no proof",
        f"retired<{LATER} required",
        "forged, none",
        f"{MISSING} logged-required",
    ),
)


def report(scene: Scene, row: Row, policy: Policy | None = None) -> Report:
    log = scene.log.entry(*row.landmarks, state=row.log)
    trust = scene.trust(key_of(scene, row.key), log, scene.log.landmarks(*row.landmarks))
    return Verifier(trust, policy).report(PROOFS[row.proof](scene), at=AT)


def answer(found: Report) -> str:
    decisive = found.decisive
    return " ".join(filter(None, (found.verdict.value, decisive.reason, decisive.detail)))


@pytest.mark.parametrize("row", [*HONEST, *FORGED], ids=lambda row: f"{row.shows}: {row.answer}")
def test_document_has_the_answer_of_its_row(scene: Scene, row: Row) -> None:
    assert answer(report(scene, row)) == row.answer


@pytest.mark.parametrize("row", HONEST, ids=lambda row: row.shows)
def test_what_was_issued_is_never_called_forged(scene: Scene, row: Row) -> None:
    found = report(scene, row)
    assert answer(found).startswith("not authentic") is (row.key == "void")


@pytest.mark.parametrize("row", FORGED, ids=lambda row: row.shows)
def test_what_was_forged_is_authentic_only_while_nobody_has_noticed(scene: Scene, row: Row) -> None:
    unnoticed = row.shows in ("unnoticed", "on a fork, unnoticed, beyond")
    assert bool(report(scene, row)) is unnoticed


# Landmarks that are not at hand


def knows(scene: Scene, known: tuple[int, ...], named: tuple[int, ...], proof: str) -> str:
    """The answer to who has the landmarks ``known``, of those that the manifest names."""
    first = scene.trust(key_of(scene, "active"), scene.log.entry(*known))
    history = first.institutions[ISSUER]
    second = replace(history.newest, version=2, logs=(scene.log.entry(*named),))
    signed = sign_manifest(second, scene.world.roots).jws.encode()
    store = first.add_landmarks(ISSUER, scene.log.origin, scene.log.landmarks(*known).encode())
    store = store.add([signed], history.pin)
    return answer(Verifier(store).report(PROOFS[proof](scene), at=AT))


def test_an_older_list_of_landmarks_tells_what_it_can(scene: Scene) -> None:
    missing = "undecided trust-stale landmarks-missing"
    assert knows(scene, (), (BATCH, LATER), "head") == missing
    assert knows(scene, (BATCH,), (BATCH, LATER), "head") == YES
    assert knows(scene, (BATCH,), (BATCH, LATER), "later head") == missing
    assert (
        knows(scene, (BATCH,), (BATCH, LATER), "forged, on a fork") == "not authentic proof-forked"
    )
    assert knows(scene, (BATCH,), (BATCH, LATER), "forged, on a fork beyond") == missing
    assert knows(scene, (BATCH, LATER), (BATCH, LATER), "newest head") == YES


# The day on which a quantum computer can forge classical signatures

BROKEN = Policy(classical_broken=True)


@pytest.mark.parametrize(
    ("key", "proof", "expected"),
    [
        ("active", "head", YES),
        ("active", "newest head", f"{MISSING} classical-broken"),
        ("active", "none", f"{MISSING} classical-broken"),
        ("retired", "head", YES),
        ("retired", "none", f"{MISSING} classical-broken"),
        (STOLEN, "head", YES),
        ("active", "forged, none", f"{MISSING} classical-broken"),
        ("active", "forged, logged", f"{MISSING} classical-broken"),
        ("active", "forged, on a fork", "not authentic proof-forked"),
    ],
)
def test_under_landmarks_documents_outlive_classical_keys(
    scene: Scene, key: str, proof: str, expected: str
) -> None:
    assert answer(report(scene, Row("", key, proof, ""), BROKEN)) == expected


def test_classical_root_keys_vouch_for_nothing_then(scene: Scene) -> None:
    log, landmarks = scene.log.entry(BATCH), scene.log.landmarks(BATCH)
    world = scene.world
    manifest = replace(world.manifest, root=world.manifest.root[:1], next=(), logs=(log,))
    signed = sign_manifest(manifest, world.roots[:1])
    store = TrustStore.empty().add([signed.jws.encode()], manifest.pin)
    store = store.add_landmarks(ISSUER, log.origin, landmarks.encode())
    document = PROOFS["head"](scene)
    assert answer(Verifier(store).report(document, at=AT)) == YES
    expected = f"{MISSING} classical-root"
    assert answer(Verifier(store, BROKEN).report(document, at=AT)) == expected


# What is remembered


def test_what_was_verified_before_changes_no_answer(scene: Scene) -> None:
    """One verifier for all proofs, in both orders, says what a new one says of each."""
    row = Row("", STOLEN, "", "")
    log = scene.log.entry(*row.landmarks)
    trust = scene.trust(key_of(scene, row.key), log, scene.log.landmarks(*row.landmarks))
    fresh = {
        name: answer(Verifier(trust).report(make(scene), at=AT)) for name, make in PROOFS.items()
    }
    assert len(set(fresh.values())) > 5
    for names in (list(PROOFS), list(PROOFS)[::-1], [*PROOFS, *PROOFS]):
        one = Verifier(trust)
        assert {name: answer(one.report(PROOFS[name](scene), at=AT)) for name in names} == fresh


def test_heads_are_remembered_up_to_a_number(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.verify.log._MAX_HEADS", 2)
    trust = scene.trust(key_of(scene, "active"), scene.log.entry(), LandmarkList())
    verifier = Verifier(trust)
    for _ in range(2):
        for proof in ("head", "later head", "newest head"):
            assert verifier.report(PROOFS[proof](scene), at=AT)


# What is raised, and what is shown


def test_what_is_raised_says_what_to_do(scene: Scene) -> None:
    log, landmarks = scene.log.entry(BATCH), scene.log.landmarks(BATCH)
    verifier = Verifier(scene.trust(key_of(scene, STOLEN), log, landmarks))
    with pytest.raises(UndecidedError, match=r"Ask the person for the \.signedcert file") as caught:
        verifier.verify(PROOFS["none"](scene), at=AT)
    assert (caught.value.step, caught.value.reason) == (6, "proof-missing")
    with pytest.raises(RejectedError, match="Do not rely on it") as rejected:
        verifier.verify(PROOFS["forged, logged"](scene), at=AT)
    assert (rejected.value.step, rejected.value.reason) == (6, "key-compromised")
    verified = verifier.verify(PROOFS["head"](scene), at=AT)
    assert (verified.learner, verified.course.id) == (credential().learner, course().id)


def test_the_report_says_where_the_document_is(scene: Scene) -> None:
    found = report(scene, HONEST[2])
    assert (
        found.checks[4].technical == f"entry {PLACE} of {scene.log.origin}, under a landmark of 16"
    )
    found = report(scene, HONEST[1])
    assert found.checks[4].technical == f"entry {PLACE} of {scene.log.origin}, under a head of 30"


def test_nothing_is_shown_of_what_is_not_believed(scene: Scene) -> None:
    for row in FORGED:
        found = report(scene, row)
        step_6 = found.checks[5].verdict.value
        assert (found.credential is None) is (step_6 != YES)
