"""Certificates set by Typst in many scripts, with the fonts of this system."""

import json
import os
from functools import cache

import pytest

NAMES = {
    "Latin": "Zoë Fitzgerald-Åkesson",
    "Vietnamese": "Nguyễn Thị Ánh Tuyết",
    "Arabic": "محمد عبد الله الأحمد",
    "Hebrew": "שָׂרָה כהן־לוי",
    "Devanagari": "श्रीकृष्ण प्रसाद द्विवेदी",
    "Tamil": "கிருஷ்ணமூர்த்தி பொன்னுசாமி",
    "Thai": "ณัฐวุฒิ ศรีสุวรรณกิจ",
    "Chinese": "欧阳晓明",
    "Japanese": "髙橋 さくら・エリ",
    "Korean": "김서연",
    "Cyrillic": "Щербакова Анастасія",
    "Greek": "Αικατερίνη Παπαδοπούλου",
    "Ethiopic": "ገብረሥላሴ ወልደማርያም",
    "Emoji": "Ana 👩\u200d🎓 Lima 🎉",
}
#: The same, with another letter.
EDITED = {
    "Latin": "Zoë Fitzgerald-Åkessen",
    "Vietnamese": "Nguyễn Thị Ánh Tuyến",
    "Arabic": "محمود عبد الله الأحمد",
    "Hebrew": "שָׂרָה כהן־לוט",
    "Devanagari": "श्रीकृष्ण प्रसाद त्रिवेदी",
    "Tamil": "கிருஷ்ணமூர்த்தி பொன்னுவாமி",
    "Thai": "ณัฐวุฒิ ศรีสุวรรณภิจ",
    "Chinese": "欧阳晓朋",
    "Japanese": "髙橋 さくら・エマ",
    "Korean": "김서현",
    "Cyrillic": "Щербакова Анастасій",
    "Greek": "Αικατερίνη Παπαδοπούλος",
    "Ethiopic": "ገብረሥላሴ ወልደማርቆስ",
    "Emoji": "Ana 👩\u200d🎓 Lina 🎉",
}
COURSES = {
    "Latin": "Einführung in die Ökonomie",
    "Vietnamese": "Quản trị vận hành",
    "Arabic": "مقدمة في الإحصاء",
    "Hebrew": "מבוא לסטטיסטיקה",
    "Devanagari": "श्रीकृष्ण का परिचय",
    "Tamil": "புள்ளியியல் அறிமுகம்",
    "Thai": "สถิติเบื้องต้น",
    "Chinese": "统计学导论",
    "Japanese": "統計学入門",
    "Korean": "통계학 개론",
    "Cyrillic": "Введение в статистику",
    "Greek": "Εισαγωγή στη στατιστική",
    "Ethiopic": "የስታቲስቲክስ መግቢያ",
    "Emoji": "Design 101 🎨",
}
FONTS = {
    "Latin": "Noto Serif",
    "Arabic": "Noto Naskh Arabic",
    "Hebrew": "Noto Serif Hebrew",
    "Devanagari": "Noto Serif Devanagari",
    "Tamil": "Noto Serif Tamil",
    "Thai": "Noto Serif Thai",
    "Chinese": "Noto Serif CJK SC",
    "Japanese": "Noto Serif CJK JP",
    "Korean": "Noto Serif CJK KR",
    "Ethiopic": "Noto Serif Ethiopic",
    "Emoji": "Noto Color Emoji",
}
_SOURCE = """
#let d = json(bytes(sys.inputs.data))
#set document(title: "Certificate", date: datetime(year: 2026, month: 6, day: 30))
#set page(paper: "a4", flipped: true, margin: 2cm, fill: rgb("fffdf5"))
#set text(font: d.fonts, lang: "en", size: 11pt)
#place(rect(width: 100%, height: 100%, stroke: 2pt + rgb("224488")))
#align(center)[
  #v(1cm) #text(size: 18pt, upper(d.issuer))
  #v(5mm) This is to certify that
  #v(5mm) #text(size: 34pt, d.learner)
  #v(5mm) has completed the course
  #v(5mm) #text(size: 22pt, weight: "bold", d.course)
  #v(5mm) #d.dates
]
#place(bottom + right, text(size: 9pt)[Check this certificate at #d.url \\ #d.code])
"""


def require_font(script: str) -> None:
    """Skips a test without the font that it needs; on the servers, it has to be there."""
    name = FONTS.get(script, FONTS["Latin"])
    if name not in _families():
        message = f"the font {name} is not installed (fonts-noto-core, -cjk, -color-emoji)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


@cache
def _families() -> set[str]:
    import typst  # noqa: PLC0415 - starts slowly

    return set(typst.Fonts().families())


def typeset(values: dict[str, str], *, tagged: bool = False) -> bytes:
    """A certificate with these values: learner, course, issuer, dates and code."""
    import typst  # noqa: PLC0415 - starts slowly

    data = {**values, "url": "learn.example.edu/verify/", "fonts": list(FONTS.values())}
    result: bytes = typst.compile(
        _SOURCE.encode(),
        format="pdf",
        pdf_standards=["a-3a", "ua-1"] if tagged else ["a-3a"],
        sys_inputs={"data": json.dumps(data)},
    )
    return result
