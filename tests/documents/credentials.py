"""Certificates and records for the tests: every combination of fields, and the places in them."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from signedcert.documents.digest import digest_sri
from signedcert.documents.openbadges import STATUS_LIST_SIZE, Credential
from signedcert.documents.record import FINAL_SCORE, STATUSES, CourseResult, check_results
from signedcert.documents.recordbadge import RecordCredential
from signedcert.documents.text import MAX_NAME, MAX_SUMMARY, MAX_TITLE, check_text, normalize
from tests.core.refusal import outcome

#: What names are made of, in many scripts, and what JSON and forms have to escape or to leave.
LETTERS = (
    "aZ 09-'.,()&/\"\\%«»⟦⟧{}<>\u00e9\u00df\u1ec5\u0142\u03a9\u0416\u05d3\u0645\u06cc\u0915"
    "\u0e01\u0dc1\u4e2d\u3042\uac00\U00020000\U0001f600\u0301\u0323\u200c\u200d\u200e\u02bc\u2019"
)
#: A name, a position, or the name that a digest has in an array.
_STEP = re.compile(r"[.]{3}|[^.\[\]]+")


def texts(limit: int) -> st.SearchStrategy[str]:
    """Texts that may stand in a document."""
    return (
        st.text(st.sampled_from(LETTERS) | st.characters(exclude_categories=["C"]), max_size=40)
        .map(normalize)
        .filter(lambda text: outcome(check_text, text, limit, "") is None)
    )


def _ordered(credential: Credential | RecordCredential) -> bool:
    until, started = credential.valid_until, credential.started
    return (until is None or until > credential.valid_from) and (
        started is None or started <= credential.completed
    )


uuids = st.uuids(version=4).map(str)
moments = st.integers(0, 253402300799).map(lambda second: datetime.fromtimestamp(second, UTC))

digests = st.text(max_size=5).map(digest_sri)
_shared: dict[str, st.SearchStrategy[Any]] = {
    "id": uuids,
    "title": texts(MAX_TITLE),
    "issuer": st.sampled_from(
        ["https://learn.example.edu", "https://a", "https://a-b.example:8443"]
    ),
    "issuer_name": texts(MAX_TITLE),
    "valid_from": moments,
    "valid_until": st.none() | moments,
    "subject": uuids,
    "learner": texts(MAX_NAME),
    "started": st.none() | st.dates(),
    "completed": st.dates(),
    "course": st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True),
    "version": st.integers(1, 10**16 - 1),
    "description": texts(MAX_SUMMARY),
    "narrative": texts(MAX_SUMMARY),
    "digest": digests,
    "status_list": st.integers(1, 10**16 - 1),
    "status_index": st.integers(0, STATUS_LIST_SIZE - 1),
}

credentials = st.builds(Credential, **_shared).filter(_ordered)


@st.composite
def _results(draw: st.DrawFn) -> tuple[CourseResult, ...]:
    """One final score, and up to six others, in any order."""
    kinds = [FINAL_SCORE, *draw(st.lists(st.sampled_from(["quiz", "exam "]) | texts(60)))[:6]]
    found = []
    for kind in draw(st.permutations(kinds)):
        maximum = draw(st.decimals(Decimal("0.0001"), Decimal("999999999.9999"), places=4))
        value = draw(st.none() | st.decimals(0, maximum, places=4))
        found.append(
            CourseResult(
                kind,
                maximum,
                draw(st.none() | texts(60)),
                maximum if kind == FINAL_SCORE and value is None else value,
                draw(st.sampled_from(STATUSES)),
                draw(st.none() | st.dates()),
            )
        )
    return tuple(found)


results = _results().filter(lambda drawn: outcome(check_results, drawn) is None)

#: Whole records, that is with nothing withheld.
records = st.builds(
    RecordCredential,
    **_shared,
    certificate=uuids,
    certificate_digest=digests,
    results=results,
).filter(_ordered)


def steps(path: str) -> list[str | int]:
    """``a.b[0]`` as the steps a, b and 0."""
    return [int(step) if step.isdigit() else step for step in _STEP.findall(path)]


def parent(document: Any, path: str) -> tuple[Any, Any]:  # noqa: ANN401 - JSON is any
    """The object or array that holds ``path``, and the last step."""
    *outer, last = steps(path)
    for step in outer:
        document = document[step]
    return document, last


def at(document: Any, path: str) -> Any:  # noqa: ANN401 - JSON is any
    """What stands at ``path``; the document itself at the empty one."""
    for step in steps(path):
        document = document[step]
    return document


def paths(value: Any, path: str = "") -> list[str]:  # noqa: ANN401 - JSON is any
    """The path of every member and element."""
    found: list[str] = []
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}".lstrip(".")
            found += [here, *paths(inner, here)]
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            here = f"{path}[{position}]"
            found += [here, *paths(inner, here)]
    return found
