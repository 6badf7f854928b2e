"""An institution whose texts are hard to lay out. It lives now, for its server reads the clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from signedcert.core.code import ALPHABET, VerificationCode
from signedcert.core.encoding import dump_json, parse_json
from signedcert.documents.certificate import Certificate
from signedcert.documents.course import Course
from signedcert.institution import Institution
from tests.institution.homes import NAME, PASSPHRASE, URL
from tests.reference import course as reference_course

#: 120 characters with nowhere to break them, in some 200.
UNBROKEN = "Donaudampfschifffahrtsgesellschaft" * 3 + "skapitänswitwenren"
LONG_TITLE = f"From steam to cloud: {UNBROKEN}, and what became of it in the centuries after"
LONG_NAME = f"Hubert {UNBROKEN} Wolfeschlegelsteinhausenbergerdorff-Nguyễn, the Seventh"
LEARNERS = {
    "plain": "María-José Nguyễn",
    "long": LONG_NAME,
    "arabic": "محمد بن عبد الله بن عبد العزيز الراشد",
    "cjk": "欧阳娜娜・山田太郎 김철수",
}
ARABIC_TITLE = "مقدمة في إدارة العمليات: من المواد إلى الخدمات (الجزء 2)"


class Campus(NamedTuple):
    """Where the institution is, and the codes of its certificates by the names in ``LEARNERS``."""

    home: Path
    codes: dict[str, VerificationCode]

    def spell(self, path: str) -> str:
        """A path in which ``{plain}`` stands for a code and ``{typo}`` for one with a slip."""
        spelled = {name: str(code) for name, code in self.codes.items()}
        return path.format(**spelled, typo=slip(self.codes["plain"]))


def slip(code: VerificationCode) -> str:
    """The code with another third symbol."""
    symbols = list(code.symbols)
    symbols[2] = ALPHABET[(ALPHABET.index(symbols[2]) + 1) % len(ALPHABET)]
    return "".join(symbols)


def make_campus(directory: Path) -> Campus:
    """A new institution with three courses and one certificate for each of ``LEARNERS``."""
    at = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
        institution = Institution.create(
            directory / "home",
            name=NAME,
            url=URL,
            root=directory / "root",
            holders=1,
            passphrase=PASSPHRASE,
            at=at,
        )
    with institution:
        courses = [institution.add_course(course, at=at) for course in _courses()]
        codes = {}
        for name, learner in LEARNERS.items():
            course = dict(zip(("long", "arabic"), courses[1:], strict=True)).get(name, courses[0])
            completed = (at - timedelta(days=1)).date()
            claims = Certificate(learner=learner, course=course, completed=completed)
            codes[name] = institution.issue(claims, learner_id=name, run="now", at=at).code
    return Campus(directory / "home", codes)


def _courses() -> list[Course]:
    values = parse_json(reference_course().text.encode(), 10**6)
    topics = [{"title": LONG_TITLE, "topics": [LONG_TITLE, ARABIC_TITLE]}]
    return [
        reference_course(),
        _course(values, id="long", title=LONG_TITLE, institution=LONG_TITLE, syllabus=topics),
        _course(values, id="arabic", title=ARABIC_TITLE, language="ar"),
    ]


def _course(values: dict[str, object], **changes: object) -> Course:
    return Course.parse(dump_json(values | changes))
