"""What is published: that verifiers read it, and what stops it."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import b64url_decode, parse_json
from signedcert.core.jws import CompactJWS, Header
from signedcert.custody.private import PrivateKey
from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.errors import ConfigurationError, IssueError
from signedcert.institution import Institution
from signedcert.publish.publisher import Publisher
from signedcert.publish.snapshotkey import SnapshotKey
from signedcert.registry.statuses import NotValid
from signedcert.trust.entries import FinalState, KeyEntry
from signedcert.trust.reasons import MAX_REASONS
from signedcert.trust.snapshot import digest
from signedcert.trust.states import State
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED, VALID
from tests.core.refusal import refused
from tests.institution.homes import (
    BEGUN,
    LATER,
    NOW,
    PASSPHRASE,
    URL,
    Place,
    certificate,
    issue_one,
    publish,
)
from tests.issue.gradebooks import credential_of
from tests.publish.press import (
    POLICY,
    add_snapshot_key,
    list_of,
    newest,
    read,
    reasons_of,
    snapshot_entry,
    snapshot_of,
    write_snapshot_key,
)

FILES = ["status/1", "status/1.jwt", "reasons.jws", "snapshot.json"]
WEEK = timedelta(days=7)


def place_of(institution: Institution, code: VerificationCode) -> int:
    """The index of a document in list 1."""
    row = institution._registry.find(code)
    assert row is not None
    assert row.status_list == 1
    return row.status_index


def bits(institution: Institution, number: int = 1) -> set[int]:
    """The bits that other verifiers find set, after a check of the signature."""
    jws = CompactJWS.parse(read(institution, f"status/{number}"), 10**6)
    header = Header.parse(jws.header_segment)
    (key,) = (one for one in institution.manifest.keys if one.url == header.kid)
    assert (key.role, header.typ) == ("issue", "vc+jwt")
    key.key.verify(jws.signature, jws.signing_input)
    credential = parse_json(jws.payload, 10**6)
    assert credential["id"] == f"{URL}/.well-known/signedcert/status/{number}"
    encoded = credential["credentialSubject"]["encodedList"]
    unzipped = gzip.decompress(b64url_decode(encoded[1:].encode()))
    assert len(unzipped) == STATUS_LIST_SIZE // 8
    places = (
        (8 * i + bit, byte << bit & 128) for i, byte in enumerate(unzipped) for bit in range(8)
    )
    return {place for place, is_set in places if is_set}


# what is written


def test_before_there_is_a_document_there_is_an_empty_list(university: Institution) -> None:
    published = university.publish(at=NOW)
    assert list(published.sizes) == FILES
    assert (published.issued, published.expires) == (NOW, NOW + WEEK)
    assert (published.lists, published.not_valid, published.unexplained) == (1, 0, 0)
    assert list(list_of(university).status_list.indices((1, 2, 3))) == []
    assert reasons_of(university) == []


def test_verifiers_find_each_status_and_its_reason(university: Institution) -> None:
    codes = [issue_one(university, learner_id=f"s-{n}").code for n in range(5)]
    indices = [place_of(university, code) for code in codes]
    university.revoke(codes[0], "misconduct", at=NOW)
    university.suspend(codes[1], "under-review", at=NOW)
    university.replace(codes[2], certificate("Ada"), "renamed", at=NOW)
    university.suspend(codes[3], at=NOW)
    university.restore(codes[3], at=NOW)
    university.publish(at=LATER)
    found = [list_of(university).status_list.status(index) for index in indices]
    assert found == [REVOKED, SUSPENDED, REPLACED, VALID, VALID]
    words = dict(zip(indices, ("misconduct", "under-review", "renamed"), strict=False))
    expected = [f"1/{index} {words[index]} 2026-07-01T00:00:00Z" for index in sorted(words)]
    assert reasons_of(university) == expected


def test_nobody_finds_by_the_second_what_took_the_place_of_a_document(
    university: Institution,
) -> None:
    """Whoever is shown the new certificate would learn that a name was changed."""
    old = issue_one(university)
    new = university.replace(old.code, certificate("Ada"), "renamed", at=LATER + timedelta(hours=9))
    university.publish(at=LATER + WEEK)
    (reason,) = reasons_of(university)
    assert credential_of(new.bundle).valid_from == LATER + timedelta(hours=9)
    assert reason.endswith(f" renamed {LATER:%Y-%m-%d}T00:00:00Z")


def test_other_verifiers_find_what_does_not_stand_any_more(university: Institution) -> None:
    codes = [issue_one(university, learner_id=f"s-{n}").code for n in range(4)]
    indices = [place_of(university, code) for code in codes]
    university.revoke(codes[0], at=NOW)
    university.suspend(codes[1], at=NOW)
    university.replace(codes[2], certificate("Ada"), at=NOW)
    university.publish(at=LATER)
    assert bits(university) == {indices[0], indices[2]}


def test_the_files_say_when_they_were_made_and_until_when_they_are_good(
    university: Institution,
) -> None:
    university.publish(at=NOW + timedelta(milliseconds=700))
    snapshot, token = snapshot_of(university), list_of(university)
    assert (snapshot.issued, snapshot.expires) == (NOW, NOW + WEEK)
    assert (token.issued, token.expires, token.ttl) == (NOW, NOW + WEEK, 12 * 3600)
    assert (snapshot.manifest.version, snapshot.manifest.digest) == (
        university.manifest.version,
        university.manifest.digest,
    )
    assert snapshot.lists == (digest(read(university, "status/1.jwt")),)


def test_all_lists_are_published_also_those_without_a_change(university: Institution) -> None:
    row = university._registry.find(issue_one(university).code)
    assert row is not None
    code = VerificationCode.derive(b"third", b"")
    key = row.key._replace(learner_id="s-9")
    university._registry.add([row._replace(key=key, code=code, status_list=3)])
    university.revoke(code, at=NOW)
    published = university.publish(at=NOW)
    assert (published.lists, len(published.sizes)) == (3, 8)
    sets = [list(list_of(university, number).status_list.indices((1,))) for number in (1, 2, 3)]
    assert sets == [[], [], [row.status_index]]
    assert (bits(university, 2), bits(university, 3)) == (set(), {row.status_index})


def test_publishing_again_knows_what_has_changed(university: Institution) -> None:
    code = issue_one(university).code
    first = university.publish(at=NOW)
    university.suspend(code, at=NOW)
    second = university.publish(at=LATER)
    assert (first.not_valid, second.not_valid) == (0, 1)
    university.restore(code, at=LATER)
    assert university.publish(at=LATER).not_valid == 0
    assert snapshot_of(university).issued == LATER


def test_an_es256_snapshot_key_will_do(place: Place) -> None:
    add_snapshot_key(place, "ES256")
    with place.open() as university:
        university.publish(at=NOW)
        assert snapshot_of(university).issued == NOW


class Many:
    """A table in which more is not valid than can be explained."""

    def __init__(self, more: int) -> None:
        self.rows = [
            NotValid(1, n, REVOKED, "other", f"2026-06-{1 + n % 2:02}T00:00:00Z")
            for n in range(MAX_REASONS + more)
        ]

    def not_valid(self) -> list[NotValid]:
        """All rows."""
        return self.rows

    def lists(self) -> int:
        """One."""
        return 1


def test_beyond_the_room_for_reasons_the_oldest_are_left_out(university: Institution) -> None:
    signer = SnapshotKey.find(university.manifest, university.home).open(PASSPHRASE)
    many = Many(3)
    publisher = Publisher(
        university.manifest,
        university._issuer.signer,
        signer,
        many,  # type: ignore[arg-type]
        university.published,
    )
    assert publisher.publish(NOW).unexplained == 3
    entries = reasons_of(university)
    assert len(entries) == MAX_REASONS
    left_out = {row.status_index for row in many.rows} - {
        int(entry.split("/")[1].split()[0]) for entry in entries
    }
    assert left_out == {0, 2, 4}
    assert len(list(list_of(university).status_list.indices((REVOKED,)))) == MAX_REASONS + 3


# who may sign


def test_without_a_snapshot_key_it_is_said_what_to_do(place: Place) -> None:
    publish(place, replace(newest(place), status=POLICY))

    def ask() -> str:
        pytest.fail("asked for the passphrase of a key that is not there")

    with (
        Institution.open(place.home, ask) as university,
        pytest.raises(ConfigurationError, match="keys propose --add-snapshot-key") as caught,
    ):
        university.publish(at=NOW)
    assert (caught.value.reason, caught.value.where) == ("key-file", "manifest.keys")


def test_where_no_status_is_published_it_is_said_what_to_do(place: Place) -> None:
    with place.open() as university:
        with pytest.raises(ConfigurationError, match="keys propose") as caught:
            university.publish(at=NOW)
        assert (caught.value.reason, caught.value.where) == ("setting-invalid", "manifest.status")
        assert not university.published.path.exists()


def test_who_has_closed_publishes_nothing_newer(press: Place) -> None:
    manifest = replace(newest(press), final=FinalState((), "0" * 64, "0" * 64))
    with refused("setting-invalid", "manifest.final", ConfigurationError):
        SnapshotKey.find(manifest, press.home)


@pytest.mark.parametrize("state", ["pre-published", "retired", "compromised", "void"])
def test_only_an_active_snapshot_key_signs(press: Place, state: State) -> None:
    manifest = newest(press)
    keys = tuple(_with_state(one, state) for one in manifest.keys)
    with refused("key-file", "manifest.keys", ConfigurationError):
        SnapshotKey.find(replace(manifest, keys=keys), press.home)


def _with_state(entry: KeyEntry, state: State) -> KeyEntry:
    return replace(entry, state=state) if entry.role == "snapshot" else entry


def test_a_missing_key_file_is_named(press: Place) -> None:
    (path,) = (press.home / "keys").glob("snapshot-*.key")
    path.unlink()
    with press.open() as university:
        with pytest.raises(ConfigurationError, match="restore it from a backup") as caught:
            university.publish(at=NOW)
        assert (caught.value.reason, caught.value.where) == ("key-file", str(path.parent))


def test_a_file_with_another_key_than_its_name_says_is_refused(press: Place) -> None:
    (path,) = (press.home / "keys").glob("snapshot-*.key")
    path.unlink()
    write_snapshot_key(press, PrivateKey.generate("Ed25519"), path.name)
    with press.open() as university, refused("key-file", str(path), ConfigurationError):
        university.publish(at=NOW)


def test_of_two_snapshot_keys_the_newest_that_is_here_signs(press: Place) -> None:
    manifest = newest(press)
    entries = [
        replace(snapshot_entry(PrivateKey.generate("Ed25519")), since=BEGUN + timedelta(days=n))
        for n in (1, 2)
    ]
    both = replace(manifest, keys=(*manifest.keys, *entries))
    assert SnapshotKey.find(both, press.home).entry == manifest.keys[-1]
    for entry in entries:
        (press.home / "keys" / f"snapshot-x-{entry.key.thumbprint[:8]}.key").touch()
    assert SnapshotKey.find(both, press.home).entry == entries[1]


def test_a_wrong_passphrase_writes_nothing(press: Place) -> None:
    with Institution.open(press.home, "wrong") as university:
        with refused("passphrase-wrong", kind=ConfigurationError):
            university.publish(at=NOW)
        assert not university.published.path.exists()


def test_what_no_verifier_would_believe_is_not_written(university: Institution) -> None:
    """A snapshot key in the place of the issuing key would be seen; so is the reverse."""
    issuing = university._issuer.signer
    publisher = Publisher(
        university.manifest,
        issuing,
        issuing,
        university._registry.statuses,
        university.published,
    )
    with pytest.raises(Exception, match="for the role issue, not for snapshots"):
        publisher.publish(NOW)
    assert university.published.read("snapshot.json") is None


# what is published already


def test_time_does_not_go_back(university: Institution) -> None:
    university.publish(at=LATER)
    before = read(university, "snapshot.json")
    with pytest.raises(IssueError, match="Is the clock right") as caught:
        university.publish(at=NOW)
    assert (caught.value.reason, caught.value.where) == ("snapshot-older", "snapshot.json")
    assert read(university, "snapshot.json") == before


def test_an_older_home_does_not_publish_over_a_newer_one(press: Place, tmp_path: Path) -> None:
    backup = press.copy(tmp_path / "backup")
    publish(press, replace(newest(press), name="Renamed University"))
    with press.open() as university:
        university.publish(at=NOW)
    university.published.path.rename(backup.home / "published")
    with backup.open() as older, refused("snapshot-older", kind=IssueError):
        older.publish(at=LATER)


@pytest.mark.parametrize("damage", [lambda _: b"", lambda data: data[:-4] + b"AAAA"])
def test_a_damaged_snapshot_stops_nobody(
    university: Institution, damage: Callable[[bytes], bytes]
) -> None:
    university.publish(at=LATER)
    path = university.published.path / "snapshot.json"
    path.write_bytes(damage(path.read_bytes()))
    university.publish(at=NOW)
    assert snapshot_of(university).issued == NOW


def test_what_a_thief_has_dated_ahead_stops_nobody(press: Place) -> None:
    with press.open() as university:
        university.publish(at=LATER + WEEK)
    manifest = newest(press)
    stolen = tuple(_with_state(one, "compromised") for one in manifest.keys)
    publish(press, replace(manifest, keys=stolen))
    add_snapshot_key(press)
    with press.open() as university:
        university.publish(at=NOW)
        assert snapshot_of(university).issued == NOW


@pytest.mark.parametrize("at", [datetime(2026, 7, 1)])  # noqa: DTZ001
def test_the_time_has_a_zone(university: Institution, at: datetime) -> None:
    with refused("time-naive", kind=ConfigurationError):
        university.publish(at=at)
