"""An institution that publishes statuses, and the files that it would serve."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from signedcert.core.jws import Header, serialize_compact, signing_input
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.trust.entries import KeyEntry, StatusPolicy, key_url
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.reasons import REASONS_TYPE, Reasons, StatusReason, Why
from signedcert.trust.snapshot import SNAPSHOT_TYPE, ManifestVersion, Snapshot, digest
from signedcert.trust.states import State
from signedcert.trust.status import StatusFiles
from signedcert.trust.statuslist import STATUS_LIST_TYPE, StatusList, StatusListToken
from signedcert.trust.store import TrustStore
from tests.reference import ISSUED, ISSUER, World

WEEK = timedelta(days=7)
#: By list and index: the status, and why.
Statuses = Mapping[tuple[int, int], tuple[int, Why | None]]
_signed: dict[str, bytes] = {}


@dataclass(frozen=True)
class Publisher:
    """A world with a snapshot key, in a manifest of version 1 that allows statuses of a week."""

    world: World
    key: PrivateKey
    manifest: KeyManifest

    @classmethod
    def make(cls, world: World, max_age: int = 7 * 86400) -> "Publisher":
        """A new snapshot key for the institution."""
        key = PrivateKey.generate("Ed25519")
        entry = snapshot_entry(key)
        manifest = replace(
            world.manifest, keys=(*world.manifest.keys, entry), status=StatusPolicy(max_age)
        )
        return cls(world, key, manifest)

    def next(self, **changes: Any) -> "Publisher":  # noqa: ANN401 - any field
        """The institution after its next manifest."""
        following = replace(self.manifest, version=self.manifest.version + 1, **changes)
        return replace(self, manifest=following)

    def with_key_state(self, state: State, since: datetime = ISSUED) -> "Publisher":
        """The institution after a manifest in which the snapshot key has another state."""
        keys = tuple(
            replace(entry, state=state, since=since) if entry.role == "snapshot" else entry
            for entry in self.manifest.keys
        )
        return self.next(keys=keys)

    def encoded(self) -> bytes:
        """Its manifest, signed."""
        made = _signed.get(self.manifest.digest)
        if made is None:  # an ML-DSA signature is another one each time
            made = sign_manifest(self.manifest, self.world.roots).jws.encode()
            _signed[self.manifest.digest] = made
        return made

    def trust(self, files: StatusFiles | None = None, at: datetime | None = None) -> TrustStore:
        """A trust store that has pinned it, with these statuses."""
        store = TrustStore.empty().add([self.encoded()], self.manifest.pin)
        return store if files is None else store.update(ISSUER, files, at or ISSUED + 99 * WEEK)

    def sign(self, payload: bytes, typ: str) -> bytes:
        """What the snapshot key signs, or its thief."""
        header = Header(self.key.algorithm, key_url(ISSUER, self.key.public_key), typ)
        content = signing_input(header.segment(), payload)
        return serialize_compact(content, self.key.sign(content)).encode()

    def files(
        self, statuses: Statuses | None = None, issued: datetime = ISSUED, lists: int = 1
    ) -> StatusFiles:
        """What it publishes at a moment."""
        said = statuses or {}
        tokens = tuple(self.list_token(n, said, issued) for n in range(1, lists + 1))
        entries = [
            StatusReason(*place, why, issued) for place, (_, why) in sorted(said.items()) if why
        ]
        reasons = Reasons(ISSUER, issued, tuple(entries))
        signed = self.sign(reasons.encode(), REASONS_TYPE) if entries else None
        return self.named(tokens, signed, issued)

    def named(
        self,
        tokens: tuple[bytes, ...],
        reasons: bytes | None,
        issued: datetime = ISSUED,
        **changes: Any,  # noqa: ANN401 - any field
    ) -> StatusFiles:
        """Files, and a snapshot that names them."""
        snapshot = Snapshot(
            iss=ISSUER,
            issued=issued,
            expires=issued + WEEK,
            manifest=ManifestVersion(self.manifest.version, self.manifest.digest),
            lists=tuple(map(digest, tokens)),
            reasons=None if reasons is None else digest(reasons),
        )
        payload = replace(snapshot, **changes).encode()
        return StatusFiles(self.sign(payload, SNAPSHOT_TYPE), tokens, reasons)

    def list_token(self, number: int, said: Statuses, issued: datetime = ISSUED) -> bytes:
        """One list, signed."""
        statuses = {index: status for (one, index), (status, _) in said.items() if one == number}
        token = StatusListToken(
            ISSUER, StatusList.make(number, statuses), issued, issued + WEEK, 86400
        )
        return self.sign(token.encode(), STATUS_LIST_TYPE)


def snapshot_entry(key: PrivateKey) -> KeyEntry:
    """A key for the role."""
    url = key_url(ISSUER, key.public_key)
    return KeyEntry(key.public_key, url, "snapshot", "active", ISSUED - timedelta(days=1))


def lay_out(folder: Path, manifests: list[bytes], files: StatusFiles | None = None) -> Path:
    """What an institution publishes, as a folder."""
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(manifests, 1):
        (folder / "keys" / f"{number}.json").write_bytes(data)
    (folder / "keys.json").write_bytes(manifests[-1])
    if files is not None:
        (folder / "status").mkdir(exist_ok=True)
        for number, token in enumerate(files.lists, 1):
            (folder / "status" / f"{number}.jwt").write_bytes(token)
        if files.reasons is not None:
            (folder / "reasons.jws").write_bytes(files.reasons)
        (folder / "snapshot.json").write_bytes(files.snapshot)
    return folder
