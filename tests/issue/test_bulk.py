"""A whole roster: every row has its own outcome, in its place."""

import csv
import os
from collections.abc import Generator, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signedcert.carriers.bundle import Bundle
from signedcert.custody.private import PrivateKey
from signedcert.custody.signer import CheckedSigner
from signedcert.errors import ConfigurationError, IssueError
from signedcert.institution import Institution
from signedcert.issue import bulk as module
from signedcert.issue.bulk import issue_rows
from signedcert.issue.issuer import Issuer
from signedcert.issue.results import (
    Counts,
    IssuedRow,
    WrittenRow,
    write_reports,
    write_results,
)
from signedcert.issue.roster import BadRow, RosterRow, read_roster
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.verify.verifier import Verifier
from tests.core.refusal import refused
from tests.institution.homes import COMPLETED, LATER, NOW, another_course, newer
from tests.reference import World
from tests.reference import course as reference_course

COURSES = {one.id: one for one in (reference_course(), another_course())}
COURSE = reference_course().id


def row(line: int, name: str = "Ada Lovelace", **changes: object) -> RosterRow:
    """A row of a roster; its learner id says which."""
    usual = RosterRow(line, f"s-{line}", name, COURSE, "2026", COMPLETED, None, False)  # noqa: FBT003
    return usual._replace(**changes)  # type: ignore[arg-type]


@pytest.fixture
def issuer(world: World) -> Iterator[Issuer]:
    """An issuer that forgets: its registry is in memory."""
    registry = Registry.create("sqlite://")
    yield Issuer(world.manifest, CheckedSigner(world.key), registry)
    registry.close()


# each outcome is its row's

#: Kinds of rows, and the reason for which a bad one is refused.
KINDS: dict[str, tuple[dict[str, object], str]] = {
    "good": ({}, ""),
    "other course": ({"course": another_course().id}, ""),
    "started": ({"started": date(2026, 5, 1)}, ""),
    "Null": ({"name": "Null", "name_confirmed": True}, ""),
    "placeholder": ({"name": "N/A"}, "name-placeholder"),
    "control": ({"name": "A\nda"}, "text-control"),
    "unknown course": ({"course": "alchemy"}, "course-unknown"),
    "future": ({"completed": NOW.date() + timedelta(days=2)}, "date-in-future"),
    "reversed": ({"started": COMPLETED + timedelta(days=1)}, "dates-reversed"),
    "identifier": ({"run": "r" * 200}, "text-too-long"),
}


def make_row(line: int, kind: str) -> RosterRow | BadRow:
    """A row of a kind, with a name of its own."""
    if kind == "unreadable":
        return BadRow(line, f"s-{line}", "completed", "date-invalid", "30.6.", "no date")
    changes, _ = KINDS[kind]
    return row(line, **({"name": f"Learner {line}"} | changes))  # type: ignore[arg-type]


def check(
    outcome: IssuedRow | BadRow, source: RosterRow | BadRow, kind: str, trust: Verifier
) -> None:
    """The outcome is that of this row and no other: the signed content says so."""
    if kind == "unreadable":
        assert outcome == source
        return
    assert isinstance(source, RosterRow)
    reason = KINDS[kind][1]
    if reason:
        assert isinstance(outcome, BadRow)
        assert (outcome.line, outcome.label) == (source.line, source.learner_id)
        assert outcome.reason == reason
        return
    assert isinstance(outcome, IssuedRow)
    assert outcome.row == source
    verified = trust.verify(outcome.issued.bundle, at=LATER, code=str(outcome.issued.code))
    signed = (verified.learner, verified.course.id, verified.started, verified.completed)
    assert signed == (source.name, source.course, source.started, source.completed)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.lists(st.sampled_from([*KINDS, "unreadable"]), max_size=25), batch=st.integers(1, 9)
)
def test_every_row_has_its_own_outcome_in_its_place(
    world: World, kinds: list[str], batch: int
) -> None:
    rows = [make_row(line, kind) for line, kind in enumerate(kinds, 2)]
    registry = Registry.create("sqlite://")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH", batch)
        issuer = Issuer(world.manifest, CheckedSigner(world.key), registry)
        outcomes = list(issue_rows(issuer, COURSES, rows, NOW))
    verifier = Verifier(world.trust)
    assert len(outcomes) == len(rows)
    for outcome, source, kind in zip(outcomes, rows, kinds, strict=True):
        check(outcome, source, kind, verifier)
    assert registry.count() == sum(isinstance(outcome, IssuedRow) for outcome in outcomes)
    registry.close()


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(12)))
def test_issuing_again_in_any_order_gives_each_row_its_own_certificate(
    world: World, order: list[int]
) -> None:
    registry = Registry.create("sqlite://")
    issuer = Issuer(world.manifest, CheckedSigner(world.key), registry)
    rows = [row(line, f"Learner {line}") for line in range(12)]
    first = [one for one in issue_rows(issuer, COURSES, rows, NOW) if isinstance(one, IssuedRow)]
    again = issue_rows(issuer, COURSES, [rows[i] for i in order], NOW)
    for i, outcome in zip(order, again, strict=True):
        assert isinstance(outcome, IssuedRow)
        assert outcome.issued.again
        assert outcome.issued.bundle == first[i].issued.bundle
    registry.close()


