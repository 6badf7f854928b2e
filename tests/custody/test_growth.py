"""What root holders recompute of a log, and what makes them refuse."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signedcert.core.checkpoint import Checkpoint
from signedcert.core.merkle import Frontier
from signedcert.custody import growth as module
from signedcert.custody.growth import Growth
from signedcert.errors import MalformedError, Reason, RejectedError, SignedCertError
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import LogEntry
from tests.core.refusal import refused
from tests.reference.logs import MemoryLog

OLD, NEW = (300, 700), (701, 900, 1500)


def entries(start: int, stop: int) -> bytes:
    return b"".join(b"%032d" % number for number in range(start, stop))


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    """A log with landmarks at two sizes, and heads at three more; and another head behind them."""
    log = MemoryLog()
    for size in (*OLD, *NEW, 1600):
        log.fill(size - log.size)
    return log


@pytest.fixture
def grown(log: MemoryLog) -> Growth:
    frontier = log.tree(OLD[-1]).frontier()
    return Growth(log.origin, log.landmarks(*OLD, *NEW), frontier, entries(OLD[-1], NEW[-1]))


def check(growth: Growth, log: MemoryLog, *known: Landmark) -> None:
    growth.check(log.entry(*OLD), entry_of(growth, log), known)


def entry_of(growth: Growth, log: MemoryLog) -> LogEntry:
    return log.entry()._replace(landmarks=growth.landmarks.landmarks)


def test_new_landmarks_follow_from_the_entries(grown: Growth, log: MemoryLog) -> None:
    check(grown, log)
    check(grown, log, *log.landmarks(300, 900, 1600).heads)


def test_a_chunk_at_a_time_leads_to_the_same(
    grown: Growth, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 7)
    check(grown, log)


def test_the_first_landmarks_begin_with_nothing(log: MemoryLog) -> None:
    first = Growth(log.origin, log.landmarks(*OLD), Frontier.empty(), entries(0, OLD[-1]))
    first.check(None, log.entry(*OLD))
    first.check(log.entry(), log.entry(*OLD))


def test_a_log_that_did_not_grow(log: MemoryLog) -> None:
    frontier = log.tree(OLD[-1]).frontier()
    Growth(log.origin, log.landmarks(*OLD), frontier, b"").check(log.entry(*OLD), log.entry(*OLD))
    Growth(log.origin, LandmarkList(), Frontier.empty(), b"").check(log.entry(), log.entry())


def forged(growth: Growth, position: int, **changes: object) -> Growth:
    heads = list(growth.landmarks.heads)
    heads[position] = heads[position]._replace(**changes)  # type: ignore[arg-type]
    return replace(growth, landmarks=LandmarkList(tuple(heads)))


REFUSALS: dict[str, tuple[Callable[[Growth], Growth], type[SignedCertError], Reason]] = {
    "an entry is another one": (
        lambda one: replace(one, entries=b"x" + one.entries[1:]),
        RejectedError,
        "proof-forked",
    ),
    "two entries change places": (
        lambda one: replace(one, entries=one.entries[32:64] + one.entries[:32] + one.entries[64:]),
        RejectedError,
        "proof-forked",
    ),
    "an entry less": (
        lambda one: replace(one, entries=one.entries[:-32]),
        MalformedError,
        "tile-shape",
    ),
    "an entry more": (
        lambda one: replace(one, entries=one.entries + bytes(32)),
        MalformedError,
        "tile-shape",
    ),
    "a landmark is forged": (
        lambda one: forged(one, 3, root=bytes(32)),
        RejectedError,
        "proof-forked",
    ),
    "the last one is forged": (
        lambda one: forged(one, -1, root=bytes(32)),
        RejectedError,
        "proof-forked",
    ),
    "a landmark at another size": (
        lambda one: forged(one, 3, size=901),
        RejectedError,
        "proof-forked",
    ),
    "a landmark is slipped in": (
        lambda one: replace(
            one,
            landmarks=LandmarkList(
                (*one.landmarks.heads[:2], Landmark(705, bytes(32)), *one.landmarks.heads[2:])
            ),
        ),
        RejectedError,
        "proof-forked",
    ),
    "an old landmark is exchanged": (
        lambda one: forged(one, 1, root=bytes(32)),
        MalformedError,
        "digest-mismatch",
    ),
    "an old landmark is left out": (
        lambda one: replace(one, landmarks=LandmarkList(one.landmarks.heads[1:])),
        MalformedError,
        "digest-mismatch",
    ),
    "the edge is of another tree": (
        lambda one: replace(
            one, frontier=Frontier(one.frontier.size, (bytes(32), *one.frontier.hashes[1:]))
        ),
        RejectedError,
        "proof-forked",
    ),
    "the edge is of another size": (
        lambda one: replace(one, frontier=Frontier.empty(), entries=entries(0, NEW[-1])),
        RejectedError,
        "proof-forked",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_follow_is_refused(name: str, grown: Growth, log: MemoryLog) -> None:
    edit, kind, reason = REFUSALS[name]
    with refused(reason, kind=kind):
        check(edit(grown), log)


def test_another_list_than_the_one_to_be_signed_is_refused(grown: Growth, log: MemoryLog) -> None:
    with refused("digest-mismatch", f"landmarks of {log.origin}"):
        grown.check(log.entry(*OLD), log.entry(*OLD, *NEW[:2]))


@pytest.mark.parametrize("size", [300, 301, 900, 1499])
def test_a_head_that_this_machine_has_seen_has_to_be_a_landmark(
    grown: Growth, log: MemoryLog, size: int
) -> None:
    with refused("proof-forked", f"log {log.origin}", RejectedError):
        check(grown, log, Landmark(size, bytes(32)))


def test_the_published_log_extends_the_newest_landmark(grown: Growth, log: MemoryLog) -> None:
    for size in (1500, 1600):
        head = Checkpoint(log.origin, size, log.tree(size).root())
        grown.check_published(head, log.tiles.__getitem__)
    nothing = Growth(log.origin, LandmarkList(), Frontier.empty(), b"")
    nothing.check_published(head, log.tiles.__getitem__)


def test_a_published_log_that_is_another_one_is_refused(grown: Growth, log: MemoryLog) -> None:
    other = MemoryLog()
    other.fill(900)
    other.append_entries([b"x" * 32])
    other.fill(1600 - other.size)
    for fork, size in ((other, 1600), (log, 900)):
        head = Checkpoint(log.origin, size, fork.tree(size).root())
        with refused("proof-forked", f"log {log.origin}", RejectedError):
            grown.check_published(head, fork.tiles.__getitem__)


def test_it_travels_in_a_folder(grown: Growth, log: MemoryLog, tmp_path: Path) -> None:
    grown.write(tmp_path)
    assert Growth.read(tmp_path, log.origin, log.entry(*OLD)) == grown
    assert f"{NEW[-1] - OLD[-1]} entries since its last landmark, at size {OLD[-1]}" in "".join(
        grown.page()
    )
    (tmp_path / "frontier").write_bytes(b"x")
    with refused("proof-shape"):
        Growth.read(tmp_path, log.origin, log.entry(*OLD))
    (tmp_path / "entries").unlink()
    with pytest.raises(MalformedError):
        Growth.read(tmp_path, log.origin, log.entry(*OLD))
