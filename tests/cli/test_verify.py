"""``verify`` and ``code``: answers for people and for programs, and their exit statuses."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import ALPHABET, VerificationCode
from signedcert.documents.certificate import Certificate
from signedcert.documents.openbadges import parse_credential
from signedcert.trust.store import TrustStore
from tests.cli.running import COMMAND, Done, spawn
from tests.institution.homes import COMPLETED, NOW, Place
from tests.reference import World, make_world
from tests.reference import course as reference_course

Run = Callable[..., Done]
AT = ("--at", "2026-08-01T00:00:00Z")


@pytest.fixture
def trusted(desk: Path) -> tuple[object, ...]:
    """Options of somebody who trusts the institution, in August 2026."""
    return ("--trust", desk / "trust", *AT)


@pytest.fixture
def maria(desk: Path) -> Path:
    return desk / "s-1.signedcert"


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A certificate of an institution that is not in the trust store."""
    path = tmp_path / "stranger.signedcert"
    world = make_world()
    kid = f"https://stranger.example/.well-known/keys/{world.key.public_key.thumbprint}"
    payload = world.document().split(b".")[1]
    document = world.sign(_payload(payload), world.header(kid=kid))
    Bundle(document.decode()).write(path)
    return path


def _payload(segment: bytes) -> bytes:
    from signedcert.core.encoding import b64url_decode  # noqa: PLC0415

    payload = b64url_decode(segment).replace(b"learn.example.edu", b"stranger.example")
    assert parse_credential(payload).issuer == "https://stranger.example"
    return payload


