"""Where a passphrase comes from, when nobody types it."""

from pathlib import Path

import pytest

from signedcert.custody.passphrase import VARIABLE, passphrase_from_environment, read_passphrase
from signedcert.errors import ConfigurationError
from tests.core.refusal import refused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A passphrase file."""
    return tmp_path / "passphrase"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"correct horse", "correct horse"),
        (b"correct horse\n", "correct horse"),
        (b"correct horse\r\n", "correct horse"),
        (b"correct horse\nanother line\n", "correct horse"),
        (b" spaces count \n", " spaces count "),
        ("Jos\u00e9\n".encode(), "Jos\u00e9"),
        (b"a" * 4096, "a" * 4096),
    ],
)
def test_the_passphrase_is_the_first_line(path: Path, data: bytes, expected: str) -> None:
    path.write_bytes(data)
    assert read_passphrase(path) == expected


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n", b"\nsecond", b"\xff", b"a" * 4097])
def test_a_file_without_a_passphrase_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with refused("passphrase-missing", str(path), ConfigurationError):
        read_passphrase(path)


def test_a_missing_file_is_refused(path: Path) -> None:
    with refused("passphrase-missing", str(path), ConfigurationError):
        read_passphrase(path)


def test_a_refusal_does_not_repeat_what_is_in_the_file(path: Path) -> None:
    path.write_bytes(b"secret\xff")
    with pytest.raises(ConfigurationError) as caught:
        read_passphrase(path)
    assert "secret" not in str(caught.value)


def test_the_environment_names_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"correct horse\n")
    monkeypatch.setenv(VARIABLE, str(path))
    assert passphrase_from_environment() == "correct horse"
    path.unlink()
    with refused("passphrase-missing", str(path), ConfigurationError):
        passphrase_from_environment()


def test_without_the_variable_there_is_no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert passphrase_from_environment() is None
    monkeypatch.setenv(VARIABLE, "")
    assert passphrase_from_environment() is None
