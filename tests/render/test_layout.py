"""Where things are on the page: nothing overlaps, nothing leaves it."""

import pytest
import zxingcpp
from PIL import Image

from signedcert.render import Branding, Renderer
from signedcert.render.printer import Paper
from tests.reference import World
from tests.render.certificates import NAMES, branding, bundle_of, noto, taught_by
from tests.render.pages import beside, boxes, pages, raster, size

PAPERS: tuple[Paper, ...] = ("a4", "letter")
#: Points: the inner rule of the frame, and some room.
FRAME = 11 / 25.4 * 72 + 6
LONG_NAME = (
    "Anna-Maria Sophie Wilhelmina von Hohenstein-Württemberg zu Sachsen-Coburg und Gotha, "
    "geborene Freiin von und zu Altenstein"
)[:120]
LONG_TITLE = (
    "Foundations of Interdisciplinary Sustainable Operations Management, Quantitative Decision "
    "Making, and Responsible Leadership in Global Supply Networks: Theory, Cases, and Practice "
    "for Professionals, Part 2"
)[:200]
PLAIN = Branding()
CASES = {
    "plain": ("María-José Nguyễn", {}, 1, PLAIN),
    "all there is": ("María-José Nguyễn", {}, 4, branding()),
    "long": (LONG_NAME, {"title": LONG_TITLE}, 4, branding()),
    "long, no logo": (LONG_NAME, {"title": LONG_TITLE}, 4, PLAIN),
    "words without end": ("W" * 120, {"title": "Donaudampfschiff" * 12}, 4, branding()),
    "a name of 512 bytes": ("Maximiliane " * 41 + "Weißbach", {}, 2, branding()),
    "nobody teaches": ("Ada", {}, 0, PLAIN),
    "a long disclaimer": ("Ada", {"disclaimer": "It gives no credit at all. " * 22}, 4, PLAIN),
}


def printed(world: World, case: str, paper: Paper) -> bytes:
    learner, changes, teachers, look = CASES[case]
    bundle = bundle_of(world, taught_by(teachers, **changes), learner=learner.strip())
    with Renderer(paper=paper, branding=look) as renderer:
        return renderer.pdf(bundle)


def check(pdf: bytes, page: int = 0) -> None:
    width, height = size(pdf)
    found = boxes(pdf, page)
    for box in found:
        assert box.left >= FRAME, box
        assert box.bottom >= FRAME, box
        assert box.right <= width - FRAME, box
        assert box.top <= height - FRAME, box
    for one, other in beside(found):
        assert not one.overlaps(other), (one, other)


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("case", CASES)
def test_nothing_overlaps_or_leaves_the_page(world: World, case: str, paper: Paper) -> None:
    check(printed(world, case, paper))


@pytest.mark.parametrize("script", NAMES)
def test_nothing_does_in_any_script(world: World, with_noto: Renderer, script: str) -> None:
    check(with_noto.pdf(bundle_of(world, learner=NAMES[script])))
    check(with_noto.pdf(bundle_of(world, learner=" ".join([NAMES[script]] * 4))))


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("case", CASES)
def test_everything_is_on_one_page(world: World, case: str, paper: Paper) -> None:
    assert pages(printed(world, case, paper)) == 1


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("case", CASES)
def test_the_code_is_in_the_lower_right_corner_with_light_around_it(
    world: World, case: str, paper: Paper
) -> None:
    image = raster(printed(world, case, paper), 300)
    (found,) = zxingcpp.read_barcodes(image)
    corners = found.position
    left, top = corners.top_left.x, corners.top_left.y
    right, bottom = corners.bottom_right.x, corners.bottom_right.y
    assert right > image.width * 0.85
    assert bottom > image.height * 0.85
    assert 24 < (right - left) / 300 * 25.4 < 26
    assert is_light_around(image, (left, top, right, bottom))


def is_light_around(image: Image.Image, symbol: tuple[int, int, int, int]) -> bool:
    """Four modules on each side, of 29 or more that the symbol has."""
    left, top, right, bottom = symbol
    quiet = round((right - left) / 29 * 3.8)
    around = image.crop((left - quiet, top - quiet, right + quiet, bottom + quiet))
    around.paste(
        255, (quiet - 3, quiet - 3, quiet - 3 + right - left + 6, quiet + bottom - top + 3)
    )
    darkest, _ = around.getextrema()
    return isinstance(darkest, float | int) and darkest > 200


SYLLABUS = tuple(
    {"title": f"{number}. {LONG_TITLE}", "topics": (LONG_NAME, "W" * 200, "漢字" * 40)}
    for number in range(1, 16)
)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_long_syllabus_takes_more_pages_and_leaves_none(world: World, paper: Paper) -> None:
    of = taught_by(4, syllabus=SYLLABUS)
    with Renderer(fonts=noto(), paper=paper, explain=True) as renderer:
        pdf = renderer.pdf(bundle_of(world, of, issuer=f"https://{'learn.' * 7}edu.au"))
    assert pages(pdf) > 2
    for page in range(pages(pdf)):
        check(pdf, page)


def test_a_long_name_wraps_into_lines_of_about_the_same_length(world: World) -> None:
    first, second = (
        box for box in boxes(printed(world, "long", "a4")) if box.text.strip() in LONG_NAME
    )
    assert first.text.startswith("Anna-Maria")
    shorter, longer = sorted(box.right - box.left for box in (first, second))
    assert shorter > 0.8 * longer


def test_a_name_shrinks_before_it_wraps(world: World) -> None:
    def height(learner: str) -> float:
        with Renderer() as renderer:
            (box,) = (
                box
                for box in boxes(renderer.pdf(bundle_of(world, learner=learner)))
                if box.text.strip() == learner
            )
        return box.top - box.bottom

    assert height("Ada Lovelace Ada Lovelace Ada Lovelace Ada Love") < height("Ada Love") / 1.3
