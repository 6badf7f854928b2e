"""Members of an object are read one by one, and nothing is left over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.core.shape import Members
from signedcert.errors import MalformedError
from tests.core.refusal import refused


@pytest.mark.parametrize("value", [None, True, 1, "text", [], [{}]])
def test_what_is_no_object_is_refused(value: object) -> None:
    with refused("wrong-type", "there"):
        Members(value, "there")


def test_the_object_that_was_parsed_is_not_changed() -> None:
    value = {"a": 1, "b": 2}
    members = Members(value)
    assert (members.take("a"), members.take("b")) == (1, 2)
    members.done()
    assert value == {"a": 1, "b": 2}


def test_a_member_is_taken_once() -> None:
    members = Members({"a": 1, "b": 2}, "there")
    assert "a" in members
    assert members.names() == ["a", "b"]
    members.take("a")
    assert "a" not in members
    assert members.names() == ["b"]
    with refused("member-missing", "there"):
        members.take("a")


def test_paths_grow_from_the_outside_in() -> None:
    outer = Members({"list": [{"inner": {"x": 1}}]}, "document")
    (element,) = outer.objects("list", 1)
    inner = element.object("inner")
    assert (outer.path("list"), element.where) == ("document.list", "document.list[0]")
    assert (inner.where, inner.path("x")) == ("document.list[0].inner", "document.list[0].inner.x")
    assert Members({}).path("x") == "x"


def test_done_refuses_what_was_not_read() -> None:
    members = Members({"a": 1, "b": 2}, "there")
    members.take("a")
    with refused("member-unknown", "there"):
        members.done()


@given(st.text(min_size=1))
def test_an_unknown_member_is_shown_short_and_printable(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Members({name: 1}).done()
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 100


@pytest.mark.parametrize("value", [None, True, 1, [], {}])
def test_text_refuses_another_type(value: object) -> None:
    with refused("wrong-type", "there.a"):
        Members({"a": value}, "there").text("a")


def test_text_is_one_of_its_choices() -> None:
    assert Members({"a": "x"}).text("a", "x", "y") == "x"
    assert Members({"a": ""}).text("a") == ""
    with refused("wrong-value", "a"):
        Members({"a": "z"}).text("a", "x", "y")


@pytest.mark.parametrize("value", [None, True, False, "1", [], 1.0])
def test_integer_refuses_another_type(value: object) -> None:
    with refused("wrong-type", "there.a"):
        Members({"a": value}, "there").integer("a")


def test_integer_has_a_lowest_value() -> None:
    assert Members({"a": 0}).integer("a") == 0
    assert Members({"a": 3}).integer("a", 3) == 3
    with refused("wrong-value", "a"):
        Members({"a": 2}).integer("a", 3)
    with refused("wrong-value", "a"):
        Members({"a": -1}).integer("a")


@pytest.mark.parametrize("value", [None, 1, "text", {}])
def test_array_refuses_another_type(value: object) -> None:
    with refused("wrong-type", "a"):
        Members({"a": value}).array("a", 5)


def test_array_has_a_greatest_length() -> None:
    assert Members({"a": [1, 2]}).array("a", 2) == [1, 2]
    with refused("too-large", "a"):
        Members({"a": [1, 2, 3]}).array("a", 2)


def test_texts_names_the_element_that_is_none() -> None:
    assert Members({"a": ["x", ""]}).texts("a", 2) == ("x", "")
    with refused("wrong-type", "a[1]"):
        Members({"a": ["x", 1]}).texts("a", 2)


@pytest.mark.parametrize(("value", "where"), [([{}, 1], "a[1]"), ([None], "a[0]")])
def test_objects_names_the_element_that_is_none(value: list[Any], where: str) -> None:
    with refused("wrong-type", where):
        list(Members({"a": value}).objects("a", 5))


def test_object_refuses_another_type() -> None:
    with refused("wrong-type", "a"):
        Members({"a": []}).object("a")
