"""Verdicts, exit statuses, the decisive step, and errors for what a policy may not ask."""

import pickle
from dataclasses import replace
from datetime import timedelta
from itertools import permutations, product

import pytest

from signedcert.errors import (
    ConfigurationError,
    RejectedError,
    SignedCertError,
    UndecidedError,
    VerificationError,
)
from signedcert.verify.policy import Policy
from signedcert.verify.report import (
    WORST_FIRST,
    Check,
    Outcome,
    Report,
    Verdict,
    worst,
)
from signedcert.verify.verifier import Verifier
from tests.reference import AT, World, credential

PASSED = Check(1, Outcome.PASSED)
KINDS = {
    Verdict.NOT_AUTHENTIC: (Outcome.FAILED, "bad-signature"),
    Verdict.UNREADABLE: (Outcome.FAILED, "no-document"),
    Verdict.UNDECIDED: (Outcome.UNDECIDED, "unknown-key"),
    Verdict.NOT_STANDING: (Outcome.NOT_STANDING, "expired"),
    Verdict.AUTHENTIC: (Outcome.PASSED, None),
}


def of(*verdicts: Verdict) -> Report:
    """A report whose steps lead to these verdicts."""
    return Report(
        tuple(
            Check(step, KINDS[verdict][0], KINDS[verdict][1])  # type: ignore[arg-type]
            for step, verdict in enumerate(verdicts, 1)
        )
    )


def test_each_verdict_has_the_exit_status_of_the_format() -> None:
    assert {verdict.value: verdict.exit_status for verdict in Verdict} == {
        "authentic": 0,
        "not authentic": 1,
        "not standing": 3,
        "undecided": 4,
        "unreadable": 5,
    }


def test_the_order_from_the_worst_is_1_5_4_3_0() -> None:
    assert [verdict.exit_status for verdict in WORST_FIRST] == [1, 5, 4, 3, 0]
    assert set(WORST_FIRST) == set(Verdict)


@pytest.mark.parametrize("verdicts", list(permutations(Verdict, 3)))
def test_the_worst_does_not_depend_on_the_order(verdicts: tuple[Verdict, ...]) -> None:
    expected = next(verdict for verdict in WORST_FIRST if verdict in verdicts)
    assert worst(list(verdicts)) is expected
    assert of(*verdicts).verdict is expected


def test_the_worst_of_nothing_is_authentic() -> None:
    assert worst([]) is Verdict.AUTHENTIC


@pytest.mark.parametrize("verdicts", list(product(Verdict, repeat=3)))
def test_the_decisive_step_is_the_first_of_the_worst(verdicts: tuple[Verdict, ...]) -> None:
    report = of(*verdicts)
    if report.verdict is Verdict.AUTHENTIC:
        assert report.decisive.step == 3
        assert report.reason is None
    else:
        assert report.decisive.step == verdicts.index(report.verdict) + 1
        assert report.reason == KINDS[report.verdict][1]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_report_is_true_if_and_only_if_it_says_authentic(verdict: Verdict) -> None:
    assert bool(of(verdict)) == (verdict is Verdict.AUTHENTIC)


@pytest.mark.parametrize("outcome", Outcome)
def test_only_trouble_keeps_a_step_from_authentic(outcome: Outcome) -> None:
    trouble = {Outcome.FAILED, Outcome.NOT_STANDING, Outcome.UNDECIDED}
    assert (Check(1, outcome).verdict is Verdict.AUTHENTIC) == (outcome not in trouble)


def test_a_policy_that_asks_for_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="give no policy instead") as caught:
        Policy()
    assert caught.value.reason == "policy-empty"


@pytest.mark.parametrize(
    "policy",
    [
        Policy(issuer=""),
        Policy(course=""),
        Policy(learner=""),
        Policy(issuer="https://learn.example.edu."),
        Policy(issuer="https://LEARN.example.edu"),
        Policy(course="operations"),
        Policy(learner="Maria-José Nguyễn"),
        Policy(max_trust_age=timedelta(0)),
        Policy(max_trust_age=timedelta(days=30, hours=23)),
    ],
    ids=repr,
)
def test_a_policy_that_is_not_met_is_not_authentic(policy: Policy, world: World) -> None:
    report = Verifier(world.trust, policy).report(world.document(), at=AT)
    assert not report
    assert report.decisive.step == 10


@pytest.mark.parametrize(
    "learner",
    ["María-José Nguyễn", "MARÍA-JOSÉ NGUYỄN", " María\u2010José  Nguyễn "],
)
def test_a_name_is_compared_as_people_read_it(learner: str, world: World) -> None:
    assert Verifier(world.trust, Policy(learner=learner)).report(world.document(), at=AT)


def test_all_of_a_policy_is_asked(world: World) -> None:
    right = Policy(issuer=credential().issuer, course=credential().course)
    assert Verifier(world.trust, right).report(world.document(), at=AT)
    for name, policy in {
        "issuer": replace(right, issuer="other"),
        "course": replace(right, course="other"),
        "learner": replace(right, learner="other"),
    }.items():
        report = Verifier(world.trust, policy).report(world.document(), at=AT)
        assert report.reason == f"policy-{name}"


def test_careless_code_that_catches_verification_errors_fails_closed() -> None:
    for kind in (RejectedError, UndecidedError):
        assert issubclass(kind, VerificationError)
        assert issubclass(kind, SignedCertError)


def test_an_error_survives_the_way_between_processes(world: World) -> None:
    with pytest.raises(RejectedError) as caught:
        Verifier(world.trust).verify(b"%PDF", at=AT)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - made in the line itself
    assert (again.reason, again.step, again.detail, str(again)) == (
        "no-document",
        1,
        "no-document",
        str(caught.value),
    )


def test_an_error_holds_none_of_the_content_of_a_document(world: World) -> None:
    """Unverified content is behind ``unverified_claims`` and nowhere else."""
    document = world.document()
    with pytest.raises(RejectedError) as caught:
        Verifier(world.trust, Policy(learner="Somebody")).verify(document[:-6] + b"AAAAAA", at=AT)
    assert caught.value.reason == "bad-signature"
    assert credential().learner not in f"{caught.value}{vars(caught.value)}"
