"""Documents made, signed, given a code, and written to the registry before they are told of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import check_size, format_time, whole_seconds
from signedcert.core.entry import log_entry
from signedcert.core.jws import MAX_COMPACT, Header, serialize_compact, signing_input
from signedcert.core.sdjwt import Disclosure, serialize_sd_jwt
from signedcert.custody.signer import Signer
from signedcert.documents.openbadges import RECORD_TYPE
from signedcert.errors import IssueError, SignedCertError
from signedcert.issue.requests import CERTIFICATE_KIND, Place, Request, is_unicode
from signedcert.issue.words import is_offensive
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.trust.entries import key_url
from signedcert.trust.manifest import KeyManifest

_ATTEMPTS = 20


class Issued(NamedTuple):
    """A document that is in the registry. ``again`` says that it was there before; ``url`` is what
    is printed on a certificate. A record has none: its learner makes links to it.
    """

    code: VerificationCode
    url: str | None
    bundle: Bundle
    again: bool


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issues for one institution with one key."""

    manifest: KeyManifest
    signer: Signer
    registry: Registry
    _headers: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _proved: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kid = key_url(self.manifest.iss, self.signer.public_key)
        for typ in ("JWT", RECORD_TYPE):
            self._headers[typ] = Header(self.signer.algorithm, kid, typ).segment()

    def issue(self, request: Request, at: datetime) -> Issued:
        """One document, durable when this returns.

        Raises IssueError: ``already-issued``, this learner, course and run have one with other
        claims; ``status-final``, they have one that was revoked; MalformedError, naming the field.
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
        known = self.registry.find_current([key for key in keys if is_unicode(key)])
        revoked = self.registry.statuses.revoked([row.code for row in known.values()])
        places = iter(self.registry.draw_status(len(requests) - len(signed)))
        fresh: list[DocumentRow] = []
        results: list[Issued | SignedCertError] = []
        for i, (request, key) in enumerate(zip(requests, keys, strict=True)):
            row = known.get(key)
            if row is not None:
                results.append(_revoked(row) if row.code in revoked else self._again(request, row))
                continue
            try:
                row = signed.get(i) or self.sign(request, next(places), at)
            except SignedCertError as error:
                results.append(error)
                continue
            known[key] = signed[i] = row
            fresh.append(row)
            results.append(self._issued(row, request.course.text, again=False))
        if fresh:
            self.registry.add(fresh)
        return results

    def _again(self, request: Request, row: DocumentRow) -> Issued | SignedCertError:
        course = request.course
        same_version = row.course_version == course.version
        if row.claims == request.claims and (same_version or request.any_version):
            text = course.text if same_version else self._course_text(row)
            return self._issued(row, text, again=True)
        message = (
            f"{row.key.kind} {row.code} was issued for this learner, course and run with other "
            "claims; what is issued is not changed: a correction is a new document that replaces "
            "it (replace)"
        )
        return IssueError("already-issued", message, where="learner_id")

    def sign(self, request: Request, place: tuple[int, int], at: datetime) -> DocumentRow:
        """A document that is not in the registry yet, and until it is, none: checked, signed, its
        signature verified. ``place`` is its status list and index, ``at`` in whole seconds.

        Raises MalformedError, naming the field; IssueError: ``signature-unverifiable``, and what
        the request's ``check`` refuses.
        """
        request.check(at)
        header = self._headers[request.typ]
        while True:
            draft = request.draft(Place(self.manifest, *place, at), self._proved)
            signed = signing_input(header, draft.payload)
            signature = self.signer.sign(signed)
            code = VerificationCode.derive(signed, signature)
            if not is_offensive(code.symbols):  # a new document id gives a new code
                break
        return DocumentRow(
            key=request.key,
            code=code,
            document_id=draft.document_id,
            course_version=request.course.version,
            claims=request.claims,
            document=_serialize(signed, signature, draft.disclosures),
            issued=format_time(at),
            entry=log_entry(signed, signature),
            status_list=place[0],
            status_index=place[1],
        )

    def _course_text(self, row: DocumentRow) -> str | None:
        course = self.registry.course(row.key.course_id, row.course_version)
        return course and course.text

    def _issued(self, row: DocumentRow, course: str | None, *, again: bool) -> Issued:
        bundle = Bundle(row.document, course=course)
        printed = row.key.kind == CERTIFICATE_KIND
        url = verify_url(self.manifest.iss, row.code) if printed else None
        return Issued(row.code, url, bundle, again)


def _revoked(row: DocumentRow) -> IssueError:
    message = (
        f"{row.key.kind} {row.code}, for this learner, course and run, was revoked; if another one "
        "is to be issued, say so: signedcert replace"
    )
    return IssueError("status-final", message, where="learner_id")


def verify_url(iss: str, code: VerificationCode) -> str:
    """What is printed on the certificate."""
    return f"{iss}/verify/{code}"


def _serialize(signed: bytes, signature: bytes, disclosures: tuple[Disclosure, ...] | None) -> str:
    """Raises MalformedError ``too-large``: no verifier would read it."""
    jws = serialize_compact(signed, signature)
    if disclosures is None:
        return jws
    text = serialize_sd_jwt(jws.encode(), disclosures).decode()
    check_size(text, MAX_COMPACT, "results")
    return text
