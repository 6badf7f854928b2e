"""A proposal on its way: from the home to the holders, signed, and brought together again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from signedcert.core.encoding import b64url_encode
from signedcert.custody.holders import HolderKeys, next_of
from signedcert.custody.merging import merge
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal, altered_page
from signedcert.custody.review import Notes, find_keys, review
from signedcert.errors import ConfigurationError, Reason, RejectedError, UndecidedError
from signedcert.trust.changes import change_state, rename, rotate_root, successor
from signedcert.trust.history import Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.store import TrustStore
from tests.core.refusal import refused
from tests.custody.guild import NAMES, Guild, guild, put, signed_by
from tests.trust.house import ISS, manifest

FIRST = guild().first.unverified
AT = FIRST.issued + timedelta(days=40)


def second(name: str = "New Name") -> KeyManifest:
    """A harmless change."""
    return rename(successor(FIRST, at=AT), name)


def roots(*numbers: int) -> list[PrivateKey]:
    """The root keys of these holders."""
    return [key for number in numbers for key in guild().keys[number].root]


def accepted(after: KeyManifest, *numbers: int) -> SignedManifest:
    """With the signatures of these holders."""
    return signed_by(after, *roots(*numbers))


def known(*later: SignedManifest) -> TrustStore:
    """What a holder knows who has seen these."""
    data = [one.jws.encode() for one in (guild().first, *later)]
    return TrustStore.empty().add(data, guild().pin)


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """What this holder has signed: nothing yet."""
    return Notes(tmp_path / "trust" / "signed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A proposal of version 2, nobody has signed it."""
    guild().proposal(second()).write(tmp_path / "version-2")
    return tmp_path / "version-2"


# the directory


def test_a_proposal_is_read_as_it_was_written(folder: Path) -> None:
    read = Proposal.read(folder)
    assert read == guild().proposal(second())
    assert (folder / "payload.json").read_bytes() == second().encode()
    assert read.before == FIRST


def test_the_page_says_what_changes_why_and_who_signs(folder: Path) -> None:
    page = (folder / "CHANGES.md").read_text(encoding="utf-8")
    for part in (*NAMES, "to “New Name”", "Why: The name may change", FIRST.pin, second().pin):
        assert part in page
    for group in FIRST.root:
        for key in group.keys:
            assert key.thumbprint in page
    assert not altered_page(folder, page)
    (folder / "CHANGES.md").write_text(page.replace("New Name", "Old Name"), encoding="utf-8")
    assert altered_page(folder, page)
    (folder / "CHANGES.md").unlink()
    assert altered_page(folder, page)


