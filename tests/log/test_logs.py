"""An institution's logs, as a manifest, a registry and the published files have them."""

from dataclasses import replace

import pytest

from signedcert.log.log import Logs
from signedcert.log.saved import SavedHead
from signedcert.trust.changes import add_log
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.states import State
from tests.institution.homes import NOW, URL
from tests.log.scribe import Scribe
from tests.reference.logs import new_log_keys
from tests.trust.house import USUAL, manifest

ORIGIN = "learn.example.edu/.well-known/signedcert/log"


def named(scribe: Scribe, *states: State) -> KeyManifest:
    """A manifest with the log, and with more of them."""
    draft = replace(manifest(1, USUAL), iss=URL, logs=(scribe.entry,))
    for _ in states[1:]:
        draft = add_log(draft, tuple(key.public_key for key in new_log_keys()))
    logs = tuple(log._replace(state=state) for log, state in zip(draft.logs, states, strict=True))
    return replace(draft, logs=logs)


def logs(scribe: Scribe, *states: State) -> Logs:
    """What there is of them."""
    return Logs(named(scribe, *(states or ("active",))), scribe.registry, scribe.folder.path.parent)


def known(scribe: Scribe, *sizes: int) -> LandmarkList:
    """Heads, as landmarks."""
    roots = scribe.table.roots()
    return LandmarkList(tuple(Landmark(size, roots[size]) for size in sizes))


@pytest.mark.parametrize(
    ("states", "active"),
    [
        (("active",), ORIGIN),
        (("active", "active"), f"{ORIGIN}-2"),
        (("active", "pre-published"), ORIGIN),
        (("compromised", "active"), f"{ORIGIN}-2"),
        (("retired",), None),
    ],
)
def test_the_newest_active_log_is_written_to(
    scribe: Scribe, states: tuple[State, ...], active: str | None
) -> None:
    opened = logs(scribe, *states).open(SavedHead(scribe.directory / "x"), lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    assert (opened and opened.writer.entry.origin) == active


def test_another_log_has_its_own_number_and_folder(scribe: Scribe) -> None:
    scribe.log(3)
    opened = logs(scribe, "retired", "active").open(scribe.saved, lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    assert opened is not None
    assert opened.checkpoint is None
    assert opened.writer.folder.path.name == "log-2"
    scribe.add(1)
    assert opened.pending == 1


def test_a_log_tells_its_head_and_proves_places(scribe: Scribe) -> None:
    (row,) = scribe.log(1)
    opened = logs(scribe).open(scribe.saved, lambda _: scribe.writer.signer())
    assert opened is not None
    assert opened.checkpoint == scribe.checkpoint
    assert opened.proof(row.code) == scribe.prover.proof(row.code)
    scribe.add(3)
    head = opened.append(NOW)
    assert head is not None
    assert (head.size, opened.pending) == (4, 0)
    scribe.check()


def test_more_than_a_batch_is_logged_under_several_heads(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signedcert.log.log.MOST", 4)
    scribe.add(10)
    opened = logs(scribe).open(scribe.saved, lambda _: scribe.writer.signer())
    assert opened is not None
    opened.append(NOW)
    assert list(scribe.table.roots()) == [4, 8, 10]


# landmarks


def test_landmarks_are_the_published_ones_or_those_of_the_registry(scribe: Scribe) -> None:
    for count in (2, 3, 4):
        scribe.log(count)
    scribe.landmarks = known(scribe, 2, 5)
    assert logs(scribe).landmarks == {ORIGIN: scribe.landmarks}
    scribe.folder.write_landmarks(2, b"damaged")
    assert logs(scribe).landmarks == {ORIGIN: scribe.landmarks}
    scribe.landmarks = known(scribe, 5, 9)  # not the first ones: the registry cannot know
    assert logs(scribe).landmarks == {}
    scribe.folder.write_landmarks(2, scribe.landmarks.encode())
    assert logs(scribe).landmarks == {ORIGIN: scribe.landmarks}


def test_landmarks_of_another_log_are_none(scribe: Scribe) -> None:
    scribe.log(2)
    scribe.folder.write_landmarks(1, known(scribe, 2).encode())
    scribe.landmarks = LandmarkList((Landmark(2, bytes(32)),))
    assert logs(scribe).landmarks == {}


# proofs


@pytest.mark.parametrize(
    ("state", "proven"),
    [
        ("active", 5),
        ("retired", 2),
        ("compromised", 2),
        ("void", 0),
        ("pre-published", 0),
    ],
)
def test_proofs_are_made_as_the_state_of_the_log_allows(
    scribe: Scribe, state: State, proven: int
) -> None:
    rows = [*scribe.log(2), *scribe.log(3)]
    scribe.landmarks = known(scribe, 2)
    found = logs(scribe, state).prover.proofs([row.code for row in rows])
    assert len(found) == proven
