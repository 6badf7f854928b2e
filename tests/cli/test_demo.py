"""The demo, as a newcomer runs it."""

import csv
import json
import shlex
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.cli import demo as module
from signedcert.cli import offline
from signedcert.core.encoding import b64url_decode
from signedcert.institution import Institution
from tests.cli.running import Done, call, spawn

Run = Callable[..., Done]
ISSUED = 79
RECORDS = 10
ROTATED = 1
#: How often something is verified in a process of its own.
OFFLINE = 11
SCORES = ("result", "resultDescription", "score", "grade", "valueMax", "78.6")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, float]:
    """The directory of a demo, what it said, and how long it took."""
    directory = tmp_path_factory.mktemp("demo") / "demo"
    begun = time.monotonic()
    done = spawn("demo", directory)
    assert done.status == 0, done.err
    return directory, done.out, time.monotonic() - begun


Shown = tuple[Path, str, float]


def test_it_takes_less_than_half_a_minute(shown: Shown) -> None:
    assert shown[2] < 30
    assert "The demo took" in shown[1]


def test_it_issues_and_verifies_every_good_row(shown: Shown) -> None:
    directory, out, _ = shown
    assert f"{ISSUED} certificates, to " in out
    assert f"  {ISSUED} authentic, in " in out
    assert len(list((directory / "certificates").glob("*.signedcert"))) == ISSUED
    with Institution.open(directory / "home") as institution:
        assert institution.count() == ISSUED + RECORDS + ROTATED
        assert len(institution.courses()) == 3


def test_it_shows_why_bad_rows_were_not_issued(shown: Shown) -> None:
    directory, out, _ = shown
    with (directory / "certificates" / "errors.csv").open(encoding="utf-8", newline="") as file:
        errors = list(csv.DictReader(file))
    assert len(errors) >= 5
    assert f"{len(errors)} rows were not issued" in out
    for error in errors:
        assert error["reason"] in out
    assert len({error["reason"] for error in errors}) >= 5


def test_its_learners_write_their_names_in_at_least_twelve_scripts(shown: Shown) -> None:
    with (shown[0] / "roster.csv").open(encoding="utf-8", newline="") as file:
        names = "".join(row["name"] for row in csv.DictReader(file))
    letters = {letter for letter in names if unicodedata.category(letter).startswith("L")}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters} - {"MODIFIER"}
    assert len(scripts) >= 12, scripts


def test_it_shows_a_tampered_certificate_refused(shown: Shown, run: Run) -> None:
    directory, out, _ = shown
    assert "  1 not authentic, in " in out
    assert "[bad-signature]" in out
    tampered = directory / "tampered.signedcert"
    assert run("verify", tampered, "--trust", directory / "trust").status == 1


def test_it_shows_where_a_mistyped_code_is_wrong(shown: Shown) -> None:
    assert "It differs at symbol 7:" in shown[1]


def test_no_certificate_holds_a_score(shown: Shown) -> None:
    for file in (shown[0] / "certificates").glob("*.signedcert"):
        _, payload, _ = Bundle.read(file).document.split(".")
        claims = b64url_decode(payload.encode()).decode()
        assert not [word for word in SCORES if f'"{word}"' in claims], file


def test_it_puts_a_certificate_on_paper_and_verifies_it(shown: Shown, run: Run) -> None:
    directory, out, _ = shown
    said = out.split("7. Put a certificate")[1].split("8. Issue")[0]
    assert said.count("  1 authentic, in ") == 1
    paper = directory / "certificate.pdf"
    done = run("verify", paper, "--trust", directory / "trust", "--json")
    assert done.json["results"][0]["printed"]["compared"] is True
    original = directory / "certificates" / f"{Bundle.read(paper).code}.signedcert"
    assert Bundle.read(paper) == Bundle.read(original)


def test_it_takes_one_back_that_no_page_has_its_readers_verify(shown: Shown, run: Run) -> None:
    directory, _, _ = shown
    with (directory / "certificates" / "issued.csv").open(encoding="utf-8", newline="") as file:
        files = [row["file"] for row in csv.DictReader(file)]
    trust = ["--trust", directory / "trust", "--json"]
    done = run("verify", *(directory / "certificates" / file for file in files), *trust)
    verdicts = [result["verdict"] for result in done.json["results"]]
    assert verdicts == ["authentic"] * (ISSUED - 1) + ["not standing"]


