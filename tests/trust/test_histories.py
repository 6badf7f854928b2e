"""Rotation, specified by histories that a person can read (``tests.trust.house`` has the words).

Each row is the manifests in the order in which a verifier is fed, and what comes of the last one:
``accepted``, ``forked``, or the slug with which it is refused.
"""

from dataclasses import replace
from typing import NamedTuple

import pytest

from signedcert.core.jws import GeneralJWS
from signedcert.custody.ceremony import sign_manifest
from signedcert.errors import MalformedError, RejectedError, SignedCertError
from signedcert.trust.history import History, Pin
from signedcert.trust.logs import CutOff, log_origin
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.store import TrustStore
from tests.reference import World
from tests.trust.house import DIGEST, ISS, history, key, sign, signature, signed


class Row(NamedTuple):
    """A history, and what comes of its last manifest. ``newest`` is the tag that counts then."""

    shows: str
    steps: tuple[str, ...]
    outcome: str
    newest: str = ""


VERSIONS = (
    Row("the first alone", ("1",), "accepted"),
    Row("exactly N+1", ("1", "2", "3", "4"), "accepted"),
    Row("a gap is refused", ("1", "3"), "manifest-version"),
    Row("a gap later on is refused", ("1", "2", "4"), "manifest-version"),
    Row("before the pinned one is refused", ("2", "1"), "manifest-version"),
    Row("another one of the pinned version is refused", ("1", "1 tag=x"), "manifest-version"),
    Row("the same one twice is no fork", ("1", "2", "2"), "accepted"),
    Row("the first one again", ("1", "2", "1"), "accepted"),
    Row("the issuer stays", ("1", "2 iss=other keys=k:active"), "manifest-issuer"),
    Row("the name may change", ("1", "2 tag=x"), "accepted", "x"),
    Row("nothing follows the final one", ("1", "2 final=yes", "3"), "manifest-final"),
    Row("a final one may be the first", ("1 final=yes",), "accepted"),
)

TWO_OF_THREE = "root=2:ABC next=2:DEF"
TWO_GROUPS = "root=1:A&1:P next=1:B&1:Q"

SIGNATURES = (
    Row("one of one", ("1", "2 by=A"), "accepted"),
    Row("the first one is signed too", ("1 by=B",), "key-not-authorised"),
    Row("two of three", (f"1 {TWO_OF_THREE} by=AC",), "accepted"),
    Row("all three", (f"1 {TWO_OF_THREE} by=ABC",), "accepted"),
    Row("one of the two needed", (f"1 {TWO_OF_THREE} by=A",), "key-not-authorised"),
    Row("a stranger does not count", (f"1 {TWO_OF_THREE} by=AZ",), "key-not-authorised"),
    Row("a stranger does no harm", (f"1 {TWO_OF_THREE} by=ABZ",), "accepted"),
    Row("nor does a stranger's bad signature", (f"1 {TWO_OF_THREE} by=ABZ!",), "accepted"),
    Row("next keys are strangers yet", (f"1 {TWO_OF_THREE} by=AD",), "key-not-authorised"),
    Row("issuing keys do not sign", ("1", "2 by=Z"), "key-not-authorised"),
    Row("both groups", (f"1 {TWO_GROUPS} by=AP",), "accepted"),
    Row("the first group only", (f"1 {TWO_GROUPS} by=A",), "key-not-authorised"),
    Row("the second group only", (f"1 {TWO_GROUPS} by=P",), "key-not-authorised"),
    Row(
        "one group cannot fill in for the other",
        ("1 root=1:AC&1:P next=1:B by=AC",),
        "key-not-authorised",
    ),
    Row("a bad signature is refused", ("1", "2 by=A!"), "bad-signature"),
    Row("even if the others are enough", (f"1 {TWO_OF_THREE} by=ABC!",), "bad-signature"),
    Row("a key that signs twice", (f"1 {TWO_OF_THREE} by=AA",), "signature-count"),
    Row("a key in two groups", ("1 root=A&A by=A",), "key-invalid"),
    Row("a key twice in a group", ("1 root=2:AA by=A",), "key-invalid"),
    Row("more signatures asked than keys", ("1 root=2:A by=A",), "manifest-threshold"),
    Row("another alg than the key's", ("1", "2 by=A?"), "key-not-authorised"),
    Row("even if the others are enough", (f"1 {TWO_OF_THREE} by=ABC?",), "key-not-authorised"),
)

