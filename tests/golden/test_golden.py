"""Documents that were issued stay valid for ever: the golden files of every format version."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS
from signedcert.documents.openbadges import parse_credential
from signedcert.documents.recordbadge import parse_sd_jwt
from signedcert.trust.store import TrustStore
from signedcert.verify.verifier import Verifier
from tests.golden.make import AT, HERE, KEYS, NAMES
from tests.golden.make_records import RECORDS
from tests.reference import course

_KEYS = {"es256": KEYS, "ed25519": HERE / "ed25519-keys"}
_RECORD_KEYS = {name: HERE / f"record-1-{name}-keys" for name in _KEYS}
_FILES = sorted(HERE.glob("certificate-*.signedcert"))
_RECORDS = sorted(HERE.glob("record-*.signedcert"))
_LATER = AT + timedelta(days=365)


def _verifier(path: Path) -> Verifier:
    kind, _, algorithm, *_ = path.stem.split("-")
    keys = {"certificate": _KEYS, "record": _RECORD_KEYS}[kind][algorithm]
    pin = (keys / "PIN").read_text("ascii").strip()
    return Verifier(TrustStore.empty().add([(keys / "keys.json").read_bytes()], pin))


def test_there_is_a_golden_file_of_every_kind() -> None:
    names = {f"certificate-1-{algorithm}-{kind}" for algorithm in _KEYS for kind in NAMES}
    assert {path.stem for path in _FILES} == names
    names = {f"record-1-{algorithm}-{kind}" for algorithm in _KEYS for kind in RECORDS}
    assert {path.stem for path in _RECORDS} == names | {f"{name}-partial" for name in names}
    found = {path.stem for path in HERE.glob("*.signedcert")}
    assert found == {path.stem for path in [*_FILES, *_RECORDS]}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_golden_certificate_verifies_and_says_what_was_asked_for(path: Path) -> None:
    bundle = Bundle.read(path)
    verified = _verifier(path).verify(bundle, at=_LATER, code=str(bundle.code))
    wanted = NAMES[path.stem.split("-", 3)[3]]
    assert (verified.learner, verified.started, verified.completed, verified.valid_until) == (
        wanted.learner,
        wanted.started,
        wanted.completed,
        wanted.valid_until,
    )
    assert verified.course.text == course().text
    assert verified.issuer.name == "Example University"


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_golden_certificate_is_written_again_byte_for_byte(path: Path) -> None:
    bundle = Bundle.read(path)
    payload = CompactJWS.parse(bundle.document.encode()).payload
    assert parse_credential(payload).encode() == payload
    assert bundle.encode() == path.read_bytes()
    assert path.with_suffix(".jws").read_text("ascii") == bundle.document


@pytest.mark.parametrize("path", _RECORDS, ids=lambda path: path.stem)
def test_a_golden_record_verifies_and_says_what_was_asked_for(path: Path) -> None:
    name, partial = path.stem.split("-", 3)[3], path.stem.endswith("-partial")
    wanted = RECORDS[name.removesuffix("-partial")]
    bundle = Bundle.read(path)
    verified = _verifier(path).verify_record(bundle, at=_LATER, code=str(bundle.code))
    assert verified.learner == wanted.learner(partial=partial)
    assert list(verified.results) == wanted.results(partial=partial)
    assert verified.partial is partial
    assert (verified.started, verified.completed, verified.valid_until) == (
        wanted.certificate.started,
        wanted.certificate.completed,
        wanted.certificate.valid_until,
    )
    assert verified.course.text == course().text
    assert verified.issuer.name == "Example University"


@pytest.mark.parametrize("path", _RECORDS, ids=lambda path: path.stem)
def test_a_golden_record_is_written_again_byte_for_byte(path: Path) -> None:
    bundle = Bundle.read(path)
    sd_jwt, record = parse_sd_jwt(bundle.document)
    assert record.write() == CompactJWS.parse(sd_jwt.jwt).payload
    assert str(sd_jwt) == bundle.document
    assert bundle.encode() == path.read_bytes()
    assert path.with_suffix(".sd-jwt").read_text("ascii") == bundle.document


@pytest.mark.parametrize(
    "path",
    [path for path in _RECORDS if path.stem.endswith("-partial")],
    ids=lambda path: path.stem,
)
def test_a_golden_presentation_is_made_again_byte_for_byte(path: Path) -> None:
    whole = Bundle.read(path.with_stem(path.stem.removesuffix("-partial")))
    wanted = RECORDS[path.stem.split("-", 3)[3].removesuffix("-partial")]
    assert whole.present(wanted.shown, with_name=wanted.with_name) == Bundle.read(path)
    assert whole.code == Bundle.read(path).code


def test_nobody_has_touched_a_golden_file() -> None:
    found = [*HERE.glob("*.signedcert"), *HERE.glob("*.jws"), *HERE.glob("*.sd-jwt")]
    found += HERE.glob("*-keys/*")
    found += [path for path in KEYS.iterdir() if path.suffix != ".md"]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(HERE.parents[1])}"
        for path in sorted(found)
    ]
    assert lines == (HERE / "SHA256SUMS").read_text("ascii").splitlines()
