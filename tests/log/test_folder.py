"""The files of a log: found by their names alone, and a partial tile in a larger one."""

from pathlib import Path

import pytest

from signedcert.core.tiles import ENTRIES, TileName
from signedcert.log.folder import LogFolder, landmarks_name, media_type
from tests.core.refusal import refused

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


@pytest.fixture
def folder(tmp_path: Path) -> LogFolder:
    made = LogFolder(tmp_path / "published" / "log")
    with made.alone():
        made.write_tiles([(TileName(0, 0, 3), b"abc" * 32), (TileName(0, 0, 5), b"abcde" * 32)])
        made.write_tiles([(TileName(ENTRIES, 1234067), b"e" * 34 * 256)])
        made.write_checkpoint(b"head")
        made.write_landmarks(2, b"1 a\n2 b\n")
    return made


def test_what_was_written_is_found_by_its_published_name(folder: LogFolder) -> None:
    assert folder.find("checkpoint") == folder.checkpoint() == b"head"
    assert folder.find("landmarks/2") == folder.landmarks(2) == b"1 a\n2 b\n"
    assert folder.find("tile/0/000.p/3") == b"abc" * 32
    assert folder.find("tile/entries/x001/x234/067") == b"e" * 34 * 256


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".lock",
        "tile",
        "tile/0",
        "tile/0/000",
        "tile/0/000.p",
        "tile/0/000.p/6",
        "tile/0/000.p/03",
        "tile/0/000.p/3/",
        "tile/0/../0/000.p/3",
        "/tile/0/000.p/3",
        "tile/entries/000",
        "landmarks/02",
        "landmarks/3",
        "landmarks/",
        "landmarks",
        "landmarks/\u0662",
        "Checkpoint",
        "checkpoint\n",
        "../log/checkpoint",
        "../../signedcert.toml",
        "tile/0/000.p/3\0",
    ],
)
def test_no_other_name_leads_to_a_file(folder: LogFolder, name: str) -> None:
    assert folder.find(name) is None


def test_before_anything_is_logged_there_is_nothing(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path / "log")
    assert (folder.checkpoint(), folder.landmarks(1), folder.find("tile/0/000")) == (None,) * 3
    with refused("unreadable-file", "tile/0/000"):
        folder.tile(TileName(0, 0))
    assert not folder.path.exists()


def test_a_partial_tile_is_found_in_a_larger_one(folder: LogFolder) -> None:
    assert folder.tile(TileName(0, 0, 4)) == (b"abcde" * 32)[: 4 * 32]
    with refused("unreadable-file", "tile/0/000.p/6"):
        folder.tile(TileName(0, 0, 6))


def test_a_full_tile_takes_the_place_of_all_partial_ones(folder: LogFolder) -> None:
    full = bytes(range(256)) * 32
    with folder.alone():
        folder.write_tiles([(TileName(0, 0), full)])
    assert {path.name for path in (folder.path / "tile/0").iterdir()} == {"000"}
    assert folder.tile(TileName(0, 0, 3)) == full[: 3 * 32]
    assert folder.find("tile/0/000.p/200") == full[: 200 * 32]


def test_a_tile_that_is_too_long_is_not_cut(folder: LogFolder) -> None:
    path = folder.path / "tile/0/000.p/3"
    path.write_bytes(path.read_bytes() + b"more")
    assert len(folder.tile(TileName(0, 0, 3))) == 3 * 32 + 1


def test_a_directory_in_the_place_of_a_tile_is_no_tile(folder: LogFolder) -> None:
    (folder.path / "tile/0/001").mkdir()
    with refused("unreadable-file", "tile/0/001"):
        folder.tile(TileName(0, 1))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("checkpoint", TEXT), (landmarks_name(7), TEXT), ("tile/0/000", BYTES)],
)
def test_files_are_served_as_what_they_are(name: str, expected: str) -> None:
    assert media_type(name) == expected


def test_the_folder_is_where_the_origin_says(tmp_path: Path) -> None:
    iss, place = "https://x.example", "x.example/.well-known/signedcert/"
    assert LogFolder.of(tmp_path, iss, f"{place}log").path == tmp_path / "log"
    assert LogFolder.of(tmp_path, iss, f"{place}log-2").path == tmp_path / "log-2"
