"""An issuing key is stolen: what stays, what falls, and what root is asked to say."""

import csv
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.ceremonies.assembling import Assembled
from signedcert.ceremonies.proposing import Wanted
from signedcert.ceremonies.theft import (
    REISSUE_COLUMNS,
    assess,
    declare,
    fallen,
    issuing_keys_inside,
    replace_online_keys,
    write_reissue,
)
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError
from signedcert.home import Home
from signedcert.issue.fallen import Fallen
from signedcert.registry.registry import Registry
from signedcert.trust.logs import log_origin
from signedcert.verify.verifier import Verifier
from tests.ceremonies.council import DAY, enact, newest
from tests.ceremonies.heads import MINUTE, follow, issue_logged
from tests.core.refusal import refused
from tests.institution.homes import LATER, NOW, URL, Place, certificate, publish
from tests.issue.gradebooks import issue_record

LOG = log_origin(URL)
SECOND = MINUTE / 60


def kid(place: Place, number: int = 0) -> str:
    """An issuing key, as people name it."""
    return newest(place).keys[number].key.thumbprint[:8]


def steal(place: Place, size: int, wanted: Wanted | None = None, days: int = 10) -> Assembled:
    """The first key is declared stolen, believed up to a size."""
    home = Home.read(place.home)
    theft = assess(home, kid(place), since_size=size)
    return enact(place, declare(home, [theft], wanted or Wanted()), NOW + days * DAY)


def answer(place: Place, bundle: Bundle) -> str:
    """What somebody says who has what is published now."""
    report = Verifier(follow(place, Home.read(place.home).history())).report(bundle, at=LATER)
    reason = report.decisive.reason
    return " ".join(filter(None, (report.verdict.value, reason, report.decisive.detail)))


# The cut-off: heads at 1, 2, 3 and 4 entries, in minutes 0, 1, 2 and 5


@pytest.fixture
def logged(place: Place) -> Place:
    issue_logged(place, 0, 1, 2, 5)
    return place


@pytest.mark.parametrize(("size", "expected"), [(1, 1), (2, 2), (4, 4), (5, 4), (2**53 - 1, 4)])
def test_the_cutoff_is_the_last_head_up_to_a_size(logged: Place, size: int, expected: int) -> None:
    theft = assess(Home.read(logged.home), kid(logged), since_size=size)
    assert [(one.origin, one.size) for one in theft.cutoffs] == [(LOG, expected)]
    assert (theft.stays, theft.falls, theft.total) == (expected, 4 - expected, 4)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (NOW, 1),
        (NOW + MINUTE - SECOND, 1),
        (NOW + MINUTE, 2),
        (NOW + 4 * MINUTE, 3),
        (NOW + 900 * DAY, 4),
    ],
)
def test_the_cutoff_is_the_last_head_before_a_moment(
    logged: Place, since: datetime, expected: int
) -> None:
    theft = assess(Home.read(logged.home), kid(logged), since=since)
    assert [one.size for one in theft.cutoffs] == [expected]
    assert theft.at <= since


def test_a_key_that_nobody_has_and_one_that_issues_nothing_are_refused(logged: Place) -> None:
    enact(logged, Wanted(snapshot=True, status_max_age=14 * DAY), NOW + DAY)
    home = Home.read(logged.home)
    with refused("manifest-key-missing"):
        assess(home, "xxxxxxxx", since_size=1)
    snapshot = newest(logged).keys[-1].key.thumbprint
    with refused("key-type", snapshot):
        assess(home, snapshot, since_size=1)


@pytest.fixture
def two_logs(place: Place) -> tuple[Place, list[Bundle]]:
    """Two documents in the first log, and two in another that was begun after a day."""
    issued = issue_logged(place, 0, 1)
    enact(place, Wanted(log=True), NOW + DAY)
    with place.open() as school:
        for learner in ("s-8", "s-9"):
            at = NOW + 2 * DAY + MINUTE * int(learner[-1])
            issued.append(
                school.issue(certificate(f"Ada {learner}"), learner_id=learner, run="2026", at=at)
            )
    return place, [one.bundle for one in issued]


FELL = "not authentic key-compromised"
ELSEWHERE = "undecided proof-missing key-compromised"


