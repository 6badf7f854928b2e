"""What people are told: one catalogue for the command line, the pages and other verifiers."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from signedcert.verify.report import Kind, Outcome, Verdict


class Message(NamedTuple):
    """``title`` in a few words, ``text`` in a sentence or two, ``advice`` on what to do next."""

    title: str
    text: str
    advice: str


def message_for(slug: str, kind: Kind = "certificate") -> Message:
    """The message of a verdict or of a reason, about a document of this kind."""
    words = _catalogue().messages[slug]
    return Message(*(text.replace("{document}", kind) for text in words))


def message_of(verdict: Verdict, reason: str | None, kind: Kind = "certificate") -> Message:
    """The message of a report: that of its reason, or of the verdict where there is none."""
    return message_for(reason or verdict.value, kind)


def step_title(step: int) -> str:
    """What a step looks at, in words."""
    return _catalogue().steps[str(step)]


def outcome_title(outcome: Outcome) -> str:
    """What came of a step, in words."""
    return _catalogue().outcomes[outcome.value]


class _Catalogue(NamedTuple):
    messages: dict[str, Message]
    steps: dict[str, str]
    outcomes: dict[str, str]


@cache
def _catalogue() -> _Catalogue:
    parsed = json.loads(Path(__file__).with_name("messages.json").read_text("utf-8"))
    messages = parsed["verdicts"] | parsed["reasons"]
    return _Catalogue(
        {slug: Message(**words) for slug, words in messages.items()},
        parsed["steps"],
        parsed["outcomes"],
    )
