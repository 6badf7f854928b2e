"""``share``, ``shares``, ``reset`` and ``sign-in``: links to course records."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.documents.recordbadge import RecordCredential
from signedcert.institution import Institution
from signedcert.registry.registry import REVISION
from tests.cli.office import COURSE, Office
from tests.cli.running import Done, spawn
from tests.institution.homes import URL
from tests.reference import results

Run = Callable[..., Done]
ACME = ("--course", COURSE, "--label", "Acme")


@pytest.fixture
def home(office: Office) -> tuple[object, ...]:
    """The option for the office's home."""
    return ("--home", office.home)


def opened(office: Office, url: str, at: datetime | None = None) -> RecordCredential | None:
    """What a link shows."""
    assert url.startswith(f"{URL}/records/")
    with Institution.open(office.home) as institution:
        bundle = institution.records.open(url.rpartition("/")[2], at or datetime.now(UTC))
    return None if bundle is None else bundle.unverified_record()


def numbers(record: RecordCredential | None) -> list[int]:
    """The numbers of the results that are shown."""
    assert record is not None
    return [number for number, one in enumerate(record.results, 1) if one.shown]


# share


def test_a_link_and_nothing_else_is_on_standard_output(
    run: Run, office: Office, home: tuple[object, ...]
) -> None:
    done = run("share", "s-1", *ACME, *home)
    assert done.status == 0
    assert re.fullmatch(rf"{URL}/records/[A-Za-z0-9_-]{{24}}\n", done.out)
    until = datetime.now(UTC) + timedelta(days=30)
    assert done.err == (
        f"Share 1 shows 15 of 15 results, with the name, until {until:%Y-%m-%d}. "
        "Copy the link now: it is not kept.\n"
    )
    shown = opened(office, done.out.strip())
    assert numbers(shown) == list(range(1, 16))
    assert shown == Bundle.read(office.record).unverified_record()


def test_the_link_is_told_in_json_as_well(
    run: Run, office: Office, home: tuple[object, ...]
) -> None:
    done = run("share", "s-1", *ACME, "--result", "quiz", "--days", 7, *home, "--json")
    assert (done.status, done.err) == (0, "")
    assert list(done.json) == ["share", "url", "results", "expires"]
    assert (done.json["share"], done.json["results"]) == (1, [1, 2, 3, 4, 5, 6])
    expires = datetime.fromisoformat(done.json["expires"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=5)
    assert numbers(opened(office, done.json["url"])) == [1, 2, 3, 4, 5, 6]
    assert opened(office, done.json["url"], expires - timedelta(seconds=1)) is not None
    assert opened(office, done.json["url"], expires) is None


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["final score"], [15]),
        (["FINAL Score"], [15]),
        (["final exam", "15"], [14, 15]),
        (["Week 2"], [2]),
        (["quiz: week 2"], [2]),
        (["practice problems"], [7, 8, 9, 10, 11, 12, 13]),
        (["3", "quiz", "003"], [1, 2, 3, 4, 5, 6]),
        (["15", "1"], [1, 15]),
    ],
)
def test_results_are_named_by_number_name_title_or_kind(
    run: Run, office: Office, home: tuple[object, ...], wanted: list[str], chosen: list[int]
) -> None:
    options = [part for text in wanted for part in ("--result", text)]
    done = run("share", "s-1", *ACME, *options, "--without-name", "--no-end", *home)
    assert done.status == 0
    said = f"shows {len(chosen)} of 15 results, without the name, until it is ended."
    assert said in done.err
    shown = opened(office, done.out.strip(), datetime(2999, 1, 1, tzinfo=UTC))
    assert shown is not None
    assert numbers(shown) == chosen
    assert shown.learner is None