def test_a_proposal_goes_into_a_new_directory_whole_or_not_at_all(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused("proposal-invalid", str(folder), ConfigurationError):
        guild().proposal(second("Other")).write(folder)
    assert Proposal.read(folder).manifest == second()

    def full(*_: object) -> None:
        message = "No space left on device"
        raise OSError(message)

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr("signedcert.custody.proposal.write_holders", full)
    with pytest.raises(OSError, match="No space left"):
        guild().proposal(second()).write(tmp_path / "other")
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_no_proposal_is_refused(tmp_path: Path, folder: Path) -> None:
    with refused("proposal-invalid", str(tmp_path), ConfigurationError):
        Proposal.read(tmp_path)
    (folder / "holders" / "01.json").write_bytes(b"{}")
    with refused("member-missing"):
        Proposal.read(folder)
    (folder / "payload.json").write_bytes(second().encode() + b" ")
    with refused("not-canonical"):
        Proposal.read(folder)


# what a holder's machine says


def test_a_holder_who_knows_the_version_before_may_sign(notes: Notes) -> None:
    reviewed = review(guild().proposal(second()), known(), notes, None)
    assert reviewed.before == FIRST
    assert reviewed.store == known()


def test_a_holder_who_was_away_for_two_versions_catches_up(notes: Notes) -> None:
    two = accepted(second(), 0, 1)
    three = accepted(rename(successor(second(), at=AT), "Third"), 1, 2)
    after = rename(successor(three.unverified, at=AT), "Fourth")
    reviewed = review(guild().proposal(after, two, three), known(), notes, None)
    assert reviewed.before == three.unverified
    assert [one.version for one in reviewed.store.institutions[ISS].versions] == [1, 2, 3]


def test_versions_that_were_left_out_are_missed(notes: Notes) -> None:
    two = accepted(second(), 0, 1)
    after = rename(successor(replace(two.unverified, version=3), at=AT), "Fourth")
    with refused("manifest-version"):
        review(guild().proposal(after, two), known(), notes, None)


def test_the_versions_that_it_brings_are_checked_too(notes: Notes) -> None:
    two = accepted(second(), 0)
    after = rename(successor(second(), at=AT), "Third")
    with refused("key-not-authorised", kind=RejectedError):
        review(guild().proposal(after, two), known(), notes, None)


def test_an_older_version_than_is_known_is_refused(notes: Notes) -> None:
    two = accepted(second(), 0, 1)
    three = accepted(rename(successor(second(), at=AT), "Third"), 1, 2)
    with refused("trust-fork", "version 2", UndecidedError):
        review(guild().proposal(second("Other")), known(two, three), notes, None)
    with refused("manifest-version", "version 2"):
        review(guild().proposal(second()), known(two, three), notes, None)


def test_a_second_manifest_of_a_version_is_a_fork_in_the_making(notes: Notes) -> None:
    with refused("trust-fork", "version 2", UndecidedError):
        review(guild().proposal(second("Other")), known(accepted(second(), 0, 1)), notes, None)


def test_so_it_is_if_this_holder_has_signed_another_that_nobody_published(notes: Notes) -> None:
    notes.add(second(), FIRST)
    review(guild().proposal(second()), known(), notes, None)
    other = guild().proposal(second("Other"))
    with refused("trust-fork", "version 2", UndecidedError):
        review(other, known(), notes, None)
    assert review(other, known(), notes, None, instead=True).before == FIRST


def test_a_fork_that_a_proposal_brings_is_noticed(notes: Notes) -> None:
    mine, theirs = accepted(second(), 0, 1), accepted(second("Other"), 1, 2)
    after = rename(successor(theirs.unverified, at=AT), "Third")
    with refused("trust-fork", "version 2", UndecidedError):
        review(guild().proposal(after, theirs), known(mine), notes, None)


def test_an_unknown_institution_needs_its_pin(notes: Notes) -> None:
    proposal = guild().proposal(second())
    with refused("unknown-issuer", ISS, UndecidedError):
        review(proposal, TrustStore.empty(), notes, None)
    for wrong in ("1:" + "0" * 64, second().pin):
        with refused("pin-mismatch" if wrong[0] == "1" else "manifest-version"):
            review(proposal, TrustStore.empty(), notes, Pin.parse(wrong))
    reviewed = review(proposal, TrustStore.empty(), notes, Pin.parse(guild().pin))
    assert reviewed.store == known()


def test_whoever_signed_the_first_version_has_its_pin(notes: Notes) -> None:
    notes.add(FIRST, None)
    assert review(guild().proposal(second()), TrustStore.empty(), notes, None).store == known()
    with refused("pin-mismatch", "pin"):
        review(guild().proposal(second()), TrustStore.empty(), notes, Pin(1, "0" * 64))


def test_another_institution_is_not_this_one(notes: Notes) -> None:
    stranger = replace(second(), iss="https://other.example.org", keys=())
    with refused("unknown-issuer", stranger.iss, UndecidedError):
        review(guild().proposal(stranger), known(), notes, None)
    with refused("manifest-issuer"):
        review(guild().proposal(stranger), known(), notes, Pin.parse(guild().pin))


def test_a_first_version_needs_no_pin_and_takes_no_wrong_one(notes: Notes) -> None:
    first = Proposal(FIRST)
    reviewed = review(first, TrustStore.empty(), notes, None)
    assert reviewed.before is None
    assert review(first, TrustStore.empty(), notes, Pin.parse(FIRST.pin)) == reviewed
    with refused("pin-mismatch", "pin"):
        review(first, TrustStore.empty(), notes, Pin(1, "0" * 64))
    with refused("manifest-version", "version 1"):
        review(guild().proposal(FIRST), TrustStore.empty(), notes, None)
    with refused("trust-fork", kind=UndecidedError):
        review(Proposal(rename(FIRST, "Other")), known(), notes, None)
    notes.add(FIRST, None)
    with refused("trust-fork", kind=UndecidedError):
        review(Proposal(rename(FIRST, "Other")), TrustStore.empty(), notes, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: replace(one, next=()), "manifest-root-changed"),
        (lambda one: replace(one, root=manifest(1, dict.fromkeys(("root", "next"), "Z") | {
            "keys": "-", "logs": "-"}).root), "manifest-root-changed"),
        (lambda one: replace(one, keys=()), "manifest-key-missing"),
        (lambda one: change_state(one, one.keys[1].url, "retired", at=AT), "manifest-key-state"),
    ],
)  # fmt: skip
def test_what_the_rules_forbid_is_not_signed(notes: Notes, change: object, reason: Reason) -> None:
    assert callable(change)
    with refused(reason, "version 2"):
        review(guild().proposal(change(second())), known(), notes, None)


