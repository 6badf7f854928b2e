"""Encrypted key files."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, get_args

import pytest

from signedcert.core.encoding import b64url_encode, dump_json
from signedcert.core.keys import Algorithm
from signedcert.custody import keyfile
from signedcert.custody.keyfile import Change, change_passphrase, read_key_file, write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.errors import Configuration, ConfigurationError
from tests.core.refusal import refused

WORDS = "correct horse battery staple"

Edit: TypeAlias = Callable[[dict[str, Any]], object]


@pytest.fixture(autouse=True)
def _less_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that a key file may ask for, so that the tests are quick."""
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**15)


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    """An issuing key."""
    return PrivateKey.generate("Ed25519")


@pytest.fixture
def path(tmp_path: Path, key: PrivateKey) -> Path:
    """The file that it is in."""
    file = tmp_path / "issue.key"
    write_key_file(file, key, WORDS)
    return file


def edit_file(path: Path, edit: Edit) -> None:
    """Changes a member of the file."""
    value = json.loads(path.read_bytes())
    edit(value)
    path.write_bytes(dump_json(value))


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
def test_a_key_is_written_and_read_back(tmp_path: Path, algorithm: Algorithm) -> None:
    key = PrivateKey.generate(algorithm)
    write_key_file(tmp_path / "a.key", key, WORDS)
    read = read_key_file(tmp_path / "a.key", WORDS)
    assert (read.public_key, read.secret_bytes()) == (key.public_key, key.secret_bytes())


def test_the_design_asks_for_64_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert keyfile.SCRYPT_N * 128 * keyfile._SCRYPT_R == 64 * 2**20


def test_a_key_file_is_its_owner_s_alone_and_holds_no_secret(path: Path, key: PrivateKey) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    assert key.secret_bytes() not in data
    assert b64url_encode(key.secret_bytes()).encode() not in data
    assert key.secret_bytes().hex().encode() not in data
    value = json.loads(data)
    assert list(value) == ["version", "public", "scrypt", "nonce", "ciphertext"]
    assert value["public"] == key.public_key.to_jwk()


def test_nothing_else_is_left_in_the_directory(path: Path) -> None:
    assert list(path.parent.iterdir()) == [path]


def test_two_files_of_one_key_share_neither_salt_nor_nonce(path: Path, key: PrivateKey) -> None:
    write_key_file(path.with_name("twin.key"), key, WORDS)
    one, other = (json.loads(file.read_bytes()) for file in sorted(path.parent.iterdir()))
    assert one["scrypt"]["salt"] != other["scrypt"]["salt"]
    assert one["nonce"] != other["nonce"]
    assert one["ciphertext"] != other["ciphertext"]


@pytest.mark.parametrize("wrong", ["", "Correct horse battery staple", WORDS + " ", "x"])
def test_another_passphrase_does_not_open_it(path: Path, wrong: str) -> None:
    reason: Configuration = "passphrase-wrong" if wrong else "passphrase-missing"
    with refused(reason, kind=ConfigurationError):
        read_key_file(path, wrong)


def test_a_passphrase_is_the_same_in_every_normal_form(tmp_path: Path, key: PrivateKey) -> None:
    write_key_file(tmp_path / "a.key", key, "Jose\u0301")
    assert read_key_file(tmp_path / "a.key", "Jos\u00e9").public_key == key.public_key


def test_an_empty_passphrase_writes_nothing(tmp_path: Path, key: PrivateKey) -> None:
    with refused("passphrase-missing", kind=ConfigurationError):
        write_key_file(tmp_path / "a.key", key, "")
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_is_never_overwritten(path: Path, key: PrivateKey) -> None:
    before = path.read_bytes()
    for new in (key, PrivateKey.generate("ES256")):
        with refused("key-file", str(path), ConfigurationError):
            write_key_file(path, new, WORDS)
    assert path.read_bytes() == before


def test_a_key_file_of_a_stronger_setting_is_read(
    tmp_path: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**16)
    write_key_file(tmp_path / "a.key", key, WORDS)
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**15)
    assert read_key_file(tmp_path / "a.key", WORDS).public_key == key.public_key


# files that were altered