def test_the_same_learner_twice_in_a_roster_has_one_certificate(issuer: Issuer) -> None:
    rows = [row(2), row(3, learner_id="s-2"), row(4, "Ada King", learner_id="s-2")]
    first, second, third = issue_rows(issuer, COURSES, rows, NOW)
    assert isinstance(first, IssuedRow)
    assert isinstance(second, IssuedRow)
    assert isinstance(third, BadRow)
    assert (third.line, third.field, third.reason) == (4, "learner_id", "already-issued")
    assert third.value == "s-2"


def test_batches_beyond_the_size_of_one_transaction_keep_their_order(issuer: Issuer) -> None:
    rows = [row(line, f"Learner {line}" if line % 7 else " ") for line in range(2, 1203)]
    adds: list[int] = []
    add = Registry.add

    def counted(self: Registry, rows: list[DocumentRow]) -> None:
        adds.append(len(rows))
        add(self, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Registry, "add", counted)
        patch.setattr(module, "BATCH", 500)
        outcomes = list(issue_rows(issuer, COURSES, rows, NOW))
    assert [one.line if isinstance(one, BadRow) else one.row.line for one in outcomes] == [
        one.line for one in rows
    ]
    assert all(
        isinstance(one, BadRow) == (source.line % 7 == 0)
        for one, source in zip(outcomes, rows, strict=True)
    )
    assert len(adds) == 3
    assert sum(adds) == issuer.registry.count() == len(rows) - len(range(7, 1203, 7))


def test_a_batch_is_durable_before_its_first_outcome_comes_out(issuer: Issuer) -> None:
    rows = [row(line) for line in range(2, module.BATCH + 202)]
    outcomes = issue_rows(issuer, COURSES, rows, NOW)
    assert issuer.registry.count() == 0
    next(outcomes)
    assert issuer.registry.count() == module.BATCH
    assert len(list(outcomes)) == len(rows) - 1
    assert issuer.registry.count() == len(rows)


def test_an_unknown_course_is_told_with_what_the_catalogue_has(issuer: Issuer) -> None:
    (known,) = issue_rows(issuer, COURSES, [row(2, course="alch\u202eemy")], NOW)
    (empty,) = issue_rows(issuer, {}, [row(2)], NOW)
    assert isinstance(known, BadRow)
    assert isinstance(empty, BadRow)
    assert (known.field, known.value) == ("course", r"alch\u202eemy")
    assert f"{another_course().id}, {COURSE}" in known.message
    assert "none yet" in empty.message


def test_the_newest_version_of_a_course_is_issued(university: Institution) -> None:
    university.add_course(newer(reference_course(), title="Operations, Revised"), at=NOW)
    (outcome,) = university.issue_rows([row(2)], at=NOW)
    assert isinstance(outcome, IssuedRow)
    verified = university.verifier().verify(outcome.issued.bundle, at=LATER)
    assert (verified.course.version, verified.course.title) == (2, "Operations, Revised")


