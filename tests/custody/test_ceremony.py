"""Root keys: made, stored apart from the home, and used to sign manifests."""

from pathlib import Path

import pytest

from signedcert.core.keys import POST_QUANTUM, BadSignatureError
from signedcert.custody import ceremony, keyfile
from signedcert.custody.ceremony import (
    generate_roots,
    next_groups,
    require_apart,
    root_groups,
    sign_manifest,
    write_roots,
)
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError, IssueError
from tests.core.refusal import refused
from tests.reference import World

WORDS = "correct horse battery staple"


@pytest.fixture(scope="module")
def roots() -> tuple[PrivateKey, ...]:
    """New root keys."""
    return generate_roots()


def test_there_is_a_classical_and_a_post_quantum_root_key(roots: tuple[PrivateKey, ...]) -> None:
    algorithms = {key.algorithm for key in roots}
    assert len(roots) == 2
    assert len(algorithms & POST_QUANTUM) == 1
    assert "ES256" in algorithms
    assert not {key.public_key for key in roots} & {key.public_key for key in generate_roots()}


def test_each_key_is_a_group_of_its_own_that_has_to_sign(roots: tuple[PrivateKey, ...]) -> None:
    groups = root_groups(roots)
    assert [group.threshold for group in groups] == [1, 1]
    assert [group.keys for group in groups] == [(key.public_key,) for key in roots]
    following = next_groups(roots)
    assert [group.threshold for group in following] == [1, 1]
    assert [group.thumbprints for group in following] == [
        (key.public_key.thumbprint,) for key in roots
    ]


def test_a_manifest_has_a_signature_by_each_key(world: World) -> None:
    signed = sign_manifest(world.manifest, world.roots)
    assert signed.unverified == world.manifest
    assert signed.jws.payload == world.manifest.encode()
    assert len(signed.jws.signatures) == 2
    for key, signature in zip(world.roots, signed.jws.signatures, strict=True):
        assert signature.header.alg == key.algorithm
        assert signature.header.kid == key.public_key.thumbprint
        assert signature.header.typ == "signedcert-keys+jws"
        key.public_key.verify(signature.signature, signature.signing_input)
        with pytest.raises(BadSignatureError):
            key.public_key.verify(signature.signature, signature.signing_input + b"A")


def test_the_signing_does_not_trust_the_machine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Faulty(PrivateKey):
        """A key that forgets what it signs."""

        def sign(self, message: bytes) -> bytes:
            return super().sign(message[1:])

    faulty = Faulty("ES256", world.roots[0].secret_bytes())
    with refused("signature-unverifiable", faulty.public_key.thumbprint, IssueError):
        sign_manifest(world.manifest, [faulty])
    monkeypatch.setattr(ceremony, "CheckedSigner", lambda key: key)
    (signature,) = sign_manifest(world.manifest, [faulty]).jws.signatures
    with pytest.raises(BadSignatureError):
        faulty.public_key.verify(signature.signature, signature.signing_input)


def test_root_keys_are_written_one_to_a_file(
    tmp_path: Path, roots: tuple[PrivateKey, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**15)
    directory = tmp_path / "new" / "root"
    paths = write_roots(directory, "root-1", roots, WORDS)
    assert sorted(directory.iterdir()) == sorted(paths)
    for path, key in zip(paths, roots, strict=True):
        assert path.name.startswith(f"root-1-{key.algorithm.lower()}-")
        assert read_key_file(path, WORDS).public_key == key.public_key
    with refused("key-file", str(paths[0]), ConfigurationError):
        write_roots(directory, "root-1", roots, WORDS)


@pytest.mark.parametrize("root", ["home", "home/root", "home/../home/keys", "home/a/../b", "link"])
def test_root_keys_are_not_kept_inside_the_home(tmp_path: Path, root: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    with refused("root-inside-home", str(tmp_path / root), ConfigurationError):
        require_apart(tmp_path / root, tmp_path / "home")
    with refused("root-inside-home", kind=ConfigurationError):
        require_apart(tmp_path / root, tmp_path / "link")


@pytest.mark.parametrize("root", ["root", "home2", "home/../root", "."])
def test_root_keys_are_kept_beside_the_home(tmp_path: Path, root: str) -> None:
    (tmp_path / "home").mkdir()
    require_apart(tmp_path / root, tmp_path / "home")
    assert not (tmp_path / root).resolve().is_relative_to(tmp_path / "home")