@pytest.mark.parametrize(
    "wanted", ["", " ", "0", "16", "-1", "1.0", "²", "essay", "Week", "9" * 5000]
)
def test_an_unknown_result_is_refused_with_a_list_of_all(
    run: Run, home: tuple[object, ...], wanted: str
) -> None:
    done = run("share", "s-1", *ACME, "--result", "1", "--result", wanted, *home)
    assert (done.status, done.out) == (1, "")
    known = "; ".join(f"{number} {one.name}" for number, one in enumerate(results(), 1))
    assert f"not in this record, which has: {known} [result-unknown]\n" in done.err
    assert "No links" in run("shares", "s-1", *home).out


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["s-9", *ACME], COURSE),
        (["s-3", *ACME], COURSE),
        (["s-1", "--course", "alchemy", "--label", "x"], "alchemy"),
        (["s-2", "--course", "art-of-memory", "--label", "x"], "art-of-memory"),
        (["s-1", *ACME, "--run", "2025"], COURSE),
        (["", *ACME], COURSE),
    ],
    ids=["learner", "certificate only", "course", "another course", "run", "blank"],
)
def test_a_record_that_is_not_there_is_refused(
    run: Run, home: tuple[object, ...], arguments: list[str], where: str
) -> None:
    done = run("share", *arguments, *home)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {where}: this learner has no record of this course")
    assert done.err.endswith("see: signedcert issue-records [record-missing]\n")
    as_json = run("share", *arguments, *home, "--json")
    assert as_json.json["error"]["reason"] == "record-missing"


def test_of_several_runs_the_latest_counts_unless_one_is_named(
    run: Run, office: Office, home: tuple[object, ...]
) -> None:
    finals = []
    for options in ([], ["--run", "2027"]):
        done = run("share", "s-2", *ACME, *options, *home)
        shown = opened(office, done.out.strip())
        assert shown is not None
        finals.append(str(shown.results[-1].value))
    assert finals == ["60", "70"]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("", "text-blank"),
        (" ", "text-blank"),
        ("x" * 201, "text-too-long"),
        ("Acme \u202e", "text-bidi"),
        ("Ac\x1bme", "text-control"),
        ("\udcff", "lone-surrogate"),
    ],
)
def test_a_label_is_plain_text(run: Run, home: tuple[object, ...], label: str, reason: str) -> None:
    done = run("share", "s-1", "--course", COURSE, "--label", label, *home)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("error: label: ")
    assert done.err.endswith(f"[{reason}]\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["share"], "LEARNER_ID"),
        (["share", "s-1", "--label", "x"], "--course"),
        (["share", "s-1", "--course", COURSE], "--label"),
        (["share", "s-1", *ACME, "--days", "0"], "0"),
        (["share", "s-1", *ACME, "--days", "3651"], "3651"),
        (["share", "s-1", *ACME, "--days", "x"], "x"),
        (["share", "s\udcff", *ACME], "LEARNER_ID"),
        (["shares"], "LEARNER_ID"),
        (["shares", "s\udcff"], "LEARNER_ID"),
        (["reset", "s-1"], "--all"),
        (["reset", "s-1", "--all", "--share", "1"], "--all"),
        (["reset", "s-1", "--share", "0"], "0"),
        (["reset", "s-1", "--share", "-1"], "-1"),
        (["reset", "s-1", "--share", "x"], "x"),
        (["reset", "s\udcff", "--all"], "LEARNER_ID"),
        (["sign-in", "s-1", "--minutes", "0"], "0"),
        (["sign-in", "s-1", "--minutes", "1441"], "1441"),
        (["sign-in", "s\udcff"], "LEARNER_ID"),
    ],
    ids=" ".join,
)
def test_wrong_use_exits_2_and_names_what_is_wrong(
    run: Run, home: tuple[object, ...], arguments: list[str], named: str
) -> None:
    done = run(*arguments, *home)
    assert (done.status, done.out) == (2, "")
    assert named in done.err
    assert done.err.endswith(f"see: signedcert {arguments[0]} --help [usage]\n")
    assert run(*arguments, *home, "--json").json["error"]["reason"] == "usage"


