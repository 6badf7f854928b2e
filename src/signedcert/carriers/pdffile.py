"""The indirect objects of a PDF file: cross-references, object streams, streams (ISO 32000-2, 7.5).

What is needed to find an attachment, and no more: every look-up has a bounded cost, nothing is
repaired. Other filters than Flate are not read.
"""

import re
import zlib
from itertools import accumulate
from typing import NamedTuple, TypeGuard

from signedcert.carriers.pdfsyntax import (
    Budget,
    PDFError,
    Reader,
    Ref,
    Value,
    beyond,
    damaged,
)

#: Versions of one file that follow one another: each time that it was changed and saved.
MAX_UPDATES = 64
#: Runs of object numbers in all cross-reference tables.
MAX_RUNS = 1024
#: Objects that are looked up. A certificate has some ten on the way to its attachment.
MAX_LOOKUPS = 256
#: Bytes that come out of all compressed streams together: a bundle of 1 MiB and the tables of the
#: largest file. Deflate makes a thousand out of one, so the size of the file is no limit.
MAX_INFLATED = 4 * 1024 * 1024
#: Of those, cross-references: five bytes each for 50,000 objects. A certificate has some hundred.
MAX_REFERENCES = 256 * 1024
#: ``startxref`` stands in the last bytes, whatever is behind it (ISO 32000-2, annex I).
_TAIL = 1024

_STARTXREF = re.compile(rb"startxref[\x00\t\n\x0c\r ]{1,16}([0-9]{1,10})[\x00\t\n\x0c\r ]")
_RUN = re.compile(rb"[\x00\t\n\x0c\r ]{0,16}([0-9]{1,10}) ([0-9]{1,10})[ ]{0,16}(?:\r\n|\n|\r)")
_ENTRY = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])[ \r][\r\n]")
_ENTRY_SIZE = 20
_LINE_END = re.compile(rb"\r\n|\n")
_ENDSTREAM = re.compile(rb"[\x00\t\n\x0c\r ]{0,16}endstream")
_MAX_FIELD = 8
_UP = 2  # RFC 2083, 6.4, as Predictor 10 and above have it


class _Place(NamedTuple):
    """Where an object is: at a byte, or in an object stream."""

    offset: int
    generation: int = 0
    container: int | None = None


class _Run(NamedTuple):
    """Cross-references of ``length`` objects from ``first`` on, each looked at when needed."""

    first: int
    length: int
    rows: bytes
    start: int
    widths: tuple[int, ...] = ()

    def find(self, number: int) -> _Place | None:
        """Raises PDFError for an entry that is none. A free one is no place; the search ends."""
        place = self._entry(number - self.first) if self.widths else self._line(number - self.first)
        return place if place.offset or place.container else None

    def _line(self, index: int) -> _Place:
        found = _ENTRY.match(self.rows, self.start + index * _ENTRY_SIZE)
        if found is None:
            raise damaged(f"no cross-reference for object {self.first + index}")
        return _Place(int(found[1]), int(found[2])) if found[3] == b"n" else _Place(0)

    def _entry(self, index: int) -> _Place:
        at = self.start + index * sum(self.widths)
        kind, second, third = (
            int.from_bytes(self.rows[at + before : at + before + width])
            for before, width in zip((0, *accumulate(self.widths)), self.widths, strict=False)
        )
        kind = kind if self.widths[0] else 1
        if kind == 2:
            return _Place(third, container=second)
        return _Place(second, third) if kind == 1 else _Place(0)


