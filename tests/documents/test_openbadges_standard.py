"""What is written is what the Open Badges 3.0.3 context and schema define."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft201909Validator, FormatChecker

from signedcert.documents.openbadges import _terms
from signedcert.documents.recordbadge import RecordCredential, encode_record
from tests.reference import credential, record, salts

CONTEXTS = ("credentials-v2.jsonld", "ob-v3p0-3.0.3.json")
OPTIONAL = list(product([None, date(2026, 5, 1)], [None, datetime(2030, 1, 1, tzinfo=UTC)]))


NUMBERS = range(1, len(record().results) + 1)
#: What a learner shows of a record: which results, and whether the name.
SHOWN = {
    "whole": (tuple(NUMBERS), True),
    "no name": (tuple(NUMBERS), False),
    "final score, no name": ((NUMBERS[-1],), False),
    "name only": ((), True),
    "nothing": ((), False),
}


def full_record() -> RecordCredential:
    """A record with every field that there is; of the results, with every one too."""
    first, *others = record().results
    return record()._replace(
        started=OPTIONAL[-1][0],
        valid_until=OPTIONAL[-1][1],
        results=(first._replace(status="Provisional"), *others),
    )


def signed_payload(credential: RecordCredential) -> dict[str, Any]:
    """What is signed, with digests."""
    payload: dict[str, Any] = json.loads(encode_record(credential, salts(len(NUMBERS) + 1))[0])
    return payload


def shown_payload(
    credential: RecordCredential, numbers: tuple[int, ...], *, name: bool
) -> dict[str, Any]:
    """What remains when a reader has put what is shown in the place of its digest, and taken away
    what is withheld (RFC 9901, 7.1).
    """
    payload, disclosures = encode_record(credential, salts(len(NUMBERS) + 1))
    chosen = [disclosures[number] for number in ([0] if name else []) + list(numbers)]
    shown = {one.digest: json.loads(one.value) for one in chosen}
    value: dict[str, Any] = json.loads(payload)
    subject = value["credentialSubject"]
    for array in ("identifier", "result"):
        digests = [element["..."] for element in subject[array]]
        subject[array] = [shown[digest] for digest in digests if digest in shown]
    del value["_sd_alg"]
    return value


def table() -> dict[str, list[str]]:
    """The terms by the term or type whose context defines them; the outermost have none."""
    text = resources.files("signedcert.documents").joinpath("terms.json").read_text("utf-8")
    parsed: dict[str, list[str]] = json.loads(text)
    return parsed


def definitions(context: Any, holder: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Each term of a JSON-LD context and of those inside it, with what defines it."""
    for term, definition in context.items():
        if term.startswith("@"):
            continue
        yield holder, term
        if isinstance(definition, dict) and definition.get("@context"):
            yield from definitions(definition["@context"], term)


def test_the_table_is_exactly_what_the_contexts_define(vectors: Path) -> None:
    defined: dict[str, set[str]] = {}
    for name in CONTEXTS:
        context = json.loads((vectors / "openbadges" / "contexts" / name).read_bytes())
        for holder, term in definitions(context["@context"]):
            defined.setdefault(holder, set()).add(term)
    assert {holder: sorted(terms) for holder, terms in defined.items()} == table()


def test_the_table_is_sorted_and_without_repetition() -> None:
    assert list(table()) == sorted(table())
    for terms in table().values():
        assert terms == sorted(set(terms))
    assert _terms() == {term for terms in table().values() for term in terms}


