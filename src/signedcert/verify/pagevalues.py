"""Dates and codes on a page: they have a form by which they are known, whatever their value."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from signedcert.core.code import VerificationCode
from signedcert.errors import MalformedError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december", "sept"),
)
_MONTH = f"(?P<name>(?:{'|'.join((*_NAMES, *_MONTHS))})\\b)"
_YEAR, _DAY = r"(?P<year>[12][0-9]{3})", r"(?P<day>[0-3]?[0-9])"
_DATE = re.compile(
    "|".join(
        pattern.replace("(?P<", f"(?P<_{index}")
        for index, pattern in enumerate(
            (
                rf"\b{_DAY}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}\.?,?\s+{_YEAR}(?![0-9])",
                rf"\b{_MONTH}\.?\s+{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}(?![0-9])",
                rf"(?<![0-9]){_YEAR}\s*(?P<sign>[-./])\s*(?P<month>[01]?[0-9])\s*[-./]\s*{_DAY}(?![0-9])",
                rf"(?<![0-9]){_YEAR}\s*[年년]\s*(?P<month>[01]?[0-9])\s*[月월]\s*{_DAY}\s*[日일]",
                r"(?<![0-9])(?P<one>[0-3]?[0-9])[-./](?P<two>[0-3]?[0-9])[-./](?P<year>[12][0-9]{3})(?![0-9])",
            )
        )
    ),
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?<![0-9a-z])[0-9a-z]{4}(?:[-\u2010-\u2014\u2212][0-9a-z]{4}){4}(?![0-9a-z])",
    re.IGNORECASE,
)


def dates_in(line: str) -> tuple[list[frozenset[date]], str]:
    """The dates in a line, each in all of its readings (3/4/2026 has two), and the rest of it.

    Understood are numbers in the usual orders, English names of months, and 年月日.
    """
    plain = _ascii_digits(line)
    found = [readings for match in _DATE.finditer(plain) if (readings := _readings(match))]
    return found, _DATE.sub(" ", plain)


def _ascii_digits(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in folded)


def _readings(match: re.Match[str]) -> frozenset[date]:
    parts = {
        re.sub("^_[0-9]", "", name): value
        for name, value in match.groupdict().items()
        if value is not None
    }
    year = int(parts["year"])
    if "name" in parts:
        pairs = [(_MONTHS.index(parts["name"][:3].lower()) + 1, int(parts["day"]))]
    elif "month" in parts:
        pairs = [(int(parts["month"]), int(parts["day"]))]
    else:
        one, two = int(parts["one"]), int(parts["two"])
        pairs = [(one, two), (two, one)]
    return frozenset(_dates(year, pairs))


def _dates(year: int, pairs: list[tuple[int, int]]) -> Iterator[date]:
    for month, day in pairs:
        try:
            yield date(year, month, day)
        except ValueError:
            continue


def codes_in(line: str) -> list[str]:
    """Whatever in a line has the form of a code, as it stands there."""
    return [match.group() for match in _CODE.finditer(unicodedata.normalize("NFKC", line))]


def is_code(text: str, code: str) -> bool:
    """Whether ``text`` is read as the symbols of this code."""
    try:
        return VerificationCode.symbols_of(text) == VerificationCode.symbols_of(code)
    except MalformedError:
        return False


def numbers_in(text: str) -> set[int]:
    """The numbers of up to four digits."""
    return {int(one) for one in re.findall(r"(?<![0-9])[0-9]{1,4}(?![0-9])", text)}
