"""The single steps of the procedure, each a function to a ``Check``."""

from datetime import datetime

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import LENGTH, VerificationCode
from signedcert.core.jws import CompactJWS, Header
from signedcert.core.keys import BadSignatureError
from signedcert.documents.digest import digest_sri
from signedcert.documents.openbadges import CERTIFICATE_TYPES, RECORD_TYPE
from signedcert.errors import MalformedError, Reason
from signedcert.trust.entries import is_key_url
from signedcert.trust.history import History
from signedcert.trust.store import TrustedKey, TrustStore
from signedcert.verify.report import Check, Kind, Outcome, Signed

_ALGORITHMS = ("ES256", "Ed25519")
_MAX_UNREADABLE = 4

#: Before a document is found, nothing can be said of it.
_NOTHING_FOUND = (
    "no-document",
    "carrier-ambiguous",
    "carrier-damaged",
    "carrier-encrypted",
    "carrier-limit",
    "carrier-unsupported",
)

PASSED = {step: Check(step, Outcome.PASSED) for step in range(1, 11)}
NOT_MADE = {step: Check(step, Outcome.NOT_MADE) for step in range(1, 11)}
NOT_ASKED = {step: Check(step, Outcome.NOT_ASKED) for step in range(1, 11)}
_NO_COURSE = Check(
    4, Outcome.PASSED, technical="the course document was not at hand, so it was not compared"
)


# Step 1


def require_header(segment: bytes) -> None:
    """Raises MalformedError for a header that no document has, whoever signed it."""
    header = Header.parse(segment)
    if header.alg not in _ALGORITHMS:
        message = f"alg {ascii(header.alg)[:40]} does not sign documents"
        raise MalformedError("wrong-value", message, where="header.alg")
    if header.typ not in (*CERTIFICATE_TYPES, RECORD_TYPE):
        message = f"typ {ascii(header.typ)[:40]} is neither that of a certificate nor of a record"
        raise MalformedError("typ-unexpected", message, where="header.typ")
    if header.kid is None:
        raise MalformedError("member-missing", "member 'kid' is missing", where="header")
    if header.segment().encode() != segment:
        message = "written otherwise than alg, kid, typ in this order"
        raise MalformedError("header-spelling", message, where="header")


def kind_of(segment: bytes) -> Kind:
    """What a header that is well-formed says it heads."""
    return "record" if Header.parse(segment).typ == RECORD_TYPE else "certificate"


def require_kind(kind: Kind, wanted: Kind | None, *, disclosures: bool) -> None:
    """Raises MalformedError ``typ-unexpected``: ``typ`` and serialisation do not go together, or
    the caller wants the other kind of document.
    """
    if (kind == "record") is not disclosures:
        message = "a record is an SD-JWT with its ~, a certificate a JWS without"
        raise MalformedError("typ-unexpected", message, where="header.typ")
    if wanted not in (None, kind):
        message = f"this is a course {kind}, and a course {wanted} is wanted"
        raise MalformedError("typ-unexpected", message, where="header.typ")


def unparsed(error: MalformedError) -> Check:
    """Step 1 of a document that could not be read, or of a carrier in which none was found."""
    reason: Reason = "no-document" if error.reason in _NOTHING_FOUND else "malformed-document"
    return Check(1, Outcome.FAILED, reason, error.reason, _line(error))


# Step 2


def known_issuer(history: History) -> Check:
    """Whether the institution's keys can be believed at all."""
    if history.forked:
        return _forked(history.newest.iss)
    return PASSED[2]


def foreign_key(found: TrustedKey, issuer: str | None) -> Check:
    """A key of one institution under a certificate of another."""
    technical = f"the key is one of {found.history.newest.iss}, the issuer is {issuer}"
    return Check(2, Outcome.FAILED, "key-not-authorised", "kid-not-under-issuer", technical)


