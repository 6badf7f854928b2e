"""A key is stolen, declared so, and what fell is issued anew; forgeries are not."""

import csv
from collections.abc import Iterable
from copy import copy
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.ceremonies.theft import assess, declare, fallen, write_reissue
from signedcert.core.code import VerificationCode
from signedcert.core.jws import serialize_compact, signing_input
from signedcert.custody.signer import open_signer
from signedcert.errors import IssueError
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.issue import bulk
from signedcert.issue.reissue import ReissueRow, read_reissue
from signedcert.issue.results import Counts, IssuedRow
from signedcert.registry.statuses import CurrentStatus
from signedcert.trust.statuslist import REPLACED, REVOKED
from signedcert.verify.report import Verdict
from tests.ceremonies.council import enact, sign
from tests.core.refusal import refused
from tests.institution.homes import LATER, NOW, PASSPHRASE, Place, certificate, root_keys
from tests.issue.gradebooks import COURSE, credential_of, gradebook_row, issue_record
from tests.issue.test_bulk import results
from tests.issue.test_bulk import row as roster_row

if TYPE_CHECKING:
    from signedcert.issue.issuer import Issued
    from signedcert.issue.prepare import Row

STOLEN = NOW + timedelta(hours=1)
AFTER = NOW + timedelta(hours=2)
DECLARED = NOW + timedelta(days=1)
#: Learners with certificates from before the theft and after it; some have records.
BEFORE, FELL = range(4), range(4, 10)
RECORDED_BEFORE, RECORDED_AFTER = (0, 1), (2, 4, 5)


class Victim:
    """An institution whose key was stolen, and what it had issued."""

    def __init__(self, place: Place, directory: Path) -> None:
        self.place, self.list = place, directory / "reissue.csv"
        self.issued: dict[tuple[str, int], Issued] = {}
        with place.open() as school:
            self._issue(school, NOW, BEFORE, RECORDED_BEFORE)
            self._issue(school, AFTER, FELL, RECORDED_AFTER)
        home = Home.read(place.home)
        self.thief = open_signer(home.configuration.signer, home.path, PASSPHRASE)

    def _issue(
        self, school: Institution, at: datetime, learners: Iterable[int], graded: Iterable[int]
    ) -> None:
        lists: dict[str, list[Row]] = {
            "certificate": [roster_row(line, f"Ada {line}") for line in learners],
            "record": [gradebook_row(line) for line in graded],
        }
        for kind, rows in lists.items():
            for one in school.issue_rows(rows, at=at):
                assert isinstance(one, IssuedRow)
                self.issued[kind, one.row.line] = one.issued

    def code(self, kind: str, line: int) -> VerificationCode:
        """That of a document, by its kind and learner."""
        return self.issued[kind, line].code

    def declare(self) -> int:
        """Root says so; how many documents have fallen."""
        home = Home.read(self.place.home)
        key = home.history().newest.keys[0].key.thumbprint
        theft = assess(home, key, since=STOLEN)
        folder = self.list.parent / "stolen"
        wanted = declare(home, [theft], Wanted())
        propose(home, folder, wanted, at=DECLARED, passphrase=PASSPHRASE)
        count = write_reissue(self.list, fallen(home, theft))
        sign(folder, root_keys(self.place))
        assert assemble(home, folder, at=DECLARED).published
        return count

    def reissue(self, out: Path, jobs: int = 1) -> Counts:
        """How it went, in the end."""
        with self.place.open() as school:
            return list(school.reissue(self.list, out, at=DECLARED, jobs=jobs))[-1]

    def errors(self, out: Path) -> dict[str, str]:
        """Why rows were refused, by their codes."""
        return {line["code"]: line["reason"] for line in results(out / "errors.csv")}

    def forge(self) -> Bundle:
        """What the thief signs: dated back, for a name of his own."""
        genuine = self.issued["certificate", 0].bundle
        claims = credential_of(genuine)
        header = genuine.document.partition(".")[0]
        forged = claims._replace(
            learner="Mallory", valid_from=claims.valid_from - timedelta(days=9)
        )
        content = signing_input(header, forged.encode())
        return Bundle(serialize_compact(content, self.thief.sign(content)), genuine.course)


