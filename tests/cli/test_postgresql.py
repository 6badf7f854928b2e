"""An institution whose registry is on a PostgreSQL server, as its people run it."""

import csv
import io
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
from sqlalchemy import URL as URLOfDatabase  # noqa: N811 - URL is the institution's

from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.registry.registry import REVISION
from tests.cli.running import COMMAND, Done, spawn
from tests.cli.test_institution_commands import GOOD, both, write_course, write_roster
from tests.core.refusal import refused
from tests.institution.homes import NAME, URL, Place, issue_one
from tests.issue.gradebooks import cells, write_gradebook
from tests.postgres import PostgreSQL
from tests.publish.press import add_snapshot_key
from tests.reference import course

Run = Callable[..., Done]
COURSE = "operations-management"
#: One whose certificate stands, and one whose was revoked.
LEARNERS = ("s-0", "s-3")


class Bureau(NamedTuple):
    """An institution, its registry on a server, and what it takes to issue."""

    place: Place
    url: URLOfDatabase
    server: PostgreSQL
    directory: Path

    @property
    def home(self) -> list[object]:
        """The option that every command takes."""
        return ["--home", self.place.home]

    @property
    def signing(self) -> list[object]:
        """The options of a command that signs."""
        return [*self.home, "--passphrase-file", self.directory / "passphrase"]

    def roster(self, count: int) -> Path:
        """A roster of so many."""
        return write_roster(self.directory, *learners(count))

    def say(self, statement: str) -> list[tuple[object, ...]]:
        """What the server says of the registry."""
        return self.server.run(statement, str(self.url.database))

    def shut(self) -> None:
        """Nobody who is in stays, and nobody comes in."""
        name = self.url.database
        self.server.run(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        self.server.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "  # noqa: S608
            f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )

    def reopen(self) -> None:
        """As before."""
        self.server.run(f"ALTER DATABASE {self.url.database} CONNECTION LIMIT -1")

    def contents(self) -> list[tuple[object, ...]]:
        """How much is in each table."""
        tables = self.say("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [
            (table, *self.say(f"SELECT count(*) FROM {table}")[0])  # noqa: S608
            for (table,) in tables
        ]


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


@pytest.fixture
def bureau(place: Place, postgres: PostgreSQL, secret: Path) -> Iterator[Bureau]:
    """An institution that has issued nothing."""
    with postgres.database(migrated=True) as url:
        place.move_registry(url)
        yield Bureau(place, url, postgres, secret.parent)


def learners(count: int, first: int = 0) -> list[str]:
    """The rows of a roster."""
    return [GOOD.replace("s-1", f"s-{n}") for n in range(first, first + count)]


def codes(folder: Path) -> dict[str, str]:
    """The codes in a report, by learner."""
    text = (folder / "issued.csv").read_text("utf-8-sig")
    return {line["learner_id"]: line["code"] for line in csv.DictReader(io.StringIO(text))}


# the beginning


def test_a_new_home_begins_with_the_database_that_its_setting_names(
    run: Run, tmp_path: Path, secret: Path, postgres: PostgreSQL
) -> None:
    place = Place(tmp_path / "home", tmp_path / "usb")
    made = run(
        *("init", "--home", place.home, "--root", place.root, "--name", NAME, "--url", URL),
        *both(secret),
    )
    assert made.status == 0
    with postgres.database(migrated=False) as empty:
        (place.home / "registry.sqlite").unlink()
        place.set_registry(postgres.by_port(str(empty.database)).render_as_string(False))  # noqa: FBT003
        refused = run("course", "list", "--home", place.home)
        assert refused.status == 2
        assert "run: signedcert migrate" in refused.err
        assert "keeper" not in refused.err
        migrated = run("migrate", "--home", place.home)
        assert migrated.out == f"The registry went from revision none to {REVISION}.\n"
        added = run("course", "add", write_course(tmp_path, course()), "--home", place.home)
        assert added.status == 0
        assert run("course", "list", "--home", place.home).out.startswith(COURSE)
    assert not (place.home / "registry.sqlite").exists()


