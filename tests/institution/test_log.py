"""What is issued is logged, and whoever is given a document is given the proof of its place."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.ceremonies import founding
from signedcert.ceremonies.proposing import Wanted
from signedcert.core.code import VerificationCode
from signedcert.core.logproof import LogProof
from signedcert.errors import ConfigurationError
from signedcert.institution import Institution
from signedcert.issue import bulk, delivery
from signedcert.issue.results import IssuedRow
from signedcert.trust.logs import LogHead
from signedcert.verify.policy import Policy
from signedcert.verify.report import Outcome, Verdict
from tests.ceremonies.council import enact
from tests.institution.homes import (
    LATER,
    NOW,
    PASSPHRASE,
    URL,
    Place,
    certificate,
    issue_one,
    make_place,
    publish,
)
from tests.issue.gradebooks import COURSE, certify, gradebook_row, issue_record, record
from tests.issue.test_bulk import row
from tests.publish.press import add_snapshot_key, snapshot_of

MINUTE = timedelta(minutes=1)


def issue_at(institution: Institution, number: int, minutes: float = 0) -> Bundle:
    """A certificate, so many minutes later."""
    issued = institution.issue(
        certificate(), learner_id=f"s-{number}", run="2026", at=NOW + minutes * MINUTE
    )
    return issued.bundle


def place_of(institution: Institution, bundle: Bundle) -> tuple[int, int] | None:
    """The place of a document, and the size of the head under which it was shown; None for one
    that brings no proof. What it brings is not allowed to be wrong.
    """
    report = institution.verifier().report(bundle, at=LATER)
    assert report.verdict is Verdict.AUTHENTIC, report.decisive
    step = report.checks[4]
    if bundle.proof is None:
        assert step.outcome is Outcome.NOT_ASKED
        return None
    assert step.outcome is Outcome.PASSED, step
    proof = LogProof.parse(bundle.proof.encode())
    return proof.index, proof.signed_checkpoint().unverified.size


def found(institution: Institution, bundle: Bundle) -> Bundle:
    """The same certificate, as it is handed out now."""
    again = institution.find(bundle.code)
    assert again is not None
    assert again.document == bundle.document
    return again


# one at a time


def test_the_first_certificate_is_logged_at_once(university: Institution) -> None:
    issued = issue_one(university)
    assert place_of(university, issued.bundle) == (0, 1)
    assert university.find(issued.code) == issued.bundle
    assert university.log is not None
    assert university.log.proof(issued.code) == issued.bundle.proof


def test_there_is_a_head_a_minute_and_what_is_issued_meanwhile_is_under_the_next(
    university: Institution,
) -> None:
    assert university.log is not None
    minutes = (0, 0.5, 0.9, 1, 1.5, 2.5)
    bundles = [issue_at(university, number, at) for number, at in enumerate(minutes)]
    assert [bundle.proof is not None for bundle in bundles] == [
        True, False, False, True, False, True,
    ]  # fmt: skip
    places = [place_of(university, found(university, bundle)) for bundle in bundles]
    assert [place and place[1] for place in places] == [1, 4, 4, 4, 6, 6]
    assert sorted(place[0] for place in places if place) == [0, 1, 2, 3, 4, 5]
    assert found(university, bundles[3]) == bundles[3]


def test_what_waits_is_logged_on_request(university: Institution) -> None:
    log = university.log
    assert log is not None
    waiting = [issue_at(university, number) for number in range(3)][1:]
    assert log.pending == 2
    assert [place_of(university, found(university, one)) for one in waiting] == [None, None]
    head = log.append(NOW)
    assert head is not None
    assert (head.size, log.pending) == (3, 0)
    assert log.checkpoint == head
    assert {place_of(university, found(university, one)) for one in waiting} == {(1, 3), (2, 3)}


def test_asked_again_it_comes_with_its_proof(university: Institution) -> None:
    issue_at(university, 1)
    assert issue_at(university, 2).proof is None
    again = issue_at(university, 2, 1)
    assert place_of(university, again) == (1, 2)


def test_threads_of_a_service_log_one_after_the_other(university: Institution) -> None:
    issue_at(university, 0)
    wrong: list[BaseException] = []
    bundles: list[Bundle] = []

    def work(start: int) -> None:
        try:
            for number in range(start, start + 5):
                issued = issue_at(university, number, number)
                bundles.append(issued)
        except BaseException as error:  # noqa: BLE001 - reported below
            wrong.append(error)

    threads = [Thread(target=work, args=(start,)) for start in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert university.log is not None
    university.log.append(NOW)
    places = [place_of(university, found(university, bundle)) for bundle in bundles]
    assert sorted(place[0] for place in places if place) == list(range(1, 16))


# records, parts of them, corrections


def test_a_record_and_every_part_of_it_has_the_proof(university: Institution) -> None:
    certify(university)
    issued = issue_record(university)
    assert university.log is not None
    university.log.append(NOW)
    held = university.records.one_of("s-1", COURSE)
    assert place_of(university, held.bundle) == (1, 2)
    share = university.records.share(held, "s-1", results=[1], label="Acme", at=NOW)
    opened = university.records.open(share.token, NOW)
    assert opened is not None
    assert opened.proof == held.bundle.proof
    assert place_of(university, opened) == (1, 2)
    assert issued.bundle.proof is None


def test_a_corrected_document_is_logged_like_any_other(university: Institution) -> None:
    certify(university)
    old = issue_record(university)
    new = university.replace(old.code, record("85"), at=NOW + MINUTE)
    assert place_of(university, new.bundle) is not None
    held = university.records.one_of("s-1", COURSE)
    assert held.bundle == new.bundle


# rosters


def test_rows_come_out_with_their_proofs_a_head_for_each_group(
    university: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 1)
    monkeypatch.setattr(delivery, "BATCH", 5)
    rows = [row(line, "" if line == 4 else "Ada") for line in range(12)]
    outcomes = list(university.issue_rows(rows, at=NOW))
    issued = [one.issued.bundle for one in outcomes if isinstance(one, IssuedRow)]
    assert len(issued) == 11
    places = [place_of(university, bundle) for bundle in issued]
    assert [place and place[1] for place in places] == [4] * 4 + [9] * 5 + [11] * 2
    assert sorted(place[0] for place in places if place) == list(range(11))


def test_a_gradebook_is_logged_as_well(university: Institution) -> None:
    certify(university, "s-2")
    (outcome,) = university.issue_rows([gradebook_row(2)], at=NOW)
    assert isinstance(outcome, IssuedRow)
    assert place_of(university, outcome.issued.bundle) == (1, 2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_file_of_a_roster_has_its_proof_and_has_the_same_one_ever_after(
    university: Institution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 5)
    monkeypatch.setattr(delivery, "BATCH", 20)
    rows = [row(line, f"Ada {line}") for line in range(50)]
    out = tmp_path / "out"
    *_, counts = university.issue_roster(rows, out, at=NOW, jobs=jobs)
    assert counts == (50, 0, 0, 0)
    files = {path: path.read_bytes() for path in out.glob(f"*{SUFFIX}")}
    places = [place_of(university, Bundle.parse(data)) for data in files.values()]
    assert sorted(place[0] for place in places if place) == list(range(50))
    sizes = {place[1] for place in places if place}
    assert max(sizes) == 50
    assert sizes == {20, 40, 50} if jobs == 1 else len(sizes) > 1
    issue_at(university, 99, 10)
    enact(Place(university.home, university.home.parent / "root"), Wanted(), NOW)
    first, second, *_ = files
    first.unlink()
    second.write_bytes(Bundle.parse(files[second])._replace(proof=None).encode())
    with Institution.open(university.home, PASSPHRASE) as later:
        *_, counts = later.issue_roster(rows, out, at=LATER, jobs=jobs)
    assert counts == (0, 50, 0, 0)
    assert {path: path.read_bytes() for path in files} == files


def test_rows_without_good_ones_make_no_head(university: Institution, tmp_path: Path) -> None:
    assert len(list(university.issue_rows([row(2, "")], at=NOW))) == 1
    assert len(list(university.issue_roster([row(2, "")], tmp_path / "out", at=NOW))) == 1
    assert university.log is not None
    assert university.log.checkpoint is None


# what is published, and believed


@pytest.fixture
def press(place: Place) -> Place:
    """A home that can publish."""
    add_snapshot_key(place)
    return place


def test_publishing_logs_what_waits_and_names_the_head(press: Place) -> None:
    with press.open() as university:
        university.publish(at=NOW)
        assert snapshot_of(university).checkpoint is None
        for number in range(3):
            issue_at(university, number)
        published = university.publish(at=LATER)
        assert university.log is not None
        head = university.log.checkpoint
        assert head is not None
        assert published.head == LogHead.of(head)
        assert (head.size, university.log.pending) == (3, 0)
        assert snapshot_of(university).checkpoint == published.head


def test_after_a_change_of_the_manifest_heads_are_landmarks(place: Place) -> None:
    with place.open() as university:
        bundles = [issue_at(university, number, number) for number in range(3)]
    enact(place, Wanted(logged="anchored"), NOW)
    with place.open() as university:
        bundles.append(issue_at(university, 9, 9))
        (landmarks,) = university.trust.landmarks.values()
        assert [head.size for head in landmarks.heads] == [1, 2, 3]
        verifier = university.verifier(Policy(issuer=URL))
        reports = [verifier.report(bundle, at=LATER) for bundle in bundles]
        assert [report.decisive.reason for report in reports] == [None] * 3 + ["proof-missing"]
        assert [found(university, bundle) for bundle in bundles] == bundles
        assert university.log is not None
        shutil.rmtree(place.home / "published")
        assert university.log.rebuild() == 4
    enact(place, Wanted(), NOW)
    with place.open() as university:
        (landmarks,) = university.trust.landmarks.values()
        assert len(landmarks.heads) == 4
        verifier = university.verifier(Policy(issuer=URL))
        assert verifier.report(found(university, bundles[3]), at=LATER)


# homes without a log


@pytest.fixture
def old_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home from before there were logs."""
    with monkeypatch.context() as patch:
        patch.setattr(founding, "add_log", lambda draft, _: draft)
        return make_place(tmp_path / "old")


