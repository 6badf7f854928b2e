"""Makes the golden course records of version 1, once: ``python -m tests.golden.make_records``.

As ``make`` does of certificates: it refuses to overwrite, and the private keys exist only while
this runs. So each algorithm has an institution of its own, its published keys beside the records.
"""

import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.keys import Algorithm
from signedcert.documents.certificate import Certificate
from signedcert.documents.record import FINAL_SCORE, CourseRecord, CourseResult
from signedcert.institution import Institution
from tests.golden.make import HERE, publish
from tests.golden.make import NAMES as CERTIFICATES
from tests.reference import course

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Golden(NamedTuple):
    """A record, the certificate that it belongs to, and what its learner shows of it."""

    certificate: Certificate
    record: CourseRecord
    with_name: bool
    shown: tuple[int, ...]

    def results(self, *, partial: bool) -> list[CourseResult]:
        """What there is to read in it."""
        results = enumerate(self.record.results, 1)
        return [
            one.withheld() if partial and number not in self.shown else one
            for number, one in results
        ]

    def learner(self, *, partial: bool) -> str | None:
        """The name that there is to read in it."""
        return None if partial and not self.with_name else self.certificate.learner


RECORDS = {
    "plain": Golden(
        certificate=CERTIFICATES["plain"],
        record=CourseRecord(
            (
                CourseResult("quiz", Decimal(10), value=Decimal(9)),
                CourseResult(FINAL_SCORE, Decimal(100), value=Decimal(88)),
            )
        ),
        with_name=True,
        shown=(2,),
    ),
    "every-field": Golden(
        certificate=CERTIFICATES["every-field"],
        record=CourseRecord(
            (
                CourseResult(
                    "quiz", Decimal(10), 'Ροή "A" \\ B', Decimal("9.5"), achieved=date(2026, 4, 9)
                ),
                CourseResult("quiz", Decimal(10), "Two: waste", Decimal(0), "Failed"),
                CourseResult("quiz", Decimal(10), "3", None, "Enrolled"),
                CourseResult("practice problems", Decimal("0.5"), "4", None, "Withdrew"),
                CourseResult("practice problems", Decimal(7), "5", Decimal("6.1234"), "OnHold"),
                CourseResult("quiz", Decimal(10), "6", None, "InProgress", date(2026, 6, 1)),
                CourseResult("final exam", Decimal(999999999), None, Decimal(1), "Provisional"),
                CourseResult(
                    FINAL_SCORE, Decimal(100), "overall", Decimal(100), achieved=date(2026, 6, 30)
                ),
            )
        ),
        with_name=False,
        shown=(1, 3, 8),
    ),
}


def main() -> None:
    """Writes the golden records, and the keys that they were signed with."""
    if any(HERE.glob("record-*")):
        sys.exit("golden files are made once; they are here already")
    algorithms: tuple[Algorithm, ...] = ("ES256", "Ed25519")
    for algorithm in algorithms:
        make(algorithm, HERE / f"record-1-{algorithm.lower()}-keys")


def make(algorithm: Algorithm, keys: Path) -> None:
    """One institution, its published keys, and a record of each kind, whole and partial."""
    with tempfile.TemporaryDirectory() as scratch:
        institution = Institution.create(
            Path(scratch) / "home",
            name="Example University",
            url="https://learn.example.edu",
            root=Path(scratch) / "root",
            holders=1,
            passphrase=Path(scratch).name,
            algorithm=algorithm,
            at=AT,
        )
        with institution:
            publish(institution, keys)
            institution.add_course(course(), at=AT)
            for kind, bundle in bundles(institution):
                file = HERE / f"record-1-{algorithm.lower()}-{kind}.signedcert"
                bundle.write(file)
                file.with_suffix(".sd-jwt").write_text(bundle.document, "ascii")


def bundles(institution: Institution) -> Iterator[tuple[str, Bundle]]:
    """Each record as it is issued, and as its learner shows it."""
    for name, golden in RECORDS.items():
        institution.issue(golden.certificate, learner_id=name, run="2026", at=AT)
        issued = institution.issue_record(
            golden.record, learner_id=name, course=course().id, run="2026", at=AT
        )
        yield name, issued.bundle
        yield f"{name}-partial", issued.bundle.present(golden.shown, with_name=golden.with_name)


if __name__ == "__main__":
    main()
