"""Merkle trees, against a transcription of RFC 9162 that shares no code with ours."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core.merkle import (
    EMPTY_ROOT,
    HASH_LENGTH,
    MAX_SIZE,
    Frontier,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    parents,
    root_of_inclusion,
)
from signedcert.errors import MalformedError
from tests.core.refusal import outcome, refused
from tests.core.rfc9162 import consistency_holds, inclusion_holds
from tests.core.trees import ENTRIES, LOG, leaves, root

SMALL = 33
sizes = st.integers(1, 3000)
H = bytes(HASH_LENGTH)


def flips(data: bytes) -> Iterator[bytes]:
    """Every change of one bit."""
    for position in range(8 * len(data)):
        changed = bytearray(data)
        changed[position >> 3] ^= 1 << (position & 7)
        yield bytes(changed)


def flipped_paths(path: list[bytes]) -> Iterator[list[bytes]]:
    """Every change of one bit in one of the hashes."""
    for position, one in enumerate(path):
        for changed in flips(one):
            yield [*path[:position], changed, *path[position + 1 :]]


# hashes (2.1.1)


def test_the_hashes_of_the_standard() -> None:
    assert hashlib.sha256().digest() == EMPTY_ROOT
    assert leaf_hash(b"entry") == hashlib.sha256(b"\0entry").digest()
    assert node_hash(b"left", b"right") == hashlib.sha256(b"\1leftright").digest()
    assert leaf_hash(node_hash(H, H)) != node_hash(H, H)


@pytest.mark.parametrize("count", range(9))
def test_a_node_stands_above_every_two_hashes(count: int) -> None:
    row = leaves(0, count)
    pairs = zip(row[::2], row[1::2], strict=False)
    assert parents(b"".join(row)) == b"".join(node_hash(*pair) for pair in pairs)


# inclusion (2.1.3)


def check_every_path(index: int, size: int) -> None:
    """What the textbook makes leads to its root, and holds by its own steps too."""
    leaf, path = leaf_hash(ENTRIES[index]), LOG.path(index, size)
    assert root_of_inclusion(index, size, leaf, path) == root(size)
    check_inclusion(index, size, leaf, path, root(size))
    assert inclusion_holds(index, size, leaf, path, root(size))


def test_every_entry_of_every_small_tree_is_in_it() -> None:
    for size in range(1, SMALL):
        for index in range(size):
            check_every_path(index, size)


@given(sizes, st.data())
def test_an_entry_of_a_tree_is_in_it(size: int, data: st.DataObject) -> None:
    check_every_path(data.draw(st.integers(0, size - 1)), size)


@pytest.mark.parametrize("size", [1, 2, 6, 7, 8, 11])
def test_every_change_of_one_bit_leads_elsewhere(size: int) -> None:
    for index in range(size):
        leaf, path = leaf_hash(ENTRIES[index]), LOG.path(index, size)
        for changed in flips(leaf):
            with refused("root-mismatch", "inclusion proof"):
                check_inclusion(index, size, changed, path, root(size))
        for changed in flips(root(size)):
            with refused("root-mismatch", "inclusion proof"):
                check_inclusion(index, size, leaf, path, changed)
        for other in flipped_paths(path):
            with refused("root-mismatch", "inclusion proof"):
                check_inclusion(index, size, leaf, other, root(size))


@given(sizes, st.data())
def test_an_entry_is_at_no_other_index(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-1, size).filter(lambda number: number != index))
    leaf, path = leaf_hash(ENTRIES[index]), LOG.path(index, size)
    error = outcome(check_inclusion, other, size, leaf, path, root(size))
    assert isinstance(error, MalformedError)
    same_shape = 0 <= other < size and len(LOG.path(other, size)) == len(path)
    assert error.reason == ("root-mismatch" if same_shape else "proof-shape")


def test_the_size_is_believed_with_the_root() -> None:
    leaf, path = leaf_hash(ENTRIES[0]), LOG.path(0, 5)
    for size in (5, 6, 7, 8):
        assert root_of_inclusion(0, size, leaf, path) == root(5)


def test_hashes_in_another_order_lead_elsewhere() -> None:
    leaf, path = leaf_hash(ENTRIES[3]), LOG.path(3, 8)
    with refused("root-mismatch"):
        check_inclusion(3, 8, leaf, path[::-1], root(8))


@pytest.mark.parametrize(
    ("index", "size"),
    [(-1, 7), (7, 7), (8, 7), (0, 0), (-1, 0), (0, -1), (0, MAX_SIZE + 1), (2**64 - 1, 7)],
)
def test_no_entry_is_in_a_tree_that_there_is_not(index: int, size: int) -> None:
    for count in range(66):
        with refused("proof-shape", "inclusion proof"):
            root_of_inclusion(index, size, H, [H] * count)


@pytest.mark.parametrize("index", [0, 3, 4, 6])
def test_a_path_has_exactly_the_hashes_that_lead_to_a_root(index: int) -> None:
    leaf, path = leaf_hash(ENTRIES[index]), LOG.path(index, 7)
    for other in ([], path[1:], path[:-1], [H, *path], [*path, H], [*path, root(7)]):
        with refused("proof-shape", "inclusion proof"):
            root_of_inclusion(index, 7, leaf, other)


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33), bytes(64)])
def test_a_hash_of_a_path_has_32_bytes(wrong: bytes) -> None:
    leaf, path = leaf_hash(ENTRIES[3]), LOG.path(3, 7)
    for position in range(len(path)):
        with refused("proof-shape", "inclusion proof"):
            root_of_inclusion(3, 7, leaf, [*path[:position], wrong, *path[position + 1 :]])
    with refused("proof-shape", "inclusion proof"):
        root_of_inclusion(3, 7, wrong, path)
    with refused("proof-shape", "inclusion proof"):
        check_inclusion(3, 7, leaf, path, wrong)


def test_hashes_of_other_lengths_do_not_make_up_for_each_other() -> None:
    leaf, path = leaf_hash(ENTRIES[3]), LOG.path(3, 7)
    with refused("proof-shape"):
        root_of_inclusion(3, 7, leaf, [path[0] + path[1][:1], path[1][1:], path[2]])


def test_the_largest_tree_has_a_root() -> None:
    assert len(root_of_inclusion(0, MAX_SIZE, H, [H] * 53)) == HASH_LENGTH
    with refused("proof-shape"):
        root_of_inclusion(0, MAX_SIZE, H, [H] * 54)


# consistency (2.1.4)


def check_extended(size1: int, size2: int) -> None:
    """What the textbook makes holds, and does so by its own steps too."""
    path = LOG.proof(size1, size2)
    check_consistency(size1, size2, path, root(size1), root(size2))
    if size1 < size2:
        assert consistency_holds(size1, size2, path, root(size1), root(size2))


def test_every_small_tree_extends_every_smaller_one() -> None:
    for size2 in range(1, SMALL):
        for size1 in range(1, size2 + 1):
            check_extended(size1, size2)


@given(sizes, st.data())
def test_a_tree_extends_each_smaller_one(size2: int, data: st.DataObject) -> None:
    check_extended(data.draw(st.integers(1, size2)), size2)


@pytest.mark.parametrize(("size1", "size2"), [(1, 2), (3, 7), (4, 7), (6, 8), (7, 8), (4, 11)])
def test_every_change_of_one_bit_shows(size1: int, size2: int) -> None:
    path, root1, root2 = LOG.proof(size1, size2), root(size1), root(size2)
    for changed in flips(root1):
        with refused("root-mismatch", "consistency proof"):
            check_consistency(size1, size2, path, changed, root2)
    for changed in flips(root2):
        with refused("root-mismatch", "consistency proof"):
            check_consistency(size1, size2, path, root1, changed)
    for other in flipped_paths(path):
        with refused("root-mismatch", "consistency proof"):
            check_consistency(size1, size2, other, root1, root2)


@given(sizes.filter(lambda size: size > 1), st.data())
def test_a_tree_with_another_entry_extends_nothing(size2: int, data: st.DataObject) -> None:
    """An entry before ``size1`` is another one: each of both roots has a path of its own."""
    size1 = data.draw(st.integers(1, size2 - 1))
    forged = Frontier.empty().append([H, *leaves(1, size2)]).root()
    for root1, root2 in ((root(size1), forged), (forged, root(size2))):
        with refused("root-mismatch"):
            check_consistency(size1, size2, LOG.proof(size1, size2), root1, root2)


def test_trees_of_one_size_are_the_same_or_are_not_consistent() -> None:
    check_consistency(7, 7, [], root(7), root(7))
    with refused("root-mismatch", "consistency proof"):
        check_consistency(7, 7, [], root(7), root(8))
    with refused("proof-shape", "consistency proof"):
        check_consistency(7, 7, [root(7)], root(7), root(7))


@pytest.mark.parametrize(
    ("size1", "size2"),
    [(0, 7), (0, 0), (-1, 7), (8, 7), (7, MAX_SIZE + 1), (MAX_SIZE + 1, MAX_SIZE + 1), (1, 0)],
)
def test_there_are_no_such_two_trees(size1: int, size2: int) -> None:
    for count in range(66):
        with refused("proof-shape", "consistency proof"):
            check_consistency(size1, size2, [H] * count, EMPTY_ROOT, EMPTY_ROOT)


@pytest.mark.parametrize(("size1", "size2"), [(1, 2), (3, 7), (4, 7), (6, 8), (7, 8)])
def test_a_consistency_path_has_exactly_the_hashes_for_both_sizes(size1: int, size2: int) -> None:
    path = LOG.proof(size1, size2)
    for other in ([], path[1:], path[:-1], [root(size1), *path], [*path, root(size2)]):
        if other != path:
            with refused("proof-shape", "consistency proof"):
                check_consistency(size1, size2, other, root(size1), root(size2))


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33)])
@pytest.mark.parametrize(("size1", "size2"), [(3, 7), (4, 7), (7, 7)])
def test_a_hash_of_a_consistency_proof_has_32_bytes(size1: int, size2: int, wrong: bytes) -> None:
    path = LOG.proof(size1, size2)
    for position in range(len(path)):
        other = [*path[:position], wrong, *path[position + 1 :]]
        with refused("proof-shape", "consistency proof"):
            check_consistency(size1, size2, other, root(size1), root(size2))
    for roots in ((wrong, root(size2)), (root(size1), wrong), (wrong, wrong)):
        with refused("proof-shape", "consistency proof"):
            check_consistency(size1, size2, path, *roots)


# the right edge


def test_the_tree_without_entries() -> None:
    assert Frontier.empty() == Frontier(0, ())
    assert Frontier.empty().root() == EMPTY_ROOT
    assert Frontier.empty().append([]) == Frontier.empty()


@given(st.integers(0, 3000), st.data())
def test_what_is_appended_in_parts_is_one_tree(size: int, data: st.DataObject) -> None:
    middle = data.draw(st.integers(0, size))
    first = Frontier.empty().append(leaves(0, middle))
    whole = first.append(iter(leaves(middle, size)))
    assert (first.size, first.root()) == (middle, root(middle))
    assert (whole.size, whole.root()) == (size, root(size))
    assert whole == Frontier.empty().append(leaves(0, size))
    assert whole == Frontier(whole.size, whole.hashes)


def test_its_hashes_are_the_perfect_subtrees_from_the_largest_on() -> None:
    one_by_one = Frontier.empty()
    for size in range(1, SMALL):
        one_by_one = one_by_one.append(leaves(size - 1, size))
        expected, start = [], 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                expected.append(LOG.mth(start, start + 2**height))
                start += 2**height
        assert one_by_one.hashes == tuple(expected)


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (-1, ()),
        (-1, (H,)),
        (0, (H,)),
        (1, ()),
        (3, (H,)),
        (3, (H, H, H)),
        (4, (H, H)),
        (MAX_SIZE + 1, (H,)),
        (3, (H, H[:-1])),
        (3, (H + b"\0", H)),
    ],
)
def test_no_tree_has_such_an_edge(size: int, hashes: tuple[bytes, ...]) -> None:
    with refused("proof-shape", "frontier"):
        Frontier(size, hashes)


def test_a_tree_has_an_end() -> None:
    full = Frontier(MAX_SIZE, (H,) * 53)
    assert full.append([]) == full
    with refused("proof-shape", "frontier"):
        full.append([H])


@pytest.mark.parametrize("wrong", [[b""], [H, H[1:]], [H + b"\0", H[1:]], [H, bytes(64)]])
def test_only_hashes_are_appended(wrong: list[bytes]) -> None:
    with refused("proof-shape", "frontier"):
        Frontier.empty().append(wrong)
