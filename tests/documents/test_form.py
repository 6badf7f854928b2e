"""A document shape as a text with holes."""

import json
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import dump_json
from signedcert.documents.form import KINDS, MAX_ELEMENTS, Form
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import refused
from tests.documents.edits import EDITS

FORM = Form(
    '{"name":"«name:text»","of":["«host:origin»/«slug:slug»",1,false]'
    '⟦,"since":"«since:date»T00:00:00Z"⟧,"percent":"100%","again":"«name»"⟦,"n":«n:integer»⟧}'
)
VALUES = {"name": "Ada", "host": "https://a.example", "slug": "x", "since": None, "n": None}
WRITTEN = b'{"name":"Ada","of":["https://a.example/x",1,false],"percent":"100%","again":"Ada"}'

texts = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=0x20), max_size=30)


def unknown(path: str, name: str) -> MalformedError:
    """The error for a member that the form does not have."""
    return MalformedError("term-undefined", "unknown", where=f"{path}/{name}")


def explain(value: object) -> MalformedError:
    """Why a value is not of the form."""
    return FORM.explain(value, unknown, {"again": "name-mismatch"})


def read(payload: bytes) -> dict[str, str | None] | None:
    """What stands in the holes, by their names."""
    texts = FORM.read(payload)
    return None if texts is None else dict(zip(FORM.holes, texts, strict=True))


def write(values: dict[str, str | None]) -> bytes:
    """The payload with these values in its holes."""
    return FORM.write([values[name] for name in FORM.holes])


def test_holes_are_named_in_the_order_of_their_first_appearance() -> None:
    assert FORM.holes == ("name", "host", "slug", "since", "n")


def test_a_form_is_written_and_read_back() -> None:
    assert write(VALUES) == WRITTEN
    assert read(WRITTEN) == VALUES


@given(texts, st.none() | st.dates(), st.none() | st.integers(0, 10**16 - 1))
def test_any_text_survives_the_way_to_a_payload_and_back(
    name: str, since: date | None, number: int | None
) -> None:
    values = {
        **VALUES,
        "name": name,
        "since": None if since is None else since.isoformat(),
        "n": None if number is None else str(number),
    }
    payload = write(values)
    assert read(payload) == values
    parsed = json.loads(payload)
    assert parsed["name"] == parsed["again"] == name
    assert parsed.get("n") == number
    assert ("since" in parsed) == (since is not None)
    assert list(parsed) == [
        name for name in ("name", "of", "since", "percent", "again", "n") if name in parsed
    ]


def test_text_that_looks_like_a_hole_is_text() -> None:
    name = '«slug:slug» ⟦"\\⟧ %s %% \\1 (?P<x>.)'
    payload = write({**VALUES, "name": name})
    found = read(payload)
    assert found is not None
    assert found["name"] == name


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "{}",
        WRITTEN.decode() + "\n",
        " " + WRITTEN.decode(),
        WRITTEN.decode().replace(",", ", "),
        WRITTEN.decode().replace('again":"Ada', 'again":"Eve'),
        WRITTEN.decode().replace('name":"Ada', 'name":"\\u0041da'),
        WRITTEN.decode().replace('"Ada"', '"A\nda"'),
        WRITTEN.decode().replace('"Ada"', '"A"da"'),
        WRITTEN.decode().replace('"Ada"', '"Ada\\"'),
        WRITTEN.decode().replace("[", "("),
    ],
)
def test_another_spelling_is_not_of_the_form(payload: str) -> None:
    assert FORM.read(payload.encode()) is None


def test_the_caller_s_values_are_not_changed() -> None:
    values = dict(VALUES)
    write(values)
    assert values == VALUES


def test_a_text_without_unicode_is_written_as_bytes_that_no_parser_takes() -> None:
    payload = write({**VALUES, "name": "\ud800"})
    with pytest.raises(UnicodeDecodeError):
        payload.decode()


