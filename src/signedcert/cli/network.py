"""Where trust data comes from: an institution's address, a mirror's, a folder, a file. The one
place that opens connections. What comes is as it is; nobody has checked it.
"""

import urllib.error
import urllib.request
from collections.abc import Collection
from datetime import datetime
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, NamedTuple, Protocol
from urllib.parse import urlsplit

from signedcert.core.jws import MAX_GENERAL
from signedcert.errors import ConfigurationError, MalformedError, UndecidedError
from signedcert.files import read_limited
from signedcert.trust.history import Pin
from signedcert.trust.landmarks import MAX_LANDMARKS_FILE
from signedcert.trust.logs import LogEntry, log_folder
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.reasons import MAX_REASONS_FILE
from signedcert.trust.snapshot import MAX_SNAPSHOT, digest
from signedcert.trust.status import (
    REASONS_FILE,
    SNAPSHOT_FILE,
    StatusData,
    StatusFiles,
    list_file,
    open_snapshot,
)
from signedcert.trust.statuslist import MAX_STATUS_LIST
from signedcert.trust.store import TrustStore

_PUBLISHED = ".well-known/signedcert"
_TIMEOUT = 20
_LOCAL = ("localhost", "127.0.0.1", "::1")
#: More than one a week for eighteen years; the claim is not verified yet when it is asked for.
_MAX_VERSIONS = 1000
_GONE = (404, 410)


class Source(Protocol):
    """Something that holds an institution's trust data, or a part of it."""

    def manifests(self, known: Collection[Pin]) -> list[bytes]:
        """The newest manifest, and those before it, at least back to one that is known."""

    def find(self, name: str, limit: int) -> bytes | None:
        """A file by its published name; None if there is none.

        Raises ConfigurationError ``network``, MalformedError.
        """


def open_source(place: str) -> Source:
    """The source at an address or a path. Raises ConfigurationError ``network``: no address over
    https.
    """
    if "://" not in place:
        path = Path(place)
        return Folder.at(path) if path.is_dir() else ManifestFile(path)
    address = place.rstrip("/")
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise ConfigurationError("network", f"no address: {error}", where=address) from error
    _require_https(parts.scheme, parts.hostname, address)
    return Website(address)


class Website(NamedTuple):
    """What an institution, or a mirror of it, publishes."""

    address: str

    def manifests(self, known: Collection[Pin]) -> list[bytes]:
        """Goes back one by one, since what settles a fork is of a version that is known.

        Raises ConfigurationError ``network``: no answer, a redirect away from https;
        MalformedError: no manifest, or too many of them.
        """
        found = [_fetch(self._url("keys.json"), MAX_GENERAL)]
        newest = self._claim(found[0])
        if newest.version - max((pin.version for pin in known), default=0) > _MAX_VERSIONS:
            message = (
                f"it claims {newest.version} versions, and {_MAX_VERSIONS} are fetched at most"
            )
            raise MalformedError("too-large", message, where=self.address)
        for version in range(newest.version - 1, 0, -1):
            if self._claim(found[-1]) in known:
                break
            found.append(_fetch(self._url(f"keys/{version}.json"), MAX_GENERAL))
        return found

    def _claim(self, data: bytes) -> Pin:
        return Pin.parse(SignedManifest.parse(data, self.address).unverified.pin)

    def find(self, name: str, limit: int) -> bytes | None:
        """Raises ConfigurationError ``network``, MalformedError ``too-large``."""
        try:
            return _fetch(self._url(name), limit)
        except ConfigurationError as error:
            cause = error.__cause__
            if isinstance(cause, urllib.error.HTTPError) and cause.code in _GONE:
                return None
            raise

    def _url(self, name: str) -> str:
        return f"{self.address}/{_PUBLISHED}/{name}"