@pytest.mark.parametrize(
    ("words", "cutoffs", "told"),
    [
        ({"since_size": 2}, [2, 2], ["authentic"] * 4),
        ({"since_size": 1}, [2, 1], ["authentic"] * 3 + [FELL]),
        ({"since_size": 0}, [2], ["authentic"] * 2 + [ELSEWHERE] * 2),
        ({"since": NOW + 2 * DAY + 8 * MINUTE}, [2, 1], ["authentic"] * 3 + [FELL]),
        ({"since": NOW + 2 * DAY}, [2], ["authentic"] * 2 + [ELSEWHERE] * 2),
        ({"since": NOW}, [1], ["authentic", FELL] + [ELSEWHERE] * 2),
    ],
)
def test_a_cutoff_in_each_log(
    two_logs: tuple[Place, list[Bundle]],
    words: dict[str, int],
    cutoffs: list[int],
    told: list[str],
) -> None:
    """What stands in an earlier log is from before a theft as well."""
    place, bundles = two_logs
    home = Home.read(place.home)
    theft = assess(home, kid(place), **words)  # type: ignore[arg-type]
    origins = [LOG, log_origin(URL, 2)][: len(cutoffs)]
    assert [(one.origin, one.size) for one in theft.cutoffs] == list(
        zip(origins, cutoffs, strict=True)
    )
    falls = [one for one in told if one != "authentic"]
    assert (theft.falls, len(list(fallen(home, theft)))) == (len(falls), len(falls))
    enact(place, declare(home, [theft], Wanted()), NOW + 10 * DAY)
    assert [answer(place, bundle) for bundle in bundles] == told
    with closing(Registry.open(home.registry_url)) as registry:
        rows = registry.find_all([bundle.code for bundle in bundles]).values()
        given_up = Fallen(newest(place), registry).among(rows)
    expected = (one.code for one, word in zip(bundles, told, strict=True) if word != "authentic")
    assert given_up == set(expected)


def test_a_log_of_which_the_registry_is_a_copy_has_no_cutoff(
    two_logs: tuple[Place, list[Bundle]],
) -> None:
    """Root holders would refuse a head for which none has vouched."""
    place, _ = two_logs
    manifest = newest(place)
    first, second = manifest.logs
    beyond = replace(first.landmarks, count=first.landmarks.count + 1, digest="0" * 64)
    publish(place, replace(manifest, logs=(first._replace(landmarks=beyond), second)))
    theft = assess(Home.read(place.home), kid(place), since=LATER)
    assert [one.origin for one in theft.cutoffs] == [log_origin(URL, 2)]


@pytest.mark.parametrize("early", [{"since_size": 0}, {"since": NOW - SECOND}])
def test_before_the_first_head_there_is_no_cutoff(logged: Place, early: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=r"no head so early.*--void") as caught:
        assess(Home.read(logged.home), kid(logged), **early)  # type: ignore[arg-type]
    assert caught.value.reason == "proposal-invalid"


def test_without_a_log_there_is_no_cutoff(place: Place) -> None:
    manifest = newest(place)
    publish(place, replace(manifest, logs=(manifest.logs[0]._replace(state="void"),)))
    with pytest.raises(ConfigurationError, match=r"no log.*--void") as caught:
        assess(Home.read(place.home), kid(place), since_size=1)
    assert (caught.value.reason, caught.value.where) == ("proposal-invalid", "logs")


# What has to be issued anew


