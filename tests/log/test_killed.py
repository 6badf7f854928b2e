"""Killed at any moment: no fork, no entry lost or doubled, and every proof that went out holds."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.home import Home
from signedcert.institution import Institution
from tests.institution.homes import LATER, PASSPHRASE, Place
from tests.log.whole import Whole
from tests.reference.logs import entry_of
from tests.registry.databases import execute

KILLED = {"sqlite": 100, "postgresql": 20}
#: Two processes at a time issue and log, rows and single certificates, until they are killed. They
#: are forked from one that has loaded everything and opened the keys, so that they begin at once.
PROGRAM = """
import os, random, signal, sys, time
from datetime import UTC, date, datetime, timedelta
from functools import cache
from signedcert.custody import keyfile, signer
from signedcert.institution import Institution
from signedcert.issue import bulk, delivery
from signedcert.issue.roster import RosterRow
from signedcert.documents.certificate import Certificate

home, passphrase, told, killed, seed = sys.argv[1:]
signer.read_key_file = cache(keyfile.read_key_file)
bulk.BATCH = delivery.BATCH = 9
NOW = datetime(2026, 7, 1, tzinfo=UTC)
DONE = date(2026, 6, 30)

def tell(out, bundle):
    out.write(bundle.encode() + b"\\n")
    out.flush()

def work(name):
    with Institution.open(home, passphrase) as university, open(f"{told}/{name}", "wb") as out:
        course = university.courses()[0]
        for turn in range(10**6):
            at = NOW + timedelta(seconds=time.time_ns() // 10**6 % 10**6)  # a quick clock
            rows = [RosterRow(i, f"{name}-{turn}-{i}", "Ada", course.id, "2026", DONE, None, False)
                    for i in range(turn % 23)]
            for outcome in university.issue_rows(rows, at=at):
                tell(out, outcome.issued.bundle)
            one = Certificate(learner="Ada", course=course, completed=DONE)
            issued = university.issue(one, learner_id=f"{name}-{turn}", run="2027", at=at)
            tell(out, issued.bundle)

def begin(name):
    process = os.fork()
    if process:
        return process
    try:
        work(name)
    finally:
        os._exit(1)

with Institution.open(home, passphrase) as university:
    assert university.log.writer.signer()
    university._issuer
chance = random.Random(seed)
running = [begin("first"), begin("second")]
for number in range(int(killed)):
    time.sleep(chance.uniform(0, 0.35))
    victim = running.pop(chance.randrange(2))
    os.kill(victim, signal.SIGKILL)
    assert os.waitpid(victim, 0)[1] == signal.SIGKILL  # it did not end by itself
    running.append(begin(str(number)))
for process in running:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
"""


@pytest.fixture(params=KILLED)
def shared(request: pytest.FixtureRequest, place: Place) -> Iterator[Place]:
    """An institution with its registry in such a database."""
    if request.param == "sqlite":
        yield place
        return
    server = request.getfixturevalue("postgres")
    with server.database(migrated=True) as url:
        place.move_registry(url)
        yield place


def documents_of(home: Path) -> list[tuple[VerificationCode, bytes]]:
    """Every document in a registry, and what is to be logged of it."""
    rows = execute(make_url(Home.read(home).registry_url), "SELECT code, document FROM documents")
    return [(VerificationCode(str(code)), entry_of(str(text).encode())) for code, text in rows]


def told_by(path: Path) -> list[Bundle]:
    """What a process had handed out; the last line may be cut off."""
    return [Bundle.parse(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_killed_at_random_moments_two_processes_at_once_fork_nothing(
    shared: Place, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    killed = KILLED[request.node.callspec.params["shared"]]
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown if this fails
    told = tmp_path / "told"
    told.mkdir()
    arguments = [shared.home, PASSPHRASE, told, killed, seed]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=500,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with Institution.open(shared.home, PASSPHRASE) as university:
        log = university.log
        assert log is not None
        log.append(LATER)
        documents = documents_of(shared.home)
        (entry,) = university.manifest.logs
        whole = Whole(entry, log.writer.table, log.writer.folder, log.prover)
        whole.check(documents)
        assert check_told(university, whole, told, dict(documents)) > killed // 4


def check_told(
    university: Institution, whole: Whole, told: Path, documents: dict[VerificationCode, bytes]
) -> int:
    """What was handed out is in the registry, and its proof is of the one log that there is; how
    many proofs there were.
    """
    verifier = university.verifier()
    bundles = [bundle for path in told.iterdir() for bundle in told_by(path)]
    proven = 0
    for bundle in bundles:
        entry = documents[bundle.code]
        if bundle.proof is not None:
            whole.check_proof(bundle.proof, entry)
            assert verifier.report(bundle, at=LATER).checks[4].outcome.name == "PASSED"
            proven += 1
    print(json.dumps({"told": len(bundles), "proven": proven, "logged": len(documents)}))  # noqa: T201
    return proven
