"""The rotation of the issuing key, from the plan to what verifiers say."""

from datetime import datetime, timedelta

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.ceremonies.proposing import Wanted
from signedcert.ceremonies.rotation import due, plan, words
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.signer import open_signer
from signedcert.errors import ConfigurationError
from signedcert.home import Home
from signedcert.trust.manifest import KeyManifest
from signedcert.verify.verifier import Verifier
from tests.ceremonies.council import enact
from tests.ceremonies.heads import follow
from tests.core.refusal import refused
from tests.institution.homes import BEGUN, NOW, PASSPHRASE, Place, issue_one
from tests.trust.house import USUAL, manifest

DAY = timedelta(days=1)
YEAR = timedelta(days=365)


def issue(place: Place, learner_id: str) -> Bundle:
    """A certificate, with whichever key the home issues now."""
    with place.open() as institution:
        return issue_one(institution, learner_id=learner_id).bundle


def knows(place: Place, version: int) -> Verifier:
    """A verifier that has heard of this version, and of none after it."""
    return Verifier(follow(place, Home.read(place.home).history().until(version)))


def rotate(place: Place, at: datetime) -> KeyManifest:
    """The step that is due."""
    newest = Home.read(place.home).history().newest
    done = enact(place, plan(newest, at=at).wanted(YEAR), at)
    assert done.published is not None
    return done.published


def test_certificates_stay_and_new_ones_are_signed_by_the_new_key(place: Place) -> None:
    before = issue(place, "s-1")
    rotate(place, NOW)
    between = issue(place, "s-2")
    old_signer = Home.read(place.home).configuration.signer
    newest = rotate(place, NOW + 31 * DAY)
    after = issue(place, "s-3")
    assert [entry.state for entry in newest.keys] == ["retired", "active"]
    assert Home.read(place.home).configuration.signer != old_signer
    at = NOW + 40 * DAY
    table = {
        1: ("authentic", "authentic", "undecided unknown-key"),
        2: ("authentic", "authentic", "undecided key-pre-published"),
        3: ("authentic", "authentic", "authentic"),
    }
    for version, expected in table.items():
        reports = [knows(place, version).report(one, at=at) for one in (before, between, after)]
        told = tuple(
            " ".join(filter(None, (report.verdict.value, report.decisive.reason or "")))
            for report in reports
        )
        assert told == expected, version


def test_the_home_opens_with_the_new_key_and_keeps_the_old_file(place: Place) -> None:
    rotate(place, NOW)
    rotate(place, NOW + 31 * DAY)
    home = Home.read(place.home)
    signer = open_signer(home.configuration.signer, home.path, PASSPHRASE)
    assert signer.public_key == home.history().newest.keys[1].key
    files = (place.home / "keys").glob("issue-*.key")
    assert len([read_key_file(path, PASSPHRASE) for path in files]) == 2


def test_a_second_rotation_follows_the_first(place: Place) -> None:
    for number in range(4):
        rotate(place, NOW + number * 31 * DAY)
    newest = Home.read(place.home).history().newest
    assert [entry.state for entry in newest.keys] == ["retired", "retired", "active"]
    assert knows(place, 5).verify(issue(place, "s-9"), at=NOW + 200 * DAY).learner


def test_the_successor_has_the_algorithm_of_the_key_that_goes() -> None:
    one = manifest(1, USUAL)
    found = plan(one, at=BEGUN)
    assert (found.step, found.algorithm) == ("pre-publish", "Ed25519")
    nobody = plan(manifest(1, USUAL | {"keys": "s:active/snapshot"}), at=BEGUN)
    assert (nobody.step, nobody.algorithm, nobody.retiring) == ("pre-publish", "ES256", ())


@pytest.mark.parametrize(("days", "step"), [(0, "wait"), (29, "wait"), (30, "activate")])
def test_a_new_key_is_announced_for_thirty_days(days: int, step: str) -> None:
    one = manifest(1, USUAL | {"keys": "k:active,m:pre-published"})
    at = one.keys[1].since + days * DAY
    assert plan(one, at=at).step == step
    assert plan(one, at=at, wait=timedelta(0)).step == "activate"
    assert plan(one, at=at, wait=60 * DAY).step == "wait"


def test_what_has_to_wait_is_not_proposed() -> None:
    one = manifest(1, USUAL | {"keys": "k:active,m:pre-published"})
    with refused("proposal-invalid", kind=ConfigurationError):
        plan(one, at=one.keys[1].since).wanted(YEAR)


@pytest.mark.parametrize(
    ("keys", "days", "part"),
    [
        ("k:active", 0, "There is no successor"),
        ("k:active,m:pre-published", 0, "Nothing to do until then"),
        ("k:active,m:pre-published", 30, "activates it in version 2"),
        ("m:pre-published", 30, "Active issuing key: none"),
    ],
)
def test_the_plan_is_put_in_words(keys: str, days: int, part: str) -> None:
    one = manifest(1, USUAL | {"keys": keys})
    at = one.keys[-1].since + days * DAY
    text = "\n".join(words(one, plan(one, at=at)))
    assert part in text
    assert ("unknown-key" in text) == ("pre-published" in keys)


@pytest.mark.parametrize(
    ("keys", "days", "parts"),
    [
        ("k:active", 10, ()),
        ("k:active", 340, ("is fresh only until",)),
        ("k:active", 400, ("has signed for 400 days", "is not fresh since")),
        ("k:active,m:pre-published", 29, ()),
        ("k:active,m:pre-published", 30, ("may be activated",)),
        ("k:retired,m:pre-published", 30, ("may be activated",)),
        ("k:active/snapshot", 10, ()),
    ],
)
def test_what_is_due_is_said(keys: str, days: int, parts: tuple[str, ...]) -> None:
    one = manifest(1, USUAL | {"keys": keys})
    told = due(one, at=one.keys[0].since + days * DAY)
    assert len(told) == len(parts)
    for sentence, part in zip(told, parts, strict=True):
        assert part in sentence


def test_renewing_is_a_version_of_its_own(place: Place) -> None:
    done = enact(place, Wanted(fresh_for=400 * DAY), NOW)
    assert done.published is not None
    assert done.published.expires == NOW + 400 * DAY
    assert due(done.published, at=NOW) == []