def test_it_issues_a_record_for_every_good_row_of_its_gradebook(shown: Shown, run: Run) -> None:
    directory, out, _ = shown
    assert f"  {RECORDS} records, " in out
    files = list((directory / "records").glob("*.signedcert"))
    assert len(files) == RECORDS
    for reason in ("certificate-missing", "value-out-of-range"):
        assert reason in out.split("8. Issue course records")[1]
    done = run("verify", directory / "records", "--trust", directory / "trust", "--json")
    records = [result["record"] for result in done.json["results"]]
    assert done.status == 0
    assert not any(record["partial"] for record in records)
    assert {one["status"] for record in records for one in record["results"]} == {
        "Completed",
        "Enrolled",
        "Failed",
        "Provisional",
        "Withdrew",
    }


def test_it_shows_a_part_of_a_record_without_the_failed_quiz(shown: Shown, run: Run) -> None:
    directory, out, _ = shown
    said = out.split("9. Verify a course record")[1].split("10. Share")[0]
    assert said.count("  1 authentic, in ") == 2
    assert "Lean operations 3.5 of 10 (failed)" in said
    assert "part.signedcert shows 2 of 8 results. Not shown: quiz (6 of 6)" in said
    assert "failed" not in said.split("Not shown")[1]
    done = run("verify", directory / "part.signedcert", "--trust", directory / "trust", "--json")
    (result,) = done.json["results"]
    assert result["record"]["partial"] is True
    assert "3.5" not in Bundle.read(directory / "part.signedcert").document


def test_it_shows_the_command_that_makes_the_part(shown: Shown, run: Run, tmp_path: Path) -> None:
    directory, out, _ = shown
    (line,) = [line for line in out.splitlines() if line.startswith("  signedcert present ")]
    arguments = shlex.split(line)[1:-1]
    assert run(*arguments, tmp_path / "again").status == 0
    assert (tmp_path / "again").read_bytes() == (directory / "part.signedcert").read_bytes()


def test_its_private_link_opens_that_part_until_it_is_reset(shown: Shown, run: Run) -> None:
    directory, out, _ = shown
    now = datetime.now(UTC)
    link, here = (line.rpartition(" ")[2] for line in out.split("10. Share")[1].splitlines()[1:3])
    assert here == link.replace("https://learn.example.edu", "http://127.0.0.1:8000")
    with Institution.open(directory / "home") as institution:
        opened = institution.records.open(link.rpartition("/")[2], now)
        assert opened == Bundle.read(directory / "part.signedcert")
        (log,) = institution.records.links.shares("s-1001")
        assert log.share.label == "Application to Acme"
        assert run("reset", "s-1001", "--all", "--home", directory / "home").status == 0
        assert institution.records.open(link.rpartition("/")[2], now) is None


def test_it_shows_a_theft_and_the_recovery_offline(shown: Shown, run: Run) -> None:
    directory, out, _ = shown
    revoked, rotated, stolen, recovered = (
        out.split(title)[1] for title in ("11. Revoke", "12. Rotate", "13. Steal", "14. Recover")
    )
    assert "  1 not standing, in " in revoked.split("12. Rotate")[0]
    assert f"  {ISSUED - 1} authentic, in " in rotated.split("13. Steal")[0]
    assert "  1 authentic, in " in stolen.split("14. Recover")[0]
    assert ("  1 undecided, in " in recovered, "  1 authentic, in " in recovered) == (True, True)
    forged = run("verify", directory / "forged.signedcert", "--trust", directory / "trust")
    assert (forged.status, "More proof is needed" in forged.out) == (4, True)


def test_what_is_published_is_all_that_a_verifier_needs(
    shown: Shown, run: Run, tmp_path: Path
) -> None:
    directory, _, _ = shown
    with Institution.open(directory / "home") as institution:
        pin = institution.pin
    trust = ("--trust", tmp_path / "trust")
    assert run("trust", "add", directory / "published-keys", "--pin", pin, *trust).status == 0
    done = run("verify", directory / "certificates", *trust, "--json")
    verdicts = [result["verdict"] for result in done.json["results"]]
    assert (verdicts.count("authentic"), verdicts.count("not standing")) == (ISSUED - 1, 1)


