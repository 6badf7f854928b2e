"""The reasons why documents are not valid: coarse, sorted, and nothing about anybody else."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import dump_json
from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.errors import MalformedError, Reason
from signedcert.trust.reasons import (
    MAX_REASONS,
    MAX_REASONS_FILE,
    REASONS_TYPE,
    WHY,
    Reasons,
    StatusReason,
    Why,
)
from signedcert.trust.snapshot import MAX_LISTS
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED, VALID
from tests.core.refusal import outcome, refused
from tests.reference import ISSUED
from tests.trust.house import ISS
from tests.trust.test_snapshot import MANIFEST, sign

LINE = "1/77123 misconduct 2026-07-01T10:30:00Z"
#: The words, in the order of the statuses.
WORDS = tuple(dict.fromkeys(word for words in WHY.values() for word in words))


def parse(*lines: object, iss: str = ISS) -> Reasons:
    """The reasons that these lines are, signed."""
    value = {"iss": iss, "issued": "2026-07-01T10:30:00Z", "reasons": list(lines)}
    return Reasons.parse(sign(dump_json(value), REASONS_TYPE), MANIFEST)


def test_reasons_survive_the_way_to_the_wire_and_back() -> None:
    entries = (
        StatusReason(1, 5, "misconduct", ISSUED),
        StatusReason(1, 77123, "renamed", ISSUED),
        StatusReason(2, 0, "other", ISSUED - timedelta(days=9)),
        StatusReason(MAX_LISTS, STATUS_LIST_SIZE - 1, "withdrawn-by-learner", ISSUED),
    )
    reasons = Reasons(ISS, ISSUED, entries)
    assert Reasons.parse(sign(reasons.encode(), REASONS_TYPE), MANIFEST) == reasons
    value = json.loads(reasons.encode())
    assert list(value) == ["iss", "issued", "reasons"]
    assert value["reasons"][0] == "1/5 misconduct 2026-07-01T10:30:00Z"


_PLACES = st.tuples(st.integers(1, MAX_LISTS), st.integers(0, STATUS_LIST_SIZE - 1))
_TIMES = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(deadline=None)
@given(st.dictionaries(_PLACES, st.tuples(st.sampled_from(WORDS), _TIMES), max_size=20))
def test_any_reasons_survive(said: dict[tuple[int, int], tuple[Why, datetime]]) -> None:
    entries = tuple(StatusReason(*place, *said[place]) for place in sorted(said))
    reasons = Reasons(ISS, ISSUED, entries)
    again = Reasons.parse(sign(reasons.encode(), REASONS_TYPE), MANIFEST)
    assert again == reasons
    for entry in entries:
        fitting = [status for status, words in WHY.items() if entry.why in words]
        assert all(again.find(*entry.place, status) == entry for status in fitting)


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[0-9]+/[0-9]+ [a-z-]+ [0-9T:Z-]+", fullmatch=True))
@example(LINE)
def test_any_line_is_refused_or_written_so(text: str) -> None:
    found = outcome(StatusReason.parse, text)
    if isinstance(found, MalformedError):
        assert found.reason == "wrong-value"
    else:
        assert str(found) == text


LINES: dict[str, tuple[Sequence[object], Reason, str]] = {
    "a number": ([7], "wrong-type", "[0]"),
    "an object": ([{"list": 1}], "wrong-type", "[0]"),
    "empty": ([""], "wrong-value", "[0]"),
    "list 0": ([LINE.replace("1/", "0/", 1)], "wrong-value", "[0]"),
    "list 01": ([f"0{LINE}"], "wrong-value", "[0]"),
    "list 1025": ([LINE.replace("1/", "1025/", 1)], "wrong-value", "[0]"),
    "index 077123": ([LINE.replace("/", "/0")], "wrong-value", "[0]"),
    "index -1": ([LINE.replace("/", "/-")], "wrong-value", "[0]"),
    "index 2^20": ([LINE.replace("77123", "1048576")], "wrong-value", "[0]"),
    "other digits": ([LINE.replace("7", "\u0667")], "wrong-value", "[0]"),
    "a word that nobody knows": ([LINE.replace("misconduct", "plagiarism")], "wrong-value", "[0]"),
    "a word in capitals": ([LINE.replace("m", "M")], "wrong-value", "[0]"),
    "free text": ([LINE + " copied from Ada"], "wrong-value", "[0]"),
    "a successor": ([LINE + " 1/900"], "wrong-value", "[0]"),
    "a line break": ([LINE + "\n"], "wrong-value", "[0]"),
    "two spaces": ([LINE.replace(" ", "  ", 1)], "wrong-value", "[0]"),
    "a date": ([LINE[:-10]], "wrong-value", "[0]"),
    "30 February": ([LINE.replace("07-01", "02-30")], "wrong-value", "[0]"),
    "an hour that no day has": ([LINE.replace("T10", "T24")], "wrong-value", "[0]"),
    "the second one bad": ([LINE, "x"], "wrong-value", "[1]"),
    "a place twice": ([LINE, LINE], "reasons-order", ""),
    "a place twice, two reasons": (
        [LINE, LINE.replace("misconduct", "other")],
        "reasons-order",
        "",
    ),
    "descending": ([LINE, LINE.replace("77123", "9")], "reasons-order", ""),
    "lists descending": (
        [LINE.replace("1/", "2/"), LINE],
        "reasons-order",
        "",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_have_one_spelling_and_one_order(name: str) -> None:
    lines, reason, place = LINES[name]
    with refused(reason, f"reasons.reasons{place}" if place else "reasons"):
        parse(*lines)


def test_places_are_sorted_as_numbers() -> None:
    parse(LINE.replace("77123", "9"), LINE.replace("77123", "10"))
    parse(LINE.replace("1/", "2/"), LINE.replace("1/", "10/"))


def test_nothing_is_written_that_would_be_refused() -> None:
    entry = StatusReason(1, 5, "other", ISSUED)
    bad: dict[Reason, tuple[StatusReason, ...]] = {
        "reasons-order": (entry, entry),
        "wrong-value": (replace(entry, index=STATUS_LIST_SIZE),),
        "too-large": tuple(replace(entry, index=index) for index in range(MAX_REASONS + 1)),
    }
    for reason, entries in bad.items():
        with refused(reason):
            Reasons(ISS, ISSUED, entries).encode()


def test_ten_thousand_reasons_are_read_and_over_thirty_thousand_refused() -> None:
    entries = tuple(
        StatusReason(1 + number // 500, number % 500 * 2097, "misconduct", ISSUED)
        for number in range(MAX_REASONS)
    )
    ten = Reasons(ISS, ISSUED, entries[:10_000])
    token = sign(ten.encode(), REASONS_TYPE)
    assert len(token) < 650_000
    begun = time.thread_time()
    assert Reasons.parse(token, MANIFEST) == ten
    assert time.thread_time() - begun < 1
    longest = tuple(replace(one, number=1000, index=1000000 + i, why="withdrawn-by-learner")
                    for i, one in enumerate(entries))  # fmt: skip
    all_ = Reasons(ISS, ISSUED, longest)
    token = sign(all_.encode(), REASONS_TYPE)
    assert len(token) < MAX_REASONS_FILE
    assert Reasons.parse(token, MANIFEST) == all_
    with refused("too-large", "reasons.reasons"):
        parse(*map(str, entries), str(replace(entries[0], number=1000)))


def test_a_reason_counts_only_with_the_status_that_it_explains() -> None:
    reasons = parse(
        "1/5 misconduct 2026-07-01T10:30:00Z",
        "1/6 under-review 2026-07-01T10:30:00Z",
        "1/7 renamed 2026-07-01T10:30:00Z",
        "1/8 other 2026-07-01T10:30:00Z",
    )
    found = {
        index: [
            status
            for status in (VALID, REVOKED, SUSPENDED, REPLACED)
            if reasons.find(1, index, status)
        ]
        for index in range(4, 10)
    }
    assert found == {
        4: [],
        5: [REVOKED],
        6: [SUSPENDED],
        7: [REPLACED],
        8: [REVOKED, SUSPENDED, REPLACED],
        9: [],
    }
    assert reasons.find(2, 5, REVOKED) is None
    assert reasons.find(0, 5, REVOKED) is None


def test_no_reasons_at_all() -> None:
    assert parse().entries == ()
    assert parse().find(1, 1, REVOKED) is None
