"""``keys passphrase``, as security staff run it."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.custody.keyfile import Change, read_key_file, write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError
from tests.cli.running import Done
from tests.cli.test_app import Terminal

Run = Callable[..., Done]
OLD = "correct h\u00f6rse battery staple"
NEW = "another one"


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two key files."""
    paths = [tmp_path / "one.key", tmp_path / "two.key"]
    for path, algorithm in zip(paths, ("ES256", "ML-DSA-65"), strict=True):
        write_key_file(path, PrivateKey.generate(algorithm), OLD)  # type: ignore[arg-type]
    return paths


@pytest.fixture
def secrets(tmp_path: Path) -> list[object]:
    """The options that name the files of both passphrases."""
    (tmp_path / "old").write_text(f"{OLD}\n", encoding="utf-8")
    (tmp_path / "new").write_text(f"{NEW}\n", encoding="utf-8")
    return ["--passphrase-file", tmp_path / "old", "--new-passphrase-file", tmp_path / "new"]


def test_the_passphrase_of_several_files_is_changed(
    run: Run, files: list[Path], secrets: list[object]
) -> None:
    before = [read_key_file(path, OLD).secret_bytes() for path in files]
    done = run("keys", "passphrase", *files, *secrets)
    assert (done.status, done.err) == (0, "")
    assert done.out == "".join(f"{path} has the new passphrase.\n" for path in files)
    assert [read_key_file(path, NEW).secret_bytes() for path in files] == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_it_is_told_in_json(run: Run, files: list[Path], secrets: list[object]) -> None:
    public = [read_key_file(path, OLD).public_key for path in files]
    done = run("keys", "passphrase", *files, *secrets, "--json")
    assert done.status == 0
    assert done.json == [
        {"file": str(path), "algorithm": key.algorithm, "thumbprint": key.thumbprint}
        for path, key in zip(files, public, strict=True)
    ]


def test_at_a_terminal_the_new_passphrase_is_typed_twice(
    run: Run, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([OLD, NEW, "mistyped", NEW, NEW])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: next(answers))
    done = run("keys", "passphrase", files[0])
    assert done.status == 0
    assert list(answers) == []
    assert read_key_file(files[0], NEW).algorithm == "ES256"
    assert NEW not in done.out + done.err


def test_one_file_that_does_not_open_leaves_all_as_they_are(
    run: Run, files: list[Path], secrets: list[object], tmp_path: Path
) -> None:
    other = tmp_path / "other.key"
    write_key_file(other, PrivateKey.generate("ES256"), "not the same")
    before = [path.read_bytes() for path in (*files, other)]
    done = run("keys", "passphrase", *files, other, *secrets)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {other}: ")
    assert "[passphrase-wrong]" in done.err
    assert [path.read_bytes() for path in (*files, other)] == before


def test_a_file_that_is_named_twice_is_changed_once(
    run: Run, files: list[Path], secrets: list[object]
) -> None:
    done = run("keys", "passphrase", files[0], files[0], *secrets)
    assert (done.status, done.out) == (0, f"{files[0]} has the new passphrase.\n")


def test_a_write_that_fails_says_which_have_the_new_one(
    run: Run, files: list[Path], secrets: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Change.write

    def write(change: Change) -> None:
        if change.path == files[1]:
            message = "No space left on device; the passphrase is the old one still"
            raise ConfigurationError("key-file", message, where=str(change.path))
        real(change)

    monkeypatch.setattr(Change, "write", write)
    done = run("keys", "passphrase", *files, *secrets)
    assert (done.status, done.out) == (2, f"{files[0]} has the new passphrase.\n")
    assert done.err.startswith(f"error: {files[1]}: No space left")
    read_key_file(files[0], NEW)
    read_key_file(files[1], OLD)


@pytest.mark.parametrize(
    ("replaced", "reason"),
    [
        ("old", "passphrase-missing"),
        ("new", "passphrase-missing"),
        ("one.key", "key-file"),
    ],
)
def test_a_file_that_is_missing_exits_2(  # noqa: PLR0917
    run: Run, files: list[Path], secrets: list[object], tmp_path: Path, replaced: str, reason: str
) -> None:
    (tmp_path / replaced).unlink()
    done = run("keys", "passphrase", *files, *secrets, "--json")
    assert done.status == 2
    assert done.json["error"]["reason"] == reason
    assert done.json["error"]["where"] == str(tmp_path / replaced)


def test_the_variable_is_the_old_passphrase_and_never_the_new(
    run: Run,
    files: list[Path],
    secrets: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGNEDCERT_PASSPHRASE_FILE", str(tmp_path / "old"))
    done = run("keys", "passphrase", *files)
    assert done.status == 2
    assert "--new-passphrase-file [passphrase-missing]" in done.err
    assert run("keys", "passphrase", *files, *secrets[2:]).status == 0
    read_key_file(files[0], NEW)


def test_the_same_passphrase_and_no_file_are_wrong_use(
    run: Run, files: list[Path], secrets: list[object], tmp_path: Path
) -> None:
    (tmp_path / "new").write_text(OLD, encoding="utf-8")
    same = run("keys", "passphrase", *files, *secrets)
    assert same.status == 2
    assert "choose another [passphrase-missing]" in same.err
    none = run("keys", "passphrase", *secrets)
    assert none.status == 2
    assert "[usage]" in none.err