ROTATIONS = (
    Row("into next, signed by old and new", ("1", "2 root=B next=C by=AB"), "accepted"),
    Row(
        "and again",
        ("1", "2 root=B next=C by=AB", "3 root=C next=D by=BC", "4 root=C next=D by=C"),
        "accepted",
    ),
    Row("without the old root", ("1", "2 root=B next=C by=B"), "key-not-authorised"),
    Row("without the new root", ("1", "2 root=B next=C by=A"), "key-not-authorised"),
    Row("a thief's own root", ("1", "2 root=Z next=Y by=AZ"), "manifest-root-changed"),
    Row("a thief's own next", ("1", "2 next=Z by=A"), "manifest-root-changed"),
    Row("and then into it", ("1", "2 root=Z next=C by=AZ"), "manifest-root-changed"),
    Row("next taken away", ("1", "2 next=- by=A"), "manifest-root-changed"),
    Row("into next, no new next stated", ("1", "2 root=B next=B by=AB"), "manifest-threshold"),
    Row("back to the old root", ("1", "2 root=B next=C by=AB", "3 by=AB"), "manifest-root-changed"),
    Row("two steps at once", ("1", "2 root=C next=D by=AC"), "manifest-root-changed"),
    Row(
        "a lower threshold",
        (f"1 {TWO_OF_THREE} by=AB", "2 root=1:ABC next=2:DEF by=AB"),
        "manifest-root-changed",
    ),
    Row(
        "another order of keys",
        (f"1 {TWO_OF_THREE} by=AB", "2 root=2:BAC next=2:DEF by=AB"),
        "manifest-root-changed",
    ),
    Row("a key more", ("1", "2 root=1:AZ by=A"), "manifest-root-changed"),
    Row("a group more", ("1", "2 root=A&Z by=AZ"), "manifest-root-changed"),
    Row(
        "a group less",
        (f"1 {TWO_GROUPS} by=AP", "2 root=A next=1:B&1:Q by=A"),
        "manifest-root-changed",
    ),
    Row(
        "next with a lower threshold",
        (f"1 {TWO_OF_THREE} by=AB", "2 root=1:DEF next=G by=ABDE"),
        "manifest-root-changed",
    ),
    Row(
        "two groups into two groups",
        (f"1 {TWO_GROUPS} by=AP", "2 root=1:B&1:Q next=1:C&1:R by=APBQ"),
        "accepted",
    ),
    Row(
        "two groups, a new one missing",
        (f"1 {TWO_GROUPS} by=AP", "2 root=1:B&1:Q next=1:C&1:R by=APB"),
        "key-not-authorised",
    ),
    Row(
        "two groups, an old one missing",
        (f"1 {TWO_GROUPS} by=AP", "2 root=1:B&1:Q next=1:C&1:R by=ABQ"),
        "key-not-authorised",
    ),
    Row(
        "two of three into two of three",
        (f"1 {TWO_OF_THREE} by=AB", "2 root=2:DEF next=2:GHI by=BCEF"),
        "accepted",
    ),
    Row(
        "two of three, one new signature",
        (f"1 {TWO_OF_THREE} by=AB", "2 root=2:DEF next=2:GHI by=ABD"),
        "key-not-authorised",
    ),
    Row(
        "the thief of two next keys alone",
        (f"1 {TWO_OF_THREE} by=AB", "2 root=2:DEF next=2:XYZ by=DE"),
        "key-not-authorised",
    ),
    Row(
        "a thief of the root after a harmless step",
        (f"1 {TWO_OF_THREE} by=AB", f"2 {TWO_OF_THREE} tag=x by=AB", "3 root=2:XYZ next=U by=ABXY"),
        "manifest-root-changed",
    ),
    Row(
        "who first announces his own keys",
        (
            f"1 {TWO_OF_THREE} by=AB",
            f"2 {TWO_OF_THREE} tag=x by=AB",
            "3 root=2:ABC next=2:XYZ by=AB",
        ),
        "manifest-root-changed",
    ),
    Row(
        "or one of his own among them",
        (f"1 {TWO_OF_THREE} by=AB", "2 root=2:ABC next=2:DEZ by=AB"),
        "manifest-root-changed",
    ),
    Row(
        "the group that is dropped in a rotation",
        (f"1 {TWO_GROUPS} by=AP", "2 root=B next=C by=APB"),
        "manifest-root-changed",
    ),
    Row(
        "the group that is dropped from next",
        (f"1 {TWO_GROUPS} by=AP", "2 root=1:A&1:P next=B by=AP"),
        "manifest-root-changed",
    ),
    Row(
        "the groups that change places",
        (f"1 {TWO_GROUPS} by=AP", "2 root=1:Q&1:B next=1:C&1:R by=APBQ"),
        "manifest-root-changed",
    ),
    Row(
        "next is what root was before",
        ("1", "2 root=B next=A by=AB", "3 root=A next=C by=AB"),
        "accepted",
    ),
    Row("a root that announced none stays", ("1 next=-", "2 next=-"), "accepted"),
    Row("and has nowhere to go", ("1 next=-", "2 root=B next=- by=AB"), "manifest-root-changed"),
)

