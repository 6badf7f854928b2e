"""A certificate is in the registry before anyone is told that it exists."""

import subprocess
import sys

import pytest

from signedcert.core.code import VerificationCode
from signedcert.institution import Institution
from tests.institution.homes import LATER, PASSPHRASE, Place, issue_one
from tests.reference import course as reference_course

#: Issues a roster of 700 rows, which are two batches, and dies at some point on the way.
PROGRAM = """
import os, sys
from datetime import UTC, date, datetime
from signedcert.institution import Institution
from signedcert.issue import bulk, delivery
from signedcert.issue.roster import RosterRow
from signedcert.custody.signer import CheckedSigner
from sqlalchemy import Engine, event

home, passphrase, course, death = sys.argv[1:]
rows = [
    RosterRow(line, f"s-{line}", f"Learner {line}", course, "2026", date(2026, 6, 30), None, False)
    for line in range(2, 702)
]
bulk.BATCH = delivery.BATCH = 500
signed = CheckedSigner.sign
count = 0

def sign(self, message):
    global count
    count += 1
    if death == "while signing the second batch" and count == 600:
        os._exit(42)
    return signed(self, message)

def die(connection):
    os._exit(42)  # the rows are inserted; the transaction is not committed

CheckedSigner.sign = sign
if death == "before the first commit":
    event.listen(Engine, "commit", die)
university = Institution.open(home, passphrase)
for outcome in university.issue_rows(rows, at=datetime(2026, 7, 1, tzinfo=UTC)):
    print(outcome.issued.code.symbols, flush=True)
    if death == "after the first outcome":
        os._exit(42)
"""


def die(place: Place, course: str, when: str) -> list[VerificationCode]:
    """Runs the program until its death; the codes that it told."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(place.home), PASSPHRASE, course, when],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 42, done.stderr
    return [VerificationCode(line) for line in done.stdout.split()]


@pytest.mark.parametrize(
    ("when", "told", "stored"),
    [
        ("before the first commit", 0, 0),
        ("after the first outcome", 1, 500),
        ("while signing the second batch", 500, 500),
    ],
)
def test_what_was_told_survives_the_death_of_the_process(
    place: Place, when: str, told: int, stored: int
) -> None:
    codes = die(place, reference_course().id, when)
    assert len(codes) == told
    with Institution.open(place.home) as reopened:
        assert reopened.count() == stored
        verifier = reopened.verifier()
        for code in codes[:20]:
            bundle = reopened.find(code)
            assert bundle is not None
            assert verifier.verify(bundle, at=LATER, code=str(code)).code == code


def test_the_registry_works_on_after_such_a_death(place: Place) -> None:
    die(place, reference_course().id, "before the first commit")
    with place.open() as reopened:
        issued = issue_one(reopened)
        assert reopened.find(issued.code) == issued.bundle
        assert reopened.count() == 1