class PDFFile:
    """A PDF whose objects can be looked up.

    Raises PDFError when made: ``carrier-damaged`` without a cross-reference that can be followed,
    ``carrier-encrypted``; and whenever something is looked up: also ``carrier-limit``,
    ``carrier-unsupported`` for filters that are not read.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._budget = Budget()
        self._lookups = MAX_LOOKUPS
        self._inflated = MAX_INFLATED
        self._references = MAX_REFERENCES
        self._containers: dict[int, tuple[dict[str, Value], bytes]] = {}
        self._runs: list[_Run] = []
        self.trailer: dict[str, Value] = {}
        self._follow(self._startxref())
        if "Encrypt" in self.trailer:
            message = (
                "this PDF is encrypted or protected by a password; "
                "ask for the file as the institution sent it"
            )
            raise PDFError("carrier-encrypted", message)

    def resolve(self, value: Value) -> Value:
        """The value, or the object that it refers to. One that is not there is null, as the
        standard has it (7.3.10).
        """
        if not isinstance(value, Ref):
            return value
        place = self._find(value.number)
        if place is None:
            return None
        if place.container is not None:
            return self._contained(value.number, place)
        if place.generation != value.generation:
            return None
        reader = self._object(place.offset, value.number)
        found = reader.value()
        if isinstance(found, Ref):
            raise damaged(f"object {value.number} is but a reference")
        return found

    def dictionary(self, value: Value) -> dict[str, Value]:
        """The dictionary that ``value`` is or refers to, empty if it is none. Raises PDFError."""
        found = self.resolve(value)
        return found if isinstance(found, dict) else {}

    def array(self, value: Value) -> list[Value]:
        """Likewise an array."""
        found = self.resolve(value)
        return found if isinstance(found, list) else []

    def stream(self, ref: Value, limit: int) -> bytes:
        """The content of a stream, of at most ``limit`` bytes. Raises PDFError."""
        place = self._find(ref.number) if isinstance(ref, Ref) else None
        if not isinstance(ref, Ref) or place is None or place.container is not None:
            raise damaged("a stream is not where it should be")
        return self._decoded(*self._raw(self._object(place.offset, ref.number)), limit)

    def raw_stream(self, ref: Ref) -> tuple[dict[str, Value], bytes]:
        """The dictionary of a stream, and its bytes before any filter. Raises PDFError."""
        place = self._find(ref.number)
        if place is None or place.container is not None:
            raise damaged("a stream is not where it should be")
        return self._raw(self._object(place.offset, ref.number))

    def _find(self, number: int) -> _Place | None:
        """The newest cross-reference rules."""
        self._lookups -= 1
        if self._lookups < 0:
            raise beyond("objects on the way to the attachment")
        for run in self._runs:
            if run.first <= number < run.first + run.length:
                return run.find(number)
        return None

    def _object(self, offset: int, number: int) -> Reader:
        """Behind ``N G obj`` at this byte."""
        reader = Reader(self._data, offset, self._budget)
        if reader.integer() != number:
            raise damaged(f"object {number} is not at byte {offset}")
        reader.integer()
        reader.word(b"obj")
        return reader

    def _raw(self, reader: Reader) -> tuple[dict[str, Value], bytes]:
        head = reader.value()
        if not isinstance(head, dict):
            raise damaged(f"no dictionary of a stream before byte {reader.position}")
        reader.word(b"stream")
        found = _LINE_END.match(self._data, reader.position)
        length = self.resolve(head.get("Length"))
        if found is None or type(length) is not int or length < 0:
            raise damaged(f"a stream without length at byte {reader.position}")
        end = found.end() + length
        if not _ENDSTREAM.match(self._data, end):
            raise damaged(f"a stream of another length at byte {reader.position}")
        return head, self._data[found.end() : end]

    def _decoded(self, head: dict[str, Value], raw: bytes, limit: int) -> bytes:
        filters, parameters = (
            _one(self.resolve(head.get(long)), f"chain of filters ({long})")
            for long in ("Filter", "DecodeParms")
        )
        if filters is None:
            if len(raw) > limit:
                raise beyond(f"{limit} bytes in a stream")
            return raw
        if filters != "FlateDecode" or "F" in head:
            raise _unsupported(f"filter {str(filters)[:40]}")
        return _unpredicted(self._inflate(raw, limit), self.dictionary(parameters))

    def _inflate(self, raw: bytes, limit: int) -> bytes:
        allowed = min(limit, self._inflated)
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(raw, allowed + 1)
        except zlib.error as error:
            raise damaged(f"a compressed stream ({error})") from error
        self._inflated -= len(data)
        if len(data) > allowed:
            raise beyond(f"{allowed} bytes in a compressed stream")
        if not inflater.eof:
            raise damaged("a compressed stream without end")
        return data

    def _contained(self, number: int, place: _Place) -> Value:
        """An object in an object stream (7.5.7), which does not lie in another one."""
        container = place.container or 0
        if container not in self._containers:
            outer = self._find(container)
            if outer is None or outer.container is not None:
                raise damaged(f"no object stream {container}")
            head, raw = self._raw(self._object(outer.offset, container))
            self._containers[container] = head, self._decoded(head, raw, MAX_INFLATED)
        head, data = self._containers[container]
        pairs = Reader(data, 0, self._budget)
        for _ in range(2 * place.offset):
            pairs.integer()
        first = head.get("First")
        if pairs.integer() != number or type(first) is not int or first < 0:
            raise damaged(f"object {number} is not in object stream {container}")
        return Reader(data, first + pairs.integer(), self._budget).value()

    def _startxref(self) -> int:
        found = _STARTXREF.search(self._data, max(0, self._data.rfind(b"startxref", -_TAIL)))
        if found is None or found.start() < len(self._data) - _TAIL:
            raise damaged("its end is missing")
        return int(found[1])

    def _follow(self, offset: int) -> None:
        """All cross-references, from the newest to the oldest."""
        seen: set[int] = set()
        waiting = [offset]
        while waiting:
            offset = waiting.pop()
            if offset in seen:
                raise damaged("cross-references that lead back to themselves")
            if len(seen) >= MAX_UPDATES:
                raise beyond(f"{MAX_UPDATES} changes")
            seen.add(offset)
            trailer = self._section(offset)
            self.trailer = self.trailer or trailer
            # the stream of a hybrid file is looked at before older updates (7.5.8.4)
            links = (trailer.get(link) for link in ("Prev", "XRefStm"))
            waiting += [link for link in links if type(link) is int and link >= 0]

    def _section(self, offset: int) -> dict[str, Value]:
        reader = Reader(self._data, offset, self._budget)
        start = reader.value() if self._data[offset : offset + 1].isdigit() else None
        if start is None:
            reader.word(b"xref")
            return self._table(reader)
        reader.integer()
        reader.word(b"obj")
        return self._xref_stream(reader)

    def _add(self, run: _Run) -> None:
        if len(self._runs) >= MAX_RUNS:
            raise beyond(f"{MAX_RUNS} runs of cross-references")
        self._runs.append(run)

    def _table(self, reader: Reader) -> dict[str, Value]:
        while found := _RUN.match(self._data, reader.position):
            first, count = int(found[1]), int(found[2])
            self._add(_Run(first, count, self._data, found.end()))
            reader.position = found.end() + count * _ENTRY_SIZE
        reader.word(b"trailer")
        trailer = reader.value()
        if not isinstance(trailer, dict):
            raise damaged("no trailer")
        return trailer

    def _xref_stream(self, reader: Reader) -> dict[str, Value]:
        head, raw = self._raw(reader)
        widths = head.get("W")
        if head.get("Type") != "XRef" or not _are_widths(widths):
            raise damaged("no cross-reference stream where one should be")
        size = sum(widths)
        rows = self._decoded(head, raw, self._references)
        self._references -= len(rows)
        index = head.get("Index", [0, head.get("Size")])
        start = 0
        for first, count in _pairs(index):
            self._add(_Run(first, count, rows, start, tuple(widths)))
            start += count * size
        if start > len(rows):
            raise damaged("a cross-reference stream that is too short")
        return head


def _unsupported(what: str) -> PDFError:
    message = f"this PDF was written in a way that is not read: {what}; ask for the original file"
    return PDFError("carrier-unsupported", message)


def _one(value: Value, what: str) -> Value:
    """The only element of an array, or what is no array."""
    if not isinstance(value, list):
        return value
    if len(value) > 1:
        raise _unsupported(what)
    return value[0] if value else None


def _are_widths(value: Value) -> TypeGuard[list[int]]:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(type(width) is int and 0 <= width <= _MAX_FIELD for width in value)
        and any(value)
    )


def _pairs(value: Value) -> list[tuple[int, int]]:
    """Of an array of an even number of integers, none of them negative."""
    numbers = (
        [one for one in value if type(one) is int and one >= 0] if isinstance(value, list) else []
    )
    if not isinstance(value, list) or len(numbers) != len(value) or len(numbers) % 2:
        raise damaged("a cross-reference stream without its numbers")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _unpredicted(data: bytes, parameters: dict[str, Value]) -> bytes:
    """``data`` before each row was made the difference to the one above it, as writers do with
    cross-references.
    """
    if parameters.get("Predictor", 1) == 1:
        return data
    columns = parameters.get("Columns", 1)
    if type(columns) is not int or not 1 <= columns <= 3 * _MAX_FIELD:
        raise _unsupported("a predictor for pictures")
    width = columns + 1
    if len(data) % width or any(set(data[::width]) - {_UP}):
        raise _unsupported("a predictor other than PNG's Up")
    rows = bytearray(len(data) // width * columns)
    for column in range(columns):
        rows[column::columns] = map((255).__and__, accumulate(data[column + 1 :: width]))
    return bytes(rows)