@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    [
        ({"name": 1}, "wrong-type", "name"),
        ({"name": "a\nb"}, "wrong-value", "name"),
        ({"of": {}}, "wrong-type", "of"),
        ({"of": "text"}, "wrong-type", "of"),
        ({"of": []}, "wrong-value", "of"),
        ({"of": ["https://a.example/x", 1, False, 1]}, "wrong-value", "of"),
        ({"of": ["https://a.example/x", 2, False]}, "wrong-value", "of[1]"),
        ({"of": ["https://a.example/x", True, False]}, "wrong-value", "of[1]"),
        ({"of": ["https://a.example/x", 1, 0]}, "wrong-value", "of[2]"),
        ({"of": ["https://a.example", 1, False]}, "wrong-value", "of[0]"),
        ({"of": ["http://a.example/x", 1, False]}, "wrong-value", "of[0]"),
        ({"of": ["https://a.example/x\n", 1, False]}, "wrong-value", "of[0]"),
        ({"since": "2026-01-01"}, "wrong-value", "since"),
        ({"since": None}, "wrong-type", "since"),
        ({"percent": "99%"}, "wrong-value", "percent"),
        ({"again": "Eve"}, "name-mismatch", "again"),
        ({"n": "1"}, "wrong-type", "n"),
        ({"n": True}, "wrong-type", "n"),
        ({"n": -1}, "wrong-value", "n"),
        ({"other": 1}, "term-undefined", "/other"),
    ],
)
def test_the_first_difference_is_explained(
    changes: dict[str, object], reason: Malformed, where: str
) -> None:
    with refused(reason, where):
        raise explain({**json.loads(WRITTEN), **changes})


@pytest.mark.parametrize("value", [None, 1, "text", []])
def test_what_is_no_object_is_explained(value: object) -> None:
    assert (explain(value).reason, explain(value).where) == ("wrong-type", "")


@pytest.mark.parametrize("name", ["name", "of", "percent", "again"])
def test_a_missing_member_is_explained(name: str) -> None:
    value = json.loads(WRITTEN)
    del value[name]
    error = explain(value)
    assert error.reason == "member-missing"
    assert repr(name) in error.message


def test_another_order_is_explained() -> None:
    value = dict(reversed(json.loads(WRITTEN).items()))
    assert explain(value).reason == "member-order"


def test_a_value_of_the_form_differs_in_its_spelling_only() -> None:
    assert explain(json.loads(WRITTEN)).reason == "not-canonical"


# lists

ELEMENT = Form('{"name":"«name:text»","n":«n:integer»⟦,"more":"«more:text»"⟧,"at":"x#«at:index»"}')
LIST = Form(
    '{"name":"«name:text»","all":[«all:list»],"again":"«name»","others":[«others:list»]}',
    lists={"all": ELEMENT, "others": Form('{"...":"«slug:slug»"}')},
)
Element = list[str | None]
_any_text = st.text(
    st.sampled_from('"\\«»⟦⟧{}[],:%é ') | st.characters(exclude_categories=["C"]), max_size=12
)
elements = st.lists(
    st.tuples(_any_text, st.integers(0, 9), st.none() | _any_text, st.integers(0, 9)).map(
        lambda one: [one[0], str(one[1]), one[2], str(one[3])]
    ),
    min_size=1,
    max_size=5,
)


def write_lists(all_: list[Element], others: list[str], name: str = "Ada") -> bytes:
    """A payload with both lists."""
    return LIST.write(
        [name, ELEMENT.write_list(all_), LIST.lists["others"].write_list([one] for one in others)]
    )


def explain_lists(value: object) -> MalformedError:
    """Why a value is not of the form with lists."""
    return LIST.explain(value, unknown, {"again": "name-mismatch"})


@given(elements, _any_text)
@example([['"},{"name":"', "1", "\\", "2"]], '\\"')
@example([['","n":1,"at":"x#1"},{"name":"', "1", None, "2"]], "")
def test_any_texts_in_a_list_survive_the_way_to_a_payload_and_back(
    all_: list[Element], name: str
) -> None:
    payload = write_lists(all_, ["a", "b-c"], name)
    found = LIST.read(payload)
    assert found is not None
    assert found[0] == name
    assert ELEMENT.read_list(str(found[1])) == all_
    assert LIST.lists["others"].read_list(str(found[2])) == [["a"], ["b-c"]]
    assert [
        [one["name"], str(one["n"]), one.get("more"), one["at"].removeprefix("x#")]
        for one in json.loads(payload)["all"]
    ] == all_
    assert LIST.write(found) == payload


def test_a_form_with_lists_names_them_among_its_holes() -> None:
    assert LIST.holes == ("name", "all", "others")
    assert LIST.lists["all"] is ELEMENT
    assert FORM.lists == {}


def many(count: int) -> bytes:
    """A payload with as many elements in its first list."""
    return write_lists([["a", "1", None, "2"]] * count, ["a"])


@pytest.mark.parametrize("count", [1, 2, 99, 100])
def test_up_to_100_elements_are_read(count: int) -> None:
    assert MAX_ELEMENTS == 100
    found = LIST.read(many(count))
    assert found is not None
    assert len(ELEMENT.read_list(str(found[1]))) == count
    assert explain_lists(json.loads(many(count))).reason == "not-canonical"


