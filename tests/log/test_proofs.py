"""Proofs: each holds, each is the same whenever it is made, and none comes from damaged tiles."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from signedcert.core.code import VerificationCode
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import Frontier, check_inclusion, leaf_hash
from signedcert.errors import ConfigurationError
from signedcert.log import proofs as module
from signedcert.log.proofs import ProvenLog, Prover
from signedcert.registry.log import LogTable
from signedcert.registry.registry import DocumentRow
from signedcert.trust.landmarks import Landmark, LandmarkList
from tests.core.refusal import refused
from tests.institution.homes import NOW
from tests.log.scribe import Scribe
from tests.registry.databases import execute


def size_of(scribe: Scribe, row: DocumentRow) -> int:
    """The size of the head under which a document's place is shown, which holds."""
    text = scribe.prover.proof(row.code)
    assert text is not None
    proof = LogProof.parse(text.encode())
    head = proof.signed_checkpoint().verify(scribe.entry.origin, scribe.entry.keys)
    check_inclusion(proof.index, head.size, leaf_hash(row.entry), proof.path, head.root)
    return head.size


def landmarks(scribe: Scribe, *sizes: int) -> LandmarkList:
    """Heads that were made, as landmarks."""
    roots = scribe.table.roots()
    return LandmarkList(tuple(Landmark(size, roots[size]) for size in sizes))


def test_a_document_is_under_the_first_head_over_it(scribe: Scribe) -> None:
    groups = [scribe.log(count) for count in (3, 300, 1, 256)]
    sizes = [{size_of(scribe, row) for row in group} for group in groups]
    assert sizes == [{3}, {303}, {304}, {560}]


def test_a_proof_stays_the_same(scribe: Scribe) -> None:
    rows = scribe.log(20)
    before = scribe.prover.proofs([row.code for row in rows])
    scribe.log(500)
    assert scribe.prover.proofs([row.code for row in rows]) == before
    scribe.landmarks = landmarks(scribe, 20, 520)
    assert scribe.prover.proofs([row.code for row in rows]) == before


def test_a_landmark_is_taken_before_a_smaller_head(scribe: Scribe) -> None:
    groups = [scribe.log(count) for count in (3, 4, 5)]
    scribe.landmarks = landmarks(scribe, 7)
    assert [size_of(scribe, group[0]) for group in groups] == [7, 7, 12]


def test_of_a_log_that_is_not_written_to_only_landmarks_count(scribe: Scribe) -> None:
    groups = [scribe.log(count) for count in (3, 4)]
    known = landmarks(scribe, 3)
    prover = Prover([ProvenLog(scribe.table, scribe.folder, known, landmarks_only=True)])
    codes = [group[0].code for group in groups]
    assert list(prover.proofs(codes)) == codes[:1]


def test_what_is_not_under_a_signed_head_has_no_proof(scribe: Scribe) -> None:
    scribe.log(3)
    (waiting,) = scribe.add(1)
    stranger = VerificationCode.derive(b"nobody's", b"")
    assert scribe.prover.proofs([waiting.code, stranger]) == {}
    scribe.table.append(1, lambda _: None)
    assert scribe.prover.proof(waiting.code) is None
    scribe.table.add_head(Frontier(4, (bytes(32),)), NOW)
    assert scribe.prover.proof(waiting.code) is None
    assert scribe.prover.proofs([]) == {}


