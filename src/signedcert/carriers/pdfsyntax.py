"""Objects of a PDF, as they are spelt in a file (ISO 32000-2, 7.2 and 7.3)."""

import re
from typing import NamedTuple, TypeAlias, Union

from signedcert.errors import MalformedError, Reason

#: Arrays and dictionaries in one another. Nobody nests deeper in an object that is read here.
MAX_DEPTH = 32
#: What reading a whole file may cost: a unit for each byte looked at, and ``_TOKEN_COST`` for each
#: token. A certificate costs some 5,000; all of it is used up in 20 ms.
MAX_COST = 1024 * 1024
_TOKEN_COST = 64

_SPACE = rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]*+)*+"
_GAP = rb"[\x00\t\n\x0c\r ]{1,16}+"
_END = rb"(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|\Z)"
_BLANK = re.compile(_SPACE)
_TOKEN = re.compile(
    _SPACE
    + rb"(?:(?P<ref>([0-9]{1,10})" + _GAP + rb"([0-9]{1,5})" + _GAP + rb"R" + _END + rb")"
    rb"|(?P<integer>[+-]?[0-9]{1,10}" + _END + rb")"
    rb"|(?P<real>[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})" + _END + rb")"
    rb"|/(?P<name>[^\x00\t\n\x0c\r ()<>\[\]{}/%]*+)"
    rb"|(?P<open><<|\[)"
    rb"|(?P<close>>>|\])"
    rb"|<(?P<hex>[0-9A-Fa-f\x00\t\n\x0c\r ]*+)>"
    rb"|(?P<text>\()"
    rb"|(?P<word>[A-Za-z]++))"
)  # fmt: skip
_PIECE = re.compile(rb"([^()\\]++|[()])|\\(?:([0-7]{1,3})|(\r\n|[\s\S]))")
_BRACKETS = {b"(": 1, b")": -1}
_HEX_IN_NAME = re.compile(r"#([0-9A-Fa-f]{2})")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_LINE_ENDS = (b"\r\n", b"\r", b"\n")
_WORDS = {b"true": True, b"false": False, b"null": None}

Value: TypeAlias = Union[
    bool, int, float, bytes, "Name", "Ref", list["Value"], dict[str, "Value"], None
]


class Name(str):
    """A name, without its solidus."""

    __slots__ = ()


class Ref(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


class PDFError(Exception):
    """Why a file is not read; ``reason`` as in MalformedError."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message

    def refusal(self, where: str) -> MalformedError:
        """The same, for whoever gave the file."""
        return MalformedError(self.reason, self.message, where=where)


def damaged(what: str) -> PDFError:
    """A file that does not have the form of a PDF."""
    return PDFError("carrier-damaged", f"this PDF is damaged or was cut off: {what}")


def beyond(what: str) -> PDFError:
    """A file that would take too long, or too much memory."""
    return PDFError("carrier-limit", f"this PDF has more than is read: {what}")


def _spent() -> PDFError:
    return beyond("bytes to look at")


class Budget:
    """What is left to be spent on one file."""

    def __init__(self) -> None:
        self._left = MAX_COST

    def spend(self, cost: int) -> None:
        """Raises PDFError, when nothing is left."""
        self._left -= cost
        if self._left < 0:
            raise _spent()

    def end(self, start: int, size: int) -> int:
        """Where looking at ``size`` bytes from ``start`` has to end."""
        return min(size, start + self._left)


class Reader:
    """Reads values in ``data`` from ``position`` on, within a budget.

    Raises PDFError: what is no value, nesting beyond ``MAX_DEPTH``, a key that stands twice in a
    dictionary, which readers would take differently.
    """

    def __init__(self, data: bytes, position: int, budget: Budget) -> None:
        self.position = position
        self._data = data
        self._budget = budget

    def value(self, depth: int = 0) -> Value:
        """The next value."""
        token = self._token()
        match token.lastgroup:
            case "open" if depth >= MAX_DEPTH:
                raise beyond("levels of nesting")
            case "open" if token["open"] == b"[":
                return self._array(depth)
            case "open":
                return self._dictionary(depth)
            case "text":
                return self._text()
        return _simple(token)

    def word(self, *expected: bytes) -> bytes:
        """The next token, which has to be one of these words."""
        token = self._token()
        if token["word"] not in expected:
            raise damaged(f"no {expected[0].decode()} at byte {token.start()}")
        return token["word"]

    def integer(self) -> int:
        """The next value, which has to be an integer that is not negative."""
        value = self.value()
        if type(value) is not int or value < 0:
            raise damaged(f"no number before byte {self.position}")
        return value

    def _array(self, depth: int) -> list[Value]:
        values: list[Value] = []
        while not self._closes(b"]"):
            values.append(self.value(depth + 1))
        return values

    def _dictionary(self, depth: int) -> dict[str, Value]:
        values: dict[str, Value] = {}
        while not self._closes(b">>"):
            key = self.value(depth + 1)
            if not isinstance(key, Name) or key in values:
                raise damaged(f"a dictionary with no key, or one twice, at byte {self.position}")
            values[key] = self.value(depth + 1)
        return values

    def _closes(self, bracket: bytes) -> bool:
        before = self.position
        token = self._token()
        if token["close"] == bracket:
            return True
        self.position = before
        return False

    def _token(self) -> re.Match[bytes]:
        start = self.position
        end = self._budget.end(start, len(self._data))
        token = _TOKEN.match(self._data, start, end)
        if token is None:
            blank = _BLANK.match(self._data, start, end)
            if blank is not None and blank.end() == end < len(self._data):
                raise _spent()
            raise damaged(f"nothing to read at byte {start}")
        self._budget.spend(_TOKEN_COST + token.end() - start)
        self.position = token.end()
        return token

    def _text(self) -> bytes:
        """A literal string, from behind its parenthesis on; parentheses in it are balanced."""
        parts: list[bytes] = []
        start, depth = self.position, 1
        while depth:
            end = self._budget.end(self.position, len(self._data))
            piece = _PIECE.match(self._data, self.position, end)
            if piece is None:
                raise damaged(f"a text without end at byte {start}")
            self._budget.spend(_TOKEN_COST + len(piece[0]))
            self.position = piece.end()
            depth += _BRACKETS.get(piece[0], 0)
            parts.append(_meant(piece))
        return b"".join(parts[:-1])


def _simple(token: re.Match[bytes]) -> Value:
    """The value that a token alone stands for."""
    match token.lastgroup:
        case "ref":
            return Ref(int(token[2]), int(token[3]))
        case "integer":
            return int(token["integer"])
        case "real":
            return float(token["real"])
        case "name":
            return _name(token["name"])
        case "hex":
            return bytes.fromhex(_even(token["hex"]))
    if token["word"] not in _WORDS:
        raise damaged(f"no value at byte {token.start()}")
    return _WORDS[token["word"]]


def _meant(piece: re.Match[bytes]) -> bytes:
    """What a part of a literal string stands for (ISO 32000-2, table 3)."""
    plain, octal, letter = piece.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if letter is not None:
        return b"" if letter in _LINE_ENDS else _ESCAPED.get(letter, letter)
    return plain


def _name(spelt: bytes) -> Name:
    text = spelt.decode("latin-1")
    return Name(_HEX_IN_NAME.sub(lambda found: chr(int(found[1], 16)), text))


def _even(digits: bytes) -> str:
    text = re.sub(rb"[^0-9A-Fa-f]", b"", digits).decode("ascii")
    return text + "0" * (len(text) % 2)
