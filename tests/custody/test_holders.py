"""Root holders: their keys, and the file that may be known of them."""

import json
import stat
from pathlib import Path

import pytest

from signedcert.core.encoding import dump_json
from signedcert.custody.holders import (
    Holder,
    HolderKeys,
    next_of,
    on_one_medium,
    require_threshold,
    root_of,
)
from signedcert.custody.keyfile import read_key_file, read_public
from signedcert.errors import ConfigurationError, Reason
from tests.core.refusal import refused
from tests.custody.guild import PASSPHRASE, guild

ADA = guild().keys[0].holder


def test_a_holder_is_read_as_it_is_written(folders: list[Path]) -> None:
    for folder, keys in zip(folders, guild().keys, strict=True):
        assert Holder.read(folder) == Holder.read(folder / "holder.json") == keys.holder
        assert stat.S_IMODE((folder / "holder.json").stat().st_mode) == 0o644
        private = {read_key_file(path, PASSPHRASE).public_key for path in folder.glob("*.key")}
        assert private == {*keys.holder.root, *keys.holder.next}


def test_the_public_file_holds_nothing_private() -> None:
    text = ADA.encode()
    for key in (*guild().keys[0].root, *guild().keys[0].next):
        assert key.secret_bytes() not in text
    assert b'"d"' not in text
    assert b'"priv"' not in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "wrong-value"),
        ({"name": " "}, "text-blank"),
        ({"name": "A\nB"}, "text-control"),
        ({"name": "N" * 121}, "text-too-long"),
        ({"name": None}, "wrong-type"),
        ({"root": []}, "key-type"),
        ({"next": json.loads(ADA.encode())["root"]}, "key-invalid"),
        ({"root": json.loads(ADA.encode())["root"][::-1]}, "key-type"),
        ({"root": json.loads(ADA.encode())["root"] * 2}, "too-large"),
        ({"extra": 1}, "member-unknown"),
    ],
)
def test_a_holder_file_in_another_form_is_refused(
    change: dict[str, object], reason: Reason
) -> None:
    with refused(reason):
        Holder.parse(dump_json(json.loads(ADA.encode()) | change))


def test_a_holder_file_has_one_spelling() -> None:
    values = json.loads(ADA.encode())
    with refused("member-order", "holder.json"):
        Holder.parse(dump_json(dict(reversed(values.items()))))
    with refused("not-canonical"):
        Holder.parse(ADA.encode() + b"\n")


def test_each_algorithm_is_a_group_of_all_holders() -> None:
    holders = [keys.holder for keys in guild().keys]
    root, following = root_of(holders, 2), next_of(holders, 2)
    assert [(group.threshold, len(group.keys)) for group in root] == [(2, 3), (2, 3)]
    assert [{key.algorithm for key in group.keys} for group in root] == [{"ES256"}, {"ML-DSA-65"}]
    assert following[1].thumbprints == tuple(holder.next[1].thumbprint for holder in holders)


def test_what_was_next_is_present_after_a_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
    keys = HolderKeys.follow(ADA)
    assert (keys.holder.name, keys.holder.root) == (ADA.name, ADA.next)
    assert not {*keys.holder.next} & {*ADA.root, *ADA.next}
    keys.write(tmp_path, PASSPHRASE)
    assert [path.name[:5] for path in tmp_path.glob("*.key")] == ["next-"] * 2
    assert Holder.read(tmp_path) == keys.holder
    with refused("key-file", str(tmp_path), ConfigurationError):
        HolderKeys.follow(ADA).write(tmp_path, PASSPHRASE)


def test_a_failure_leaves_no_key_behind(tmp_path: Path) -> None:
    with refused("passphrase-missing", kind=ConfigurationError):
        guild().keys[0].write(tmp_path / "new", "")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (8, 5)])
def test_more_than_half_have_to_sign(count: int, needed: int) -> None:
    assert require_threshold(count, None) == needed
    assert require_threshold(count, 1) == 1


def test_one_medium_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert on_one_medium([tmp_path / "a", tmp_path / "b"])
    assert not on_one_medium([tmp_path / "a"])
    if Path("/proc").is_dir() and Path("/proc").stat().st_dev != tmp_path.stat().st_dev:
        assert not on_one_medium([tmp_path / "a", Path("/proc")])


def test_the_public_half_is_read_without_a_passphrase(folders: list[Path]) -> None:
    for path in folders[0].glob("*.key"):
        assert read_public(path) == read_key_file(path, PASSPHRASE).public_key
    with refused("key-file", kind=ConfigurationError):
        read_public(folders[0] / "holder.json")
