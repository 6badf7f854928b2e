"""An institution is set up: its issuing key, its home, and manifest 1."""

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from signedcert.core.encoding import whole_seconds
from signedcert.core.keys import Algorithm
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
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.home import Home
from signedcert.log.keys import new_log_keys
from signedcert.trust.changes import FRESH, add_log
from signedcert.trust.entries import KeyEntry, key_url
from signedcert.trust.manifest import KeyManifest


class Founding(NamedTuple):
    """What an institution begins with. ``passphrase`` is that of the issuing key, and of the keys
    of the log.
    """

    name: str
    url: str
    passphrase: str
    at: datetime
    algorithm: Algorithm = "ES256"


def holder_folder(root: Path, number: int) -> Path:
    """Where the keys of one root holder go, until that holder takes them."""
    return root / f"holder-{number}"


def found_with_roots(
    home: Path,
    root: Path,
    founding: Founding,
    root_passphrase: str,
    *,
    holders: int,
    threshold: int | None,
) -> None:
    """Makes the root keys here, one folder in ``root`` for each holder, and the home, which can
    issue at once.

    Raises ConfigurationError: ``home-exists``, ``root-inside-home``, ``setting-invalid``,
    ``passphrase-missing``, ``key-file``. Whatever it raises, nothing new is left.
    """
    needed = require_threshold(holders, threshold)
    _require_passphrases(founding.passphrase, root_passphrase)
    Home.require_free(home)
    require_apart(root, home)
    keys = [HolderKeys.generate(f"Root holder {number}") for number in range(1, holders + 1)]
    people = tuple(one.holder for one in keys)
    issuing, log = PrivateKey.generate(founding.algorithm), new_log_keys()
    manifest = _with_log(_first(founding, issuing, people, needed), log)
    signed = sign_manifest(manifest, [key for one in keys for key in one.root])
    written: list[Path] = []
    try:
        for number, one in enumerate(keys, 1):
            written += one.write(holder_folder(root, number), root_passphrase)
        Home.write(home, signed, issuing, founding.passphrase, people, log=log)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        _remove_empty(holder_folder(root, number) for number in range(1, holders + 1))
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

    Raises ConfigurationError: ``home-exists``, ``setting-invalid``, ``passphrase-missing``,
    ``proposal-invalid``; nothing was written then.
    """
    people = tuple(holders)
    needed = require_threshold(len(people), threshold)
    _require_passphrases(founding.passphrase)
    Home.require_free(home)
    require_apart(directory, home)
    issuing, log = PrivateKey.generate(founding.algorithm), new_log_keys()
    manifest = _with_log(_first(founding, issuing, people, needed), log)
    proposal = Proposal(manifest, (), people)
    proposal.write(directory)
    try:
        Home.write(home, manifest, issuing, founding.passphrase, people, log=log)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return proposal


def _require_passphrases(*passphrases: str) -> None:
    if not all(passphrases):
        raise ConfigurationError("passphrase-missing", "the passphrase is empty")


def _first(
    founding: Founding, key: PrivateKey, holders: Sequence[Holder], threshold: int
) -> KeyManifest:
    """Manifest 1, without signatures. Raises ConfigurationError ``setting-invalid``."""
    issued = whole_seconds(founding.at, "at")
    entry = KeyEntry(
        key=key.public_key,
        url=key_url(founding.url, key.public_key),
        role="issue",
        state="active",
        since=issued,
    )
    manifest = KeyManifest(
        iss=founding.url,
        name=founding.name,
        version=1,
        issued=issued,
        expires=issued + FRESH,
        root=root_of(holders, threshold),
        next=next_of(holders, threshold),
        keys=(entry,),
    )
    try:
        return KeyManifest.parse(manifest.encode())
    except MalformedError as error:
        field = error.where.removeprefix("manifest.").replace("iss", "url")
        raise ConfigurationError("setting-invalid", error.message, where=field) from error


def _with_log(manifest: KeyManifest, keys: Sequence[PrivateKey]) -> KeyManifest:
    """What is issued is logged from the first day."""
    return add_log(manifest, tuple(key.public_key for key in keys))


def _remove_empty(directories: Iterable[Path]) -> None:
    """Folders of holders that were made for nothing."""
    for directory in directories:
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
