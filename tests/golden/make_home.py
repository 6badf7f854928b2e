"""Makes the golden files of a home, once: ``python -m tests.golden.make_home``.

All that an institution with a log publishes or hands out, after a rotation of its issuing key and
of its root keys, a theft, a revocation and a correction. As ``make`` does: it refuses to overwrite,
and the private keys exist only while this runs.
"""

import hashlib
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.ceremonies.theft import assess, declare
from signedcert.custody.holders import Holder, HolderKeys
from signedcert.custody.private import PrivateKey
from signedcert.documents.record import FINAL_SCORE, CourseRecord, CourseResult
from signedcert.home import Home
from signedcert.institution import Institution
from tests.ceremonies.council import next_keys, sign, write
from tests.golden.make import HERE, NAMES
from tests.institution.homes import PASSPHRASE, Place, root_keys
from tests.reference import course

HOME = HERE / "home-1"
SUMS = "SHA256SUMS"
AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
#: When all of it is verified: a day after the last files were published.
VERIFIED = AT + 7 * DAY
RESULTS = (
    CourseResult("quiz", Decimal(10), "Week 1", Decimal("9.5")),
    CourseResult(FINAL_SCORE, Decimal(100), value=Decimal(88)),
)


@dataclass
class Week:
    """Seven days of an institution; ``documents`` are those that it has issued."""

    place: Place
    documents: dict[str, Bundle] = field(default_factory=dict)

    def found(self) -> None:
        """Day 0: two root holders, of whom both have to sign."""
        with Institution.create(
            self.place.home,
            name="Example University",
            url="https://learn.example.edu",
            root=self.place.root,
            holders=2,
            passphrase=PASSPHRASE,
            at=AT,
        ) as institution:
            institution.add_course(course(), at=AT)
            self.issue(institution, AT, "retired-key")
            self.issue(institution, AT, "revoked", "replaced")  # they wait for the next head
            self.documents["record-without-proof"] = self.record(institution)
            self.issue(institution, AT + MINUTE, "neighbour-1", "neighbour-2")

    def live(self) -> None:
        """The issuing key changes, the root changes, the issuing key is stolen."""
        old, new = root_keys(self.place), next_keys(self.place)
        statuses = Wanted(snapshot=True, status_max_age=14 * DAY, generate="Ed25519")
        self.enact(1, statuses, old)
        first, second = self.issuing_key("active"), self.issuing_key("pre-published")
        self.enact(2, Wanted(activate=(second,), retire=(first,)), old)
        with self.place.open() as institution:
            self.issue(institution, AT + 2 * DAY, "neighbour-3", "before-the-theft", "neighbour-4")
            institution.publish(at=AT + 2 * DAY)
        folders = sorted(self.place.root.iterdir())
        holders = tuple(HolderKeys.follow(Holder.read(one)).holder for one in folders)
        self.enact(3, Wanted(holders=holders), [*old, *new])
        with self.place.open() as institution:
            self.issue(institution, AT + 4 * DAY, "after-the-cut-off")
        self.declare_theft(second, new)

    def end(self) -> None:
        """The new key signs; a certificate is revoked, another one replaced; all is published."""
        at = AT + 6 * DAY
        with self.place.open() as institution:
            self.issue(institution, at, "newest-key")
            institution.revoke(self.documents["revoked"].code, "issued-in-error", at=at)
            corrected = institution.replace(
                self.documents["replaced"].code, NAMES["every-field"], at=at
            )
            self.documents["correction"] = corrected.bundle
            institution.publish(at=at)
            for name, bundle in self.documents.items():
                self.documents[name] = institution.find(bundle.code) or bundle
            self.documents["record"] = self.record(institution)

    def issue(self, institution: Institution, at: datetime, *names: str) -> None:
        """Certificates."""
        for name in names:
            issued = institution.issue(NAMES["plain"], learner_id=name, run="2026", at=at)
            self.documents[name] = issued.bundle

    @staticmethod
    def record(institution: Institution) -> Bundle:
        """The record of the first learner: issued, or as it is by now."""
        return institution.issue_record(
            CourseRecord(RESULTS), learner_id="retired-key", course=course().id, run="2026", at=AT
        ).bundle

    def enact(self, days: int, wanted: Wanted, keys: list[PrivateKey]) -> None:
        """The next manifest."""
        directory = write(self.place, wanted, AT + days * DAY)
        sign(directory, keys)
        assemble(Home.read(self.place.home), directory, at=AT + days * DAY)

    def declare_theft(self, kid: str, keys: list[PrivateKey]) -> None:
        """On day 5: the key was stolen on day 3."""
        home, at = Home.read(self.place.home), AT + 5 * DAY
        theft = assess(home, kid, since=AT + 3 * DAY)
        wanted = declare(home, [theft], Wanted())
        propose(home, self.proposal, wanted, at=at, passphrase=PASSPHRASE)
        sign(self.proposal, keys)
        assemble(home, self.proposal, at=at)

    def issuing_key(self, state: str) -> str:
        """The one that is in this state."""
        keys = Home.read(self.place.home).history().newest.keys
        return next(one.key.thumbprint for one in keys if (one.role, one.state) == ("issue", state))

    @property
    def proposal(self) -> Path:
        """The folder that the root holders passed around last."""
        return self.place.home.parent / "version-5"

    def write(self, to: Path) -> None:
        """What is public of it. The proposal has all manifests, which are beside it already."""
        home = Home.read(self.place.home)
        shutil.copytree(self.place.home / "manifests", to / "manifests")
        shutil.copytree(home.published.path, to / "published", ignore=shutil.ignore_patterns(".*"))
        shutil.copytree(
            self.proposal, to / "proposal", ignore=shutil.ignore_patterns("manifests", ".*")
        )
        (to / "PIN").write_text(f"{home.history().pin}\n", "ascii")
        for name, bundle in self.documents.items():
            if not name.startswith("neighbour"):
                bundle.write(to / f"{name}{SUFFIX}")


def main() -> None:
    """Writes home-1/, and the digests of its files."""
    if HOME.exists():
        sys.exit("golden files are made once; they are here already")
    with tempfile.TemporaryDirectory() as scratch:
        week = Week(Place(Path(scratch) / "home", Path(scratch) / "root"))
        week.found()
        week.live()
        week.end()
        week.write(HOME)
    (HOME / SUMS).write_text("".join(f"{line}\n" for line in sums(HOME)), "ascii")


def sums(directory: Path) -> list[str]:
    """A line for each file but the one with these lines."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != SUMS)
    return [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(directory)}"
        for path in files
    ]


if __name__ == "__main__":
    main()
