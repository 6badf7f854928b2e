"""The targets for the log: proofs, the names of tiles, entry bundles."""

from collections.abc import Sequence
from random import Random

from tests.core.rfc9162 import consistency_holds, inclusion_holds

from fuzz import mutate
from fuzz.register import hold, target
from signedcert.core.merkle import (
    HASH_LENGTH,
    MAX_SIZE,
    check_consistency,
    check_inclusion,
    root_of_inclusion,
)
from signedcert.core.tiles import (
    ENTRIES,
    ENTRY_LENGTH,
    TILE_WIDTH,
    TileName,
    append,
    encode_entries,
    parse_entries,
    tiles_of,
)
from signedcert.errors import MalformedError

_NUMBER = 8
_HEAD = 2 * _NUMBER
#: More hashes than any path has.
_MAX_PROOF = _HEAD + 64 * HASH_LENGTH
_MAX_BUNDLE = 1 + TILE_WIDTH * (2 + ENTRY_LENGTH)
_PIECES = ["", "/", "x", ".p/", "tile/", "entries", "000/", "x000/", "000", "0", "1", "63", "256"]


def join(first: int, second: int, hashes: Sequence[bytes]) -> bytes:
    """An input for proofs: two numbers of eight bytes, then hashes, two of them no part of the
    path.
    """
    return b"".join([first.to_bytes(_NUMBER), second.to_bytes(_NUMBER), *hashes])


def split(data: bytes) -> tuple[int, int, list[bytes]]:
    """The parts of an input, however short; the last hash may be no hash."""
    starts = range(_HEAD, max(len(data), _HEAD + 2 * HASH_LENGTH), HASH_LENGTH)
    numbers = int.from_bytes(data[:_NUMBER]), int.from_bytes(data[_NUMBER:_HEAD])
    return *numbers, [data[start : start + HASH_LENGTH] for start in starts]


def _mutate_proof(data: bytes, rng: Random) -> bytes:
    """Numbers near or far instead, hashes exchanged, repeated or taken out; or the bytes."""
    first, second, hashes = split(data)
    place = rng.randrange(len(hashes))
    match rng.randrange(8):
        case 0:
            return mutate.raw(data, rng)
        case 1:
            first = _near(rng.choice((first, second, MAX_SIZE)), rng)
        case 2:
            second = _near(rng.choice((first, second, MAX_SIZE)), rng)
        case 3:
            first = rng.randrange(second + 1)
        case 4:
            del hashes[place]
        case 5:
            hashes[place:place] = [rng.randbytes(HASH_LENGTH)] * rng.choice((1, 1, 2, 50))
        case 6:
            rng.shuffle(hashes)
        case _:
            hashes[place] = rng.choice(hashes)
    return join(first, second, hashes)


def _near(number: int, rng: Random) -> int:
    step = 1 << rng.randrange(64)
    changed = rng.choice((number + 1, number - 1, number ^ step, number >> 1, number << 1, step))
    return changed % 2**64


def _mutate_name(data: bytes, rng: Random) -> bytes:
    """Pieces of names put in, taken out or exchanged."""
    text = data.decode("utf-8", "replace")
    start = rng.randrange(len(text) + 1)
    stop = start + rng.choice((0, 0, 1, 3, 4))
    match rng.randrange(4):
        case 0:
            return mutate.raw(data, rng)
        case 1:
            piece = str(rng.randrange(1000))
        case 2:
            piece = rng.choice("0123456789")
            stop = start + 1
        case _:
            piece = rng.choice(_PIECES)
    return (text[:start] + piece + text[stop:]).encode()


def _are_hashes(hashes: Sequence[bytes]) -> bool:
    return all(len(one) == HASH_LENGTH for one in hashes)


@target("inclusion", _mutate_proof, _MAX_PROOF)
def check_any_inclusion(data: bytes) -> None:
    """An inclusion proof holds if it does by the steps of the standard, and leads to one root."""
    index, size, (leaf, root, *path) = split(data)
    known = size <= MAX_SIZE and _are_hashes([leaf, root, *path])
    expected = known and inclusion_holds(index, size, leaf, path, root)
    reason = None
    try:
        check_inclusion(index, size, leaf, path, root)
    except MalformedError as error:
        reason = error.reason
    hold(expected == (reason is None), "another outcome than that of the standard")
    found = root_of_inclusion(index, size, leaf, path)
    hold(size <= MAX_SIZE and _are_hashes([leaf, *path]), "of another shape")
    hold(inclusion_holds(index, size, leaf, path, found), "a root that the standard does not find")
    if _are_hashes([root]):
        hold(reason == (None if root == found else "root-mismatch"), "another reason")


@target("consistency", _mutate_proof, _MAX_PROOF)
def check_any_consistency(data: bytes) -> None:
    """A consistency proof holds if it does by the steps of the standard."""
    size1, size2, (root1, root2, *path) = split(data)
    expected = 0 < size1 <= size2 <= MAX_SIZE and _are_hashes([root1, root2, *path])
    if expected and size1 == size2:
        expected = root1 == root2 and not path
    elif expected:
        expected = consistency_holds(size1, size2, path, root1, root2)
    try:
        check_consistency(size1, size2, path, root1, root2)
    except MalformedError:
        hold(not expected, "refused without need")
    else:
        hold(expected, "accepted, and not by the standard")


@target("tile-name", _mutate_name, 4096)
def parse_tile_name(data: bytes) -> None:
    """A name has one spelling, and is that of a tile that a tree has."""
    text = data.decode("utf-8", "surrogateescape")
    name = TileName.parse(text)
    hold(str(name) == text, "not written again as it was read")
    size = (name.number * TILE_WIDTH + name.width) * TILE_WIDTH ** max(name.level, 0)
    hold(size <= MAX_SIZE, "no tree is so large")
    hold(name in list(tiles_of(size, size - 1)), "no tree has this tile")


@target("entries", mutate.raw, _MAX_BUNDLE)
def parse_any_entries(data: bytes) -> None:
    """A byte for the width, less one, and a bundle: its entries are all of it."""
    width, bundle = data[0] + 1 if data else 0, data[1:]
    expected = width > 0 and _lengths(bundle) == [ENTRY_LENGTH] * width
    try:
        entries = parse_entries(bundle, width)
    except MalformedError:
        hold(not expected, "refused without need")
        raise
    hold(expected, "accepted, and there are other entries in it")
    hold(encode_entries(entries) == bundle, "not written again as it was read")
    written = dict(append(0, entries, _read_nothing))
    hold(written[TileName(ENTRIES, 0, width)] == bundle, "another bundle is appended")


def _read_nothing(name: TileName) -> bytes:
    """In a log without entries there are no tiles."""
    raise KeyError(name)


def _lengths(bundle: bytes) -> list[int]:
    """Of the entries, which in the standard have any; one that is cut off has none."""
    lengths = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2])
        lengths.append(end - 2 if end <= len(bundle) else -1)
        bundle = bundle[end:]
    return lengths