def test_a_roster_run_again_after_a_new_version_gives_the_same_certificates(
    university: Institution,
) -> None:
    (first,) = university.issue_rows([row(2)], at=NOW)
    university.add_course(newer(reference_course()), at=NOW)
    again, fresh = university.issue_rows([row(2), row(3)], at=NOW)
    assert isinstance(first, IssuedRow)
    assert isinstance(again, IssuedRow)
    assert isinstance(fresh, IssuedRow)
    assert again.issued.again
    assert again.issued.bundle == first.issued.bundle
    verified = university.verifier().verify(fresh.issued.bundle, at=LATER)
    assert verified.course.version == 2


# results on disk


def results(path: Path) -> list[dict[str, str]]:
    """A report, as a spreadsheet reads it."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_results_are_two_reports_and_a_bundle_for_each_certificate(
    issuer: Issuer, world: World, tmp_path: Path
) -> None:
    rows = [row(2), row(3, " "), row(4, "李小龍")]
    out = tmp_path / "deep" / "out"
    counts = list(write_results(issue_rows(issuer, COURSES, rows, NOW), out))
    assert counts == [Counts(1, 0, 0), Counts(1, 0, 1), Counts(2, 0, 1)]
    issued, errors = results(out / "issued.csv"), results(out / "errors.csv")
    assert [one["learner_id"] for one in issued] == ["s-2", "s-4"]
    for line, name in zip(issued, ["Ada Lovelace", "李小龍"], strict=True):
        assert line["file"] == f"{line['code']}.signedcert"
        assert line["url"] == f"{world.manifest.iss}/verify/{line['code']}"
        assert (line["course"], line["run"]) == (COURSE, "2026")
        bundle = Bundle.read(out / line["file"])
        assert Verifier(world.trust).verify(bundle, at=LATER, code=line["code"]).learner == name
    (error,) = errors
    assert (error["line"], error["learner_id"], error["field"]) == ("3", "s-3", "name")
    assert (error["reason"], error["value"]) == ("text-blank", " ")
    assert error["message"]
    expected = {"issued.csv", "errors.csv", *(line["file"] for line in issued)}
    assert {path.name for path in out.iterdir()} == expected


def test_running_again_writes_the_same_bundles_and_says_so(issuer: Issuer, tmp_path: Path) -> None:
    rows = [row(2), row(3)]
    first = list(write_results(issue_rows(issuer, COURSES, rows, NOW), tmp_path))[-1]
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    second = list(write_results(issue_rows(issuer, COURSES, rows, NOW), tmp_path))[-1]
    assert (first, second) == (Counts(2, 0, 0), Counts(0, 2, 0))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_roster_without_rows_has_two_empty_reports(issuer: Issuer, tmp_path: Path) -> None:
    assert list(write_results(issue_rows(issuer, COURSES, [], NOW), tmp_path)) == []
    assert results(tmp_path / "issued.csv") == results(tmp_path / "errors.csv") == []
    assert (tmp_path / "errors.csv").read_text("utf-8").startswith("line,learner_id,field,reason")


def test_values_in_reports_are_escaped_and_quoted(issuer: Issuer, tmp_path: Path) -> None:
    rows = [row(2, 'A\x1b[2J",\nda'), row(3, learner_id="s\x00\u202e"), row(4, "B" * 600)]
    list(write_results(issue_rows(issuer, COURSES, rows, NOW), tmp_path))
    control, identifier, long = results(tmp_path / "errors.csv")
    assert control["value"] == r'A\u001b[2J",\u000ada'
    assert identifier["learner_id"] == identifier["value"] == r"s\u0000\u202e"
    assert len(long["value"]) < 100
    raw = (tmp_path / "errors.csv").read_text("utf-8")
    assert all(character.isprintable() or character in "\r\n" for character in raw)


def test_a_spreadsheet_takes_no_cell_of_the_error_report_for_a_formula(
    issuer: Issuer, tmp_path: Path
) -> None:
    formula = "=HYPERLINK(1)"
    rows = [
        row(2, learner_id=formula, course=formula),
        row(3, "@x", course="+1"),
        row(4, course="-1"),
    ]
    list(write_results(issue_rows(issuer, COURSES, rows, NOW), tmp_path))
    errors = results(tmp_path / "errors.csv")
    assert errors[0]["learner_id"] == errors[0]["value"] == f"'{formula}"
    assert [error["value"] for error in errors[1:]] == ["'+1", "'-1"]


def test_reports_appear_whole_or_not_at_all(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "issued.csv").write_text("of the last run", encoding="utf-8")

    def failing() -> Iterator[IssuedRow | BadRow]:
        yield from issue_rows(issuer, COURSES, [row(2)], NOW)
        message = "no space left on device"
        raise OSError(message)

    written = write_results(failing(), tmp_path)
    assert next(written) == Counts(1, 0, 0)
    with pytest.raises(OSError, match="no space"):
        next(written)
    assert (tmp_path / "issued.csv").read_text("utf-8") == "of the last run"
    assert not list(tmp_path.glob(".*"))
    assert not (tmp_path / "errors.csv").exists()


def test_the_registry_is_the_record_of_what_a_crash_left_out(
    issuer: Issuer, tmp_path: Path
) -> None:
    rows = [row(line) for line in range(2, 12)]
    written = write_results(issue_rows(issuer, COURSES, rows, NOW), tmp_path)
    next(written)
    written.close()  # type: ignore[attr-defined]
    assert len(list(tmp_path.glob("*.signedcert"))) == 1
    again = list(write_results(issue_rows(issuer, COURSES, rows, NOW), tmp_path))
    assert again[-1] == Counts(0, 10, 0)
    assert len(list(tmp_path.glob("*.signedcert"))) == 10
    assert len(results(tmp_path / "issued.csv")) == 10


def test_a_bundle_that_is_there_already_is_replaced_in_one_step(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(write_results(issue_rows(issuer, COURSES, [row(2)], NOW), tmp_path))
    (bundle,) = tmp_path.glob("*.signedcert")
    before = bundle.read_bytes()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        list(write_results(issue_rows(issuer, COURSES, [row(2)], NOW), tmp_path))
    assert bundle.read_bytes() == before
    assert not list(tmp_path.glob(f".{bundle.name}*"))


def test_a_wrong_passphrase_or_roster_writes_no_reports(
    university: Institution, tmp_path: Path
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("learner_id\n", encoding="utf-8")
    out = tmp_path / "out"
    with pytest.raises(Exception, match="column-missing"):
        list(write_results(university.issue_rows(read_roster(roster), at=NOW), out))
    assert not out.exists()
    with Institution.open(university.home, "wrong") as stranger:
        with refused("passphrase-wrong", kind=ConfigurationError):
            stranger.issue_rows([row(2)], at=NOW)
        assert stranger.count() == 0


def test_an_institution_that_issues_with_ed25519_issues_rosters_too(
    ed25519_world: World,
) -> None:
    registry = Registry.create("sqlite://")
    issuer = Issuer(ed25519_world.manifest, CheckedSigner(ed25519_world.key), registry)
    (outcome,) = issue_rows(issuer, COURSES, [row(2)], NOW)
    assert isinstance(outcome, IssuedRow)
    assert Verifier(ed25519_world.trust).verify(outcome.issued.bundle, at=LATER).learner
    registry.close()


def test_a_key_of_nobody_issues_what_nobody_believes(world: World) -> None:
    """The manifest decides, not the key file: ``Institution`` refuses such a key."""
    registry = Registry.create("sqlite://")
    stranger = PrivateKey.generate("ES256")
    (outcome,) = issue_rows(
        Issuer(world.manifest, CheckedSigner(stranger), registry), COURSES, [row(2)], NOW
    )
    assert isinstance(outcome, IssuedRow)
    assert Verifier(world.trust).report(outcome.issued.bundle, at=LATER).reason == "unknown-key"
    registry.close()


def test_whoever_makes_the_results_is_done_before_the_next_run_may_begin(
    issuer: Issuer, tmp_path: Path
) -> None:
    seen: list[str] = []

    def lines() -> Generator[WrittenRow | BadRow, None, None]:
        try:
            for line in range(2, 9):
                yield BadRow(line, f"s-{line}", "name", "text-blank", "", "nothing in it")
        finally:
            with refused("results-in-use", str(tmp_path), IssueError):
                list(write_results(issue_rows(issuer, COURSES, [], NOW), tmp_path))
            seen.append("end")

    written = write_reports(lines(), tmp_path)
    assert next(written) == Counts(0, 0, 1)
    written.close()  # type: ignore[attr-defined]
    assert seen == ["end"]
    assert list(tmp_path.iterdir()) == []
    assert list(write_results(issue_rows(issuer, COURSES, [], NOW), tmp_path)) == []