def members(value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON is any
    """Each member name in a document, with the type of the object that holds it."""
    if isinstance(value, dict):
        kinds = value.get("type", "")
        for name, inner in value.items():
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                yield kind, name
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


@pytest.mark.parametrize(("started", "until"), OPTIONAL)
def test_every_member_is_a_defined_term_or_a_keyword(
    started: date | None, until: datetime | None
) -> None:
    value = json.loads(credential()._replace(started=started, valid_until=until).encode())
    names = {name for _, name in members(value)}
    assert names - _terms() <= {"@context", "id", "type"}
    assert {"identityHash", "digestSRI", "statusListIndex", "jti"} <= names


def test_typed_objects_hold_only_terms_in_their_scope() -> None:
    full = credential()._replace(started=OPTIONAL[-1][0], valid_until=OPTIONAL[-1][1])
    assert_in_scope(json.loads(full.encode()))


def assert_in_scope(value: dict[str, Any]) -> None:
    """A type-scoped context holds for its object; those around it are the outermost and, for a
    credential, its own.
    """
    terms = table()
    for kind, name in members(value):
        kinds = {"OpenBadgeCredential": "VerifiableCredential"}
        scope = {*terms[""], *terms.get(kinds.get(kind, kind), []), "@context", "id", "type"}
        assert name in scope, (kind, name)


@pytest.mark.parametrize(("numbers", "name"), SHOWN.values(), ids=SHOWN.keys())
def test_a_record_holds_only_terms_in_their_scope(numbers: tuple[int, ...], *, name: bool) -> None:
    value = shown_payload(full_record(), numbers, name=name)
    assert_in_scope(value)
    names = {name for _, name in members(value)}
    assert {"resultDescription", "valueMax", "result", "identifier"} <= names
    assert ({"status", "value", "awardedDate"} <= names) is bool(numbers)
    assert ("identityHash" in names) is name


def test_what_is_signed_of_a_record_holds_only_terms_in_their_scope() -> None:
    value = signed_payload(full_record())
    assert_in_scope(value)
    assert {"...", "_sd_alg"} <= {name for _, name in members(value)}


def test_the_credentials_context_defines_what_sd_jwt_adds(vectors: Path) -> None:
    context = json.loads((vectors / "openbadges" / "contexts" / CONTEXTS[0]).read_bytes())
    assert {"...", "_sd", "_sd_alg"} <= set(context["@context"])


@pytest.fixture(scope="module")
def validator(vectors: Path) -> Draft201909Validator:
    """The published schema, with formats checked."""
    name = "ob_v3p0_achievementcredential_schema.json"
    schema = json.loads((vectors / "openbadges" / "schemas" / name).read_bytes())
    Draft201909Validator.check_schema(schema)
    return Draft201909Validator(schema, format_checker=FormatChecker())


@pytest.mark.parametrize(("started", "until"), OPTIONAL)
def test_the_payload_is_valid_under_the_published_schema(
    validator: Draft201909Validator, started: date | None, until: datetime | None
) -> None:
    value = json.loads(credential()._replace(started=started, valid_until=until).encode())
    assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize(
    "path", ["validFrom", "validUntil", "activityStartDate", "activityEndDate"]
)
def test_the_schema_does_check_that_times_are_times(
    validator: Draft201909Validator, path: str
) -> None:
    full = credential()._replace(started=OPTIONAL[-1][0], valid_until=OPTIONAL[-1][1])
    value = json.loads(full.encode())
    holder = value if path.startswith("valid") else value["credentialSubject"]
    assert path in holder
    holder[path] = "2026-06-30"
    assert "date-time" in str([error.message for error in validator.iter_errors(value)])


def test_the_schema_does_check_the_rest(validator: Draft201909Validator) -> None:
    value = json.loads(credential().encode())
    del value["credentialSubject"]["achievement"]["criteria"]
    assert "criteria" in str([error.message for error in validator.iter_errors(value)])


def problems(validator: Draft201909Validator, value: dict[str, Any]) -> list[str]:
    """What the schema finds wrong, with its place."""
    return [f"{one.json_path}: {one.message}" for one in validator.iter_errors(value)]


@pytest.mark.parametrize(("started", "until"), OPTIONAL)
@pytest.mark.parametrize(("numbers", "name"), SHOWN.values(), ids=SHOWN.keys())
def test_a_record_is_valid_under_the_published_schema(
    validator: Draft201909Validator,
    started: date | None,
    until: datetime | None,
    numbers: tuple[int, ...],
    *,
    name: bool,
) -> None:
    """Partial ones too: the schema wants no identifier and no result, so there may be none left."""
    full = full_record()._replace(started=started, valid_until=until)
    value = shown_payload(full, numbers, name=name)
    assert len(value["credentialSubject"]["result"]) == len(numbers)
    assert problems(validator, value) == []
    assert problems(validator, value | {"_sd_alg": "sha-256"}) == []


def test_the_schema_does_check_results(validator: Draft201909Validator) -> None:
    changes: list[dict[str, object]] = [{"status": "Passed"}, {"type": []}, {"value": 17}]
    for change in changes:
        value = shown_payload(full_record(), tuple(NUMBERS), name=True)
        value["credentialSubject"]["result"][0] |= change
        (problem,) = problems(validator, value)
        assert problem.startswith("$.credentialSubject.result"), change


def test_what_is_signed_of_a_record_is_not_valid_before_its_digests_are_replaced(
    validator: Draft201909Validator,
) -> None:
    """Under the schema, as RFC 9901, 7.1, wants it: digests are for those who process them."""
    places = [
        problem.partition(":")[0] for problem in problems(validator, signed_payload(record()))
    ]
    assert places == ["$.credentialSubject.identifier", "$.credentialSubject.result"]
