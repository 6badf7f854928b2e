"""The generator of edited pages: each is another file around a genuine document."""

import pytest

from signedcert.carriers.bundle import Bundle
from tests.carriers.editing import altered
from tests.carriers.visible import VISIBLE_EDITS, VisibleEdit, honest_sheet, printed
from tests.reference import World, credential


@pytest.fixture(scope="module")
def ada(world: World) -> Bundle:
    """A certificate of a name that any font has."""
    signed = credential()._replace(learner="Ada Lovelace")
    return Bundle(world.sign(signed.encode()).decode())


@pytest.fixture(scope="module")
def other(world: World) -> Bundle:
    """Another one of the same institution."""
    signed = credential()._replace(
        id="0d2f5f6e-58c1-4f0a-9a1d-3b9b8a3d7c11", learner="Grace Hopper"
    )
    return Bundle(world.sign(signed.encode()).decode())


def test_an_honest_page_says_what_was_signed(ada: Bundle) -> None:
    said = printed(ada)
    assert said["learner"] == "Ada Lovelace"
    assert said["completed"] == "30 June 2026"
    assert said["code"] == str(ada.code)
    assert Bundle.unpack(honest_sheet(ada)) == ada


def test_there_are_many_edits_and_no_two_of_one_name() -> None:
    assert len(VISIBLE_EDITS) >= 35
    assert len({edit.name for edit in VISIBLE_EDITS}) == len(VISIBLE_EDITS)


@pytest.mark.parametrize("edit", VISIBLE_EDITS, ids=lambda edit: edit.name)
def test_an_edited_page_has_a_genuine_attachment(
    edit: VisibleEdit, ada: Bundle, other: Bundle
) -> None:
    data = edit.make(ada, other)
    assert data != honest_sheet(ada)
    assert Bundle.unpack(data) == ada


def test_altered_is_what_it_says(world: World) -> None:
    bundle = Bundle(world.document().decode())
    assert altered(bundle).document != bundle.document
    assert altered(bundle).document.split(".")[2] == bundle.document.split(".")[2]
