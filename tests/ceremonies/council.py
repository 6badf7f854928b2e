"""A home whose root holder signs whatever is proposed."""

from datetime import datetime
from pathlib import Path

from signedcert.ceremonies.assembling import Assembled, assemble
from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal, write_signature
from signedcert.home import Home
from tests.institution.homes import PASSPHRASE, Place, root_keys


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
