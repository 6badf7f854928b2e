"""An institution on disk, with a roster, for commands to be run on."""

import csv
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from compileall import compile_dir
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.reference import ISSUER, NAME, course, results

import signedcert
from benchmarks.memory import Memory
from signedcert.carriers.bundle import SUFFIX
from signedcert.documents.certificate import Certificate
from signedcert.documents.record import format_decimal
from signedcert.institution import Institution
from signedcert.issue.roster import REQUIRED, read_roster
from signedcert.trust.store import TrustStore

#: On the disk of the checkout, not in memory: what is durable has its price.
PLACE = Path("build/bench")
COMMAND = Path(sys.executable).with_name("signedcert")
_PACKAGE = Path(signedcert.__file__).parent
_PASSPHRASE = "for this benchmark"  # noqa: S105 - of a key that is gone afterwards
_RUN = "2026-spring"
_COMPLETED = date(2026, 6, 30)
#: Settings of this terminal are none of the commands'.
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PYTHON", "SIGNEDCERT_"))
}
#: Three names in four are in Latin letters.
_LATIN = "abdeghiklmnorstuvyéíñöşž"
_ALPHABETS = (_LATIN, _LATIN, _LATIN, "абвгдеиклмнорстуя", _LATIN, _LATIN, _LATIN, "αβγδεικλμνοπρτ")


