"""What can go wrong, as a caller sees it.

::

    SignedCertError
    ├── MalformedError        the bytes are damaged, or were never ours
    ├── VerificationError     catch this one around ``Verifier.verify``
    │   ├── RejectedError     do not trust the document
    │   └── UndecidedError    this trust data cannot tell; get newer data, then ask again
    ├── IssueError            a certificate or a course cannot be issued as asked
    ├── RenderError           a certificate cannot be put into a picture
    └── ConfigurationError    the home, a key file, a passphrase or a setting is not usable

Every one carries ``reason``, a slug that does not change between releases, and words that say
what to do next. Undecided is a ``VerificationError``, so that careless code fails closed.
"""

from typing import Literal, TypeAlias

Malformed: TypeAlias = Literal[
    # bytes, text, JSON
    "too-large",
    "base64-alphabet",
    "base64-padding",
    "base64-tail-bits",
    "base64-length",
    "not-utf8",
    "not-json",
    "too-deep",
    "duplicate-member",
    "not-an-integer",
    "lone-surrogate",
    "not-canonical",
    "member-missing",
    "member-unknown",
    "member-order",
    "wrong-type",
    "wrong-value",
    # JWS
    "not-three-parts",
    "header-parameter",
    "header-spelling",
    "typ-unexpected",
    "signature-count",
    # SD-JWT
    "not-sd-jwt",
    "key-binding",
    "disclosure-shape",
    "disclosure-claim",
    "disclosure-salt",
    "disclosure-twice",
    "disclosure-unknown",
    "disclosure-order",
    "disclosure-nested",
    "sd-alg",
    # keys
    "key-type",
    "key-private",
    "key-invalid",
    "kid-not-thumbprint",
    # notes, checkpoints, log proofs
    "note-shape",
    "vkey-shape",
    "key-name",
    "key-id",
    "checkpoint-shape",
    "checkpoint-extension",
    "proof-shape",
    "proof-extra",
    "root-mismatch",
    "tile-name",
    "tile-shape",
    # verification code
    "code-length",
    "code-symbol",
    "code-check",
    "code-unreadable",
    # certificate profile
    "vc-claim",
    "score-in-certificate",
    "evidence-reserved",
    "term-undefined",
    "iss-mismatch",
    "jti-mismatch",
    "sub-mismatch",
    "nbf-mismatch",
    "exp-mismatch",
    "name-mismatch",
    "status-mismatch",
    "not-under-issuer",
    "kid-not-under-issuer",
    "text-too-long",
    "text-control",
    "text-bidi",
    "text-not-nfc",
    "text-unassigned",
    "text-blank",
    "name-placeholder",
    "dates-reversed",
    "date-in-future",
    "validity-reversed",
    # course record
    "final-score-count",
    "result-twice",
    "result-mismatch",
    "value-out-of-range",
    # manifest
    "manifest-version",
    "manifest-threshold",
    "manifest-issuer",
    "manifest-root-changed",
    "manifest-key-changed",
    "manifest-key-missing",
    "manifest-key-state",
    "manifest-final",
    "manifest-expired-before-issued",
    "pin-mismatch",
    # status
    "not-zlib",
    "reasons-order",
    "snapshot-manifest",
    "snapshot-older",
    "snapshot-in-future",
    "status-incomplete",
    "digest-mismatch",
    # carriers
    "carrier-ambiguous",
    "carrier-damaged",
    "carrier-encrypted",
    "carrier-limit",
    "carrier-mismatch",
    "carrier-unsupported",
    "qr-foreign",
    "qr-missing",
    "qr-several",
    # files
    "no-document",
    "unreadable-file",
]

Verdicts: TypeAlias = Literal[
    # not authentic
    "malformed-document",
    "bad-signature",
    "key-not-authorised",
    "claims-inconsistent",
    "proof-forked",
    "key-compromised",
    "key-void",
    "code-mismatch",
    "printed-text-differs",
    "policy-issuer",
    "policy-course",
    "policy-learner",
    # genuine, but not standing
    "revoked",
    "suspended",
    "replaced",
    "expired",
    "not-yet-valid",
    # undecided
    "unknown-issuer",
    "unknown-key",
    "key-pre-published",
    "trust-fork",
    "proof-missing",
    "proof-invalid",
    "course-digest-mismatch",
    "document-missing",
    "learner-withheld",
    "status-unknown",
    "trust-stale",
    # unreadable
    "no-document",
]

Issuing: TypeAlias = Literal[
    "already-issued",
    "certificate-missing",
    "column-missing",
    "column-unknown",
    "course-exists",
    "course-unknown",
    "date-invalid",
    "document-differs",
    "document-stands",
    "document-suspended",
    "document-unknown",
    "field-count",
    "field-missing",
    "kind-unknown",
    "number-invalid",
    "reason-unknown",
    "record-missing",
    "registry-busy",
    "result-unknown",
    "results-in-use",
    "roster-unreadable",
    "row-twice",
    "share-unknown",
    "signature-unverifiable",
    "status-final",
    "status-unchanged",
]

Rendering: TypeAlias = Literal[
    "course-missing",
    "glyph-missing",
    "template-failed",
    "template-timeout",
]

Configuration: TypeAlias = Literal[
    "demo-directory",
    "extra-missing",
    "home-exists",
    "home-missing",
    "home-unsigned",
    "key-file",
    "log-behind",
    "log-damaged",
    "passphrase-missing",
    "passphrase-wrong",
    "policy-empty",
    "proposal-invalid",
    "registry-missing",
    "registry-unreachable",
    "registry-version",
    "root-inside-home",
    "setting-invalid",
    "signer-unknown",
    "template-invalid",
    "time-naive",
    "trust-missing",
    "network",
    "worker-lost",
]

Reason: TypeAlias = Malformed | Verdicts | Issuing | Rendering | Configuration


class SignedCertError(Exception):
    """The root of all errors that this package raises on purpose.

    ``reason`` is the stable slug, ``message`` the words for people, ``where`` the file, row,
    field or position, where one is known.
    """

    def __init__(self, reason: Reason, message: str, *, where: str = "") -> None:
        super().__init__(reason, message, where)
        self.reason: Reason = reason
        self.message = message
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} [{self.reason}]"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), dict(self.__dict__))


class MalformedError(SignedCertError):
    """The bytes are damaged, or were never one of our formats."""


class VerificationError(SignedCertError):
    """The document was not shown to be authentic; ``step`` is the number of the step."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        where: str = "",
        step: int = 0,
        detail: str = "",
    ) -> None:
        super().__init__(reason, message, where=where)
        self.step = step
        self.detail = detail


class RejectedError(VerificationError):
    """Do not trust this document: it is not authentic, or no longer stands."""


class UndecidedError(VerificationError):
    """This trust data cannot tell. The message says which data would."""


class IssueError(SignedCertError):
    """A certificate or a course cannot be issued as asked; nothing was written."""


class RenderError(SignedCertError):
    """A certificate cannot be put into a picture as asked; no part of one was written."""


class ConfigurationError(SignedCertError):
    """The home, a key file, a passphrase or a setting cannot be used as it is."""


def _rebuild(kind: type[SignedCertError], state: dict[str, object]) -> SignedCertError:
    error = kind.__new__(kind)
    Exception.__init__(error, state["reason"], state["message"], state["where"])
    error.__dict__.update(state)
    return error
