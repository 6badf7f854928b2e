"""PDF as the standards have it, the same bytes each time, nothing that was not signed."""

import io
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pdfua
import pypdf
import pytest
from pypdf.generic import DictionaryObject, IndirectObject

from signedcert.carriers.bundle import Bundle
from signedcert.errors import ConfigurationError
from signedcert.render import Branding, Renderer
from signedcert.render.printer import Printer
from tests.core.refusal import refused
from tests.reference import World, course
from tests.render.certificates import NAMES, OWN, branding, bundle_of, taught_by
from tests.render.pages import boxes, pages


def text_of(pdf: bytes, page: int = 0) -> str:
    return " ".join(" ".join(box.text for box in boxes(pdf, page)).split())


# standards


def root_of(pdf: bytes) -> Any:  # noqa: ANN401 - pypdf's objects are any
    return pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]


def findings(pdf: bytes, path: Path) -> list[str]:
    path.write_bytes(pdf)
    return [str(finding) for finding in pdfua.validate(str(path)).findings]


@pytest.mark.parametrize("script", OWN)
def test_a_checker_of_pdf_ua_finds_nothing(world: World, script: str, tmp_path: Path) -> None:
    with Renderer(branding=branding(), explain=True) as renderer:
        pdf = renderer.pdf(bundle_of(world, taught_by(4), learner=NAMES[script]))
    assert findings(pdf, tmp_path / "a.pdf") == []


def test_the_checker_finds_what_is_wrong(
    renderer: Renderer, bundle: Bundle, tmp_path: Path
) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(renderer.pdf(bundle)))
    del writer.root_object["/MarkInfo"]
    del writer.root_object["/Lang"]
    file = io.BytesIO()
    writer.write(file)
    assert findings(file.getvalue(), tmp_path / "a.pdf")


def test_a_pdf_says_what_it_is(renderer: Renderer, bundle: Bundle) -> None:
    pdf = renderer.pdf(bundle)
    reader, root = pypdf.PdfReader(io.BytesIO(pdf)), root_of(pdf)
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == (
        "Course Certificate: Introduction to Operations Management, María-José Nguyễn"
    )
    assert reader.metadata.author == "Example University"
    metadata = root["/Metadata"].get_object().get_data()
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert b"<pdfuaid:part>1</pdfuaid:part>" in metadata


def figures(node: object) -> list[str]:
    """The alternative texts in a tree of structure elements."""
    if isinstance(node, IndirectObject):
        node = node.get_object()
    if isinstance(node, list):
        return [text for kid in node for text in figures(kid)]
    if not isinstance(node, DictionaryObject):
        return []
    own = [str(node["/Alt"])] if node.get("/S") == "/Figure" else []
    return own + figures(node.get("/K"))


def test_every_picture_has_an_alternative_text(world: World) -> None:
    with Renderer(branding=branding()) as renderer:
        pdf = renderer.pdf(bundle_of(world, taught_by(2)))
    assert figures(root_of(pdf)["/StructTreeRoot"]["/K"]) == [
        "Logo of Example University",
        "Signature of Christian Terwiesch",
        "Signature of Karl T. Ulrich",
        "Code that leads to the verify page of this certificate",
    ]


def test_all_fonts_are_embedded_and_none_is_of_the_system(
    renderer: Renderer, bundle: Bundle
) -> None:
    (page,) = root_of(renderer.pdf(bundle))["/Pages"]["/Kids"]
    found = page.get_object()["/Resources"]["/Font"].values()
    fonts = [font.get_object() for font in found]
    names = {font["/BaseFont"].partition("+")[2] for font in fonts}
    assert names
    assert all(name.startswith("EBGaramond") for name in names)


# the same bytes


@pytest.mark.parametrize("form", ["pdf", "png", "svg"])
def test_the_same_document_gives_the_same_bytes(bundle: Bundle, form: str) -> None:
    def make() -> bytes:
        with Renderer() as renderer:
            made: bytes = getattr(renderer, form)(bundle)
            return made

    first = make()
    time.sleep(1.1)  # a clock would show
    assert make() == first


AGAIN = """
import sys
from pathlib import Path
from signedcert.carriers.bundle import Bundle
from signedcert.render import Renderer
with Renderer() as renderer:
    Path(sys.argv[2]).write_bytes(renderer.pdf(Bundle.read(sys.argv[1])))
"""


def test_so_it_does_in_another_process_at_another_place(
    renderer: Renderer, bundle: Bundle, tmp_path: Path
) -> None:
    bundle.write(tmp_path / "a.signedcert")
    elsewhere = {"TZ": "Pacific/Auckland", "LANG": "tr_TR.UTF-8", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, tmp_path / "a.signedcert", tmp_path / "a.pdf"],
        check=False,
        env=os.environ | elsewhere,
    )
    assert done.returncode == 0
    assert (tmp_path / "a.pdf").read_bytes() == renderer.pdf(bundle)


def test_what_it_printed_before_leaves_no_trace(world: World, bundle: Bundle) -> None:
    with Renderer() as renderer:
        first = renderer.pdf(bundle)
        renderer.pdf(bundle_of(world, taught_by(4), learner="Somebody Else"))
        assert renderer.pdf(bundle) == first