# the days of an institution


def test_what_is_issued_published_and_shared_is_verified_with_no_database(
    run: Run, bureau: Bureau, tmp_path: Path
) -> None:
    add_snapshot_key(bureau.place)
    folder = tmp_path / "spring-issued"
    issued = spawn("issue", bureau.roster(1100), *bureau.signing, "--jobs", 2)
    assert (issued.status, issued.out.splitlines()[0]) == (0, "Issued: 1100. Issued before: 0.")
    code = codes(folder)
    book = write_gradebook(tmp_path / "marks.csv", [cells("s-1", run="2026"), cells("s-2")])
    assert "Issued: 2." in run("issue-records", book, *bureau.signing).out
    renamed = ["--reason", "renamed", "--name", "Ada King", "--out", tmp_path / "king.signedcert"]
    commands: list[list[object]] = [
        ["revoke", code["s-3"], "--reason", "misconduct", *bureau.home],
        ["replace", code["s-4"], *renamed, *bureau.signing],
        ["publish", *bureau.signing],
        ["share", "s-1", "--course", COURSE, "--label", "Acme", *bureau.home],
    ]
    assert [run(*command).status for command in commands] == [0] * 4
    assert "Acme" in run("shares", "s-1", *bureau.home).out
    assert run("reset", "s-1", "--all", *bureau.home).out == "Ended: 1 link.\n"
    assert run("sign-in", "s-1", *bureau.home).out.startswith(URL)
    status = run("keys", "status", *bureau.home)
    assert "1103 signed" in status.out
    trust = ["--trust", tmp_path / "trust"]
    pin = run("keys", "status", *bureau.home, "--json").json["pin"]
    copy = Path(shutil.copytree(bureau.place.home / "published", tmp_path / "copy"))
    shutil.copytree(bureau.place.home / "manifests", copy / "keys")
    assert run("trust", "add", copy / "keys", "--pin", pin, *trust).status == 0
    assert run("trust", "update", "--from", copy, *trust).status == 0
    bureau.shut()
    verified = [run("verify", folder / f"{code[name]}.signedcert", *trust) for name in LEARNERS]
    assert [done.status for done in verified] == [0, 3]  # the second was revoked
    bureau.reopen()


def test_the_log_is_watched_and_a_theft_rehearsed_without_a_trace(
    run: Run, bureau: Bureau, tmp_path: Path
) -> None:
    for count in (3, 6):
        out = ["--out", tmp_path / str(count)]
        assert run("issue", bureau.roster(count), *bureau.signing, *out).status == 0
    watched = run("log", "monitor", *bureau.home, "--from", bureau.place.home / "published")
    assert (watched.status, "It is the registry's." in watched.out) == (0, True)
    before = bureau.contents()
    rehearsed = run("keys", "drill", *bureau.home)
    assert (rehearsed.status, rehearsed.err) == (0, "")
    assert bureau.contents() == before
    assert "6 entries" in run("log", "rebuild", *bureau.home).out
    manifest = Home.read(bureau.place.home).history().newest
    since = [manifest.keys[0].key.thumbprint, "--since-size", 3]
    stolen = ["--propose", tmp_path / "stolen", *bureau.signing]
    found = run("keys", "compromise", *since, *stolen)
    assert found.status == 0, found.err
    assert len((tmp_path / "reissue.csv").read_text("utf-8").splitlines()) == 4


def test_two_processes_issue_at_once_and_nobody_gets_two_certificates(
    bureau: Bureau, tmp_path: Path
) -> None:
    commands = []
    for n in (0, 1):
        (tmp_path / str(n)).mkdir()
        rows = learners(300, 100 * n)
        roster = write_roster(tmp_path / str(n), *(rows if n else reversed(rows)))
        options = [*bureau.signing, "--jobs", 1]
        commands.append([*COMMAND, "issue", *map(str, (roster, *options))])
    running = [subprocess.Popen(one, stdout=subprocess.PIPE) for one in commands]
    outcomes = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert [status for _, status in outcomes] == [0, 0]
    first, second = (codes(tmp_path / str(n) / "spring-issued") for n in (0, 1))
    assert len({**first, **second}) == 400
    assert all(first[name] == second[name] for name in first.keys() & second.keys())
    check_logged(bureau, 400)


