"""Checkpoints that others signed: torchwood's log with an ML-DSA-44 key."""

from pathlib import Path

import pytest

from signedcert.core.checkpoint import SignedCheckpoint, mldsa_message
from signedcert.core.note import NoteKey

ORIGIN = "example.com/mldsa-log"


@pytest.fixture(name="torchwood")
def torchwood_fixture(vectors: Path) -> Path:
    """The files of torchwood."""
    folder = vectors / "torchwood"
    if not folder.is_dir():
        pytest.skip(f"no test vectors at {folder}")
    return folder


def test_a_checkpoint_of_torchwood_holds(torchwood: Path) -> None:
    vkey = (torchwood / "mldsa-log.vkey").read_text("utf-8").strip()
    data = (torchwood / "mldsa-log.checkpoint").read_bytes()
    key, signed = NoteKey.parse(vkey), SignedCheckpoint.parse(data)
    assert (str(key), signed.encode()) == (vkey, data)
    assert (key.name, key.key_id.hex()) == (ORIGIN, "b5df45c5")
    assert (signed.unverified.origin, signed.unverified.size) == (ORIGIN, 1)
    (timestamped,) = signed.note.signatures_by(key)
    assert timestamped[:8] == bytes(8)
    key.key.verify(timestamped[8:], mldsa_message(signed.unverified))
