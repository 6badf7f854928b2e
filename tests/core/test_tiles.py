"""Tiles, against the definition of C2SP tlog-tiles and RFC 9162's recursion."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.core.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    check_consistency,
    check_inclusion,
    leaf_hash,
)
from signedcert.core.tiles import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    ReadTile,
    TiledTree,
    TileName,
    append,
    consistency_path,
    encode_entries,
    frontier,
    inclusion_path,
    parse_entries,
    root,
    tiles_of,
)
from signedcert.errors import MalformedError
from tests.core import trees
from tests.core.refusal import outcome, refused
from tests.core.trees import LOG, LOG_SIZE, leaves

EDGES = [1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 65791, 65792, 65793, LOG_SIZE]
sizes = st.integers(1, 3000) | st.sampled_from(EDGES)


def tile(name: TileName) -> bytes:
    """What the standard defines to be in the tile, or the bundle, of the log."""
    start = name.number * TILE_WIDTH
    numbers = range(start, start + name.width)
    if name.level == ENTRIES:
        return b"".join(b"\0\x20" + trees.ENTRIES[i] for i in numbers)
    each = 256**name.level
    return b"".join(LOG.mth(i * each, (i + 1) * each) for i in numbers)


class Shelf:
    """Reads the tiles that the log of one size has, and counts how often each was read."""

    def __init__(self, size: int) -> None:
        self.names = set(tiles_of(size))
        self.read: Counter[TileName] = Counter()

    def __call__(self, name: TileName) -> bytes:
        """The tile, which the tree has."""
        assert name in self.names
        self.read[name] += 1
        return tile(name)


# names

NAMES = {
    "tile/0/000": TileName(0, 0),
    "tile/0/000.p/5": TileName(0, 0, 5),
    "tile/0/x001/x234/067": TileName(0, 1234067),
    "tile/0/999": TileName(0, 999),
    "tile/0/x001/000": TileName(0, 1000),
    "tile/1/x273/999.p/112": TileName(1, 273999, 112),
    "tile/2/000.p/1": TileName(2, 0, 1),
    "tile/3/045.p/255": TileName(3, 45, 255),
    "tile/6/000.p/31": TileName(6, 0, 31),
    "tile/entries/000": TileName(ENTRIES, 0),
    "tile/entries/x001/x234/067.p/9": TileName(ENTRIES, 1234067, 9),
    "tile/0/x035/x184/x372/x088/830": TileName(0, 2**45 - 2),
    "tile/0/x035/x184/x372/x088/831.p/255": TileName(0, 2**45 - 1, 255),
}


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_the_path_of_the_standard(text: str) -> None:
    assert TileName.parse(text) == NAMES[text]
    assert str(NAMES[text]) == text


NO_NAMES = {
    "nothing": "",
    "an address": "https://log.example/tile/0/000",
    "a slash in front": "/tile/0/000",
    "a slash behind": "tile/0/000/",
    "a line break behind": "tile/0/000\n",
    "the checkpoint": "checkpoint",
    "no number": "tile/0/",
    "no level": "tile/000",
    "an empty level": "tile//000",
    "a level with a zero in front": "tile/00/000",
    "a level below the leaves": "tile/-1/000",
    "the level of another standard": "tile/data/000",
    "the height of another standard": "tile/8/0/000",
    "entries in capitals": "tile/Entries/000",
    "a level that no tree has": "tile/7/000.p/1",
    "the highest level of the standard, which no tree has": "tile/63/000.p/1",
    "a level beyond the standard's": "tile/64/000.p/1",
    "a number of two digits": "tile/0/00",
    "a number of four digits": "tile/0/0000",
    "a number of four digits, one of them in front": "tile/0/x1/234",
    "no x in front": "tile/0/001/234",
    "an x in the last place": "tile/0/x001/x234",
    "an x alone": "tile/0/x001",
    "a capital X": "tile/0/X001/234",
    "zeros in front": "tile/0/x000/001",
    "digits of another script": "tile/0/00\u0661",
    "a sign": "tile/0/+01",
    "a width of zero": "tile/0/000.p/0",
    "a width with a zero in front": "tile/0/000.p/05",
    "the full width": "tile/0/000.p/256",
    "more than the full width": "tile/0/000.p/257",
    "a width of four digits": "tile/0/000.p/1000",
    "no width": "tile/0/000.p/",
    "a width with a sign": "tile/0/000.p/-5",
    "another suffix": "tile/0/000.q/5",
    "a capital P": "tile/0/000.P/5",
    "two widths": "tile/0/000.p/5.p/5",
    "one entry too many": "tile/0/x035/x184/x372/x088/831",
    "one hash too many": "tile/6/000.p/32",
    "a number that no tree has": "tile/0/x999/x999/x999/x999/x999/999",
    "a number without end": "tile/0/" + "x001/" * 400 + "000",
}


@pytest.mark.parametrize("what", NO_NAMES)
def test_no_other_spelling_is_a_name(what: str) -> None:
    with refused("tile-name"):
        TileName.parse(NO_NAMES[what])


@given(st.integers(ENTRIES, 6), st.integers(0, 2**45), st.integers(1, TILE_WIDTH))
def test_a_name_is_read_as_it_is_written_if_a_tree_has_it(
    level: int, number: int, width: int
) -> None:
    number >>= TILE_HEIGHT * max(level, 0)
    name = TileName(level, number, width)
    size = (number * TILE_WIDTH + width) * 256 ** max(level, 0)  # of the smallest tree that has it
    if size <= MAX_SIZE:
        assert TileName.parse(str(name)) == name
    else:
        with refused("tile-name"):
            TileName.parse(str(name))


@given(st.sampled_from(sorted(NAMES)), st.data())
def test_a_changed_name_is_refused_or_is_another_one(text: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from([*"0159x/.p\n\u0661", "x000/", "000", ".p/5", "tile/", ""]))
    changed = text[:position] + piece + text[position + data.draw(st.integers(0, 2)) :]
    name = outcome(TileName.parse, changed)
    assert str(name) == changed if isinstance(name, TileName) else name.reason == "tile-name"


# which tiles there are


def test_the_example_of_the_standard() -> None:
    """70,000 entries: 273 full tiles and one of 112; one full and one of 17; one of 1."""
    names = list(tiles_of(70_000))
    leaf_tiles = [*(TileName(0, n) for n in range(273)), TileName(0, 273, 112)]
    bundles = [name._replace(level=ENTRIES) for name in leaf_tiles]
    above = [TileName(1, 0), TileName(1, 1, 17), TileName(2, 0, 1)]
    assert names == [*bundles, *leaf_tiles, *above]


def test_the_other_example_of_the_standard() -> None:
    assert list(tiles_of(256)) == [TileName(ENTRIES, 0), TileName(0, 0), TileName(1, 0, 1)]


@pytest.mark.parametrize("size", EDGES)
def test_there_are_the_tiles_that_the_standard_defines(size: int) -> None:
    """Full ones, and one of floor(s / 256**l) mod 256, where that is not 0."""
    expected = set()
    for level in range(8):
        full, partial = divmod(size // 256**level, 256)
        expected |= {TileName(level, n) for n in range(full)}
        expected |= {TileName(level, full, partial)} if partial else set()
    expected |= {name._replace(level=ENTRIES) for name in expected if name.level == 0}
    names = list(tiles_of(size))
    assert set(names) == expected
    assert len(names) == len(expected)


@given(sizes, sizes)
@example(65536, 65537)
@example(65535, 65536)
def test_what_is_new_is_what_was_not_there(first: int, second: int) -> None:
    since, size = sorted((first, second))
    old = set(tiles_of(since))
    assert list(tiles_of(size, since)) == [name for name in tiles_of(size) if name not in old]


def test_a_tree_without_entries_has_no_tiles() -> None:
    assert list(tiles_of(0)) == []


def test_the_largest_trees_have_seven_levels() -> None:
    size = 31 * 256**6
    new = list(tiles_of(size, size - 1))
    assert [name.level for name in new] == list(range(ENTRIES, 7))
    assert new[-1] == TileName(6, 0, 31)
    assert [name.level for name in tiles_of(MAX_SIZE, MAX_SIZE - 1)] == [ENTRIES, 0]


@pytest.mark.parametrize(("size", "since"), [(-1, 0), (5, 6), (5, -1), (MAX_SIZE + 1, MAX_SIZE)])
def test_there_are_no_tiles_of_such_trees(size: int, since: int) -> None:
    with refused("proof-shape"):
        tiles_of(size, since)


# entry bundles


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=TILE_WIDTH))
def test_entries_stand_behind_their_lengths(entries: list[bytes]) -> None:
    bundle = encode_entries(entries)
    assert bundle == b"".join(len(one).to_bytes(2, "big") + one for one in entries)
    assert parse_entries(bundle, len(entries)) == entries
    assert TileName(ENTRIES, 0, len(entries)).length == len(bundle)


ENTRY = bytes(range(32))
TWO = encode_entries([ENTRY, ENTRY])
NO_BUNDLES = {
    "nothing": (b"", 0),
    "no entry at all": (b"", 1),
    "fewer entries": (TWO, 3),
    "more entries": (TWO, 1),
    "a negative number of them": (b"", -1),
    "a byte behind": (TWO + b"\0", 2),
    "a byte missing": (TWO[:-1], 2),
    "a length only": (b"\0\x20", 1),
    "an entry of 31 bytes": (b"\0\x1f" + ENTRY[:31] + b"\0", 1),
    "one of 31 and one of 33 bytes": (
        b"\0\x1f" + ENTRY[:31] + b"\0\x21" + ENTRY + b"\0",
        2,
    ),
    "an entry of 64 bytes and more": (b"\0\x42" + TWO[2:], 2),
    "an empty entry": (b"\0\0", 1),
    "a length with the last byte first": (b"\x20\0" + ENTRY, 1),
    "a second length that is none": (TWO[:34] + b"\1\x20" + ENTRY, 2),
    "more than a bundle holds": (encode_entries([ENTRY] * 257), 257),
}


@pytest.mark.parametrize("what", NO_BUNDLES)
def test_such_bytes_are_no_bundle(what: str) -> None:
    bundle, width = NO_BUNDLES[what]
    with refused("tile-shape", "tile/entries/000"):
        parse_entries(bundle, width, "tile/entries/000")


@pytest.mark.parametrize("wrong", [b"", ENTRY[1:], ENTRY + b"\0", ENTRY * 2])
def test_only_entries_of_32_bytes_are_written(wrong: bytes) -> None:
    with refused("tile-shape"):
        encode_entries([ENTRY, wrong])
    with refused("tile-shape"):
        append(0, [ENTRY, wrong], tile)


# appending


@given(st.integers(0, 3000), st.integers(0, 3000))
@example(255, 257)
@example(65535, 65537)
@example(65536, 65536)
@example(0, LOG_SIZE)
def test_what_is_appended_is_what_the_standard_defines(first: int, second: int) -> None:
    since, size = sorted((first, second))
    written = list(append(since, trees.ENTRIES[since:size], Shelf(since)))
    assert [name for name, _ in written] == list(tiles_of(size, since))
    assert all(data == tile(name) for name, data in written)


def test_a_log_that_grows_has_the_tree_of_its_entries() -> None:
    store: dict[TileName, bytes] = {}
    for since, size in pairwise([0, 1, 1, 200, 256, 300, 1024, 1025, 65536, LOG_SIZE]):
        store |= append(since, trees.ENTRIES[since:size], store.__getitem__)
        assert root(size, store.__getitem__) == trees.root(size)
    assert set(tiles_of(LOG_SIZE)) <= store.keys()


def test_of_the_smaller_tree_only_partial_tiles_are_read() -> None:
    shelf = Shelf(65836)
    list(append(65836, trees.ENTRIES[:500], shelf))
    assert set(shelf.read) == {
        TileName(ENTRIES, 257, 44),
        TileName(0, 257, 44),
        TileName(1, 1, 1),
    }


def test_a_level_that_does_not_grow_is_not_read() -> None:
    shelf = Shelf(65836)
    list(append(65836, trees.ENTRIES[:1], shelf))
    assert {name.level for name in shelf.read} == {ENTRIES, 0}


def test_nothing_is_written_for_no_entries() -> None:
    assert list(append(300, [], Shelf(300))) == []


@pytest.mark.parametrize(("size", "count"), [(-1, 0), (-1, 1), (MAX_SIZE, 1), (MAX_SIZE - 1, 2)])
def test_there_is_no_such_tree_to_append_to(size: int, count: int) -> None:
    with refused("proof-shape"):
        append(size, [ENTRY] * count, tile)


# reading


@pytest.mark.parametrize("size", EDGES)
def test_root_and_right_edge_come_from_tiles(size: int) -> None:
    assert root(size, Shelf(size)) == trees.root(size)
    assert frontier(size, Shelf(size)).root() == trees.root(size)


@given(st.integers(0, 3000))
def test_the_right_edge_is_that_of_the_leaves(size: int) -> None:
    assert frontier(size, Shelf(size)) == Frontier.empty().append(leaves(0, size))
    assert root(size, Shelf(size)) == trees.root(size)


def test_the_tree_without_entries_is_read_without_tiles() -> None:
    assert root(0, Shelf(0)) == EMPTY_ROOT
    assert frontier(0, Shelf(0)) == Frontier.empty()


@given(sizes, st.data())
def test_an_inclusion_path_is_that_of_the_standard(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, Shelf(size))
    assert path == LOG.path(index, size)
    check_inclusion(index, size, leaf_hash(trees.ENTRIES[index]), path, trees.root(size))


@pytest.mark.parametrize("size", EDGES)
def test_inclusion_paths_where_tiles_meet(size: int) -> None:
    tree = TiledTree(size, Shelf(size))
    for index in {0, 1, *(edge + step for edge in EDGES for step in (-1, 0, 1)), size - 1}:
        if 0 <= index < size:
            assert tree.inclusion_path(index) == LOG.path(index, size)


@given(sizes, sizes)
def test_a_consistency_path_is_that_of_the_standard(first: int, second: int) -> None:
    size1, size2 = sorted((first, second))
    path = consistency_path(size1, size2, Shelf(size2))
    assert path == LOG.proof(size1, size2)
    check_consistency(size1, size2, path, trees.root(size1), trees.root(size2))


@pytest.mark.parametrize("size2", EDGES)
def test_consistency_paths_where_tiles_meet(size2: int) -> None:
    tree = TiledTree(size2, Shelf(size2))
    for size1 in {edge + step for edge in EDGES for step in (-1, 0, 1)}:
        if 0 < size1 <= size2:
            assert tree.consistency_path(size1) == LOG.proof(size1, size2)


def test_one_tree_reads_each_tile_once() -> None:
    shelf = Shelf(LOG_SIZE)
    tree = TiledTree(LOG_SIZE, shelf)
    for index in range(65_000, LOG_SIZE):
        tree.inclusion_path(index)
    tree.root()
    tree.frontier()
    assert set(shelf.read.values()) == {1}
    assert set(shelf.read) == {
        *(TileName(0, number) for number in range(65_000 // 256, 257)),
        *(TileName(0, 257, 44), TileName(1, 0), TileName(1, 1, 1), TileName(2, 0, 1)),
    }


def test_a_path_takes_the_tiles_that_it_leads_through_and_those_of_the_frontier() -> None:
    shelf = Shelf(LOG_SIZE)
    inclusion_path(1000, LOG_SIZE, shelf)
    beside = {TileName(0, 257, 44), TileName(1, 1, 1), TileName(2, 0, 1)}
    assert set(shelf.read) == {TileName(0, 3), TileName(1, 0), *beside}


def test_who_knows_the_frontier_reads_only_what_a_path_leads_through() -> None:
    shelf, edge = Shelf(LOG_SIZE), frontier(LOG_SIZE, Shelf(LOG_SIZE))
    tree = TiledTree(LOG_SIZE, shelf, edge)
    assert (tree.frontier(), tree.root()) == (edge, trees.root(LOG_SIZE))
    assert not shelf.read
    assert tree.inclusion_path(1000) == LOG.path(1000, LOG_SIZE)
    assert set(shelf.read) == {TileName(0, 3), TileName(1, 0)}
    assert tree.inclusion_path(LOG_SIZE - 1) == LOG.path(LOG_SIZE - 1, LOG_SIZE)
    assert set(shelf.read) == {TileName(0, 3), TileName(1, 0), TileName(0, 257, 44)}


@given(sizes, st.data())
def test_paths_are_the_same_with_the_frontier(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tree = TiledTree(size, Shelf(size), frontier(size, Shelf(size)))
    assert tree.inclusion_path(index) == LOG.path(index, size)
    assert tree.consistency_path(index + 1) == LOG.proof(index + 1, size)


def test_the_frontier_of_another_size_is_not_taken() -> None:
    with refused("proof-shape"):
        TiledTree(300, tile, frontier(299, Shelf(299)))


@pytest.mark.parametrize("index", [-1, 300, 301, MAX_SIZE])
def test_there_is_no_path_from_an_entry_that_there_is_not(index: int) -> None:
    with refused("proof-shape"):
        inclusion_path(index, 300, Shelf(300))
    with refused("proof-shape"):
        inclusion_path(0, 0, Shelf(0))


@pytest.mark.parametrize("size1", [-1, 0, 301, MAX_SIZE])
def test_there_is_no_path_from_such_a_tree(size1: int) -> None:
    with refused("proof-shape"):
        consistency_path(size1, 300, Shelf(300))


@pytest.mark.parametrize("size", [-1, MAX_SIZE + 1])
def test_there_is_no_such_tree_in_tiles(size: int) -> None:
    with refused("proof-shape"):
        TiledTree(size, tile)


@pytest.mark.parametrize("change", [b"", b"\0", bytes(32)])
@pytest.mark.parametrize("name", [TileName(0, 0), TileName(0, 1, 44), TileName(1, 0, 1)])
def test_a_tile_has_exactly_its_length(name: TileName, change: bytes) -> None:
    def damaged(wanted: TileName) -> bytes:
        data = tile(wanted)
        return data if wanted != name else data + change if change else data[:-1]

    tree = TiledTree(300, damaged)
    with refused("tile-shape", str(name)):
        tree.inclusion_path(0)
        tree.root()


@pytest.mark.parametrize("name", [TileName(ENTRIES, 1, 44), TileName(0, 1, 44), TileName(1, 0, 1)])
def test_a_tile_that_is_continued_has_exactly_its_length(name: TileName) -> None:
    def damaged(wanted: TileName) -> bytes:
        return tile(wanted) if wanted != name else tile(wanted)[:-1]

    with refused("tile-shape", str(name)):
        list(append(300, trees.ENTRIES[300:600], damaged))


def test_the_full_tile_is_not_taken_for_the_partial_one() -> None:
    with refused("tile-shape", "tile/0/001.p/44"):
        root(300, lambda name: tile(name._replace(width=TILE_WIDTH)))


def test_the_full_tile_begins_with_the_partial_one() -> None:
    def cut(name: TileName) -> bytes:
        return tile(name._replace(width=TILE_WIDTH) if name.level <= 0 else name)[: name.length]

    assert root(300, cut) == trees.root(300)


def test_after_a_failure_the_tile_is_asked_for_again() -> None:
    answers: list[bytes] = [b"", tile(TileName(0, 0, 5))]
    tree = TiledTree(5, lambda _: answers.pop(0))
    assert isinstance(outcome(tree.root), MalformedError)
    assert tree.root() == trees.root(5)


def test_a_reader_is_any_function_of_a_name() -> None:
    read: ReadTile = {TileName(0, 0, 1): leaf_hash(ENTRY)}.__getitem__
    assert root(1, read) == leaf_hash(ENTRY)
    with pytest.raises(KeyError):
        root(2, read)


@given(st.integers(1, 600), st.data())
def test_a_changed_tile_makes_no_proof(size: int, data: st.DataObject) -> None:
    """Whichever bit of a tile is changed: the path is the right one, or it does not hold."""
    index = data.draw(st.integers(0, size - 1))
    name = data.draw(st.sampled_from([name for name in tiles_of(size) if name.level >= 0]))
    changed = bytearray(tile(name))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = inclusion_path(index, size, lambda one: bytes(changed) if one == name else tile(one))
    if path != LOG.path(index, size):
        with refused("root-mismatch"):
            check_inclusion(index, size, leaf_hash(trees.ENTRIES[index]), path, trees.root(size))
