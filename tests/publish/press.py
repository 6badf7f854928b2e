"""What it takes to publish, for tests: a snapshot key, and a manifest that names it."""

from dataclasses import replace

import pytest

from signedcert.core.keys import Algorithm
from signedcert.custody.keyfile import write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.institution import Institution
from signedcert.trust.entries import KeyEntry, Role, StatusPolicy, key_url
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.reasons import Reasons
from signedcert.trust.snapshot import Snapshot
from signedcert.trust.states import State
from signedcert.trust.statuslist import StatusListToken
from tests.institution.homes import BEGUN, PASSPHRASE, URL, Place, publish

POLICY = StatusPolicy(7 * 24 * 3600)


def snapshot_entry(key: PrivateKey, state: State = "active", role: Role = "snapshot") -> KeyEntry:
    """A key as a manifest names it."""
    public = key.public_key
    return KeyEntry(key=public, url=key_url(URL, public), role=role, state=state, since=BEGUN)


def write_snapshot_key(place: Place, key: PrivateKey, name: str = "") -> None:
    """Puts the key's file into the home."""
    name = name or f"snapshot-{key.algorithm.lower()}-{key.public_key.thumbprint[:8]}.key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
        write_key_file(place.home / "keys" / name, key, PASSPHRASE)


def newest(place: Place) -> KeyManifest:
    """The newest manifest of a home."""
    with Institution.open(place.home) as institution:
        return institution.manifest


def add_snapshot_key(place: Place, algorithm: Algorithm = "Ed25519") -> PrivateKey:
    """Makes a snapshot key, and the next manifest, by which status is published."""
    key = PrivateKey.generate(algorithm)
    write_snapshot_key(place, key)
    manifest = newest(place)
    keys = (*manifest.keys, snapshot_entry(key))
    publish(place, replace(manifest, keys=keys, status=POLICY))
    return key


def read(institution: Institution, name: str) -> bytes:
    """A file that was published."""
    data = institution.published.read(name)
    assert data is not None, name
    return data


def snapshot_of(institution: Institution) -> Snapshot:
    """The snapshot, as a verifier reads it."""
    return Snapshot.parse(read(institution, "snapshot.json"), institution.manifest)


def list_of(institution: Institution, number: int = 1) -> StatusListToken:
    """A list, as a verifier reads it, with its digest compared."""
    token = read(institution, f"status/{number}.jwt")
    snapshot_of(institution).check_list(number, token)
    return StatusListToken.parse(token, institution.manifest)


def reasons_of(institution: Institution) -> list[str]:
    """The reasons, as a verifier reads them."""
    data = read(institution, "reasons.jws")
    snapshot_of(institution).check_reasons(data)
    return list(map(str, Reasons.parse(data, institution.manifest).entries))