def check_logged(bureau: Bureau, count: int) -> None:
    """So many documents were issued, and all are in the log."""
    with Institution.open(bureau.place.home) as institution:
        assert institution.count() == count
        assert institution.log is not None
        assert institution.log.pending == 0
        assert institution.log.checkpoint is not None
        assert institution.log.checkpoint.size == count


def test_an_identifier_that_no_text_is_is_refused_as_on_every_database(bureau: Bureau) -> None:
    with bureau.place.open() as institution, refused("text-control", "learner_id"):
        issue_one(institution, learner_id="s\0")


# a server that is not there


@pytest.mark.parametrize("command", ["issue", "migrate", "serve", "keys status"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": "a wrong one"}, "password authentication failed"),
        ({"port": 1}, "Connection refused"),
        ({"database": "nowhere"}, "does not exist"),
    ],
)
def test_a_server_that_refuses_is_told_in_a_line(
    run: Run, bureau: Bureau, *, command: str, change: dict[str, object], told: str
) -> None:
    wrong = bureau.server.by_port(str(bureau.url.database)).set(**change)  # type: ignore[arg-type]
    bureau.place.set_registry(wrong.render_as_string(hide_password=False))
    arguments: list[object] = [*command.split(), *bureau.home]
    if command == "issue":
        arguments = [command, bureau.roster(1), *bureau.signing]
    done = run(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: registry: the database cannot be used: ")
    assert done.err.endswith("[registry-unreachable]\n")
    assert told in done.err
    assert "keeper" not in done.err
    assert "wrong one" not in done.err


def test_another_driver_is_refused_with_what_to_write(run: Run, bureau: Bureau) -> None:
    bureau.place.set_registry("postgresql+psycopg2://ada:secret@db.example.edu/registry")
    done = run("course", "list", *bureau.home)
    assert done.status == 2
    assert "sqlite and postgresql are" in done.err
    assert "secret" not in done.err


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_roster_goes_on_where_the_server_left_it(bureau: Bureau, jobs: int) -> None:
    roster = bureau.roster(3000)

    def shut_when_some_are_issued() -> None:
        while bureau.say("SELECT count(*) FROM documents") < [(500,)]:
            time.sleep(0.01)
        bureau.shut()

    watcher = Thread(target=shut_when_some_are_issued)
    watcher.start()
    done = spawn("issue", roster, *bureau.signing, "--jobs", jobs)
    watcher.join()
    assert done.status == 2
    assert "[registry-unreachable]" in done.err
    bureau.reopen()
    again = spawn("issue", roster, *bureau.signing, "--jobs", jobs)
    assert again.status == 0, again.err
    check_logged(bureau, 3000)


def test_the_pages_say_that_the_register_is_not_there_until_it_is(bureau: Bureau) -> None:
    command = [*COMMAND, "serve", *map(str, bureau.home), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        address = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        courses = address.replace("/verify", "/courses")
        seen = [status_of(courses)]
        bureau.shut()
        seen.append(status_of(courses))
        bureau.reopen()
        seen += [status_of(courses), status_of(f"{courses}/%00")]
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(20) == 0
    assert seen == [200, 503, 200, 404]
    assert "Traceback" not in rest
    assert rest.count("[registry-unreachable]") == 1


def status_of(address: str) -> int:
    """What a page answers."""
    try:
        with urllib.request.urlopen(address, timeout=20) as page:  # noqa: S310 - our own
            return int(page.status)
    except urllib.error.HTTPError as error:
        with closing(error):
            return error.code
