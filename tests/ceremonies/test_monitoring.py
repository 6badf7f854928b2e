"""What a monitor finds: a log with more, less or other entries than the registry, and a fork."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from signedcert.ceremonies.monitoring import Finding, Monitor
from signedcert.core.checkpoint import Checkpoint
from signedcert.core.jws import Header
from signedcert.core.tiles import TileName
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry
from signedcert.trust.logs import End, LogEntry
from signedcert.trust.states import State
from tests.core.refusal import refused
from tests.reference import World
from tests.reference.logs import MemoryLog
from tests.registry.test_registry import row

if TYPE_CHECKING:
    from signedcert.trust.entries import KeyEntry

SIZE = 300


def leave(_: list[int]) -> None:
    """Entries in the order in which documents came."""


@pytest.fixture
def registry(tmp_path: Path, world: World) -> Iterator[Registry]:
    """Three hundred documents of the issuing key, logged."""
    made = Registry.create(sqlite_url(tmp_path / "registry.sqlite"))
    entry = world.manifest.keys[0]
    header = Header(entry.key.algorithm, entry.url, "JWT").segment()
    made.add([row(document=f"{header}.{n}.s", status_index=n) for n in range(SIZE)])
    assert made.log().append(SIZE, leave) == SIZE
    yield made
    made.close()


@pytest.fixture
def log(registry: Registry) -> MemoryLog:
    """The log as it is published: heads at 100 and 300 entries."""
    log = MemoryLog()
    log.append_entries(registry.log().entries(0, 100))
    log.append_entries(registry.log().entries(100, SIZE))
    return log


def head(log: MemoryLog, size: int | None = None) -> Checkpoint:
    tree = log.tree(size)
    return Checkpoint(log.origin, tree.size, tree.root())


def watch(
    world: World, registry: Registry, log: MemoryLog, seen: Checkpoint | None = None, **key: object
) -> list[Finding]:
    entry = log.entry()
    keys: tuple[KeyEntry, ...] = (replace(world.manifest.keys[0], **key),)  # type: ignore[arg-type]
    manifest = replace(world.manifest, keys=keys, logs=(entry,))
    monitor = Monitor(manifest, entry, registry, head(log), log.tiles.__getitem__, seen)
    return list(monitor.findings())


def test_an_honest_log_is_found_to_be_one(world: World, registry: Registry, log: MemoryLog) -> None:
    assert watch(world, registry, log) == []
    for size in (0, 100, SIZE):
        assert watch(world, registry, log, head(log, size)) == []


def test_of_what_was_seen_no_entry_is_read_again(
    world: World, registry: Registry, log: MemoryLog
) -> None:
    asked: list[TileName] = []

    def read(name: TileName) -> bytes:
        asked.append(name)
        return log.tiles[name]

    entry: LogEntry = log.entry()
    manifest = replace(world.manifest, logs=(entry,))
    monitor = Monitor(manifest, entry, registry, head(log), read, head(log, SIZE))
    assert list(monitor.findings()) == []
    assert [name for name in asked if name.level < 0 and name.number == 0] == []


def test_an_entry_that_the_registry_does_not_know_is_found(
    world: World, registry: Registry, log: MemoryLog
) -> None:
    log.append_entries([b"forged".rjust(32)])
    for seen in (None, head(log, SIZE)):
        (found,) = watch(world, registry, log, seen)
        assert (found.kind, found.entry) == ("entry-unknown", SIZE)


def test_another_entry_in_the_place_of_one_is_found(world: World, registry: Registry) -> None:
    entries = registry.log().entries(0, SIZE)
    other = MemoryLog()
    other.append_entries([*entries[:7], b"forged".rjust(32), *entries[8:]])
    (found,) = watch(world, registry, other)
    assert (found.kind, found.entry) == ("entry-unknown", 7)


def test_a_log_that_does_not_extend_what_was_seen_is_found(
    world: World, registry: Registry, log: MemoryLog
) -> None:
    seen = Checkpoint(log.origin, 100, bytes(32))
    (found,) = watch(world, registry, log, seen)
    assert found.kind == "log-forked"


def test_a_log_that_was_taken_back_is_found(world: World, registry: Registry) -> None:
    shorter = MemoryLog()
    shorter.append_entries(registry.log().entries(0, 100))
    (found,) = watch(world, registry, shorter, Checkpoint(shorter.origin, 101, bytes(32)))
    assert (found.kind, "had 101 before" in found.message) == ("log-behind", True)


def test_entries_that_do_not_lead_to_the_head_are_found(
    world: World, registry: Registry, log: MemoryLog
) -> None:
    name = TileName(-1, 0)
    forged = bytearray(log.tiles[name])
    forged[5] ^= 1
    log.tiles[name] = bytes(forged)
    kinds = {found.kind for found in watch(world, registry, log)}
    assert kinds == {"entry-unknown", "log-forked"}


def test_a_damaged_tile_cannot_be_compared(
    world: World, registry: Registry, log: MemoryLog
) -> None:
    log.tiles[TileName(-1, 0)] = b""
    with refused("tile-shape"):
        watch(world, registry, log)


@pytest.mark.parametrize(
    ("state", "ended", "places"),
    [
        ("active", None, []),
        ("retired", None, []),
        ("retired", 290, list(range(290, SIZE))),
        ("retired", SIZE, []),
        ("pre-published", None, list(range(SIZE))),
    ],
)
def test_what_a_key_signs_outside_its_time_is_found(  # noqa: PLR0917
    world: World,
    registry: Registry,
    log: MemoryLog,
    state: State,
    ended: int | None,
    places: list[int],
) -> None:
    end = None if ended is None else End(log.origin, ended)
    found = watch(world, registry, log, state=state, ended=end)
    assert [one.entry for one in found] == places
    assert {one.kind for one in found} <= {"key-outside-its-time"}
