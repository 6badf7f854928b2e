"""The institutions that a verifier has pinned, with all their manifests and newest statuses."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from signedcert.core.jws import MAX_GENERAL, Header
from signedcert.documents.openbadges import CERTIFICATE_TYPES, RECORD_TYPE
from signedcert.errors import (
    ConfigurationError,
    MalformedError,
    Reason,
    SignedCertError,
)
from signedcert.files import read_limited, write_atomic
from signedcert.trust.entries import KeyEntry
from signedcert.trust.history import History, Pin
from signedcert.trust.landmarks import MAX_LANDMARKS_FILE, LandmarkList, vouched_for
from signedcert.trust.logs import log_folder
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.status import SNAPSHOT_FILE, StatusData, StatusFiles

_PIN_FILE = "pin"
_LANDMARKS = "landmarks-"
_MAX_PIN = 128
#: Why what a snapshot key has signed may count no more under a later manifest.
_OVERTAKEN: tuple[Reason, ...] = (
    "key-compromised",
    "key-void",
    "manifest-final",
    "snapshot-manifest",
    "unknown-key",  # it was on the side of a fork that lost
)


class TrustedKey(NamedTuple):
    """An entry of an accepted manifest, and the history that it is from."""

    history: History
    entry: KeyEntry


@dataclass(frozen=True, slots=True)
class TrustStore:
    """What a verifier believes; nothing in it changes, ``add`` returns another one.

    ``institutions`` are the histories by ``iss``, ``statuses`` what is known of their documents'
    statuses, ``landmarks`` the lists of their logs by ``iss`` and origin. On disk it is a directory
    with one folder per institution, holding ``pin``, every accepted manifest, the landmarks and the
    status files; reading it checks them all again.
    """

    institutions: Mapping[str, History] = field(default_factory=dict)
    statuses: Mapping[str, StatusData] = field(default_factory=dict)
    landmarks: Mapping[tuple[str, str], LandmarkList] = field(default_factory=dict)
    _headers: Mapping[bytes, TrustedKey] = field(init=False, repr=False, compare=False)
    _urls: Mapping[str, TrustedKey] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys = [
            TrustedKey(history, entry)
            for history in self.institutions.values()
            for entry in history.newest.keys
        ]
        headers = {
            Header(key.entry.key.algorithm, key.entry.url, typ).segment().encode(): key
            for key in keys
            if key.entry.role == "issue"
            for typ in (*CERTIFICATE_TYPES, RECORD_TYPE)
        }
        object.__setattr__(self, "institutions", MappingProxyType(dict(self.institutions)))
        object.__setattr__(self, "statuses", MappingProxyType(dict(self.statuses)))
        object.__setattr__(self, "landmarks", MappingProxyType(dict(self.landmarks)))
        object.__setattr__(self, "_headers", headers)
        object.__setattr__(self, "_urls", {key.entry.url: key for key in keys})

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (dict(self.institutions), dict(self.statuses), dict(self.landmarks))

    @classmethod
    def empty(cls) -> "TrustStore":
        """A store that trusts nobody."""
        return cls({})

    def add(self, manifests: Iterable[bytes], pin: str | Pin) -> "TrustStore":
        """The store with one institution's manifests, every version from the pinned one on.

        ``pin`` comes from the institution by a way that you trust, not from the file. Versions
        that are known already do no harm, so this also updates. What a snapshot key has said of
        statuses stays, unless a later manifest says that the key is not to be believed any more.
        Raises MalformedError, RejectedError: the first manifest that breaks a rule, and which.
        """
        pinned = Pin.parse(pin) if isinstance(pin, str) else pin
        signed = sorted(
            (SignedManifest.parse(data, "manifest") for data in manifests),
            key=lambda manifest: manifest.unverified.version,
        )
        later = [one for one in signed if one.unverified.version >= pinned.version]
        if not later:
            message = (
                f"no manifest of version {pinned.version}, which the pin names, is among these"
            )
            raise MalformedError("manifest-version", message)
        history = self._history(later[0].unverified.iss, pinned) or History.start(later[0], pinned)
        for one in later:
            try:
                history = history.accept(one)
            except SignedCertError:
                if not history.forked:  # what follows one side of a fork does not fit the other
                    raise
        institutions = {**self.institutions, history.newest.iss: history}
        return TrustStore(institutions, self._statuses_under(history), self._vouched_for(history))

    def _vouched_for(self, history: History) -> dict[tuple[str, str], LandmarkList]:
        """All landmarks, those of this institution only as far as its manifests go: what followed
        the loser of a fork is gone.
        """
        return {
            (iss, origin): known
            for (iss, origin), known in self.landmarks.items()
            if iss != history.newest.iss or vouched_for(history, origin, known.landmarks)
        }

    def add_landmarks(self, iss: str, origin: str, data: bytes) -> "TrustStore":
        """The store with the landmarks of a log: those that its newest manifest names or, which is
        less, an earlier one. A shorter list than the one that is here changes nothing.

        Raises what ``LandmarkList.parse`` raises; MalformedError ``digest-mismatch``: root keys
        have not signed this list; ConfigurationError ``trust-missing``.
        """
        found = LandmarkList.parse(data, f"landmarks of {origin}")
        if not vouched_for(self._trusted(iss), origin, found.landmarks):
            message = "no manifest of this institution vouches for this list"
            raise MalformedError("digest-mismatch", message, where=f"landmarks of {origin}")
        known = self.landmarks.get((iss, origin), LandmarkList())
        if len(found.heads) <= len(known.heads):
            return self
        landmarks = {**self.landmarks, (iss, origin): found}
        return TrustStore(self.institutions, self.statuses, landmarks)

    def _trusted(self, iss: str) -> History:
        history = self.institutions.get(iss)
        if history is None:
            message = "this institution is not trusted here; see: signedcert trust add --help"
            raise ConfigurationError("trust-missing", message, where=iss)
        return history

    def _statuses_under(self, history: History) -> dict[str, StatusData]:
        """All statuses, those of this institution only as far as its newest manifest goes."""
        statuses, newest = dict(self.statuses), history.newest
        known = statuses.get(newest.iss)
        if known is None or newest == self.institutions[newest.iss].newest:
            return statuses
        kept = known.under(newest)
        if kept is None:
            del statuses[newest.iss]
        else:
            statuses[newest.iss] = kept
        return statuses

    def update(self, iss: str, files: StatusFiles, at: datetime) -> "TrustStore":
        """The store with newer statuses of an institution, fetched at the moment ``at``.

        Raises what ``StatusData.load`` raises, and keeps what it has; ConfigurationError
        ``trust-missing`` for an institution that is not in the store.
        """
        history, known = self._trusted(iss), self.statuses.get(iss)
        loaded = StatusData.load(files, history.newest, known, at, settled=history.settled)
        return TrustStore(self.institutions, {**self.statuses, iss: loaded}, self.landmarks)

    def _history(self, iss: str, pin: Pin) -> History | None:
        """The history to go on with, if the institution is known, from this pin or an earlier one.

        Raises MalformedError ``pin-mismatch``: another pin than one of its accepted versions.
        """
        history = self.institutions.get(iss)
        if history is None or any(version.pin == str(pin) for version in history.versions):
            return history
        message = (
            f"{iss} is trusted by another pin already, {history.pin}; if that one is wrong, remove "
            f"the folder {_folder(iss)} of the trust store first"
        )
        raise MalformedError("pin-mismatch", message, where="pin")

    def find_header(self, segment: bytes) -> TrustedKey | None:
        """The issuing key for which a document has exactly this header segment."""
        return self._headers.get(segment)

    def find_key(self, url: str) -> TrustedKey | None:
        """The key with this ``kid`` URL, whatever its role."""
        return self._urls.get(url)

    @classmethod
    def read(cls, path: str | Path) -> "TrustStore":
        """The store in a directory; every manifest is checked again, and every status file, but
        not whether it was from the future when it came.

        Raises ConfigurationError ``trust-missing``; MalformedError, naming the folder.
        """
        directory = Path(path)
        if not directory.is_dir():
            message = "no trust store here; make one with: signedcert trust add"
            raise ConfigurationError("trust-missing", message, where=str(directory))
        store = cls.empty()
        for folder in sorted(directory.iterdir()):
            if (folder / _PIN_FILE).is_file():
                pin, manifests = _read_institution(folder)
                files = StatusFiles.read(folder)
                try:
                    store, iss = _added(store, manifests, pin)
                    store = _with_landmarks(store, iss, folder)
                    store = _restored(store, iss, files)
                except SignedCertError as error:
                    error.where = ": ".join(filter(None, (str(folder), error.where)))
                    raise
        return store

    def write(self, path: str | Path) -> None:
        """Writes the store. The pin last, and the snapshot behind what it names: what is
        half-written is not read.
        """
        for iss, history in self.institutions.items():
            folder = Path(path) / _folder(iss)
            folder.mkdir(parents=True, exist_ok=True)
            files = _files(history)
            stale = [file for file in _manifest_files(folder) if file.name not in files]
            if stale:
                (folder / _PIN_FILE).unlink(missing_ok=True)
            for file in stale:
                file.unlink()
            for name, data in files.items():
                write_atomic(folder / name, data)
            if iss in self.statuses:
                self.statuses[iss].files.write(folder)
            else:
                StatusFiles.remove(folder)
            self._write_landmarks(history, folder)
            write_atomic(folder / _PIN_FILE, f"{history.pin}\n".encode())

    def _write_landmarks(self, history: History, folder: Path) -> None:
        iss = history.newest.iss
        for log in history.newest.logs:
            file = folder / f"{_LANDMARKS}{log_folder(iss, log.origin)}"
            known = self.landmarks.get((iss, log.origin))
            if known is None:
                file.unlink(missing_ok=True)
            else:
                write_atomic(file, known.encode())


def _files(history: History) -> dict[str, bytes]:
    """The manifests by file name. Names sort by version, and of two manifests of one version the
    one that arrived first comes first: what follows it was checked against it.
    """
    files: dict[str, bytes] = {}
    arrived: Counter[int] = Counter()
    for signed in history.evidence:
        manifest = signed.unverified
        name = f"{manifest.version:06d}-{arrived[manifest.version]:03d}-{manifest.digest[:8]}.json"
        arrived[manifest.version] += 1
        files[name] = signed.jws.encode()
    return files


def _read_institution(folder: Path) -> tuple[str, list[bytes]]:
    pin = read_limited(folder / _PIN_FILE, _MAX_PIN).decode("ascii", "replace").strip()
    return pin, [read_limited(file, MAX_GENERAL) for file in _manifest_files(folder)]


def _manifest_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.json") if file.name != SNAPSHOT_FILE)


def _added(store: TrustStore, manifests: list[bytes], pin: str) -> tuple[TrustStore, str]:
    """The store with what a folder holds, and whose it is."""
    added = store.add(manifests, pin)
    (iss,) = (
        iss
        for iss, history in added.institutions.items()
        if any(version.pin == pin for version in history.versions)
    )
    return added, iss


def _with_landmarks(store: TrustStore, iss: str, folder: Path) -> TrustStore:
    """The store with the landmarks in a folder, a file for each log."""
    for log in store.institutions[iss].newest.logs:
        file = folder / f"{_LANDMARKS}{log_folder(iss, log.origin)}"
        if file.is_file():
            data = read_limited(file, MAX_LANDMARKS_FILE)
            store = store.add_landmarks(iss, log.origin, data)
    return store


def _restored(store: TrustStore, iss: str, files: StatusFiles | None) -> TrustStore:
    """The store with status files that were checked before they were written."""
    if files is None:
        return store
    try:
        status = StatusData.parse(files, store.institutions[iss].newest)
    except SignedCertError as error:
        if _is_overtaken(error):
            return store
        raise
    return TrustStore(store.institutions, {**store.statuses, iss: status}, store.landmarks)


def _is_overtaken(error: SignedCertError) -> bool:
    return error.reason in _OVERTAKEN or getattr(error, "detail", "") == "key-retired"


def _folder(iss: str) -> str:
    """The host, and enough of a digest that no two institutions share a folder."""
    host = iss.removeprefix("https://").replace(":", "-")[:80]
    return f"{host}-{hashlib.sha256(iss.encode()).hexdigest()[:8]}"