def test_a_home_without_a_log_issues_as_before(old_place: Place, tmp_path: Path) -> None:
    with old_place.open() as university:
        assert university.log is None
        issued = issue_one(university)
        assert issued.bundle.proof is None
        assert university.find(issued.code) == issued.bundle
        (outcome,) = university.issue_rows([row(2)], at=NOW)
        assert isinstance(outcome, IssuedRow)
        *_, counts = university.issue_roster([row(3)], tmp_path / "out", at=NOW)
        assert counts == (1, 0, 0, 0)
        report = university.verifier().report(issued.bundle, at=LATER)
        assert (report.verdict, report.checks[4].outcome) == (
            Verdict.AUTHENTIC,
            Outcome.NOT_PUBLISHED,
        )
    assert not (old_place.home / "published" / "log").exists()


def test_a_log_begins_by_a_change_of_the_manifest_and_has_what_was_issued_before(
    old_place: Place,
) -> None:
    with old_place.open() as university:
        bundles = [issue_at(university, number) for number in range(3)]
    enact(old_place, Wanted(log=True), NOW)
    with old_place.open() as university:
        bundles.append(issue_at(university, 9))
        places = [place_of(university, found(university, bundle)) for bundle in bundles]
        assert sorted(place for place in places if place) == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_a_second_log_goes_on_beside_the_first(place: Place) -> None:
    with place.open() as university:
        first = issue_one(university)
    manifest = enact(place, Wanted(log=True), NOW).published
    assert manifest is not None
    retired = replace(
        manifest, logs=(manifest.logs[0]._replace(state="retired"), *manifest.logs[1:])
    )
    publish(place, retired)
    with place.open() as university:
        second = issue_at(university, 2)
        assert university.log is not None
        head = university.log.checkpoint
        assert head is not None
        assert (head.origin.rpartition("/")[2], head.size) == ("log-2", 1)
        assert place_of(university, second) == (0, 1)
        assert found(university, first.bundle) == first.bundle
        assert place_of(university, first.bundle) == (0, 1)
        assert set(university.published_logs) == {"log", "log-2"}


