"""What a host asks an issuer for, and the payload that it leads to."""

import hashlib
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from signedcert.core.sdjwt import SALT_BYTES, Disclosure
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.documents.openbadges import RECORD_TYPE, Credential
from signedcert.documents.record import CourseRecord, format_decimal
from signedcert.documents.recordbadge import RecordCredential, encode_record, write_record
from signedcert.documents.text import check_text, is_placeholder
from signedcert.errors import MalformedError
from signedcert.registry.registry import DocumentKey
from signedcert.trust.manifest import KeyManifest

CERTIFICATE_KIND = "certificate"
RECORD_KIND = "record"
_MAX_IDENTIFIER = 128
#: The date line: somewhere it is already tomorrow.
_EARLIEST_ZONE = timedelta(hours=14)
#: The two highest bits of a UUID's ninth byte are 10.
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}


class Place(NamedTuple):
    """By whom, where in the status lists, and when (in whole seconds) a document is issued."""

    manifest: KeyManifest
    status_list: int
    status_index: int
    at: datetime


class Draft(NamedTuple):
    """A document that nobody has signed yet."""

    document_id: str
    payload: bytes
    disclosures: tuple[Disclosure, ...] | None = None


class CertificateRequest(NamedTuple):
    """A certificate. ``learner_id`` and ``run`` are the host's own words and stay in the registry;
    ``name_confirmed`` insists on a name that looks like a placeholder, ``any_version`` takes a
    certificate for another version of the course for the same one.
    """

    certificate: Certificate
    learner_id: str
    run: str
    name_confirmed: bool = False
    any_version: bool = False

    @property
    def typ(self) -> str:
        """The ``typ`` of its header."""
        return "JWT"

    @property
    def course(self) -> Course:
        """The course that was completed."""
        return self.certificate.course

    @property
    def key(self) -> DocumentKey:
        """What the registry knows it by."""
        return DocumentKey(CERTIFICATE_KIND, self.learner_id, self.certificate.course.id, self.run)

    @property
    def claims(self) -> bytes:
        """A digest of what is claimed: the same request again has the same one."""
        certificate = self.certificate
        learner, started = certificate.learner, certificate.started
        text = f"{learner}\n{started}\n{certificate.completed}\n{certificate.valid_until}"
        return hashlib.sha256(text.encode()).digest()

    def check(self, at: datetime) -> None:
        """What is refused when issuing, beyond what a ``Certificate`` refuses by itself.

        Raises MalformedError: ``name-placeholder``, ``date-in-future``, or an identifier that is
        blank, too long or not plain text.
        """
        check_text(self.learner_id, _MAX_IDENTIFIER, "learner_id")
        check_text(self.run, _MAX_IDENTIFIER, "run")
        certificate = self.certificate
        if is_placeholder(certificate.learner) and not self.name_confirmed:
            message = (
                f"{certificate.learner!r} looks like a placeholder; if it really is the name, say "
                "so with yes in the column name_confirmed"
            )
            raise MalformedError("name-placeholder", message, where="name")
        if certificate.completed > _latest(at):
            message = f"{certificate.completed} is in the future"
            raise MalformedError("date-in-future", message, where="completed")
        _check_end(certificate.valid_until, at, "ends before it begins")

    def draft(self, place: Place, proved: set[str]) -> Draft:
        """A new document. That what the course and the institution say fits its place is shown by
        reading back the first certificate of a course, whose digest is then among the ``proved``;
        the rest is made here, or was checked as a ``Certificate``.
        """
        credential = self._credential(place)
        if credential.digest in proved:
            return Draft(credential.id, credential.write())
        payload = credential.encode()
        proved.add(credential.digest)
        return Draft(credential.id, payload)

    def _credential(self, place: Place) -> Credential:
        certificate, course = self.certificate, self.certificate.course
        return Credential(
            id=_random_uuid(),
            title=course.title,
            issuer=place.manifest.iss,
            issuer_name=place.manifest.name,
            valid_from=place.at,
            valid_until=certificate.valid_until,
            subject=_random_uuid(),
            learner=certificate.learner,
            started=certificate.started,
            completed=certificate.completed,
            course=course.id,
            version=course.version,
            description=course.summary,
            narrative=course.criteria,
            digest=course.digest,
            status_list=place.status_list,
            status_index=place.status_index,
        )