def test_many_proofs_come_with_few_questions(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = scribe.log(1200)
    asked: list[int] = []
    head_over = LogTable.head_over

    def count(table: LogTable, index: int) -> object:
        asked.append(index)
        return head_over(table, index)

    monkeypatch.setattr(LogTable, "head_over", count)
    prover = scribe.prover
    assert len(prover.proofs([row.code for row in rows])) == 1200
    assert asked == [0]


def test_of_many_heads_some_are_remembered(scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_HEADS", 2)
    rows = [scribe.log(1)[0] for _ in range(5)]
    log = ProvenLog(scribe.table, scribe.folder, LandmarkList())
    for row in (*rows, *rows[::-1]):
        assert log.proofs([row.code])
        assert len(log._heads) <= 2


# damage


def spoil_tile(scribe: Scribe) -> None:
    """One hash of another document."""
    path = scribe.folder.path / "tile/0/000.p/9"
    data = path.read_bytes()
    path.write_bytes(bytes(32) + data[32:])


def remove_tile(scribe: Scribe) -> None:
    (scribe.folder.path / "tile/0/000.p/9").unlink()


@pytest.mark.parametrize("damage", [spoil_tile, remove_tile])
def test_no_proof_comes_from_a_damaged_tile(
    scribe: Scribe, damage: Callable[[Scribe], None]
) -> None:
    rows = scribe.log(9)
    before = scribe.prover.proofs([row.code for row in rows])
    prover = scribe.prover
    damage(scribe)
    places = scribe.table.places([row.code for row in rows])
    for row in rows:
        number = places[row.code].number
        if number == 8 or (number == 0 and damage is spoil_tile):  # not in the path
            assert prover.proof(row.code) == before[row.code]
        else:
            with refused("log-damaged", kind=ConfigurationError):
                prover.proof(row.code)
    scribe.folder.remove_tiles()
    scribe.log(1)
    assert prover.proof(rows[0].code) == scribe.prover.proof(rows[0].code) is not None


def test_a_head_without_a_frontier_gives_the_same_proofs(scribe: Scribe) -> None:
    codes = [row.code for row in scribe.log(300)]
    before = scribe.prover.proofs(codes)
    execute(scribe.registry._engine.url, "UPDATE log_heads SET frontier = NULL")
    assert scribe.prover.proofs(codes) == before
    assert len(before) == 300


@pytest.mark.parametrize("damage", ["zeroblob(64)", "zeroblob(32)", "zeroblob(65)", "x''"])
def test_the_frontier_of_another_tree_proves_nothing(scribe: Scribe, damage: str) -> None:
    (row, *_) = scribe.log(9)
    execute(scribe.registry._engine.url, f"UPDATE log_heads SET frontier = {damage}")  # noqa: S608
    with pytest.raises(ConfigurationError, match="backup of the registry") as caught:
        scribe.prover.proof(row.code)
    assert caught.value.reason == "log-damaged"


def test_a_prover_that_knows_a_tree_needs_its_tiles_no_more(scribe: Scribe) -> None:
    rows = scribe.log(9)
    prover = scribe.prover
    proof = prover.proof(rows[0].code)
    scribe.folder.remove_tiles()
    assert prover.proof(rows[0].code) == proof


# several logs, several threads


def test_of_two_logs_the_newer_one_is_asked_first(scribe: Scribe, tmp_path: Path) -> None:
    scribe.log(2)
    other = Scribe(tmp_path / "other")
    (only,) = other.log(1)
    both = Prover(
        [
            ProvenLog(other.table, other.folder, LandmarkList()),
            ProvenLog(scribe.table, scribe.folder, LandmarkList()),
        ]
    )
    codes = [only.code, *(row.code for row in scribe.rows)]
    found = both.proofs(codes)
    assert set(found) == set(codes)
    assert found[only.code] == other.prover.proof(only.code)
    other.close()


def test_threads_share_a_prover(scribe: Scribe) -> None:
    rows = [row for count in (300, 5, 7, 600) for row in scribe.log(count)]
    expected = scribe.prover.proofs([row.code for row in rows])
    prover = scribe.prover
    wrong: list[object] = []

    def work(start: int) -> None:
        for row in rows[start::4]:
            try:
                if prover.proof(row.code) != expected[row.code]:
                    wrong.append(row.code)
            except ConfigurationError as error:
                wrong.append(error)

    threads = [Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