def test_threads_may_share_a_renderer(renderer: Renderer, world: World) -> None:
    bundles = [bundle_of(world, learner=f"Learner {number}") for number in range(8)]
    found: dict[int, bytes] = {}

    def make(number: int) -> None:
        found[number] = renderer.pdf(bundles[number])

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: renderer.pdf(one) for number, one in enumerate(bundles)}


def test_what_is_shorter_than_before_is_read_to_its_end_only(
    renderer: Renderer, world: World
) -> None:
    long, short = (bundle_of(world, taught_by(n), learner=" ".join(["Ada"] * n)) for n in (4, 1))
    before = renderer.pdf(short)
    renderer.pdf(long)
    assert renderer.pdf(short) == before


def test_two_printers_of_one_plan_do_not_mix_what_they_print(world: World) -> None:
    bundles = [bundle_of(world, learner=f"Learner {number}") for number in range(2)]
    found: dict[int, list[bytes]] = {0: [], 1: []}

    def make(number: int, printer: Printer) -> None:
        found[number].extend(printer.print(bundles[number], "pdf") for _ in range(20))

    with Renderer() as renderer:
        expected = [renderer.pdf(one) for one in bundles]
        printers = [Printer(renderer.plan) for _ in bundles]
        threads = [threading.Thread(target=make, args=one) for one in enumerate(printers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [set(found[number]) for number in range(2)] == [{one} for one in expected]


# what is said


def test_the_page_says_what_was_signed(renderer: Renderer, world: World) -> None:
    bundle = bundle_of(
        world,
        taught_by(2),
        started=date(2026, 3, 23),
        valid_until=datetime(2031, 7, 1, tzinfo=UTC),
    )
    page = text_of(renderer.pdf(bundle))
    for said in (
        "Example University",
        "María-José Nguyễn",
        "Introduction to Operations Management",
        "23 March 2026 to 30 June 2026",
        "7 weeks, 5 to 7 hours a week",
        "Karl T. Ulrich",
        "gives no credit towards a degree",
        "does not make the learner a student",
        "Issued on 1 July 2026, valid until 1 July 2031",
        "https://learn.example.edu/verify/",
        str(bundle.code),
    ):
        assert said in page, said


def test_without_a_start_it_says_when_it_was_completed(renderer: Renderer, bundle: Bundle) -> None:
    assert "Completed on 30 June 2026" in text_of(renderer.pdf(bundle))


@pytest.mark.parametrize(
    ("weeks", "hours", "said"),
    [(1, (1, 1), "1 week, 1 hour a week"), (2, (3, 3), "2 weeks, 3 hours a week")],
)
def test_one_is_singular(
    renderer: Renderer, world: World, weeks: int, hours: tuple[int, int], said: str
) -> None:
    workload = {"weeks": weeks, "hours_per_week": {"from": hours[0], "to": hours[1]}}
    of = course().model_copy(update={"workload": workload})
    assert said in text_of(renderer.pdf(bundle_of(world, of)))


def test_a_page_that_explains_is_made_on_request(bundle: Bundle) -> None:
    with Renderer() as without, Renderer(explain=True) as renderer:
        assert pages(without.pdf(bundle)) == 1
        pdf = renderer.pdf(bundle)
        assert pages(pdf) == 2
        assert text_of(pdf) == text_of(without.pdf(bundle))
        assert renderer.png(bundle) == without.png(bundle)
    page = text_of(pdf, 1)
    assert "How to check this certificate" in page
    assert f"https://learn.example.edu/verify/{bundle.code}" in page.replace(" ", "")
    for unit in course().syllabus:
        assert unit.title in page


def test_more_than_four_instructors_are_on_the_second_page(world: World) -> None:
    people = tuple({"name": f"Person {n}", "title": "Lecturer"} for n in range(1, 7))
    of = course().model_copy(update={"instructors": people})
    with Renderer(explain=True) as renderer:
        pdf = renderer.pdf(bundle_of(world, of))
    assert "Person 4" in text_of(pdf)
    assert "Person 5" not in text_of(pdf)
    assert "Person 6, Lecturer" in text_of(pdf, 1)


def test_what_looks_like_markup_is_printed_as_it_is(renderer: Renderer, world: World) -> None:
    learner = '#import "x"; *Ada* _L_ $1$ `a` <b> @c \\ "q"'
    assert learner in text_of(renderer.pdf(bundle_of(world, learner=learner)))


# looks


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#12345g", "rgb(1,2,3)", ""])
def test_a_colour_has_one_spelling(colour: str) -> None:
    with refused("setting-invalid", "colour", ConfigurationError):
        Branding(colour=colour)


@pytest.mark.parametrize("name", ["logo.gif", "logo", "logo.svg.exe"])
def test_a_logo_is_of_a_kind_that_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with refused("setting-invalid", str(tmp_path / name), ConfigurationError):
        Renderer(branding=Branding(logo=tmp_path / name))


def test_a_logo_that_is_missing_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    with refused("setting-invalid", str(path), ConfigurationError):
        Renderer(branding=Branding(logo=path))
    path.write_bytes(bytes(2 * 1024 * 1024 + 1))
    with refused("setting-invalid", str(path), ConfigurationError):
        Renderer(branding=Branding(logo=path))


def test_a_renderer_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Renderer():
        assert list(tmp_path.iterdir())
    with refused("template-invalid", kind=ConfigurationError):
        Renderer(tmp_path)
    assert not list(tmp_path.iterdir())
