"""Three root holders, whose keys are made once in a process."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.holders import HolderKeys, next_of, root_of
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal, write_signature
from signedcert.trust.manifest import KeyManifest, SignedManifest
from tests.trust.house import USUAL, manifest

NAMES = ("Ada Okafor", "Ben Zhou", "Cleo Dubois")
PASSPHRASE = "of the root keys"


class Guild(NamedTuple):
    """Holders, of whom two have to sign, and manifest 1 with their signatures."""

    keys: tuple[HolderKeys, ...]
    first: SignedManifest

    @property
    def pin(self) -> str:
        """The pin of manifest 1."""
        return self.first.unverified.pin

    def proposal(self, after: KeyManifest, *earlier: SignedManifest) -> Proposal:
        """What the home would propose."""
        return Proposal(after, (self.first, *earlier), tuple(one.holder for one in self.keys))


@cache
def guild() -> Guild:
    """The same in all tests of one run."""
    keys = tuple(map(HolderKeys.generate, NAMES))
    holders = [one.holder for one in keys]
    unsigned = replace(
        manifest(1, USUAL | {"keys": "k:active,m:pre-published"}),
        root=root_of(holders, 2),
        next=next_of(holders, 2),
    )
    return Guild(keys, signed_by(unsigned, *(key for one in keys[:2] for key in one.root)))


def signed_by(unsigned: KeyManifest, *keys: PrivateKey) -> SignedManifest:
    """The manifest with a signature by each key."""
    return sign_manifest(unsigned, keys)


def put(directory: Path, unsigned: KeyManifest, *keys: PrivateKey) -> list[Path]:
    """Signature files in a proposal, one for each key."""
    return [write_signature(directory, sign_manifest(unsigned, [key])) for key in keys]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The holders' media."""
    directories = [tmp_path_factory.mktemp(f"holder-{number}") for number in (1, 2, 3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
        for keys, directory in zip(guild().keys, directories, strict=True):
            keys.write(directory, PASSPHRASE)
    return directories