@pytest.fixture(scope="module")
def robbed(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Victim:
    """One that no test writes to."""
    directory = tmp_path_factory.mktemp("robbed")
    return Victim(template.copy(directory), directory)


@pytest.fixture
def victim(robbed: Victim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Victim:
    """One of this test's own."""
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
    mine = copy(robbed)
    mine.place, mine.list = robbed.place.copy(tmp_path), tmp_path / "reissue.csv"
    return mine


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "anew"


def verdicts(school: Institution, learner: int, *, record: bool) -> list[Verdict]:
    """What a verifier says of what the learner has now."""
    verifier = school.verifier()
    (current,) = school.issue_rows([roster_row(learner, f"Ada {learner}")], at=DECLARED)
    assert isinstance(current, IssuedRow)
    certificate = school.find(current.issued.code)
    assert certificate is not None
    found = [verifier.report(certificate, at=LATER).verdict]
    if record:
        held = school.records.one_of(f"s-{learner}", COURSE).bundle
        found.append(verifier.report(held, at=LATER).verdict)
        assert verifier.verify_record(held, at=LATER).certificate == credential_of(certificate).id
    return found


def test_every_honest_learner_ends_with_what_is_authentic_and_no_thief_does(
    victim: Victim, out: Path
) -> None:
    forged = victim.forge()
    assert victim.declare() == len(FELL) + len(RECORDED_AFTER)
    assert victim.reissue(out) == Counts(0, 0, 0, len(FELL) + len(RECORDED_AFTER))
    with victim.place.open() as school:
        for learner in (*BEFORE, *FELL):
            record = learner in (*RECORDED_BEFORE, *RECORDED_AFTER)
            found = verdicts(school, learner, record=record)
            assert found == [Verdict.AUTHENTIC] * len(found), learner
        report = school.verifier().report(forged, at=LATER)
        assert (report.verdict, report.reason) == (Verdict.UNDECIDED, "proof-missing")
        for (kind, line), one in victim.issued.items():
            fell = line in FELL or (kind, line) == ("record", 2)
            status = CurrentStatus(REPLACED, "other", "2026-07-02T10:30:00Z")
            assert school.status_of(one.code) == (status if fell else CurrentStatus(0))
        assert all(row["old_code"] != row["code"] for row in results(out / "replaced.csv"))
        for row in results(out / "replaced.csv"):
            said = school.verifier().report((out / row["file"]).read_bytes(), at=LATER)
            assert said.verdict is Verdict.AUTHENTIC


def test_run_again_it_leads_to_the_same(victim: Victim, out: Path) -> None:
    victim.declare()
    victim.reissue(out)
    first = results(out / "replaced.csv")
    for path in out.iterdir():
        path.unlink()
    assert victim.reissue(out) == Counts(0, len(first), 0)
    assert results(out / "replaced.csv") == first
    assert len(list(out.iterdir())) == len(first) + 2


def test_two_processes_do_what_one_does(
    victim: Victim, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    victim.declare()
    assert victim.reissue(out, jobs=2) == Counts(0, 0, 0, len(FELL) + len(RECORDED_AFTER))
    assert victim.reissue(out) == Counts(0, len(FELL) + len(RECORDED_AFTER), 0)


def test_a_record_that_stands_goes_with_its_certificate(victim: Victim, out: Path) -> None:
    """The new key has signed it, for the certificate of the old one; the list does not name it."""
    victim.declare()
    with victim.place.open() as school:
        late = issue_record(school, "s-9").code
    certificate = str(victim.code("certificate", 9))
    for counts in ((0, 0, 0, 10), (0, 10, 0)):
        assert victim.reissue(out) == Counts(*counts)
        lines = [row for row in results(out / "replaced.csv") if row["old_code"] == certificate]
        assert [bool(row["url"]) for row in lines] == [True, False]
        with victim.place.open() as school:
            assert verdicts(school, 9, record=True) == [Verdict.AUTHENTIC] * 2
            assert school.status_of(late).status == REPLACED
            assert lines[1]["code"] == str(school.records.one_of("s-9", COURSE).code)


def test_what_was_revoked_stays_so_and_its_record_has_no_certificate(
    victim: Victim, out: Path
) -> None:
    victim.declare()
    revoked = [victim.code("certificate", 4), victim.code("record", 5)]
    with victim.place.open() as school:
        for code in revoked:
            school.revoke(code, at=DECLARED)
    for counts in ((0, 0, 3, 6), (0, 6, 3)):
        assert victim.reissue(out) == Counts(*counts)
        assert victim.errors(out) == {
            str(revoked[0]): "status-final",
            str(revoked[1]): "status-final",
            str(victim.code("record", 4)): "certificate-missing",
        }
    with victim.place.open() as school:
        assert [school.status_of(code).status for code in revoked] == [REVOKED, REVOKED]


def test_what_is_suspended_waits_for_a_decision(victim: Victim, out: Path) -> None:
    victim.declare()
    code = victim.code("certificate", 6)
    with victim.place.open() as school:
        school.suspend(code, at=DECLARED)
    assert victim.reissue(out).bad == 1
    assert victim.errors(out) == {str(code): "document-suspended"}
    with victim.place.open() as school:
        school.restore(code, at=DECLARED)
    assert victim.reissue(out) == Counts(0, 8, 0, 1)


def test_what_was_corrected_before_is_told_and_what_took_its_place_is_issued(
    victim: Victim, out: Path
) -> None:
    old = victim.code("certificate", 6)
    twin = victim.code("certificate", 7)
    with victim.place.open() as school:
        school.replace(old, certificate("Ada Lovelace"), "corrected", at=AFTER)
        school.replace(twin, certificate("Ada 7"), "other", at=AFTER)
    assert victim.declare() == 11
    assert victim.reissue(out) == Counts(0, 0, 2, 9)
    assert victim.errors(out) == {str(old): "status-final", str(twin): "status-final"}
    # The twin says the same as what it fell with, which has been issued anew since.
    assert victim.reissue(out) == Counts(0, 10, 1)


def test_what_did_not_fall_is_refused_before_it_is_declared_and_after(
    victim: Victim, out: Path
) -> None:
    lines = [str(victim.code(kind, 0)) for kind in ("certificate", "record")]
    nobody = VerificationCode.derive(b"nobody", b"")
    victim.list.write_text("\n".join(["code", *lines, str(nobody), "x", ""]), "utf-8")
    expected = dict.fromkeys(lines, "document-stands")
    expected |= {str(nobody): "document-unknown", "x": "code-length"}
    assert victim.reissue(out) == Counts(0, 0, 4)
    assert victim.errors(out) == expected
    honest = victim.list.rename(victim.list.with_name("honest.csv"))
    victim.declare()
    honest.rename(victim.list)
    assert victim.reissue(out) == Counts(0, 0, 4)
    assert victim.errors(out) == expected


def test_all_that_a_void_key_has_signed_is_issued_anew(victim: Victim, out: Path) -> None:
    home = Home.read(victim.place.home)
    key = home.history().newest.keys[0].key.thumbprint
    enact(victim.place, Wanted(generate="ES256"), DECLARED)
    new = Home.read(victim.place.home).history().newest.keys[-1].key.thumbprint
    enact(victim.place, Wanted(activate=(new,), void=(key,)), DECLARED)
    lines = ["code", *(str(one.code) for one in victim.issued.values())]
    victim.list.write_text("\n".join(lines), "utf-8")
    assert victim.reissue(out) == Counts(0, 0, 0, len(victim.issued))


def test_a_list_is_read_as_it_was_written(victim: Victim, out: Path) -> None:
    victim.declare()
    rows = list(read_reissue(victim.list))
    with victim.list.open(encoding="utf-8", newline="") as file:
        written = [line["code"] for line in csv.DictReader(file)]
    assert rows == [ReissueRow(n, VerificationCode.parse(c)) for n, c in enumerate(written, 2)]
    with victim.place.open() as school, refused("roster-unreadable", str(out.parent), IssueError):
        list(school.reissue(out.parent, out, at=DECLARED))
    assert not out.exists()