def test_what_falls_is_listed_by_its_places_and_then_what_waits(
    place: Place, tmp_path: Path
) -> None:
    issued = issue_logged(place, 0, 1)
    with place.open() as institution:
        waiting = institution.issue(certificate(), learner_id="=1+1", run="2026", at=NOW + MINUTE)
    theft = assess(Home.read(place.home), kid(place), since_size=1)
    rows = fallen(Home.read(place.home), theft)
    assert write_reissue(tmp_path / "reissue.csv", rows) == theft.falls == 2
    with (tmp_path / "reissue.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert tuple(read[0]) == REISSUE_COLUMNS
    assert [row["code"] for row in read] == [str(issued[1].code), str(waiting.code)]
    assert [row["entry"] for row in read] == ["1", ""]
    assert read[1]["learner_id"] == "'=1+1"  # no formula for a spreadsheet
    with pytest.raises(FileExistsError):
        write_reissue(tmp_path / "reissue.csv", iter(()))


def test_records_fall_as_certificates_do(place: Place) -> None:
    issue_logged(place, 1)
    with place.open() as institution:
        issue_record(institution, "s-1")
        assert institution.log is not None
        institution.log.append(NOW + 9 * MINUTE)
    home = Home.read(place.home)
    theft = assess(home, kid(place), since_size=1)
    assert [row.kind for row in fallen(home, theft)] == ["record"]


# Who issues from then on


def test_a_new_key_is_made_and_signs_at_once(logged: Place) -> None:
    done = steal(logged, 2)
    assert done.published is not None
    assert [(one.state, one.key.algorithm) for one in done.published.keys] == [
        ("compromised", "ES256"),
        ("active", "ES256"),
    ]
    assert done.signer is not None
    assert done.proved is not None
    assert done.proved.given_up == {done.published.keys[0].key.thumbprint: 2}
    new = issue_logged(logged, 7)[0].bundle
    assert answer(logged, new) == "authentic"


def test_no_key_is_made_where_another_one_may_sign(logged: Place) -> None:
    home, theft = Home.read(logged.home), assess(Home.read(logged.home), kid(logged), since_size=2)
    given = PrivateKey.generate("Ed25519").public_key
    assert declare(home, [theft], Wanted()).generate == "ES256"
    assert declare(home, [theft], Wanted(activate=("xxxxxxxx",))).generate is None
    assert declare(home, [theft], Wanted(keys=((given, None),))).generate is None
    enact(logged, Wanted(generate="Ed25519"), NOW + DAY)
    assert declare(Home.read(logged.home), [theft], Wanted()).generate == "ES256"
    enact(logged, Wanted(activate=(kid(logged, 1),)), NOW + 40 * DAY)
    home = Home.read(logged.home)
    assert declare(home, [theft], Wanted()).generate is None
    both = [theft, assess(home, kid(logged, 1), since_size=2)]
    assert declare(home, both, Wanted()).generate == "ES256"


def test_a_key_that_is_given_is_active_at_once(logged: Place) -> None:
    given = PrivateKey.generate("Ed25519").public_key
    done = steal(logged, 2, Wanted(keys=((given, None),)))
    assert done.unknown_signer == given.thumbprint
    assert done.published is not None
    assert done.published.keys[-1].state == "active"


# Afterwards


def test_the_cutoff_may_move(place: Place) -> None:
    issued = issue_logged(place, 0, 1, 2)
    table: dict[int, list[str | None]] = {
        2: ["authentic", "authentic"],
        1: ["authentic", None],
        3: ["authentic", "authentic"],
    }
    for days, (size, expected) in enumerate(table.items(), 10):
        done = steal(place, size, days=days)
        assert done.published is not None
        entry = done.published.keys[0]
        assert ([one.size for one in entry.cutoffs], len(done.published.keys)) == ([size], 2)
        told = [answer(place, one.bundle) for one in issued[:2]]
        fell = "not authentic key-compromised"
        assert told == [verdict or fell for verdict in expected]
    pages = {
        version: (place.home.parent / f"version-{version}" / "CHANGES.md").read_text("utf-8")
        for version in (2, 3, 4)
    }
    assert "IT WAS STOLEN" in pages[2]
    assert "among the first 2 entries" in pages[2]
    assert "whatever date it bears" in pages[2]
    assert "THE CUT-OFF MOVES" in pages[3]
    assert "The cut-off was 2 entries" in pages[3]
    assert "What was logged between the two falls" in pages[3]
    assert "counts again" in pages[4]


def test_a_key_that_ended_can_be_stolen_too(place: Place) -> None:
    issued = issue_logged(place, 0, 1)
    enact(place, Wanted(generate="ES256"), NOW + DAY)
    change = Wanted(activate=(kid(place, 1),), retire=(kid(place),))
    enact(place, change, NOW + 40 * DAY)
    enact(place, Wanted(), NOW + 41 * DAY)
    assert newest(place).keys[0].ended is not None
    done = steal(place, 2, days=42)
    assert done.published is not None
    assert len(done.published.keys) == 2
    assert done.published.keys[0].ended is not None
    assert [answer(place, one.bundle) for one in issued] == ["authentic"] * 2
    bare = issued[0].bundle._replace(proof=None)
    assert answer(place, bare) == "undecided proof-missing key-compromised"


# The whole home


def test_all_keys_of_the_home_are_replaced_in_one_version(place: Place) -> None:
    issued = issue_logged(place, 0, 1)
    enact(place, Wanted(generate="ES256", snapshot=True, status_max_age=900 * DAY), NOW + DAY)
    home = Home.read(place.home)
    kids = issuing_keys_inside(home)
    issuing = [one for one in newest(place).keys if one.role == "issue"]
    assert kids == tuple(one.key.thumbprint for one in issuing)
    assert len(kids) == 2
    thefts = [assess(home, one, since_size=1) for one in kids]
    wanted = replace_online_keys(home, declare(home, thefts, Wanted()))
    done = enact(place, wanted, NOW + 2 * DAY)
    assert done.published is not None
    states = [(one.role, one.state) for one in done.published.keys]
    assert states.count(("issue", "compromised")) == 2
    assert [one for one in states if one[1] in ("active", "pre-published")] == [
        ("issue", "active"),
        ("snapshot", "active"),
    ]
    assert ("snapshot", "void") in states
    assert [log.state for log in done.published.logs] == ["retired", "active"]
    assert issuing_keys_inside(Home.read(place.home)) == (
        next(one.key.thumbprint for one in done.published.keys if one.state == "active"),
    )
    with place.open() as institution:
        institution.publish(at=NOW + 3 * DAY)
    new = issue_logged(place, 7)[0].bundle
    assert log_origin(URL, 2) in (new.proof or "")
    old = issued[0].bundle, issued[1].bundle
    assert [answer(place, one).partition(" ")[0] for one in old] == ["undecided", "not"]
    assert answer(place, old[1]) == "not authentic key-compromised"


def test_a_key_in_a_token_is_not_in_the_home(place: Place) -> None:
    home = Home.read(place.home)
    entry = newest(place).keys[0]
    home.note_signer(entry.key, "pkcs11:token=Registrar")
    assert issuing_keys_inside(home) == ()
