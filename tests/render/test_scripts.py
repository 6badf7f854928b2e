"""Names in any script: set as they are written, or refused with what to do."""

import unicodedata
from pathlib import Path

import pytest

from signedcert.errors import ConfigurationError, RenderError
from signedcert.render import Renderer
from signedcert.render.script import is_right_to_left, language_of, script_of
from tests.core.refusal import refused
from tests.reference import World
from tests.render.certificates import NAMES, OWN, bundle_of
from tests.render.pages import boxes


@pytest.mark.parametrize("script", OWN)
def test_the_font_that_comes_along_has_what_europe_and_vietnam_write(
    world: World, renderer: Renderer, script: str
) -> None:
    assert renderer.pdf(bundle_of(world, learner=NAMES[script]))


@pytest.mark.parametrize("form", ["pdf", "png", "svg"])
@pytest.mark.parametrize(
    ("script", "says", "package"),
    [
        ("Arabic", "Arabic", "fonts-noto-core"),
        ("Hebrew", "Hebrew", "fonts-noto-core"),
        ("Devanagari", "Devanagari", "fonts-noto-core"),
        ("Tamil", "Tamil", "fonts-noto-core"),
        ("Thai", "Thai", "fonts-noto-core"),
        ("Chinese", "Han", "fonts-noto-cjk"),
        ("Japanese", "Han", "fonts-noto-cjk"),
        ("Korean", "Hangul", "fonts-noto-cjk"),
        ("Ethiopic", "Ethiopic", "fonts-noto-core"),
        ("emoji", "emoji", "fonts-noto-color-emoji"),
    ],
)
def test_a_character_that_no_font_has_is_never_a_box(  # noqa: PLR0917 - fixtures
    world: World, renderer: Renderer, script: str, says: str, package: str, form: str
) -> None:
    with pytest.raises(RenderError) as found:
        getattr(renderer, form)(bundle_of(world, learner=NAMES[script]))
    error = found.value
    assert error.reason == "glyph-missing"
    assert error.where in NAMES[script]
    assert f"{says} character {error.where} (U+{ord(error.where):04X})" in error.message
    assert package in error.message
    assert "--fonts" in error.message


def test_one_character_among_many_is_enough(world: World, renderer: Renderer) -> None:
    with pytest.raises(RenderError) as found:
        renderer.pdf(bundle_of(world, learner="Maximiliane 字 Weißbach"))
    assert found.value.where == "字"


@pytest.mark.parametrize("script", NAMES)
def test_the_name_can_be_read_from_the_page(world: World, with_noto: Renderer, script: str) -> None:
    """As far as pdfium goes: letters are all there, whatever their order."""
    page = "".join(
        box.text for box in boxes(with_noto.pdf(bundle_of(world, learner=NAMES[script])))
    )
    letters = {one for one in NAMES[script] if unicodedata.category(one) in {"Lu", "Ll", "Lo"}}
    assert letters - set(unicodedata.normalize("NFC", page)) <= (
        {"ใ"} if script == "Thai" else set()
    )


def test_a_name_from_right_to_left_begins_at_the_right(world: World, with_noto: Renderer) -> None:
    found = boxes(with_noto.pdf(bundle_of(world, learner=NAMES["Arabic"])))
    first, *_, last = [box for box in found if any(map(is_right_to_left, box.text))]
    assert first.text.strip() == "محمد"
    assert last.text.strip() == "الخوارزمي"
    assert first.left > last.right


@pytest.mark.parametrize("learner", ["שרה Levi", "Levi שרה"])
def test_a_name_in_two_scripts_goes_the_way_of_its_first_letter(
    world: World, with_noto: Renderer, learner: str
) -> None:
    found = boxes(with_noto.pdf(bundle_of(world, learner=learner)))
    (hebrew,) = (box for box in found if "שרה" in box.text)
    (latin,) = (box for box in found if "Levi" in box.text)
    assert hebrew.left > latin.right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada", False),
        ("محمد Ada", True),
        ("Ada محمد", False),
        ("123 שרה", True),
        ("\u200fAda", True),
    ],
)
def test_direction_is_that_of_the_first_strong_character(text: str, expected: bool) -> None:  # noqa: FBT001
    assert is_right_to_left(text) is expected


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("山田 はなこ", "en", "ja"),
        ("山田花子", "en", "zh"),
        ("山田花子", "ja", "ja"),
        ("山田花子", "zh-Hant", "zh-Hant"),
        ("김민준", "en", "ko"),
        ("金민준", "zh", "ko"),
        ("Ada", "de", "de"),
        ("محمد", "en", "ar"),
        ("😀", "en", "en"),
    ],
)
def test_the_language_follows_from_the_letters_where_they_tell(
    text: str, context: str, expected: str
) -> None:
    assert language_of(text, context) == expected


def test_scripts_that_are_unknown_here_are_called_by_their_characters() -> None:
    assert script_of("ᚠ").name == "Runic"
    assert script_of("\ue000").name == "Unnamed"


def test_a_folder_without_fonts_is_refused(tmp_path: Path) -> None:
    with refused("setting-invalid", str(tmp_path), ConfigurationError):
        Renderer(fonts=[tmp_path])


def test_what_fonts_have_is_known_without_a_picture(
    renderer: Renderer, with_noto: Renderer
) -> None:
    for script, name in NAMES.items():
        assert with_noto.has_glyphs(name, "Ada"), script
        assert renderer.has_glyphs("Ada", name) is (script in OWN), script
    assert renderer.has_glyphs("", '#panic("no") *Ada* \\ "q"', "Ada\u200dLovelace")


@pytest.mark.parametrize(
    "text", ["\u1e09\u0328", "q\u0311\u0345", "\u1e9e\u0302", "\u337f", "x\ufe0f"]
)
def test_it_is_what_printing_says(world: World, renderer: Renderer, text: str) -> None:
    bundle = bundle_of(world, learner=text)
    if renderer.has_glyphs(text):
        assert renderer.pdf(bundle)
    else:
        with pytest.raises(RenderError) as caught:
            renderer.pdf(bundle)
        assert caught.value.reason == "glyph-missing"
