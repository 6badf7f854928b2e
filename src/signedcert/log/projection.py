"""The tiles of a log, made from the registry."""

from collections.abc import Iterator

from signedcert.core.merkle import Frontier, check_consistency, leaf_hash
from signedcert.core.tiles import TILE_WIDTH, TiledTree, append, partial_tiles
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.log.folder import LogFolder
from signedcert.registry.log import HeadRow, LogTable

#: Entries in memory at once: a whole number of tiles.
_CHUNK = 256 * TILE_WIDTH


class Projection:
    """What is on disk of a log: the tiles of its first ``size`` entries, unless somebody has
    damaged them.
    """

    def __init__(self, table: LogTable, folder: LogFolder, size: int) -> None:
        self.size = size
        self._table = table
        self._folder = folder

    def frontier(self, size: int, before: HeadRow | None) -> Frontier:
        """That of ``size`` entries, whose tiles are on disk when this returns. The tree was shown
        to extend that of ``before``, a head that was signed. Where tiles are missing, or do not
        lead to it, all are made again.

        Raises ConfigurationError ``log-damaged``: the registry does not lead to it either.
        """
        try:
            return self._extend(size, before)
        except MalformedError:  # the tiles are not as they were
            return self.rebuild(size, before)

    def rebuild(self, size: int, before: HeadRow | None) -> Frontier:
        """The same, after all tiles were made again."""
        self._check_registry(before)
        self.size = 0
        try:
            frontier = self._extend(size, before)
            self._write_older()
        except MalformedError as error:
            raise _damaged(size) from error
        return frontier

    def _extend(self, size: int, before: HeadRow | None) -> Frontier:
        if size > self.size:
            start = self.size - self.size % TILE_WIDTH  # of a partial tile, nothing is believed
            for first, entries in self._chunks(start, size):
                self._folder.write_tiles(append(first, entries, self._folder.tile))
            self.size = size
        tree = TiledTree(size, self._folder.tile)
        if before is not None:
            path = tree.consistency_path(before.size)
            check_consistency(before.size, size, path, before.root, tree.root())
        return tree.frontier()

    def _chunks(self, start: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
        for first in range(start, size, _CHUNK):
            yield first, self._table.entries(first, min(first + _CHUNK, size))

    def _check_registry(self, before: HeadRow | None) -> None:
        """Nothing is made again from a registry that does not lead to what was signed."""
        if before is not None:
            edge = Frontier.empty()
            for _, entries in self._chunks(0, before.size):
                edge = edge.append(map(leaf_hash, entries))
            if (edge.size, edge.root()) != (before.size, before.root):
                raise _damaged(before.size)

    def _write_older(self) -> None:
        """The partial tiles of older heads, as far as no full ones have what they had."""
        last = {name[:2]: name for name in partial_tiles(self.size)}
        wanted = {name for size in self._table.roots() for name in partial_tiles(size)}
        names = [name for name in wanted if name[:2] in last]
        tiles = {place: self._folder.tile(name) for place, name in last.items()}
        self._folder.write_tiles((name, tiles[name[:2]][: name.length]) for name in names)


def _damaged(size: int) -> ConfigurationError:
    message = (
        f"the registry does not lead to the head over {size} entries that was signed, or is to be; "
        "restore its newest backup"
    )
    return ConfigurationError("log-damaged", message, where="registry")
