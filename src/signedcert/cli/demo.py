"""The demo: an institution, three courses, certificates and records, all verified offline."""

import csv
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import click

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.cli import demo_keys as keys
from signedcert.cli import demo_records as records
from signedcert.cli.offline import verify_offline
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError, RenderError
from signedcert.files import write_atomic
from signedcert.institution import Institution
from signedcert.issue.gradebook import read_gradebook
from signedcert.issue.prepare import Row
from signedcert.issue.results import Counts, IssuedRow, write_results
from signedcert.issue.roster import RosterRow, read_roster
from signedcert.issue.rows import BadRow
from signedcert.trust.store import TrustStore

_NAME = "Example University"
_URL = "https://learn.example.edu"
_SHOWN = 14


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
        _issue_certificates(institution, directory)
        _publish(institution, directory)
        _title("4. Verify all of them, with the network taken away")
        verify_offline(directory, str(directory / "certificates"))
        sample = _tamper(directory)
        _mistype(sample)
        _print(directory)
        _issue_records(institution, directory)
        _title("9. Verify a course record, then a part of it")
        record = records.verify_whole(institution, directory)
        records.present(record, directory)
        _title("10. Share that part by a private link")
        records.share(institution, record)
    _keep_the_keys(directory)
    _next_steps(directory, str(sample.code), courses)
    click.echo(f"\nThe demo took {time.monotonic() - started:.1f} s.")


def _keep_the_keys(directory: Path) -> None:
    office = keys.Office.open(directory)
    _title("11. Revoke a certificate")
    with (directory / "certificates" / "issued.csv").open(encoding="utf-8", newline="") as file:
        *_, last = csv.DictReader(file)  # of one learner always, the last one
    keys.revoke(office, VerificationCode.parse(last["code"]))
    _title("12. Rotate the issuing key")
    keys.rotate(office)
    _title("13. Steal the issuing key")
    forged = keys.steal(office)
    _title("14. Recover")
    keys.recover(office, forged)
    _publish_again(directory)


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


def _issue_certificates(institution: Institution, directory: Path) -> None:
    _title("3. Issue certificates from a roster")
    rows = read_roster(_copy("roster.csv", directory))
    issued, counts = _issue(institution, rows, directory / "certificates")
    click.echo(f"  {counts.issued} certificates, to {_names(issued)} …")
    _say_bad(directory / "certificates", counts)


def _issue_records(institution: Institution, directory: Path) -> None:
    _title("8. Issue course records from a gradebook")
    rows = read_gradebook(_copy("gradebook.csv", directory))
    _, counts = _issue(institution, rows, directory / "records")
    click.echo(f"  {counts.issued} records, with the scores that no certificate holds")
    _say_bad(directory / "records", counts)


def _copy(name: str, directory: Path) -> Path:
    """A file of the demo's data, as somebody would have it at hand."""
    data = resources.files("signedcert.cli") / "demo_data" / name
    (directory / name).write_bytes(data.read_bytes())
    return directory / name


def _issue(
    institution: Institution, rows: Iterator[Row | BadRow], target: Path
) -> tuple[list[IssuedRow], Counts]:
    outcomes = list(institution.issue_rows(rows, at=datetime.now(UTC)))
    counts = Counts(0, 0, 0)
    for done in write_results(outcomes, target):
        counts = done
    return [outcome for outcome in outcomes if isinstance(outcome, IssuedRow)], counts


def _say_bad(target: Path, counts: Counts) -> None:
    click.echo(f"  {counts.bad} rows were not issued ({target.name}/errors.csv):")
    with (target / "errors.csv").open(encoding="utf-8", newline="") as file:
        for bad in csv.DictReader(file):
            click.echo(f"    line {bad['line']:>3}  {bad['reason']:18}  {bad['message']}")


def _names(issued: list[IssuedRow]) -> str:
    step = max(len(issued) // _SHOWN, 1)
    rows = [outcome.row for outcome in issued[::step][:_SHOWN]]
    return ", ".join(row.name for row in rows if isinstance(row, RosterRow))


def _publish(institution: Institution, directory: Path) -> None:
    """What a verifier gets: the manifest from the web, the pin by another way."""
    keys = directory / "published-keys"
    keys.mkdir()
    for version, manifest in enumerate(institution.manifests, 1):
        write_atomic(keys / f"{version}.json", manifest)
    TrustStore.empty().add(institution.manifests, institution.pin).write(directory / "trust")


def _publish_again(directory: Path) -> None:
    """What a web server would serve by now: every manifest, landmarks, status lists."""
    with Institution.open(directory / "home") as institution:
        target = directory / "published-keys"
        shutil.copytree(institution.published.path, target, dirs_exist_ok=True)
        for version, manifest in enumerate(institution.manifests, 1):
            write_atomic(target / f"{version}.json", manifest)


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
    verify_offline(directory, str(target))
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


def _print(directory: Path) -> None:
    """A certificate of somebody whose name needs no more fonts than those that come along."""
    _title("7. Put a certificate on paper")
    if find_spec("typst") is None:
        click.echo("  needs more packages: pip install 'signedcert[render]'")
        return
    from signedcert.render.renderer import Renderer  # noqa: PLC0415 - an extra

    target = directory / "certificate.pdf"
    with Renderer(explain=True) as renderer:
        for path in sorted((directory / "certificates").glob(f"*{SUFFIX}")):
            with suppress(RenderError):
                write_atomic(target, renderer.pdf(Bundle.read(path)))
                break
    click.echo(f"  {target} has a code to scan, and the signed certificate attached.")
    verify_offline(directory, str(target))


def _next_steps(directory: Path, code: str, courses: int) -> None:
    _title("What to try next")
    file = directory / "certificates" / f"{code}{SUFFIX}"
    home = directory / "home"
    command = _command()
    click.echo(f"  {command} verify {file} --trust {directory / 'trust'} -v")
    click.echo(f"  {command} keys status --home {home}")
    click.echo(f"  {command} serve --home {home}")
    click.echo(f"      then open {records.SERVED}/verify/{code}")
    click.echo(f"      ({courses} courses are at {records.SERVED}/courses)")
    click.echo(f"  {command} sign-in {records.LEARNER} --address {records.SERVED} --home {home}")
    click.echo("      then open the link that it prints: it leads to the learner's page")
    click.echo(f"  {command} reset {records.LEARNER} --all --home {home}")
    click.echo("      then open the private link of step 10 again: it has ended")
    click.echo(f"  {command} --help")


def _command() -> str:
    """How the reader can start the command line: by its name, or as it was started."""
    if shutil.which("signedcert"):
        return "signedcert"
    script = sys.argv[0]
    return script if Path(script).name == "signedcert" else f"{sys.executable} -m signedcert"
