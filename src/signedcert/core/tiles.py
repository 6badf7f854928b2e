"""Tiles (C2SP tlog-tiles): a log's tree and its entries in files that do not change.

Tiles are whatever the reader gives. Their lengths are looked at and nothing else: a path that they
lead to is worth as much as the root that it is checked against (``signedcert.core.merkle``).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from signedcert.core.merkle import (
    HASH_LENGTH,
    MAX_SIZE,
    Frontier,
    leaf_hash,
    parents,
)
from signedcert.errors import MalformedError

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
#: The level of entry bundles: the hashes of level 0 are those of their entries.
ENTRIES = -1
#: Of an entry of ours (docs/spec/code.md); other logs have others.
ENTRY_LENGTH = 32

_PREFIX = ENTRY_LENGTH.to_bytes(2)
_PREFIXED = len(_PREFIX) + ENTRY_LENGTH
# 15 digits are more than any tile's number has, and 99 levels more than any tree.
_NAME = re.compile(
    r"tile/(?:(0|[1-9][0-9]?)|entries)/((?:x[0-9]{3}/){0,4}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class TileName(NamedTuple):
    """Which tile of a level, counted from 0, and how many hashes are in it. At level ENTRIES it is
    an entry bundle.
    """

    level: int
    number: int
    width: int = TILE_WIDTH

    @classmethod
    def parse(cls, text: str) -> "TileName":
        """The tile with this path. Raises MalformedError ``tile-name``: another spelling than
        ``str`` gives, or a tile that no tree of at most MAX_SIZE entries has.
        """
        if match := _NAME.fullmatch(text):
            level, digits, width = match.groups()
            number = int(re.sub("[x/]", "", digits))
            name = cls(int(level or ENTRIES), number, int(width or TILE_WIDTH))
            if str(name) == text and name._end() <= MAX_SIZE:
                return name
        raise MalformedError("tile-name", f"{ascii(text)[:80]} is not the path of a tile")

    def __str__(self) -> str:
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = str(self.number)
        digits = "0" * (-len(digits) % 3) + digits
        *outer, last = (digits[i : i + 3] for i in range(0, len(digits), 3))
        path = "".join(f"x{three}/" for three in outer) + last
        partial = f".p/{self.width}" if self.width < TILE_WIDTH else ""
        return f"tile/{level}/{path}{partial}"

    @property
    def length(self) -> int:
        """How many bytes such a tile or bundle has; the full one begins with them."""
        return self.width * (_PREFIXED if self.level == ENTRIES else HASH_LENGTH)

    def _end(self) -> int:
        """The size of the smallest tree that has it."""
        return (self.number * TILE_WIDTH + self.width) << TILE_HEIGHT * max(self.level, 0)


#: Gives the bytes of a tile or bundle, ``TileName.length`` of them.
ReadTile: TypeAlias = Callable[[TileName], bytes]


def tiles_of(size: int, since: int = 0) -> Iterator[TileName]:
    """The tiles and entry bundles that a tree of ``size`` entries has and one of ``since`` had not:
    the bundles first, then level by level.

    Raises MalformedError ``proof-shape`` unless ``0 <= since <= size <= MAX_SIZE``.
    """
    _check_sizes(since, size)
    return _tiles_of(size, since)


def _tiles_of(size: int, since: int) -> Iterator[TileName]:
    for level in range(ENTRIES, _levels(size)):
        yield from _row(level, _width(level, size), _width(level, since))


def partial_tiles(size: int) -> Iterator[TileName]:
    """Of the tiles and entry bundles that a tree of ``size`` entries has, those that are not full:
    at most one of a level.
    """
    for level in range(ENTRIES, _levels(size)):
        width = _width(level, size)
        if width % TILE_WIDTH:
            yield TileName(level, width >> TILE_HEIGHT, width % TILE_WIDTH)


def _row(level: int, width: int, since: int) -> Iterator[TileName]:
    """The tiles of a level that is ``width`` hashes wide, less those from when it was ``since``."""
    if width > since:
        for start in range(since - since % TILE_WIDTH, width, TILE_WIDTH):
            yield TileName(level, start >> TILE_HEIGHT, min(TILE_WIDTH, width - start))


def _levels(size: int) -> int:
    """How many levels with hashes there are."""
    return -(-size.bit_length() // TILE_HEIGHT)


def _width(level: int, size: int) -> int:
    """How many entries, or hashes of full subtrees, a level has."""
    return size >> TILE_HEIGHT * max(level, 0)


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle. Raises MalformedError ``tile-shape``: an entry that has not 32 bytes."""
    for entry in entries:
        if len(entry) != ENTRY_LENGTH:
            message = f"an entry of {len(entry)} bytes, and each has {ENTRY_LENGTH}"
            raise MalformedError("tile-shape", message)
    return b"".join([_PREFIX + entry for entry in entries])