# what is refused


def attempts(
    university: Institution, code: VerificationCode, out: Path
) -> dict[str, Callable[[], object]]:
    """All that issues, or logs; ``code`` is that of the only certificate."""
    assert university.log is not None
    return {
        "issue": lambda: issue_at(university, 99, 50),
        "issue_record": lambda: issue_record(university),
        "issue_rows": lambda: list(university.issue_rows([row(5)], at=NOW)),
        "issue_roster": lambda: list(university.issue_roster([row(6)], out, at=NOW)),
        "replace": lambda: university.replace(code, certificate("Grace"), at=LATER),
        "log": lambda: university.log and university.log.append(NOW),
        "publish": lambda: university.publish(at=NOW),
    }


def check_refused(
    university: Institution, code: VerificationCode, out: Path, reason: str, where: object
) -> None:
    """Nothing issues, and nothing was written."""
    count = university.count()
    for name, attempt in attempts(university, code, out).items():
        with pytest.raises(ConfigurationError, match="estore ") as caught:
            attempt()
        assert (caught.value.reason, caught.value.where) == (reason, str(where)), name
    assert university.count() == count
    assert not out.exists()


def test_yesterdays_home_issues_nothing(press: Place, tmp_path: Path) -> None:
    with press.open() as university:
        code = issue_one(university).code
    backup = shutil.copytree(press.home, tmp_path / "backup")
    with press.open() as university:
        issue_at(university, 2, 10)
    shutil.rmtree(press.home)
    shutil.copytree(backup, press.home)
    saved = press.home.parent / "home.saved-head"
    with press.open() as university:
        check_refused(university, code, tmp_path / "out", "log-behind", saved)
        assert university.find(code)  # it goes on serving


