"""The reference course, certificate and record, for tests and benchmarks alike, and a world around
them.

Keys are made when they are needed and never stored.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from signedcert.core.jws import Header, serialize_compact, signing_input
from signedcert.core.keys import Algorithm
from signedcert.core.sdjwt import SALT_BYTES, Disclosure, serialize_sd_jwt
from signedcert.custody.ceremony import generate_roots, next_groups, root_groups, sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.documents.course import Course
from signedcert.documents.digest import digest_sri
from signedcert.documents.openbadges import RECORD_TYPE, Credential
from signedcert.documents.record import FINAL_SCORE, CourseResult
from signedcert.documents.recordbadge import RecordCredential, encode_record
from signedcert.trust.entries import KeyEntry, key_url
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.states import State
from signedcert.trust.store import TrustStore

ISSUER = "https://learn.example.edu"
NAME = "Example University"
ISSUED = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
#: A moment at which the reference certificate is verified.
AT = ISSUED + timedelta(days=30)


@cache
def course() -> Course:
    """The reference course."""
    return Course.read(Path(__file__).with_name("course.json"))


def credential() -> Credential:
    """The reference certificate, every field that is always there."""
    return Credential(
        id="5a0c1b7e-6f1d-4c58-9d38-0f3c1f5be6a1",
        title=course().title,
        issuer=ISSUER,
        issuer_name=NAME,
        valid_from=ISSUED,
        valid_until=None,
        subject="c2f1a9d4-3b7e-4e0a-8a55-2b9d6c7f8e01",
        learner="María-José Nguyễn",
        started=None,
        completed=date(2026, 6, 30),
        course=course().id,
        version=course().version,
        description=course().summary,
        narrative=course().criteria,
        digest=course().digest,
        status_list=1,
        status_index=77123,
    )


def results() -> tuple[CourseResult, ...]:
    """Fifteen results, as the format of the reference course has room for them: all quizzes, some
    of the practice problems, the exam. One was failed, one was not handed in, one has no day.
    """
    day = date(2026, 4, 13)
    values = ["10", "9.5", "7.25", None, "8", "6.5"]
    quizzes = [
        CourseResult(
            "quiz",
            Decimal(10),
            f"Week {week}",
            None if value is None else Decimal(value),
            "Enrolled" if value is None else "Completed",
            None if value is None else day + timedelta(weeks=week),
        )
        for week, value in enumerate(values, 1)
    ]
    practice = [
        CourseResult("practice problems", Decimal(5), f"Set {number}", Decimal(number % 6))
        for number in range(1, 8)
    ]
    practice[-1] = practice[-1]._replace(status="Failed")
    exam = CourseResult(
        "final exam", Decimal(100), None, Decimal("81.0625"), achieved=date(2026, 6, 26)
    )
    final = CourseResult(
        FINAL_SCORE, Decimal(100), None, Decimal("82.5"), achieved=date(2026, 6, 30)
    )
    return (*quizzes, *practice, exam, final)


def record() -> RecordCredential:
    """The reference record: of the reference certificate, whole, every field that is always there.
    Its ``certificate_digest`` is that of no certificate; ``World.record`` puts in the right one.
    """
    certificate = credential()._asdict() | {
        "id": "9b1f6c0d-2a47-4d3e-8f65-7c0e9a5d1b24",
        "subject": "e07b3c58-94d1-4f2a-b6c3-1a8d5f9e2c70",
        "status_index": 900210,
    }
    return RecordCredential(
        **certificate,
        certificate=credential().id,
        certificate_digest=digest_sri("a certificate"),
        results=results(),
    )


def salts(count: int = 16) -> list[bytes]:
    """Salts that are always the same, as none that is used may be: for a name and the results."""
    return [hashlib.sha256(b"salt %d" % i).digest()[:SALT_BYTES] for i in range(count)]


@dataclass(frozen=True)
class World:
    """An institution with root keys and one issuing key, and a verifier's trust in it."""

    roots: tuple[PrivateKey, ...]
    next_roots: tuple[PrivateKey, ...]
    key: PrivateKey
    signed: SignedManifest

    @property
    def manifest(self) -> KeyManifest:
        """Version 1, as the institution made it."""
        return self.signed.unverified

    @property
    def trust(self) -> TrustStore:
        """A trust store that has pinned it."""
        return TrustStore.empty().add([self.signed.jws.encode()], self.manifest.pin)

    def header(self, **changes: str | None) -> Header:
        """The header that the issuing key writes, or a variation of it."""
        header = Header(self.key.algorithm, key_url(ISSUER, self.key.public_key), "JWT")
        return replace(header, **changes)  # type: ignore[arg-type]

    def sign(self, payload: bytes, header: Header | None = None) -> bytes:
        """A compact JWS over any payload, signed by the issuing key."""
        signed = signing_input((header or self.header()).segment(), payload)
        return serialize_compact(signed, self.key.sign(signed)).encode()

    def document(self) -> bytes:
        """The reference certificate, signed."""
        return self.sign(credential().encode())

    def sign_record(
        self, payload: bytes, disclosures: Iterable[Disclosure] = (), header: Header | None = None
    ) -> bytes:
        """An SD-JWT over any payload, with any disclosures behind it."""
        jwt = self.sign(payload, header or self.header(typ=RECORD_TYPE))
        return serialize_sd_jwt(jwt, disclosures)

    def record(self, credential: RecordCredential | None = None) -> bytes:
        """A course record, signed, with all its disclosures: the reference record, which belongs to
        ``document()``, or another one.
        """
        digest = digest_sri(self.document().decode())
        whole = credential or record()._replace(certificate_digest=digest)
        return self.sign_record(*encode_record(whole, salts(len(whole.results) + 1)))

    def with_state(self, state: State, **changes: object) -> TrustStore:
        """A trust store in which the issuing key has another state from the start."""
        entry = replace(self.manifest.keys[0], state=state, **changes)  # type: ignore[arg-type]
        manifest = replace(self.manifest, keys=(entry,))
        signed = sign_manifest(manifest, self.roots)
        return TrustStore.empty().add([signed.jws.encode()], manifest.pin)


def make_world(algorithm: Algorithm = "ES256") -> World:
    """A new institution."""
    roots, next_roots = generate_roots(), generate_roots()
    key = PrivateKey.generate(algorithm)
    manifest = KeyManifest(
        iss=ISSUER,
        name=NAME,
        version=1,
        issued=ISSUED - timedelta(days=1),
        expires=ISSUED + timedelta(days=365),
        root=root_groups(roots),
        next=next_groups(next_roots),
        keys=(
            KeyEntry(
                key=key.public_key,
                url=key_url(ISSUER, key.public_key),
                role="issue",
                state="active",
                since=ISSUED - timedelta(days=1),
            ),
        ),
    )
    return World(roots, next_roots, key, sign_manifest(manifest, roots))