class RecordRequest(NamedTuple):
    """A course record for the learner of a certificate that was issued. ``credential`` is what
    that certificate says, ``certificate_digest`` covers its text, ``course`` is the version of
    the course that it names.
    """

    record: CourseRecord
    credential: Credential
    certificate_digest: str
    course: Course
    learner_id: str
    run: str

    @property
    def any_version(self) -> bool:
        """The version is that of the certificate, which the claims name."""
        return True

    @property
    def typ(self) -> str:
        """The ``typ`` of its header."""
        return RECORD_TYPE

    @property
    def key(self) -> DocumentKey:
        """What the registry knows it by."""
        return DocumentKey(RECORD_KIND, self.learner_id, self.course.id, self.run)

    @property
    def claims(self) -> bytes:
        """A digest of what is claimed: the same request again has the same one."""
        lines = [self.credential.id]
        for result in self.record.results:
            value = "" if result.value is None else format_decimal(result.value)
            maximum = format_decimal(result.maximum)
            lines.append(f"{result.name}\n{maximum}\n{value}\n{result.status}\n{result.achieved}")
        return hashlib.sha256("\n".join(lines).encode()).digest()

    def check(self, at: datetime) -> None:
        """What is refused when issuing, beyond what a ``CourseRecord`` refuses by itself.

        Raises IssueError ``kind-unknown`` for results that the course's format has no place for;
        MalformedError ``date-in-future``, ``validity-reversed`` if the certificate has run out.
        """
        self.record.check_format(self.course)
        _check_end(self.credential.valid_until, at, "the certificate has run out")
        latest = _latest(at)
        for result in self.record.results:
            if result.achieved is not None and result.achieved > latest:
                message = f"{result.achieved} is in the future"
                raise MalformedError("date-in-future", message, where=result.name)

    def draft(self, place: Place, proved: set[str]) -> Draft:
        """A new document. That what course, certificate and columns say fits its place is shown by
        reading back the first record with the same ones; values were checked as a
        ``CourseRecord``.
        """
        credential = self._credential(place)
        random = secrets.token_bytes(SALT_BYTES * (len(credential.results) + 1))
        salts = [random[i : i + SALT_BYTES] for i in range(0, len(random), SALT_BYTES)]
        columns = (f"{result.name}\n{result.maximum}" for result in credential.results)
        proof = hashlib.sha256("\n".join((credential.digest, *columns)).encode()).hexdigest()
        write = write_record if proof in proved else encode_record
        payload, disclosures = write(credential, salts)
        proved.add(proof)
        return Draft(credential.id, payload, tuple(disclosures))

    def _credential(self, place: Place) -> RecordCredential:
        return RecordCredential(
            **{
                **self.credential._asdict(),
                "id": _random_uuid(),
                "subject": _random_uuid(),
                "issuer_name": place.manifest.name,
                "valid_from": place.at,
                "status_list": place.status_list,
                "status_index": place.status_index,
            },
            certificate=self.credential.id,
            certificate_digest=self.certificate_digest,
            results=self.record.results,
        )


Request: TypeAlias = CertificateRequest | RecordRequest


def is_unicode(key: DocumentKey) -> bool:
    """Whether a database can be asked for it; ``check`` refuses what is not."""
    text = f"{key.learner_id}{key.run}"
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _check_end(valid_until: datetime | None, at: datetime, message: str) -> None:
    if valid_until is not None and valid_until <= at:
        raise MalformedError("validity-reversed", message, where="valid_until")


def _latest(at: datetime) -> date:
    return (at + _EARLIEST_ZONE).astimezone(UTC).date()


def _random_uuid() -> str:
    """RFC 9562, 5.4; without the class of the standard library, which takes thrice the time."""
    digits = secrets.token_hex(16)
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )
