"""Ten million documents, of which one in a thousand was revoked: how large their lists are."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import b64url_decode, parse_json
from signedcert.core.jws import CompactJWS
from signedcert.custody.private import PrivateKey
from signedcert.publish.folder import PublishedFolder
from signedcert.publish.publisher import Publisher
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry
from signedcert.registry.statuses import StatusChange
from signedcert.trust.entries import KeyEntry, Role, key_url
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.statuslist import REVOKED
from tests.institution.homes import BEGUN, NOW, URL
from tests.registry.test_registry import row

DOCUMENTS = 10_000_000
REVOKED_DOCUMENTS = 10_000
#: Half of each list is decoys.
LISTS = -(-DOCUMENTS // 2**19)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Only those that are revoked are in it: the others are in the lists by not being there."""
    made = Registry.create(sqlite_url(tmp_path / "registry.sqlite"))
    generator = random.Random(5)  # noqa: S311 - places in lists, not secrets
    places = generator.sample(range(LISTS * 2**20), REVOKED_DOCUMENTS)
    places[0] = LISTS * 2**20 - 1
    rows = [row(status_list=1 + n // 2**20, status_index=n % 2**20) for n in dict.fromkeys(places)]
    made.add(rows)
    for number, one in enumerate(rows):
        at = NOW + timedelta(minutes=number)
        if number % 2000 == 0:
            made.statuses.change([_revoked(one.code) for one in rows[number : number + 2000]], at)
    return made


def _revoked(code: VerificationCode) -> StatusChange:
    return StatusChange(code, REVOKED, "issued-in-error")


def entry(key: PrivateKey, role: Role) -> KeyEntry:
    """An active key."""
    public = key.public_key
    return KeyEntry(key=public, url=key_url(URL, public), role=role, state="active", since=BEGUN)


def lst(token: bytes) -> bytes:
    """The compressed list in a token."""
    payload = parse_json(CompactJWS.parse(token, 10**6).payload, 10**6)
    return b64url_decode(payload["status_list"]["lst"].encode())


def test_ten_million_documents(registry: Registry, tmp_path: Path) -> None:
    issuing, snapshot = PrivateKey.generate("ES256"), PrivateKey.generate("Ed25519")
    manifest = KeyManifest(
        iss=URL,
        name="Example University",
        version=1,
        issued=BEGUN,
        expires=BEGUN + timedelta(days=365),
        root=(),
        next=(),
        keys=(entry(issuing, "issue"), entry(snapshot, "snapshot")),
    )
    folder = PublishedFolder(tmp_path / "published")
    publisher = Publisher(manifest, issuing, snapshot, registry.statuses, folder)
    published = publisher.publish(NOW + timedelta(days=30))
    registry.close()
    assert (published.lists, published.not_valid) == (LISTS, REVOKED_DOCUMENTS)
    tokens = [folder.read(f"status/{number}.jwt") or b"" for number in range(1, LISTS + 1)]
    compressed, whole = sum(len(lst(token)) for token in tokens), sum(map(len, tokens))
    assert compressed < 25_000
    assert whole < 50_000
