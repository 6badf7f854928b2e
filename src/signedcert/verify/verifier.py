"""The procedure of docs/spec/verification: its ten steps in order."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from signedcert.carriers.bundle import Bundle
from signedcert.carriers.page import Page
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import parse_canonical_json, require_aware
from signedcert.core.jws import MAX_COMPACT, CompactJWS
from signedcert.core.sdjwt import SDJWT, SEPARATOR
from signedcert.documents.openbadges import Credential, explain_credential, read_credential
from signedcert.errors import (
    MalformedError,
    RejectedError,
    UndecidedError,
    VerificationError,
)
from signedcert.trust.history import History
from signedcert.trust.status import DocumentStatus
from signedcert.trust.store import TrustedKey, TrustStore
from signedcert.verify import steps
from signedcert.verify.log import KeyRule, LogRule, Place
from signedcert.verify.messages import message_for
from signedcert.verify.onpage import with_page
from signedcert.verify.policy import Policy
from signedcert.verify.report import (
    Check,
    Issuer,
    Kind,
    Outcome,
    Report,
    Signed,
    Verdict,
    VerifiedCertificate,
    VerifiedRecord,
)
from signedcert.verify.status import NOT_PUBLISHED, StatusRule
from signedcert.verify.steps import NOT_ASKED, NOT_MADE, PASSED

if TYPE_CHECKING:
    from signedcert.documents.recordbadge import RecordCredential


@dataclass(frozen=True, slots=True)
class Verifier:
    """Checks documents against a trust store, with no network and no clock.

    Guarantee: ``verify`` returns only what was signed by a key that its institution's manifest
    authorises, and that still stands at ``at``, as far as the trust store knows: ``status`` of what
    it returns says up to when. It does not say who holds the paper, and cannot know of a theft of
    keys, or a revocation, that the trust store does not know of yet.
    """

    trust: TrustStore
    policy: Policy | None = None
    _standings: dict[bytes, "_Standing"] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def verify(
        self,
        document: Bundle | bytes,
        *,
        at: datetime,
        code: str | None = None,
        page: Page | None = None,
    ) -> VerifiedCertificate:
        """The certificate, if it is authentic at the moment ``at`` and, where ``code`` is given,
        the one that this printed code belongs to, and where ``page`` is given, that page does not
        say anything else. A course record is refused.

        Raises RejectedError or UndecidedError, for the decisive step; ConfigurationError for an
        ``at`` without time zone.
        """
        report = self.report(document, at=at, code=code, page=page, kind="certificate")
        credential, code_, issuer = _genuine(report)
        return VerifiedCertificate(
            cast("Credential", credential), code_, issuer, report.course, report.status
        )

    def verify_record(
        self,
        document: Bundle | bytes,
        *,
        at: datetime,
        code: str | None = None,
        page: Page | None = None,
    ) -> VerifiedRecord:
        """The course record, whole or partial, as ``verify`` returns a certificate; a certificate
        is refused.

        Raises as ``verify`` does.
        """
        report = self.report(document, at=at, code=code, page=page, kind="record")
        credential, code_, issuer = _genuine(report)
        return VerifiedRecord(
            cast("RecordCredential", credential), code_, issuer, report.course, report.status
        )

    def report(
        self,
        document: Bundle | bytes,
        *,
        at: datetime,
        code: str | None = None,
        page: Page | None = None,
        kind: Kind | None = None,
    ) -> Report:
        """All ten steps for a certificate or a record, or for the one ``kind`` that is wanted; a
        bad document raises nothing. ``page`` is what the file shows that the document came in: it
        is compared with what was signed. ConfigurationError for a naive ``at``.
        """
        report = self._steps(document, at, code, kind)
        return report if page is None else with_page(report, page)

    def _steps(
        self, document: Bundle | bytes, at: datetime, code: str | None, kind: Kind | None
    ) -> Report:
        require_aware(at, "at")
        found = kind or "certificate"
        try:
            bundle = document if isinstance(document, Bundle) else Bundle.unpack(document)
            found = kind or ("record" if "~" in bundle.document else "certificate")
            standing, parsed = self._parse(bundle.document, kind)  # (1)
        except MalformedError as error:
            checks = (steps.unparsed(error), *(NOT_MADE[step] for step in range(2, 11)))
            return Report(checks, kind=found)
        authorised = self._authorised(standing, parsed)  # (2)
        if standing is None or authorised is not PASSED[2]:
            return self._report_without_key(authorised, bundle, parsed, at, code)
        return self._report(standing, bundle, parsed, at, code)

    def _parse(self, document: str, wanted: Kind | None) -> "tuple[_Standing | None, _Parsed]":
        text = document.encode("utf-8", "surrogatepass")
        sd_jwt = SDJWT.parse(text) if SEPARATOR in text else None
        jws = CompactJWS.parse(text if sd_jwt is None else sd_jwt.jwt)
        standing = self._standing(jws.header_segment)
        if standing is None:  # those that the trust store has are well-formed
            steps.require_header(jws.header_segment)
        kind = steps.kind_of(jws.header_segment) if standing is None else standing.kind
        steps.require_kind(kind, wanted, disclosures=sd_jwt is not None)
        return standing, _parse_certificate(jws) if sd_jwt is None else _parse_record(jws, sd_jwt)

    def _report(
        self,
        standing: "_Standing",
        bundle: Bundle,
        parsed: "_Parsed",
        at: datetime,
        code: str | None,
    ) -> Report:
        credential, history = parsed.credential, standing.key.history
        signed = steps.signature(standing.key, parsed.jws)  # (3)
        claims = parsed.claims(bundle)  # (4)
        genuine = credential if signed is PASSED[3] else None
        logged, place = standing.log.place(bundle, parsed.jws)  # (5)
        key_state = standing.key_state(genuine, place)  # (6)
        status, known = standing.status_of(genuine, at)  # (7)
        checks = (
            PASSED[1],
            PASSED[2],
            signed,
            claims,
            logged,
            key_state,
            status,
            steps.validity(genuine, at) if genuine else NOT_MADE[8],  # (8)
            steps.printed_code(parsed.code, code),  # (9)
            self._policy(credential, history, at),  # (10)
        )
        believed = genuine if key_state.outcome is Outcome.PASSED else None
        course = bundle.course if believed and claims is PASSED[4] else None
        return Report(
            checks,
            parsed.code,
            believed,
            standing.issuer,
            course,
            credential,
            standing.kind,
            known if believed else None,
        )

    def _report_without_key(
        self, authorised: Check, bundle: Bundle, parsed: "_Parsed", at: datetime, code: str | None
    ) -> Report:
        """No key to believe: what does not need one is checked all the same."""
        checks = (
            PASSED[1],
            authorised,
            NOT_MADE[3],
            parsed.claims(bundle),  # (4)
            *(NOT_MADE[step] for step in range(5, 9)),
            steps.printed_code(parsed.code, code),  # (9)
            self._policy(parsed.credential, None, at),  # (10)
        )
        return Report(checks, code=parsed.code, unverified=parsed.credential, kind=parsed.kind)

    def _authorised(self, standing: "_Standing | None", parsed: "_Parsed") -> Check:
        issuer = None if parsed.credential is None else parsed.credential.issuer
        if standing is None:
            return steps.unknown_header(parsed.jws.header_segment, issuer, self.trust)
        if issuer not in (None, standing.issuer.id):
            return steps.foreign_key(standing.key, issuer)
        return standing.issuer_known

    def _policy(self, credential: Signed | None, history: History | None, at: datetime) -> Check:
        if self.policy is None:
            return NOT_ASKED[10]
        if credential is None:
            return NOT_MADE[10]
        return self.policy.check(credential, history, at)

    def _standing(self, header: bytes) -> "_Standing | None":
        """What this verifier knows of the key with this header; worked out once a key."""
        standing = self._standings.get(header)
        if standing is None:
            found = self.trust.find_header(header)
            if found is None:
                return None
            newest = found.history.newest
            rule = self._key_rule(found)
            standing = self._standings[header] = _Standing(
                found,
                Issuer(newest.iss, newest.name),
                steps.known_issuer(found.history),
                self._log_rule(found.history),
                rule,
                rule.check(None),
                StatusRule.make(found.history, self.trust.statuses.get(newest.iss), self.policy),
                steps.kind_of(header),
            )
        return standing

    def _log_rule(self, history: History) -> LogRule:
        """One for all keys of an institution, which have one log, and its heads."""
        for standing in self._standings.values():
            if standing.log.history is history:
                return standing.log
        return LogRule(history, self.trust.landmarks)

    def _key_rule(self, found: TrustedKey) -> KeyRule:
        broken = self.policy is not None and self.policy.classical_broken
        post_quantum = found.history.post_quantum and found.history.newest.post_quantum
        return KeyRule(found.entry, broken, post_quantum)


class _Standing(NamedTuple):
    """A key, and what is the same for all that it signed."""

    key: TrustedKey
    issuer: Issuer
    issuer_known: Check
    log: LogRule
    key_rule: KeyRule
    unplaced: Check
    status: StatusRule | None
    kind: Kind

    def key_state(self, genuine: Signed | None, place: Place | None) -> Check:
        """Step 6. What it comes to without a place is worked out once."""
        if genuine is None:
            return NOT_MADE[6]
        return self.unplaced if place is None else self.key_rule.check(place)

    def status_of(
        self, genuine: Signed | None, at: datetime
    ) -> tuple[Check, DocumentStatus | None]:
        """Step 7. A place in a list counts only if the institution has signed it."""
        if self.status is None:
            return NOT_PUBLISHED, None
        if genuine is None:
            return NOT_MADE[7], None
        return self.status.check(genuine, at)


class _Parsed(NamedTuple):
    """A document that passed step 1; ``credential`` is None if ``flaw`` says what is wrong."""

    jws: CompactJWS
    code: VerificationCode
    credential: Signed | None
    flaw: MalformedError | None
    kind: Kind = "certificate"

    def claims(self, bundle: Bundle) -> Check:
        """Step 4."""
        if self.flaw is not None:
            return steps.flawed(self.flaw)
        digest = "" if self.credential is None else self.credential.digest
        return steps.course_document(digest, bundle)


def _parse_certificate(jws: CompactJWS) -> _Parsed:
    code = VerificationCode.derive(jws.signing_input, jws.signature)
    try:
        credential = read_credential(jws.payload)
    except MalformedError as flaw:
        return _Parsed(jws, code, None, flaw)
    if credential is not None:
        return _Parsed(jws, code, credential, None)
    value = parse_canonical_json(jws.payload, MAX_COMPACT, "payload")
    return _Parsed(jws, code, None, explain_credential(value))


def _parse_record(jws: CompactJWS, sd_jwt: SDJWT) -> _Parsed:
    from signedcert.documents.recordbadge import (  # noqa: PLC0415 - 10 ms, for records only
        explain_record,
        read_record,
        reveal,
    )

    code = VerificationCode.derive(jws.signing_input, jws.signature)
    try:
        withheld = read_record(jws.payload)
    except MalformedError as flaw:
        return _Parsed(jws, code, None, flaw, "record")
    if withheld is None:
        value = parse_canonical_json(jws.payload, MAX_COMPACT, "payload")
        return _Parsed(jws, code, None, explain_record(value), "record")
    placed = sd_jwt.place(withheld.digests)
    try:
        return _Parsed(jws, code, reveal(withheld, placed), None, "record")
    except MalformedError as flaw:
        for number, one in enumerate(sd_jwt.disclosures, 1):
            parse_canonical_json(one.value, MAX_COMPACT, f"disclosure {number}")
        return _Parsed(jws, code, None, flaw, "record")


def _genuine(report: Report) -> tuple[Signed, VerificationCode, Issuer]:
    """What an authentic document says, its code and its issuer."""
    credential, code, issuer = report.credential, report.code, report.issuer
    if not report or credential is None or code is None or issuer is None:
        raise _error(report)
    return credential, code, issuer


def _error(report: Report) -> VerificationError:
    check = report.decisive
    kind = UndecidedError if check.verdict is Verdict.UNDECIDED else RejectedError
    reason = check.reason or "malformed-document"
    words = message_for(reason, report.kind)
    message = f"{words.text} {words.advice} ({check.technical})"
    return kind(reason, message, step=check.step, detail=check.detail)
