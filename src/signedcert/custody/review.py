"""What a root holder's own machine checks before it signs a proposal, and what it remembers."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from signedcert.core.keys import PublicKey
from signedcert.custody.growth import Growth
from signedcert.custody.holders import HOLDER_FILE, Holder
from signedcert.custody.keyfile import read_public
from signedcert.custody.proposal import Proposal, signing_groups
from signedcert.errors import (
    ConfigurationError,
    MalformedError,
    RejectedError,
    UndecidedError,
)
from signedcert.files import read_limited, write_atomic
from signedcert.trust.history import History, Pin
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import CutOff
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.store import TrustStore

_MAX_NOTE = 256


class Note(NamedTuple):
    """The pin of what was signed, and of the version that it follows; None for the first."""

    pin: Pin
    before: Pin | None

    @classmethod
    def parse(cls, text: str) -> "Note":
        """Raises MalformedError."""
        pin, _, before = text.partition("\n")
        return cls(Pin.parse(pin), Pin.parse(before) if before else None)

    def __str__(self) -> str:
        return "\n".join(str(pin) for pin in self if pin is not None)


@dataclass(frozen=True, slots=True)
class Notes:
    """What this holder has signed, by institution and version: a directory beside what the trust
    store has. So nobody is made to sign two manifests of one version, whether or not either has
    been published.
    """

    directory: Path

    def find(self, iss: str, version: int) -> Note | None:
        """What was signed. Raises MalformedError for a damaged note."""
        path = self._path(iss, version)
        if not path.exists():
            return None
        return Note.parse(read_limited(path, _MAX_NOTE).decode("ascii", "replace").strip())

    def add(self, manifest: KeyManifest, before: KeyManifest | None) -> None:
        """Remembers it, on disk when this returns."""
        self.directory.mkdir(parents=True, exist_ok=True)
        note = Note(Pin.parse(manifest.pin), Pin.parse(before.pin) if before else None)
        write_atomic(self._path(manifest.iss, manifest.version), f"{note}\n".encode())

    def _path(self, iss: str, version: int) -> Path:
        return self.directory / f"{hashlib.sha256(iss.encode()).hexdigest()[:32]}-{version:06d}"


class Reviewed(NamedTuple):
    """A proposal that its rules allow, after all that this holder knows. ``before`` is the version
    that it follows, accepted here; ``store`` what this holder knows now.
    """

    before: KeyManifest | None
    store: TrustStore


def review(
    proposal: Proposal, store: TrustStore, notes: Notes, pin: Pin | None, *, instead: bool = False
) -> Reviewed:
    """Checks a proposal against every manifest that this holder knows, and those that it brings.

    ``instead`` lets pass that this holder has signed another manifest of this version, which must
    never be assembled. Raises MalformedError, RejectedError: the rule that it, or a manifest that
    it brings, breaks; UndecidedError: ``unknown-issuer`` without a pin, ``trust-fork``.
    """
    manifest = proposal.manifest
    noted = None if instead else notes.find(manifest.iss, manifest.version)
    if manifest.version == 1 and manifest.iss not in store.institutions:
        _check_noted(proposal, noted, None)
        _check_first(proposal, pin)
        check_growths(proposal, None)
        return Reviewed(None, store)
    store = _known(proposal, store, _pin(pin, notes.find(manifest.iss, 1)))
    history = store.institutions[manifest.iss]
    history.check_proposal(manifest)
    before = history.before(manifest.version)
    _check_fork(proposal, history)
    _check_noted(proposal, noted, before)
    check_growths(proposal, before, _seen(store, manifest.iss))
    return Reviewed(before, store)


def check_growths(
    proposal: Proposal, before: KeyManifest | None, seen: Iterable[tuple[str, Landmark]] = ()
) -> None:
    """Returns if every landmark and every cut-off that is new follows from what the proposal
    brings; ``seen`` are heads that this machine knows, by the origins of their logs.

    Raises MalformedError, RejectedError: what ``Growth.check`` raises, ``proof-forked`` for a
    cut-off that is no landmark; ConfigurationError ``proposal-invalid``: a log is left out.
    """
    heads = list(seen)
    growths = {growth.origin: growth for growth in proposal.growths}
    old = {log.origin: log for log in before.logs} if before else {}
    for log in proposal.manifest.logs:
        earlier = old.get(log.origin)
        if log.origin in growths:
            known = [head for origin, head in heads if origin == log.origin]
            growths[log.origin].check(earlier, log, known)
        elif log.landmarks != (earlier.landmarks if earlier else LandmarkList().landmarks):
            message = "the proposal does not bring what this log has grown by; propose it anew"
            raise ConfigurationError("proposal-invalid", message, where=log.origin)
    stated = {entry.key: entry.cutoffs for entry in before.keys} if before else {}
    for entry in proposal.manifest.keys:
        for cutoff in entry.cutoffs:
            if cutoff not in stated.get(entry.key, ()):
                _check_cutoff(cutoff, growths.get(cutoff.origin))


def _check_cutoff(cutoff: CutOff, growth: Growth | None) -> None:
    root = None if growth is None else growth.landmarks.root(cutoff.size)
    if root is None or root.hex() != cutoff.root:
        message = f"the cut-off at {cutoff.size} entries is none of the landmarks; sign nothing"
        raise RejectedError("proof-forked", message, where=f"log {cutoff.origin}")


def _seen(store: TrustStore, iss: str) -> Iterator[tuple[str, Landmark]]:
    """The heads that this holder's machine has: landmarks, and what the last snapshot named."""
    for (issuer, origin), known in store.landmarks.items():
        if issuer == iss:
            yield from ((origin, head) for head in known.heads)


