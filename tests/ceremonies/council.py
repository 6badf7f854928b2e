"""A home whose root holder signs whatever is proposed, and whoever has stolen the root keys."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from signedcert.ceremonies.assembling import Assembled, assemble
from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.holders import Holder, HolderKeys
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal, write_signature
from signedcert.home import Home
from signedcert.trust.changes import rename, successor
from signedcert.trust.manifest import KeyManifest, SignedManifest
from tests.institution.homes import NOW, PASSPHRASE, Place, root_keys

DAY = timedelta(days=1)


def write(place: Place, wanted: Wanted, at: datetime) -> Path:
    """The proposal of the next version; nobody has signed it."""
    home = Home.read(place.home)
    version = home.history().newest.version + 1
    directory = place.home.parent / f"version-{version}"
    propose(home, directory, wanted, at=at, passphrase=PASSPHRASE)
    return directory


def sign(directory: Path, keys: list[PrivateKey]) -> None:
    """A signature by each key."""
    manifest = Proposal.read(directory).manifest
    for key in keys:
        write_signature(directory, sign_manifest(manifest, [key]))


def enact(place: Place, wanted: Wanted, at: datetime) -> Assembled:
    """Proposed, signed and assembled."""
    directory = write(place, wanted, at)
    sign(directory, root_keys(place))
    done = assemble(Home.read(place.home), directory, at=at)
    assert done.published is not None
    return done


# a fork


def next_keys(place: Place) -> list[PrivateKey]:
    """The root keys to come, of the only holder."""
    found = sorted(place.root.rglob("next-*.key"))
    return [read_key_file(path, PASSPHRASE) for path in found]


def following(place: Place) -> HolderKeys:
    """The holder with new next keys."""
    return HolderKeys.follow(Holder.read(place.root / "holder-1"))


def theft(place: Place, version: int = 2) -> SignedManifest:
    """Another manifest of a version, by the present root keys as of the first."""
    before = Home.read(place.home).history().before(version)
    return sign_manifest(rename(successor(before, at=NOW), "Mallory"), root_keys(place))


def settle(place: Place, other: SignedManifest, name: str = "settled", **more: object) -> Path:
    """The proposal, signed by the old root and the new."""
    directory = place.home.parent / name
    wanted = replace(Wanted(settle=other, holders=(following(place).holder,)), **more)  # type: ignore[arg-type]
    propose(Home.read(place.home), directory, wanted, at=NOW + 3 * DAY, passphrase=PASSPHRASE)
    sign(directory, [*root_keys(place), *next_keys(place)])
    return directory


def finish(place: Place, directory: Path) -> Assembled:
    """It is published."""
    done = assemble(Home.read(place.home), directory, at=NOW + 3 * DAY)
    assert done.published is not None
    return done


def newest(place: Place) -> KeyManifest:
    """What counts in the home."""
    return Home.read(place.home).history().newest
