"""An institution is set up: its issuing key, its home, and manifest 1."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from signedcert.core.encoding import whole_seconds
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.custody.ceremony import require_apart, sign_manifest
from signedcert.custody.holders import (
    Holder,
    HolderKeys,
    next_of,
    require_threshold,
    root_of,
)
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal
from signedcert.custody.signer import opened_by, prove_signer
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.home import Home, NewKey
from signedcert.log.keys import new_log_keys
from signedcert.trust.changes import FRESH, add_key, add_log
from signedcert.trust.manifest import KeyManifest


@dataclass(frozen=True, slots=True)
class Founding:
    """What an institution begins with. The issuing key is made here, unless ``signer`` is the URI
    of one that has it; ``pin`` opens that if it is in a token. ``passphrase`` encrypts, and opens,
    what is in files.
    """

    name: str
    url: str
    passphrase: str = field(repr=False)
    at: datetime
    algorithm: Algorithm | None = None
    signer: str | None = None
    pin: str = field(default="", repr=False)

    def issuing_key(self, home: Path) -> tuple[PublicKey, NewKey | str]:
        """Makes the issuing key, or opens its signer and lets it sign something; and what the home
        has to keep of it.

        Raises what ``prove_signer`` does; ConfigurationError ``setting-invalid``: the signer has a
        key of another algorithm.
        """
        if self.signer is None:
            key = PrivateKey.generate(self.algorithm or "ES256")
            return key.public_key, NewKey(key, self.passphrase)
        secret = self.pin if opened_by(self.signer) == "PIN" else self.passphrase
        public = prove_signer(self.signer, home, secret)
        if self.algorithm not in (None, public.algorithm):
            message = f"the signer has a key for {public.algorithm}, not for {self.algorithm}"
            raise ConfigurationError("setting-invalid", message, where="algorithm")
        return public, self.signer

    def keep(self, keys: Sequence[PrivateKey]) -> tuple[NewKey, ...]:
        """Keys that the home has to keep in files, wherever its issuing key is."""
        return tuple(NewKey(key, self.passphrase) for key in keys)


def holder_folder(root: Path, number: int) -> Path:
    """Where the keys of one root holder go, until that holder takes them."""
    return root / f"holder-{number}"


def found_with_roots(
    home: Path,
    root: Path,
    founding: Founding,
    root_passphrase: str | None,
    *,
    holders: int,
    threshold: int | None,
) -> None:
    """Makes the root keys here, one folder in ``root`` for each holder, and the home, which can
    issue at once. Without a passphrase of their own, root keys have that of the home's keys.

    Raises ConfigurationError: ``home-exists``, ``root-inside-home``, ``setting-invalid``,
    ``passphrase-missing``, ``key-file``. Then, after all that can be told without a signer's PIN,
    what ``Founding.issuing_key`` does, and what ``add_key`` does for a key that may not issue.
    Whatever it raises, nothing new is left.
    """
    needed = require_threshold(holders, threshold)
    secret = founding.passphrase if root_passphrase is None else root_passphrase
    _require_passphrases(founding, secret)
    Home.require_free(home)
    require_apart(root, home)
    folders = [holder_folder(root, number) for number in range(1, holders + 1)]
    for folder in folders:
        HolderKeys.require_free(folder)
    keys = [HolderKeys.generate(f"Root holder {number}") for number in range(1, holders + 1)]
    people = tuple(one.holder for one in keys)
    log = new_log_keys()
    manifest, issuing = _first(founding, home, people, needed, log)
    signed = sign_manifest(manifest, [key for one in keys for key in one.root])
    written: list[Path] = []
    try:
        for one, folder in zip(keys, folders, strict=True):
            written += one.write(folder, secret)
        Home.write(home, signed, issuing, people, log=founding.keep(log))
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        _remove_empty(folders)
        raise


def found_with_holders(
    home: Path,
    directory: Path,
    founding: Founding,
    holders: Sequence[Holder],
    threshold: int | None,
) -> Proposal:
    """Makes the home, and in ``directory`` a proposal of version 1: the holders have made their
    keys elsewhere, and sign it there. Until it is assembled, the home cannot issue.

    Raises as ``found_with_roots`` does; ConfigurationError ``proposal-invalid``. Nothing was
    written then.
    """
    people = tuple(holders)
    needed = require_threshold(len(people), threshold)
    _require_passphrases(founding)
    Home.require_free(home)
    require_apart(directory, home)
    Proposal.require_free(directory)
    log = new_log_keys()
    manifest, issuing = _first(founding, home, people, needed, log)
    proposal = Proposal(manifest, (), people)
    proposal.write(directory)
    try:
        Home.write(home, manifest, issuing, people, log=founding.keep(log))
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return proposal


def _require_passphrases(founding: Founding, *others: str) -> None:
    """Never a PIN: a token counts wrong ones, and with a file one may go on guessing."""
    passphrases = founding.passphrase, *others
    if not all(passphrases):
        raise ConfigurationError("passphrase-missing", "the passphrase is empty")
    if founding.pin in passphrases:
        message = "keys in files need another passphrase than the PIN of the token"
        raise ConfigurationError("passphrase-missing", message)


def _first(
    founding: Founding,
    home: Path,
    holders: Sequence[Holder],
    threshold: int,
    log: Sequence[PrivateKey],
) -> tuple[KeyManifest, NewKey | str]:
    """Manifest 1, without signatures, and what the home keeps of its issuing key. What is issued is
    logged from the first day.
    """
    draft = _draft(founding, holders, threshold)
    draft = add_log(draft, tuple(key.public_key for key in log))
    key, issuing = founding.issuing_key(home)
    return add_key(draft, key, at=founding.at, state="active"), issuing


def _draft(founding: Founding, holders: Sequence[Holder], threshold: int) -> KeyManifest:
    """Manifest 1 before it has keys. Raises ConfigurationError ``setting-invalid``."""
    issued = whole_seconds(founding.at, "at")
    manifest = KeyManifest(
        iss=founding.url,
        name=founding.name,
        version=1,
        issued=issued,
        expires=issued + FRESH,
        root=root_of(holders, threshold),
        next=next_of(holders, threshold),
        keys=(),
    )
    try:
        return KeyManifest.parse(manifest.encode())
    except MalformedError as error:
        field = error.where.removeprefix("manifest.").replace("iss", "url")
        raise ConfigurationError("setting-invalid", error.message, where=field) from error


def _remove_empty(directories: Iterable[Path]) -> None:
    """Folders of holders that were made for nothing."""
    for directory in directories:
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
