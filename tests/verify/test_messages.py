"""The catalogue of messages: whole, without leftovers, in plain words."""

import json
import re
from importlib import resources
from itertools import product
from typing import Any, get_args

import pytest

from signedcert.errors import Verdicts
from signedcert.verify.messages import (
    Message,
    message_for,
    message_of,
    outcome_title,
    step_title,
)
from signedcert.verify.report import Kind, Outcome, Verdict

CATALOGUE: dict[str, dict[str, Any]] = json.loads(
    resources.files("signedcert.verify").joinpath("messages.json").read_text("utf-8")
)
KINDS: tuple[Kind, ...] = get_args(Kind)
SLUGS = sorted([*get_args(Verdicts), *(verdict.value for verdict in Verdict)])
JARGON = re.compile(
    r"\b(JWS|JWT|JWK|ECDSA|ES256|Ed25519|digest|hash|thumbprint|kid|JSON|slug|manifest|payload"
    r"|base64|credential|SHA|Unicode|schema|parse|token|UUID)\b",
    re.IGNORECASE,
)


def words() -> dict[str, str]:
    """Every text of the catalogue, by where it is."""
    texts = {
        f"{slug} {part} {kind}": text
        for slug in SLUGS
        for kind in KINDS
        for part, text in message_for(slug, kind)._asdict().items()
    }
    texts |= {f"step {step}": text for step, text in CATALOGUE["steps"].items()}
    return texts | {f"outcome {name}": text for name, text in CATALOGUE["outcomes"].items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_verdict_and_every_reason_has_a_message(slug: str, kind: Kind) -> None:
    for text in message_for(slug, kind):
        assert text
        assert text.strip() == text
        assert not re.search(r"[{}]", text)


#: Whoever sees these may have had neither in mind, or reads of the code on a certificate.
OF_BOTH = {"unreadable", "no-document"}


@pytest.mark.parametrize("slug", sorted(set(SLUGS) - OF_BOTH))
def test_a_message_is_about_one_kind_of_document(slug: str) -> None:
    certificate, record = (" ".join(message_for(slug, kind)) for kind in KINDS)
    assert KINDS == ("certificate", "record")
    assert "record" not in certificate
    assert "certificate" not in record
    assert certificate.replace("certificate", "record") == record


def test_a_message_is_about_a_certificate_unless_something_else_is_said() -> None:
    assert message_for("expired") == message_for("expired", "certificate")
    assert message_for("expired") != message_for("expired", "record")
    assert message_for("authentic", "record").title == "This course record is authentic"
    assert message_of(Verdict.AUTHENTIC, None, "record") == message_for("authentic", "record")
    assert message_of(Verdict.UNDECIDED, "learner-withheld", "record").text == (
        "You asked whose record this is, and the learner who shared it does not show a name."
    )


def test_the_catalogue_has_no_message_that_nothing_uses() -> None:
    assert set(CATALOGUE) == {"verdicts", "reasons", "steps", "outcomes"}
    assert set(CATALOGUE["verdicts"]) == {verdict.value for verdict in Verdict}
    assert set(CATALOGUE["reasons"]) == set(get_args(Verdicts))
    assert set(CATALOGUE["steps"]) == {str(step) for step in range(1, 11)}
    assert set(CATALOGUE["outcomes"]) == {outcome.value for outcome in Outcome}
    for part in ("verdicts", "reasons"):
        for message in CATALOGUE[part].values():
            assert list(message) == list(Message._fields)


def test_every_step_and_every_outcome_has_words() -> None:
    titles = [step_title(step) for step in range(1, 11)]
    titles += [outcome_title(outcome) for outcome in Outcome]
    assert all(titles)
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("where", words())
def test_a_message_is_in_plain_words(where: str) -> None:
    assert not JARGON.search(words()[where])


def test_the_test_for_plain_words_knows_jargon_when_it_sees_it() -> None:
    assert JARGON.search("The JWS has another digest.")
    assert not JARGON.search("Kidnapped hashish")


def test_a_message_ends_its_sentences_and_a_title_is_none() -> None:
    for slug, kind in product(SLUGS, KINDS):
        message = message_for(slug, kind)
        assert not message.title.endswith(".")
        assert len(message.title) <= 60
        assert message.text.endswith(".")
        assert message.advice.endswith(".") or "signedcert " in message.advice


def test_no_two_reasons_have_one_title() -> None:
    for kind in KINDS:
        titles = [message_for(slug, kind).title for slug in get_args(Verdicts)]
        assert len(set(titles)) == len(titles)


def test_a_report_has_the_message_of_its_reason_or_else_of_its_verdict() -> None:
    assert message_of(Verdict.NOT_STANDING, "expired") == message_for("expired")
    assert message_of(Verdict.AUTHENTIC, None) == message_for("authentic")


def test_an_unknown_slug_has_no_message() -> None:
    with pytest.raises(KeyError):
        message_for("such-a-slug")