def test_what_it_says_to_try_next_works(shown: Shown, run: Run) -> None:
    directory, out, _ = shown
    lines = [line.split() for line in out.split("What to try next")[1].splitlines()]
    start = module._command().split()
    commands = [
        words[len(start) :]
        for words in lines
        if words[: len(start)] == start and "serve" not in words
    ]
    assert [command[0] for command in commands] == [
        "verify",
        "keys",
        "sign-in",
        "reset",
        "--help",
    ]
    for command in commands:
        if command[0] != "reset":  # it has a test of its own
            assert run(*command).status == 0, command
    assert any(word.startswith("http://127.0.0.1:8000/verify/") for line in lines for word in line)
    assert directory.is_dir()


@pytest.mark.parametrize(
    ("known", "script", "shown"),
    [
        (True, ".venv/bin/signedcert", "signedcert"),
        (False, ".venv/bin/signedcert", ".venv/bin/signedcert"),
        (False, "/lib/signedcert/__main__.py", f"{sys.executable} -m signedcert"),
    ],
)
def test_commands_are_shown_so_that_they_can_be_run(
    monkeypatch: pytest.MonkeyPatch, *, known: bool, script: str, shown: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name if known else None)
    monkeypatch.setattr("sys.argv", [script])
    assert module._command() == shown


def test_everything_is_verified_with_the_network_taken_away(shown: Shown) -> None:
    without = ("In a network namespace without a network", "With every connection refused")
    assert sum(shown[1].count(words) for words in without) == OFFLINE


@pytest.mark.parametrize("there", ["file", "directory"])
def test_a_directory_in_use_is_not_touched(run: Run, tmp_path: Path, there: str) -> None:
    used = tmp_path / "used"
    if there == "directory":
        used.mkdir()
        (used / "thesis.odt").write_bytes(b"years of work")
    else:
        used.write_bytes(b"years of work")
    before = sorted(tmp_path.rglob("*"))
    done = run("demo", used)
    assert done.status == 2
    assert "[demo-directory]" in done.err
    assert "signedcert demo DIRECTORY" in done.err
    assert sorted(tmp_path.rglob("*")) == before


# in this process, and where the system cannot take the network away


def test_where_the_network_cannot_be_taken_away_python_refuses_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
    monkeypatch.setattr("signedcert.cli.offline.shutil.which", lambda _: None)
    done = call(capsys, "demo", tmp_path / "new" / "demo")
    assert done.status == 0, done.err
    assert done.out.count("With every connection refused") == OFFLINE
    assert f"  {ISSUED} authentic, in " in done.out


def test_the_network_is_taken_by_the_first_way_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[list[str]] = []

    def succeeds(command: list[str]) -> bool:
        tried.append(command)
        return "--map-root-user" in command

    monkeypatch.setattr("signedcert.cli.offline.shutil.which", lambda _: "/usr/bin/unshare")
    monkeypatch.setattr(offline, "_succeeds", succeeds)
    command, how = offline._without_network()
    assert command[:3] == ["/usr/bin/unshare", "--net", "--map-root-user"]
    assert how == "In a network namespace without a network"
    assert len(tried) == 2


def test_a_command_succeeds_if_it_exits_0() -> None:
    assert offline._succeeds([sys.executable, "-c", "print(1)"])
    assert not offline._succeeds([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_verifier_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = subprocess.CompletedProcess(["x"], 1, "", "it broke")
    monkeypatch.setattr(offline, "_without_network", lambda: (["x"], "Somehow"))
    monkeypatch.setattr("signedcert.cli.offline.subprocess.run", lambda *_, **__: silent)
    with pytest.raises(Exception, match="the verifier did not answer: it broke"):
        offline.verify_offline(tmp_path, "x")
    silent.stdout = json.dumps({"error": {}})
    with pytest.raises(Exception, match="the verifier did not answer"):
        offline.verify_offline(tmp_path, "x")