@pytest.mark.parametrize("count", [0, 101, 102, 1000])
def test_no_elements_and_more_than_100_are_refused(count: int) -> None:
    payload = many(count)
    assert len(json.loads(payload)["all"]) == count
    assert LIST.read(payload) is None
    error = explain_lists(json.loads(payload))
    assert (error.reason, error.where) == ("wrong-value", "all")
    assert error.message == f"{count} elements, and from 1 to 100 are read"


@pytest.mark.parametrize(
    ("path", "value", "reason", "where"),
    [
        ("all", {}, "wrong-type", "all"),
        ("all", None, "wrong-type", "all"),
        ("all", "x", "wrong-type", "all"),
        (("all", 0), "x", "wrong-type", "all[0]"),
        (("all", 2), None, "wrong-type", "all[2]"),
        (("all", 1), {}, "member-missing", "all[1]"),
        (("all", 1, "name"), 1, "wrong-type", "all[1].name"),
        (("all", 1, "name"), "a\nb", "wrong-value", "all[1].name"),
        (("all", 2, "n"), "1", "wrong-type", "all[2].n"),
        (("all", 2, "n"), -1, "wrong-value", "all[2].n"),
        (("all", 2, "n"), True, "wrong-type", "all[2].n"),
        (("all", 0, "at"), "y#1", "wrong-value", "all[0].at"),
        (("all", 0, "more"), None, "wrong-type", "all[0].more"),
        (("all", 2, "other"), 1, "term-undefined", "all[2]/other"),
        (("others", 1, "..."), "A", "wrong-value", "others[1]...."),
        (("others", 0, "x"), 1, "term-undefined", "others[0]/x"),
        ("again", "Eve", "name-mismatch", "again"),
    ],
)
def test_the_element_that_differs_is_named(
    path: str | tuple[str | int, ...], value: object, reason: Malformed, where: str
) -> None:
    changed = json.loads(write_lists([["a", "1", None, "2"]] * 3, ["a", "b"]))
    *outer, last = [path] if isinstance(path, str) else path
    holder = changed
    for step in outer:
        holder = holder[step]
    holder[last] = value
    assert LIST.read(dump_json(changed)) is None
    with refused(reason, where):
        raise explain_lists(changed)


def test_the_order_of_members_counts_in_an_element_too() -> None:
    changed = json.loads(write_lists([["a", "1", None, "2"]] * 3, ["a"]))
    changed["all"][2] = dict(reversed(changed["all"][2].items()))
    assert LIST.read(dump_json(changed)) is None
    with refused("member-order", "all[2]"):
        raise explain_lists(changed)


def test_texts_of_one_element_are_not_compared_with_those_of_another() -> None:
    payload = write_lists([["a", "1", None, "2"], ["b", "3", "c", "4"]], ["a", "b"], "x")
    assert explain_lists(json.loads(payload)).reason == "not-canonical"


@pytest.mark.parametrize("separator", [b", ", b"", b",,", b",null,"])
def test_elements_are_separated_by_a_comma_alone(separator: bytes) -> None:
    payload = many(2).replace(b"},{", b"}" + separator + b"{")
    assert payload != many(2)
    assert LIST.read(payload) is None


def test_a_comma_behind_the_last_element_is_refused() -> None:
    assert LIST.read(many(2).replace(b"}],", b"},],")) is None


LISTS = [
    write_lists([["a", "1", None, "2"], ['"', "3", "\\", "4"]], ["a", "b"]),
    write_lists([["a", "1", "b", "2"]] * 100, ["a"] * 100),
]


def check_that_both_ways_agree(changed: Any) -> None:  # noqa: ANN401 - JSON is any
    """A payload in canonical JSON is read exactly if the slow walk finds no flaw in it."""
    payload = dump_json(changed)
    flaw = explain_lists(changed)
    found = LIST.read(payload)
    assert (found is None) == (flaw.reason != "not-canonical"), flaw
    if found is not None:
        assert LIST.write(found) == payload


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(LISTS))
def test_a_payload_with_lists_is_read_exactly_if_the_walk_finds_no_flaw(
    data: st.DataObject, original: bytes
) -> None:
    changed = json.loads(original)
    for edit in data.draw(st.lists(st.sampled_from(EDITS), max_size=2)):
        edit(data, changed)
    check_that_both_ways_agree(changed)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(["name", "n", "more", "at"]), st.integers(0, 1))
def test_a_value_in_an_element_is_read_exactly_if_the_walk_finds_no_flaw(
    data: st.DataObject, member: str, position: int
) -> None:
    changed = json.loads(LISTS[0])
    changed["all"][position][member] = data.draw(
        st.text(max_size=9) | st.integers() | st.integers().map("x#{}".format) | st.none(),
    )
    try:
        check_that_both_ways_agree(changed)
    except UnicodeEncodeError:
        assert not str(changed["all"][position][member]).isprintable()


