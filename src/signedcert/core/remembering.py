"""Many inclusion proofs under one root, checked without climbing to it each time."""

from dataclasses import dataclass, field

from signedcert.core.merkle import check_path, climb, sides
from signedcert.errors import MalformedError

#: Nodes of every fourth level are remembered: no proof climbs more than four levels to one, and
#: they are a fifteenth of the leaves.
_STEP = 4
#: Some 20 MB. Beyond them, nothing more is remembered, and every proof is still checked.
_MAX_NODES = 1 << 16


@dataclass(frozen=True, slots=True)
class RememberingTree:
    """A tree of ``size`` entries with a root that the caller believes.

    It remembers nodes that were shown to be in it, with the rest of the path from there. What is
    accepted and what is refused does not depend on what was checked before.
    """

    size: int
    root: bytes
    _known: dict[tuple[int, int], tuple[bytes, tuple[bytes, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def check(self, index: int, leaf: bytes, path: tuple[bytes, ...]) -> None:
        """Returns if the entry with this leaf hash is at ``index`` (RFC 9162, 2.1.3.2).

        Raises MalformedError ``proof-shape``, ``root-mismatch``, as ``check_inclusion`` does.
        """
        inner = check_path(index, self.size, leaf, path)
        left = sides(index, inner)
        shown = {}
        node = leaf
        for level in range(0, len(path), _STEP):
            if 0 < level < inner:
                key, found = (level, index >> level), (node, path[level:])
                known = self._known.get(key)
                if known is not None:
                    self._require(known == found, index)
                    break
                shown[key] = found
            node = climb(node, path[level : level + _STEP], left >> level)
        else:
            self._require(node == self.root, index)
        if len(self._known) < _MAX_NODES:
            self._known.update(shown)

    def _require(self, holds: bool, index: int) -> None:  # noqa: FBT001 - it is all there is
        if not holds:
            message = f"entry {index} is not in the tree of {self.size} entries with this root"
            raise MalformedError("root-mismatch", message, where="inclusion proof")