def _check_noted(proposal: Proposal, noted: Note | None, before: KeyManifest | None) -> None:
    """What was signed before may be this one, or be given up for it as the institution's own, or
    have followed a version that has lost a fork since.
    """
    if noted is None or noted.pin == Pin.parse(proposal.manifest.pin):
        return
    if before and noted.before and noted.before != Pin.parse(before.pin):
        return
    if proposal.fork and str(noted.pin) in {one.unverified.pin for one in proposal.fork.own}:
        return
    message = (
        f"you have signed another manifest of this version, with the pin {noted.pin}; if that one "
        "was given up and will never be assembled, say so: --instead"
    )
    raise UndecidedError("trust-fork", message, where=f"version {noted.pin.version}")


def _check_fork(proposal: Proposal, history: History) -> None:
    """A known version is replaced only where a fork is shown, and what is shown is verified."""
    manifest = proposal.manifest
    if proposal.fork is not None:
        proposal.fork.check(history.until(manifest.version - 1), manifest)
    elif history.settles(manifest):
        known = history.before(manifest.version + 1)
        message = (
            f"another manifest of this version is known, with the pin {known.pin}; if that is not "
            "the institution's, it says so with: signedcert keys propose --settle"
        )
        raise UndecidedError("trust-fork", message, where=f"version {manifest.version}")


def _check_first(proposal: Proposal, pin: Pin | None) -> None:
    manifest = proposal.manifest
    if proposal.earlier:
        message = "a first version follows no other"
        raise MalformedError("manifest-version", message, where="version 1")
    if pin not in (None, Pin.parse(manifest.pin)):
        message = f"its pin is {manifest.pin}, not {pin}"
        raise MalformedError("pin-mismatch", message, where="pin")


def _pin(given: Pin | None, noted: Note | None) -> Pin | None:
    """The pin that was given, or that of the first version, if this holder has signed it."""
    signed = noted and noted.pin
    if given is not None and signed is not None and given.version == 1 and given != signed:
        message = f"you have signed a first version with the pin {signed}, not {given}"
        raise MalformedError("pin-mismatch", message, where="pin")
    return given or signed


def _known(proposal: Proposal, store: TrustStore, pin: Pin | None) -> TrustStore:
    """The store with the manifests that the proposal brings."""
    iss = proposal.manifest.iss
    history = store.institutions.get(iss)
    if pin is None and history is not None:
        pin = history.pin
    if pin is None:
        message = (
            "not known on this machine; give the pin that you wrote down when you signed "
            "its first version: --pin PIN"
        )
        raise UndecidedError("unknown-issuer", message, where=iss)
    if any(signed.unverified.iss != iss for signed in proposal.earlier):
        message = "the earlier versions in this proposal are another institution's"
        raise MalformedError("manifest-issuer", message, where=iss)
    if history is not None and not proposal.earlier:
        return store
    return store.add([signed.jws.encode() for signed in proposal.earlier], pin)


def find_keys(
    paths: Iterable[Path], before: KeyManifest | None, after: KeyManifest
) -> dict[Path, PublicKey]:
    """The key files that sign: those that are named, and of a folder those that can.

    A folder with a holder's file may have none: before a root rotation it has the keys that come
    after. Raises RejectedError ``key-not-authorised``: a named file, a folder, or all of them, have
    no root key that has to sign; MalformedError ``manifest-root-changed``: a holder's file in one
    of the folders states other next keys than the manifest; ConfigurationError ``key-file``.
    """
    roots = {key for group in signing_groups(before, after) for key in group.keys}
    found: dict[Path, PublicKey] = {}
    paths = list(paths)
    for path in paths:
        files = sorted(path.glob("*.key")) if path.is_dir() else [path]
        keys = {file: read_public(file) for file in files}
        usable = {file: key for file, key in keys.items() if key in roots}
        if not usable and not (path / HOLDER_FILE).is_file():
            raise _useless(path)
        found |= usable
    if not found:
        raise _useless(*paths)
    for holder in holders_beside([*paths, *found]):
        _check_holder(holder, after)
    return found


def _useless(*paths: Path) -> RejectedError:
    message = "no root key that has to sign this version; nothing was signed"
    return RejectedError("key-not-authorised", message, where=", ".join(map(str, paths)))


def holders_beside(paths: Iterable[Path]) -> list[Holder]:
    """The holders whose public files lie in these folders, or beside these files."""
    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in paths)
    return [Holder.read(folder) for folder in folders if (folder / HOLDER_FILE).is_file()]


def in_office(holder: Holder, after: KeyManifest) -> bool:
    """Whether a holder's file is the one of its day: its present keys are in the root."""
    present = {key for group in after.root for key in group.keys}
    return not present.isdisjoint(holder.root)


def _check_holder(holder: Holder, after: KeyManifest) -> None:
    """A holder's present keys may not go without the next ones, or others could follow them."""
    announced = {thumbprint for group in after.next for thumbprint in group.thumbprints}
    if not announced or not in_office(holder, after):
        return
    if not announced.issuperset(key.thumbprint for key in holder.next):
        message = "this version names your present root keys, and not the next ones that you made"
        raise MalformedError("manifest-root-changed", message, where=holder.name)