# kinds

GOOD = {
    "text": ["", "a", '\\"', "\\\\", "\u00e9\u2028"],
    "uuid": ["5a0c1b7e-6f1d-4c58-9d38-0f3c1f5be6a1"],
    "time": ["2026-06-30T00:00:00Z", "2026-06-30T23:59:59Z"],
    "date": ["2026-06-30"],
    "origin": [
        "https://a",
        "https://learn.example.edu",
        "https://a.example:8443",
        "https://127.0.0.1:1",
        "https://" + "a" * 63 + "." + "b" * 63,
        "https://a.b:65535",
        "https://a:4433",
    ],
    "slug": ["a", "a-b", "7", "a" * 64],
    "digest": ["sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    "hidden": ["w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs", "_" * 42 + "A", "9" * 42 + "8"],
    "decimal": [
        "0",
        "7",
        "10",
        "999999999",
        "0.5",
        "0.0001",
        "8.25",
        "100.001",
        "999999999.9999",
    ],
    "status": [
        "Completed",
        "Enrolled",
        "Failed",
        "InProgress",
        "OnHold",
        "Provisional",
        "Withdrew",
    ],
    "integer": ["0", "7", "1234567890123456"],
    "index": ["0", "131071"],
}
BAD = {
    "text": ['"', "\\", "a\nb", "\x1f", "\\n", "\\u0041", "\\/", '\\\\"'],
    "uuid": [
        "5A0C1B7E-6F1D-4C58-9D38-0F3C1F5BE6A1",
        "5a0c1b7e-6f1d-1c58-9d38-0f3c1f5be6a1",
        "5a0c1b7e-6f1d-4c58-7d38-0f3c1f5be6a1",
        "5a0c1b7e6f1d4c589d380f3c1f5be6a1",
        "",
    ],
    "time": [
        "2026-06-30T00:00:00",
        "2026-06-30T00:00:00.0Z",
        "2026-06-30T00:00:00+00:00",
        "2026-06-30t00:00:00z",
        "2026-06-30 00:00:00Z",
        "2026-06-30T24:00:00Z",  # a second spelling of midnight, which Python 3.14 reads
        "2026-06-30T23:59:60Z",
        "2026-06-30T23:60:00Z",
        "\u0662026-06-30T00:00:00Z",
    ],
    "date": ["2026-6-30", "20260630", "2026-06-30 ", "12026-06-30", ""],
    "origin": [
        "http://a",
        "https://",
        "https://A",
        "https://a/",
        "https://a.",
        "https://-a",
        "https://a:0",
        "https://a:123456",
        "https://a:65536",
        "https://a:443",  # the default has one spelling, none
        "https://a..b",
        "https://a.-b",
        "https://" + "a" * 64,
        "https://a:",
        "https://a@b",
        "https://a?b",
        "https://a#b",
        "https://" + "a" * 254,
        "https://\u00e9",
        "HTTPS://a",
    ],
    "slug": ["", "-", "a-", "-a", "a--b", "A", "a_b", "a/b", "a" * 65, "a b", "\u00e9"],
    "digest": [
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "sha256-47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha384-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha256-",
    ],
    "hidden": [
        "",
        "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOh",
        "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs=",
        "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOht",  # the same bytes, with stray bits
        "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9+PlOhs",
        "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9/PlOhs",
        "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhsA",
    ],
    "decimal": [
        "",
        "00",
        "01",
        "-0",
        "-1",
        "+1",
        ".5",
        "5.",
        "0.0",
        "1.0",
        "1.50",
        "1.00001",
        "1.00000",
        "1000000000",
        "1e3",
        "1E+5",
        "1,5",
        " 1",
        "1 ",
        "1_0",
        "NaN",
        "Infinity",
        "\u0661",
        "\uff11",
    ],
    "status": ["", "completed", "Completed ", "Complete", "CompletedFailed", "Passed", "null"],
    "integer": ["", "-1", "-0", "00", "01", "1.0", "1e3", "12345678901234567", "\u0661"],
    "index": ["", "-1", "01", "1 ", "12345678901234567"],
}


def test_every_kind_has_its_cases() -> None:
    assert set(GOOD) == set(BAD) == set(KINDS)


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, all_ in GOOD.items() for t in all_])
def test_a_text_is_of_its_kind(kind: str, text: str) -> None:
    assert re.fullmatch(KINDS[kind], text)


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, all_ in BAD.items() for t in all_])
def test_a_text_is_not_of_a_kind(kind: str, text: str) -> None:
    assert not re.fullmatch(KINDS[kind], text)
