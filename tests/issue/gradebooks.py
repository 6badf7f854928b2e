"""Records, gradebook rows and gradebooks for tests, over the reference course."""

import csv
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS
from signedcert.documents.openbadges import Credential, parse_credential
from signedcert.documents.record import CourseRecord, CourseResult, format_decimal
from signedcert.institution import Institution
from signedcert.issue.gradebook import GradebookRow
from signedcert.issue.issuer import Issued
from tests.institution.homes import NOW, issue_one
from tests.reference import course, results

COURSE = course().id
RUN = "2026"
#: The head of a gradebook of 15 results: the final score stands last, as ``results`` has it.
NAMES = tuple(one.title or one.kind.capitalize() for one in results())
HEAD = (
    ("learner_id", "course", "run", *NAMES),
    ("#kind", "", "", *(one.kind for one in results())),
    ("#maximum", "", "", *(format_decimal(one.maximum) for one in results())),
    ("#date", "", "", *("" for _ in results()[1:]), str(results()[-1].achieved)),
)
#: The line of the first row.
FIRST = len(HEAD) + 1


def record(final: str = "82.5", **changes: object) -> CourseRecord:
    """The reference results with another final score, and with changes to the first quiz."""
    first, *others, last = results()
    return CourseRecord((first._replace(**changes), *others, last._replace(value=Decimal(final))))  # type: ignore[arg-type]


def record_of(*others: CourseResult) -> CourseRecord:
    """Some results, and behind them the final score."""
    return CourseRecord((*others, results()[-1]))


def gradebook_row(line: int, final: str = "82.5", **changes: object) -> GradebookRow:
    """A row of a gradebook; its learner id says which."""
    return GradebookRow(line, f"s-{line}", COURSE, RUN, record(final))._replace(**changes)  # type: ignore[arg-type]


def certify(institution: Institution, learner_id: str = "s-1", learner: str = "Ada") -> Issued:
    """The certificate to which a record can belong."""
    return issue_one(institution, learner, learner_id)


def issue_record(
    institution: Institution, learner_id: str = "s-1", final: str = "82.5", run: str = RUN
) -> Issued:
    """The reference record for somebody who has a certificate."""
    return institution.issue_record(
        record(final), learner_id=learner_id, course=COURSE, run=run, at=NOW
    )


def credential_of(bundle: Bundle) -> Credential:
    """What a certificate says."""
    return parse_credential(CompactJWS.parse(bundle.document.encode()).payload)


def cells(learner_id: str, final: str = "82.5", run: str = RUN) -> list[str]:
    """A row of a gradebook with the reference results, as it is written there."""
    return [learner_id, COURSE, run, *map(_cell, results()[:-1]), final]


def _cell(result: CourseResult) -> str:
    if result.value is None:
        return ""
    words = [format_decimal(result.value)]
    if result.achieved is not None:
        words.append(result.achieved.isoformat())
    if result.status not in (None, "Completed"):
        words.append(str(result.status).lower())
    return " ".join(words)


def write_gradebook(path: Path, rows: Iterable[Iterable[str]]) -> Path:
    """A gradebook; its line ``FIRST`` is the first row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*HEAD, *rows])
    return path
