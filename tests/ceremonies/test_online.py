"""The keys of the log are stolen, or the snapshot key: all that was issued is proven again."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.online import LogTheft, assess_log, find_stolen, propose_online
from signedcert.ceremonies.proposing import Wanted
from signedcert.ceremonies.theft import assess
from signedcert.core.code import VerificationCode
from signedcert.core.entry import log_entry
from signedcert.core.jws import CompactJWS
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import leaf_hash, root_of_inclusion
from signedcert.custody.proposal import Proposal
from signedcert.custody.review import check_growths
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.issue.results import IssuedRow
from signedcert.log.keys import LogKeys, LogSigner
from signedcert.log.writer import LogWriter
from signedcert.registry.registry import Registry
from signedcert.trust.logs import LogEntry, log_origin
from signedcert.verify.report import Verdict
from tests.ceremonies.council import DAY, enact, newest, sign
from tests.core.refusal import refused
from tests.institution.homes import LATER, NOW, PASSPHRASE, URL, Place, issue_one, root_keys
from tests.issue.test_bulk import row as roster_row

FIRST, SECOND = log_origin(URL), log_origin(URL, 2)
DECLARED = NOW + DAY


def issue(school: Institution, lines: range, at: datetime) -> list[VerificationCode]:
    """Issued and logged."""
    outcomes = school.issue_rows([roster_row(line) for line in lines], at=at)
    return [one.issued.code for one in outcomes if isinstance(one, IssuedRow)]


def stolen_log(place: Place) -> LogEntry:
    """The log that is written now."""
    manifest = newest(place)
    found = find_stolen(manifest, manifest.logs[-1].keys[1].thumbprint[:8])
    assert isinstance(found, LogEntry)
    return found


def propose(place: Place, at: datetime = DECLARED) -> Path:
    """By which root declares them stolen, signed."""
    home, folder = Home.read(place.home), place.home.parent / f"stolen-{at:%d%H}"
    propose_online(home, folder, stolen_log(place), Wanted(), at=at, passphrase=PASSPHRASE)
    sign(folder, root_keys(place))
    return folder


def finish(place: Place, folder: Path, at: datetime = DECLARED) -> None:
    """It is published."""
    assert assemble(Home.read(place.home), folder, at=at).published


def origins(school: Institution, codes: list[VerificationCode]) -> list[str | None]:
    """The logs that prove the places of documents; each is authentic by that."""
    found: list[str | None] = []
    for code in codes:
        bundle = school.find(code)
        assert bundle is not None
        report = school.verifier().report(bundle, at=LATER)
        assert report.verdict is Verdict.AUTHENTIC
        proof = bundle.proof and LogProof.parse(bundle.proof.encode())
        found.append(proof.signed_checkpoint().unverified.origin if proof else None)
    return found


def reason(school: Institution, bundle: Bundle) -> str | None:
    """Why a proof shows nothing; None if it does, or is as good as none."""
    report = school.verifier().report(bundle, at=LATER)
    return next((check.reason for check in report.checks if check.step == 5), None)


def test_every_document_is_proven_again(place: Place) -> None:
    """By a landmark of the old log, or by the new one: what was logged while root signed, what a
    process logged that did not know, and what waited.
    """
    with place.open() as school:
        known = issue(school, range(4), NOW)
        assert assess_log(Home.read(place.home), stolen_log(place)) == LogTheft(
            stolen_log(place), 1, 4, 0
        )
        folder = propose(place)
        late = issue(school, range(4, 7), NOW + timedelta(hours=1))
        finish(place, folder)
        unaware = issue(school, range(7, 9), NOW + 2 * DAY)
        waiting = [issue_one(school, learner_id="waits").code]
        assert origins(school, [*late, *unaware]) == [FIRST] * 5
    manifest = newest(place)
    assert [(log.origin, log.state) for log in manifest.logs] == [
        (FIRST, "compromised"),
        (SECOND, "active"),
    ]
    with place.open() as school:
        assert origins(school, late) == [None] * 3
        new = issue(school, range(9, 11), NOW + 3 * DAY)
        for _ in range(2):
            assert origins(school, known) == [FIRST] * 4
            assert origins(school, [*late, *unaware, *waiting, *new]) == [SECOND] * 8
            assert school.log is not None
            assert school.log.append(NOW + 4 * DAY) == school.log.checkpoint
            assert school.log.checkpoint is not None
            assert school.log.checkpoint.size == 8
    assert (place.home / "published" / "log-2" / "checkpoint").is_file()


def test_heads_that_a_process_made_that_did_not_know_become_no_landmarks(place: Place) -> None:
    with place.open() as school:
        known = issue(school, range(3), NOW)
        finish(place, propose(place))
        late = issue(school, range(3, 5), NOW + DAY)
    enact(place, Wanted(), NOW + 2 * DAY)
    assert newest(place).logs[0].landmarks.count == 1
    with place.open() as school:
        issue(school, range(5, 6), NOW + 3 * DAY)
        assert origins(school, [*known, *late]) == [FIRST] * 3 + [SECOND] * 2


def test_a_fork_signed_with_the_stolen_keys_shows_nothing(place: Place) -> None:
    with place.open() as school:
        codes = issue(school, range(4), NOW)
        bundle = school.find(codes[0])
        keys = LogKeys.find(stolen_log(place), place.home).open(PASSPHRASE)
        finish(place, propose(place))
    assert bundle is not None
    forks = [forked(bundle, keys, size) for size in (1, 4, 5, 100)]
    with place.open() as school:
        assert school.verifier().report(bundle, at=LATER).verdict is Verdict.AUTHENTIC
        assert [reason(school, fork) for fork in forks] == ["proof-forked"] * 2 + [None] * 2
        assert school.verifier().report(forks[3], at=LATER).verdict is Verdict.AUTHENTIC
    enact(place, Wanted(logged="required"), NOW + 2 * DAY)
    with place.open() as school:
        report = school.verifier().report(forks[3], at=LATER)
        assert (report.verdict, report.reason) == (Verdict.UNDECIDED, "proof-missing")


def forked(bundle: Bundle, keys: LogSigner, size: int) -> Bundle:
    """The document alone, or at the left end of a tree like no other."""
    jws = CompactJWS.parse(bundle.document.encode())
    node = leaf_hash(log_entry(jws.signing_input, jws.signature))
    path = tuple(bytes([n]) * 32 for n in range((size - 1).bit_length()))
    head = keys.sign(size, root_of_inclusion(0, size, node, path))
    return bundle._replace(proof=LogProof(0, path, head.encode()).encode().decode())


def test_anchored_keys_go_on(place: Place) -> None:
    enact(place, Wanted(logged="anchored"), NOW)
    with place.open() as school:
        old = issue(school, range(3), NOW)
    finish(place, propose(place))
    with place.open() as school:
        assert origins(school, old) == [FIRST] * 3
        new = issue(school, range(3, 5), NOW + 2 * DAY)
        for code in new:
            bundle = school.find(code)
            assert bundle is not None
            assert school.verifier().report(bundle, at=LATER).reason == "proof-missing"
    enact(place, Wanted(), NOW + 3 * DAY)
    with place.open() as school:
        assert origins(school, [*old, *new]) == [FIRST] * 3 + [SECOND] * 2


def test_it_can_happen_twice(place: Place) -> None:
    codes = []
    with place.open() as school:
        codes += issue(school, range(2), NOW)
        finish(place, propose(place))
        codes += issue(school, range(2, 4), NOW + DAY)  # into the old log
    with place.open() as school:
        codes += issue(school, range(4, 6), NOW + 2 * DAY)
        finish(place, propose(place, NOW + 3 * DAY), NOW + 3 * DAY)
        codes += issue(school, range(6, 8), NOW + 4 * DAY)  # again
    with place.open() as school:
        codes += issue(school, range(8, 9), NOW + 5 * DAY)
        third = log_origin(URL, 3)
        assert origins(school, codes) == [FIRST] * 2 + [SECOND] * 4 + [third] * 3


def test_a_log_begun_beside_another_takes_over_what_has_no_head(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.open() as school:
        codes = issue(school, range(2), NOW)

        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(LogWriter, "_sign", crash)
            with pytest.raises(KeyboardInterrupt):
                issue(school, range(2, 4), NOW + DAY)
    enact(place, Wanted(log=True), NOW + 2 * DAY)
    with place.open() as school:
        codes += issue(school, range(2, 5), NOW + 3 * DAY)
        assert origins(school, codes) == [FIRST] * 2 + [SECOND] * 3


def test_where_a_retired_key_ended_is_said_when_nothing_of_it_can_come_into_the_log(
    place: Place,
) -> None:
    """Or what is logged again would be behind the end of its key."""
    with place.open() as school:
        issue(school, range(2), NOW)
    old = newest(place).keys[0].key.thumbprint
    enact(place, Wanted(generate="ES256"), NOW + DAY)
    with place.open() as school:
        enact(place, Wanted(activate=(newest(place).keys[1].key.thumbprint,), retire=(old,)), NOW)
        late = issue(school, range(2, 4), NOW + 2 * DAY)  # by the old key, unaware
        folder = propose(place, NOW + 3 * DAY)
        later = issue(school, range(4, 5), NOW + 3 * DAY)
        finish(place, folder, NOW + 3 * DAY)
    ended = newest(place).keys[0].ended
    enact(place, Wanted(), NOW + 4 * DAY)
    assert newest(place).keys[0].ended == ended
    with place.open() as school:
        issue(school, range(5, 6), NOW + 5 * DAY)
        assert origins(school, [*late, *later]) == [FIRST] * 2 + [SECOND]
    enact(place, Wanted(), NOW + 6 * DAY)
    with place.open() as school:
        assert origins(school, [*late, *later]) == [FIRST] * 2 + [SECOND]


def test_the_holders_check_what_the_old_log_has_become(place: Place) -> None:
    with place.open() as school:
        issue(school, range(2), NOW)
    proposal = Proposal.read(propose(place))
    check_growths(proposal, newest(place))
    assert [len(one.landmarks.heads) for one in proposal.growths][:1] == [1]


def test_keys_that_are_known_to_be_stolen_are_not_declared_so_again(place: Place) -> None:
    log = stolen_log(place)
    finish(place, propose(place))
    home, folder = Home.read(place.home), place.home.parent / "again"
    now = find_stolen(newest(place), log.keys[0].thumbprint)
    with refused("manifest-key-state", FIRST):
        propose_online(home, folder, now, Wanted(), at=LATER, passphrase=PASSPHRASE)
    assert not folder.exists()


def test_a_later_theft_of_the_issuing_key_has_a_cutoff_in_each_log(place: Place) -> None:
    with place.open() as school:
        issue(school, range(2), NOW)
    finish(place, propose(place))
    with place.open() as school:
        issue(school, range(2, 5), NOW + 2 * DAY)
    theft = assess(Home.read(place.home), newest(place).keys[0].key.thumbprint, since=LATER)
    assert [(one.origin, one.size) for one in theft.cutoffs] == [(FIRST, 2), (SECOND, 3)]


def test_another_snapshot_key_signs_at_once(place: Place) -> None:
    enact(place, Wanted(snapshot=True, status_max_age=14 * DAY), NOW)
    with place.open() as school:
        code = issue(school, range(1), NOW)[0]
        school.revoke(code, at=NOW)
        school.publish(at=NOW)
    home, folder = Home.read(place.home), place.home.parent / "snapshot"
    key = newest(place).keys[-1]
    stolen = find_stolen(newest(place), key.key.thumbprint)
    assert stolen == key
    propose_online(home, folder, key, Wanted(), at=DECLARED, passphrase=PASSPHRASE)
    sign(folder, root_keys(place))
    finish(place, folder)
    assert [(one.role, one.state) for one in newest(place).keys[1:]] == [
        ("snapshot", "compromised"),
        ("snapshot", "active"),
    ]
    with place.open() as school:
        bundle = school.find(code)
        assert bundle is not None
        assert school.verifier().report(bundle, at=DECLARED).reason == "status-unknown"
        school.publish(at=DECLARED)
        assert school.verifier().report(bundle, at=DECLARED).reason == "revoked"
    with refused("manifest-key-state", key.key.thumbprint):
        again = find_stolen(newest(place), key.key.thumbprint)
        propose_online(home, folder, again, Wanted(), at=LATER, passphrase=PASSPHRASE)


def test_requeueing_twice_does_nothing(place: Place) -> None:
    with place.open() as school:
        issue(school, range(3), NOW)
    registry = Registry.open(Home.read(place.home).registry_url)
    second = registry.log(2)
    assert [second.requeue({1: 1}), second.requeue({1: 1}), second.pending()] == [2, 0, 2]
    second.append(10, lambda _: None)
    assert (second.requeue({1: 1}), second.stranded({1: 1}), second.size()) == (0, False, 2)
    assert second.stranded({1: 0})
    registry.close()
