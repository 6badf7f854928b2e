"""Merkle trees (RFC 9162, 2.1): hashes, inclusion and consistency proofs, the right edge of a tree.

A proof is checked against a root that the caller believes, and the size with it: one root is led to
by the same path in trees of several sizes.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct

from signedcert.core.encoding import MAX_INTEGER
from signedcert.errors import MalformedError

HASH_LENGTH = 32
#: A manifest names sizes in JSON, where integers go no further. No path is longer than 53 hashes.
MAX_SIZE = MAX_INTEGER
#: Of the tree without entries (2.1.1).
EMPTY_ROOT = hashlib.sha256(b"").digest()

_LEAF, _NODE = b"\0", b"\1"  # so that no entry has the hash of a node (2.1.1)
_PAIR = Struct(f"{2 * HASH_LENGTH}s")
#: Left siblings only.
_ALL = -1
_INCLUSION, _CONSISTENCY, _FRONTIER = "inclusion proof", "consistency proof", "frontier"


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry (2.1.1)."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node above two others (2.1.1)."""
    return hashlib.sha256(_NODE + left + right).digest()


def parents(row: bytes) -> bytes:
    """The hashes of the nodes above a row of hashes that are written one behind the other, the
    first of which is a left one. A last one without a sibling is left out.
    """
    sha256 = hashlib.sha256
    pairs = _PAIR.iter_unpack(row[: len(row) // _PAIR.size * _PAIR.size])
    return b"".join([sha256(_NODE + pair).digest() for (pair,) in pairs])


def root_of_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root to which ``path`` leads from the leaf hash of entry ``index``, counted from 0, in a
    tree of ``size`` entries (2.1.3.2). Whether it is the tree's is not known yet.

    Raises MalformedError ``proof-shape`` unless ``0 <= index < size <= MAX_SIZE``, hashes have 32
    bytes, and there are exactly as many as lead from there to a root.
    """
    return climb(leaf, path, sides(index, check_path(index, size, leaf, path)))


def check_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> int:
    """Returns if ``path`` has the shape of one from entry ``index`` to the root: how many of its
    hashes come before the right edge of the tree. Up to there, the nodes on the way are perfect
    subtrees.

    Raises MalformedError ``proof-shape`` as ``root_of_inclusion``.
    """
    if not 0 <= index < size <= MAX_SIZE:
        message = f"entry {index} of {size}; 0 <= index < size <= {MAX_SIZE} is expected"
        raise MalformedError("proof-shape", message, where=_INCLUSION)
    inner, border = _lengths(index, size - 1)
    _check_count(path, inner + border, _INCLUSION)
    _check_lengths((leaf, *path), _INCLUSION)
    return inner


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Returns if ``root`` is that of a tree with this leaf hash at ``index`` (2.1.3.2).

    Raises MalformedError: ``proof-shape`` as ``root_of_inclusion``, and for a root of another
    length; ``root-mismatch`` if the path leads to another one.
    """
    _check_lengths((root,), _INCLUSION)
    if root_of_inclusion(index, size, leaf, path) != root:
        message = f"entry {index} is not in the tree of {size} entries with this root"
        raise MalformedError("root-mismatch", message, where=_INCLUSION)


def check_consistency(
    size1: int, size2: int, path: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Returns if the tree of ``size2`` entries with ``root2`` begins with the ``size1`` entries of
    that with ``root1`` (2.1.4.2). Two trees of one size are consistent if their roots are equal.

    Raises MalformedError: ``proof-shape`` unless ``0 < size1 <= size2 <= MAX_SIZE``, hashes have 32
    bytes and their number is the one for these sizes; ``root-mismatch`` if the path leads to
    another root. Of an empty tree nothing can be shown: every tree extends it.
    """
    if not 0 < size1 <= size2 <= MAX_SIZE:
        message = f"{size1} and {size2} entries; 0 < size1 <= size2 <= {MAX_SIZE} is expected"
        raise MalformedError("proof-shape", message, where=_CONSISTENCY)
    _check_lengths((root1, root2, *path), _CONSISTENCY)
    if size1 == size2:
        _check_count(path, 0, _CONSISTENCY)
        _check_same_root(root1, root2, size2)
    else:
        _check_extended(size1, size2, path, root1, root2)


def _check_extended(
    size1: int, size2: int, path: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """For ``size1 < size2``. The path starts at the last perfect subtree of the smaller tree."""
    height = (size1 & -size1).bit_length() - 1
    index = (size1 - 1) >> height
    inner, border = _lengths(index, (size2 - 1) >> height)
    perfect = index == 0  # that subtree is all of the smaller tree, so its hash is root1
    _check_count(path, inner + border + (not perfect), _CONSISTENCY)
    first, *others = (root1, *path) if perfect else path
    left = sides(index, inner)
    on_the_left = [node for position, node in enumerate(others) if left >> position & 1]
    _check_same_root(climb(first, on_the_left, _ALL), root1, size1)
    _check_same_root(climb(first, others, left), root2, size2)


def _lengths(index: int, last: int) -> tuple[int, int]:
    """How many hashes lead from node ``index`` to the root, in a row that ends with node ``last``:
    first up to where their ways meet, then along the right edge, where only left siblings count.
    """
    inner = (index ^ last).bit_length()
    return inner, (index >> inner).bit_count()


def sides(index: int, inner: int) -> int:
    """Which hashes of a path from node ``index`` are left siblings, a bit for each: by the bits of
    the index, and all at the right edge, from number ``inner`` on.
    """
    return index | _ALL << inner


def climb(node: bytes, path: Iterable[bytes], left: int) -> bytes:
    """Where a path leads, or a piece of it; bit 0 of ``left`` says whether its first hash is a left
    sibling.
    """
    sha256 = hashlib.sha256
    for sibling in path:
        pair = sibling + node if left & 1 else node + sibling
        node = sha256(_NODE + pair).digest()
        left >>= 1
    return node


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the hashes of the perfect subtrees that its ``size`` entries make
    up, the largest, which is the first, in front. It is all that it takes to append.

    Raises MalformedError ``proof-shape`` for hashes that no tree of this size has.
    """

    size: int
    hashes: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            message = f"{self.size} entries; 0 <= size <= {MAX_SIZE} is expected"
            raise MalformedError("proof-shape", message, where=_FRONTIER)
        _check_count(self.hashes, self.size.bit_count(), _FRONTIER)
        _check_lengths(self.hashes, _FRONTIER)

    @classmethod
    def empty(cls) -> "Frontier":
        """That of the tree without entries."""
        return cls(0, ())

    @classmethod
    def parse(cls, size: int, data: bytes) -> "Frontier":
        """That of a tree of ``size`` entries, as ``encode`` writes it."""
        starts = range(0, len(data), HASH_LENGTH)
        return cls(size, tuple(data[start : start + HASH_LENGTH] for start in starts))

    def encode(self) -> bytes:
        """The hashes, one behind the other."""
        return b"".join(self.hashes)

    def root(self) -> bytes:
        """The root of the tree (2.1.1)."""
        return _over(self.hashes) if self.hashes else EMPTY_ROOT

    def path(self, number: int) -> list[bytes]:
        """What leads to the root from one of the subtrees; the largest is number 0."""
        right = self.hashes[number + 1 :]
        return [*([_over(right)] if right else []), *reversed(self.hashes[:number])]

    def append(self, leaf_hashes: Iterable[bytes]) -> "Frontier":
        """That of the tree with these leaf hashes behind its own. Raises MalformedError
        ``proof-shape``: a hash that has not 32 bytes, more than MAX_SIZE entries.
        """
        leaves = list(leaf_hashes)
        _check_lengths(leaves, _FRONTIER)
        size = self.size + len(leaves)
        edge, hashes = list(self.hashes), []
        row = b"".join(leaves)
        for height in range(size.bit_length()):
            if self.size >> height & 1:
                row = edge.pop() + row
            if size >> height & 1:
                hashes.append(row[-HASH_LENGTH:])
            row = parents(row)
        return Frontier(size, tuple(reversed(hashes)))


def _over(hashes: Sequence[bytes]) -> bytes:
    """The node above subtrees, each of which is smaller than the one before."""
    *others, last = hashes
    return climb(last, reversed(others), _ALL)


def _check_count(hashes: Sequence[bytes], count: int, where: str) -> None:
    if len(hashes) != count:
        message = f"{len(hashes)} hashes, and {count} are expected"
        raise MalformedError("proof-shape", message, where=where)


def _check_lengths(hashes: Iterable[bytes], where: str) -> None:
    for one in hashes:
        if len(one) != HASH_LENGTH:
            message = f"a hash of {len(one)} bytes, and each has {HASH_LENGTH}"
            raise MalformedError("proof-shape", message, where=where)


def _check_same_root(led_to: bytes, root: bytes, size: int) -> None:
    if led_to != root:
        message = f"it leads to another tree of {size} entries than the one with this root"
        raise MalformedError("root-mismatch", message, where=_CONSISTENCY)
