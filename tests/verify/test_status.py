"""Step 7: what was taken back, how old that knowledge is, and what is said where it is missing.

Everything here is in files and in memory: sockets are refused.
"""

import json
import socket
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.custody.private import PrivateKey
from signedcert.documents.openbadges import RECORD_TYPE
from signedcert.errors import (
    RejectedError,
    SignedCertError,
    UndecidedError,
    VerificationError,
)
from signedcert.trust.entries import key_url
from signedcert.trust.reasons import Why
from signedcert.trust.snapshot import ManifestVersion
from signedcert.trust.status import DocumentStatus, Standing, StatusFiles
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED
from signedcert.trust.store import TrustStore
from signedcert.verify.messages import message_for, message_of
from signedcert.verify.policy import Policy
from signedcert.verify.report import Kind, Outcome, Report, Verdict
from signedcert.verify.show import report_to_json, signed_fields
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUER, World, credential, record
from tests.trust.house import DIGEST
from tests.trust.publishing import Publisher, Statuses, snapshot_entry

DAY = timedelta(days=1)
#: When the statuses of most cases were published: a day before the documents are verified.
FRESH = AT - DAY
OLD = AT - 40 * DAY
KINDS: tuple[Kind, Kind] = ("certificate", "record")
PLACES: dict[Kind, tuple[int, int]] = {
    "certificate": (credential().status_list, credential().status_index),
    "record": (record().status_list, record().status_index),
}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        message = "no network here"
        raise AssertionError(message)

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture(scope="module")
def publisher(world: World) -> Publisher:
    return Publisher.make(world)


@dataclass(kw_only=True)
class Case:
    """What the store knows, and what is answered."""

    verdict: Verdict
    outcome: Outcome
    says: str
    status: Standing
    reason: str | None = None
    detail: str = ""
    said: tuple[int, Why | None] | None = None
    issued: datetime | None = FRESH
    lists: int = 1
    policy: Policy | None = None
    at: datetime = AT


YES, ENDED, MAYBE = Verdict.AUTHENTIC, Verdict.NOT_STANDING, Verdict.UNDECIDED
IN_ORDER, ENDS, OPEN = Outcome.PASSED, Outcome.NOT_STANDING, Outcome.UNDECIDED
LAX = Policy(max_status_age=timedelta(days=60))
STRICT = Policy(max_status_age=timedelta(hours=23))
UNSAFE = Policy(unsafe_accept_unknown_status=True)
BOTH = Policy(max_status_age=timedelta(0), unsafe_accept_unknown_status=True)
SINCE_OLD = "status not known since 2026-06-21 10:30:00 UTC, 40 days ago"


