"""An office with learners' records: for tests of the commands about them."""

import shutil
import sqlite3
from pathlib import Path
from typing import NamedTuple

from signedcert.institution import Institution
from signedcert.trust.store import TrustStore
from tests.institution.homes import NOW, Place, another_course, certificate
from tests.issue.gradebooks import certify, issue_record
from tests.reference import course

COURSE = course().id
LEARNER = "María-José Nguyễn"

LOG_TABLES = ("log_heads", "log_entries", "log_pending")


class Office(NamedTuple):
    """A directory with ``home``, ``trust``, ``certificate.signedcert``, ``record.signedcert``.

    s-1 has a certificate and a record; s-2 the same twice, in the runs 2026 and 2027; s-3 a
    certificate only.
    """

    directory: Path

    @property
    def home(self) -> Path:
        """The institution's home."""
        return self.directory / "home"

    @property
    def trust(self) -> Path:
        """A trust store that has the institution."""
        return self.directory / "trust"

    @property
    def record(self) -> Path:
        """The whole record of s-1."""
        return self.directory / "record.signedcert"

    @property
    def certificate(self) -> Path:
        """The certificate of s-1."""
        return self.directory / "certificate.signedcert"

    def copy(self, to: Path) -> "Office":
        """The same elsewhere."""
        return Office(Path(shutil.copytree(self.directory, to)))

    def age(self) -> None:
        """Takes the registry back to the revision before there were links."""
        with sqlite3.connect(self.home / "registry.sqlite") as database:
            for table in (*LOG_TABLES, "status_changes", "openings", "shares", "logins"):
                database.execute(f"DROP TABLE {table}")
            database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.close()


def make_office(template: Place, directory: Path) -> Office:
    """A new office in an empty directory."""
    office = Office(directory)
    place = template.copy(directory)
    with place.open() as institution:
        certify(institution, learner=LEARNER).bundle.write(office.certificate)
        issue_record(institution).bundle.write(office.record)
        _issue_twice(institution)
        certify(institution, "s-3", "Grace Hopper")
        TrustStore.empty().add(institution.manifests, institution.pin).write(office.trust)
    return office


def _issue_twice(institution: Institution) -> None:
    for run, final in (("2027", "70"), ("2026", "60")):
        institution.issue(certificate("李小龍"), learner_id="s-2", run=run, at=NOW)
        issue_record(institution, "s-2", final, run)
    memory = certificate("李小龍", course=another_course())
    institution.issue(memory, learner_id="s-2", run="2026", at=NOW)
