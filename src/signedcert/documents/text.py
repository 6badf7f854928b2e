"""What a text in a certificate may hold: the rules for names, titles and descriptions."""

import re
import unicodedata

from signedcert.errors import MalformedError

#: Bytes of UTF-8. The longest known personal names are under 200 in any script.
MAX_NAME = 512
MAX_TITLE = 256
#: The whole text is in the course document; the certificate has to fit a QR code.
MAX_SUMMARY = 120

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufff9-\uffff\U000e0000-\U000e007f]")
#: Embeddings, overrides and isolates make a text look like another one. ZWJ, ZWNJ and the
#: directional marks are needed to write Persian, Sinhala and others, and stay.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSAFE = re.compile(f"{_CONTROL.pattern}|{_BIDI.pattern}|[\ud800-\udfff]")
_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\u3164\u115f\u1160\uffa0\u2800]*")
_FORMULA = ("=", "+", "-", "@")
_PLACEHOLDER = re.compile(
    r"\W*(undefined|none|null|nil|n/?a|nan|tbd|test|unknown|name|no name|first ?name|last ?name"
    r"|full ?name|learner|student|anonymous|#?ref!?|x{2,})?\W*"
    r"|\{+.*\}+|<.*>|\[.*\]|\$\{.*|%.*%",
    re.IGNORECASE,
)


def normalize(text: str) -> str:
    """``text`` in NFC, without white space around it."""
    return unicodedata.normalize("NFC", text).strip()


def check_text(text: str, limit: int, where: str) -> None:
    """Returns if ``text`` may stand in a document.

    Raises MalformedError: ``text-blank``, ``text-too-long`` (over ``limit`` bytes of UTF-8),
    ``text-control``, ``text-bidi``, ``text-not-nfc``, ``lone-surrogate``.
    """
    if text.isascii() and text.isprintable():
        if len(text) <= limit and text.strip():
            return
    elif (
        text.isprintable()  # which, of what is unsafe, only these two are
        and "\ufffc" not in text
        and "\ufffd" not in text
        and len(text.encode()) <= limit
        and not _INVISIBLE.fullmatch(text)
        and unicodedata.is_normalized("NFC", text)
    ):
        return
    _check_each(text, limit, where)


def _check_each(text: str, limit: int, where: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        message = "half of a surrogate pair stands alone"
        raise MalformedError("lone-surrogate", message, where=where) from error
    if size > limit:
        message = f"{size} bytes of UTF-8, and at most {limit} are allowed"
        raise MalformedError("text-too-long", message, where=where)
    if _INVISIBLE.fullmatch(text):
        raise MalformedError("text-blank", "nothing to read in it", where=where)
    if found := _CONTROL.search(text):
        raise MalformedError("text-control", _named(found, "control character"), where=where)
    if found := _BIDI.search(text):
        raise MalformedError("text-bidi", _named(found, "bidirectional control"), where=where)
    if not unicodedata.is_normalized("NFC", text):
        raise MalformedError("text-not-nfc", "not in Unicode normal form C", where=where)


def check_assigned(text: str, where: str) -> None:
    """Returns if every character is one that Unicode has assigned.

    Only of those is it promised that normal form C stays what it is; any other could one day
    make an issued name refused. Asked when issuing, never when reading: tables grow.
    Raises MalformedError ``text-unassigned``.
    """
    if text.isascii():
        return
    for position, character in enumerate(text, 1):
        if unicodedata.category(character) == "Cn":
            message = f"U+{ord(character):04X} at position {position} is not a character (yet)"
            raise MalformedError("text-unassigned", message, where=where)


def is_placeholder(name: str) -> bool:
    """Whether a name looks like what software prints when it has no name.

    Some are real surnames, so whoever issues may insist.
    """
    return _PLACEHOLDER.fullmatch(name) is not None


def summarize(text: str, limit: int = MAX_SUMMARY) -> str:
    """The beginning of ``text`` in at most ``limit`` bytes, cut between words where it can be."""
    if len(text.encode()) <= limit:
        return text
    room = limit - len("…".encode())
    cut = text.encode()[:room].decode("utf-8", "ignore")
    at_word, space, _ = cut.rpartition(" ")
    if space and len(at_word) > len(cut) // 2:
        return at_word.rstrip(" ,;:.") + "…"
    while cut and (text[len(cut)] == "\u200d" or unicodedata.combining(text[len(cut)])):
        cut = cut[:-1]
    return cut + "…"


def visible(text: str, limit: int = 80) -> str:
    """``text`` for a message or a report: what cannot be seen, or would move the rest of the
    line about, is escaped; the end of a long one is cut.
    """
    shown = text if len(text) <= limit else text[:limit] + "…"
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", shown)


def cell(text: str) -> str:
    """``text`` for a cell of a spreadsheet, which takes some beginnings for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def same_name(left: str, right: str) -> bool:
    """Whether two people would read the same name: case, width and spacing do not count,
    diacritics do.
    """
    return _folded(left) == _folded(right)


def _folded(text: str) -> str:
    compatible = unicodedata.normalize("NFKC", text).casefold()
    dashes = re.sub("[\u2010-\u2015\u2212]", "-", compatible)
    return " ".join(unicodedata.normalize("NFKC", dashes).split())


def _named(found: re.Match[str], what: str) -> str:
    return f"{what} U+{ord(found.group()):04X} at position {found.start() + 1}"
