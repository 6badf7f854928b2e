"""Documents that are logged, each under a head of its own."""

import shutil
from datetime import timedelta
from pathlib import Path

from signedcert.issue.issuer import Issued
from signedcert.trust.history import History
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LogEntry, log_folder
from signedcert.trust.store import TrustStore
from tests.institution.homes import NOW, URL, Place, certificate

MINUTE = timedelta(minutes=1)


def issue_logged(place: Place, *learners: int) -> list[Issued]:
    """A certificate for each learner, by number: in the minute of that number, and logged in it."""
    with place.open() as institution:
        return [
            institution.issue(
                certificate(f"Learner {'ABCDEFGHIJ'[number]}"),
                learner_id=f"s-{number}",
                run="2026",
                at=NOW + number * MINUTE,
            )
            for number in learners
        ]


def landmarks_file(place: Place, log: LogEntry) -> Path:
    """Where the landmarks that a manifest names are published."""
    folder = place.home / "published" / (log_folder(URL, log.origin) or "")
    return folder / "landmarks" / str(log.landmarks.count)


def follow(place: Place, history: History) -> TrustStore:
    """What a verifier has who knows a history, and the landmarks that it names."""
    store = TrustStore({URL: history})
    for log in history.newest.logs:
        if log.landmarks.count:
            data = landmarks_file(place, log).read_bytes()
            assert LandmarkList.parse(data).landmarks == log.landmarks
            store = store.add_landmarks(URL, log.origin, data)
    return store


def registry_copy(place: Place) -> Path:
    """A backup of the registry, as it is now; nothing is open."""
    return Path(shutil.copy(place.home / "registry.sqlite", place.home.parent / "backup.sqlite"))


def restore(place: Place, backup: Path) -> None:
    """The registry becomes what it was."""
    for leftover in place.home.glob("registry.sqlite-*"):
        leftover.unlink()
    shutil.copy(backup, place.home / "registry.sqlite")
