"""The procedure of FORMATS, section 11, step by step."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import LENGTH, VerificationCode
from signedcert.core.encoding import parse_canonical_json
from signedcert.core.jws import MAX_COMPACT, CompactJWS, Header
from signedcert.core.keys import BadSignatureError
from signedcert.documents.certificate import whole_seconds
from signedcert.documents.digest import digest_sri
from signedcert.documents.openbadges import (
    CERTIFICATE_TYPES,
    Credential,
    explain_credential,
    read_credential,
)
from signedcert.errors import (
    MalformedError,
    Reason,
    RejectedError,
    UndecidedError,
    VerificationError,
)
from signedcert.trust.history import History
from signedcert.trust.manifest import KeyEntry
from signedcert.trust.store import TrustedKey, TrustStore
from signedcert.verify.messages import message_for
from signedcert.verify.policy import Policy
from signedcert.verify.report import (
    Check,
    CourseReference,
    Issuer,
    Outcome,
    Report,
    Verdict,
    VerifiedCertificate,
)

_CERTIFICATE_ALGORITHMS = ("ES256", "Ed25519")
_MAX_UNREADABLE = 4

_PASSED = {step: Check(step, Outcome.PASSED) for step in range(1, 11)}
_NOT_MADE = {step: Check(step, Outcome.NOT_MADE) for step in range(1, 11)}
_NO_CODE = Check(9, Outcome.NOT_ASKED)
_NO_POLICY = Check(10, Outcome.NOT_ASKED)
_NO_LOG = Check(5, Outcome.NOT_PUBLISHED, technical="the manifest names no log")
_NO_STATUS = Check(7, Outcome.NOT_PUBLISHED, technical="the manifest names no status lists")


@dataclass(frozen=True, slots=True)
class Verifier:
    """Checks documents against a trust store, with no network and no clock.

    Guarantee: ``verify`` returns only what was signed by a key that its institution's manifest
    authorises, and that still stands at ``at``. It does not say who holds the paper, and cannot
    know of a theft of keys, or a revocation, that the trust store does not know of yet.
    """

    trust: TrustStore
    policy: Policy | None = None

    def verify(
        self, document: Bundle | bytes, *, at: datetime, code: str | None = None
    ) -> VerifiedCertificate:
        """The certificate, if it is authentic at the moment ``at`` and, where ``code`` is given,
        the one that this printed code belongs to.

        Raises RejectedError or UndecidedError, for the decisive step; ConfigurationError for an
        ``at`` without time zone.
        """
        report = self.report(document, at=at, code=code)
        if report.verdict is not Verdict.AUTHENTIC:
            raise _error(report)
        return _verified(report)

    def report(self, document: Bundle | bytes, *, at: datetime, code: str | None = None) -> Report:
        """All ten steps; a bad document raises nothing. ConfigurationError for a naive ``at``."""
        whole_seconds(at, "at")
        try:
            bundle = document if isinstance(document, Bundle) else Bundle.parse(document)
            parsed = _parse(bundle, self.trust)  # (1)
        except MalformedError as error:
            return Report((_unparsed(error), *(_NOT_MADE[step] for step in range(2, 11))))
        return self._report(bundle, parsed, at, code)

    def _report(self, bundle: Bundle, parsed: "_Parsed", at: datetime, code: str | None) -> Report:
        found = self.trust.find_header(parsed.jws.header_segment)
        authorised = self._authorised(found, parsed)  # (2)
        signed = _signature(found, authorised, parsed)  # (3)
        claims, course = _claims(parsed, bundle)  # (4)
        genuine = signed.outcome is Outcome.PASSED and parsed.credential is not None
        history = found.history if found is not None and authorised is _PASSED[2] else None
        checks = (
            _PASSED[1],
            authorised,
            signed,
            claims,
            _log_place(history, bundle),  # (5)
            _key_state(found.entry) if found and genuine else _NOT_MADE[6],  # (6)
            _status(history),  # (7)
            _validity(parsed.credential, at) if genuine and parsed.credential else _NOT_MADE[8],
            _printed_code(parsed.code, code),  # (9)
            self._policy(parsed.credential, history, at),  # (10)
        )
        believed = genuine and checks[5].outcome is Outcome.PASSED
        return Report(
            checks,
            code=parsed.code,
            credential=parsed.credential if believed else None,
            issuer=_issuer(history),
            course=course if believed else None,
            unverified=parsed.credential,
        )

    def _authorised(self, found: TrustedKey | None, parsed: "_Parsed") -> Check:
        if found is None:
            return self._unauthorised(parsed)
        newest = found.history.newest
        if found.history.forked:
            return _forked(newest.iss)
        if parsed.credential is not None and parsed.credential.issuer != newest.iss:
            technical = f"the key is one of {newest.iss}, the issuer is {parsed.credential.issuer}"
            return Check(2, Outcome.FAILED, "key-not-authorised", "kid-not-under-issuer", technical)
        return _PASSED[2]

    def _unauthorised(self, parsed: "_Parsed") -> Check:
        """Why no issuing key has this header."""
        header = parsed.header()
        key = self.trust.find_key(header.kid or "")
        if key is not None:
            return _misused(key)
        if parsed.credential is None:
            return _NOT_MADE[2]
        issuer = parsed.credential.issuer
        if not (header.kid or "").startswith(f"{issuer}/.well-known/keys/"):
            technical = f"kid {header.kid} is not a key of {issuer}"
            return Check(2, Outcome.FAILED, "key-not-authorised", "kid-not-under-issuer", technical)
        history = self.trust.institutions.get(issuer)
        if history is None:
            technical = f"{issuer} is not in the trust store"
            return Check(2, Outcome.UNDECIDED, "unknown-issuer", technical=technical)
        if history.forked:
            return _forked(issuer)
        version = history.newest.version
        technical = f"kid {header.kid} is not in manifest version {version} of {issuer}"
        return Check(2, Outcome.UNDECIDED, "unknown-key", technical=technical)

    def _policy(
        self, credential: Credential | None, history: History | None, at: datetime
    ) -> Check:
        if self.policy is None:
            return _NO_POLICY
        if credential is None:
            return _NOT_MADE[10]
        return self.policy.check(credential, history, at)


class _Parsed(NamedTuple):
    """A document that passed step 1; ``credential`` is None if ``flaw`` says what step 4 found."""

    jws: CompactJWS
    code: VerificationCode
    credential: Credential | None
    flaw: MalformedError | None

    def header(self) -> Header:
        return Header.parse(self.jws.header_segment)


def _parse(bundle: Bundle, trust: TrustStore) -> _Parsed:
    jws = CompactJWS.parse(bundle.document.encode("utf-8", "surrogatepass"))
    code = VerificationCode.derive(jws.signing_input, jws.signature)
    if trust.find_header(jws.header_segment) is None:  # those that it has are well-formed
        _check_header(jws.header_segment)
    try:
        credential = read_credential(jws.payload)
    except MalformedError as flaw:
        return _Parsed(jws, code, None, flaw)
    if credential is not None:
        return _Parsed(jws, code, credential, None)
    value = parse_canonical_json(jws.payload, MAX_COMPACT, "payload")
    return _Parsed(jws, code, None, explain_credential(value))


def _check_header(segment: bytes) -> None:
    header = Header.parse(segment)
    if header.alg not in _CERTIFICATE_ALGORITHMS:
        message = f"alg {ascii(header.alg)[:40]} does not sign certificates"
        raise MalformedError("wrong-value", message, where="header.alg")
    if header.typ not in CERTIFICATE_TYPES:
        message = f"typ {ascii(header.typ)[:40]} is not that of a certificate"
        raise MalformedError("typ-unexpected", message, where="header.typ")
    if header.kid is None:
        raise MalformedError("member-missing", "member 'kid' is missing", where="header")
    if header.segment().encode() != segment:
        message = "written otherwise than alg, kid, typ in this order"
        raise MalformedError("header-spelling", message, where="header")


def _unparsed(error: MalformedError) -> Check:
    reason: Reason = "no-document" if error.reason == "no-document" else "malformed-document"
    technical = f"{error.where}: {error.message}" if error.where else error.message
    return Check(1, Outcome.FAILED, reason, error.reason, technical)


def _misused(key: TrustedKey) -> Check:
    """A known key under a header that is not one of its own."""
    entry = key.entry
    if key.history.forked:
        return _forked(key.history.newest.iss)
    detail = "key-role" if entry.role != "issue" else "algorithm-mismatch"
    technical = f"key {entry.key.thumbprint}: {entry.key.algorithm}, role {entry.role}"
    return Check(2, Outcome.FAILED, "key-not-authorised", detail, technical)


def _forked(iss: str) -> Check:
    """Each side of the fork may know another key, or the same one in another role."""
    technical = f"two manifests of one version are signed by the root keys of {iss}"
    return Check(2, Outcome.UNDECIDED, "trust-fork", technical=technical)


def _signature(found: TrustedKey | None, authorised: Check, parsed: _Parsed) -> Check:
    if found is None or authorised.outcome is not Outcome.PASSED:
        return _NOT_MADE[3]
    try:
        found.entry.key.verify(parsed.jws.signature, parsed.jws.signing_input)
    except BadSignatureError as error:
        technical = f"not a signature of key {found.entry.key.thumbprint}"
        return Check(3, Outcome.FAILED, "bad-signature", error.detail, technical)
    return _PASSED[3]


def _claims(parsed: _Parsed, bundle: Bundle) -> tuple[Check, str | None]:
    """Step 4, and the course document if it is the one that was signed."""
    if parsed.flaw is not None:
        flaw = parsed.flaw
        technical = f"{flaw.where}: {flaw.message}" if flaw.where else flaw.message
        return Check(4, Outcome.FAILED, "claims-inconsistent", flaw.reason, technical), None
    if bundle.course is None and "course" not in bundle.damaged:
        return _NO_COURSE, None
    signed = parsed.credential and parsed.credential.digest
    if bundle.course is not None and digest_sri(bundle.course) == signed:
        return _PASSED[4], bundle.course
    technical = "the course document beside the certificate is not the one that was signed"
    return Check(4, Outcome.UNDECIDED, "course-digest-mismatch", technical=technical), None


_NO_COURSE = Check(
    4, Outcome.PASSED, technical="the course document was not at hand, so it was not compared"
)


def _log_place(history: History | None, bundle: Bundle) -> Check:
    if history is None:
        return _NOT_MADE[5]
    if not history.newest.logs:
        return _NO_LOG
    if bundle.proof is None:
        return Check(5, Outcome.NOT_ASKED, technical="no proof of its place came with it")
    technical = "this release does not read proofs"
    return Check(5, Outcome.UNDECIDED, "proof-invalid", technical=technical)


def _key_state(entry: KeyEntry) -> Check:
    """FORMATS, section 6, the column without a proof."""
    technical = f"key {entry.key.thumbprint} is {entry.state} since {entry.since:%Y-%m-%d}"
    match entry.state:
        case "pre-published":
            return Check(6, Outcome.FAILED, "key-pre-published", technical=technical)
        case "void":
            return Check(6, Outcome.FAILED, "key-void", technical=technical)
        case "compromised":
            return Check(6, Outcome.UNDECIDED, "proof-missing", "key-compromised", technical)
    if entry.logged != "expected":
        return Check(6, Outcome.UNDECIDED, "proof-missing", f"logged-{entry.logged}", technical)
    return Check(6, Outcome.PASSED, technical=f"{technical}; a place in a log was not shown")


def _status(history: History | None) -> Check:
    if history is None:
        return _NOT_MADE[7]
    if history.newest.status is None:
        return _NO_STATUS
    technical = "no status list is at hand"
    return Check(7, Outcome.UNDECIDED, "status-unknown", technical=technical)


def _validity(credential: Credential, at: datetime) -> Check:
    if at < credential.valid_from:
        technical = f"valid from {credential.valid_from:%Y-%m-%d %H:%M:%S} UTC"
        return Check(8, Outcome.NOT_STANDING, "not-yet-valid", technical=technical)
    if credential.valid_until is not None and at >= credential.valid_until:
        technical = f"valid until {credential.valid_until:%Y-%m-%d %H:%M:%S} UTC"
        return Check(8, Outcome.NOT_STANDING, "expired", technical=technical)
    return _PASSED[8]


def _printed_code(actual: VerificationCode, printed: str | None) -> Check:
    """Up to four unreadable symbols hide nothing: the other sixteen have to agree."""
    if printed is None:
        return _NO_CODE
    try:
        symbols = VerificationCode.symbols_of(printed)
    except MalformedError as error:
        return Check(9, Outcome.FAILED, "code-mismatch", error.reason, error.message)
    unreadable = symbols.count("?")
    differing = [str(i + 1) for i in range(LENGTH) if symbols[i] not in ("?", actual.symbols[i])]
    if differing or unreadable > _MAX_UNREADABLE:
        detail = "code-unreadable" if not differing else "code-check"
        technical = f"the code of this document is {actual}"
        if 0 < len(differing) <= _MAX_UNREADABLE:
            technical += f"; it differs at symbol {', '.join(differing)}"
        return Check(9, Outcome.FAILED, "code-mismatch", detail, technical)
    return _PASSED[9]


def _issuer(history: History | None) -> Issuer | None:
    return None if history is None else Issuer(history.newest.iss, history.newest.name)


def _error(report: Report) -> VerificationError:
    check = report.decisive
    kind = UndecidedError if check.verdict is Verdict.UNDECIDED else RejectedError
    reason = check.reason or "malformed-document"
    words = message_for(reason)
    message = f"{words.text} {words.advice}"
    if check.technical:
        message = f"{message} ({check.technical})"
    return kind(reason, message, step=check.step, detail=check.detail)


def _verified(report: Report) -> VerifiedCertificate:
    credential, code, issuer = report.credential, report.code, report.issuer
    if credential is None or code is None or issuer is None:  # an authentic report has them all
        raise RejectedError("malformed-document", "no certificate", step=1)
    course = CourseReference(
        id=credential.course,
        version=credential.version,
        title=credential.title,
        description=credential.description,
        criteria=credential.narrative,
        url=credential.course_url,
        digest=credential.digest,
        text=report.course,
    )
    return VerifiedCertificate(
        id=credential.id,
        code=code,
        learner=credential.learner,
        course=course,
        started=credential.started,
        completed=credential.completed,
        issuer=issuer,
        issued=credential.valid_from,
        valid_until=credential.valid_until,
    )
