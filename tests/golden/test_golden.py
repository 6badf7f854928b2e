"""Documents that were issued stay valid for ever: the golden files of every format version."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS
from signedcert.documents.openbadges import parse_credential
from signedcert.trust.store import TrustStore
from signedcert.verify.verifier import Verifier
from tests.golden.make import AT, HERE, KEYS, NAMES
from tests.reference import course

_KEYS = {"es256": KEYS, "ed25519": HERE / "ed25519-keys"}
_FILES = sorted(HERE.glob("*.signedcert"))


def _verifier(path: Path) -> Verifier:
    keys = _KEYS[path.stem.split("-")[2]]
    pin = (keys / "PIN").read_text("ascii").strip()
    return Verifier(TrustStore.empty().add([(keys / "keys.json").read_bytes()], pin))


def test_there_is_a_golden_file_of_every_kind() -> None:
    names = {f"certificate-1-{algorithm}-{kind}" for algorithm in _KEYS for kind in NAMES}
    assert {path.stem for path in _FILES} == names


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_golden_certificate_verifies_and_says_what_was_asked_for(path: Path) -> None:
    bundle = Bundle.read(path)
    verified = _verifier(path).verify(bundle, at=AT + timedelta(days=365), code=str(bundle.code))
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


def test_nobody_has_touched_a_golden_file() -> None:
    found = [*HERE.glob("*.signedcert"), *HERE.glob("*.jws"), *HERE.glob("ed25519-keys/*")]
    found += [path for path in KEYS.iterdir() if path.suffix != ".md"]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(HERE.parents[1])}"
        for path in sorted(found)
    ]
    assert lines == (HERE / "SHA256SUMS").read_text("ascii").splitlines()