class Folder(NamedTuple):
    """A folder laid out as what is published, or one of manifests alone."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "Folder":
        """The folder itself, or the one in it that a website would publish."""
        published = path / _PUBLISHED
        return cls(published if published.is_dir() else path)

    def manifests(self, known: Collection[Pin]) -> list[bytes]:  # noqa: ARG002 - all are at hand
        """All that there are, among other files; where ``keys.json`` says which is the newest, none
        beyond it. Raises MalformedError.
        """
        files = [*sorted(self.path.glob("*.json")), *sorted(self.path.glob("keys/*.json"))]
        read = {file: read_limited(file, MAX_GENERAL) for file in files}
        found = [data for data in dict.fromkeys(read.values()) if b'"signatures"' in data]
        newest = read.get(self.path / "keys.json")
        return found if newest is None else _up_to(newest, found)

    def find(self, name: str, limit: int) -> bytes | None:
        """Raises MalformedError."""
        file = self.path / name
        return read_limited(file, limit) if file.is_file() else None


class ManifestFile(NamedTuple):
    """One manifest."""

    path: Path

    def manifests(self, known: Collection[Pin]) -> list[bytes]:  # noqa: ARG002 - there is but one
        """Raises MalformedError."""
        return [read_limited(self.path, MAX_GENERAL)]

    def find(self, name: str, limit: int) -> None:
        """There is nothing else."""


def _up_to(newest: bytes, found: list[bytes]) -> list[bytes]:
    """Without what a copy has kept of the losing side of a fork."""
    version = SignedManifest.parse(newest).unverified.version
    return [data for data in found if SignedManifest.parse(data).unverified.version <= version]


def take_manifests(store: TrustStore, source: Source, wanted: list[str]) -> tuple[str, TrustStore]:
    """Which of the ``wanted`` institutions a source is of, and the store with its newer manifests.

    Raises what the source and ``TrustStore.add`` raise; MalformedError: no manifest,
    ``manifest-issuer`` for another institution's, ``manifest-version`` for a source that lacks the
    newest one that is known, and has nothing in its place.
    """
    known = {
        Pin.parse(version.pin) for iss in wanted for version in store.institutions[iss].versions
    }
    manifests = source.manifests(known)
    if not manifests:
        raise MalformedError("manifest-version", "no key manifest here")
    claims = [SignedManifest.parse(data).unverified for data in manifests]
    newest = max(claims, key=lambda manifest: manifest.version)
    if newest.iss not in wanted:
        message = f"these are keys of {newest.iss}, which is not among {', '.join(wanted)}"
        raise MalformedError("manifest-issuer", message)
    history = store.institutions[newest.iss]
    added = store.add(manifests, history.pin)
    after = added.institutions[newest.iss]
    if after.newest == history.newest and not after.forked and after.newest not in claims:
        message = (
            f"version {newest.version} is the newest here, and version {history.newest.version} "
            "is known: this source is behind, or keeps something back"
        )
        raise MalformedError("manifest-version", message)
    return newest.iss, added


def take_statuses(store: TrustStore, iss: str, source: Source, at: datetime) -> TrustStore:
    """The store with the newest statuses that a source has; the same one if it has none. The
    snapshot is checked first, and of the files that it names, only those are fetched that are not
    known.

    Raises what the source and ``TrustStore.update`` raise; MalformedError ``status-incomplete``:
    the source does not have what its snapshot names.
    """
    newest, known = store.institutions[iss].newest, store.statuses.get(iss)
    data = None if newest.final else source.find(SNAPSHOT_FILE, MAX_SNAPSHOT)
    if data is None or (known is not None and data == known.files.snapshot):
        return store
    settled = store.institutions[iss].settled
    named = open_snapshot(data, newest, known, at, settled=settled)
    wanted = _Wanted(source, _by_digest(known))
    lists = tuple(
        wanted.take(list_file(number), one, MAX_STATUS_LIST)
        for number, one in enumerate(named.lists, 1)
    )
    reasons = named.reasons and wanted.take(REASONS_FILE, named.reasons, MAX_REASONS_FILE)
    return store.update(iss, StatusFiles(data, lists, reasons or None), at)


def take_landmarks(store: TrustStore, iss: str, source: Source) -> TrustStore:
    """The store with the landmarks of each log that the newest manifest names, as far as a source
    has those that are not known.

    Raises what the source and ``TrustStore.add_landmarks`` raise.
    """
    for log in store.institutions[iss].newest.logs:
        if not _has_landmarks(store, iss, log):
            name = f"{log_folder(iss, log.origin)}/landmarks/{log.landmarks.count}"
            data = source.find(name, MAX_LANDMARKS_FILE)
            if data is not None:
                store = store.add_landmarks(iss, log.origin, data)
    return store


def require_landmarks(store: TrustStore, iss: str) -> None:
    """Raises MalformedError if landmarks that the newest manifest names are not at hand."""
    for log in store.institutions[iss].newest.logs:
        if not _has_landmarks(store, iss, log):
            message = (
                "the manifest names landmarks of the log that are not here, without which proofs "
                "cannot be checked; try another source"
            )
            raise MalformedError("status-incomplete", message, where=log.origin)


def _has_landmarks(store: TrustStore, iss: str, log: LogEntry) -> bool:
    known = store.landmarks.get((iss, log.origin))
    return log.landmarks.count == (len(known.heads) if known else 0)


def require_whole(store: TrustStore, iss: str) -> None:
    """Raises MalformedError if a source does not have what its own snapshot announces, or if the
    institution's keys contradict each other.
    """
    history, status = store.institutions[iss], store.statuses.get(iss)
    if history.forked:
        message = "two manifests of one version are signed; ask the institution"
        raise UndecidedError("trust-fork", message)
    require_landmarks(store, iss)
    if status is not None and status.snapshot.announces_newer(history.newest):
        message = (
            f"keys of version {status.snapshot.manifest.version} are announced, and version "
            f"{history.newest.version} is the newest here; try another source"
        )
        raise MalformedError("manifest-version", message)


class _Wanted(NamedTuple):
    source: Source
    known: dict[str, bytes]

    def take(self, name: str, wanted: str, limit: int) -> bytes:
        """A file with the ``wanted`` digest, or whatever the source has in its place."""
        if wanted in self.known:
            return self.known[wanted]
        found = self.source.find(name, limit)
        if found is None:
            message = "the snapshot names it, and it is not there"
            raise MalformedError("status-incomplete", message, where=name)
        return found


def _by_digest(known: StatusData | None) -> dict[str, bytes]:
    if known is None:
        return {}
    return {digest(file): file for file in (*known.files.lists, known.files.reasons) if file}


def _require_https(scheme: str, host: str | None, address: str) -> None:
    if scheme != "https" and (scheme != "http" or host not in _LOCAL):
        message = "keys are fetched over https only"
        raise ConfigurationError("network", message, where=address)


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect away from https."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The request to follow. Raises ConfigurationError ``network``."""
        parts = urlsplit(newurl)
        _require_https(parts.scheme, parts.hostname, newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str, limit: int) -> bytes:
    opener = urllib.request.build_opener(_HttpsRedirects)
    try:
        with opener.open(url, timeout=_TIMEOUT) as response:
            data: bytes = response.read(limit + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigurationError("network", f"cannot be fetched: {error}", where=url) from error
    except (OSError, ValueError, HTTPException) as error:
        raise ConfigurationError("network", f"cannot be fetched: {error}", where=url) from error
    if len(data) > limit:
        message = f"larger than the {limit} bytes that are read"
        raise MalformedError("too-large", message, where=url)
    return data
