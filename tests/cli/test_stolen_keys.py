"""``keys compromise`` for keys that sign no documents, and the monitor of the log after it."""

from pathlib import Path

import pytest

from tests.ceremonies.council import newest, sign
from tests.cli.registrar import Registrar
from tests.institution.homes import NOW, issue_one, root_keys


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


def log_all(registrar: Registrar) -> None:
    """Logs what waits."""
    with registrar.place.open() as school:
        assert school.log is not None
        school.log.append(NOW)


def enact(registrar: Registrar, folder: Path) -> None:
    """Signed, and published."""
    sign(folder, root_keys(registrar.place))
    done = registrar.run("keys", "assemble", folder)
    assert done.status == 0, done.err


def test_a_key_of_the_log(registrar: Registrar) -> None:
    log_all(registrar)
    with registrar.place.open() as school:
        issue_one(school, learner_id="waits")
    (log,) = newest(registrar.place).logs
    key, folder = log.keys[0].thumbprint, registrar.directory / "stolen"
    told = registrar.run("keys", "compromise", key)
    assert told.status == 0
    assert told.out == (
        f"This is a key of the log {log.origin}. It counts up to its last head,\n"
        "3 entries, and nothing that is signed with its keys from now on does.\n"
        "  stay proven by it: 3\n"
        "  go into another log, once that is published: 1\n"
    )
    assert registrar.run("keys", "compromise", key, "--json").json == {
        "log": log.origin,
        "size": 3,
        "moving": 1,
    }
    done = registrar.sign("keys", "compromise", key, "--propose", folder)
    assert done.status == 0, done.err
    assert f"Log {log.origin} is compromised" in done.out, done.out
    assert f"A new log {log.origin}-2 is active" in done.out, done.out
    assert not (registrar.directory / "reissue.csv").exists()
    enact(registrar, folder)
    assert [one.state for one in newest(registrar.place).logs] == ["compromised", "active"]


def test_the_monitor_watches_the_new_log(registrar: Registrar) -> None:
    log_all(registrar)
    saved, folder = registrar.directory / "seen", registrar.directory / "stolen"
    published = registrar.place.home / "published"
    watch = ("log", "monitor", "--from", published, "--saved", saved)
    assert registrar.run(*watch).status == 0
    (log,) = newest(registrar.place).logs
    registrar.sign("keys", "compromise", log.keys[0].thumbprint, "--propose", folder)
    enact(registrar, folder)
    assert registrar.run(*watch).status == 4  # nothing is in it yet
    with registrar.place.open() as school:
        issue_one(school, learner_id="new")
    log_all(registrar)
    done = registrar.run(*watch)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"{log.origin}-2: 1 entries\n")
    assert registrar.run(*watch).out.startswith(f"{log.origin}-2: 1 entries, 0 of them new\n")
    saved.write_text(
        saved.read_text("utf-8").replace("learn.example.edu", "other.example"), "utf-8"
    )
    done = registrar.run(*watch)
    assert (done.status, "[setting-invalid]" in done.err) == (4, True)


def test_the_snapshot_key(registrar: Registrar) -> None:
    first, folder = registrar.directory / "version-2", registrar.directory / "stolen"
    registrar.sign("keys", "propose", first, "--add-snapshot-key", "--status-max-age", 14)
    enact(registrar, first)
    registrar.sign("publish")
    key = newest(registrar.place).keys[-1].key.thumbprint
    assert registrar.run("keys", "compromise", key, "--json").json == {"key": key}
    done = registrar.sign("keys", "compromise", key, "--propose", folder)
    assert (done.status, "No document falls with it." in done.out) == (0, True)
    enact(registrar, folder)
    done = registrar.sign("publish")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("option", [("--since-size", 1), ("--since", "2026-11-03")])
def test_no_cut_off_is_given_for_them(registrar: Registrar, option: tuple[str, object]) -> None:
    key = newest(registrar.place).logs[0].keys[1].thumbprint
    done = registrar.run("keys", "compromise", key, *option)
    assert (done.status, "no document falls" in done.err) == (2, True)


def test_for_an_issuing_key_one_is(registrar: Registrar) -> None:
    key = newest(registrar.place).keys[0].key.thumbprint
    done = registrar.run("keys", "compromise", key)
    assert (done.status, "say since when" in done.err) == (2, True)
