"""The day an issuing key is stolen, by commands, in files, with the network taken away."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.cli.offline import verify_offline
from signedcert.core.encoding import dump_json
from signedcert.custody.private import PrivateKey
from signedcert.home import Home
from signedcert.trust.logs import log_origin
from tests.cli.running import Done
from tests.cli.vault import Vault
from tests.institution.homes import URL, Place, publish

Run = Callable[..., Done]
#: Certificates are logged in the minutes 10:30, 10:31 and 10:33.
THEFT = "2026-07-01T10:31:30Z"


@pytest.fixture
def vault(place: Place, run: Run) -> Vault:
    return Vault(place, run)


def answers(vault: Vault, bundles: dict[str, Bundle]) -> dict[str, str]:
    """What a verifier says who has a trust store, and no network."""
    folder = vault.directory / "handed-in"
    folder.mkdir(exist_ok=True)
    for name, bundle in bundles.items():
        bundle.write(folder / f"{name}{SUFFIX}")
    found = verify_offline(vault.directory, str(folder))
    return {
        Path(one["file"]).stem: " ".join(filter(None, (one["verdict"], one["reason"])))
        for one in found
    }


def test_what_was_logged_before_a_theft_stays_and_no_forgery_does(run: Run, vault: Vault) -> None:
    first, second = vault.issue(0, 1)
    forged = vault.forge(first.bundle)
    fork = vault.copy_log(1)
    fork.append(forged.document.encode())
    (third,) = vault.issue(3)  # by whom nobody told yet
    fork_longer = vault.copy_log(1)
    fork_longer.append(forged.document.encode())
    fork_longer.fill(6)
    fork_beyond = vault.copy_log(2)
    fork_beyond.append(forged.document.encode())
    fork_beyond.fill(5)
    bundles = {
        "first": first.bundle,
        "second": second.bundle,
        "second-bare": second.bundle._replace(proof=None),
        "third": third.bundle,
        "forged": forged,
        "forged-neighbours-proof": forged._replace(proof=first.bundle.proof),
        "forged-on-a-fork": forged._replace(proof=fork.proof(1)),
        "forged-beyond": forged._replace(proof=fork_beyond.proof(2)),
        "forged-beneath": forged._replace(proof=fork_longer.proof(1)),
    }
    trust = vault.directory / "trust"
    pin = Home.read(vault.home).history().pin
    assert run("trust", "add", vault.mirror(), "--pin", pin, "--trust", trust).status == 0
    unnoticed = answers(vault, bundles)
    assert unnoticed["forged"] == unnoticed["third"] == "authentic"

    stolen = vault.directory / "stolen"
    done = vault.keys("compromise", vault.key.key.thumbprint, "--since", THEFT, "--propose", stolen)
    assert (done.status, done.err) == (0, "")
    assert f"Cut-off: 2 entries of {log_origin(URL)}" in done.out
    assert "of 2026-07-01 10:31:00 UTC" in done.out
    assert "stay valid: 2, logged before the cut-off" in done.out
    assert "fall:       1, logged behind it" in done.out
    assert "IT WAS STOLEN" in (stolen / "CHANGES.md").read_text("utf-8")
    with (vault.directory / "reissue.csv").open(encoding="utf-8", newline="") as file:
        assert [row["code"] for row in csv.DictReader(file)] == [str(third.code)]
    assert "do not stand any more" in vault.enact(stolen).out
    updated = run("trust", "update", "--from", vault.mirror(), "--trust", trust)
    assert (updated.status, updated.err) == (0, "")
    assert answers(vault, bundles) == {
        "first": "authentic",
        "second": "authentic",
        "second-bare": "undecided proof-missing",
        "third": "not authentic key-compromised",
        "forged": "undecided proof-missing",
        "forged-neighbours-proof": "undecided proof-invalid",
        "forged-on-a-fork": "not authentic proof-forked",
        "forged-beyond": "not authentic key-compromised",
        "forged-beneath": "undecided proof-missing",
    }
    (fourth,) = vault.issue(9)
    assert answers(vault, {"fourth": fourth.bundle})["fourth"] == "authentic"


# The plan


def test_the_plan_changes_nothing(vault: Vault) -> None:
    vault.issue(0, 1)
    kid = vault.key.key.thumbprint[:8]
    before = sorted(path.name for path in vault.directory.iterdir())
    told = vault.run("keys", "compromise", kid, "--since-size", 1, "--home", vault.home)
    assert (told.status, told.err) == (0, "")
    assert "has signed 2 documents of yours" in told.out
    assert sorted(path.name for path in vault.directory.iterdir()) == before
    known = vault.run(
        *("keys", "compromise", kid, "--since-size", 1, "--home", vault.home, "--json")
    ).json
    assert known["keys"] == [{"key": vault.key.key.thumbprint, "stays": 1, "falls": 1}]
    assert known["cutoffs"][0]["size"] == 1
    assert known["at"] == "2026-07-01T10:30:00Z"


def test_a_proposal_is_told_in_json(vault: Vault) -> None:
    vault.issue(0, 1)
    out = vault.directory / "stolen"
    kid = vault.key.key.thumbprint
    told = vault.keys("compromise", kid, "--since-size", 1, "--propose", out, "--json").json
    assert told["proposal"] == str(out)
    assert told["reissue"] == str(vault.directory / "reissue.csv")
    assert told["pin"].startswith("2:")


WRONG: dict[str, tuple[list[object], int, str]] = {
    "since when": (["KID"], 2, "say since when"),
    "twice since when": (["KID", "--since", THEFT, "--since-size", 1], 2, "say since when"),
    "no key": (["--since-size", 1], 2, "say which key was stolen"),
    "a key and all": (["KID", "--whole-home", "--since-size", 1], 2, "say which key was stolen"),
    "no time": (["KID", "--since", "yesterday"], 2, "does not match the formats"),
    "no such key": (["xxxxxxxx", "--since-size", 1], 1, "[manifest-key-missing]"),
    "so early": (["KID", "--since-size", 0], 2, "declare it void"),
    "before it began": (["KID", "--since", "2026-06-30"], 2, "[proposal-invalid]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_written(vault: Vault, name: str) -> None:
    vault.issue(0)
    arguments, status, part = WRONG[name]
    kid = vault.key.key.thumbprint
    out = vault.directory / "stolen"
    done = vault.keys(
        "compromise", *(kid if one == "KID" else one for one in arguments), "--propose", out
    )
    assert (done.status, part.lower() in done.err.lower()) == (status, True), done.err
    assert not out.exists()
    assert not (vault.directory / "reissue.csv").exists()


def test_a_snapshot_key_and_a_home_without_a_log_are_refused(vault: Vault) -> None:
    vault.issue(0)
    vault.enact(vault.propose("--add-snapshot-key", "--status-max-age", 900))
    snapshot = Home.read(vault.home).history().newest.keys[-1].key.thumbprint
    done = vault.keys("compromise", snapshot, "--since-size", 1)
    assert (done.status, "--since-size" in done.err) == (2, True), done.err
    manifest = Home.read(vault.home).history().newest
    publish(vault.place, replace(manifest, logs=(manifest.logs[0]._replace(state="void"),)))
    done = vault.keys("compromise", vault.key.key.thumbprint, "--since-size", 1)
    assert (done.status, "has no log" in done.err) == (2, True)


def test_a_list_that_is_there_is_not_written_over(vault: Vault) -> None:
    vault.issue(0)
    old = vault.directory / "reissue.csv"
    old.write_text("mine", "utf-8")
    out = vault.directory / "stolen"
    done = vault.keys("compromise", vault.key.key.thumbprint, "--since-size", 1, "--propose", out)
    assert (done.status, "move it away first" in done.err) == (2, True)
    assert (old.read_text("utf-8"), out.exists()) == ("mine", False)


def test_the_key_to_go_on_with_may_be_given(vault: Vault) -> None:
    vault.issue(0)
    given = PrivateKey.generate("Ed25519").public_key
    jwk = vault.directory / "token.jwk"
    jwk.write_bytes(dump_json(given.to_jwk()))
    out = vault.directory / "stolen"
    kid = vault.key.key.thumbprint
    done = vault.keys("compromise", kid, "--since-size", 1, "--propose", out, "--add-key", jwk)
    assert done.status == 0, done.err
    vault.enact(out)
    states = [(one.key, one.state) for one in Home.read(vault.home).history().newest.keys]
    assert states[1:] == [(given, "active")]


def test_an_announced_key_goes_on_and_no_passphrase_is_asked_for(vault: Vault) -> None:
    vault.issue(0)
    jwk = vault.directory / "token.jwk"
    jwk.write_bytes(dump_json(PrivateKey.generate("Ed25519").public_key.to_jwk()))
    vault.enact(vault.propose("--add-key", jwk))
    (vault.directory / "next").rename(vault.directory / "version-2")
    new = Home.read(vault.home).history().newest.keys[1].key.thumbprint
    out = vault.directory / "stolen"
    done = vault.run(
        *("keys", "compromise", vault.key.key.thumbprint, "--since-size", 1, "--propose", out),
        *("--activate", new, "--home", vault.home),
    )
    assert done.status == 0, done.err
    vault.enact(out)
    states = [one.state for one in Home.read(vault.home).history().newest.keys]
    assert states == ["compromised", "active"]


def test_all_keys_of_a_home_that_was_copied_go_at_once(vault: Vault) -> None:
    vault.issue(0, 1)
    vault.enact(vault.propose("--add-snapshot-key", "--status-max-age", 900))
    out = vault.directory / "stolen"
    done = vault.keys("compromise", "--whole-home", "--since", THEFT, "--propose", out, "--json")
    assert done.status == 0, done.err
    assert [one["stays"] for one in done.json["keys"]] == [2]
    vault.enact(out)
    manifest = Home.read(vault.home).history().newest
    assert sorted((one.role, one.state) for one in manifest.keys) == [
        ("issue", "active"),
        ("issue", "compromised"),
        ("snapshot", "active"),
        ("snapshot", "void"),
    ]
    assert [log.state for log in manifest.logs] == ["retired", "active"]
    assert vault.run("publish", "--home", vault.home, "--passphrase-file", vault.secret).status == 0


# The drill


def test_a_drill_is_told_in_words_and_in_json(vault: Vault) -> None:
    vault.issue(0, 1, 3)
    told = vault.run("keys", "drill", "--home", vault.home)
    assert (told.status, told.err) == (0, "")
    assert "Cut-off: 2 entries" in told.out
    assert " s  the proposal is written" in told.out
    assert "From stolen to proposal and list, 1 rows:" in told.out
    known = vault.run("keys", "drill", "--home", vault.home, "--since-size", 1, "--json").json
    assert (known["reissue"], known["cutoffs"][0]["size"], len(known["steps"])) == (2, 1, 4)
    assert Home.read(vault.home).history().newest.version == 1
    early = vault.run("keys", "drill", "--home", vault.home, "--since-size", 0, "--json")
    assert (early.status, json.loads(early.out)["error"]["reason"]) == (2, "proposal-invalid")
