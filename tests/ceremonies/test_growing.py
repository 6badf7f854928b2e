"""With each version of the manifest, root vouches for what the logs have grown by."""

from dataclasses import replace

import pytest

from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.proposing import Wanted
from signedcert.custody.proposal import Proposal
from signedcert.errors import ConfigurationError, RejectedError
from signedcert.home import Home
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import End, log_origin
from signedcert.verify.verifier import Verifier
from tests.ceremonies.council import DAY, enact, newest, sign, write
from tests.ceremonies.heads import (
    MINUTE,
    follow,
    issue_logged,
    landmarks_file,
    registry_copy,
    restore,
)
from tests.core.refusal import refused
from tests.institution.homes import LATER, NOW, URL, Place, certificate, issue_one, root_keys

LOG = log_origin(URL)


def verdicts(place: Place, *bundles: object) -> list[str]:
    """What a verifier says who has what is published now."""
    verifier = Verifier(follow(place, Home.read(place.home).history()))
    return [verifier.report(one, at=LATER).verdict.value for one in bundles]  # type: ignore[arg-type]


def test_every_head_becomes_a_landmark_and_is_published(place: Place) -> None:
    issued = issue_logged(place, 0, 1, 2)
    done = enact(place, Wanted(logged="anchored"), NOW + DAY)
    assert done.published is not None
    (log,) = done.published.logs
    lines = landmarks_file(place, log).read_text("ascii").splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["1", "2", "3"]
    assert verdicts(place, *(one.bundle for one in issued)) == ["authentic"] * 3


