"""A proposal that settles a fork: what it brings, what it says, and who may sign it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from signedcert.custody.fork import Fork
from signedcert.custody.holders import HolderKeys, next_of
from signedcert.custody.proposal import Proposal, altered_page
from signedcert.custody.review import Note, Notes, review
from signedcert.errors import MalformedError, Reason, RejectedError, UndecidedError
from signedcert.trust.changes import change_state, rename, rotate_root, settling, successor
from signedcert.trust.history import History, Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.store import TrustStore
from tests.core.refusal import refused
from tests.custody.guild import guild, signed_by
from tests.custody.test_proposal import AT, FIRST, accepted, known
from tests.trust.house import ISS

BASE = History.start(guild().first, Pin.parse(guild().pin))
#: The institution's own versions 2 and 3, and a thief's version 2.
OWN = accepted(rename(successor(FIRST, at=AT), "Own"), 0, 1)
THIRD = accepted(
    change_state(successor(OWN.unverified, at=AT), FIRST.keys[1].url, "void", at=AT), 1, 2
)
THEFT = accepted(rename(successor(FIRST, at=AT), "Mallory"), 0, 2)
FORK = Fork((OWN, THIRD), THEFT)
NEW = [HolderKeys.follow(one.holder) for one in guild().keys]


def rotated(draft: KeyManifest, keys: list[HolderKeys] = NEW) -> KeyManifest:
    """The draft with the announced root, and next keys that have just been made."""
    publics = [key for one in guild().keys for key in one.holder.next]
    return rotate_root(draft, publics, next_of([one.holder for one in keys], 2))


SETTLED = rotated(settling(FIRST, THIRD.unverified, at=AT + timedelta(days=1)))


def proposal(
    manifest: KeyManifest = SETTLED, fork: Fork | None = FORK, *earlier: SignedManifest
) -> Proposal:
    """As the home would make it."""
    holders = tuple(one.holder for one in (*NEW, *guild().keys))
    return Proposal(manifest, (guild().first, *earlier), holders, fork)


def signed(manifest: KeyManifest = SETTLED) -> SignedManifest:
    """By the old root and the new."""
    old = [key for one in guild().keys[:2] for key in one.root]
    return signed_by(manifest, *old, *(key for one in guild().keys[1:] for key in one.next))


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """What this holder has signed: the institution's own versions."""
    found = Notes(tmp_path / "trust" / "signed")
    found.add(OWN.unverified, FIRST)
    found.add(THIRD.unverified, OWN.unverified)
    return found


# what it brings


def test_a_proposal_that_settles_is_read_as_it_was_written(tmp_path: Path) -> None:
    for name, fork in (("own", FORK), ("none", Fork((), THEFT))):
        one = proposal(fork=fork)
        one.write(tmp_path / name)
        assert Proposal.read(tmp_path / name) == one
        assert not altered_page(tmp_path / name, one.page(FIRST))
    (tmp_path / "own" / "fork" / "other.json").write_bytes(b"{}")
    with refused("member-missing"):
        Proposal.read(tmp_path / "own")
    assert FORK.to_json() == {
        "own": [OWN.unverified.pin, THIRD.unverified.pin],
        "other": THEFT.unverified.pin,
    }


def test_it_wins_where_it_arrives() -> None:
    for journey in ((OWN, THIRD), (THEFT,), (OWN, THEFT, THIRD), (THEFT, OWN), ()):
        store = known(*journey).add([signed().jws.encode()], guild().pin)
        assert store.institutions[ISS].newest == SETTLED
        assert not store.institutions[ISS].forked