ENTRIES = (
    Row("a key is added", ("1", "2 keys=k:active,m:pre-published"), "accepted"),
    Row(
        "keys may change places",
        ("1 keys=k:active,m:active", "2 keys=m:active,k:active"),
        "accepted",
    ),
    Row("a key disappears", ("1", "2 keys=-"), "manifest-key-missing"),
    Row("a key is exchanged", ("1", "2 keys=m:active"), "manifest-key-missing"),
    Row("a void key disappears", ("1 keys=k:void", "2 keys=-"), "manifest-key-missing"),
    Row("a key changes its role", ("1", "2 keys=k:active/snapshot"), "manifest-key-changed"),
    Row("a key turns into a log's", ("1", "2 keys=k:active/log"), "manifest-key-changed"),
    Row("a key is active at once", ("1", "2 keys=k:active,m:active"), "accepted"),
    Row("a stolen key comes back", ("1", "2 keys=k:compromised", "3"), "manifest-key-state"),
    Row("a stolen key retires", ("1 keys=k:compromised", "2 keys=k:retired"), "manifest-key-state"),
    Row("a retired key comes back", ("1", "2 keys=k:retired", "3"), "manifest-key-state"),
    Row("a void key comes back", ("1 keys=k:void", "2"), "manifest-key-state"),
    Row("a key goes unused", ("1 keys=k:pre-published", "2 keys=k:void"), "accepted"),
    Row("a retired key states where it ended", ("1", "2 keys=k:retired@7"), "accepted"),
    Row("and keeps to it", ("1", "2 keys=k:retired@7", "3 keys=k:retired@7"), "accepted"),
    Row(
        "a key ends later",
        ("1", "2 keys=k:retired@7", "3 keys=k:retired@9"),
        "manifest-key-changed",
    ),
    Row(
        "the end is forgotten",
        ("1", "2 keys=k:retired@7", "3 keys=k:retired logs=L:active"),
        "manifest-key-changed",
    ),
    Row(
        "the end is forgotten in a theft",
        ("1", "2 keys=k:retired@7", "3 keys=k:compromised logs=L:active"),
        "manifest-key-changed",
    ),
    Row(
        "the end is stated afterwards", ("1", "2 keys=k:retired", "3 keys=k:retired@7"), "accepted"
    ),
    Row("a log is added", ("1", "2 logs=L:active"), "accepted"),
    Row("a log disappears", ("1 logs=L:active", "2"), "manifest-key-missing"),
    Row("a log is exchanged", ("1 logs=L:active", "2 logs=M:active"), "manifest-key-missing"),
    Row("a log changes its keys", ("1 logs=L:active", "2 logs=L:active~"), "manifest-key-changed"),
    Row("landmarks are added", ("1 logs=L:active#1", "2 logs=L:active#5"), "accepted"),
    Row(
        "landmarks are changed", ("1 logs=L:active#5", "2 logs=L:active#5^"), "manifest-key-changed"
    ),
    Row("landmarks are lost", ("1 logs=L:active#5", "2 logs=L:active#4"), "manifest-key-missing"),
)