@pytest.fixture
def damaged(tmp_path: Path, maria: Path) -> Path:
    """A certificate with another signature."""
    bundle = Bundle.read(maria)
    path = tmp_path / "damaged.signedcert"
    head, _, _ = bundle.document.rpartition(".")
    other = Bundle.read(maria.with_name("s-2.signedcert")).document.rpartition(".")[2]
    Bundle(f"{head}.{other}", bundle.course).write(path)
    return path


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """No certificate at all."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam", encoding="utf-8")
    return path


# one file


def test_an_authentic_certificate_is_shown_with_all_that_was_signed(
    run: Run, maria: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", maria, *trusted)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("✓ AUTHENTIC")
    code = str(Bundle.read(maria).code)
    shown = (
        "María-José Nguyễn",
        reference_course().title,
        "2026-06-30",
        "Example University",
        code,
    )
    for expected in shown:
        assert expected in done.out
    assert "This course certificate is authentic" in done.out
    assert "score" not in done.out.lower()


def test_all_ten_steps_are_shown_on_request(
    run: Run, maria: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", maria, "--verbose", *trusted)
    for step in range(1, 11):
        assert f"\n  {step:2}  " in done.out
    assert "not published by this institution" in done.out
    assert run("verify", maria, "-v", *trusted).out == done.out


def test_the_report_is_one_json_document(
    run: Run, maria: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", maria, "--json", *trusted)
    assert done.status == 0
    (result,) = done.json["results"]
    assert done.json["at"] == "2026-08-01T00:00:00+00:00"
    assert (result["file"], result["verdict"], result["reason"]) == (str(maria), "authentic", None)
    assert [check["step"] for check in result["checks"]] == list(range(1, 11))
    assert result["certificate"]["learner"] == "María-José Nguyễn"
    assert result["code"] == str(Bundle.read(maria).code)


def test_a_bare_signed_document_is_verified_like_a_bundle(
    run: Run, maria: Path, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    bare = tmp_path / "maria.jwt"
    bare.write_text(f"\n {Bundle.read(maria).document}\r\n", encoding="utf-8")
    done = run("verify", bare, *trusted)
    assert done.status == 0
    assert "María-José Nguyễn" in done.out


def test_an_altered_certificate_is_not_authentic_and_none_of_it_is_shown(
    run: Run, damaged: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", damaged, *trusted)
    assert done.status == 1
    assert done.out.startswith("✗ NOT AUTHENTIC")
    assert "María" not in done.out
    assert "(step 3, bad-signature" in done.out
    verbose = run("verify", damaged, "-v", *trusted)
    assert "[bad-signature]" in verbose.out
    assert "María" not in verbose.out
    as_json = run("verify", damaged, "--json", *trusted)
    assert as_json.json["results"][0]["reason"] == "bad-signature"
    assert as_json.json["results"][0]["certificate"] is None


def test_a_certificate_before_its_time_does_not_stand(run: Run, desk: Path, maria: Path) -> None:
    done = run("verify", maria, "--trust", desk / "trust", "--at", "2026-07-01T10:29:59Z")
    assert done.status == 3
    assert done.out.startswith("✗ NOT STANDING")
    assert "María-José Nguyễn" in done.out


def test_an_expired_certificate_is_genuine_but_does_not_stand(
    run: Run, place: Place, tmp_path: Path
) -> None:
    until = NOW + timedelta(days=1)
    claims = Certificate(
        learner="Ada", course=reference_course(), completed=COMPLETED, valid_until=until
    )
    with place.open() as institution:
        issued = institution.issue(claims, learner_id="s-1", run="2026", at=NOW)
        institution.trust.write(tmp_path / "trust")
    file = tmp_path / "ada.signedcert"
    issued.bundle.write(file)
    statuses = [
        run("verify", file, "--trust", tmp_path / "trust", "--at", at).status
        for at in ("2026-07-02T10:29:59Z", "2026-07-02T10:30:00Z")
    ]
    assert statuses == [0, 3]


def test_without_a_trust_store_a_certificate_is_undecided_and_the_way_out_is_told(
    run: Run, maria: Path
) -> None:
    done = run("verify", maria, *AT)
    assert done.status == 4
    assert done.out.startswith("? UNDECIDED")
    assert "signedcert trust add" in done.out
    assert "María" not in done.out


def test_a_trust_store_that_is_named_has_to_be_there(run: Run, maria: Path, tmp_path: Path) -> None:
    done = run("verify", maria, "--trust", tmp_path / "missing")
    assert done.status == 2
    assert "[trust-missing]" in done.err


def test_the_trust_store_may_be_named_by_a_variable(
    run: Run, maria: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNEDCERT_TRUST", str(desk / "trust"))
    assert run("verify", maria, *AT).status == 0


def test_a_damaged_trust_store_is_no_verdict_on_the_certificate(
    run: Run, maria: Path, desk: Path, tmp_path: Path
) -> None:
    shutil.copytree(desk / "trust", tmp_path / "trust")
    (pin,) = (tmp_path / "trust").glob("*/pin")
    pin.write_text("1:" + "0" * 64, encoding="utf-8")
    done = run("verify", maria, "--trust", tmp_path / "trust", *AT)
    assert done.status == 1
    assert "[pin-mismatch]" in done.err
    assert done.out == ""


def test_no_certificate_is_found_in_a_letter(
    run: Run, text: Path, trusted: tuple[object, ...]
) -> None:
    done = run("verify", text, *trusted)
    assert done.status == 5
    assert done.out.startswith("? UNREADABLE")


@pytest.mark.parametrize("size", [2**20 + 1, 2**22])
def test_no_certificate_is_found_in_a_file_that_is_too_large(
    run: Run, tmp_path: Path, trusted: tuple[object, ...], size: int
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"x" * size)
    assert run("verify", path, *trusted).status == 5


def test_a_file_that_cannot_be_opened_is_wrong_use(
    run: Run, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    for extra in ([], ["--json"]):
        done = run("verify", tmp_path / "missing.signedcert", *trusted, *extra)
        assert done.status == 2
        assert "missing.signedcert" in done.out + done.err
        assert "No such file" in done.out + done.err


def test_a_file_without_permission_is_wrong_use(
    run: Run, maria: Path, monkeypatch: pytest.MonkeyPatch, trusted: tuple[object, ...]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    trust = TrustStore.read(trusted[1])  # type: ignore[arg-type]
    monkeypatch.setattr("signedcert.cli.verify.read_trust", lambda _: trust)
    monkeypatch.setattr("signedcert.cli.sources.read_at_most", refuse)
    done = run("verify", maria, *trusted)
    assert done.status == 2
    assert "Permission denied" in done.err


# several files


def test_of_several_files_the_worst_counts(  # noqa: PLR0917
    run: Run,
    desk: Path,
    maria: Path,
    stranger: Path,
    damaged: Path,
    text: Path,
    trusted: tuple[object, ...],
) -> None:
    def status(*files: Path, at: tuple[object, ...] = trusted) -> int:
        return run("verify", *files, *at).status

    early = ("--trust", desk / "trust", "--at", "2026-07-01T00:00:00Z")
    assert status(maria, desk / "s-2.signedcert") == 0
    assert status(maria, at=early) == 3
    assert status(maria, stranger) == 4
    assert status(stranger, maria, at=early) == 4
    assert status(text, stranger, maria, at=early) == 5
    assert status(maria, text, stranger) == 5
    assert status(damaged, text, stranger, maria) == 1
    assert status(maria, stranger, text, damaged, at=early) == 1


def test_every_file_of_a_folder_is_verified(
    run: Run, tmp_path: Path, maria: Path, trusted: tuple[object, ...]
) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "deeper").mkdir(parents=True)
    shutil.copy(maria, inbox / "b.signedcert")
    shutil.copy(maria, inbox / "deeper" / "a.signedcert")
    (inbox / "letter.txt").write_text("not looked at", encoding="utf-8")
    done = run("verify", inbox, "--json", *trusted)
    assert done.status == 0
    names = [result["file"] for result in done.json["results"]]
    assert names == [str(inbox / "b.signedcert"), str(inbox / "deeper" / "a.signedcert")]


def test_a_folder_without_certificates_is_wrong_use(
    run: Run, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    (tmp_path / "empty").mkdir()
    done = run("verify", tmp_path / "empty", *trusted)
    assert done.status == 2
    assert "no .signedcert, .pdf, .png, .svg file in this folder" in done.err


@pytest.mark.parametrize(("content", "status"), [(None, 0), (b"", 5), (b"\xff" * 10, 5)])
def test_a_certificate_comes_through_standard_input(  # noqa: PLR0917
    run: Run,
    maria: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: tuple[object, ...],
    content: bytes | None,
    status: int,
) -> None:
    data = maria.read_bytes() if content is None else content
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    done = run("verify", "-", *trusted)
    assert done.status == status
    assert "standard input" in done.out


def test_a_file_name_cannot_move_the_line_about(
    run: Run, maria: Path, tmp_path: Path, trusted: tuple[object, ...]
) -> None:
    hostile = tmp_path / "a\x1b[2K\r✓ AUTHENTIC\u202e.signedcert"
    shutil.copy(maria, hostile)
    done = run("verify", hostile, "--issuer", "https://other.example", *trusted)
    assert done.status == 1
    assert r"\u001b[2K\u000d" in done.out
    assert "\x1b[2K" not in done.out
    assert "\r" not in done.out


# the printed code


def test_the_printed_code_ties_paper_to_file(
    run: Run, maria: Path, desk: Path, trusted: tuple[object, ...]
) -> None:
    code = str(Bundle.read(maria).code)
    other = str(Bundle.read(desk / "s-2.signedcert").code)
    assert run("verify", maria, "--code", code, *trusted).status == 0
    assert run("verify", maria, "--code", code.lower().replace("-", " "), *trusted).status == 0
    done = run("verify", maria, "--code", other, *trusted)
    assert done.status == 1
    assert "code-mismatch" in done.out


def test_a_typing_error_in_the_code_is_a_mismatch_that_names_the_symbol(
    run: Run, maria: Path, trusted: tuple[object, ...]
) -> None:
    code = str(Bundle.read(maria).code)
    wrong = code[:5] + ALPHABET[(ALPHABET.index(code[5]) + 1) % 32] + code[6:]
    done = run("verify", maria, "--code", wrong, *trusted)
    assert done.status == 1
    assert f"the code of this document is {code}; it differs at symbol 5" in done.out


@pytest.mark.parametrize(("unreadable", "status"), [(1, 0), (4, 0), (5, 1)])
def test_up_to_four_symbols_may_be_unreadable(
    run: Run, maria: Path, trusted: tuple[object, ...], unreadable: int, status: int
) -> None:
    code = Bundle.read(maria).code.symbols
    done = run("verify", maria, "--code", "?" * unreadable + code[unreadable:], *trusted)
    assert done.status == status


@pytest.mark.parametrize("typed", ["", "NSPQ", "NSPQ-8W1B-BCGX-GRPY-7QQU", "ÄÖÜ"])
def test_what_is_no_code_at_all_is_a_mismatch(
    run: Run, maria: Path, trusted: tuple[object, ...], typed: str
) -> None:
    done = run("verify", maria, "--code", typed, *trusted)
    assert done.status == 1
    assert "code-mismatch" in done.out


# policies and moments


@pytest.mark.parametrize(
    ("options", "status", "slug"),
    [
        (["--issuer", "https://learn.example.edu"], 0, ""),
        (["--issuer", "https://learn.example.edu/"], 1, "policy-issuer"),
        (["--issuer", "https://example.edu"], 1, "policy-issuer"),
        (["--course", "operations-management"], 0, ""),
        (["--course", "alchemy"], 1, "policy-course"),
        (["--learner", "maría-josé   nguyễn"], 0, ""),
        (["--learner", "Maria-Jose Nguyen"], 1, "policy-learner"),
        (["--max-trust-age", "61"], 0, ""),
        (["--max-trust-age", "60"], 4, "trust-stale"),
        (["--issuer", "https://learn.example.edu", "--learner", "Mallory"], 1, "policy-learner"),
        (["--learner", ""], 1, "policy-learner"),
    ],
)
def test_what_the_caller_asks_for_decides_too(  # noqa: PLR0917
    run: Run,
    maria: Path,
    trusted: tuple[object, ...],
    options: list[str],
    status: int,
    slug: str,
) -> None:
    done = run("verify", maria, *trusted, *options)
    assert done.status == status
    assert slug in done.out


@pytest.mark.parametrize("moment", ["yesterday", "", "2026-13-01", "01.08.2026"])
def test_a_moment_that_is_none_is_wrong_use(run: Run, maria: Path, moment: str) -> None:
    done = run("verify", maria, "--at", moment)
    assert done.status == 2
    assert "2026-06-30T12:00:00Z" in done.err


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-07-01", 3),
        ("2026-07-01T10:30:00", 0),
        ("2026-07-01T12:30:00+02:00", 0),
        ("2026-07-01T12:29:59+02:00", 3),
    ],
)
def test_a_moment_without_a_zone_is_in_utc(
    run: Run, maria: Path, desk: Path, moment: str, status: int
) -> None:
    assert run("verify", maria, "--trust", desk / "trust", "--at", moment).status == status


def test_without_a_moment_it_is_now(
    run: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "reference.jwt"
    file.write_bytes(world.document())
    world.trust.write(tmp_path / "trust")

    class Clock:
        @staticmethod
        def now(zone: object) -> object:
            assert zone is not None
            return NOW

    monkeypatch.setattr("signedcert.cli.verify.datetime", Clock)
    assert run("verify", file, "--trust", tmp_path / "trust").status == 0


# the code alone


def test_a_well_formed_code_says_nothing_about_a_certificate(run: Run) -> None:
    done = run("code", "nspq8w1b bcgx-grpy 7qqp")
    assert (done.status, done.err) == (0, "")
    assert "NSPQ-8W1B-BCGX-GRPY-7QQP is a well-formed code." in done.out
    assert "says nothing about a certificate" in done.out
    as_json = run("code", "NSPQ8W1BBCGXGRPY7QQP", "--json")
    assert as_json.json == {"code": "NSPQ-8W1B-BCGX-GRPY-7QQP", "well_formed": True}


@pytest.mark.parametrize(
    ("typed", "marks", "positions"),
    [
        ("NSPQ-8W2B-BCGX-GRPY-7QQP", "       ^", [7]),
        ("MSPQ-8W1B-BCGX-GRPY-7QQN", "^                      ^", [1, 20]),
        ("NSPQ-????-BCGX-GRPY-7QQP", "     ^^^^", [5, 6, 7, 8]),
        ("NSPQ-8W1B-BCGX-GRPY-7Q?P", "                      ^", [19]),
    ],
)
def test_a_mistyped_code_is_shown_with_what_was_meant_and_where(
    run: Run, typed: str, marks: str, positions: list[int]
) -> None:
    done = run("code", typed)
    assert done.status == 1
    lines = done.out.splitlines()
    at = lines.index("  NSPQ-8W1B-BCGX-GRPY-7QQP")
    assert lines[at + 1] == f"  {marks}"
    assert f"at symbol {', '.join(map(str, positions))}:" in done.out
    as_json = run("code", typed, "--json")
    assert as_json.status == 1
    assert as_json.json["suggestion"] == "NSPQ-8W1B-BCGX-GRPY-7QQP"
    assert as_json.json["positions"] == positions
    assert as_json.json["well_formed"] is False


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("NSPQ", "code-length"),
        ("NSPQ-8W1B-BCGX-GRPY-7QQU", "code-symbol"),
        ("?????" + "8W1BBCGXGRPY7QQ", "code-unreadable"),
        ("NSPQ-8W1B-BCGX-GRPY-0000", "code-check"),
    ],
)
def test_a_code_beyond_help_is_told_so(run: Run, typed: str, reason: str) -> None:
    done = run("code", typed)
    assert done.status == 1
    assert f"[{reason}]" in done.out
    assert "Compare it with the paper" in done.out
    as_json = run("code", typed, "--json")
    assert as_json.json["reason"] == reason
    assert "suggestion" not in as_json.json


def test_the_code_of_a_file_is_well_formed(run: Run, maria: Path) -> None:
    code = Bundle.read(maria).code
    assert run("code", str(code)).status == 0
    assert VerificationCode.parse(str(code)) == code


# no network


def unshare() -> tuple[str, ...] | None:
    """The command that takes the network away from another, where the system has one."""
    program = shutil.which("unshare")
    for options in (("--net",), ("--net", "--map-root-user")):
        command = (program or "", *options)
        if (
            program
            and not subprocess.run([*command, "true"], check=False, capture_output=True).returncode
        ):
            return command
    return None


def test_verifying_needs_no_network_at_all(maria: Path, trusted: tuple[object, ...]) -> None:
    prefix = unshare()
    if prefix is None:
        message = "this system cannot take the network away (unshare --net)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    probe = "import socket; socket.create_connection(('127.0.0.1', 9), 2)"
    offline = subprocess.run(
        [*prefix, sys.executable, "-c", probe], check=False, capture_output=True
    )
    assert b"unreachable" in offline.stderr
    done = spawn("verify", maria, "--json", *trusted, prefix=prefix)
    assert done.status == 0, done.err
    assert done.json["results"][0]["verdict"] == "authentic"


GUARDED = """
import sys
def refuse(event, arguments):
    if event.startswith("socket.") or event == "urllib.Request":
        raise PermissionError(event)
sys.addaudithook(refuse)
if sys.argv[1] == "probe":
    import socket
    socket.socket()
from signedcert.cli import main
main()
"""


def test_verifying_opens_no_socket(maria: Path, trusted: tuple[object, ...]) -> None:
    guarded = [sys.executable, "-c", GUARDED]
    probe = subprocess.run([*guarded, "probe"], check=False, capture_output=True)
    assert b"PermissionError: socket.__new__" in probe.stderr
    command = [*guarded, "verify", str(maria), *map(str, trusted)]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "María-José Nguyễn" in done.stdout


def test_the_program_verifies_as_its_users_run_it(
    maria: Path, damaged: Path, trusted: tuple[object, ...]
) -> None:
    assert COMMAND[1:] == ["-m", "signedcert"]
    assert spawn("verify", maria, *trusted).status == 0
    assert spawn("verify", "-", *trusted, stdin=maria.read_bytes()).status == 0
    assert spawn("verify", maria, damaged, *trusted).status == 1
