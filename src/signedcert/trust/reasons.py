"""Why documents are not valid any more: coarse words and dates, by their places in status lists.

A file of its own, so that the lists stay what the standard says, and small. It never names a
document, a person, or the document that took another one's place.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal, TypeAlias, cast

from signedcert.core.encoding import TIME_PATTERN, dump_json, format_time, parse_json, parse_time
from signedcert.core.shape import Members
from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.errors import MalformedError
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.snapshot import (
    MAX_LISTS,
    check_final,
    check_iss,
    check_written,
    open_signed,
)
from signedcert.trust.statuslist import REPLACED, REVOKED, SUSPENDED

REASONS_TYPE = "signedcert-reasons+jws"

Why: TypeAlias = Literal[
    "issued-in-error",
    "misconduct",
    "withdrawn-by-learner",
    "under-review",
    "corrected",
    "renamed",
    "other",
]

#: What an institution may say of each status.
WHY: dict[int, tuple[Why, ...]] = {
    REVOKED: ("issued-in-error", "misconduct", "withdrawn-by-learner", "other"),
    SUSPENDED: ("under-review", "other"),
    REPLACED: ("corrected", "renamed", "other"),
}
#: Of thirty million documents, at one in a thousand. One comma each: JSON has at most 32,768.
MAX_REASONS = 30_000
#: 30,000 of the longest, some 63 bytes each, in base64url.
MAX_REASONS_FILE = 2_560 * 1024

_WORDS = "|".join(sorted({word for words in WHY.values() for word in words}))
_LINE = re.compile(f"([1-9][0-9]{{0,3}})/(0|[1-9][0-9]{{0,6}}) ({_WORDS}) ({TIME_PATTERN})")


@dataclass(frozen=True, slots=True)
class StatusReason:
    """Why the document at one place is not valid, and since when."""

    number: int
    index: int
    why: Why
    since: datetime

    # One string each, "1/77123 misconduct 2026-07-01T10:30:00Z": an object each would be more
    # arrays and objects than are read, and parallel arrays three commas each, and out of step.
    def __str__(self) -> str:
        return f"{self.number}/{self.index} {self.why} {format_time(self.since)}"

    @property
    def place(self) -> tuple[int, int]:
        """List and index, by which reasons are sorted."""
        return self.number, self.index

    @classmethod
    def parse(cls, text: str, where: str = "") -> "StatusReason":
        """Raises MalformedError ``wrong-value``: another spelling than ``str`` gives, an unknown
        word, a place that no list has.
        """
        match = _LINE.fullmatch(text)
        if match is None:
            message = f"{ascii(text)[:80]} is not LIST/INDEX, reason and time"
            raise MalformedError("wrong-value", message, where=where)
        number, index = int(match[1]), int(match[2])
        if number > MAX_LISTS or index >= STATUS_LIST_SIZE:
            message = f"{number}/{index} is beyond {MAX_LISTS} lists of {STATUS_LIST_SIZE}"
            raise MalformedError("wrong-value", message, where=where)
        return cls(number, index, cast("Why", match[3]), parse_time(match[4], where))


@dataclass(frozen=True, slots=True)
class Reasons:
    """All that an institution says of documents that are not valid, sorted by their places."""

    iss: str
    issued: datetime
    entries: tuple[StatusReason, ...]

    def encode(self) -> bytes:
        """The payload, in its one spelling.

        Raises MalformedError: what ``parse`` refuses of ``entries``. Beyond ``MAX_REASONS`` leave
        out the oldest: a document without a reason is revoked all the same.
        """
        lines = [str(entry) for entry in self.entries]
        _check_entries(tuple(map(StatusReason.parse, lines)), "reasons")
        return self._write(lines)

    def _write(self, lines: list[str]) -> bytes:
        issued = format_time(self.issued)
        return dump_json({"iss": self.iss, "issued": issued, "reasons": lines})

    @classmethod
    def parse(cls, data: bytes, manifest: KeyManifest) -> "Reasons":
        """The reasons in a compact JWS that a snapshot key of ``manifest`` has signed.

        Raises what ``open_signed`` raises. MalformedError: another spelling than ``encode`` gives,
        another ``iss``, over 30,000 reasons, places that do not ascend. MalformedError
        ``manifest-final``: not the file that an institution left when it closed.
        """
        opened = open_signed(data, manifest, REASONS_TYPE, MAX_REASONS_FILE, "reasons")
        if manifest.final is not None:
            check_final(data, (manifest.final.reasons,), "reasons")
        reasons = cls._parse_payload(opened.payload)
        opened.check_issued(reasons.issued)
        check_iss(reasons.iss, manifest, "reasons")
        return reasons

    @classmethod
    def _parse_payload(cls, payload: bytes) -> "Reasons":
        members = Members(parse_json(payload, MAX_REASONS_FILE, "reasons"), "reasons")
        iss = members.text("iss")
        issued = parse_time(members.text("issued"), members.path("issued"))
        lines = members.texts("reasons", MAX_REASONS)
        members.done()
        entries = tuple(_parse_lines(lines))
        _check_entries(entries, "reasons")
        reasons = cls(iss, issued, entries)
        check_written(payload, reasons._write(list(lines)), MAX_REASONS_FILE, "reasons")
        return reasons

    def find(self, number: int, index: int, status: int) -> StatusReason | None:
        """What is said of the document at this place; None if nothing is, or if it does not go
        with the ``status`` that the list gives, which is what counts.
        """
        place = number, index
        position = bisect_left(self.entries, place, key=lambda entry: entry.place)
        for entry in self.entries[position : position + 1]:
            if entry.place == place and entry.why in WHY.get(status, ()):
                return entry
        return None


def _parse_lines(lines: tuple[str, ...]) -> Iterator[StatusReason]:
    for position, line in enumerate(lines):
        yield StatusReason.parse(line, f"reasons.reasons[{position}]")


def _check_entries(entries: tuple[StatusReason, ...], where: str) -> None:
    if len(entries) > MAX_REASONS:
        message = f"{len(entries)} reasons, and at most {MAX_REASONS} are read"
        raise MalformedError("too-large", message, where=where)
    for before, after in pairwise(entries):
        if before.place >= after.place:
            message = f"{after} comes after {before}; each place stands once, in ascending order"
            raise MalformedError("reasons-order", message, where=where)