def test_the_thief_of_two_next_keys_gets_no_further(notes: Notes) -> None:
    """With the present root keys of nobody, and two of three next ones."""
    stolen = [key for number in (0, 1) for key in guild().keys[number].next]
    loot = [HolderKeys.generate("Mallory").holder]
    publics = [key for one in guild().keys for key in one.holder.next]
    rotated = rotate_root(successor(FIRST, at=AT), publics, next_of(loot, 1))
    review(guild().proposal(rotated), known(), notes, None)  # the rules alone would allow it
    with refused("key-not-authorised", kind=RejectedError):
        known().add([signed_by(rotated, *stolen).jws.encode()], guild().pin)
    plain = successor(FIRST, at=AT)
    with refused("key-not-authorised", kind=RejectedError):
        known().add([signed_by(plain, *stolen).jws.encode()], guild().pin)


# which keys sign


def test_a_folder_gives_the_keys_that_can_sign(folders: list[Path]) -> None:
    found = find_keys([folders[0]], FIRST, second())
    assert sorted(path.name[:5] for path in found) == ["root-", "root-"]
    assert set(found.values()) == set(guild().keys[0].holder.root)
    (one, *_) = found
    assert list(find_keys([one], FIRST, second())) == [one]


def test_a_key_that_has_nothing_to_sign_is_refused(folders: list[Path], tmp_path: Path) -> None:
    following = next(folders[0].glob("next-*.key"))
    for path in (following, tmp_path):
        with refused("key-not-authorised", str(path), RejectedError):
            find_keys([path], FIRST, second())
    with refused("key-file", kind=ConfigurationError):
        find_keys([tmp_path / "missing.key"], FIRST, second())


def test_next_keys_sign_a_rotation(folders: list[Path]) -> None:
    followers = [HolderKeys.follow(one.holder).holder for one in guild().keys]
    publics = [key for one in followers for key in one.root]
    rotated = rotate_root(successor(FIRST, at=AT), publics, next_of(followers, 2))
    assert len(find_keys([folders[0]], FIRST, rotated)) == 4


def test_a_holders_next_keys_may_not_be_exchanged(folders: list[Path]) -> None:
    """The first manifest, with the holders' present keys and next keys of somebody else."""
    others = [HolderKeys.generate("Mallory").holder for _ in range(3)]
    forged = replace(FIRST, next=next_of(others, 2))
    with refused("manifest-root-changed", NAMES[1]):
        find_keys([folders[1]], None, forged)
    assert len(find_keys([folders[1]], None, FIRST)) == 2


def test_nor_may_those_that_a_rotation_announces(folders: list[Path], tmp_path: Path) -> None:
    mine = [HolderKeys.follow(one.holder).holder for one in guild().keys]
    (tmp_path / "holder.json").write_bytes(mine[0].encode())
    publics = [key for one in mine for key in one.root]
    rotated = rotate_root(successor(FIRST, at=AT), publics, next_of(mine, 2))
    assert len(find_keys([folders[0], tmp_path], FIRST, rotated)) == 4
    others = [HolderKeys.generate("Mallory").holder for _ in range(3)]
    forged = replace(rotated, next=next_of(others, 2))
    with refused("manifest-root-changed", NAMES[0]):
        find_keys([folders[0], tmp_path], FIRST, forged)
    with refused("key-not-authorised", str(tmp_path), RejectedError):
        find_keys([tmp_path], FIRST, rotated)