def sampled(size: int) -> list[int]:
    """Positions all over the file, first and last included."""
    return sorted({*range(0, size, max(1, size // 24)), size - 1})


def test_a_byte_altered_anywhere_is_noticed(path: Path) -> None:
    good = path.read_bytes()
    for position in sampled(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1
        path.write_bytes(bytes(bad))
        with pytest.raises(ConfigurationError) as caught:
            read_key_file(path, WORDS)
        assert caught.value.reason in {"key-file", "passphrase-wrong"}
        assert caught.value.where == str(path)


def test_every_symbol_of_the_ciphertext_and_the_salt_counts(path: Path) -> None:
    good = path.read_bytes()
    value = json.loads(good)
    for symbols in (value["ciphertext"], value["scrypt"]["salt"], value["nonce"]):
        start = good.index(symbols.encode())
        for offset in (0, len(symbols) // 2, len(symbols) - 2):
            bad = bytearray(good)
            bad[start + offset] = ord("A") if bad[start + offset] != ord("A") else ord("B")
            path.write_bytes(bytes(bad))
            with refused("passphrase-wrong", str(path), ConfigurationError):
                read_key_file(path, WORDS)


def test_what_stands_in_the_clear_is_authenticated(path: Path) -> None:
    edit_file(path, lambda value: value["public"].pop("use"))
    with refused("passphrase-wrong", str(path), ConfigurationError):
        read_key_file(path, WORDS)


def test_the_public_key_of_another_file_is_noticed(path: Path) -> None:
    other = PrivateKey.generate("Ed25519").public_key.to_jwk()
    edit_file(path, lambda value: value.update(public=other))
    with refused("passphrase-wrong", str(path), ConfigurationError):
        read_key_file(path, WORDS)


class _Mismatched(PrivateKey):
    """A key whose public half is another key's, as a faulty machine might write it."""

    def __init__(self, secret: PrivateKey, public: PrivateKey) -> None:
        super().__init__("Ed25519", secret.secret_bytes())
        self.public_key = public.public_key


def test_a_public_key_that_is_not_that_of_the_secret_is_noticed(
    tmp_path: Path, key: PrivateKey
) -> None:
    path = tmp_path / "a.key"
    write_key_file(path, _Mismatched(key, PrivateKey.generate("Ed25519")), WORDS)
    with pytest.raises(ConfigurationError, match="not that of its private key") as caught:
        read_key_file(path, WORDS)
    assert (caught.value.reason, caught.value.where) == ("key-file", str(path))


@pytest.mark.parametrize(
    "n", [0, 1, -1, 2, 2**14, 2**15 - 1, 2**15 + 1, 2**16 + 2**15, 2**21, 2**40, 2**53 - 1]
)
def test_hostile_work_is_not_done(path: Path, n: int) -> None:
    edit_file(path, lambda value: value["scrypt"].update(n=n))
    with refused("key-file", str(path), ConfigurationError):
        read_key_file(path, WORDS)


@pytest.mark.parametrize(
    "edit",
    [
        lambda value: value.update(version=2),
        lambda value: value.update(version=True),
        lambda value: value.pop("version"),
        lambda value: value.update(extra=1),
        lambda value: value["scrypt"].update(n="32768"),
        lambda value: value["scrypt"].update(r=1),
        lambda value: value["scrypt"].update(r=2**30),
        lambda value: value["scrypt"].update(p=2**30),
        lambda value: value["scrypt"].update(extra=1),
        lambda value: value["scrypt"].update(salt="AAAA"),
        lambda value: value["scrypt"].update(salt=""),
        lambda value: value["scrypt"].pop("salt"),
        lambda value: value.update(scrypt=[]),
        lambda value: value.update(nonce="AAAA"),
        lambda value: value.update(nonce=1),
        lambda value: value.update(nonce="\u00e9" * 16),
        lambda value: value.update(ciphertext="AA=="),
        lambda value: value.pop("ciphertext"),
        lambda value: value["public"].update(kid="x"),
        lambda value: value["public"].update(d="AA"),
        lambda value: value.update(public=None),
    ],
)
def test_a_file_of_another_shape_is_refused(path: Path, edit: Edit) -> None:
    edit_file(path, edit)
    with refused("key-file", str(path), ConfigurationError):
        read_key_file(path, WORDS)


@pytest.mark.parametrize("ciphertext", [b"", b"\0" * 15, b"\0" * 16, b"\0" * 48, b"\0" * 100])
def test_a_ciphertext_of_any_length_is_noticed(path: Path, ciphertext: bytes) -> None:
    edit_file(path, lambda value: value.update(ciphertext=b64url_encode(ciphertext)))
    with refused("passphrase-wrong", str(path), ConfigurationError):
        read_key_file(path, WORDS)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"-----BEGIN CERTIFICATE-----"])
def test_what_is_no_key_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(data)
    with refused("key-file", str(path), ConfigurationError):
        read_key_file(path, WORDS)


def test_a_key_file_in_another_spelling_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")
    with refused("key-file", str(path), ConfigurationError):
        read_key_file(path, WORDS)


def test_a_key_file_that_is_large_or_missing_is_refused(path: Path) -> None:
    path.write_bytes(b" " * (16 * 1024 + 1))
    with refused("key-file", str(path), ConfigurationError):
        read_key_file(path, WORDS)
    path.unlink()
    with refused("key-file", str(path), ConfigurationError):
        read_key_file(path, WORDS)


def test_a_key_file_in_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory") as caught:
        write_key_file(tmp_path / "none" / "k.key", PrivateKey.generate("Ed25519"), "p")
    assert caught.value.reason == "key-file"


def test_a_key_file_has_its_members_in_one_order(tmp_path: Path) -> None:
    path = tmp_path / "k.key"
    write_key_file(path, PrivateKey.generate("Ed25519"), "p")
    members = json.loads(path.read_bytes())
    path.write_bytes(dump_json(dict(reversed(members.items()))))
    with refused("key-file", str(path), ConfigurationError):
        read_key_file(path, "p")


def test_a_passphrase_that_is_not_utf8_opens_what_it_closed(tmp_path: Path) -> None:
    key, passphrase = PrivateKey.generate("Ed25519"), "caf\udce9"
    write_key_file(tmp_path / "k.key", key, passphrase)
    assert read_key_file(tmp_path / "k.key", passphrase).public_key == key.public_key


# another passphrase

NEW = "staple battery horse correct"


def test_a_passphrase_is_changed(path: Path, key: PrivateKey) -> None:
    before = json.loads(path.read_bytes())
    assert change_passphrase(path, WORDS, NEW) == key.public_key
    assert read_key_file(path, NEW).secret_bytes() == key.secret_bytes()
    with refused("passphrase-wrong", str(path), ConfigurationError):
        read_key_file(path, WORDS)
    after = json.loads(path.read_bytes())
    for member in ("nonce", "ciphertext"):
        assert after[member] != before[member]
    assert after["scrypt"]["salt"] != before["scrypt"]["salt"]
    assert after["public"] == before["public"]


def test_the_changed_file_is_its_owner_s_alone_and_nothing_else_is_left(path: Path) -> None:
    path.chmod(0o644)
    change_passphrase(path, WORDS, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_change_brings_a_file_to_the_present_strength(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**16)
    change_passphrase(path, WORDS, NEW)
    assert json.loads(path.read_bytes())["scrypt"]["n"] == 2**16


def test_what_a_link_points_to_is_changed_and_the_link_stays(path: Path) -> None:
    link = path.with_name("link.key")
    link.symlink_to(path)
    change_passphrase(link, WORDS, NEW)
    assert link.is_symlink()
    read_key_file(path, NEW)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("another", NEW, "passphrase-wrong"),
        ("", NEW, "passphrase-missing"),
        (WORDS, "", "passphrase-missing"),
        (WORDS, WORDS, "passphrase-missing"),
    ],
)
def test_a_change_that_is_none_leaves_the_file_alone(
    path: Path, old: str, new: str, reason: Configuration
) -> None:
    before = path.read_bytes()
    with refused(reason, kind=ConfigurationError):
        change_passphrase(path, old, new)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_same_passphrase_in_another_normal_form_is_the_same(
    tmp_path: Path, key: PrivateKey
) -> None:
    write_key_file(tmp_path / "a.key", key, "Jose\u0301")
    with pytest.raises(ConfigurationError, match="is the old one; choose another"):
        change_passphrase(tmp_path / "a.key", "Jose\u0301", "Jos\u00e9")


def test_a_prepared_change_is_not_written_and_does_not_show(path: Path, key: PrivateKey) -> None:
    before = path.read_bytes()
    change = Change.prepare(path, WORDS, NEW)
    assert path.read_bytes() == before
    assert change.public_key == key.public_key
    assert "ciphertext" not in repr(change)


def test_the_file_of_another_user_is_left_to_that_user(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="another user") as caught:
        change_passphrase(path, WORDS, NEW)
    assert (caught.value.reason, caught.value.where) == ("key-file", str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(ConfigurationError, match=r"No space left on device; .* still") as caught:
        change_passphrase(path, WORDS, NEW)
    assert (caught.value.reason, caught.value.where) == ("key-file", str(path))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from signedcert.custody import keyfile
path, old, new, call, when, turn = sys.argv[1:]
keyfile.SCRYPT_N = 2**15
real, calls = getattr(os, call), []
def killed(*arguments):
    calls.append(1)
    here = len(calls) == int(turn)
    if here and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments)
    if here:
        os.kill(os.getpid(), signal.SIGKILL)
setattr(os, call, killed)
keyfile.change_passphrase(Path(path), old, new)
"""


@pytest.mark.parametrize(
    ("call", "turn", "when", "passphrase"),
    [
        ("fsync", 1, "before", WORDS),
        ("fsync", 1, "after", WORDS),
        ("replace", 1, "before", WORDS),
        ("replace", 1, "after", NEW),
        ("fsync", 2, "before", NEW),
        ("fsync", 2, "after", NEW),
    ],
)
def test_who_is_killed_meanwhile_leaves_the_old_file_or_the_new(  # noqa: PLR0917
    path: Path, key: PrivateKey, call: str, turn: int, when: str, passphrase: str
) -> None:
    arguments = [str(path), WORDS, NEW, call, when, str(turn)]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, timeout=60)
    assert done.returncode == -9
    assert read_key_file(path, passphrase).secret_bytes() == key.secret_bytes()
