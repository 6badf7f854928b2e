"""What people are told: one catalogue for the command line, the pages and other verifiers."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from signedcert.verify.report import Outcome, Verdict


class Message(NamedTuple):
    """``title`` in a few words, ``text`` in a sentence or two, ``advice`` on what to do next."""

    title: str
    text: str
    advice: str


def message_for(slug: str) -> Message:
    """The message of a verdict or of a reason."""
    return _catalogue().messages[slug]


def message_of(verdict: Verdict, reason: str | None) -> Message:
    """The message of a report: that of its reason, or of the verdict where there is none."""
    return message_for(reason or verdict.value)


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