def parse_entries(bundle: bytes, width: int, where: str = "") -> list[bytes]:
    """The ``width`` entries of a bundle, 1 to 256.

    Guarantee: ``encode_entries(result)`` is ``bundle`` again.
    Raises MalformedError ``tile-shape``: not exactly so many entries of 32 bytes.
    """
    if 1 <= width <= TILE_WIDTH and len(bundle) == width * _PREFIXED:
        starts = range(len(_PREFIX), len(bundle), _PREFIXED)
        entries = [bundle[start : start + ENTRY_LENGTH] for start in starts]
        if encode_entries(entries) == bundle:
            return entries
    message = f"these are not {width} entries of {ENTRY_LENGTH} bytes, and 1 to 256 are in a bundle"
    raise MalformedError("tile-shape", message, where=where)


def append(size: int, entries: Sequence[bytes], read: ReadTile) -> Iterator[tuple[TileName, bytes]]:
    """All that is written when a tree of ``size`` entries gets these ones: the ``tiles_of`` the
    larger tree, in that order, with their bytes. Of the smaller one, only partial tiles are read.

    Raises MalformedError: ``proof-shape`` for more than MAX_SIZE entries; ``tile-shape`` for an
    entry, or a tile that is read, of another length.
    What is read is continued, whatever it holds: compare ``root(size, read)`` with the signed one.
    """
    _check_sizes(size, size + len(entries))
    return _append(size, encode_entries(entries), b"".join(map(leaf_hash, entries)), read)


def _append(
    since: int, bundles: bytes, row: bytes, read: ReadTile
) -> Iterator[tuple[TileName, bytes]]:
    size = since + len(row) // HASH_LENGTH
    yield from _fill(ENTRIES, size, since, bundles, read)
    for level in range(_levels(size)):
        tiles = list(_fill(level, size, since, row, read))
        yield from tiles
        row = b"".join([_root(tile) for name, tile in tiles if name.width == TILE_WIDTH])


def _fill(
    level: int, size: int, since: int, data: bytes, read: ReadTile
) -> Iterator[tuple[TileName, bytes]]:
    """The tiles of a level that ``data`` adds, the first one with what was in it before."""
    before = _width(level, since)
    if data and before % TILE_WIDTH:
        partial = TileName(level, before >> TILE_HEIGHT, before % TILE_WIDTH)
        data = _read(partial, read) + data
    start = 0
    for name in _row(level, _width(level, size), before):
        yield name, data[start : start + name.length]
        start += name.length


def root(size: int, read: ReadTile) -> bytes:
    """The root of the tree of ``size`` entries. For what is refused see ``TiledTree``."""
    return TiledTree(size, read).root()


def frontier(size: int, read: ReadTile) -> Frontier:
    """The right edge of the tree of ``size`` entries, likewise."""
    return TiledTree(size, read).frontier()


def inclusion_path(index: int, size: int, read: ReadTile) -> list[bytes]:
    """The path from entry ``index`` to the root of a tree of ``size`` entries, likewise."""
    return TiledTree(size, read).inclusion_path(index)


def consistency_path(size1: int, size2: int, read: ReadTile) -> list[bytes]:
    """The path that shows that a tree of ``size2`` entries extends one of ``size1``, likewise."""
    return TiledTree(size2, read).consistency_path(size1)


