"""A second manifest of a version turns up: the home proposes one that wins, and publishes it in the
place of its own; killed at any moment, it ends where it would have.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from signedcert.ceremonies import assembling
from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.fork import Fork
from signedcert.custody.holders import HolderKeys
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal
from signedcert.errors import ConfigurationError, MalformedError, RejectedError, UndecidedError
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.trust.changes import change_state, rename, successor
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.snapshot import Snapshot
from signedcert.trust.store import TrustStore
from signedcert.verify.verifier import Verifier
from tests.ceremonies.council import (
    DAY,
    enact,
    finish,
    following,
    newest,
    next_keys,
    settle,
    sign,
    theft,
    write,
)
from tests.ceremonies.test_assembling import CrashError, files
from tests.core.refusal import refused
from tests.institution.homes import NOW, URL, Place, issue_one, root_keys


def write_anew(place: Place, wanted: Wanted) -> Path:
    """The proposal of a version of which there was another one."""
    shutil.rmtree(place.home.parent / f"version-{newest(place).version + 1}")
    return write(place, wanted, NOW + 5 * DAY)


@pytest.fixture
def forked(place: Place) -> tuple[Place, SignedManifest]:
    """A home with three versions, statuses and documents, and another version 2."""
    enact(place, Wanted(status_max_age=7 * DAY, snapshot=True, generate="ES256"), NOW)
    enact(place, Wanted(name="Own University"), NOW)
    with place.open() as institution:
        issue_one(institution)
        institution.publish(at=NOW)
    return place, theft(place)


Case = tuple[Place, SignedManifest]


# what is proposed, and published


def test_what_the_home_says_stays_and_what_the_other_one_says_is_not_there(forked: Case) -> None:
    place, other = forked
    own = Home.read(place.home).history().versions[1:]
    directory = settle(place, other)
    proposal = Proposal.read(directory)
    assert [one.unverified.version for one in proposal.earlier] == [1]
    assert proposal.fork is not None
    assert (tuple(one.unverified for one in proposal.fork.own), proposal.fork.other) == (own, other)
    page = (directory / "CHANGES.md").read_text("utf-8")
    assert "You vouch for 1 more head of the log" in page  # of what was issued since
    done = finish(place, directory)
    assert done.given_up == own
    after = newest(place)
    assert after == done.published
    same = {name: getattr(own[-1], name) for name in ("version", "issued", "expires", "logs")}
    assert replace(after, **same, root=own[-1].root, next=own[-1].next) == own[-1]
    assert after.version == 2
    assert {key for group in after.root for key in group.keys} == {
        key.public_key for key in next_keys(place)
    }


def test_the_home_publishes_the_winner_and_keeps_the_others_as_evidence(forked: Case) -> None:
    place, other = forked
    own = [one.jws.encode() for one in Home.read(place.home).history().evidence[1:]]
    done = finish(place, settle(place, other))
    assert done.published is not None
    manifests = place.home / "manifests"
    assert sorted(path.name for path in manifests.iterdir()) == ["1.json", "2.json", "dropped"]
    (dropped,) = (manifests / "dropped").iterdir()
    assert dropped.name == f"2-{done.published.digest[:8]}"
    kept = {path.name: path.read_bytes() for path in dropped.iterdir()}
    assert kept.pop("snapshot.json")
    assert kept == {"2.json": own[0], "3.json": own[1], "other.json": other.jws.encode()}
    with Institution.open(place.home) as institution:
        assert institution.manifest == done.published
        assert len(institution.manifests) == 2


def test_documents_stay_and_more_can_be_issued_and_published(forked: Case) -> None:
    place, other = forked
    with place.open() as institution:
        before = issue_one(institution, learner_id="s-2").bundle
    done = finish(place, settle(place, other))
    assert done.proved is not None
    assert (done.proved.documents, done.proved.given_up) == (2, {})
    assert not (place.home / "published" / "snapshot.json").exists()
    with place.open() as institution:
        after = issue_one(institution, learner_id="s-3").bundle
        institution.publish(at=NOW + 3 * DAY)
        snapshot = Snapshot.parse(
            (place.home / "published" / "snapshot.json").read_bytes(), institution.manifest
        )
        assert snapshot.manifest.version == 2
        assert snapshot.manifest.digest == newest(place).digest
        store = institution.trust
    for document in (before, after):
        assert Verifier(store).verify(document, at=NOW + 4 * DAY).learner


def test_the_next_version_follows_the_winner(forked: Case) -> None:
    place, other = forked
    finish(place, settle(place, other))
    directory = write_anew(place, Wanted(name="Later"))
    sign(directory, root_keys(place))
    assert assemble(Home.read(place.home), directory, at=NOW).published is None
    sign(directory, next_keys(place))
    done = finish(place, directory)
    assert done.published is not None
    assert done.given_up == ()
    with Institution.open(place.home) as institution:
        assert (institution.name, institution.manifest.version) == ("Later", 3)
    with refused("manifest-version", "version 2"):
        finish(place, place.home.parent / "settled")


def test_other_changes_may_be_made_at_once(forked: Case) -> None:
    place, other = forked
    kid = newest(place).keys[-1].key.thumbprint
    done = finish(place, settle(place, other, void=(kid,), name="settled", fresh_for=9 * DAY))
    assert done.published is not None
    assert done.published.keys[-1].state == "void"
    assert done.published.expires == NOW + 12 * DAY


def test_a_version_that_the_home_has_not_made_is_won_likewise(place: Place) -> None:
    other = sign_manifest(rename(successor(newest(place), at=NOW), "Mallory"), root_keys(place))
    done = finish(place, settle(place, other))
    assert done.given_up == ()
    assert newest(place).version == 2
    (dropped,) = (place.home / "manifests" / "dropped").iterdir()
    assert [path.name for path in dropped.iterdir()] == ["other.json"]
    for order in ((1, 2), (2, 1)):
        arrived = {1: other, 2: Home.read(place.home).history().evidence[1]}
        store = TrustStore.empty().add(_manifests(place)[:1], str(_pin(place)))
        for number in order:
            store = store.add([arrived[number].jws.encode()], _pin(place))
        assert store.institutions[URL].newest == newest(place)
        assert not store.institutions[URL].forked


def _manifests(place: Place) -> tuple[bytes, ...]:
    with Institution.open(place.home) as institution:
        return institution.manifests


def _pin(place: Place) -> str:
    return str(Home.read(place.home).history().pin)


@pytest.mark.parametrize("anew", [True, False])
def test_an_old_version_is_settled_by_the_keys_of_its_time(
    place: Place,
    anew: bool,  # noqa: FBT001
) -> None:
    """The root has rotated since, and it was the old one that was stolen. What was announced then
    may be announced again, or other keys.
    """
    enact(place, Wanted(name="Own University"), NOW)
    other = theft(place)
    second = following(place)
    directory = write(place, Wanted(holders=(second.holder,)), NOW)
    sign(directory, [*root_keys(place), *next_keys(place)])
    finish(place, directory)
    assert Home.read(place.home).holders(3) == (second.holder,)
    third = (following(place).holder if anew else second.holder,)
    directory = settle(place, other, holders=third)
    assert "whose name is not known" not in (directory / "CHANGES.md").read_text()
    done = finish(place, directory)
    assert [one.version for one in done.given_up] == [2, 3]
    assert Home.read(place.home).holders(2) == Home.read(place.home).holders(9) == third
    (dropped,) = (place.home / "manifests" / "dropped").iterdir()
    assert (dropped / "holders-3" / "01.json").read_bytes() == second.holder.encode()
    # And the root can rotate again, since the home has the public halves of what was announced.
    last = HolderKeys.follow(third[0])
    directory = write_anew(place, Wanted(holders=(last.holder,)))
    assert Proposal.read(directory).manifest.root[0].keys == third[0].next[:1]


# killed and run again


class Accident(NamedTuple):
    """Kills at the n-th step that changes a file."""

    left: list[int]

    def step(self) -> None:
        """One more."""
        self.left[0] -= 1
        if self.left[0] < 0:
            raise CrashError

    def before(self, step: Callable[..., object]) -> Callable[..., object]:
        """The step, unless it comes to that."""

        def run(*arguments: object, **more: object) -> object:
            self.step()
            return step(*arguments, **more)

        return run


STEPS = ("home.write_atomic", "home.remove", "home.sync_directory", "custody.fork.write_atomic",
         "custody.proposal.write_atomic")  # fmt: skip


def _dangerous(patch: pytest.MonkeyPatch, number: int) -> Accident:
    accident = Accident([number])
    for name in STEPS:
        module, _, function = f"signedcert.{name}".rpartition(".")
        step = getattr(__import__(module, fromlist=[function]), function)
        patch.setattr(f"{module}.{function}", accident.before(step))
    for method in ("rename", "unlink", "mkdir"):
        patch.setattr(Path, method, accident.before(getattr(Path, method)))
    return accident


def _state(home: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(home).items() if ".lock" not in name}


@pytest.fixture
def rotated(place: Place) -> tuple[Place, Path]:
    """A fork of version 2 of four, the root having rotated in version 3, ready to be settled; the
    newest version has activated another issuing key.
    """
    enact(place, Wanted(status_max_age=7 * DAY, snapshot=True, generate="ES256"), NOW)
    other = theft(place)
    directory = write(place, Wanted(holders=(following(place).holder,)), NOW)
    sign(directory, [*root_keys(place), *next_keys(place)])
    finish(place, directory)
    old, new = (one.key.thumbprint for one in newest(place).keys if one.role == "issue")
    directory = write(place, Wanted(activate=(new,), retire=(old,)), NOW)
    sign(directory, next_keys(place))
    finish(place, directory)
    with place.open() as institution:
        issue_one(institution)
        institution.publish(at=NOW)
    return place, settle(place, other)


def test_killed_at_any_moment_it_ends_where_it_would_have(
    rotated: tuple[Place, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, directory = rotated
    whole = place.copy(tmp_path / "whole")
    finish(whole, directory)
    wanted = _state(whole.home)
    number, killed = 0, True
    while killed:
        again = place.copy(tmp_path / str(number))
        with monkeypatch.context() as patch:
            _dangerous(patch, number)
            try:
                finish(again, directory)
                killed = False
            except CrashError:
                pass
        assert Home.read(again.home).history().newest.version in (2, 3, 4)
        done = finish(again, directory)
        assert [one.version for one in done.given_up] == [2, 3, 4]
        assert done.proved == assembling.Proved(1, {})
        assert _without_temporary(_state(again.home)) == wanted
        number += 1
    assert number > 12


def _without_temporary(state: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in state.items() if not Path(name).name.startswith(".")}


# what is refused


def test_a_manifest_that_verifiers_refuse_needs_no_settling(forked: Case) -> None:
    place, other = forked
    home = Home.read(place.home)
    stranger = sign_manifest(other.unverified, [PrivateKey.generate("ES256")])
    with pytest.raises(RejectedError, match="nothing to settle") as caught:
        settle(place, stranger)
    assert caught.value.reason == "key-not-authorised"
    before = home.history().before(2)
    void = change_state(successor(before, at=NOW), before.keys[0].url, "void", at=NOW)
    gone = sign_manifest(replace(void, keys=()), root_keys(place))
    ahead = sign_manifest(replace(other.unverified, version=9), root_keys(place))
    first = sign_manifest(rename(before, "Mallory"), root_keys(place))
    for one, reason in (
        (gone, "manifest-key-missing"),
        (ahead, "manifest-version"),
        (first, "manifest-version"),
    ):
        with pytest.raises(MalformedError, match="an earlier version") as refusal:
            settle(place, one)
        assert refusal.value.reason == reason
    assert not (place.home.parent / "settled").exists()


def test_nor_does_the_institutions_own(forked: Case) -> None:
    place, _ = forked
    for own in Home.read(place.home).history().evidence:
        with refused("proposal-invalid", f"version {own.unverified.version}", ConfigurationError):
            settle(place, own)


def test_nor_one_that_loses_already(forked: Case) -> None:
    place, other = forked
    finish(place, settle(place, other))
    with refused("proposal-invalid", "version 2", ConfigurationError):
        settle(place, other, "again")


def test_against_whoever_has_the_next_keys_too_nothing_wins(forked: Case) -> None:
    place, other = forked
    proposal = Proposal.read(settle(place, other)).manifest
    keys = [*root_keys(place), *next_keys(place)]
    stolen = sign_manifest(rename(proposal, "Mallory"), keys)
    with pytest.raises(UndecidedError, match="no manifest can win against it"):
        settle(place, stolen, "again")
    finish(place, place.home.parent / "settled")
    with pytest.raises(UndecidedError, match="no manifest can win against it"):
        settle(place, stolen, "again")


def test_a_root_that_does_not_rotate_settles_nothing(forked: Case) -> None:
    place, other = forked
    with refused("trust-fork", "version 2", UndecidedError):
        settle(place, other, holders=())


def test_what_the_home_has_published_since_is_not_lost_in_passing(forked: Case) -> None:
    place, other = forked
    directory = settle(place, other)
    enact(place, Wanted(name="Since then"), NOW)
    before = files(place.home)
    with refused("proposal-invalid", "version 2", ConfigurationError):
        finish(place, directory)
    assert files(place.home) == before
    again = settle(place, other, "again")
    assert [one.version for one in finish(place, again).given_up] == [2, 3, 4]
    assert newest(place).name == "Since then"


@pytest.mark.parametrize("change", ["gone", "the other gone", "another other", "an own less"])
def test_a_fork_that_was_changed_on_the_way_publishes_nothing(forked: Case, change: str) -> None:
    place, other = forked
    directory = settle(place, other)
    fork = directory / "fork"
    if change == "another other":
        unsigned = sign_manifest(other.unverified, [PrivateKey.generate("ES256")])
        (fork / "other.json").write_bytes(unsigned.jws.encode())
    elif change == "gone":
        fork.rename(directory / "elsewhere")
    else:
        (fork / ("3.json" if change == "an own less" else "other.json")).unlink()
    before = files(place.home)
    reason, kind, where = (
        ("key-not-authorised", RejectedError, "version 2")
        if change == "another other"
        else ("proposal-invalid", ConfigurationError, "version 2")
    )
    with refused(reason, where, kind):  # type: ignore[arg-type]
        finish(place, directory)
    assert files(place.home) == before


def test_signatures_of_the_new_root_are_waited_for(forked: Case) -> None:
    place, other = forked
    directory = place.home.parent / "settled"
    wanted = Wanted(settle=other, holders=(following(place).holder,))
    propose(Home.read(place.home), directory, wanted, at=NOW)
    before = files(place.home)
    sign(directory, root_keys(place))
    done = assemble(Home.read(place.home), directory, at=NOW)
    assert done.published is None
    assert [tally.lacking for tally in done.merged.tallies] == [0, 0, 1, 1]
    assert files(place.home) == before


def test_the_fork_itself_is_what_the_proposal_brings(forked: Case) -> None:
    place, other = forked
    history = Home.read(place.home).history()
    assert Proposal.read(settle(place, other)).fork == Fork(history.evidence[1:], other)