LATE = accepted(rename(successor(OWN.unverified, at=AT), "Mallory"), 0, 2)
FORGED = signed_by(rename(successor(FIRST, at=AT), "Mallory"), *guild().keys[0].root)
NOT_A_FORK: dict[str, tuple[Fork, Reason, type[Exception]]] = {
    "one holder's keys alone": (Fork((OWN,), FORGED), "key-not-authorised", RejectedError),
    "the same manifest twice": (Fork((OWN,), OWN), "trust-fork", UndecidedError),
    "another version": (Fork((OWN,), THIRD), "trust-fork", UndecidedError),
    "a fork of a later version": (Fork((OWN, THIRD), LATE), "trust-fork", UndecidedError),
    "a version is left out": (Fork((THIRD,), THEFT), "manifest-version", MalformedError),
    "one that rotates": (Fork((OWN,), signed(rename(SETTLED, "X"))), "trust-fork", UndecidedError),
    "an own one that rotates": (
        Fork((signed(rename(SETTLED, "X")),), THEFT),
        "trust-fork",
        UndecidedError,
    ),
    "versions before": (Fork((guild().first,), THEFT), "trust-fork", UndecidedError),
}


@pytest.mark.parametrize("name", NOT_A_FORK)
def test_what_is_shown_has_to_be_a_fork_and_settled(name: str, notes: Notes) -> None:
    fork, reason, kind = NOT_A_FORK[name]
    for check in (
        lambda: fork.check(BASE, SETTLED),
        lambda: review(proposal(fork=fork), known(), notes, None),
    ):
        with pytest.raises(kind) as caught:
            check()
        assert getattr(caught.value, "reason", "") == reason


def test_a_version_that_only_others_have_made_is_settled_likewise() -> None:
    Fork((), THEFT).check(BASE, SETTLED)
    with refused("trust-fork", "version 2", UndecidedError):
        Fork((), THEFT).check(BASE, successor(FIRST, at=AT))


# what it says


def test_the_page_says_what_it_settles_why_it_wins_and_what_to_check() -> None:
    page = proposal().page(FIRST)
    for part in (
        "Two manifests of version 2 are signed by enough root keys",
        f"the institution's own, with the pin `{OWN.unverified.pin}`",
        f"another one, with the pin `{THEFT.unverified.pin}`",
        f"the place of both, and of version 3 (`{THIRD.unverified.pin}`) of the institution",
        "it alone rotates into the root keys that were announced as next by\nversion 1",
        "You have not signed the other one",
        "Of two that rotate, neither wins",
        "## What changes from version 3, which is given up\n\nNothing but the root keys",
        "## What changes from version 1\n",
        "NEW ROOT",
    ):
        assert part in page
    assert "Mallory" not in page


def test_the_page_says_what_would_go_back() -> None:
    """Whoever has the home, and no root key, might use a fork to bring a void key back."""
    page = proposal(rotated(settling(FIRST, OWN.unverified, at=AT))).page(FIRST)
    assert f"{FIRST.keys[1].key.thumbprint} goes from void to pre-published" in page
    assert "IT GOES BACK" in page


def test_the_page_says_that_the_institution_has_made_none() -> None:
    page = proposal(fork=Fork((), THEFT)).page(FIRST)
    assert "The institution has made no version 2. Yet enough root keys have signed" in page
    assert "This one takes its place as version 2." in page
    assert "which is given up" not in page


# who may sign it


JOURNEYS = {
    "the institution's own": (OWN, THIRD),
    "a part of them": (OWN,),
    "the other one": (THEFT,),
    "both": (OWN, THIRD, THEFT),
    "both, the other one first": (THEFT, OWN),
    "none of them": (),
}


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_holder_signs_it_whatever_is_known_of_the_version(name: str, notes: Notes) -> None:
    reviewed = review(proposal(), known(*JOURNEYS[name]), notes, None)
    assert reviewed.before == FIRST
    assert reviewed.store == known(*JOURNEYS[name])


def test_so_does_one_who_knows_the_other_one_where_the_institution_has_none(
    tmp_path: Path,
) -> None:
    nothing = Notes(tmp_path / "signed")
    for store in (known(), known(THEFT)):
        reviewed = review(proposal(fork=Fork((), THEFT)), store, nothing, None)
        assert reviewed.before == FIRST


