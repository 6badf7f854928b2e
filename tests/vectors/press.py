"""Where status files are made: as an institution publishes them, or with one defect, which a good
signature covers.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from signedcert.core.encoding import b64url_encode
from signedcert.core.jws import CompactJWS, Header, serialize_compact
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.trust.entries import KeyEntry, StatusPolicy, key_url
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.reasons import REASONS_TYPE, Reasons, StatusReason
from signedcert.trust.snapshot import MAX_SNAPSHOT, SNAPSHOT_TYPE, ManifestVersion, Snapshot, digest
from signedcert.trust.states import State
from signedcert.trust.status import StatusFiles
from signedcert.trust.statuslist import (
    REPLACED,
    REVOKED,
    STATUS_LIST_TYPE,
    SUSPENDED,
    StatusList,
    StatusListToken,
)
from tests.reference import AT, ISSUED, ISSUER, credential
from tests.trust.publishing import Statuses as Said
from tests.vectors.model import Expect, Institution, Refusal, Statuses, Vector
from tests.vectors.verdicts import vector
from tests.vectors.workshop import Workshop, replace_once

DAY = timedelta(days=1)
WEEK = 7 * DAY
#: When the files of most vectors were published: a day before the document is verified.
FRESH = AT - DAY
OLD = AT - 40 * DAY
#: When one of the snapshot keys was retired.
RETIRED = ISSUED + 14 * DAY
LIST, INDEX = credential().status_list, credential().status_index
#: What is said of others, the neighbours of the reference certificate among them: who reads bits
#: from the wrong end, or from the next place, finds that it was taken back.
OTHERS: Said = {
    (1, 5): (REVOKED, "misconduct"),
    (1, INDEX - 1): (SUSPENDED, None),
    (1, INDEX + 1): (REVOKED, "other"),
    (1, 900000): (REPLACED, "renamed"),
}
_STATES: tuple[State, ...] = ("active", "retired", "compromised", "void", "pre-published")

Edit: TypeAlias = Callable[[str], str]


def unchanged(text: str) -> str:
    """No edit."""
    return text


@dataclass(frozen=True)
class Press:
    """An institution whose statuses are good for a week, with a snapshot key in each state."""

    shop: Workshop
    keys: Mapping[str, PrivateKey]
    manifest: KeyManifest
    institution: Institution

    @classmethod
    def make(cls, shop: Workshop) -> "Press":
        """New snapshot keys for the institution of the workshop."""
        es256 = PrivateKey.generate("ES256")
        keys = {"issue": shop.es256.key, "stranger": shop.stranger, "es256": es256}
        entries = [_entry(es256, "active")]
        for state in _STATES:
            keys[state] = PrivateKey.generate("Ed25519")
            entries.append(_entry(keys[state], state))
        manifest = replace(
            shop.es256.manifest,
            keys=(*shop.es256.manifest.keys, *entries),
            status=StatusPolicy(int(WEEK.total_seconds())),
        )
        institution = shop.trust("publishing", sign_manifest(manifest, shop.es256.roots))
        return cls(shop, keys, manifest, institution)

    # Manifests

    def closed(self, **final: object) -> Institution:
        """The institution, closed from the first version on."""
        signed = sign_manifest(replace(self.manifest, **final), self.shop.es256.roots)  # type: ignore[arg-type]
        return self.shop.trust("closed", signed)

    def later(self, file: str, /, **changes: object) -> tuple[tuple[str, ...], KeyManifest]:
        """The next manifest, as a file."""
        after: KeyManifest = replace(self.manifest, version=2, **changes)  # type: ignore[arg-type]
        return self.shop.trust(file, sign_manifest(after, self.shop.es256.roots)).trust, after

    def with_active_key(self, state: State, since: datetime) -> tuple[KeyEntry, ...]:
        """The keys, the active snapshot key in another state."""
        url = key_url(ISSUER, self.keys["active"].public_key)
        return tuple(
            replace(entry, state=state, since=since) if entry.url == url else entry
            for entry in self.manifest.keys
        )

    # Files

    def sign(self, payload: str, typ: str, key: str = "active", header: Edit = unchanged) -> bytes:
        """A compact JWS; its header was edited as text."""
        private = self.keys[key]
        usual = Header(private.algorithm, key_url(ISSUER, private.public_key), typ)
        segments = (header(usual.encode().decode()).encode(), payload.encode())
        content = ".".join(map(b64url_encode, segments)).encode()
        return serialize_compact(content, private.sign(content)).encode()

    def list_payload(self, said: Said, number: int = 1, issued: datetime = FRESH) -> str:
        """A list."""
        statuses = {index: status for (one, index), (status, _) in said.items() if one == number}
        made = StatusList.make(number, statuses)
        token = StatusListToken(ISSUER, made, issued, issued + WEEK, 86400)
        return token.encode().decode()

    def reasons_payload(self, said: Said, issued: datetime = FRESH) -> str:
        """The reasons of all of which one is said."""
        places = sorted(said.items())
        entries = tuple(StatusReason(*place, why, ISSUED) for place, (_, why) in places if why)
        return Reasons(ISSUER, issued, entries).encode().decode()

    def snapshot_payload(
        self,
        lists: tuple[bytes, ...],
        reasons: bytes | None,
        issued: datetime = FRESH,
        manifest: ManifestVersion | None = None,
    ) -> str:
        """A snapshot that names these files."""
        snapshot = Snapshot(
            iss=ISSUER,
            issued=issued,
            expires=issued + WEEK,
            manifest=manifest or ManifestVersion(1, self.manifest.digest),
            lists=tuple(map(digest, lists)),
            reasons=None if reasons is None else digest(reasons),
        )
        return snapshot.encode().decode()

    def files(
        self,
        said: Said | None = None,
        issued: datetime = FRESH,
        lists: int = 1,
        *,
        key: str = "active",
        manifest: ManifestVersion | None = None,
    ) -> StatusFiles:
        """What is published at a moment, of others too."""
        all_ = {**OTHERS, **(said or {})}
        tokens = tuple(
            self.sign(self.list_payload(all_, number, issued), STATUS_LIST_TYPE, key)
            for number in range(1, lists + 1)
        )
        reasons = self.sign(self.reasons_payload(all_, issued), REASONS_TYPE, key)
        return self.named(tokens, reasons, issued, key=key, manifest=manifest)

    def named(
        self,
        lists: tuple[bytes, ...],
        reasons: bytes | None,
        issued: datetime = FRESH,
        *,
        key: str = "active",
        manifest: ManifestVersion | None = None,
    ) -> StatusFiles:
        """Files, and a good snapshot that names them."""
        payload = self.snapshot_payload(lists, reasons, issued, manifest)
        return StatusFiles(self.sign(payload, SNAPSHOT_TYPE, key), lists, reasons)

    # With a defect

    def with_snapshot(
        self,
        edit: Edit = unchanged,
        header: Edit = unchanged,
        *,
        typ: str = SNAPSHOT_TYPE,
        key: str = "active",
    ) -> StatusFiles:
        """Good files, and a snapshot whose payload and header were edited, then signed."""
        good = self.files()
        payload = edit(self.snapshot_payload(good.lists, good.reasons))
        return good._replace(snapshot=self.sign(payload, typ, key, header))

    def with_list(
        self,
        edit: Edit = unchanged,
        header: Edit = unchanged,
        *,
        typ: str = STATUS_LIST_TYPE,
        key: str = "active",
    ) -> StatusFiles:
        """The same for list 1; the snapshot names what came of it."""
        token = self.sign(edit(self.list_payload(OTHERS)), typ, key, header)
        return self.named((token,), self.files().reasons)

    def with_reasons(
        self,
        edit: Edit = unchanged,
        header: Edit = unchanged,
        *,
        typ: str = REASONS_TYPE,
        key: str = "active",
    ) -> StatusFiles:
        """The same for the reasons."""
        reasons = self.sign(edit(self.reasons_payload(OTHERS)), typ, key, header)
        return self.named(self.files().lists, reasons)


def _entry(key: PrivateKey, state: State) -> KeyEntry:
    since = RETIRED if state == "retired" else ISSUED - DAY
    url = key_url(ISSUER, key.public_key)
    return KeyEntry(key.public_key, url, "snapshot", state, since)


def status_vector(
    press: Press,
    description: str,
    files: StatusFiles | None,
    expect: Expect,
    **more: Any,  # noqa: ANN401
) -> Vector:
    """A vector for the institution that publishes, and its usual certificate."""
    more.setdefault("institution", press.institution)
    if known := more.pop("known", None):
        more["known"] = Statuses.of(known)
    status = None if files is None else Statuses.of(files)
    document = more.pop("document", None) or press.shop.document()
    return vector(press.shop, description, document, expect, status=status, **more)


def with_lst(payload: str, stream: bytes) -> str:
    """The payload of a list with another zlib stream."""
    value = json.loads(payload)
    return replace_once(payload, value["status_list"]["lst"], b64url_encode(stream))


def digest_of(text: str) -> str:
    """The digest of something that nobody has."""
    return digest(text.encode())


def refused(reason: str, detail: str = "") -> Expect:
    """No file is taken, and nothing was known before."""
    return Expect("undecided", "status-unknown", "", Refusal(reason, detail))


def each_file(press: Press) -> dict[str, Callable[..., StatusFiles]]:
    """What makes files of which one is signed as the keywords say."""
    return {
        "snapshot": press.with_snapshot,
        "list": press.with_list,
        "reasons": press.with_reasons,
    }


def replacing(old: str, new: str) -> Edit:
    """An edit in one place."""
    return lambda text: replace_once(text, old, new)


def with_signature(token: bytes, change: Callable[[bytes], bytes]) -> str:
    """The token with another signature."""
    signed, _, _ = token.decode().rpartition(".")
    changed = change(CompactJWS.parse(token, MAX_SNAPSHOT).signature)
    return f"{signed}.{b64url_encode(changed)}"


def with_bit(token: bytes) -> bytes:
    """The token with a bit of its signature changed."""
    return with_signature(token, lambda raw: bytes([raw[0] ^ 1]) + raw[1:]).encode()