FORKS = (
    Row("two of one version", ("1", "2 tag=x", "2 tag=y"), "forked", "x"),
    Row("two of one version, long ago", ("1", "2 tag=x", "3", "4", "2 tag=y"), "forked"),
    Row("the rotating one comes last", ("1", "2 tag=x", "2 tag=y root=B next=C by=AB"),
        "accepted", "y"),
    Row("the rotating one comes first", ("1", "2 tag=y root=B next=C by=AB", "2 tag=x"),
        "accepted", "y"),
    Row("the loser has successors", ("1", "2", "3 tag=x", "2 tag=y root=B next=C by=AB"),
        "accepted", "y"),
    Row("and they do not come back",
        ("1", "2", "3 tag=x", "2 tag=y root=B next=C by=AB", "3 tag=x"), "manifest-root-changed"),
    Row("the winner has successors",
        ("1", "2 root=B next=C by=AB", "3 root=B next=C by=B tag=y", "2 tag=x"), "accepted", "y"),
    Row("the winner gets successors",
        ("1", "2 tag=x", "2 root=B next=C by=AB", "3 root=B next=C by=B tag=y"), "accepted", "y"),
    Row("two rotating ones",
        ("1", "2 tag=x root=B next=C by=AB", "2 tag=y root=B next=D by=AB"), "forked", "x"),
    Row("a rotation settles a fork",
        ("1", "2 tag=x", "2 tag=y", "2 tag=z root=B next=C by=AB"), "accepted", "z"),
    Row("whichever of the three comes last",
        ("1", "2 tag=x", "2 tag=z root=B next=C by=AB", "2 tag=y"), "accepted", "z"),
    Row("and settles those that followed",
        ("1", "2", "3 tag=x", "3 tag=y", "2 tag=z root=B next=C by=AB"), "accepted", "z"),
    Row("but none before it",
        ("1", "2 tag=x", "2 tag=y", "3 tag=x", "3 tag=z root=B next=C by=AB"), "forked", "z"),
    Row("nor one of two rotations",
        ("1", "2 root=B next=C by=AB", "2 root=B next=D by=AB", "3 root=B next=C by=B tag=z"),
        "forked", "z"),
    Row("a fork stays when it is fed again",
        ("1", "2 tag=x", "2 tag=y", "2 tag=x", "2 tag=y"), "forked", "x"),
    Row("a stranger cannot fork", ("1", "2", "2 tag=y by=Z"), "key-not-authorised"),
    Row("nor can a thief's root", ("1", "2", "2 tag=y root=Z next=Y by=AZ"),
        "manifest-root-changed"),
)  # fmt: skip

ROWS = (*VERSIONS, *SIGNATURES, *ROTATIONS, *ENTRIES, *FORKS)


def _ids(row: Row) -> str:
    return f"{row.shows}: {row.outcome}"


