"""``issue --reissue``: from the theft to what is issued anew, by commands."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from signedcert.core.code import VerificationCode
from tests.cli.registrar import NEXT, Registrar
from tests.issue.test_bulk import results


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


def declare(registrar: Registrar) -> Path:
    """The key was stolen when the log had one entry of three."""
    place, folder = registrar.place, registrar.directory / "stolen"
    with place.open() as school:
        assert school.log is not None
        school.log.append(datetime.now(UTC))
        key = school.manifest.keys[0].key.thumbprint
    secret = ("--passphrase-file", registrar.secret)
    done = registrar.run("keys", "compromise", key, "--since-size", 1, "--propose", folder, *secret)
    assert done.status == 0, done.err
    keys = place.root / "holder-1"
    pin = ("--trust", registrar.directory / "trust", "--pin", _pin(registrar), "--yes")
    signed = registrar._run("keys", "sign", folder, "--key", keys, *pin, *secret)
    assert signed.status == 0, signed.err
    assert registrar.run("keys", "assemble", folder).status == 0
    return registrar.directory / "reissue.csv"


def _pin(registrar: Registrar) -> str:
    with registrar.place.open() as school:
        return school.pin


def test_what_fell_is_issued_anew(registrar: Registrar) -> None:
    listed = declare(registrar)
    done = registrar.sign("issue", "--reissue", listed)
    out = listed.with_name("reissue-issued")
    fell = [line["code"] for line in results(listed)]
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        f"Issued anew: {len(fell)}. Issued anew before: 0.\n"
        f"Codes and file names: {out / 'replaced.csv'}\n{NEXT}"
    )
    assert [line["old_code"] for line in results(out / "replaced.csv")] == fell
    again = registrar.sign("issue", "--reissue", listed, "--out", out, "--json")
    assert again.json == {"replaced": 0, "again": len(fell), "bad": 0, "directory": str(out)}


def test_rows_that_are_not_issued_anew_are_told(registrar: Registrar) -> None:
    listed = registrar.list("code", registrar.codes[0], str(VerificationCode.derive(b"x", b"")))
    done = registrar.sign("issue", "--reissue", listed)
    assert done.status == 1
    assert "Not issued anew: 2; why, is in" in done.out
    assert registrar.statuses()[0] == "valid"


@pytest.mark.parametrize("arguments", [(), ("roster.csv", "--reissue", "reissue.csv")])
def test_it_is_either_a_roster_or_a_list(registrar: Registrar, arguments: tuple[str, ...]) -> None:
    done = registrar.sign("issue", *arguments)
    assert (done.status, "ROSTER" in done.err) == (2, True)