COMMANDS = [
    ("share", "s-1", *ACME),
    ("shares", "s-1"),
    ("reset", "s-1", "--all"),
    ("sign-in", "s-1"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_home_that_is_not_there_is_told(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = run(*command, "--home", tmp_path / "missing")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {tmp_path / 'missing'}: no institution has its home here")
    assert done.err.endswith("[home-missing]\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_home_of_the_release_before_is_to_be_migrated(
    run: Run, office: Office, home: tuple[object, ...], command: tuple[str, ...]
) -> None:
    office.age()
    done = run(*command, *home)
    assert (done.status, done.out) == (2, "")
    needed = f"has revision 0001, and this release needs {REVISION}; run: signedcert migrate"
    assert needed in done.err
    assert done.err.endswith("[registry-version]\n")
    assert run("migrate", *home).status == 0
    assert run(*command, *home).status == 0


def test_no_command_about_links_asks_for_a_passphrase(office: Office) -> None:
    for command in COMMANDS:
        assert spawn(*command, "--home", office.home).status == 0


# shares


def test_links_are_listed_the_newest_first_with_their_openings(
    run: Run, office: Office, home: tuple[object, ...]
) -> None:
    first = run("share", "s-1", *ACME, *home).out.strip()
    run("share", "s-1", "--course", COURSE, "--label", "Müller & Töchter", "--result", "15",
        "--result", "1", "--without-name", "--no-end", *home)  # fmt: skip
    for minute, times in ((0, 1), (1, 2)):
        at = datetime.now(UTC).replace(second=0) + timedelta(minutes=minute)
        for _ in range(times):
            assert opened(office, first, at) is not None
    done = run("shares", "s-1", *home)
    assert (done.status, done.err) == (0, "")
    second_line, first_line, newest, oldest = done.out.splitlines()
    code = Bundle.read(office.record).code
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert second_line == (
        f"    2  Müller & Töchter: results 1, 15, without the name, of record {code}; "
        f"made {today}, no end"
    )
    assert first_line.startswith("    1  Acme: results 1, 2, 3, 4, 5, 6, 7, ")
    ends = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    assert first_line.endswith(f", with the name, of record {code}; made {today}, ends {ends}")
    assert re.fullmatch(r"      opened [0-9-]{10} [0-9:]{5} UTC, 2 times", newest)
    assert re.fullmatch(r"      opened [0-9-]{10} [0-9:]{5} UTC", oldest)
    assert first.rpartition("/")[2] not in done.out


def test_links_are_told_in_json_as_well(run: Run, office: Office, home: tuple[object, ...]) -> None:
    url = run("share", "s-1", *ACME, "--result", "15", *home).out.strip()
    opened(office, url)
    run("share", "s-1", *ACME, "--no-end", "--without-name", *home)
    run("reset", "s-1", "--share", 2, *home)
    done = run("shares", "s-1", "--json", *home)
    assert done.json["learner_id"] == "s-1"
    second, first = done.json["shares"]
    assert list(first) == [
        "share",
        "record",
        "label",
        "results",
        "with_name",
        "created",
        "expires",
        "ended",
        "live",
        "opened",
    ]
    assert (first["share"], first["label"], first["results"]) == (1, "Acme", [15])
    assert (first["with_name"], first["ended"], first["live"]) == (True, None, True)
    assert first["record"] == str(Bundle.read(office.record).code)
    (opening,) = first["opened"]
    assert opening["times"] == 1
    assert (second["with_name"], second["expires"], second["live"]) == (False, None, False)
    assert second["ended"] is not None
    assert second["opened"] == []
    assert url.rpartition("/")[2] not in done.out


@pytest.mark.parametrize("learner_id", ["s-2", "nobody", ""])
def test_who_has_no_links_is_told_so(run: Run, home: tuple[object, ...], learner_id: str) -> None:
    run("share", "s-1", *ACME, *home)
    assert run("shares", learner_id, *home).out == (
        "No links were made to this learner's records.\n"
    )
    assert run("shares", learner_id, *home, "--json").json["shares"] == []


def test_a_link_that_is_over_says_since_when(
    run: Run, office: Office, home: tuple[object, ...]
) -> None:
    long_ago = datetime(2026, 7, 2, tzinfo=UTC)
    with Institution.open(office.home) as institution:
        records = institution.records
        records.share(
            records.one_of("s-1", COURSE),
            "s-1",
            label="Acme",
            expires=long_ago + timedelta(days=1),
            at=long_ago,
        )
    assert run("shares", "s-1", *home).out.endswith("made 2026-07-02, ended 2026-07-03\n")
    assert run("shares", "s-1", "--json", *home).json["shares"][0]["live"] is False
    done = run("reset", "s-1", "--share", 1, *home)
    assert done.status == 1
    assert done.err.endswith("[share-unknown]\n")


# reset


def test_one_link_is_ended_or_all(run: Run, office: Office, home: tuple[object, ...]) -> None:
    urls = [run("share", "s-1", *ACME, *home).out.strip() for _ in range(3)]
    other = run("share", "s-2", *ACME, *home).out.strip()
    done = run("reset", "s-1", "--share", 2, *home)
    assert (done.status, done.out, done.err) == (0, "Ended: 1 link.\n", "")
    assert [opened(office, url) is None for url in urls] == [False, True, False]
    assert run("reset", "s-1", "--all", *home).out == "Ended: 2 links.\n"
    assert [opened(office, url) is None for url in urls] == [True] * 3
    assert run("reset", "s-1", "--all", "--json", *home).json == {"ended": 0}
    assert opened(office, other) is not None
    assert run("reset", "nobody", "--all", *home).out == "Ended: 0 links.\n"


@pytest.mark.parametrize(("learner_id", "number"), [("s-1", 2), ("s-2", 1), ("nobody", 1)])
def test_a_link_that_is_not_the_learners_is_refused(
    run: Run, office: Office, home: tuple[object, ...], learner_id: str, number: int
) -> None:
    url = run("share", "s-1", *ACME, *home).out.strip()
    done = run("reset", learner_id, "--share", number, *home)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"error: share {number}: this learner has no such link that is live; "
        "see: signedcert shares [share-unknown]\n"
    )
    assert opened(office, url) is not None


def test_a_link_is_ended_once(run: Run, home: tuple[object, ...]) -> None:
    run("share", "s-1", *ACME, *home)
    statuses = [run("reset", "s-1", "--share", 1, *home).status for _ in range(2)]
    assert statuses == [0, 1]


# sign-in


def test_a_link_to_sign_in_with_is_good_once(
    run: Run, office: Office, home: tuple[object, ...]
) -> None:
    done = run("sign-in", "s-1", *home)
    assert done.status == 0
    assert re.fullmatch(rf"{URL}/sign-in/[A-Za-z0-9_-]{{24}}\n", done.out)
    assert done.err == "Good once, within 15 minutes.\n"
    token = done.out.strip().rpartition("/")[2]
    with Institution.open(office.home) as institution:
        links = institution.records.links
        signed_in = links.sign_in(token, datetime.now(UTC))
        assert signed_in is not None
        assert signed_in.learner_id == "s-1"
        assert links.sign_in(token, datetime.now(UTC)) is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/"])
def test_it_may_lead_to_where_the_pages_are_served(
    run: Run, office: Office, home: tuple[object, ...], address: str
) -> None:
    done = run("sign-in", "s-1", "--address", address, "--minutes", 3, "--json", *home)
    assert done.json["minutes"] == 3
    start, token = done.json["url"].rsplit("/", 1)
    assert start == "http://127.0.0.1:8000/sign-in"
    with Institution.open(office.home) as institution:
        links = institution.records.links
        assert links.sign_in(token, datetime.now(UTC) + timedelta(minutes=4)) is None
        assert links.sign_in(token, datetime.now(UTC)) is not None


@pytest.mark.parametrize("learner_id", ["s-3", "nobody", ""])
def test_who_has_no_record_has_nothing_to_sign_in_to(
    run: Run, home: tuple[object, ...], learner_id: str
) -> None:
    done = run("sign-in", learner_id, *home)
    assert (done.status, done.out) == (1, "")
    assert "this learner has no course record; see: signedcert issue-records" in done.err
    assert done.err.endswith("[record-missing]\n")


# what the help teaches


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("share", ["It is printed this once", "--without-name", "[default: 30", "--no-end"]),
        ("shares", ["when each was opened"]),
        ("reset", ["--share", "--all", "is told that it has ended"]),
        ("sign-in", ["once", "nobody else", "--minutes"]),
        ("present", ["verifies as the whole does", "does not learn of it", "[default: as RECORD"]),
        ("issue-records", ["#kind", "#maximum", "final score", "which has to be issued first"]),
    ],
)
def test_the_help_teaches(run: Run, command: str, words: list[str]) -> None:
    shown = " ".join(run(command, "--help").out.split())
    assert [word for word in words if word not in shown] == []
