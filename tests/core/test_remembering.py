"""Inclusion proofs under one root, checked with a memory, against the check without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core import remembering
from signedcert.core.merkle import check_inclusion, leaf_hash
from signedcert.core.remembering import RememberingTree
from tests.core.refusal import outcome, refused
from tests.reference.logs import MemoryLog

SIZES = (1, 2, 3, 15, 16, 17, 31, 33, 64, 100, 255, 257, 300)


def entry(index: int) -> bytes:
    return b"%032d" % index


def log_of(size: int) -> MemoryLog:
    log = MemoryLog(keys=())
    log.fill(size)
    return log


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_is_found_in_any_order(size: int) -> None:
    tree = log_of(size).tree()
    paths = [tuple(tree.inclusion_path(index)) for index in range(size)]
    for order in (range(size), reversed(range(size)), sorted(range(size), key=entry_order)):
        known = RememberingTree(size, tree.root())
        for index in order:
            known.check(index, leaf_hash(entry(index)), paths[index])
            known.check(index, leaf_hash(entry(index)), paths[index])


def entry_order(index: int) -> bytes:
    return leaf_hash(entry(index))


@given(
    size=st.sampled_from(SIZES),
    seen=st.lists(st.integers(0, 299), max_size=8),
    data=st.data(),
)
def test_what_was_seen_changes_nothing(size: int, seen: list[int], data: st.DataObject) -> None:
    """Whatever is wrong with a proof, it is refused as it is by the check that forgets."""
    tree = log_of(size).tree()
    known = RememberingTree(size, tree.root())
    for one in seen:
        index = one % size
        known.check(index, leaf_hash(entry(index)), tuple(tree.inclusion_path(index)))
    index = data.draw(st.integers(0, size - 1))
    path = list(tree.inclusion_path(index))
    leaf = leaf_hash(entry(index))
    match data.draw(st.sampled_from(["nothing", "leaf", "index", "sibling", "more", "less"])):
        case "leaf":
            leaf = leaf_hash(b"another")
        case "index":
            index = data.draw(st.integers(-1, size))
        case "sibling" if path:
            path[data.draw(st.integers(0, len(path) - 1))] = leaf_hash(b"another")
        case "more":
            path.append(leaf)
        case "less":
            path = path[:-1]
    expected = outcome(check_inclusion, index, size, leaf, path, tree.root())
    found = outcome(known.check, index, leaf, tuple(path))
    assert repr(found) == repr(expected)


def test_a_proof_that_is_wrong_only_above_what_is_known_is_refused() -> None:
    tree = log_of(64).tree()
    known = RememberingTree(64, tree.root())
    good = tuple(tree.inclusion_path(5))
    known.check(5, leaf_hash(entry(5)), good)
    wrong = (*tree.inclusion_path(6)[:-1], leaf_hash(b"another"))
    with refused("root-mismatch", "inclusion proof"):
        known.check(6, leaf_hash(entry(6)), wrong)
    known.check(6, leaf_hash(entry(6)), tuple(tree.inclusion_path(6)))


def test_what_is_refused_is_not_remembered() -> None:
    tree = log_of(64).tree()
    known = RememberingTree(64, leaf_hash(b"another root"))
    path = tuple(tree.inclusion_path(5))
    for _ in range(2):
        with refused("root-mismatch"):
            known.check(5, leaf_hash(entry(5)), path)


def test_so_many_nodes_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_MAX_NODES", 4)
    tree = log_of(257).tree()
    known = RememberingTree(257, tree.root())
    for index in range(257):
        known.check(index, leaf_hash(entry(index)), tuple(tree.inclusion_path(index)))
    assert 4 <= len(known._known) <= 5
