"""Certificates made, signed, given a code, and written to the registry before they are told of."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import format_time, whole_seconds
from signedcert.core.entry import log_entry
from signedcert.core.jws import Header, serialize_compact, signing_input
from signedcert.custody.signer import Signer
from signedcert.documents.certificate import Certificate
from signedcert.documents.openbadges import Credential
from signedcert.documents.text import check_text, is_placeholder
from signedcert.errors import IssueError, MalformedError, SignedCertError
from signedcert.issue.words import is_offensive
from signedcert.registry.registry import ConflictError, DocumentKey, DocumentRow, Registry
from signedcert.trust.entries import key_url
from signedcert.trust.manifest import KeyManifest

CERTIFICATE_KIND = "certificate"
_MAX_IDENTIFIER = 128
#: The date line: somewhere it is already tomorrow.
_EARLIEST_ZONE = timedelta(hours=14)
_ATTEMPTS = 20
#: The two highest bits of a UUID's ninth byte are 10.
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}


class Request(NamedTuple):
    """What a host asks for. ``learner_id`` and ``run`` are the host's own words and stay in the
    registry; ``name_confirmed`` insists on a name that looks like a placeholder, ``any_version``
    takes a certificate for another version of the course for the same one.
    """

    certificate: Certificate
    learner_id: str
    run: str
    name_confirmed: bool = False
    any_version: bool = False

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


class Issued(NamedTuple):
    """A certificate that is in the registry. ``again`` says that it was there before."""

    code: VerificationCode
    url: str
    bundle: Bundle
    again: bool


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issues for one institution with one key."""

    manifest: KeyManifest
    signer: Signer
    registry: Registry
    _header: str = field(init=False, repr=False)
    _proved: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kid = key_url(self.manifest.iss, self.signer.public_key)
        header = Header(self.signer.algorithm, kid, "JWT").segment()
        object.__setattr__(self, "_header", header)

    def issue(self, request: Request, at: datetime) -> Issued:
        """One certificate, durable when this returns.

        Raises IssueError ``already-issued``: this learner, course and run have a certificate
        with other claims; MalformedError, naming the field.
        """
        (result,) = self.issue_batch([request], at)
        if isinstance(result, SignedCertError):
            raise result
        return result

    def issue_batch(
        self, requests: Sequence[Request], at: datetime
    ) -> list[Issued | SignedCertError]:
        """One result per request, in their order; what cannot be issued is an error in its
        place. All that are new are written in one transaction.

        Raises ConfigurationError ``time-naive``.
        """
        at = whole_seconds(at, "at")
        signed: dict[int, DocumentRow] = {}
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt(requests, at, signed)
            except ConflictError:  # another process was first: look again
                self._discard(signed)
        message = f"the registry was busy {_ATTEMPTS} times in a row; try again"
        raise IssueError("registry-busy", message)

    def _discard(self, signed: dict[int, DocumentRow]) -> None:
        """Of what was signed and not written, what somebody else was first with: the learner, or
        the place in a status list. All of it, if that was not the conflict.
        """
        rows = signed.values()
        known = self.registry.find_current([row.key for row in rows])
        taken = self.registry.taken([row.place for row in rows])
        late = [i for i, row in signed.items() if row.key in known or row.place in taken]
        for i in late or list(signed):
            del signed[i]

    def _attempt(
        self, requests: Sequence[Request], at: datetime, signed: dict[int, DocumentRow]
    ) -> list[Issued | SignedCertError]:
        """``signed`` are rows of the attempt before, by the places of their requests; those made
        here are added.
        """
        keys = [one.key for one in requests]
        known = self.registry.find_current([key for key in keys if _is_unicode(key)])
        places = iter(self.registry.draw_status(len(requests) - len(signed)))
        fresh: list[DocumentRow] = []
        results: list[Issued | SignedCertError] = []
        for i, (request, key) in enumerate(zip(requests, keys, strict=True)):
            row = known.get(key)
            if row is not None:
                results.append(self._again(request, row))
                continue
            try:
                row = signed.get(i) or self.sign(request, next(places), at)
            except SignedCertError as error:
                results.append(error)
                continue
            known[key] = signed[i] = row
            fresh.append(row)
            results.append(self._issued(row, request.certificate.course.text, again=False))
        if fresh:
            self.registry.add(fresh)
        return results

    def _again(self, request: Request, row: DocumentRow) -> Issued | SignedCertError:
        course = request.certificate.course
        same_version = row.course_version == course.version
        if row.claims == request.claims and (same_version or request.any_version):
            text = course.text if same_version else self._course_text(row)
            return self._issued(row, text, again=True)
        message = (
            f"certificate {row.code} was issued for this learner, course and run with other "
            "claims; an issued certificate is not changed: a correction is a new one that replaces "
            "it (replace)"
        )
        return IssueError("already-issued", message, where="learner_id")

    def sign(self, request: Request, place: tuple[int, int], at: datetime) -> DocumentRow:
        """A certificate that is not in the registry yet, and until it is, none: checked, signed,
        its signature verified. ``place`` is its status list and index, ``at`` in whole seconds.

        Raises MalformedError, naming the field; IssueError ``signature-unverifiable``.
        """
        check_request(request, at)
        while True:
            credential = self._credential(request, place, at)
            signed = signing_input(self._header, self._encode(credential))
            signature = self.signer.sign(signed)
            code = VerificationCode.derive(signed, signature)
            if not is_offensive(code.symbols):  # a new document id gives a new code
                break
        return DocumentRow(
            key=request.key,
            code=code,
            document_id=credential.id,
            course_version=credential.version,
            claims=request.claims,
            document=serialize_compact(signed, signature),
            issued=format_time(at),
            entry=log_entry(signed, signature),
            status_list=credential.status_list,
            status_index=credential.status_index,
        )

    def _encode(self, credential: Credential) -> bytes:
        """The payload. That what the course and the institution say fits its place is shown by
        reading back the first certificate of a course; the rest is made here, or was checked as a
        ``Certificate``.
        """
        if credential.digest in self._proved:
            return credential.write()
        payload = credential.encode()
        self._proved.add(credential.digest)
        return payload

    def _credential(self, request: Request, place: tuple[int, int], at: datetime) -> Credential:
        certificate, course = request.certificate, request.certificate.course
        return Credential(
            id=_random_uuid(),
            title=course.title,
            issuer=self.manifest.iss,
            issuer_name=self.manifest.name,
            valid_from=at,
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
            status_list=place[0],
            status_index=place[1],
        )

    def _course_text(self, row: DocumentRow) -> str | None:
        course = self.registry.course(row.key.course_id, row.course_version)
        return course and course.text

    def _issued(self, row: DocumentRow, course: str | None, *, again: bool) -> Issued:
        bundle = Bundle(row.document, course=course)
        return Issued(row.code, verify_url(self.manifest.iss, row.code), bundle, again)


