"""Landmarks come with the keys: from an address, a mirror, a folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.custody.ceremony import sign_manifest
from signedcert.trust.logs import log_origin
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.store import TrustStore
from tests.cli.running import Done
from tests.cli.test_trust_update import website
from tests.reference import ISSUER, World
from tests.reference.logs import MemoryLog
from tests.trust.publishing import lay_out

Run = Callable[..., Done]
SIZES = (5, 11)


@pytest.fixture
def log(world: World) -> MemoryLog:
    log = MemoryLog()
    log.fill(SIZES[0])
    log.append(world.document())
    log.fill(SIZES[1] - log.size)
    return log


def versions(world: World, log: MemoryLog) -> list[KeyManifest]:
    """Version 1 names no landmark yet, version 2 one, version 3 two; the log is asked for."""
    key = replace(world.manifest.keys[0], logged="anchored")
    return [
        replace(
            world.manifest,
            version=1 + count,
            keys=(key,),
            logs=(log.entry(*SIZES[:count]),),
        )
        for count in range(3)
    ]


def publish(folder: Path, world: World, log: MemoryLog, count: int) -> Path:
    """What is published once ``count`` versions are, laid out as on a website."""
    manifests = versions(world, log)[:count]
    published = folder / ".well-known" / "signedcert"
    lay_out(published, [sign_manifest(one, world.roots).jws.encode() for one in manifests])
    (published / "log" / "landmarks").mkdir(parents=True, exist_ok=True)
    for number in range(1, count):
        file = published / "log" / "landmarks" / str(number)
        file.write_bytes(log.landmarks(*SIZES[:number]).encode())
    return folder


def test_landmarks_come_with_the_keys_and_are_updated(
    run: Run, world: World, log: MemoryLog, tmp_path: Path
) -> None:
    pin, trust = versions(world, log)[0].pin, tmp_path / "trust"
    document = tmp_path / "certificate.signedcert"
    Bundle(world.document().decode(), proof=log.proof(SIZES[0])).write(document)
    site = tmp_path / "site"
    with website(publish(site, world, log, 2)) as (address, asked):
        done = run("trust", "add", address, "--pin", pin, "--trust", trust)
        assert (done.status, done.err) == (0, "")
        assert asked[-2:] == [
            f"/.well-known/signedcert/{name}" for name in ("log/landmarks/1", "snapshot.json")
        ]
        assert run("verify", document, "--trust", trust).status == 4  # the newer landmark
        asked.clear()
        assert run("trust", "update", "--from", address, "--trust", trust).status == 0
        assert not any("landmarks" in path for path in asked)  # they are known
        publish(site, world, log, 3)
        assert run("trust", "update", "--from", address, "--trust", trust).status == 0
    assert TrustStore.read(trust).landmarks == {(ISSUER, log_origin(ISSUER)): log.landmarks(*SIZES)}
    assert run("verify", document, "--trust", trust).status == 0


def test_a_source_without_the_landmarks_it_names_is_pointed_out(
    run: Run, world: World, log: MemoryLog, tmp_path: Path
) -> None:
    site, trust = publish(tmp_path / "site", world, log, 3), tmp_path / "trust"
    (site / ".well-known/signedcert/log/landmarks/2").unlink()
    added = run("trust", "add", site, "--pin", versions(world, log)[0].pin, "--trust", trust)
    assert added.status == 1
    assert "landmarks" in added.err
    assert "[status-incomplete]" in added.err
    updated = run("trust", "update", "--from", site, "--trust", trust)
    assert (updated.status, "[status-incomplete]" in updated.err) == (1, True)
    assert TrustStore.read(trust).institutions[ISSUER].newest.version == 3


def test_landmarks_that_no_manifest_vouches_for_are_refused(
    run: Run, world: World, log: MemoryLog, tmp_path: Path
) -> None:
    site, trust = publish(tmp_path / "site", world, log, 3), tmp_path / "trust"
    file = site / ".well-known/signedcert/log/landmarks/2"
    file.write_bytes(log.landmarks(5).encode() + log.landmarks(5, 6).encode()[-48:])
    done = run("trust", "add", site, "--pin", versions(world, log)[0].pin, "--trust", trust)
    assert done.status == 1
    assert "is trusted, by its keys of version 3" in done.out
    assert TrustStore.read(trust).landmarks == {}
