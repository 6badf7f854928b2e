"""What a next manifest may change, whether it may be signed, and what people are told of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signedcert.core.encoding import MAX_INTEGER
from signedcert.errors import MalformedError, Reason, UndecidedError
from signedcert.trust.changes import (
    add_key,
    change_state,
    find_entry,
    rename,
    rotate_root,
    set_status,
    settling,
    successor,
)
from signedcert.trust.describe import describe, describe_replacing
from signedcert.trust.entries import NextGroup, StatusPolicy
from signedcert.trust.history import check_rules
from signedcert.trust.logs import CutOff, End, log_origin
from signedcert.trust.manifest import KeyManifest
from tests.core.refusal import refused
from tests.trust.house import DIGEST, ISS, USUAL, history, key, manifest, signed

AT = datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
WHOLE = AT.replace(microsecond=0)


def usual(**parts: str) -> KeyManifest:
    """A first manifest in the words of ``house``."""
    return manifest(1, USUAL | parts)


def thumbprint(letter: str) -> str:
    return key(letter).public_key.thumbprint


# one change each


def test_a_successor_changes_nothing_but_its_date() -> None:
    before = usual()
    after = successor(before, at=AT, fresh_for=timedelta(days=90))
    assert (after.issued, after.expires) == (WHOLE, WHOLE + timedelta(days=90))
    assert replace(after, version=1, issued=before.issued, expires=before.expires) == before
    check_rules(before, after)
    (fresh,) = describe(before, after)
    assert "fresh until 2027-04-02" in fresh.what


def test_a_new_key_is_announced_under_the_issuer() -> None:
    before = usual()
    after = add_key(successor(before, at=AT), key("m").public_key, at=AT)
    entry = after.keys[-1]
    assert entry == find_entry(after, thumbprint("m")[:8])
    assert (entry.role, entry.state, entry.since) == ("issue", "pre-published", WHOLE)
    assert entry.url == f"{ISS}/.well-known/keys/{thumbprint('m')}"
    check_rules(before, after)
    assert any("A new key: issue key Ed25519" in change.what for change in describe(before, after))


@pytest.mark.parametrize("letter", ["k", "A"])
def test_a_key_is_not_added_twice_nor_is_a_root_key(letter: str) -> None:
    with refused("key-invalid", thumbprint(letter)):
        add_key(usual(), key(letter).public_key, at=AT)


@pytest.mark.parametrize(
    ("before", "state", "allowed"),
    [
        ("pre-published", "active", True),
        ("active", "retired", True),
        ("active", "void", True),
        ("compromised", "void", True),
        ("pre-published", "retired", False),
        ("retired", "active", False),
        ("compromised", "active", False),
        ("void", "active", False),
    ],
)
def test_a_state_goes_forward(before: str, state: str, allowed: bool) -> None:  # noqa: FBT001
    old = usual(keys=f"k:{before},m:active")
    new = change_state(successor(old, at=AT), thumbprint("k"), state, at=AT)  # type: ignore[arg-type]
    assert (new.keys[0].state, new.keys[0].since) == (state, WHOLE)
    assert new.keys[1] == old.keys[1]
    if allowed:
        check_rules(old, new)
    else:
        with refused("manifest-key-state"):
            check_rules(old, new)


def test_what_is_so_already_is_not_changed() -> None:
    with refused("manifest-key-state", thumbprint("k")):
        change_state(usual(), thumbprint("k"), "active", at=AT)


def test_a_key_is_found_by_thumbprint_its_beginning_or_url() -> None:
    one = usual(keys="k:active,m:active")
    entry = one.keys[1]
    for kid in (entry.key.thumbprint, entry.key.thumbprint[:8], entry.url):
        assert find_entry(one, kid) is entry
    for kid in ("", entry.key.thumbprint[:7], "x" * 43, entry.url[:-1], f"{entry.url}x"):
        with refused("manifest-key-missing"):
            find_entry(one, kid)


def test_status_lists_and_another_name_are_the_institutions_choice() -> None:
    before = usual()
    after = set_status(rename(successor(before, at=AT), "New Name"), timedelta(days=7))
    assert after.status == StatusPolicy(7 * 86_400)
    check_rules(before, after)
    told = " ".join(change.what for change in describe(before, after))
    assert "to “New Name”" in told
    assert "7 days old" in told


def test_the_root_becomes_what_was_announced() -> None:
    before = usual(root="2:ABC", next="2:DEF")
    known = [key(letter).public_key for letter in "FEDZ"]
    following = (NextGroup(2, tuple(thumbprint(letter) for letter in "GHI")),)
    after = rotate_root(successor(before, at=AT), known, following)
    assert [one.thumbprint for one in after.root[0].keys] == list(map(thumbprint, "DEF"))
    assert (after.root[0].threshold, after.next) == (2, following)
    check_rules(before, after)
    told = [change.what for change in describe(before, after)]
    assert any(text.startswith("NEW ROOT. Root group 1: 2 of 3") for text in told)
    assert any("can change only into 2 of 3" in text for text in told)


def test_a_root_key_that_nobody_has_the_public_half_of_is_named() -> None:
    before = usual(root="2:ABC", next="2:DEF")
    with refused("manifest-root-changed", thumbprint("F")):
        rotate_root(before, [key("D").public_key, key("E").public_key], ())
    with refused("manifest-root-changed", "next"):
        rotate_root(usual(next="-"), [], ())


# what settles a fork


def settled(before: KeyManifest, newest: KeyManifest) -> KeyManifest:
    """A draft, with the root that it has to rotate into."""
    draft = settling(before, newest, at=AT, fresh_for=timedelta(days=90))
    known = [key(letter).public_key for letter in "BC"]
    return rotate_root(draft, known, (NextGroup(1, (thumbprint("D"),)),))


def test_what_settles_a_fork_says_what_was_said_last() -> None:
    before = usual(keys="k:active", logs="L:active")
    parts = {"keys": "m:active,k:void,n:pre-published", "logs": "L:retired#7,M:active", "tag": "x"}
    newest = replace(manifest(4, USUAL | parts), status=StatusPolicy(60))
    after = settled(before, newest)
    check_rules(before, after)
    assert (after.version, after.issued) == (2, WHOLE)
    assert after.expires == WHOLE + timedelta(days=90)
    assert after.root == usual(root="B").root
    same = {
        name: getattr(newest, name) for name in ("version", "issued", "expires", "root", "next")
    }
    assert replace(after, **same) == newest
    assert describe_replacing(newest, after) == ()


def test_it_says_so_too_after_the_root_has_rotated() -> None:
    before = usual()
    newest = manifest(3, USUAL | {"root": "B", "next": "C", "tag": "x"})
    after = settled(before, newest)
    check_rules(before, after)
    assert (after.root, after.name) == (newest.root, newest.name)
    assert settling(before, newest, at=AT).root == before.root


def test_what_no_rule_leads_to_in_one_step_is_active_and_goes_back_in_words() -> None:
    before = usual(keys="k:active,m:pre-published", logs="L:pre-published")
    newest = manifest(4, USUAL | {"keys": "k:active,m:retired@7", "logs": "L:retired#2"})
    after = settled(before, newest)
    check_rules(before, after)
    assert [(one.state, one.ended) for one in after.keys] == [("active", None), ("active", None)]
    assert after.keys[1].since == WHOLE
    assert after.logs == (newest.logs[0]._replace(state="active"),)
    told = describe_replacing(newest, after)
    assert ["from retired to active" in told[0].what, "is active" in told[1].what] == [True, True]
    assert all("IT GOES BACK" in change.why for change in told)


def test_what_is_lost_by_settling_is_told() -> None:
    newest = manifest(3, USUAL | {"keys": "k:void,m:active", "tag": "x"})
    after = settled(usual(), usual(keys="k:active"))
    told = {change.what.split(",")[0]: change.why for change in describe_replacing(newest, after)}
    assert len(told) == 3
    for what, why in told.items():
        assert ("IT GOES BACK" in why) == ("The name" not in what), what


# what a holder may sign


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (("1", "2 by=A"), None),
        (("1", "2 by=Z"), None),  # who has signed so far does not matter
        (("1", "2 root=B next=C by=Z"), None),
        (("1", "2 tag=x", "2 root=B next=C by=Z"), None),  # it settles a fork
        (("1", "2 tag=x", "3", "2 tag=y", "2 root=B next=C"), None),
        (("1", "2 tag=x", "2 root=B next=C keys=m:active"), "manifest-key-missing"),
        (("1", "2", "2 root=B next=C by=AB", "2 root=B next=C"), "manifest-version"),
        (("1", "3"), "manifest-version"),
        (("1", "2", "2"), "manifest-version"),
        (("1", "2", "1"), "manifest-version"),
        (("1", "2", "3", "2"), "manifest-version"),
        (("2", "1"), "manifest-version"),
        (("1", "2 iss=other keys=k:active"), "manifest-issuer"),
        (("1", "2 final=yes", "3"), "manifest-final"),
        (("1", "2 root=Z next=Y"), "manifest-root-changed"),
        (("1", "2 next=Z"), "manifest-root-changed"),
        (("1", "2 keys=m:active"), "manifest-key-missing"),
        (("1", "2 keys=k:active/snapshot"), "manifest-key-changed"),
        (("1 keys=k:compromised", "2 keys=k:active"), "manifest-key-state"),
        (("1 logs=L:active", "2"), "manifest-key-missing"),
    ],
)
def test_a_proposal_is_checked_by_the_rules_alone(
    steps: tuple[str, ...], reason: Reason | None
) -> None:
    known, proposed = history(*steps[:-1]), signed(steps[-1]).unverified
    if reason is None:
        known.check_proposal(proposed)
        return
    with refused(reason):
        known.check_proposal(proposed)


@pytest.mark.parametrize(
    "steps",
    [
        ("1", "1 tag=y"),
        ("1", "2 tag=x", "2 tag=y"),
        ("1", "2 tag=x", "3", "2 tag=y"),
        ("1", "2 root=B next=C by=AB", "2 root=B next=D"),
        ("1", "2 root=B next=C by=AB", "2 root=B next=D by=AB", "2 root=B next=E"),
        ("1", "2 tag=x", "2 tag=y", "3 tag=x", "3 tag=y root=B next=C"),
        ("1", "2 tag=x", "2 tag=y", "3"),
    ],
)
def test_another_manifest_of_a_version_is_a_fork_in_the_making(steps: tuple[str, ...]) -> None:
    known, proposed = history(*steps[:-1]), signed(steps[-1]).unverified
    with refused("trust-fork", kind=UndecidedError):
        known.check_proposal(proposed)


# the words


def _moved(one: KeyManifest, **changes: object) -> KeyManifest:
    entry = replace(one.keys[0], **changes)  # type: ignore[arg-type]
    return replace(one, keys=(entry, *one.keys[1:]))


FULL = {"keys": "k:compromised,m:active", "logs": "L:active#2,M:active", "next": "2:BC"}
CHANGES: dict[str, Callable[[KeyManifest], KeyManifest]] = {
    "iss": lambda one: replace(one, iss="https://other.example.org"),
    "name": lambda one: replace(one, name="Other"),
    "version": lambda one: replace(one, version=7),
    "issued": lambda one: replace(one, issued=one.issued + timedelta(hours=1)),
    "expires": lambda one: replace(one, expires=one.expires + timedelta(days=1)),
    "root": lambda one: replace(one, root=usual(root="Z").root),
    "root threshold": lambda one: replace(one, root=usual(root="2:AZ").root),
    "root group more": lambda one: replace(one, root=usual(root="A&Z").root),
    "next": lambda one: replace(one, next=usual(next="Z").next),
    "next gone": lambda one: replace(one, next=()),
    "key gone": lambda one: replace(one, keys=one.keys[:1]),
    "key more": lambda one: add_key(one, key("n").public_key, at=AT),
    "key order": lambda one: replace(one, keys=one.keys[::-1]),
    "key state": lambda one: _moved(one, state="void", cutoffs=()),
    "key since": lambda one: _moved(one, since=WHOLE),
    "key url": lambda one: _moved(one, url="https://x.example"),
    "key role": lambda one: _moved(one, role="snapshot"),
    "key logged": lambda one: _moved(one, logged="required"),
    "key ended": lambda one: _moved(one, ended=End(log_origin(ISS), 7)),
    "key cut-off": lambda one: _moved(one, cutoffs=(CutOff(log_origin(ISS), 900, DIGEST),)),
    "log gone": lambda one: replace(one, logs=one.logs[:1]),
    "log order": lambda one: replace(one, logs=one.logs[::-1]),
    "log state": lambda one: replace(one, logs=usual(logs="L:void#2,M:active").logs),
    "log keys": lambda one: replace(one, logs=usual(logs="L:active#2~,M:active").logs),
    "log landmarks": lambda one: replace(one, logs=usual(logs="L:active#3,M:active").logs),
    "log landmarks exchanged": lambda one: replace(
        one, logs=usual(logs="L:active#2^,M:active").logs
    ),
    "log more": lambda one: replace(one, logs=usual(logs="L:active#2,M:active,N:active").logs),
    "status": lambda one: replace(one, status=StatusPolicy(3600)),
    "final": lambda one: replace(one, final=usual(final="yes").final),
}
FORBIDDEN = {
    *("iss", "version", "root", "root threshold", "root group more", "next", "next gone"),
    *("key gone", "key url", "key role", "log gone", "log keys"),
    "log landmarks exchanged",
}


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_changes_without_a_word(name: str) -> None:
    before = usual(**FULL)
    same = successor(before, at=AT)
    same = replace(same, issued=before.issued, expires=before.expires)
    after = CHANGES[name](same)
    assert after != same
    told, usually = describe(before, after), describe(before, same)
    assert told != usually
    assert all(change.what and change.why for change in told)
    forbidden = any("do not sign" in change.why for change in told)
    assert forbidden == (name in FORBIDDEN)
    if forbidden:
        with pytest.raises(MalformedError):
            history("1").check_proposal(after)


@pytest.mark.parametrize("name", CHANGES)
def test_each_part_of_a_first_version_is_told(name: str) -> None:
    one = usual(**FULL)
    changed = CHANGES[name](one)
    if name not in ("version", "key url"):
        assert describe(None, changed) != describe(None, one)


def test_a_group_that_is_dropped_is_told() -> None:
    before = usual(root="A&P", next="B&Q")
    after = replace(successor(before, at=AT), root=before.root[:1])
    assert any("2 root groups, 1 are left" in one.what for one in describe(before, after))


def test_lists_that_end_are_told() -> None:
    before = replace(usual(), status=StatusPolicy(60))
    after = replace(successor(before, at=AT), status=None)
    assert any("no more" in change.what for change in describe(before, after))


def test_an_age_that_no_calendar_has_is_told() -> None:
    """Found by fuzzing: the page of a proposal failed on it."""
    before = usual()
    after = replace(successor(before, at=AT), status=StatusPolicy(MAX_INTEGER))
    told = " ".join(change.what for change in describe(before, after))
    assert f"{MAX_INTEGER // 86400} days old ({MAX_INTEGER} s)" in told


def test_a_version_without_an_issuing_key_shouts() -> None:
    before = usual()
    after = change_state(successor(before, at=AT), thumbprint("k"), "retired", at=AT)
    assert any("NO ACTIVE ISSUING KEY" in change.what for change in describe(before, after))


def test_how_long_a_key_was_announced_is_told() -> None:
    before = usual(keys="k:active,m:pre-published")
    since = before.keys[1].since
    after = change_state(
        successor(before, at=AT), thumbprint("m"), "active", at=since + timedelta(days=31)
    )
    assert any("announced 31 days before" in change.what for change in describe(before, after))