def _random_uuid() -> str:
    """RFC 9562, 5.4; without the class of the standard library, which takes thrice the time."""
    digits = secrets.token_hex(16)
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )


def verify_url(iss: str, code: VerificationCode) -> str:
    """What is printed on the certificate."""
    return f"{iss}/verify/{code}"


def _is_unicode(key: DocumentKey) -> bool:
    """Whether a database can be asked for it; ``check_request`` refuses what is not."""
    try:
        f"{key.learner_id}{key.run}".encode()
    except UnicodeEncodeError:
        return False
    return True


def check_request(request: Request, at: datetime) -> None:
    """What is refused when issuing, beyond what a ``Certificate`` refuses by itself.

    Raises MalformedError: ``name-placeholder``, ``date-in-future``, or an identifier that is
    blank, too long or not plain text.
    """
    check_text(request.learner_id, _MAX_IDENTIFIER, "learner_id")
    check_text(request.run, _MAX_IDENTIFIER, "run")
    certificate = request.certificate
    if is_placeholder(certificate.learner) and not request.name_confirmed:
        message = (
            f"{certificate.learner!r} looks like a placeholder; if it really is the name, say so "
            "with yes in the column name_confirmed"
        )
        raise MalformedError("name-placeholder", message, where="name")
    latest = (at + _EARLIEST_ZONE).astimezone(UTC).date()
    if certificate.completed > latest:
        message = f"{certificate.completed} is in the future"
        raise MalformedError("date-in-future", message, where="completed")
    if certificate.valid_until is not None and certificate.valid_until <= at:
        message = "ends before it begins"
        raise MalformedError("validity-reversed", message, where="valid_until")
