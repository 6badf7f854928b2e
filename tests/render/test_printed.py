"""What is printed is what was signed, and a page says so: no certificate of ours alarms anybody."""

import csv
from importlib import resources

import pytest

from signedcert.carriers.pagereader import read_page
from signedcert.render import Renderer
from signedcert.verify.answers import Answer
from signedcert.verify.report import Report, Verdict
from signedcert.verify.verifier import Verifier
from tests.carriers.typeset import COURSES
from tests.carriers.typeset import NAMES as MORE_NAMES
from tests.reference import AT, World, course
from tests.render.certificates import NAMES, OWN, bundle_of, noto


def roster() -> list[str]:
    """The names of the demonstration, which are in some 25 scripts."""
    text = (resources.files("signedcert.cli") / "demo_data" / "roster.csv").read_text("utf-8")
    return sorted({row["name"] for row in csv.DictReader(text.splitlines()) if row["name"]})


#: One of them has a mark that no name may have, and is refused when it is signed.
ROSTER = [name for name in roster() if not name.isascii() and "\u202e" not in name]


def report(world: World, renderer: Renderer, **changes: object) -> Report:
    """What is said of the PDF of a certificate."""
    title = changes.get("title", course().title)
    taken = course().model_copy(update={"title": title})
    pdf = renderer.pdf(bundle_of(world, taken, **changes))
    return Verifier(world.trust).report(pdf, at=AT, page=read_page(pdf))


def assert_same(found: Report) -> None:
    """Nothing differs, and nothing could not be compared."""
    assert found.printed is not None
    answers = {one.field: one.answer for one in found.printed.findings}
    fields = ("learner", "course", "completed", "issuer", "code")
    assert answers == dict.fromkeys(fields, Answer.SAME), found.printed
    assert found.verdict is Verdict.AUTHENTIC


@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_each_script(world: World, with_noto: Renderer, script: str) -> None:
    assert_same(report(world, with_noto, learner=NAMES[script]))


@pytest.mark.parametrize("script", COURSES)
def test_a_name_and_a_course_in_each_script(world: World, script: str) -> None:
    names = {"learner": MORE_NAMES[script], "title": COURSES[script]}
    with Renderer(fonts=noto(), paper="letter", explain=True) as renderer:
        assert_same(report(world, renderer, **names))


@pytest.mark.parametrize("name", ROSTER)
def test_names_of_the_demonstration(world: World, with_noto: Renderer, name: str) -> None:
    assert_same(report(world, with_noto, learner=name))


@pytest.mark.parametrize("script", OWN)
def test_what_was_signed_for_another_is_noticed(
    world: World, renderer: Renderer, script: str
) -> None:
    """The attachment of one certificate, the page of another."""
    mine, other = (bundle_of(world, learner=name) for name in (NAMES[script], "Mallory Mallet"))
    page = read_page(renderer.pdf(other))
    found = Verifier(world.trust).report(renderer.pdf(mine), at=AT, page=page)
    assert (found.verdict, found.reason) == (Verdict.NOT_AUTHENTIC, "printed-text-differs")
