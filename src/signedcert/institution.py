"""The institution: what a service holds to issue certificates and to find them again.

Everything it needs is in its home directory. Root keys are never in it. Beside it, outside, is the
newest head of its log, by which a home from a backup is known.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from signedcert.carriers.bundle import Bundle
from signedcert.ceremonies.founding import Founding, found_with_roots
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import whole_seconds
from signedcert.core.keys import Algorithm
from signedcert.custody.signer import OpenedBy, opened_by
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.documents.record import CourseRecord
from signedcert.errors import ConfigurationError, IssueError, SignedCertError
from signedcert.home import Home
from signedcert.issue.bulk import (
    Graduation,
    Here,
    IssuerSource,
    each_once,
    graduate,
    graduate_in_turn,
    issue_rows,
)
from signedcert.issue.corrections import CorrectionRow
from signedcert.issue.delivery import logged, with_proofs
from signedcert.issue.issuer import Issued, Issuer
from signedcert.issue.prepare import Row, Versions, correction, record_request
from signedcert.issue.reissue import passes
from signedcert.issue.replacement import Asked
from signedcert.issue.requests import CERTIFICATE_KIND, CertificateRequest, is_unicode
from signedcert.issue.results import REPLACED, Counts, IssuedRow, write_reports
from signedcert.issue.rows import BadRow
from signedcert.log.bundles import Bundles
from signedcert.log.folder import LogFolder
from signedcert.log.keys import LogKeys, LogSigner
from signedcert.log.log import Log, Logs
from signedcert.publish.folder import PublishedFolder
from signedcert.publish.publisher import Published, Publisher
from signedcert.publish.snapshotkey import SnapshotKey
from signedcert.registry.registry import DocumentKey, Registry
from signedcert.registry.statuses import (
    CurrentStatus,
    RefusedChangesError,
    StatusChange,
    unknown,
)
from signedcert.sharing.records import CourseRecords
from signedcert.trust.history import History
from signedcert.trust.logs import LogEntry, LogHead
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.reasons import Why
from signedcert.trust.status import StatusData, StatusFiles
from signedcert.trust.statuslist import REVOKED, SUSPENDED, VALID
from signedcert.trust.store import TrustStore
from signedcert.verify.policy import Policy
from signedcert.verify.verifier import Verifier

Secret = str | Callable[[], str] | None
_SECRETS: dict[OpenedBy, str] = {
    "passphrase": "passphrase of the institution's keys",
    "PIN": "PIN of the token that has the issuing key",
}


class Institution:
    """An institution that has a home on this machine.

    Issuing needs the passphrase of its keys, and the PIN of a token that has the issuing key;
    reading, serving and adding courses do not.
    ``open`` never needs a root key.
    """

    def __init__(self, home: Home, history: History, passphrase: Secret, pin: Secret) -> None:
        self.home = home.path
        self._home = home
        self._history = history
        self._secrets = {"passphrase": passphrase, "PIN": pin}
        self._registry = Registry.open(home.registry_url)
        self._trusted: tuple[int | None, TrustStore] | None = None
        self._log_signer: LogSigner | None = None

    @classmethod
    def create(
        cls,
        home: str | Path,
        *,
        name: str,
        url: str,
        root: str | Path,
        passphrase: str,
        at: datetime,
        root_passphrase: str | None = None,
        holders: int = 3,
        threshold: int | None = None,
        algorithm: Algorithm | None = None,
        signer: str | None = None,
        pin: str = "",
    ) -> "Institution":
        """Sets an institution up: root keys in the directory ``root``, everything else in
        ``home``, which appears whole or not at all.

        ``url`` is an https origin; everything published has its place under it. ``root`` gets a
        folder for each of ``holders`` root holders, with root keys (ES256 and ML-DSA-65) and the
        next ones; take each offline, to a place of its own. Of each algorithm ``threshold``
        holders have to sign every manifest, more than half of them if it is not given: 2 of 3.
        ``root_passphrase`` encrypts them, ``passphrase`` if not given.

        The keys of the home are encrypted under ``passphrase``. The issuing key is made here, for
        ``algorithm``, ES256 if none is given; or ``signer`` is the URI of a signer that has it,
        such as a PKCS#11 token (``pkcs11:…``), which ``pin`` opens, unless its URI says where that
        is. It has to sign something before anything is written.
        Raises ConfigurationError: ``home-exists``, ``root-inside-home``, ``setting-invalid``,
        ``passphrase-missing``; what the signer is refused for; MalformedError ``key-type``, if
        no certificates are signed with keys like its own; IssueError ``signature-unverifiable``.
        Nothing was written then.
        """
        founding = Founding(name, url, passphrase, at, algorithm, signer, pin)
        found_with_roots(
            Path(home), Path(root), founding, root_passphrase, holders=holders, threshold=threshold
        )
        return cls.open(home, passphrase, pin)

    @classmethod
    def open(cls, home: str | Path, passphrase: Secret = None, pin: Secret = None) -> "Institution":
        """The institution whose home this is. Each secret may be a function that is asked once,
        when, and only if, something is signed with what it opens.

        Raises ConfigurationError: ``home-missing``, ``setting-invalid``, ``registry-version``.
        """
        found = Home.read(home)
        return cls(found, found.history(), passphrase, pin)

    @classmethod
    def migrate(cls, home: str | Path) -> tuple[str | None, str]:
        """Brings the registry of a home to this release; the revisions before and now."""
        registry = Registry.attach(Home.read(home).registry_url)
        try:
            return registry.migrate()
        finally:
            registry.close()

    def close(self) -> None:
        """Gives the registry's connections back."""
        self._registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is published

    @property
    def name(self) -> str:
        """The institution's name, as its manifest has it."""
        return self._history.newest.name

    @property
    def url(self) -> str:
        """The origin under which everything is published; the ``iss`` of its documents."""
        return self._history.newest.iss

    @property
    def manifest(self) -> KeyManifest:
        """The newest manifest."""
        return self._history.newest

    @property
    def manifests(self) -> tuple[bytes, ...]:
        """Every manifest, as published, from version 1 on."""
        return tuple(signed.jws.encode() for signed in self._history.evidence)

    @property
    def pin(self) -> str:
        """The pin of version 1, computed: what a verifier compares out of band."""
        return str(self._history.pin)

    @property
    def trust(self) -> TrustStore:
        """A trust store with this institution in it, and no other; with the landmarks of its logs,
        and the statuses that were published last, by whichever process. The same object as long as
        nothing is published.
        """
        published = self.published.changed()
        if self._trusted is None or self._trusted[0] != published:
            try:
                statuses = self._read_statuses()
            except SignedCertError:  # somebody is publishing in this moment: look again next time
                return self._trust({}) if self._trusted is None else self._trusted[1]
            self._trusted = published, self._trust(statuses)
        return self._trusted[1]

    def _trust(self, statuses: dict[str, StatusData]) -> TrustStore:
        landmarks = {(self.url, origin): one for origin, one in self._logs.landmarks.items()}
        return TrustStore({self.url: self._history}, statuses, landmarks)

    def _read_statuses(self) -> dict[str, StatusData]:
        files = None if self.manifest.status is None else StatusFiles.read(self.published.path)
        return {} if files is None else {self.url: StatusData.parse(files, self.manifest)}

    def verifier(self, policy: Policy | None = None) -> Verifier:
        """A verifier that trusts this institution, and no other."""
        return Verifier(self.trust, policy)

    # Courses

    def add_course(self, course: Course, *, at: datetime) -> Course:
        """Publishes a course document; its bytes are fixed from then on.

        Raises IssueError ``course-exists``: this version was published with another text;
        MalformedError for a course made from values whose text would be too large to be read.
        """
        Course.parse(course.text.encode())
        self._registry.add_course(course, whole_seconds(at, "at"))
        return course

    def courses(self) -> list[Course]:
        """The catalogue: the newest version of every course, by id."""
        return [Course.parse(row.text.encode()) for row in self._registry.courses()]

    def course(self, course_id: str, version: int | None = None) -> Course | None:
        """One course; the newest version if none is named."""
        row = self._registry.course(course_id, version)
        return None if row is None else Course.parse(row.text.encode())

    # Certificates

    def issue(
        self,
        certificate: Certificate,
        *,
        learner_id: str,
        run: str,
        at: datetime,
        name_confirmed: bool = False,
    ) -> Issued:
        """Issues one certificate; it is in the registry when this returns.

        The same learner, course and run with the same claims: the certificate that there is. If the
        newest head of the log is a minute old, it is logged, and its bundle has the proof; if not,
        it is under the next head, and ``find`` has the proof then.
        Raises IssueError: ``already-issued`` with other claims, ``course-unknown``; MalformedError
        naming the field; ConfigurationError: a key cannot be opened; ``log-behind``, the home is
        from a backup, and nothing was issued.
        """
        self._require_course(certificate.course)
        request = CertificateRequest(certificate, learner_id, run, name_confirmed)
        return self._issue(request, at)

    def issue_record(
        self, record: CourseRecord, *, learner_id: str, course: str, run: str, at: datetime
    ) -> Issued:
        """Issues one course record, for the learner of the certificate that was issued for the
        same learner, course and run.

        Asked again with the same results: the record that there is.
        Raises as ``issue`` does; IssueError: ``certificate-missing``, ``kind-unknown`` for results
        that the course's format has no place for.
        """
        key = DocumentKey(CERTIFICATE_KIND, learner_id, course, run)
        found = self._registry.find_current([key] if is_unicode(key) else [])
        request = record_request(record, found.get(key), Versions({}, self._registry))
        return self._issue(request, at)

    def _issue(self, asked: Asked, at: datetime) -> Issued:
        self._require_log()
        issued = self._issuer.issue(asked, at)
        if self.log is not None:
            self.log.append_after_rest(at)
        return issued._replace(bundle=self._bundles.proven(issued.code, issued.bundle))

    def _require_log(self) -> None:
        """Nothing is issued from a registry that is behind its log, or without the log's keys."""
        if self.log is not None:
            self.log.check()
            LogKeys.find(self.log.writer.entry, self.home)

    def issue_rows(
        self, rows: Iterable[Row | BadRow], *, at: datetime, replace_records: bool = False
    ) -> Iterator[IssuedRow | BadRow]:
        """Issues a roster, a gradebook or a list of corrections, in batches; one outcome per row,
        in their order, when 10,000 of them are logged, or all.

        With ``replace_records``, a row of a gradebook whose results are others than those of the
        record that was issued replaces it (reason ``corrected``); without, it is refused.
        """
        rows = each_once(rows) if replace_records else rows
        self._require_log()
        return self._prove(
            issue_rows(self._issuer, self._catalogue(), rows, at, replace_records=replace_records),
            at,
        )

    def _prove(
        self, outcomes: Iterable[IssuedRow | BadRow], at: datetime
    ) -> Iterator[IssuedRow | BadRow]:
        for group in logged(outcomes, self.log, at):
            yield from with_proofs(group, self._logs.prover)

    def issue_roster(
        self,
        rows: Iterable[Row | BadRow],
        directory: str | Path,
        *,
        at: datetime,
        jobs: int = 1,
        pool: Executor | None = None,
        replace_records: bool = False,
    ) -> Iterator[Counts]:
        """Issues a roster or a gradebook of any length with ``jobs`` processes, each with a signer
        of its own; with those of ``pool``, if it is given, else with new ones.
        Writes a bundle per document, ``issued.csv`` and ``errors.csv`` to ``directory``, and
        yields the counts so far after each row. ``replace_records`` as in ``issue_rows``.

        Killed and run again, it goes on where it was: who has a document gets the same one.
        A script that asks for several jobs needs the guard ``if __name__ == "__main__"``.
        Raises what ``issue_rows`` raises; IssueError ``results-in-use``; ConfigurationError
        ``worker-lost``.
        """
        rows = each_once(rows) if replace_records else rows
        work = self._graduation(directory, at, replace_records=replace_records)
        lines = graduate(work, self._here, rows, jobs, pool)
        return write_reports(lines, work.directory)

    def replace_rows(
        self,
        rows: Iterable[CorrectionRow | BadRow],
        directory: str | Path,
        *,
        at: datetime,
        jobs: int = 1,
        pool: Executor | None = None,
    ) -> Iterator[Counts]:
        """Replaces certificates, any number of them, as ``replace`` does one; otherwise as
        ``issue_roster``, with ``replaced.csv`` in the place of ``issued.csv``.

        Killed and run again, it goes on where it was: a row whose certificate was replaced before
        leads to the current one of that learner, course and run, if that one says exactly what the
        row asks for, and is refused otherwise (``status-final``).
        """
        work = self._graduation(directory, at)
        lines = graduate(work, self._here, rows, jobs, pool)
        return write_reports(lines, work.directory, REPLACED)

    def reissue(
        self,
        path: str | Path,
        directory: str | Path,
        *,
        at: datetime,
        jobs: int = 1,
        pool: Executor | None = None,
    ) -> Iterator[Counts]:
        """Issues anew what fell with a stolen key, from a list like reissue.csv (``read_reissue``):
        the same claims, signed by the key that signs now; the old document is replaced, for the
        reason "other". Certificates come first, then records, for the certificates that there are
        then; also those that did not fall, and whose certificates did. Otherwise as
        ``replace_rows``, and as safe to run again.

        In errors.csv is what did not fall (``document-stands``), was revoked or replaced before
        (``status-final``), is suspended (``document-suspended``), or a record whose certificate
        was not issued anew (``certificate-missing``).
        """
        work = self._graduation(directory, at)
        rows = passes(Path(path), self._registry)
        lines = graduate_in_turn(work, self._here, rows, jobs, pool)
        return write_reports(lines, work.directory, REPLACED)

    @property
    def _here(self) -> Here:
        self._require_log()
        return Here(lambda: self._issuer, self._bundles, self.log)

    def _graduation(
        self, directory: str | Path, at: datetime, *, replace_records: bool = False
    ) -> Graduation:
        at = whole_seconds(at, "at")
        return Graduation(self._source, self._catalogue(), Path(directory), at, replace_records)

    def find(self, code: VerificationCode) -> Bundle | None:
        """The certificate with this code, with its course document, and the proof of its place in
        the log, once it has one; None if there is none. A record is found by its learner only.
        """
        row = self._registry.find(code)
        if row is None or row.key.kind != CERTIFICATE_KIND:
            return None
        return self._bundles.one(row)

    @cached_property
    def records(self) -> CourseRecords:
        """The course records that learners hold and share."""
        return CourseRecords(self._registry, self.url, self._bundles)

    def count(self) -> int:
        """How many documents were issued."""
        return self._registry.count()

    # Status

    def status_of(self, code: VerificationCode) -> CurrentStatus:
        """What holds of a document now, published or not. Raises IssueError
        ``document-unknown``.
        """
        status = self._registry.statuses.of(code)
        if status is None:
            raise unknown(code)
        return status

    def change_statuses(
        self, changes: Sequence[StatusChange], *, at: datetime, only_check: bool = False
    ) -> None:
        """Makes all changes, or none; for what is refused see ``StatusTable.change``.

        Verifiers know of it when it is published, and they have updated.
        """
        at = whole_seconds(at, "at")
        self._registry.statuses.change(changes, at, only_check=only_check)

    def revoke(self, code: VerificationCode, reason: Why = "other", *, at: datetime) -> None:
        """Says that a document does not stand any more. That is final.

        Raises IssueError: ``document-unknown``, ``status-unchanged``, ``status-final``,
        ``reason-unknown``.
        """
        self._change(StatusChange(code, REVOKED, reason), at)

    def suspend(self, code: VerificationCode, reason: Why = "other", *, at: datetime) -> None:
        """Says that a document does not stand for now. Raises IssueError as ``revoke`` does."""
        self._change(StatusChange(code, SUSPENDED, reason), at)

    def restore(self, code: VerificationCode, *, at: datetime) -> None:
        """Ends a suspension. Raises IssueError as ``revoke`` does."""
        self._change(StatusChange(code, VALID), at)

    def replace(
        self,
        code: VerificationCode,
        corrected: Certificate | CourseRecord,
        reason: Why = "corrected",
        *,
        at: datetime,
        name_confirmed: bool = False,
    ) -> Issued:
        """Issues a corrected document for the same learner, course and run; the old one is then
        replaced, for good, and does not say by what. Links to it stay links to it. The record that
        belongs to a certificate is not replaced with it. What was revoked stays revoked: this is
        how who lost a document gets another one.

        Asked again, the same document: the one that there is.
        Raises what ``issue`` and ``revoke`` raise; IssueError: ``document-differs``, another kind
        of document, or another course; ``already-issued``, it says the same as one that stands,
        and the reason is not "other"; ``status-final``, it was replaced before, by one that says
        something else.
        """
        old = self._registry.find(code)
        if old is None:
            raise unknown(code)
        if isinstance(corrected, Certificate):
            self._require_course(corrected.course)
        asked = correction(self._registry, old, corrected, reason, name_confirmed=name_confirmed)
        return self._issue(asked, at)

    def _change(self, change: StatusChange, at: datetime) -> None:
        try:
            self.change_statuses([change], at=at)
        except RefusedChangesError as refused:
            raise refused.errors[0] from None

    @property
    def published(self) -> PublishedFolder:
        """The files that ``publish`` has written."""
        return self._home.published

    def publish(self, *, at: datetime) -> Published:
        """Logs what is not logged yet, and writes status lists, reasons and snapshot, signed, for
        verifiers to fetch; good for seven days, and not before it are changes of status known to
        anyone.

        Raises ConfigurationError: what ``SnapshotKey`` refuses, and if the issuing key
        cannot be opened; what ``Log.append`` and ``Publisher.publish`` raise.
        """
        key = SnapshotKey.find(self.manifest, self.home)
        issuing, snapshot = self._issuer.signer, key.open(self._secret("passphrase"))
        checkpoint = None if self.log is None else self.log.append(at)
        statuses = self._registry.statuses
        publisher = Publisher(self.manifest, issuing, snapshot, statuses, self.published)
        return publisher.publish(at, None if checkpoint is None else LogHead.of(checkpoint))

    # The log

    @cached_property
    def log(self) -> Log | None:
        """The log of what was issued; None if the manifest names none that is active."""
        return self._logs.open(self._home.saved_head, self._open_log_keys)

    @property
    def published_logs(self) -> dict[str, LogFolder]:
        """The files of the logs that the manifest names, by the folders they are published in."""
        return {folder.path.name: folder for folder in map(self._logs.folder, self.manifest.logs)}

    def _open_log_keys(self, entry: LogEntry) -> LogSigner:
        if self._log_signer is None:
            keys = LogKeys.find(entry, self.home)
            self._log_signer = keys.open(self._secret("passphrase"))
        return self._log_signer

    @cached_property
    def _logs(self) -> Logs:
        return Logs(self.manifest, self._registry, self.published.path)

    @cached_property
    def _bundles(self) -> Bundles:
        return Bundles(self._registry, self._logs.prover)

    def _require_course(self, course: Course) -> None:
        known = self._registry.course(course.id, course.version)
        if known is None or known.text != course.text:
            message = (
                f"{course.id}, version {course.version}, is not in the catalogue as it is here"
            )
            raise IssueError("course-unknown", message, where="course")

    def _catalogue(self) -> dict[str, Course]:
        return {course.id: course for course in self.courses()}

    @cached_property
    def _issuer(self) -> Issuer:
        return Issuer(self.manifest, self._source.open_signer(), self._registry)

    @cached_property
    def _source(self) -> IssuerSource:
        signer, registry = self._home.configuration.signer, self._home.registry_url
        needed = opened_by(signer)
        secret = "" if needed is None else self._secret(needed)
        home, published = self.home.resolve(), self.published.path.resolve()
        return IssuerSource(self.manifest, signer, home, registry, published, secret)

    def _secret(self, what: OpenedBy) -> str:
        secret = self._secrets[what]
        if callable(secret):
            secret = self._secrets[what] = secret()
        if secret is None:
            raise ConfigurationError("passphrase-missing", f"this needs the {_SECRETS[what]}")
        return secret