def test_the_next_version_goes_on_from_there(place: Place) -> None:
    issue_logged(place, 0, 1)
    enact(place, Wanted(), NOW + DAY)
    first = landmarks_file(place, newest(place).logs[0]).read_bytes()
    issue_logged(place, 2, 3, 4)
    directory = write(place, Wanted(), NOW + 2 * DAY)
    (growth,) = Proposal.read(directory).growths
    assert (growth.frontier.size, len(growth.entries) // 32) == (2, 3)
    assert "3 entries since its last landmark, at size 2" in (directory / "CHANGES.md").read_text()
    assert "You vouch for 3 more heads" in (directory / "CHANGES.md").read_text("utf-8")
    sign(directory, root_keys(place))
    assert assemble(Home.read(place.home), directory, at=NOW + 2 * DAY).published
    second = landmarks_file(place, newest(place).logs[0]).read_bytes()
    assert (second.startswith(first), second.count(b"\n")) == (True, 5)


def test_without_new_heads_the_landmarks_stay(place: Place) -> None:
    issue_logged(place, 0)
    before = enact(place, Wanted(), NOW + DAY).published
    after = enact(place, Wanted(), NOW + 2 * DAY).published
    assert before is not None
    assert after is not None
    assert before.logs == after.logs
    page = (place.home.parent / "version-3" / "CHANGES.md").read_text("utf-8")
    assert "no entries since its last landmark, at size 1" in page


def test_what_is_not_logged_yet_is_under_no_landmark(place: Place) -> None:
    issue_logged(place, 0)
    with place.open() as institution:  # in the minute of the newest head
        assert issue_one(institution, learner_id="s-9").bundle.proof is None
    done = enact(place, Wanted(), NOW + DAY)
    assert done.published is not None
    assert done.published.logs[0].landmarks.count == 1


def test_a_crash_before_the_landmarks_are_out_is_mended(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_logged(place, 0)
    directory = write(place, Wanted(), NOW + DAY)
    sign(directory, root_keys(place))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("publish_landmarks", "publish"):
        with monkeypatch.context() as patch:
            patch.setattr(Home, name, crash)
            with pytest.raises(KeyboardInterrupt):
                assemble(Home.read(place.home), directory, at=NOW + DAY)
        assert newest(place).version == 1
    assert assemble(Home.read(place.home), directory, at=NOW + DAY).published
    assert landmarks_file(place, newest(place).logs[0]).exists()


def test_evidence_that_was_forged_is_not_published(place: Place) -> None:
    issue_logged(place, 0, 1)
    directory = write(place, Wanted(), NOW + DAY)
    sign(directory, root_keys(place))
    entries = directory / "log" / "entries"
    entries.write_bytes(bytes(len(entries.read_bytes())))
    with refused("proof-forked", f"log {LOG}", RejectedError):
        assemble(Home.read(place.home), directory, at=NOW + DAY)
    assert newest(place).version == 1
    assert not (place.home / "published" / "log" / "landmarks").exists()


def test_a_head_may_not_be_left_out(place: Place) -> None:
    """Proofs under it would be forks."""
    issue_logged(place, 0, 1, 2)
    directory = write(place, Wanted(), NOW + DAY)
    file = directory / "log" / "landmarks"
    heads = LandmarkList.parse(file.read_bytes()).heads
    fewer = LandmarkList((heads[0], heads[2]))
    file.write_bytes(fewer.encode())
    payload = Proposal.read(directory).manifest
    logs = (payload.logs[0]._replace(landmarks=fewer.landmarks),)
    (directory / "payload.json").write_bytes(replace(payload, logs=logs).encode())
    sign(directory, root_keys(place))
    with refused("proposal-invalid", LOG, ConfigurationError):
        assemble(Home.read(place.home), directory, at=NOW + DAY)
    assert newest(place).version == 1


# where a key ended (decision 0041)


def retire(place: Place) -> str:
    """The first key is retired by version 3; its thumbprint. A document is issued in the days
    between proposal and publication.
    """
    enact(place, Wanted(generate="ES256"), NOW + DAY)
    old, new = (entry.key.thumbprint for entry in newest(place).keys)
    directory = write(place, Wanted(activate=(new,), retire=(old,)), NOW + 40 * DAY)
    issue_logged(place, 5)
    sign(directory, root_keys(place))
    done = assemble(Home.read(place.home), directory, at=NOW + 41 * DAY)
    assert done.published is not None
    assert done.published.keys[0].ended is None
    return old


def test_the_version_after_says_where_a_retired_key_ended(place: Place) -> None:
    issued = issue_logged(place, 0, 1)
    old = retire(place)
    last = issue_logged(place, 6)  # by the new key
    done = enact(place, Wanted(), NOW + 50 * DAY)
    assert done.published is not None
    assert done.published.keys[0].ended == End(LOG, 4)
    assert verdicts(place, *(one.bundle for one in (*issued, *last))) == ["authentic"] * 3
    page = (place.home.parent / "version-4" / "CHANGES.md").read_text("utf-8")
    assert f"{old}, retired, ended at size 4 of {LOG}" in page
    again = enact(place, Wanted(), NOW + 60 * DAY)
    assert again.published is not None
    assert again.published.keys[0].ended == End(LOG, 4)


def test_it_is_not_said_while_something_waits_for_the_log(place: Place) -> None:
    retire(place)
    issue_logged(place, 7)
    with place.open() as institution:
        waiting = institution.issue(
            certificate(), learner_id="s-8", run="2026", at=NOW + 7 * MINUTE
        )
        assert waiting.bundle.proof is None
    done = enact(place, Wanted(), NOW + 50 * DAY)
    assert done.published is not None
    assert done.published.keys[0].ended is None


# a registry that is lost, and another log


def test_a_registry_without_the_landmarks_is_refused(place: Place) -> None:
    issue_logged(place, 0)
    backup = registry_copy(place)
    issue_logged(place, 1)
    enact(place, Wanted(), NOW + DAY)
    restore(place, backup)
    with refused("log-behind", LOG, ConfigurationError):
        write(place, Wanted(name="Other"), NOW + 2 * DAY)
    assert not (place.home.parent / "version-3").exists()


def test_after_it_was_lost_another_log_is_begun(place: Place) -> None:
    issued = issue_logged(place, 0)
    backup = registry_copy(place)
    issued += issue_logged(place, 1)
    enact(place, Wanted(), NOW + DAY)
    restore(place, backup)
    with place.open() as institution, refused("log-behind", kind=ConfigurationError):
        issue_one(institution, learner_id="s-5")
    done = enact(place, Wanted(log=True), NOW + 2 * DAY)
    assert done.published is not None
    assert [(log.state, log.landmarks.count) for log in done.published.logs] == [
        ("retired", 2),
        ("active", 0),
    ]
    issued += issue_logged(place, 2)
    assert issued[-1].bundle.proof is not None
    assert log_origin(URL, 2) in issued[-1].bundle.proof
    assert enact(place, Wanted(), NOW + 3 * DAY).published
    assert verdicts(place, *(one.bundle for one in issued)) == ["authentic"] * 3


def test_another_log_retires_the_one_before_and_keeps_its_landmarks(place: Place) -> None:
    issued = issue_logged(place, 0)
    done = enact(place, Wanted(log=True), NOW + DAY)
    assert done.published is not None
    assert [log.state for log in done.published.logs] == ["retired", "active"]
    page = (place.home.parent / "version-2" / "CHANGES.md").read_text("utf-8")
    assert f"A new log {log_origin(URL, 2)} is active" in page
    assert f"Log {LOG} is retired: nothing more is logged there" in page
    issued += issue_logged(place, 1)
    enact(place, Wanted(logged="anchored"), NOW + 2 * DAY)
    assert verdicts(place, *(one.bundle for one in issued)) == ["authentic"] * 2


def test_of_a_log_that_retired_landmarks_alone_count(place: Place) -> None:
    issue_logged(place, 0)
    directory = write(place, Wanted(log=True), NOW + DAY)
    between = issue_logged(place, 1)  # under a head that is no landmark yet
    sign(directory, root_keys(place))
    assert assemble(Home.read(place.home), directory, at=NOW + DAY).published
    verifier = Verifier(follow(place, Home.read(place.home).history()))
    place_shown = verifier.report(between[0].bundle, at=LATER).checks[4]
    assert "is retired, and this head is none of its landmarks" in place_shown.technical
    enact(place, Wanted(), NOW + 2 * DAY)  # and never will be: it goes into the new log
    verifier = Verifier(follow(place, Home.read(place.home).history()))
    assert verifier.report(between[0].bundle, at=LATER).checks[4] == place_shown


def test_a_log_that_is_left_out_may_not_change(place: Place) -> None:
    issue_logged(place, 0)
    enact(place, Wanted(), NOW + DAY)
    issue_logged(place, 1)
    directory = write(place, Wanted(), NOW + 2 * DAY)
    sign(directory, root_keys(place))
    (directory / "log").rename(directory / "elsewhere")
    with refused("proposal-invalid", LOG, ConfigurationError):
        assemble(Home.read(place.home), directory, at=NOW + 2 * DAY)
    payload = Proposal.read(directory).manifest
    unchanged = replace(payload, logs=newest(place).logs)
    (directory / "payload.json").write_bytes(unchanged.encode())
    sign(directory, root_keys(place))
    assert assemble(Home.read(place.home), directory, at=NOW + 2 * DAY).published
