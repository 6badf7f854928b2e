"""The ten steps of FORMATS, section 11, and what comes of each.

A row has one letter a step: ``p`` passed, ``F`` failed, ``S`` not standing, ``U`` undecided,
``m`` not made, ``-`` not asked, ``n`` not published.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.core.jws import CompactJWS
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError, RejectedError, UndecidedError, VerificationError
from signedcert.trust.entries import StatusPolicy, key_url
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LOG_ALGORITHMS, LogEntry, log_origin
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.store import TrustStore
from signedcert.verify.policy import Policy
from signedcert.verify.report import Outcome, Report, Verdict
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUED, ISSUER, NAME, World, course, credential, make_world

LETTERS = {
    Outcome.PASSED: "p",
    Outcome.FAILED: "F",
    Outcome.NOT_STANDING: "S",
    Outcome.UNDECIDED: "U",
    Outcome.NOT_MADE: "m",
    Outcome.NOT_ASKED: "-",
    Outcome.NOT_PUBLISHED: "n",
}
OTHER = "https://courses.example.org"
UNTIL = ISSUED + timedelta(days=60)
ALL_ASKED = Policy(issuer=ISSUER, course=course().id, learner=credential().learner)


@dataclass(kw_only=True)
class Case:
    """What is put to the verifier. ``document`` is the reference certificate if it is empty."""

    steps: str
    verdict: Verdict
    reason: str | None = None
    document: bytes | Bundle = b""
    trust: TrustStore | None = None
    at: datetime = AT
    code: str | None = None
    policy: Policy | None = None
    decisive: int = field(init=False)

    def __post_init__(self) -> None:
        marks = {Verdict.NOT_AUTHENTIC: "F", Verdict.UNREADABLE: "F", Verdict.UNDECIDED: "U"}
        marks[Verdict.NOT_STANDING] = "S"
        mark = marks.get(self.verdict)
        self.decisive = self.steps.index(mark) + 1 if mark else 10


def trust_of(manifest: KeyManifest, world: World) -> TrustStore:
    signed = sign_manifest(manifest, world.roots)
    return TrustStore.empty().add([signed.jws.encode()], manifest.pin)


def with_log(world: World) -> TrustStore:
    keys = tuple(PrivateKey.generate(algorithm).public_key for algorithm in LOG_ALGORITHMS)
    log = LogEntry(log_origin(ISSUER), keys, "active", LandmarkList().landmarks)
    return trust_of(replace(world.manifest, logs=(log,)), world)


def forked(world: World, *, with_key: bool = True) -> TrustStore:
    first = replace(world.manifest, keys=world.manifest.keys if with_key else ())
    seconds = [replace(first, version=2, name=name) for name in ("One", "Two")]
    manifests = [sign_manifest(one, world.roots).jws.encode() for one in (first, *seconds)]
    return TrustStore.empty().add(manifests, first.pin)


def code_of(document: bytes) -> str:
    jws = CompactJWS.parse(document)
    return str(VerificationCode.derive(jws.signing_input, jws.signature))


def report(world: World, case: Case) -> Report:
    verifier = Verifier(world.trust if case.trust is None else case.trust, case.policy)
    return verifier.report(case.document or world.document(), at=case.at, code=case.code)


def letters(found: Report) -> str:
    return "".join(LETTERS[check.outcome] for check in found.checks)


def cases(world: World) -> dict[str, Case]:
    """Every outcome of every step, most of them in a row that has nothing else."""
    document = world.document()
    text = document.decode()
    code = code_of(document)
    broken = document[:-9] + (b"A" if document[-9:-8] != b"A" else b"B") + document[-8:]
    wrong_claims = world.sign(credential().encode().replace(b'"hashed":false', b'"hashed":true'))
    started = credential()._replace(started=date(2026, 5, 11)).encode()
    reversed_dates = world.sign(started.replace(b"2026-05-11", b"2026-07-11"))
    stranger = make_world()
    unknown = key_url(ISSUER, stranger.key.public_key)
    elsewhere = credential()._replace(issuer=OTHER).encode()
    theirs = stranger.sign(elsewhere, stranger.header(kid=key_url(OTHER, stranger.key.public_key)))
    ending = world.sign(credential()._replace(valid_until=UNTIL).encode())
    altered = Bundle(text, course().text + " ")
    snapshot = replace(world.manifest.keys[0], role="snapshot")
    other_algorithm = "ES256" if world.key.algorithm == "Ed25519" else "Ed25519"
    yes, no, stale = Verdict.AUTHENTIC, Verdict.NOT_AUTHENTIC, Policy(max_trust_age=timedelta(1))
    maybe, ended = Verdict.UNDECIDED, Verdict.NOT_STANDING
    return {
        # Step 1
        "authentic": Case(steps="ppppnpnp--", verdict=yes),
        "authentic, all of it asked for": Case(
            steps="ppppnpnppp", verdict=yes, code=code, policy=ALL_ASKED
        ),
        "not a document": Case(
            steps="Fmmmmmmmmm",
            verdict=Verdict.UNREADABLE,
            reason="no-document",
            document=b"%PDF-1.7",
        ),
        "malformed, whatever else is asked": Case(
            steps="Fmmmmmmmmm",
            verdict=no,
            reason="malformed-document",
            document=document + b"=",
            code=code,
            policy=ALL_ASKED,
        ),
        # Step 2
        "unknown issuer": Case(
            steps="pUmpmmmm--", verdict=maybe, reason="unknown-issuer", document=theirs
        ),
        "a stranger's key": Case(
            steps="pUmpmmmm--",
            verdict=maybe,
            reason="unknown-key",
            document=stranger.sign(credential().encode(), stranger.header(kid=unknown)),
        ),
        "a stranger's key, and not in the issuer's place": Case(
            steps="pFmpmmmm--",
            verdict=no,
            reason="key-not-authorised",
            document=stranger.sign(
                credential().encode(),
                stranger.header(kid=key_url(OTHER, stranger.key.public_key)),
            ),
        ),
        "another institution's issuer": Case(
            steps="pFmpmmmm--",
            verdict=no,
            reason="key-not-authorised",
            document=world.sign(elsewhere),
        ),
        "another role": Case(
            steps="pFmpmmmm--",
            verdict=no,
            reason="key-not-authorised",
            trust=trust_of(replace(world.manifest, keys=(snapshot,)), world),
        ),
        "another algorithm": Case(
            steps="pFmpmmmm--",
            verdict=no,
            reason="key-not-authorised",
            document=world.sign(credential().encode(), world.header(alg=other_algorithm)),
        ),
        "a fork": Case(steps="pUmpmmmm--", verdict=maybe, reason="trust-fork", trust=forked(world)),
        "a fork, and the key is on neither side": Case(
            steps="pUmpmmmm--",
            verdict=maybe,
            reason="trust-fork",
            trust=forked(world, with_key=False),
        ),
        "a fork, and the key has another algorithm here": Case(
            steps="pUmpmmmm--",
            verdict=maybe,
            reason="trust-fork",
            trust=forked(world),
            document=world.sign(credential().encode(), world.header(alg=other_algorithm)),
        ),
        "unknown issuer, and not the one asked for": Case(
            steps="pUmpmmmm-F",
            verdict=no,
            reason="policy-issuer",
            document=theirs,
            policy=Policy(issuer=ISSUER),
        ),
        "unknown issuer, so its trust data have no age": Case(
            steps="pUmpmmmm-m",
            verdict=maybe,
            reason="unknown-issuer",
            document=theirs,
            policy=stale,
        ),
        "unknown key and wrong claims": Case(
            steps="pmmFmmmm-m",
            verdict=no,
            reason="claims-inconsistent",
            document=stranger.sign(b"{}", stranger.header(kid=unknown)),
            policy=ALL_ASKED,
        ),
        # Step 3
        "a broken signature": Case(
            steps="ppFpnmnm--", verdict=no, reason="bad-signature", document=broken
        ),
        "a broken signature, and no more": Case(
            steps="ppFpnmnmFF",
            verdict=no,
            reason="bad-signature",
            document=broken,
            code=code,
            policy=Policy(learner="Somebody"),
        ),
        # Step 4
        "wrong claims": Case(
            steps="pppFnmnm-m",
            verdict=no,
            reason="claims-inconsistent",
            document=wrong_claims,
            policy=ALL_ASKED,
        ),
        "dates that contradict each other": Case(
            steps="pppFnmnm--", verdict=no, reason="claims-inconsistent", document=reversed_dates
        ),
        "the course that was signed": Case(
            steps="ppppnpnp--", verdict=yes, document=Bundle(text, course().text)
        ),
        "another course": Case(
            steps="pppUnpnp--", verdict=maybe, reason="course-digest-mismatch", document=altered
        ),
        "a damaged course": Case(
            steps="pppUnpnp--",
            verdict=maybe,
            reason="course-digest-mismatch",
            document=Bundle(text, damaged=("course",)),
        ),
        "another course and a broken signature": Case(
            steps="ppFUnmnm--",
            verdict=no,
            reason="bad-signature",
            document=altered._replace(document=broken.decode()),
        ),
        # Step 5
        "a log and no proof": Case(steps="pppp-pnp--", verdict=yes, trust=with_log(world)),
        "a log and a damaged proof": Case(
            steps="ppppUpnp--",
            verdict=maybe,
            reason="proof-invalid",
            trust=with_log(world),
            document=Bundle(text, damaged=("proof",)),
        ),
        "a log and a proof": Case(
            steps="ppppUpnp--",
            verdict=maybe,
            reason="proof-invalid",
            trust=with_log(world),
            document=Bundle(text, proof="proof"),
        ),
        "a proof and no log": Case(
            steps="ppppnpnp--", verdict=yes, document=Bundle(text, proof="proof")
        ),
        # Step 6
        "retired": Case(steps="ppppnpnp--", verdict=yes, trust=world.with_state("retired")),
        "pre-published": Case(
            steps="ppppnUnp--",
            verdict=maybe,
            reason="key-pre-published",
            trust=world.with_state("pre-published"),
        ),
        "void": Case(
            steps="ppppnFnp--", verdict=no, reason="key-void", trust=world.with_state("void")
        ),
        "compromised": Case(
            steps="ppppnUnp--",
            verdict=maybe,
            reason="proof-missing",
            trust=world.with_state("compromised"),
        ),
        "logged required": Case(
            steps="ppppnUnp--",
            verdict=maybe,
            reason="proof-missing",
            trust=world.with_state("active", logged="required"),
        ),
        "logged anchored, retired": Case(
            steps="ppppnUnp--",
            verdict=maybe,
            reason="proof-missing",
            trust=world.with_state("retired", logged="anchored"),
        ),
        # Step 7
        "status lists": Case(
            steps="ppppnpUp--",
            verdict=maybe,
            reason="status-unknown",
            trust=trust_of(replace(world.manifest, status=StatusPolicy(60)), world),
        ),
        # Step 8
        "not yet": Case(
            steps="ppppnpnS--",
            verdict=ended,
            reason="not-yet-valid",
            at=ISSUED - timedelta(seconds=1),
        ),
        "in its first second": Case(steps="ppppnpnp--", verdict=yes, at=ISSUED),
        "in its last second": Case(
            steps="ppppnpnp--", verdict=yes, document=ending, at=UNTIL - timedelta(microseconds=1)
        ),
        "expired": Case(
            steps="ppppnpnS--", verdict=ended, reason="expired", document=ending, at=UNTIL
        ),
        "expired, and stale": Case(
            steps="ppppnpnS-U",
            verdict=maybe,
            reason="trust-stale",
            document=ending,
            at=UNTIL,
            policy=stale,
        ),
        # Step 9
        "its code": Case(steps="ppppnpnpp-", verdict=yes, code=code),
        "another code": Case(
            steps="ppppnpnpF-", verdict=no, reason="code-mismatch", code=code_of(ending)
        ),
        "another code of an expired one": Case(
            steps="ppppnpnSF-",
            verdict=no,
            reason="code-mismatch",
            document=ending,
            at=UNTIL,
            code=code,
        ),
        # Step 10
        "another course was asked for": Case(
            steps="ppppnpnp-F", verdict=no, reason="policy-course", policy=Policy(course="other")
        ),
        "stale trust": Case(steps="ppppnpnp-U", verdict=maybe, reason="trust-stale", policy=stale),
        "trust that is young enough": Case(
            steps="ppppnpnp-p",
            verdict=yes,
            policy=Policy(max_trust_age=AT - (ISSUED - timedelta(days=1))),
        ),
    }


NAMES = sorted(cases(make_world()))


@pytest.fixture(scope="module", params=["world", "ed25519_world"])
def either(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def table(either: World) -> dict[str, Case]:
    return cases(either)


@pytest.mark.parametrize("name", NAMES)
def test_steps_have_the_outcomes_of_their_row(
    name: str, either: World, table: dict[str, Case]
) -> None:
    case = table[name]
    found = report(either, case)
    assert letters(found) == case.steps
    assert (found.verdict, found.reason) == (case.verdict, case.reason)
    assert found.decisive.step == case.decisive
    assert [check.step for check in found.checks] == list(range(1, 11))


@pytest.mark.parametrize("name", NAMES)
def test_verify_returns_or_raises_what_the_report_says(
    name: str, either: World, table: dict[str, Case]
) -> None:
    case = table[name]
    verifier = Verifier(either.trust if case.trust is None else case.trust, case.policy)
    document = case.document or either.document()
    if case.verdict is Verdict.AUTHENTIC:
        certificate = verifier.verify(document, at=case.at, code=case.code)
        assert certificate.learner == credential().learner
        return
    kind = UndecidedError if case.verdict is Verdict.UNDECIDED else RejectedError
    with pytest.raises(VerificationError) as caught:
        verifier.verify(document, at=case.at, code=case.code)
    found = verifier.report(document, at=case.at, code=case.code)
    assert type(caught.value) is kind
    assert (caught.value.reason, caught.value.step) == (case.reason, case.decisive)
    assert caught.value.detail == found.decisive.detail
    assert found.decisive.technical in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_content_is_shown_only_where_steps_1_2_3_and_6_passed(
    name: str, either: World, table: dict[str, Case]
) -> None:
    found = report(either, table[name])
    outcomes = [check.outcome for check in found.checks]
    genuine = all(outcomes[step - 1] is Outcome.PASSED for step in (1, 2, 3, 6))
    assert (found.credential is not None) == genuine
    assert genuine or found.course is None
    assert genuine or not found
    assert found.credential in (None, found.unverified_claims())


@pytest.mark.parametrize("name", NAMES)
def test_every_step_that_did_not_pass_has_a_reason_and_no_other_has(
    name: str, either: World, table: dict[str, Case]
) -> None:
    for check in report(either, table[name]).checks:
        trouble = check.outcome in (Outcome.FAILED, Outcome.UNDECIDED, Outcome.NOT_STANDING)
        assert (check.reason is not None) == trouble
        assert trouble or not check.detail


def test_unverified_claims_are_given_where_they_can_be_read(either: World) -> None:
    table = cases(either)
    broken = report(either, table["a broken signature"])
    assert broken.credential is None
    assert broken.unverified_claims() == credential()
    assert report(either, table["unknown issuer"]).unverified_claims() == (
        credential()._replace(issuer=OTHER)
    )
    assert report(either, table["wrong claims"]).unverified_claims() is None
    assert report(either, table["not a document"]).unverified_claims() is None


def test_a_course_is_shown_only_if_it_is_the_one_that_was_signed(either: World) -> None:
    table = cases(either)
    assert report(either, table["the course that was signed"]).course == course().text
    assert report(either, table["another course"]).course is None
    stolen = Case(
        steps="ppppnFnp--",
        verdict=Verdict.NOT_AUTHENTIC,
        document=Bundle(either.document().decode(), course().text),
        trust=either.with_state("void"),
    )
    assert report(either, stolen).course is None


def test_the_issuer_has_the_name_of_the_trust_store(either: World) -> None:
    document = either.sign(credential()._replace(issuer_name="Harvard").encode())
    certificate = Verifier(either.trust).verify(document, at=AT)
    assert (certificate.issuer.id, certificate.issuer.name) == (ISSUER, NAME)


def test_a_renamed_institution_has_its_newest_name(either: World) -> None:
    renamed = sign_manifest(replace(either.manifest, version=2, name="New Name"), either.roots)
    trust = either.trust.add([renamed.jws.encode()], either.manifest.pin)
    assert Verifier(trust).verify(either.document(), at=AT).issuer.name == "New Name"


@pytest.mark.parametrize("name", ["unknown issuer", "a fork", "another role", "not a document"])
def test_no_issuer_is_named_where_the_key_is_not_authorised(name: str, either: World) -> None:
    assert report(either, cases(either)[name]).issuer is None


def test_the_code_of_what_could_be_read_is_reported(either: World) -> None:
    document = either.document()
    verifier = Verifier(either.trust)
    assert str(verifier.report(document, at=AT).code) == code_of(document)
    assert verifier.report(b"", at=AT).code is None
    assert str(Verifier(TrustStore.empty()).report(document, at=AT).code) == code_of(document)


def test_a_moment_without_a_time_zone_is_refused(either: World) -> None:
    naive = datetime(2026, 8, 1, 12, 0)  # noqa: DTZ001 - that is the point
    for ask in (Verifier(either.trust).verify, Verifier(either.trust).report):
        for document in (either.document(), b"%PDF"):
            with pytest.raises(ConfigurationError, match="at needs a time zone") as caught:
                ask(document, at=naive)
            assert caught.value.reason == "time-naive"


def test_a_moment_may_be_in_any_time_zone(either: World) -> None:
    tokyo = timezone(timedelta(hours=9))
    first = ISSUED.astimezone(tokyo)
    verifier = Verifier(either.trust)
    assert verifier.report(either.document(), at=first)
    assert not verifier.report(either.document(), at=first - timedelta(seconds=1))


def test_a_key_of_another_known_institution_is_not_this_one_s(either: World) -> None:
    other = make_world(either.key.algorithm)
    entry = replace(other.manifest.keys[0], url=key_url(OTHER, other.key.public_key))
    manifest = replace(other.manifest, iss=OTHER, keys=(entry,))
    signed = sign_manifest(manifest, other.roots)
    both = either.trust.add([signed.jws.encode()], manifest.pin)
    header = other.header(kid=entry.url)
    forged = Verifier(both).report(other.sign(credential().encode(), header), at=AT)
    assert (forged.reason, forged.decisive.detail) == ("key-not-authorised", "kid-not-under-issuer")
    assert forged.issuer is None
    theirs = credential()._replace(issuer=OTHER)
    assert Verifier(both).report(other.sign(theirs.encode(), header), at=AT)
    assert Verifier(both).report(either.document(), at=AT)


def test_a_verifier_tells_the_keys_that_it_has_seen_apart(
    world: World, ed25519_world: World
) -> None:
    """What it knows of a key is worked out once, and is of that key."""
    void = replace(ed25519_world.manifest.keys[0], state="void")
    verifier = Verifier(trust_of(replace(world.manifest, keys=(*world.manifest.keys, void)), world))
    first = verifier.report(world.document(), at=AT)
    other = verifier.report(ed25519_world.document(), at=AT)
    again = verifier.report(world.document(), at=AT)
    assert (first.reason, other.reason, again.reason) == (None, "key-void", None)
    assert again.checks[5] is first.checks[5]


def test_a_key_that_became_void_takes_its_certificates_along(either: World) -> None:
    entry = replace(either.manifest.keys[0], state="void", since=datetime(2026, 7, 9, tzinfo=UTC))
    second = sign_manifest(replace(either.manifest, version=2, keys=(entry,)), either.roots)
    trust = either.trust.add([second.jws.encode()], either.manifest.pin)
    assert Verifier(either.trust).report(either.document(), at=AT)
    after = Verifier(trust).report(either.document(), at=AT)
    assert after.reason == "key-void"
    assert "void since 2026-07-09" in after.decisive.technical