class TiledTree:
    """A tree of ``size`` entries, in tiles that ``read`` gives.

    What was read once is kept, in twice the bytes: for many paths, ask one tree. Only tiles are
    read that the tree has, partial ones where it has these, and fewer if ``frontier`` is known.
    Raises MalformedError, as do the methods: ``proof-shape`` for a size, or an entry, that there is
    not, and for the frontier of another size; ``tile-shape`` for a tile that is not exactly as long
    as it has to be.
    """

    def __init__(self, size: int, read: ReadTile, frontier: Frontier | None = None) -> None:
        _check_sizes(0, size)
        if frontier is not None and frontier.size != size:
            message = f"a frontier of {frontier.size} entries, and the tree has {size}"
            raise MalformedError("proof-shape", message)
        self.size = size
        self._read = read
        self._frontier = frontier
        self._partial: dict[int, bytes] = {}  # there is at most one of a level
        self._rows: dict[tuple[int, int], list[bytes]] = {}
        self._above: dict[int, list[bytes]] = {}  # what all paths from one full tile end with

    def root(self) -> bytes:
        """The root, from the tiles at the right edge."""
        return self.frontier().root()

    def frontier(self) -> Frontier:
        """The right edge."""
        if self._frontier is None:
            heights = [h for h in range(self.size.bit_length()) if self.size >> h & 1]
            hashes = [self._node(height, (self.size >> height) - 1, height) for height in heights]
            self._frontier = Frontier(self.size, tuple(reversed(hashes)))
        return self._frontier

    def inclusion_path(self, index: int) -> list[bytes]:
        """The path from entry ``index`` to the root (RFC 9162, 2.1.3.1)."""
        if not 0 <= index < self.size:
            message = f"entry {index}; 0 <= index < {self.size} is expected"
            raise MalformedError("proof-shape", message)
        number = index >> TILE_HEIGHT
        if number == self.size >> TILE_HEIGHT:  # its tile is not full
            return self._path(index, 0)
        above = self._above.get(number)
        if above is None:
            above = self._above[number] = self._path(index, TILE_HEIGHT)
        inside = index & TILE_WIDTH - 1
        starts = [(inside >> height ^ 1) * HASH_LENGTH for height in range(TILE_HEIGHT)]
        rows = zip(self._nodes(0, index - inside, TILE_WIDTH), starts, strict=True)
        return [*(row[start : start + HASH_LENGTH] for row, start in rows), *above]

    def consistency_path(self, size1: int) -> list[bytes]:
        """The path that shows that this tree extends that of its first ``size1`` entries
        (RFC 9162, 2.1.4.1), of which there is at least one.
        """
        if not 0 < size1 <= self.size:
            message = f"{size1} entries; 0 < size1 <= {self.size} is expected"
            raise MalformedError("proof-shape", message)
        if size1 == self.size:
            return []
        height = (size1 & -size1).bit_length() - 1  # of the smaller tree's last perfect subtree
        last = (size1 - 1) >> height
        first = [self._node(height, last, self._top(size1 - 1))] if last else []  # else all of it
        return first + self._path(size1 - 1, height)

    def _top(self, entry: int) -> int:
        """The height of the subtree of the frontier that has this entry."""
        return (entry ^ self.size).bit_length() - 1

    def _path(self, entry: int, lowest: int) -> list[bytes]:
        """What leads to the root from the node above ``entry`` whose height is ``lowest``: in its
        subtree of the frontier, and from there.
        """
        top = self._top(entry)
        inside = [self._node(height, entry >> height ^ 1, top) for height in range(lowest, top)]
        return inside + self.frontier().path((self.size >> top + 1).bit_count())

    def _node(self, height: int, index: int, top: int) -> bytes:
        """The root of a perfect subtree of 2**height entries, which is in one of 2**top entries of
        the frontier.
        """
        level, row = divmod(height, TILE_HEIGHT)
        width = 1 << min(top - level * TILE_HEIGHT, TILE_HEIGHT)
        first = index << row
        inside = first & width - 1
        start = (inside >> row) * HASH_LENGTH
        return self._nodes(level, first - inside, width)[row][start : start + HASH_LENGTH]

    def _nodes(self, level: int, first: int, width: int) -> list[bytes]:
        """The ``width`` hashes of a level that begin with number ``first``, a perfect subtree in
        one tile, and each row of nodes above them, but for the one in the next level.
        """
        rows = self._rows.get((level, first))
        if rows is None:
            start = (first & TILE_WIDTH - 1) * HASH_LENGTH
            tile = self._tile(level, first >> TILE_HEIGHT)
            rows = [tile[start : start + width * HASH_LENGTH]]
            while len(rows) < min(width.bit_length(), TILE_HEIGHT):
                rows.append(parents(rows[-1]))
            self._rows[level, first] = rows
        return rows

    def _tile(self, level: int, number: int) -> bytes:
        width = _width(level, self.size) - number * TILE_WIDTH
        if width >= TILE_WIDTH:
            return _read(TileName(level, number), self._read)
        if level not in self._partial:
            self._partial[level] = _read(TileName(level, number, width), self._read)
        return self._partial[level]


def _root(tile: bytes) -> bytes:
    """The hash of a full tile, which stands in the level above."""
    for _ in range(TILE_HEIGHT):
        tile = parents(tile)
    return tile


def _read(name: TileName, read: ReadTile) -> bytes:
    data = read(name)
    if len(data) != name.length:
        message = f"{len(data)} bytes, and {name.length} are expected"
        raise MalformedError("tile-shape", message, where=str(name))
    return data


def _check_sizes(since: int, size: int) -> None:
    if not 0 <= since <= size <= MAX_SIZE:
        message = f"a tree of {since} entries cannot become one of {size}, nor of over {MAX_SIZE}"
        raise MalformedError("proof-shape", message)