def unknown_header(segment: bytes, issuer: str | None, trust: TrustStore) -> Check:
    """Why no issuing key of the trust store has this header; ``issuer`` as the document says."""
    kid = Header.parse(segment).kid or ""
    key = trust.find_key(kid)
    if key is not None:
        return _misused(key)
    if issuer is None:
        return NOT_MADE[2]
    if not is_key_url(kid, issuer):
        technical = f"kid {kid} is not the place of a key of {issuer}"
        return Check(2, Outcome.FAILED, "key-not-authorised", "kid-not-under-issuer", technical)
    history = trust.institutions.get(issuer)
    if history is None:
        technical = f"{issuer} is not in the trust store"
        return Check(2, Outcome.UNDECIDED, "unknown-issuer", technical=technical)
    if history.forked:
        return _forked(issuer)
    technical = f"kid {kid} is not in manifest version {history.newest.version} of {issuer}"
    status = trust.statuses.get(issuer)
    if status is not None and status.snapshot.announces_newer(history.newest):
        technical += f"; version {status.snapshot.manifest.version} is to be had"
    return Check(2, Outcome.UNDECIDED, "unknown-key", technical=technical)


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


# Step 3


def signature(found: TrustedKey, jws: CompactJWS) -> Check:
    """Whether the key has signed exactly these bytes."""
    try:
        found.entry.key.verify(jws.signature, jws.signing_input)
    except BadSignatureError as error:
        technical = f"not a signature of key {found.entry.key.thumbprint}"
        return Check(3, Outcome.FAILED, "bad-signature", error.detail, technical)
    return PASSED[3]


# Step 4


def flawed(flaw: MalformedError) -> Check:
    """A payload that is strict JSON, but not of the profile."""
    return Check(4, Outcome.FAILED, "claims-inconsistent", flaw.reason, _line(flaw))


def course_document(digest: str, bundle: Bundle) -> Check:
    """Whether the course document in the bundle, if there is one, is the one that was signed."""
    if bundle.course is None and "course" not in bundle.damaged:
        return _NO_COURSE
    if bundle.course is not None and digest_sri(bundle.course) == digest:
        return PASSED[4]
    technical = "the course document beside the certificate is not the one that was signed"
    return Check(4, Outcome.UNDECIDED, "course-digest-mismatch", technical=technical)


# Step 8


def validity(credential: Signed, at: datetime) -> Check:
    """From ``validFrom`` on, and before ``validUntil``."""
    if at < credential.valid_from:
        technical = f"valid from {credential.valid_from:%Y-%m-%d %H:%M:%S} UTC"
        return Check(8, Outcome.NOT_STANDING, "not-yet-valid", technical=technical)
    if credential.valid_until is not None and at >= credential.valid_until:
        technical = f"valid until {credential.valid_until:%Y-%m-%d %H:%M:%S} UTC"
        return Check(8, Outcome.NOT_STANDING, "expired", technical=technical)
    return PASSED[8]


# Step 9


def printed_code(actual: VerificationCode, printed: str | None) -> Check:
    """Up to four unreadable symbols hide nothing: the other sixteen have to agree."""
    if printed is None:
        return NOT_ASKED[9]
    if printed.replace("-", "") == actual.symbols:
        return PASSED[9]
    try:
        symbols = VerificationCode.symbols_of(printed)
    except MalformedError as error:
        return Check(9, Outcome.FAILED, "code-mismatch", error.reason, error.message)
    differing = [str(i + 1) for i in range(LENGTH) if symbols[i] not in ("?", actual.symbols[i])]
    if not differing and symbols.count("?") <= _MAX_UNREADABLE:
        return PASSED[9]
    return _code_differs(actual, symbols, differing)


def _code_differs(actual: VerificationCode, symbols: str, differing: list[str]) -> Check:
    technical = f"the code of this document is {actual}"
    if 0 < len(differing) <= _MAX_UNREADABLE:
        technical += f"; it differs at symbol {', '.join(differing)}"
    detail = "code-check" if differing else "code-unreadable"
    if _is_code(symbols):
        detail = "code-of-another-document"
    return Check(9, Outcome.FAILED, "code-mismatch", detail, technical)


def _is_code(symbols: str) -> bool:
    try:
        VerificationCode(symbols)
    except MalformedError:
        return False
    return True


def _line(error: MalformedError) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message