@dataclass(frozen=True, slots=True)
class Ground:
    """A directory with an institution's home and what its commands need."""

    directory: Path
    rows: int

    @property
    def home(self) -> Path:
        """The home of an institution that has the reference course."""
        return self.directory / "home"

    @property
    def passphrase(self) -> Path:
        """The file with the passphrase of its issuing key."""
        return self.directory / "passphrase"

    @property
    def trust(self) -> Path:
        """A trust store that has the institution."""
        return self.directory / "trust"

    @property
    def roster(self) -> Path:
        """One learner a row."""
        return self.directory / "roster.csv"

    @property
    def bundle(self) -> Path:
        """A certificate with its course document."""
        return self.directory / f"certificate{SUFFIX}"

    @property
    def jws(self) -> Path:
        """The same certificate alone."""
        return self.directory / "certificate.jws"

    @property
    def folder(self) -> Path:
        """The certificates of the roster, once ``issue`` was run."""
        return self.directory / "issued-1"

    @property
    def learners(self) -> int:
        """Rows of the gradebook: a record has more in it than a certificate."""
        return max(self.rows // 10, 1)

    @property
    def certified(self) -> Path:
        """A home in which those of the gradebook have certificates, once ``certify`` was run."""
        return self.directory / "certified"

    @property
    def gradebook(self) -> Path:
        """15 results a row, as ``certify`` writes them."""
        return self.directory / "gradebook.csv"

    def printed(self, jobs: int) -> int:
        """Certificates that are made into pictures, which takes longer than to issue them. One
        process makes a part of them.
        """
        return max(self.rows // (5 if jobs > 1 else 25), 1)

    def chosen(self, jobs: int) -> Path:
        """These certificates, once ``choose`` was run."""
        return self.directory / f"chosen-{jobs}"

    def choose(self, jobs: int) -> None:
        """Takes some of those that were issued for the roster, which is issued if need be."""
        if not self.folder.exists():
            self.issue(2)
        self.chosen(jobs).mkdir()
        for path in islice(self.folder.glob(f"*{SUFFIX}"), self.printed(jobs)):
            shutil.copy(path, self.chosen(jobs))

    def print(self, jobs: int, memory: Memory | None = None) -> float:
        """Seconds that ``signedcert render`` takes for them."""
        out = self.directory / f"pictures-{1 + len(list(self.directory.glob('pictures-*')))}"
        seconds = timed("render", self.chosen(jobs), "--out", out, "--jobs", jobs, memory=memory)
        _require_all(sum(1 for _ in out.glob("*.pdf")), self.printed(jobs))
        return seconds

    def issue(self, jobs: int) -> float:
        """Seconds that ``signedcert issue`` takes for the roster, on a fresh copy of the home."""
        return self._issue("issue", self.roster, self.home, jobs, self.rows)

    def certify(self) -> None:
        """Issues the certificates that the records of the gradebook belong to."""
        shutil.copytree(self.home, self.certified)
        rows = islice(read_roster(self.roster), self.learners)
        with Institution.open(self.certified, _PASSPHRASE) as institution:
            found = sum(1 for _ in institution.issue_rows(rows, at=datetime.now(UTC)))
        _require_all(found, self.learners)
        _write_gradebook(self)

    def record(self, jobs: int) -> float:
        """Seconds that ``signedcert issue-records`` takes for the gradebook, on a fresh copy of
        that home.
        """
        return self._issue("issue-records", self.gradebook, self.certified, jobs, self.learners)

    def _issue(self, command: str, table: Path, home: Path, jobs: int, rows: int) -> float:
        """Nothing is removed before the end: for a while after many files were removed, file
        systems are slow to make new ones.
        """
        number = 1 + len(list(self.directory.glob("home-*")))
        copied, out = self.directory / f"home-{number}", self.directory / f"issued-{number}"
        shutil.copytree(home, copied)
        options = ["--home", copied, "--out", out, "--passphrase-file", self.passphrase]
        seconds = timed(command, table, *options, "--jobs", jobs)
        _require_all(sum(1 for _ in out.rglob(f"*{SUFFIX}")), rows)
        return seconds

    def verify(self, jobs: int) -> float:
        """Seconds that ``signedcert verify`` takes for the folder; all have to be authentic."""
        report = self.directory / "report.csv"
        report.unlink(missing_ok=True)
        options = ["--trust", self.trust, "--csv", report, "--jobs", jobs]
        seconds = timed("verify", self.folder, *options)
        with report.open(encoding="utf-8", newline="") as file:
            _require_all(sum(1 for _ in csv.DictReader(file)), self.rows)
        return seconds


def _require_all(found: int, rows: int) -> None:
    if found != rows:
        message = f"{found} documents of {rows} rows"
        raise RuntimeError(message)


@contextmanager
def new_ground(rows: int) -> Iterator[Ground]:
    """A ground with a roster of so many rows, gone afterwards."""
    PLACE.mkdir(parents=True, exist_ok=True)
    compile_dir(str(_PACKAGE), quiet=2)  # as pip leaves what it installs
    with TemporaryDirectory(dir=PLACE) as directory:
        ground = Ground(Path(directory), rows)
        ground.passphrase.write_text(f"{_PASSPHRASE}\n", encoding="utf-8")
        _write_roster(ground)
        _set_up(ground, datetime.now(UTC))
        yield ground


def _set_up(ground: Ground, now: datetime) -> None:
    root = ground.directory / "root"
    with Institution.create(
        ground.home, name=NAME, url=ISSUER, root=root, passphrase=_PASSPHRASE, at=now, holders=1
    ) as institution:
        institution.add_course(course(), at=now)
        TrustStore.empty().add(institution.manifests, institution.pin).write(ground.trust)
        certificate = Certificate(
            learner="María-José Nguyễn", course=course(), completed=_COMPLETED
        )
        issued = institution.issue(certificate, learner_id="s-0", run=_RUN, at=now)
    issued.bundle.write(ground.bundle)
    ground.jws.write_text(issued.bundle.document, encoding="utf-8")


def _write_roster(ground: Ground) -> None:
    draw = random.Random(1)
    with ground.roster.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REQUIRED)
        for number in range(1, ground.rows + 1):
            name = _name(draw, _ALPHABETS[number % len(_ALPHABETS)])
            writer.writerow([f"s-{number}", name, course().id, _RUN, _COMPLETED.isoformat()])


def _write_gradebook(ground: Ground) -> None:
    draw, parts = random.Random(2), results()
    names = [part.title or part.kind.capitalize() for part in parts]
    maxima = [format_decimal(part.maximum) for part in parts]
    with ground.gradebook.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["learner_id", "course", "run", *names])
        writer.writerow(["#kind", "", "", *(part.kind for part in parts)])
        writer.writerow(["#maximum", "", "", *maxima])
        writer.writerow(["#date", "", "", *[_COMPLETED.isoformat()] * len(parts)])
        for number in range(1, ground.learners + 1):
            values = [draw.randint(0, 2 * int(part.maximum)) / 2 for part in parts]
            writer.writerow([f"s-{number}", course().id, _RUN, *values])


def _name(draw: random.Random, letters: str) -> str:
    """Three words of invented letters; hardly ever the same one twice."""
    words = ("".join(draw.choices(letters, k=draw.randint(4, 9))) for _ in range(3))
    return " ".join(words).title()


def timed(*arguments: object, memory: Memory | None = None) -> float:
    """Seconds that a signedcert command takes, as a whole, in a process of its own. What was
    written before is on the disk when it starts.

    Raises RuntimeError, with what the command said, if it does not succeed.
    """
    os.sync()
    begun = time.perf_counter()
    run(COMMAND, *arguments, memory=memory)
    return time.perf_counter() - begun


def run(*command: object, memory: Memory | None = None) -> None:
    """Runs a program to its end, and looks at its ``memory``. Raises RuntimeError if it does not
    succeed.
    """
    words = [str(word) for word in command]
    with subprocess.Popen(
        words, env=_ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        if memory is not None:
            memory.watch(process.pid)
        _, errors = process.communicate()
    if process.returncode:
        said = errors.decode(errors="replace").strip()
        message = f"{' '.join(words)}: exit status {process.returncode}: {said}"
        raise RuntimeError(message)
