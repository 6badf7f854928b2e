"""The status lists of ten million documents, of which one in a thousand was revoked."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.reference import AT, make_world
from tests.registry.test_registry import row

from benchmarks.ground import PLACE
from benchmarks.measure import Figure, Scale, Section, at_most
from signedcert.custody.private import PrivateKey
from signedcert.publish.folder import PublishedFolder
from signedcert.publish.publisher import Publisher
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry
from signedcert.registry.statuses import StatusChange
from signedcert.trust.entries import KeyEntry, key_url
from signedcert.trust.statuslist import REVOKED

_IN_LIST = 2**20
_TOGETHER = 2000


def status_lists(scale: Scale) -> Section:
    """All lists, in both standard forms, made and signed from the registry: 200 documents for each
    row of a roster. Half of each list is decoys.
    """
    documents = 200 * scale.rows
    lists = -(-documents // (_IN_LIST // 2))
    seconds, tokens = [], 0
    with _registry(documents // 1000, lists) as registry:
        for _ in range(scale.runs):
            with TemporaryDirectory(dir=PLACE) as name:
                folder = PublishedFolder(Path(name))
                publisher = _publisher(registry, folder)
                begun = time.perf_counter()
                publisher.publish(AT + timedelta(days=30))
                seconds.append(time.perf_counter() - begun)
                found = [folder.read(f"status/{number + 1}.jwt") for number in range(lists)]
                tokens = sum(len(one or b"") for one in found)
    figures = (
        Figure("built and signed", tuple(seconds), "{:.2f} s", bar=at_most(20, tuple(seconds))),
        Figure(
            "all Token Status Lists", (tokens,), "{:,.0f} bytes", bar=at_most(50_000, (tokens,))
        ),
    )
    return Section(f"Status lists of {documents:,} documents", "on one process", figures)


@contextmanager
def _registry(revoked: int, lists: int) -> Iterator[Registry]:
    """Only those that are revoked are in it: the others are in the lists by not being there."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=PLACE) as name:
        registry = Registry.create(sqlite_url(Path(name) / "registry.sqlite"))
        try:
            places = {lists * _IN_LIST - 1, *random.sample(range(lists * _IN_LIST), revoked - 1)}
            rows = [
                row(status_list=1 + place // _IN_LIST, status_index=place % _IN_LIST)
                for place in places
            ]
            registry.add(rows)
            for start in range(0, len(rows), _TOGETHER):
                changes = [
                    StatusChange(one.code, REVOKED, "issued-in-error")
                    for one in rows[start : start + _TOGETHER]
                ]
                registry.statuses.change(changes, AT)
            yield registry
        finally:
            registry.close()


def _publisher(registry: Registry, folder: PublishedFolder) -> Publisher:
    world, snapshot = make_world(), PrivateKey.generate("Ed25519")
    public = snapshot.public_key
    url = key_url(world.manifest.iss, public)
    entry = KeyEntry(public, url, "snapshot", "active", world.manifest.issued)
    manifest = replace(world.manifest, keys=(*world.manifest.keys, entry))
    return Publisher(manifest, world.key, snapshot, registry.statuses, folder)
