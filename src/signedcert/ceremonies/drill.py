"""A rehearsal of the day an issuing key is stolen, on a copy of the home."""

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from sqlalchemy import URL

from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.ceremonies.theft import Theft, assess, declare, fallen, write_reissue
from signedcert.errors import ConfigurationError
from signedcert.home import Home
from signedcert.registry.registry import Registry
from signedcert.trust.entries import KeyEntry
from signedcert.trust.logs import log_number

Clock = Callable[[], float]
_KEPT = ("manifests", "holders")
_REGISTRY = "registry.sqlite"


class Timed(NamedTuple):
    """A step of the drill, and the seconds that it took."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Drill:
    """How it went: what would have fallen, how many rows there were to issue anew, and how long
    each step took on this machine.
    """

    theft: Theft
    to_reissue: int
    steps: tuple[Timed, ...]

    @property
    def seconds(self) -> float:
        """From "stolen" to the proposal and the list."""
        return sum(step.seconds for step in self.steps)


def drill(
    home: Home, *, at: datetime, since_size: int | None = None, clock: Clock = perf_counter
) -> Drill:
    """Has the active issuing key be stolen, on a copy of the home: since the log had ``since_size``
    entries, by default since the head before the newest. What the copy was is gone afterwards.

    Raises ConfigurationError ``proposal-invalid``: no issuing key is active, or the log has fewer
    than two heads; what ``assess`` and ``propose`` raise.
    """
    steps: list[Timed] = []

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        begun = clock()
        yield
        steps.append(Timed(what, clock() - begun))

    with tempfile.TemporaryDirectory(prefix="signedcert-drill-") as name:
        directory = Path(name)
        with timed("the home is copied"):
            copy = _copy(home, directory / "home")
        key = _issuing(copy)
        size = _before_newest(copy) if since_size is None else since_size
        with timed("what falls is found"):
            theft = assess(copy, key.key.thumbprint, since_size=size)
        with timed("the proposal is written"):
            passphrase = secrets.token_urlsafe()
            wanted = declare(copy, [theft], Wanted())
            propose(copy, directory / "stolen", wanted, at=at, passphrase=passphrase)
        with timed("the list to issue anew is written"):
            count = write_reissue(directory / "reissue.csv", fallen(copy, theft))
    return Drill(theft, count, tuple(steps))


def _copy(home: Home, path: Path) -> Home:
    """The home without keys and published files. A SQLite file is copied, wherever it is; any
    other registry is read where it is, and nothing that is done here writes to it.
    """
    path.mkdir()
    for name in _KEPT:
        if (home.path / name).is_dir():
            shutil.copytree(home.path / name, path / name)
    url = home.registry_url
    if not isinstance(url, URL):
        return Home(path, home.configuration)
    _copy_sqlite(Path(url.database or ""), path / _REGISTRY)
    registry = {"registry": f"sqlite:///{_REGISTRY}"}
    return Home(path, home.configuration.model_copy(update=registry))


def _copy_sqlite(source: Path, target: Path) -> None:
    # Not read-only: SQLite would leave the files that it makes beside the registry.
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def _issuing(home: Home) -> KeyEntry:
    active = [
        one for one in home.history().newest.keys if (one.role, one.state) == ("issue", "active")
    ]
    if not active:
        message = "no issuing key is active, so none can be stolen"
        raise ConfigurationError("proposal-invalid", message, where=str(home.path))
    return max(active, key=lambda entry: entry.since)


def _before_newest(home: Home) -> int:
    manifest = home.history().newest
    with closing(Registry.open(home.registry_url)) as registry:
        heads = [
            head
            for log in manifest.logs
            if log.state == "active"
            for head in registry.log(log_number(manifest.iss, log.origin)).heads()
            if head.note is not None
        ]
    if len(heads) < 2:
        message = "the log has fewer than two heads; issue something first, or say --since-size"
        raise ConfigurationError("proposal-invalid", message, where="logs")
    return heads[-2].size
