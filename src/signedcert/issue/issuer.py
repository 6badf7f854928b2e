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
from signedcert.issue.replacement import (
    Asked,
    Correction,
    other_claims,
    request_of,
    was_revoked,
)
from signedcert.issue.requests import CERTIFICATE_KIND, Place, Request, is_unicode
from signedcert.issue.words import is_offensive
from signedcert.registry.errors import ConflictError
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.registry.statuses import RefusedChangesError, StatusChange
from signedcert.trust.entries import key_url
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.statuslist import REVOKED, VALID

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

    def issue(self, asked: Asked, at: datetime) -> Issued:
        """One document, durable when this returns.

        Raises IssueError: ``already-issued``, this learner, course and run have one with other
        claims; ``status-final``, they have one that was revoked; what ``Correction.changes``
        raises; MalformedError, naming the field.
        """
        (result,) = self.issue_batch([asked], at)
        if isinstance(result, SignedCertError):
            raise result
        return result

    def issue_batch(self, asked: Sequence[Asked], at: datetime) -> list[Issued | SignedCertError]:
        """One result for each that is asked for, in their order; what cannot be issued is an error
        in its place. All that are new are written in one transaction, with what becomes of those
        that they replace.

        Raises ConfigurationError ``time-naive``.
        """
        at = whole_seconds(at, "at")
        signed: dict[int, DocumentRow] = {}
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt(asked, at, signed)
            except (ConflictError, RefusedChangesError):  # another process was first: look again
                self._discard(asked, signed)
        message = f"the registry was busy {_ATTEMPTS} times in a row; try again"
        raise IssueError("registry-busy", message)

    def _discard(self, asked: Sequence[Asked], signed: dict[int, DocumentRow]) -> None:
        """Of what was signed and not written, what somebody else was first with: the learner, or
        the place in a status list. All of it, if that was not the conflict.
        """
        rows = signed.values()
        known = self.registry.find_current([row.key for row in rows])
        taken = self.registry.taken([row.place for row in rows])
        late = [
            i
            for i, row in signed.items()
            if row.place in taken or (row.key in known and not _ends(asked[i], known[row.key]))
        ]
        for i in late or list(signed):
            del signed[i]

    def _attempt(
        self, asked: Sequence[Asked], at: datetime, signed: dict[int, DocumentRow]
    ) -> list[Issued | SignedCertError]:
        """``signed`` are rows of the attempt before, by the places of what asks for them; those
        made here are added.
        """
        keys = [request_of(one).key for one in asked]
        known = self.registry.find_current([key for key in keys if is_unicode(key)])
        statuses = self.registry.statuses.among([row.code for row in known.values()])
        places = iter(self.registry.draw_status(len(asked) - len(signed)))
        written = _Written([], [], [])
        results: list[Issued | SignedCertError] = []
        for i, (one, key) in enumerate(zip(asked, keys, strict=True)):
            row = known.get(key)
            status = VALID if row is None else statuses.get(row.code, VALID)
            try:
                if row is not None and not _ends(one, row):
                    results.append(self._again(one, row, status))
                    continue
                changes = one.changes(status) if isinstance(one, Correction) else ()
                new = signed.get(i) or self.sign(request_of(one), next(places), at)
            except SignedCertError as error:
                results.append(error)
                continue
            known[key] = signed[i] = new
            written.add(new, row, changes)
            results.append(self._issued(new, request_of(one).course.text, again=False))
        self._write(written, at)
        return results

    def _write(self, written: "_Written", at: datetime) -> None:
        if written.old:
            self.registry.replace(*written, at)
        elif written.rows:
            self.registry.add(written.rows)

    def _again(self, asked: Asked, row: DocumentRow, status: int) -> Issued:
        if status == REVOKED:
            raise was_revoked(row)
        request = request_of(asked)
        same_version = row.course_version == request.course.version
        if row.claims == request.claims and (same_version or request.any_version):
            text = request.course.text if same_version else self._course_text(row)
            return self._issued(row, text, again=True)
        raise other_claims(asked, row)

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


class _Written(NamedTuple):
    """What one transaction is to write."""

    old: list[VerificationCode]
    changes: list[StatusChange]
    rows: list[DocumentRow]

    def add(
        self, row: DocumentRow, old: DocumentRow | None, changes: tuple[StatusChange, ...]
    ) -> None:
        """A row in the place of an ``old`` one, if there is one."""
        self.rows.append(row)
        self.changes.extend(changes)
        if old is not None:
            self.old.append(old.code)


def _ends(asked: Asked, current: DocumentRow) -> bool:
    return isinstance(asked, Correction) and asked.ends(current)


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
