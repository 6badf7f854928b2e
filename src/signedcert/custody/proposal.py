"""A proposal: the next manifest, not signed yet, as a directory that root holders pass around.

``payload.json`` is what will be signed, to the byte; ``manifests/`` has every earlier version,
``holders/`` the holders' public files, ``signatures/`` what has been signed so far, ``log/`` what
the log has grown by, and ``fork/``, if it settles one, what is given up for it. ``CHANGES.md`` is
for people, and never believed: it is made again from the payload wherever it matters.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from signedcert.core.jws import MAX_GENERAL
from signedcert.custody.fork import Fork
from signedcert.custody.growth import Growth
from signedcert.custody.holders import Holder
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited, write_atomic
from signedcert.trust.describe import describe
from signedcert.trust.entries import RootGroup
from signedcert.trust.logs import log_folder
from signedcert.trust.manifest import KeyManifest, SignedManifest

PAGE = "CHANGES.md"
_PAYLOAD = "payload.json"
_MANIFESTS = "manifests"
_HOLDERS = "holders"
_SIGNATURES = "signatures"
_FORK = "fork"
_MAX_PAGE = 1024 * 1024
_UNNAMED = "a holder whose name is not known here"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A manifest that asks to be signed. Nothing in it is trusted for being in it: ``earlier``
    are the versions before as they arrived, ``holders`` say names that nobody has signed, ``fork``
    is what it says it settles, ``growths`` what it says the logs have grown by.
    """

    manifest: KeyManifest
    earlier: tuple[SignedManifest, ...] = ()
    holders: tuple[Holder, ...] = ()
    fork: Fork | None = None
    growths: tuple[Growth, ...] = ()

    @property
    def before(self) -> KeyManifest | None:
        """The version before, as it is in here; None for the first."""
        return self.earlier[-1].unverified if self.earlier else None

    @property
    def names(self) -> dict[str, str]:
        """The holders' names by the thumbprints of their root keys."""
        return {
            key.thumbprint: holder.name
            for holder in self.holders
            for key in (*holder.root, *holder.next)
        }

    def page(self, before: KeyManifest | None) -> str:
        """What changes from ``before``, entry by entry, why, and who has to sign."""
        return "\n".join(_page(self, before))

    @staticmethod
    def require_free(directory: Path) -> None:
        """Raises ConfigurationError ``proposal-invalid``: something is there already."""
        if directory.exists():
            message = "something is here already; a proposal goes into a new directory"
            raise ConfigurationError("proposal-invalid", message, where=str(directory))

    def write(self, directory: Path) -> None:
        """Writes the proposal into a new directory, which appears whole or not at all. Raises as
        ``require_free`` does.
        """
        self.require_free(directory)
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
        try:
            self._fill(new)
            new.chmod(0o755)  # there is nothing secret in it
            new.rename(directory)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _fill(self, directory: Path) -> None:
        for name in (_MANIFESTS, _HOLDERS, _SIGNATURES):
            (directory / name).mkdir()
        write_atomic(directory / _PAYLOAD, self.manifest.encode())
        write_atomic(directory / PAGE, self.page(self.before).encode())
        for signed in self.earlier:
            path = directory / _MANIFESTS / f"{signed.unverified.version}.json"
            write_atomic(path, signed.jws.encode())
        write_holders(directory / _HOLDERS, self.holders)
        for growth in self.growths:
            folder = directory / self._folder(growth.origin)
            folder.mkdir()
            growth.write(folder)
        if self.fork is not None:
            (directory / _FORK).mkdir()
            self.fork.write(directory / _FORK)

    @classmethod
    def read(cls, directory: Path) -> "Proposal":
        """The proposal in a directory; no signature was looked at.

        Raises ConfigurationError ``proposal-invalid``: not the form of one; MalformedError for a
        payload, a manifest or a holder file that is damaged.
        """
        path = directory / _PAYLOAD
        if not path.is_file():
            message = f"no proposal here: it would have a file {_PAYLOAD}"
            raise ConfigurationError("proposal-invalid", message, where=str(directory))
        manifest = KeyManifest.parse(read_limited(path, MAX_GENERAL), str(path))
        earlier = [
            SignedManifest.parse(read_limited(file, MAX_GENERAL), str(file))
            for file in (directory / _MANIFESTS).glob("*.json")
        ]
        earlier.sort(key=lambda one: one.unverified.version)
        holders, fork = read_holders(directory / _HOLDERS), Fork.read(directory / _FORK)
        proposal = cls(manifest, tuple(earlier), holders, fork)
        return replace(proposal, growths=tuple(proposal._read_growths(directory)))

    def _read_growths(self, directory: Path) -> Iterator[Growth]:
        before = {log.origin: log for log in self.before.logs} if self.before else {}
        for log in self.manifest.logs:
            folder = directory / self._folder(log.origin)
            if folder.is_dir():
                yield Growth.read(folder, log.origin, before.get(log.origin))

    def _folder(self, origin: str) -> str:
        """The name of a log's folder. Those that a manifest has accepted have one."""
        return log_folder(self.manifest.iss, origin) or "log"