@pytest.mark.parametrize("row", ROWS, ids=_ids)
def test_history_has_the_outcome_of_its_row(row: Row) -> None:
    *before, last = row.steps
    known = history(*before) if before else None
    if row.outcome in ("accepted", "forked"):
        known = known.accept(signed(last)) if known else history(last)
        assert known.forked == (row.outcome == "forked")
        if row.newest:
            assert known.newest.name == f"Example University {row.newest}"
    else:
        with pytest.raises(SignedCertError) as caught:
            known.accept(signed(last)) if known else history(last)
        assert caught.value.reason == row.outcome


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.outcome in ("accepted", "forked")], ids=_ids
)
def test_history_is_the_same_after_a_journey_through_its_evidence(row: Row) -> None:
    """By version, and within one in the order of arrival, as a trust store keeps it."""
    known = history(*row.steps)
    first, *rest = sorted(known.evidence, key=lambda one: one.unverified.version)
    again = History.start(first, known.pin)
    for one in rest:
        again = again.accept(one)
    assert (again.versions, again.forks) == (known.versions, known.forks)
    assert set(again.evidence) == set(known.evidence)


@pytest.mark.parametrize("row", [row for row in (*FORKS, *VERSIONS) if row.newest], ids=_ids)
def test_what_settles_a_fork_is_what_would_take_a_known_place_and_leave_none(row: Row) -> None:
    known, last = history(*row.steps[:-1]), signed(row.steps[-1])
    manifest, after = last.unverified, known.accept(last)
    replaced = manifest.version <= known.newest.version and manifest not in known.versions
    assert known.settles(manifest) == (replaced and after.newest == manifest and not after.forked)
    if known.settles(manifest):
        known.check_proposal(manifest)


def test_a_pinned_version_cannot_be_settled() -> None:
    assert not history("1").settles(signed("1 root=B next=C").unverified)
    assert not history("1").settles(signed("2 root=B next=C").unverified)


def test_a_history_can_be_had_as_it_was() -> None:
    known = history("1", "2 tag=x", "2 tag=y", "3 tag=x", "3 tag=z")
    assert known.until(1) == history("1")
    assert known.until(2) == history("1", "2 tag=x", "2 tag=y")
    assert known.until(3) == known
    assert known.before(2) == known.versions[0]
    late = History.start(signed("2"), Pin.parse(signed("2").unverified.pin)).accept(signed("3"))
    assert late.until(2).versions == (late.before(3),)


STATES = """
from \\ to      pre-published  active  retired  compromised  void
pre-published        yes        yes      no         yes       yes
active               no         yes      yes        yes       yes
retired              no         no       yes        yes       yes
compromised          no         no       no         yes       yes
void                 no         no       no         no        yes
"""


def _transitions() -> list[tuple[str, str, bool]]:
    head, *lines = STATES.strip().splitlines()
    columns = head.split()[3:]
    return [
        (before, after, allowed == "yes")
        for before, *cells in map(str.split, lines)
        for after, allowed in zip(columns, cells, strict=True)
    ]


@pytest.mark.parametrize(("before", "after", "allowed"), _transitions())
@pytest.mark.parametrize("what", ["keys=k", "logs=L"])
def test_states_go_forward_only(what: str, before: str, after: str, allowed: bool) -> None:  # noqa: FBT001
    known = history(f"1 {what}:{before}")
    successor = signed(f"2 {what}:{after}")
    if allowed:
        assert known.accept(successor).newest.version == 2
    else:
        with pytest.raises(MalformedError, match=f"from {before} to {after}") as caught:
            known.accept(successor)
        assert caught.value.reason == "manifest-key-state"


def test_the_table_of_states_is_complete() -> None:
    assert len(_transitions()) == 25


def test_a_cut_off_may_move() -> None:
    first = signed("1 keys=k:compromised logs=L:active")
    entry = first.unverified.keys[0]
    known = history("1 keys=k:compromised logs=L:active")
    for version, size in ((2, 900), (3, 700)):
        moved = replace(entry, cutoffs=(CutOff(log_origin(ISS), size, DIGEST),))
        manifest = replace(first.unverified, version=version, keys=(moved,))
        known = known.accept(sign(manifest, "A"))
    assert [[cutoff.size for cutoff in one.keys[0].cutoffs] for one in known.versions] == [
        [],
        [900],
        [700],
    ]


