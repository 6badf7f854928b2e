"""Root keys: made, stored apart from the home, and used to sign manifests."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from signedcert.core.jws import GeneralJWS, Header, Signature, signing_input
from signedcert.core.keys import Algorithm
from signedcert.custody.keyfile import write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.custody.signer import CheckedSigner
from signedcert.errors import ConfigurationError
from signedcert.trust.entries import NextGroup, RootGroup
from signedcert.trust.manifest import MANIFEST_TYPE, KeyManifest, SignedManifest

#: One classical group and one post-quantum group; both have to sign.
ROOT_ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "ML-DSA-65")


def generate_roots() -> tuple[PrivateKey, ...]:
    """One key for each root group."""
    return tuple(PrivateKey.generate(algorithm) for algorithm in ROOT_ALGORITHMS)


def root_groups(keys: Sequence[PrivateKey]) -> tuple[RootGroup, ...]:
    """A group of one for each key."""
    return tuple(RootGroup(1, (key.public_key,)) for key in keys)


def next_groups(keys: Sequence[PrivateKey]) -> tuple[NextGroup, ...]:
    """What the root groups may rotate into, by thumbprint."""
    return tuple(NextGroup(1, (key.public_key.thumbprint,)) for key in keys)


def sign_manifest(manifest: KeyManifest, keys: Iterable[PrivateKey]) -> SignedManifest:
    """The manifest with a signature by each key; whether that is enough is for the rules."""
    payload = manifest.encode()
    signatures = []
    for key in keys:
        header = Header(key.algorithm, key.public_key.thumbprint, MANIFEST_TYPE)
        signed = signing_input(header.segment(), payload)
        signatures.append(Signature(header, signed, CheckedSigner(key).sign(signed)))
    return SignedManifest.parse(GeneralJWS(payload, tuple(signatures)).encode())


def write_roots(
    directory: Path,
    prefix: str,
    keys: Iterable[PrivateKey],
    passphrase: str,
    written: list[Path] | None = None,
) -> list[Path]:
    """One encrypted file per key. Returns their paths, which also go into ``written`` as they
    come to be, for whoever has to take them back.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = [] if written is None else written
    for key in keys:
        path = directory / f"{prefix}-{key.algorithm.lower()}-{key.public_key.thumbprint[:8]}.key"
        write_key_file(path, key, passphrase)
        paths.append(path)
    return paths


def require_apart(root: Path, home: Path) -> None:
    """Raises ConfigurationError ``root-inside-home``: whoever takes the home would take root."""
    if root.resolve().is_relative_to(home.resolve()):
        message = (
            "root keys are not kept inside the home; name a directory on a medium that you can "
            "lock away"
        )
        raise ConfigurationError("root-inside-home", message, where=str(root))
