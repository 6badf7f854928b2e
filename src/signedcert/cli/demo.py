"""The demo: an institution, three courses, a roster, and everything verified offline."""

import json
import secrets
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import click

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError
from signedcert.files import write_atomic
from signedcert.institution import Institution
from signedcert.issue.results import Counts, IssuedRow, write_results
from signedcert.issue.roster import BadRow, read_roster
from signedcert.trust.store import TrustStore

_NAME = "Example University"
_URL = "https://learn.example.edu"
_SHOWN = 14
#: Where the kernel cannot take the network away, Python refuses every connection instead.
_NO_SOCKETS = """
import sys
def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise PermissionError("the network was taken away")
sys.addaudithook(refuse)
from signedcert.cli.app import main
main()
"""


@click.command()
@click.argument(
    "directory", type=click.Path(path_type=Path), default=Path("signedcert-demo"), required=False
)
def demo(directory: Path) -> None:
    """Show the whole job in a new directory, with made-up learners.

    \b
    Example:
      signedcert demo
    """
    if directory.exists() and any(directory.iterdir() if directory.is_dir() else [1]):
        message = "this is in use; remove it, or name another: signedcert demo DIRECTORY"
        raise ConfigurationError("demo-directory", message, where=str(directory))
    directory.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with _set_up(directory) as institution:
        courses = _add_courses(institution)
        _issue(institution, directory)
        _publish(institution, directory)
        _title("4. Verify all of them, with the network taken away")
        _verify(directory, str(directory / "certificates"))
        sample = _tamper(directory)
        _mistype(sample)
        codes = next(iter((directory / "certificates").glob(f"*{SUFFIX}"))).stem
    _next_steps(directory, codes, courses)
    click.echo(f"\nThe demo took {time.monotonic() - started:.1f} s.")


