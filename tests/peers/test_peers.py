"""Every certificate of the demo's roster, in both algorithms, read by other people's programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from jsonschema import Draft201909Validator, FormatChecker
from openbadgeslib.ob3 import OB3Verifier

from signedcert.core.encoding import b64url_decode
from signedcert.core.keys import Algorithm
from signedcert.custody import keyfile
from signedcert.documents.course import Course
from signedcert.institution import Institution
from signedcert.issue.results import IssuedRow
from signedcert.issue.roster import RosterRow, read_roster
from signedcert.trust.jwks import jwks, pyjwk
from tests.peers.node import ask


class Graduation(NamedTuple):
    """A roster's certificates, with the names that they were asked for."""

    institution: Institution
    documents: list[str]
    names: list[str]

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What was signed."""
        return [json.loads(b64url_decode(text.split(".")[1].encode())) for text in self.documents]


@contextmanager
def _graduate(algorithm: Algorithm, directory: Path) -> Iterator[Graduation]:
    at = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "SCRYPT_N", 2**15)
        institution = Institution.create(
            directory / "home",
            name='Example "University"',
            url="https://learn.example.edu",
            root=directory / "root",
            holders=1,
            passphrase="for this test",
            algorithm=algorithm,
            at=at,
        )
    with institution, resources.as_file(resources.files("signedcert.cli") / "demo_data") as data:
        for path in data.glob("*.json"):
            institution.add_course(Course.read(path), at=at)
        outcomes = list(institution.issue_rows(read_roster(data / "roster.csv"), at=at))
        issued = [outcome for outcome in outcomes if isinstance(outcome, IssuedRow)]
        documents = [outcome.issued.bundle.document for outcome in issued]
        rows = [outcome.row for outcome in issued]
        names = [row.name for row in rows if isinstance(row, RosterRow)]
        yield Graduation(institution, documents, names)


@pytest.fixture(scope="module")
def es256(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graduation]:
    with _graduate("ES256", tmp_path_factory.mktemp("es256")) as made:
        yield made


@pytest.fixture(scope="module")
def ed25519(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graduation]:
    with _graduate("Ed25519", tmp_path_factory.mktemp("ed25519")) as made:
        yield made


@pytest.fixture(params=["es256", "ed25519"])
def graduation(request: pytest.FixtureRequest) -> Graduation:
    made: Graduation = request.getfixturevalue(request.param)
    return made


def _name(payload: dict[str, Any]) -> str:
    name: str = payload["credentialSubject"]["identifier"][0]["identityHash"]
    return name


def test_the_roster_is_worth_the_test(graduation: Graduation) -> None:
    assert len(graduation.documents) >= 60


def test_pyjwt_accepts_every_es256_certificate(es256: Graduation) -> None:
    trust = es256.institution.trust
    read = [
        jwt.decode(text, pyjwk(trust, text), algorithms=["ES256"], issuer=es256.institution.url)
        for text in es256.documents
    ]
    assert [_name(payload) for payload in read] == es256.names


def test_joserfc_accepts_every_certificate(graduation: Graduation) -> None:
    keys = joserfc_jwk.KeySet.import_key_set(jwks(graduation.institution.manifest))  # type: ignore[arg-type]
    algorithms = [graduation.institution.manifest.keys[0].key.algorithm]
    read = [joserfc_jwt.decode(text, keys, algorithms).claims for text in graduation.documents]
    assert [_name(claims) for claims in read] == graduation.names


def test_openbadgeslib_accepts_every_es256_certificate(es256: Graduation) -> None:
    raw = es256.institution.manifest.keys[0].key.raw
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    verifier = OB3Verifier(pem)
    read = [verifier.verify(text) for text in es256.documents]
    assert [credential.issuer.id for credential in read] == [es256.institution.url] * len(read)
    subjects = [payload["credentialSubject"]["id"] for payload in es256.payloads]
    assert [credential.recipient_id for credential in read] == subjects


def test_jose_of_npm_accepts_every_certificate(graduation: Graduation) -> None:
    question = {
        "jwks": jwks(graduation.institution.manifest),
        "documents": graduation.documents,
        "issuer": graduation.institution.url,
    }
    answer = ask("verify.mjs", "jose", question)
    assert answer == [{"learner": name} for name in graduation.names]


def test_every_payload_is_valid_under_the_open_badges_schema(
    graduation: Graduation, vectors: Path
) -> None:
    path = vectors / "openbadges" / "schemas" / "ob_v3p0_achievementcredential_schema.json"
    schema = json.loads(path.read_text("utf-8"))
    validator = Draft201909Validator(schema, format_checker=FormatChecker())
    assert "date-time" in FormatChecker.checkers  # or the schema's dates would go unchecked
    problems = [
        error.message for payload in graduation.payloads for error in validator.iter_errors(payload)
    ]
    assert problems == []


def test_no_payload_has_a_term_that_the_contexts_do_not_define(
    graduation: Graduation, vectors: Path
) -> None:
    contexts = [
        json.loads((vectors / "openbadges" / "contexts" / name).read_text("utf-8"))["@context"]
        for name in ("credentials-v2.jsonld", "ob-v3p0-3.0.3.json")
    ]
    undefined = [
        f"{path}: {term}"
        for payload in graduation.payloads
        for path, term in _undefined(payload, contexts, "")
    ]
    assert undefined == []


def _undefined(
    value: object, contexts: list[dict[str, Any]], path: str
) -> Iterator[tuple[str, str]]:
    """Terms without a definition where they stand: type-scoped contexts apply to members of
    an object of the type (JSON-LD 1.1, 4.1.8).
    """
    if isinstance(value, list):
        for element in value:
            yield from _undefined(element, contexts, path)
    if not isinstance(value, dict):
        return
    types = value.get("type", [])
    scopes = list(contexts)
    for name in [types] if isinstance(types, str) else types:
        for context in contexts:
            scoped = context.get(name)
            if isinstance(scoped, dict) and "@context" in scoped:
                scopes.append(scoped["@context"])
        if not any(name in context for context in contexts):
            yield path, name
    for term, inner in value.items():
        if term != "@context" and not any(term in scope for scope in scopes):
            yield path, term
        yield from _undefined(inner, contexts, f"{path}.{term}")
