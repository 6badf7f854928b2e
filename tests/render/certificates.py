"""Certificates to be printed: of any learner, for any course, signed."""

import os
from functools import cache
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.documents.course import Course
from signedcert.render.sheet import Branding
from tests.reference import World, course, credential

BRANDING = Path(__file__).with_name("branding")
#: Where Debian and its like have what these packages install.
FONTS = {
    "fonts-noto-core": Path("/usr/share/fonts/truetype/noto"),
    "fonts-noto-cjk": Path("/usr/share/fonts/opentype/noto"),
    "fonts-noto-color-emoji": Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
}
NAMES = {
    "Latin": "Zoë Strauß-Łukasiewicz",
    "Vietnamese": "Nguyễn Thị Ánh Tuyết",
    "Arabic": "محمد عبد الرحمن الخوارزمي",
    "Hebrew": "שרה בת־אברהם לוי",
    "Devanagari": "श्रीकृष्ण प्रसाद त्रिपाठी",
    "Tamil": "சுப்பிரமணிய பாரதியார்",
    "Thai": "สมชาย ศรีสุขใจ",
    "Chinese": "欧阳修文",
    "Japanese": "山田 はなこ",
    "Korean": "김민준",
    "Cyrillic": "Александра Дмитриевна Ёлкина",
    "Greek": "Ἀλέξανδρος Παπαδόπουλος",
    "Ethiopic": "አበበ ቢቂላ ደምሴ",
    "emoji": "Zoë 👩🏽‍🎓🌸 Star",
}
#: Those that the font in the package has letters for.
OWN = ("Latin", "Vietnamese", "Cyrillic", "Greek")
INSTRUCTORS = (
    ("Christian Terwiesch", "Andrew M. Heller Professor at the Wharton School"),
    ("Karl T. Ulrich", "Vice Dean of Innovation"),
    ("Marshall L. Fisher", "UPS Professor of Operations and Information Management"),
    ("Hannah Müller-Lüdenscheidt", "Lecturer"),
)


def bundle_of(world: World, of: Course | None = None, **changes: object) -> Bundle:
    """The reference certificate, or a variation of it, for the reference course or another one."""
    taken = of or course()
    fields = {
        "title": taken.title,
        "course": taken.id,
        "version": taken.version,
        "description": taken.summary,
        "narrative": taken.criteria,
        "digest": taken.digest,
    }
    signed = credential()._replace(**(fields | changes))  # type: ignore[arg-type]
    return Bundle(world.sign(signed.encode()).decode(), taken.text)


def taught_by(number: int, **changes: object) -> Course:
    """The reference course with so many instructors."""
    people = tuple({"name": name, "title": title} for name, title in INSTRUCTORS[:number])
    return course().model_copy(update={"instructors": people, **changes})


def branding() -> Branding:
    """With everything that there may be."""
    return Branding(
        logo=BRANDING / "logo.svg",
        signatures={
            name: BRANDING / f"signature-{number}.svg"
            for number, (name, _) in enumerate(INSTRUCTORS, 1)
        },
    )


@cache
def noto() -> tuple[Path, ...]:
    """The folders of fonts for the other scripts. Skips the test where they are not there."""
    for package, path in FONTS.items():
        if not path.exists():
            message = f"no {path}; install {package}"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
    return (FONTS["fonts-noto-core"], FONTS["fonts-noto-cjk"])
