"""``log monitor``: what a cron job learns of the published log; and its files made again."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signedcert.home import Home
from signedcert.trust.logs import log_origin
from tests.cli.running import Done
from tests.cli.test_trust_update import website
from tests.cli.vault import Vault
from tests.institution.homes import URL, Place, publish

Run = Callable[..., Done]
LOG = log_origin(URL)


@pytest.fixture
def vault(place: Place, run: Run) -> Vault:
    """Two heads."""
    vault = Vault(place, run)
    vault.issue(0, 1)
    return vault


def look(vault: Vault, *more: object, at: object = None) -> Done:
    """One look at what is published."""
    return vault.run("log", "monitor", "--home", vault.home, "--from", at or vault.published, *more)


def kinds(done: Done) -> list[str]:
    return [one["kind"] for one in done.json["findings"]]


@pytest.mark.parametrize("over", ["a folder", "an address"])
def test_all_is_well(vault: Vault, over: str) -> None:
    saved = vault.directory / "head"
    if over == "an address":
        with website(vault.mirror()) as (address, _):
            done = look(vault, "--saved", saved, at=address)
    else:
        done = look(vault, "--saved", saved)
    assert (done.status, done.err) == (0, "")
    assert done.out == f"{LOG}: 2 entries\nIt is the registry's.\n"
    vault.issue(5)
    again = look(vault, "--saved", saved)
    assert (again.status, f"{LOG}: 3 entries, 1 of them new" in again.out) == (0, True)
    assert "extends what was seen before" in again.out
    known = look(vault, "--saved", saved, "--json")
    assert known.json == {"compared": True, "log": LOG, "size": 3, "findings": []}
    assert saved.read_text("ascii").splitlines()[1] == "3"


def test_an_entry_that_was_never_issued_is_found_and_is_not_forgotten(vault: Vault) -> None:
    saved = vault.directory / "head"
    assert look(vault, "--saved", saved).status == 0
    before = saved.read_bytes()
    log = vault.copy_log(2)
    log.append(vault.forge(vault.issue(4)[0].bundle).document.encode())
    vault.put(log, vault.published)
    for _ in range(2):
        done = look(vault, "--saved", saved)
        assert done.status == 1
        assert "WRONG: entry 2: another document is this entry in the registry" in done.err
        assert "Treat the keys as stolen" in done.err
        assert saved.read_bytes() == before
    done = look(vault, "--saved", saved, "--json")
    assert (done.status, kinds(done), done.err) == (1, ["entry-unknown"], "")
    assert done.json["findings"][0]["entry"] == 2


def test_many_findings_are_told_in_part_and_all_in_json(vault: Vault) -> None:
    log = vault.copy_log(2)
    log.fill(30)
    vault.put(log, vault.published)
    done = look(vault)
    assert (done.status, done.err.count("WRONG:"), "and 10 more" in done.err) == (1, 20, True)
    assert len(look(vault, "--json").json["findings"]) == 30


def test_another_log_than_was_seen_is_found(vault: Vault) -> None:
    saved = vault.directory / "head"
    log = vault.copy_log(1)
    log.fill(2)
    vault.put(log, vault.directory / "fork")
    shutil.copy(vault.directory / "fork" / "log" / "checkpoint", saved)
    saved.write_bytes(saved.read_bytes().partition(b"\n\n")[0] + b"\n")
    vault.issue(3, 4)
    done = look(vault, "--saved", saved, "--json")
    assert (done.status, kinds(done)) == (1, ["log-forked"])


@pytest.mark.parametrize("with_saved", [True, False])
def test_a_folder_that_was_restored_from_an_old_copy_is_found(
    vault: Vault,
    with_saved: bool,  # noqa: FBT001
) -> None:
    old, saved = vault.directory / "old", vault.directory / "head"
    shutil.copytree(vault.published, old)
    vault.issue(3)
    more = ["--saved", saved] if with_saved else []
    assert look(vault, *more).status == 0
    shutil.rmtree(vault.published)
    old.rename(vault.published)
    done = look(vault, *more)
    assert (done.status, "log-behind" in done.err) == (1, True)
    assert "Treat the keys as stolen" not in done.err
    assert kinds(look(vault, *more, "--json")) == ["log-behind"]


# What cannot be compared


def no_checkpoint(vault: Vault) -> None:
    (vault.published / "log" / "checkpoint").unlink()


def no_tile(vault: Vault) -> None:
    shutil.rmtree(vault.published / "log" / "tile" / "entries")


def others_signed(vault: Vault) -> None:
    file = vault.published / "log" / "checkpoint"
    file.write_bytes(file.read_bytes().replace(b"\n2\n", b"\n3\n"))


def damaged_head(vault: Vault) -> None:
    (vault.directory / "head").write_bytes(b"\xff\n")


UNDECIDED: dict[str, tuple[Callable[[Vault], None], str]] = {
    "no checkpoint": (no_checkpoint, "status-incomplete"),
    "no tile": (no_tile, "status-incomplete"),
    "others have signed": (others_signed, "bad-signature"),
    "the head that was kept is damaged": (damaged_head, "checkpoint-shape"),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_cannot_be_compared_is_undecided(vault: Vault, name: str) -> None:
    break_it, reason = UNDECIDED[name]
    break_it(vault)
    saved = vault.directory / "head"
    before = saved.read_bytes() if saved.exists() else None
    done = look(vault, "--saved", saved)
    assert (done.status, f"[{reason}]" in done.err) == (4, True), done.err
    assert (saved.read_bytes() if saved.exists() else None) == before
    told = look(vault, "--saved", saved, "--json")
    assert told.status == 4
    assert (told.json["compared"], told.json["error"]["reason"]) == (False, reason)


def test_nobody_who_answers_is_undecided(vault: Vault, tmp_path: Path) -> None:
    with website(tmp_path) as (address, _):
        pass
    done = look(vault, at=address)
    assert (done.status, "[network]" in done.err) == (4, True)


def test_without_a_log_there_is_nothing_to_watch(vault: Vault) -> None:
    manifest = Home.read(vault.home).history().newest
    publish(vault.place, replace(manifest, logs=(manifest.logs[0]._replace(state="void"),)))
    done = look(vault)
    assert (done.status, "[setting-invalid]" in done.err) == (2, True)


def files(vault: Vault) -> dict[Path, bytes]:
    paths = (path for path in (vault.published / "log").rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in paths if not path.name.startswith(".")}


def test_lost_files_are_made_again_in_the_same_bytes_without_a_key(vault: Vault) -> None:
    before = files(vault)
    shutil.rmtree(vault.published)
    shutil.rmtree(vault.home / "keys")
    done = vault.run("log", "rebuild", "--home", vault.home)
    assert (done.status, done.out) == (0, f"{LOG}: 2 entries, made again from the registry.\n")
    assert files(vault) == before
    assert len(before) >= 4
    again = vault.run("log", "rebuild", "--home", vault.home, "--json")
    assert (again.status, again.json) == (0, {"log": LOG, "size": 2})


def test_without_a_log_there_is_nothing_to_rebuild(vault: Vault) -> None:
    manifest = Home.read(vault.home).history().newest
    publish(vault.place, replace(manifest, logs=(manifest.logs[0]._replace(state="void"),)))
    done = vault.run("log", "rebuild", "--home", vault.home)
    assert (done.status, "[setting-invalid]" in done.err) == (2, True)