def test_without_evidence_a_known_version_is_not_replaced(tmp_path: Path) -> None:
    nothing = Notes(tmp_path / "signed")
    for store in (known(OWN), known(THEFT), known(OWN, THEFT)):
        with refused("trust-fork", "version 2", UndecidedError):
            review(proposal(fork=None), store, nothing, None)


def test_nor_by_what_does_not_rotate(notes: Notes) -> None:
    plain = settling(FIRST, THIRD.unverified, at=AT)
    for store in (known(OWN), known(THEFT), known(OWN, THEFT), known()):
        with refused("trust-fork", "version 2", UndecidedError):
            review(proposal(plain), store, notes, None)


def test_nor_where_an_earlier_fork_is_left(notes: Notes) -> None:
    fourth = rotated(successor(THIRD.unverified, at=AT))
    with refused("trust-fork", "version 2", UndecidedError):
        review(proposal(fourth, None, OWN, THIRD), known(OWN, THIRD, THEFT), notes, None)


def test_a_second_one_that_settles_is_not_signed_in_passing(notes: Notes) -> None:
    """Of two that rotate, neither wins: that could never be settled."""
    notes.add(SETTLED, FIRST)
    review(proposal(), known(OWN), notes, None)
    other = proposal(rename(SETTLED, "Other"))
    with refused("trust-fork", "version 2", UndecidedError):
        review(other, known(OWN), notes, None)
    assert review(other, known(OWN), notes, None, instead=True).before == FIRST
    with refused("trust-fork", "version 2", UndecidedError):
        review(other, known(OWN).add([signed().jws.encode()], guild().pin), notes, None)


def test_who_has_signed_what_is_called_the_other_one_is_stopped(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "signed")
    notes.add(THEFT.unverified, FIRST)
    for fork in (FORK, Fork((), THEFT)):
        with refused("trust-fork", "version 2", UndecidedError):
            review(proposal(fork=fork), known(), notes, None)


def test_what_was_signed_of_a_version_that_lost_stops_nobody(notes: Notes) -> None:
    following = rename(successor(SETTLED, at=AT), "Later")
    after = proposal(following, None, signed())
    for store in (known(OWN, THIRD), known(OWN), known()):
        reviewed = review(after, store, notes, None)
        assert reviewed.before == SETTLED
        assert reviewed.store.institutions[ISS].newest == SETTLED


def test_what_was_signed_of_the_version_that_won_counts(notes: Notes) -> None:
    notes.add(SETTLED, FIRST)
    notes.add(rename(successor(SETTLED, at=AT), "Later"), SETTLED)
    other = proposal(rename(successor(SETTLED, at=AT), "Other"), None, signed())
    with refused("trust-fork", "version 3", UndecidedError):
        review(other, known(OWN, THIRD), notes, None)


def test_a_note_is_read_as_it_was_written(notes: Notes) -> None:
    second = Note(Pin.parse(OWN.unverified.pin), Pin.parse(FIRST.pin))
    assert notes.find(ISS, 2) == second
    assert Note.parse(str(second)) == second
    notes.add(FIRST, None)
    assert notes.find(ISS, 1) == Note(Pin.parse(FIRST.pin), None)
    assert notes.find(ISS, 9) is None
    for path in notes.directory.glob("*-000002"):
        path.write_text(f"{OWN.unverified.pin}\nx\n", encoding="ascii")
    with refused("wrong-value", "pin"):
        notes.find(ISS, 2)


def test_a_holder_of_an_unknown_institution_needs_its_pin_here_too(notes: Notes) -> None:
    with refused("unknown-issuer", ISS, UndecidedError):
        review(proposal(), TrustStore.empty(), notes, None)
    reviewed = review(proposal(), TrustStore.empty(), notes, Pin.parse(guild().pin))
    assert reviewed.before == FIRST


def test_what_breaks_a_rule_is_refused_for_it(notes: Notes) -> None:
    with refused("manifest-key-missing", "version 2"):
        review(proposal(replace(SETTLED, keys=())), known(OWN), notes, None)