def fresh(**changes: object) -> Case:
    case = Case(
        verdict=YES,
        outcome=IN_ORDER,
        says="valid as of 2026-07-30 10:30:00 UTC",
        status="valid",
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def unknown(says: str, detail: str = "", **changes: object) -> Case:
    case = Case(
        verdict=MAYBE,
        outcome=OPEN,
        says=says,
        status="unknown",
        reason="status-unknown",
        detail=detail,
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def accepted(says: str, **changes: object) -> Case:
    case = Case(
        verdict=YES,
        outcome=IN_ORDER,
        says=f"{says}; accepted, as the policy has it",
        status="unknown",
        policy=UNSAFE,
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def ended(status: Standing, code: int, why: Why | None = None, **changes: object) -> Case:
    words = f"{status} since 2026-07-30 10:30:00 UTC ({why})" if why else status
    case = Case(
        verdict=ENDED,
        outcome=ENDS,
        says=f"{words}, as of 2026-07-30 10:30:00 UTC, 1 day ago",
        status=status,
        reason=status,
        detail=why or "",
        said=(code, why),
    )
    return replace(case, **changes)  # type: ignore[arg-type]


NONE = "no status list is at hand"
MISSING = "status not known: list 1 is not among the 0 that there were 2026-07-30 10:30:00 UTC"
CASES: dict[str, Case] = {
    "fresh": fresh(),
    "as old as it may be": fresh(issued=AT - 7 * DAY, says="valid as of 2026-07-24 10:30:00 UTC"),
    "a second older than it may be": unknown(
        "status not known since 2026-07-24 10:29:59 UTC, 7 days ago",
        "status-stale",
        issued=AT - 7 * DAY - timedelta(seconds=1),
    ),
    "issued later than the moment of verifying": fresh(
        issued=AT + 90 * DAY, says="valid as of 2026-10-29 10:30:00 UTC"
    ),
    "40 days old": unknown(SINCE_OLD, "status-stale", issued=OLD),
    "no status data": unknown(NONE, issued=None),
    "its list is missing": unknown(MISSING, "list-missing", lists=0),
    "revoked": ended("revoked", REVOKED, "misconduct"),
    "revoked, no reason given": ended("revoked", REVOKED),
    "suspended": ended("suspended", SUSPENDED, "under-review"),
    "replaced": ended("replaced", REPLACED, "corrected"),
    "revoked 40 days ago": ended(
        "revoked",
        REVOKED,
        issued=OLD,
        says="revoked, as of 2026-06-21 10:30:00 UTC, 40 days ago",
    ),
    "revoked later than the moment of verifying": ended(
        "revoked",
        REVOKED,
        issued=AT + DAY,
        says="revoked, as of 2026-08-01 10:30:00 UTC, 0 days ago",
    ),
    # Policies
    "a stricter policy": unknown(
        "status not known since 2026-07-30 10:30:00 UTC, 1 day ago",
        "status-stale",
        policy=STRICT,
    ),
    "a policy that is met": fresh(policy=Policy(max_status_age=DAY)),
    "a laxer policy": fresh(issued=OLD, policy=LAX, says="valid as of 2026-06-21 10:30:00 UTC"),
    "a laxer policy, and no data": unknown(NONE, issued=None, policy=LAX),
    "a laxer policy, and revoked": ended("revoked", REVOKED, "misconduct", policy=LAX),
    "unknown is accepted, 40 days old": accepted(SINCE_OLD, issued=OLD),
    "unknown is accepted, no data": accepted(NONE, issued=None),
    "unknown is accepted, its list is missing": accepted(MISSING, lists=0),
    "unknown is accepted, and it is known": fresh(policy=UNSAFE),
    "unknown is accepted, and it is revoked": ended(
        "revoked", REVOKED, "misconduct", policy=UNSAFE
    ),
    "both policies": accepted(
        "status not known since 2026-07-30 10:30:00 UTC, 1 day ago", policy=BOTH
    ),
    "a policy of another kind": fresh(policy=Policy(issuer=ISSUER)),
    "a policy of another kind, no data": unknown(NONE, issued=None, policy=Policy(issuer=ISSUER)),
}


def files_of(publisher: Publisher, case: Case, kind: Kind) -> StatusFiles | None:
    if case.issued is None:
        return None
    said: Statuses = {} if case.said is None else {PLACES[kind]: case.said}
    return publisher.files(said, case.issued, case.lists)


def document_of(world: World, kind: Kind) -> bytes:
    return world.document() if kind == "certificate" else world.record()


def report_of(publisher: Publisher, case: Case, kind: Kind) -> Report:
    verifier = Verifier(publisher.trust(files_of(publisher, case, kind)), case.policy)
    return verifier.report(document_of(publisher.world, kind), at=case.at)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_step_7_has_the_outcome_and_the_line_of_its_row(
    name: str, kind: Kind, publisher: Publisher
) -> None:
    case = CASES[name]
    found = report_of(publisher, case, kind)
    check = found.checks[6]
    assert (found.verdict, found.reason) == (case.verdict, case.reason)
    assert (check.step, check.outcome) == (7, case.outcome)
    assert (check.reason, check.detail) == (case.reason, case.detail)
    assert check.technical == case.says
    assert all(one.reason is None for one in found.checks if one.step != 7)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_what_is_known_is_reported_with_its_age(
    name: str, kind: Kind, publisher: Publisher
) -> None:
    case = CASES[name]
    why = case.said[1] if case.said else None
    since = case.issued if why else None
    expected = DocumentStatus(case.status, case.issued, why, since)
    assert report_of(publisher, case, kind).status == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_verify_returns_it_or_raises_with_the_words_of_the_reason(
    name: str, kind: Kind, publisher: Publisher
) -> None:
    case = CASES[name]
    verifier = Verifier(publisher.trust(files_of(publisher, case, kind)), case.policy)
    verify = verifier.verify if kind == "certificate" else verifier.verify_record
    document = document_of(publisher.world, kind)
    if case.verdict is YES:
        status = verify(document, at=case.at).status
        assert status == DocumentStatus(case.status, case.issued)
        return
    with pytest.raises(VerificationError) as caught:
        verify(document, at=case.at)
    assert type(caught.value) is (UndecidedError if case.verdict is MAYBE else RejectedError)
    assert (caught.value.reason, caught.value.step) == (case.reason, 7)
    words = message_for(str(case.reason), kind)
    assert caught.value.message == f"{words.text} {words.advice} ({case.says})"


# in files: written, read again, verified


def on_disk(store: TrustStore, directory: Path) -> TrustStore:
    store.write(directory)
    return TrustStore.read(directory)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_a_store_that_was_on_disk_says_the_same(
    name: str, kind: Kind, publisher: Publisher, tmp_path: Path
) -> None:
    case = CASES[name]
    store = on_disk(publisher.trust(files_of(publisher, case, kind)), tmp_path)
    document = document_of(publisher.world, kind)
    found = Verifier(store, case.policy).report(document, at=case.at)
    assert found == report_of(publisher, case, kind)


def test_a_document_is_suspended_and_restored(publisher: Publisher, tmp_path: Path) -> None:
    document = publisher.world.document()
    place = credential().status_list, credential().status_index
    suspended = publisher.files({place: (SUSPENDED, "under-review")}, AT - 3 * DAY)
    store = on_disk(publisher.trust(suspended), tmp_path)
    assert Verifier(store).report(document, at=AT).reason == "suspended"
    store = on_disk(store.update(ISSUER, publisher.files({}, AT - DAY), AT), tmp_path)
    assert Verifier(store).verify(document, at=AT).status == DocumentStatus("valid", AT - DAY)
    with pytest.raises(SignedCertError, match="snapshot-older"):
        store.update(ISSUER, suspended, AT)


def rotated(publisher: Publisher) -> tuple[Publisher, World]:
    """The institution after a rotation of its issuing key, and the world that signs with it."""
    key = PrivateKey.generate("ES256")
    old, *others = publisher.manifest.keys
    new = replace(old, key=key.public_key, url=key_url(ISSUER, key.public_key))
    following = publisher.next(keys=(replace(old, state="retired"), *others, new))
    return following, replace(publisher.world, key=key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rotation_that_the_store_has_not_heard_of(
    kind: Kind, publisher: Publisher, tmp_path: Path
) -> None:
    following, world = rotated(publisher)
    document = document_of(world, kind)
    before = on_disk(publisher.trust(publisher.files({}, FRESH)), tmp_path)
    found = Verifier(before).report(document, at=AT)
    assert (found.verdict, found.reason) == (MAYBE, "unknown-key")
    assert found.status is None
    assert "signedcert trust update" in message_of(found.verdict, found.reason, kind).advice
    assert found.decisive.technical.endswith(f"is not in manifest version 1 of {ISSUER}")
    # The snapshot has heard of it:
    announced = before.update(ISSUER, following.files({}, FRESH + DAY), AT)
    found = Verifier(on_disk(announced, tmp_path)).report(document, at=AT)
    assert (found.verdict, found.reason) == (MAYBE, "unknown-key")
    assert found.decisive.technical.endswith("; version 2 is to be had")


@pytest.mark.parametrize("kind", KINDS)
def test_a_rotation_that_the_store_has_heard_of(
    kind: Kind, publisher: Publisher, tmp_path: Path
) -> None:
    following, world = rotated(publisher)
    store = publisher.trust(publisher.files({}, FRESH))
    pin = store.institutions[ISSUER].pin
    store = on_disk(store.add([following.encoded()], pin), tmp_path)
    for one in (world, publisher.world):
        found = Verifier(store).report(document_of(one, kind), at=AT)
        assert found
        assert found.status == DocumentStatus("valid", FRESH)


def test_a_rotation_of_the_snapshot_key(publisher: Publisher, tmp_path: Path) -> None:
    key = PrivateKey.generate("Ed25519")
    entries = tuple(
        replace(one, state="retired", since=AT) if one.role == "snapshot" else one
        for one in publisher.manifest.keys
    )
    following = replace(publisher.next(keys=(*entries, snapshot_entry(key))), key=key)
    store = publisher.trust(publisher.files({}, FRESH))
    store = store.add([following.encoded()], store.institutions[ISSUER].pin)
    assert store.statuses[ISSUER].files == publisher.files({}, FRESH)
    store = on_disk(store.update(ISSUER, following.files({}, AT), AT), tmp_path)
    status = Verifier(store).verify(publisher.world.document(), at=AT).status
    assert status == DocumentStatus("valid", AT)


def test_after_a_theft_of_the_snapshot_key_nothing_is_known(publisher: Publisher) -> None:
    store = publisher.trust(publisher.files({}, FRESH))
    stolen = publisher.with_key_state("compromised")
    store = store.add([stolen.encoded()], store.institutions[ISSUER].pin)
    found = Verifier(store).report(publisher.world.document(), at=AT)
    assert (found.verdict, found.reason) == (MAYBE, "status-unknown")
    assert found.decisive.technical == NONE


# whose status it is


def test_nothing_is_looked_up_for_what_the_institution_has_not_signed(
    publisher: Publisher,
) -> None:
    """The places that a forgery names are nobody's."""
    place = credential().status_list, credential().status_index
    store = publisher.trust(publisher.files({place: (REVOKED, None)}, FRESH))
    document = publisher.world.document()
    broken = document[:-9] + (b"A" if document[-9:-8] != b"A" else b"B") + document[-8:]
    for forged in (broken, publisher.world.sign(b'{"a":1}')):
        found = Verifier(store).report(forged, at=AT)
        assert found.verdict is Verdict.NOT_AUTHENTIC
        assert found.checks[6].outcome is Outcome.NOT_MADE
        assert found.status is None


def test_the_status_of_what_is_not_believed_is_not_reported(publisher: Publisher) -> None:
    void = publisher.next(
        keys=(replace(publisher.manifest.keys[0], state="void"), publisher.manifest.keys[1])
    )
    store = publisher.trust(publisher.files({}, FRESH))
    store = store.add([void.encoded()], store.institutions[ISSUER].pin)
    found = Verifier(store).report(publisher.world.document(), at=AT)
    assert (found.reason, found.status) == ("key-void", None)


def test_a_certificate_and_its_record_have_statuses_of_their_own(publisher: Publisher) -> None:
    place = record().status_list, record().status_index
    store = publisher.trust(publisher.files({place: (REVOKED, "other")}, FRESH))
    verifier = Verifier(store)
    assert verifier.report(publisher.world.document(), at=AT)
    assert verifier.report(publisher.world.record(), at=AT).reason == "revoked"


def test_where_none_is_published_no_list_counts(publisher: Publisher) -> None:
    place = credential().status_list, credential().status_index
    silent = replace(publisher, manifest=replace(publisher.manifest, status=None))
    files = silent.files({place: (REVOKED, None)}, FRESH)
    for policy in (None, STRICT, UNSAFE):
        found = Verifier(silent.trust(files), policy).report(publisher.world.document(), at=AT)
        assert found
        assert found.checks[6].outcome is Outcome.NOT_PUBLISHED
        assert found.status is None


def test_an_age_beyond_all_dates_is_no_limit(world: World) -> None:
    endless = Publisher.make(world, max_age=2**53 - 1)
    store = endless.trust(endless.files({}, OLD))
    late = datetime.max.replace(tzinfo=AT.tzinfo)
    assert Verifier(store).report(world.document(), at=late).status == DocumentStatus("valid", OLD)


def test_a_verifier_tells_statuses_of_documents_apart(publisher: Publisher) -> None:
    """What it knows of a key is worked out once, and statuses are of documents."""
    place = credential().status_list, credential().status_index
    verifier = Verifier(publisher.trust(publisher.files({place: (REVOKED, None)}, FRESH)))
    world = publisher.world
    other = world.sign(credential()._replace(status_index=place[1] + 1).encode())
    beyond = world.sign(credential()._replace(status_list=2).encode())
    reasons = [verifier.report(one, at=AT).reason for one in (world.document(), other, beyond)]
    assert reasons == ["revoked", None, "status-unknown"]
    assert [verifier.report(other, at=at).reason for at in (AT, AT + 9 * DAY)] == [
        None,
        "status-unknown",
    ]


def test_a_bundle_with_a_policy_of_both_kinds(publisher: Publisher) -> None:
    policy = Policy(issuer="https://other.example", unsafe_accept_unknown_status=True)
    bundle = Bundle(publisher.world.document().decode())
    found = Verifier(publisher.trust(), policy).report(bundle, at=AT)
    assert found.reason == "policy-issuer"
    assert found.checks[6].outcome is Outcome.PASSED


@pytest.mark.parametrize("typ", ["JWT", RECORD_TYPE])
def test_keys_that_are_announced_sign_nothing(typ: str, publisher: Publisher) -> None:
    """The thief of the snapshot key announces whatever he likes."""
    ahead = publisher.named((), None, FRESH, manifest=ManifestVersion(2, DIGEST))
    thief = replace(publisher.world, key=publisher.key)
    document = thief.sign(credential().encode(), thief.header(typ=typ))
    found = Verifier(publisher.trust(ahead)).report(document, at=AT)
    assert found.verdict in (Verdict.NOT_AUTHENTIC, Verdict.UNREADABLE)


# where it is shown


SHOWN = {
    "fresh": "valid, as of 2026-07-30 10:30:00 UTC",
    "revoked": "revoked since 2026-07-30 (misconduct), as of 2026-07-30 10:30:00 UTC",
    "revoked, no reason given": "revoked, as of 2026-07-30 10:30:00 UTC",
    "40 days old": "not known since 2026-06-21 10:30:00 UTC",
    "unknown is accepted, 40 days old": "not known since 2026-06-21 10:30:00 UTC",
    "its list is missing": "not known since 2026-07-30 10:30:00 UTC",
    "no status data": "not known",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHOWN)
def test_people_see_the_status_and_its_age(name: str, kind: Kind, publisher: Publisher) -> None:
    fields = dict(signed_fields(report_of(publisher, CASES[name], kind)))
    assert fields["Status"] == SHOWN[name]


@pytest.mark.parametrize("kind", KINDS)
def test_programs_get_the_status_and_its_age(kind: Kind, publisher: Publisher) -> None:
    found = {
        name: json.loads(json.dumps(report_to_json(report_of(publisher, CASES[name], kind))))
        for name in ("revoked", "fresh", "no status data")
    }
    assert found["revoked"]["status"] == {
        "status": "revoked",
        "as_of": "2026-07-30T10:30:00Z",
        "reason": "misconduct",
        "since": "2026-07-30T10:30:00Z",
    }
    assert found["fresh"]["status"] == {
        "status": "valid",
        "as_of": "2026-07-30T10:30:00Z",
        "reason": None,
        "since": None,
    }
    assert found["no status data"]["status"]["status"] == "unknown"
    assert found["no status data"]["status"]["as_of"] is None


def test_where_none_is_published_no_status_is_shown(world: World) -> None:
    found = Verifier(world.trust).report(world.document(), at=AT)
    assert "Status" not in dict(signed_fields(found))
    assert report_to_json(found)["status"] is None


def test_the_advice_where_the_status_is_not_known_is_to_get_it() -> None:
    for slug in ("status-unknown", "unknown-key", "trust-stale"):
        assert "signedcert trust update" in message_for(slug).advice