def altered_page(directory: Path, page: str) -> bool:
    """Whether the page that came with a proposal says something else than ``page``."""
    try:
        return read_limited(directory / PAGE, _MAX_PAGE) != page.encode()
    except MalformedError:
        return True


def write_signature(directory: Path, signed: SignedManifest) -> Path:
    """Puts one key's signature into a proposal, in the place of an earlier one of this key."""
    (signature,) = signed.jws.signatures
    name = f"{signature.header.alg.lower()}-{(signature.header.kid or '')[:8]}.json"
    path = directory / _SIGNATURES / name
    path.parent.mkdir(exist_ok=True)
    write_atomic(path, signed.jws.encode())
    return path


def signature_files(directory: Path) -> list[Path]:
    """What is in the place of signatures; anybody may have put it there."""
    return sorted((directory / _SIGNATURES).glob("*.json"))


def write_holders(directory: Path, holders: tuple[Holder, ...]) -> None:
    """One file for each holder, their order kept."""
    for number, holder in enumerate(holders, 1):
        write_atomic(directory / f"{number:02d}.json", holder.encode())


def read_holders(directory: Path) -> tuple[Holder, ...]:
    """The holders in a directory, which need not exist. Raises MalformedError."""
    return tuple(Holder.read(path) for path in sorted(directory.glob("*.json")))


def signing_groups(before: KeyManifest | None, after: KeyManifest) -> tuple[RootGroup, ...]:
    """The root groups that have to sign: the old ones and the new ones, each once."""
    old = () if before is None else before.root
    return old if old == after.root else (*old, *after.root)


def _page(proposal: Proposal, before: KeyManifest | None) -> Iterator[str]:
    after, names = proposal.manifest, proposal.names
    yield f"# Version {after.version} of the keys of {after.name}\n"
    yield f"Address: {after.iss}  "
    if before is None:
        yield "It is the first version: its pin is how everybody will know this institution.  "
    else:
        yield f"It follows version {before.version}, with the pin `{before.pin}`.  "
    yield f"Its own pin: `{after.pin}`\n"
    if before is not None and proposal.fork is not None:
        yield from proposal.fork.page(before, after)
    yield f"## What changes from version {before.version}\n" if before else "## What it says\n"
    for number, change in enumerate(describe(before, after), 1):
        yield f"{number}. {change.what}\n   Why: {change.why}"
    yield "\nEverything else stays as it is.\n" if before else ""
    if proposal.growths:
        yield "## What the logs have grown by\n"
        for growth in proposal.growths:
            yield from growth.page()
        yield ""
    yield "## Who has to sign\n"
    yield "Names are those that the holders' files say; nobody has signed them.\n"
    for number, group in enumerate(signing_groups(before, after), 1):
        yield f"{number}. {group.threshold} of {len(group.keys)}:"
        for key in group.keys:
            yield f"   - {key.algorithm} {key.thumbprint}, {names.get(key.thumbprint, _UNNAMED)}"
    yield "\nEach holder, on their own machine: `signedcert keys sign THIS_FOLDER --key KEYS`\n"