# brought together


def counted(folder: Path) -> list[int]:
    """How many signatures each group lacks."""
    merged = merge(folder, Proposal.read(folder), FIRST)
    assert merged.complete == (not any(tally.lacking for tally in merged.tallies))
    return [tally.lacking for tally in merged.tallies]


def test_signatures_are_counted_by_group_and_missing_people_named(folder: Path) -> None:
    assert counted(folder) == [2, 2]
    put(folder, second(), *roots(0))
    assert counted(folder) == [1, 1]
    (first, _) = merge(folder, Proposal.read(folder), FIRST).tallies
    assert (first.signed, first.unsigned) == (NAMES[:1], NAMES[1:])
    put(folder, second(), roots(2)[0])
    assert counted(folder) == [0, 1]
    put(folder, second(), roots(2)[1], *roots(2))  # twice is once
    assert counted(folder) == [0, 0]
    merged = merge(folder, Proposal.read(folder), FIRST)
    assert merged.manifest is not None
    assert known(merged.manifest).institutions[ISS].newest == second()
    assert merged.unused == ()


def test_one_file_may_hold_several_signatures(folder: Path) -> None:
    (folder / "signatures" / "all.json").write_bytes(accepted(second(), 0, 2).jws.encode())
    assert counted(folder) == [0, 0]


def test_a_stranger_does_no_harm(folder: Path) -> None:
    stranger = PrivateKey.generate("ES256")
    put(folder, second(), *roots(0, 1), stranger)
    merged = merge(folder, Proposal.read(folder), FIRST)
    assert merged.complete
    (unused,) = merged.unused
    assert "is no root key of this institution" in unused.problem


@pytest.mark.parametrize("damage", ["cut", "another payload", "signature", "alg", "empty"])
def test_a_damaged_file_is_named_and_does_not_count(folder: Path, damage: str) -> None:
    (path, _, *_) = put(folder, second(), *roots(0, 1))
    good = path.read_bytes()
    if damage == "signature":
        other = accepted(second("Other"), 0).jws.signatures[0].signature
        jws = signed_by(second(), roots(0)[0]).jws
        (one,) = jws.signatures
        path.write_bytes(jws._replace(signatures=(one._replace(signature=other),)).encode())
    elif damage == "alg":
        protected = b64url_encode(b'{"alg":"ES256",')[:20].encode()
        assert protected in good
        other_alg = b64url_encode(b'{"alg":"ES384",')[:20].encode()
        path.write_bytes(good.replace(protected, other_alg))
    elif damage == "another payload":
        path.write_bytes(signed_by(second("Other"), roots(0)[0]).jws.encode())
    else:
        path.write_bytes(good[:-20] if damage == "cut" else b"")
    merged = merge(folder, Proposal.read(folder), FIRST)
    assert [tally.lacking for tally in merged.tallies] == [1, 0]
    (unused,) = merged.unused
    assert unused.file == path.name
    assert unused.problem


def test_a_rotation_needs_the_old_root_and_the_new(tmp_path: Path) -> None:
    house: Guild = guild()
    followers = [HolderKeys.follow(one.holder) for one in house.keys]
    holders = [one.holder for one in followers]
    publics = [key for one in holders for key in one.root]
    rotated = rotate_root(successor(FIRST, at=AT), publics, next_of(holders, 2))
    folder = tmp_path / "rotation"
    Proposal(rotated, (house.first,), tuple(holders)).write(folder)
    put(folder, rotated, *roots(0, 1))
    merged = merge(folder, Proposal.read(folder), FIRST)
    assert [tally.lacking for tally in merged.tallies] == [0, 0, 2, 2]
    put(folder, rotated, *(key for one in house.keys[1:] for key in one.next))
    merged = merge(folder, Proposal.read(folder), FIRST)
    assert merged.complete
    assert merged.manifest is not None
    assert known(merged.manifest).institutions[ISS].newest == rotated