def _title(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _set_up(directory: Path) -> Institution:
    _title("1. Set an institution up")
    passphrase = secrets.token_urlsafe(16)
    root_passphrase = secrets.token_urlsafe(16)
    write_atomic(directory / "passphrase", f"{passphrase}\n".encode(), 0o600)
    write_atomic(directory / "root-passphrase", f"{root_passphrase}\n".encode(), 0o600)
    institution = Institution.create(
        directory / "home",
        name=_NAME,
        url=_URL,
        root=directory / "root-keys",
        passphrase=passphrase,
        root_passphrase=root_passphrase,
        at=datetime.now(UTC),
    )
    click.echo(f"  {_NAME}, {_URL}")
    click.echo(f"  root keys (to be taken offline): {directory / 'root-keys'}")
    click.echo(f"  pin: {institution.pin}")
    return institution


def _add_courses(institution: Institution) -> int:
    _title("2. Publish the courses")
    data = resources.files("signedcert.cli") / "demo_data"
    texts = [file.read_bytes() for file in data.iterdir() if file.name.endswith(".json")]
    for course in sorted(map(Course.parse, texts), key=lambda one: one.id):
        institution.add_course(course, at=datetime.now(UTC))
        click.echo(f"  {course.title} ({course.institution}), {course.workload.weeks} weeks")
    return len(texts)


def _issue(institution: Institution, directory: Path) -> None:
    _title("3. Issue certificates from a roster")
    roster = directory / "roster.csv"
    data = resources.files("signedcert.cli") / "demo_data" / "roster.csv"
    roster.write_bytes(data.read_bytes())
    outcomes = list(institution.issue_rows(read_roster(roster), at=datetime.now(UTC)))
    counts = Counts(0, 0, 0)
    for done in write_results(outcomes, directory / "certificates"):
        counts = done
    issued = [outcome for outcome in outcomes if isinstance(outcome, IssuedRow)]
    click.echo(f"  {counts.issued} certificates, to {_names(issued)} …")
    click.echo(f"  {counts.bad} rows were not issued (certificates/errors.csv):")
    for bad in (outcome for outcome in outcomes if isinstance(outcome, BadRow)):
        click.echo(f"    line {bad.line:3}  {bad.reason:18} {bad.message}")


def _names(issued: list[IssuedRow]) -> str:
    step = max(len(issued) // _SHOWN, 1)
    return ", ".join(outcome.row.name for outcome in issued[::step][:_SHOWN])


def _publish(institution: Institution, directory: Path) -> None:
    """What a verifier gets: the manifest from the web, the pin by another way."""
    keys = directory / "published-keys"
    keys.mkdir()
    for version, manifest in enumerate(institution.manifests, 1):
        write_atomic(keys / f"{version}.json", manifest)
    TrustStore.empty().add(institution.manifests, institution.pin).write(directory / "trust")


def _verify(directory: Path, *arguments: str) -> None:
    """Runs the command line in a process of its own that has no network."""
    prefix, how = _without_network()
    command = [*prefix, "verify", *arguments, "--trust", str(directory / "trust"), "--json"]
    begun = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")  # noqa: S603
    seconds = time.monotonic() - begun
    try:
        results = json.loads(done.stdout)["results"]
    except (ValueError, KeyError) as error:
        message = f"the verifier did not answer: {done.stderr or done.stdout}"
        raise ConfigurationError("demo-directory", message) from error
    click.echo(f"  {how}: signedcert verify {' '.join(arguments)}")
    verdicts = [result["verdict"] for result in results]
    for verdict in sorted(set(verdicts)):
        click.echo(f"  {verdicts.count(verdict)} {verdict}, in {seconds:.1f} s")
    if verdicts.count("authentic") != len(verdicts):
        for result in results:
            click.echo(f"  {result['title']}. {result['text']} [{result['reason']}]")


def _without_network() -> tuple[list[str], str]:
    """The command, and in words how the network is taken from it."""
    for options in (["--net"], ["--net", "--map-root-user"]):
        unshare = shutil.which("unshare")
        if unshare and _succeeds([unshare, *options, "true"]):
            command = [unshare, *options, sys.executable, "-m", "signedcert"]
            return command, "In a network namespace without a network"
    return [sys.executable, "-c", _NO_SOCKETS], "With every connection refused"


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


def _tamper(directory: Path) -> Bundle:
    """Somebody puts his own name into another's certificate."""
    _title("5. Put another name into a certificate")
    source = min((directory / "certificates").glob(f"*{SUFFIX}"))
    bundle = Bundle.read(source)
    header, payload, signature = bundle.document.split(".")
    claims = json.loads(b64url_decode(payload.encode()))
    claims["credentialSubject"]["identifier"][0]["identityHash"] = "Mallory Malloy"
    forged = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    document = f"{header}.{b64url_encode(forged)}.{signature}"
    target = directory / f"tampered{SUFFIX}"
    Bundle(document, bundle.course).write(target)
    _verify(directory, str(target))
    return bundle


def _mistype(bundle: Bundle) -> None:
    _title("6. Mistype a code")
    code = bundle.code
    wrong = "7" if code.symbols[6] != "7" else "8"
    typed = str(VerificationCode(code.symbols))[:7] + wrong + str(code)[8:]
    click.echo(f"  signedcert code {typed}")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "signedcert", "code", typed],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    for line in done.stdout.splitlines():
        click.echo(f"  {line}")


def _next_steps(directory: Path, code: str, courses: int) -> None:
    _title("What to try next")
    file = directory / "certificates" / f"{code}{SUFFIX}"
    command = _command()
    click.echo(f"  {command} verify {file} --trust {directory / 'trust'} -v")
    click.echo(f"  {command} keys status --home {directory / 'home'}")
    click.echo(f"  {command} serve --home {directory / 'home'}")
    click.echo(f"      then open http://127.0.0.1:8000/verify/{code}")
    click.echo(f"      ({courses} courses are at http://127.0.0.1:8000/courses)")
    click.echo(f"  {command} --help")


def _command() -> str:
    """How the reader can start the command line: by its name, or as it was started."""
    if shutil.which("signedcert"):
        return "signedcert"
    script = sys.argv[0]
    return script if Path(script).name == "signedcert" else f"{sys.executable} -m signedcert"