def test_yesterdays_registry_issues_nothing(press: Place, tmp_path: Path) -> None:
    with press.open() as university:
        code = issue_one(university).code
    backup = shutil.copy(press.home / "registry.sqlite", tmp_path / "backup")
    with press.open() as university:
        issue_at(university, 2, 10)
    (press.home.parent / "home.saved-head").unlink()
    shutil.copy(backup, press.home / "registry.sqlite")
    checkpoint = press.home / "published" / "log" / "checkpoint"
    with press.open() as university:
        check_refused(university, code, tmp_path / "out", "log-behind", checkpoint)


def test_a_moved_home_issues_on(place: Place, tmp_path: Path) -> None:
    with place.open() as university:
        issue_at(university, 1)
    moved = place.home.rename(tmp_path / "elsewhere")
    with Institution.open(moved, PASSPHRASE) as university:
        assert place_of(university, issue_at(university, 2, 10)) == (1, 2)
    assert (tmp_path / "elsewhere.saved-head").exists()


def test_the_head_is_saved_where_the_settings_say(place: Place, tmp_path: Path) -> None:
    settings = place.home / "signedcert.toml"
    text = settings.read_text("utf-8") + f'saved_head = "{tmp_path}/vault/head"\n'
    settings.write_text(text, encoding="utf-8")
    with place.open() as university, pytest.raises(FileNotFoundError):
        issue_at(university, 1)
    (tmp_path / "vault").mkdir()
    with place.open() as university:
        issue_at(university, 1, 10)
    assert (tmp_path / "vault" / "head").read_bytes().startswith(b"learn.example.edu/")
    assert not (place.home.parent / "home.saved-head").exists()


@pytest.mark.parametrize("kind", ["ed25519", "ml-dsa-44"])
def test_without_the_keys_of_the_log_nothing_is_issued(
    press: Place, tmp_path: Path, kind: str
) -> None:
    (key,) = (press.home / "keys").glob(f"log-{kind}-*")
    with press.open() as university:
        code = issue_one(university).code
        issue_at(university, 2)  # waits to be logged
    key.rename(tmp_path / "key")
    with press.open() as university:
        check_refused(university, code, tmp_path / "out", "key-file", key)
        assert university.find(code)


def test_damaged_tiles_keep_no_page_from_being_shown(place: Place) -> None:
    with place.open() as university:
        issue_at(university, 1)
        bundle = issue_at(university, 2, 10)
    shutil.rmtree(place.home / "published" / "log" / "tile")
    with place.open() as university:
        assert found(university, bundle).proof is None
        assert university.log is not None
        with pytest.raises(ConfigurationError, match="signedcert log rebuild") as caught:
            university.log.proof(bundle.code)
        assert caught.value.reason == "log-damaged"
        university.log.rebuild()
        assert found(university, bundle) == bundle