def test_a_key_counts_once_however_often_it_signs() -> None:
    good = signed("1 root=2:AB next=C by=AB")
    once = signature(good.unverified.encode(), "A")
    twice = SignedManifest(good.unverified, GeneralJWS(good.jws.payload, (once, once)))
    with pytest.raises(RejectedError, match="1 of the 2 signatures") as caught:
        History.start(twice, Pin.parse(good.unverified.pin))
    assert caught.value.reason == "key-not-authorised"


def test_a_bad_signature_names_the_key_and_the_way_in_which_it_is_bad() -> None:
    with pytest.raises(RejectedError, match=key("A").public_key.thumbprint) as caught:
        history("1", "2 by=A!")
    assert caught.value.detail == "signature-mismatch"
    assert caught.value.where.startswith("version 2")


def test_the_number_and_order_of_signatures_are_not_in_the_digest() -> None:
    few, many = signed("1 root=2:ABC next=D by=AB"), signed("1 root=2:ABC next=D by=CBA")
    assert few.jws != many.jws
    assert few.unverified.pin == many.unverified.pin
    known = history("1 root=2:ABC next=D by=AB").accept(many)
    assert known.evidence == (few,)


def test_the_pin_decides_with_which_manifest_a_history_begins() -> None:
    one, other = signed("1"), signed("1 tag=x")
    with pytest.raises(MalformedError, match=other.unverified.pin) as caught:
        History.start(other, Pin.parse(one.unverified.pin))
    assert caught.value.reason == "pin-mismatch"


def test_a_pin_of_another_version_does_not_fit() -> None:
    one = signed("1")
    with pytest.raises(MalformedError, match="ask the institution") as caught:
        History.start(one, Pin(2, one.unverified.digest))
    assert caught.value.reason == "pin-mismatch"


def test_a_later_pin_starts_there() -> None:
    steps = ("2 root=B next=C by=AB", "3 root=B next=C by=B")
    known = history(steps[0].replace("by=AB", "by=B"), steps[1])
    assert [one.version for one in known.versions] == [2, 3]
    assert str(known.pin).startswith("2:")
    with pytest.raises(MalformedError, match="does not follow"):
        known.accept(signed("1"))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_store_takes_versions_in_any_order(order: tuple[int, ...]) -> None:
    versions = [signed(str(number)) for number in range(1, 5)]
    shuffled = [versions[i].jws.encode() for i in order]
    store = TrustStore.empty().add(shuffled, versions[0].unverified.pin)
    (known,) = store.institutions.values()
    assert [one.version for one in known.versions] == [1, 2, 3, 4]


def test_post_quantum_is_what_the_chain_began_with() -> None:
    assert not history("1").post_quantum


def test_a_chain_that_began_with_a_post_quantum_group_says_so(world: World) -> None:
    begun = History.start(world.signed, Pin.parse(world.manifest.pin))
    assert begun.post_quantum
    classical = replace(world.manifest, root=world.manifest.root[:1], next=())
    signed_so = sign_manifest(classical, world.roots[:1])
    chain = History.start(signed_so, Pin.parse(classical.pin))
    assert not chain.post_quantum


def test_the_history_before_is_not_changed() -> None:
    before = history("1")
    after = before.accept(signed("2"))
    assert before.newest.version == 1
    assert after.newest.version == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "0:" + "0" * 64,
        "01:" + "0" * 64,
        "-1:" + "0" * 64,
        "1:" + "0" * 63,
        "1:" + "0" * 65,
        "1:" + "A" * 64,
        "1:" + "0" * 64 + "\n",
        " 1:" + "0" * 64,
        "1234567890:" + "0" * 64,
        "\u0661:" + "0" * 64,
    ],
)
def test_a_pin_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="is no pin") as caught:
        Pin.parse(text)
    assert caught.value.reason == "wrong-value"


def test_a_pin_is_read_as_it_is_printed() -> None:
    text = "17:" + "0123456789abcdef" * 4
    assert str(Pin.parse(text)) == text
