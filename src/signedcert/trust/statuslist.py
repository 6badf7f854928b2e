"""Status lists: which documents no longer stand, two bits each, in a signed Token Status List.

draft-ietf-oauth-status-list, 4 and 5.1. A verifier reads whole lists, so nobody learns which
document it checks. zlib's output differs between its versions: what has one spelling is the JSON
around a list, and the list when it is decompressed.
"""

import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from signedcert.core.encoding import b64url_decode, b64url_encode, dump_json, parse_json
from signedcert.core.shape import Members
from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.errors import MalformedError
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.snapshot import MAX_LISTS, check_final, check_written, open_signed

STATUS_LIST_TYPE = "statuslist+jwt"

# Section 7.1; 3 is for applications to define.
VALID, REVOKED, SUSPENDED, REPLACED = range(4)
BITS = 2
#: Of 2^20 documents: 256 KiB, in the list of which not one bit can be saved too.
LIST_BYTES = STATUS_LIST_SIZE * BITS // 8
#: What cannot be compressed is some 350 kB in base64url, and 467 in the token's own.
MAX_STATUS_LIST = 512 * 1024

_SIZES = (1, 2, 4, 8)
_NUMBER = re.compile("[1-9][0-9]{0,3}")
_NOT_ZERO = re.compile(rb"[^\0]")
_LAST_SECOND = 253402300799  # of the year 9999


def _compress(packed: bytes) -> bytes:
    return zlib.compress(packed, 9)


def pack(statuses: Mapping[int, int], bits: int, size: int) -> bytes:
    """The byte array of ``size`` statuses, those that are not in ``statuses`` zero; the first one
    in the least significant bits (4.1).

    Raises MalformedError ``wrong-value``: an index beyond ``size``, a status of more bits.
    """
    packed = bytearray(_packed_size(bits, size))
    for index, status in statuses.items():
        if not (0 <= index < size and 0 <= status < 1 << bits):
            message = f"status {status} at {index} does not fit into {size} of {bits} bits"
            raise MalformedError("wrong-value", message)
        position = index * bits
        packed[position >> 3] |= status << (position & 7)
    return bytes(packed)


def unpack(packed: bytes, bits: int) -> Iterator[tuple[int, int]]:
    """The statuses of a byte array that are not zero, each with its index, in order."""
    _packed_size(bits, 0)
    each, mask = 8 // bits, (1 << bits) - 1
    for match in _NOT_ZERO.finditer(packed):
        byte = match.group()[0]
        for offset in range(each):
            if status := byte >> offset * bits & mask:
                yield match.start() * each + offset, status


def status_at(packed: bytes, bits: int, index: int) -> int:
    """One status. Raises MalformedError ``wrong-value`` for an index beyond the array."""
    size = len(packed) * 8 // bits
    if not 0 <= index < size:
        raise MalformedError("wrong-value", f"{index} is beyond a list of {size}")
    position = index * bits
    return packed[position >> 3] >> (position & 7) & (1 << bits) - 1


def decompress(data: bytes, limit: int, where: str = "") -> bytes:
    """The byte array that one zlib stream holds.

    Raises MalformedError: ``too-large`` as soon as it is over ``limit`` bytes, without making more
    of them; ``not-zlib`` for a damaged or unfinished stream, or anything behind it.
    """
    stream = zlib.decompressobj()
    try:
        packed = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise MalformedError("not-zlib", str(error), where=where) from error
    if len(packed) > limit:
        message = f"over {limit} bytes when it is decompressed"
        raise MalformedError("too-large", message, where=where)
    if not stream.eof or stream.unused_data:
        message = "bytes behind the stream" if stream.eof else "the stream is not finished"
        raise MalformedError("not-zlib", message, where=where)
    return packed


def parse_list(members: Members, limit: int) -> tuple[int, bytes]:
    """``bits`` and the byte array of a ``status_list`` (4.2), at most ``limit`` bytes.

    Raises MalformedError: other ``bits`` than 1, 2, 4 and 8, base64url and zlib that are not
    strict, unknown members.
    """
    bits = members.integer("bits", 1)
    _packed_size(bits, 0, members.path("bits"))
    where, text = members.path("lst"), members.text("lst")
    members.done()
    return bits, decompress(b64url_decode(text.encode(), where), limit, where)


class StatusList(NamedTuple):
    """List 1, 2, 3 … of an institution: 2^20 statuses, packed as the standard packs them."""

    number: int
    statuses: bytes

    @classmethod
    def make(cls, number: int, statuses: Mapping[int, int]) -> "StatusList":
        """The list of these statuses by index, all others valid. Raises MalformedError."""
        return cls(number, pack(statuses, BITS, STATUS_LIST_SIZE))

    def status(self, index: int) -> int:
        """VALID, REVOKED, SUSPENDED or REPLACED. Raises MalformedError beyond the list."""
        return status_at(self.statuses, BITS, index)

    def indices(self, statuses: Collection[int]) -> Iterator[int]:
        """The indices with one of these statuses, VALID not among them, in order."""
        return (index for index, status in unpack(self.statuses, BITS) if status in statuses)


class StatusListToken(NamedTuple):
    """A status list, and how old it is. ``ttl`` is in seconds."""

    iss: str
    status_list: StatusList
    issued: datetime
    expires: datetime
    ttl: int

    def encode(self, compress: Callable[[bytes], bytes] = _compress) -> bytes:
        """The payload: in its one spelling, but for how the list is compressed. ``compress`` makes
        any zlib stream (RFC 1950); the smaller, the better.

        Raises MalformedError ``wrong-value``: what ``parse`` refuses of the fields.
        """
        if len(self.status_list.statuses) != LIST_BYTES or not self._in_order():
            message = f"a list of {LIST_BYTES} bytes, issued before it expires, is expected"
            raise MalformedError("wrong-value", message, where="status list")
        _check_number(self.status_list.number, "status list")
        return self._write(b64url_encode(compress(self.status_list.statuses)))

    def _in_order(self) -> bool:
        return self.issued < self.expires and self.ttl > 0

    def _write(self, lst: str) -> bytes:
        return dump_json(
            {
                "sub": status_list_url(self.iss, self.status_list.number),
                "iat": int(self.issued.timestamp()),
                "exp": int(self.expires.timestamp()),
                "ttl": self.ttl,
                "status_list": {"bits": BITS, "lst": lst},
            }
        )

    @classmethod
    def parse(cls, token: bytes, manifest: KeyManifest) -> "StatusListToken":
        """The list in a compact JWS that a snapshot key of ``manifest`` has signed.

        Raises what ``open_signed`` and ``parse_list`` raise. MalformedError: another spelling than
        ``encode`` gives, ``not-under-issuer`` for another ``sub`` than a list of the institution,
        other ``bits`` than 2, not exactly 2^20 statuses, ``exp`` not after ``iat``. MalformedError
        ``manifest-final``: not one of the lists that an institution left when it closed.
        """
        opened = open_signed(token, manifest, STATUS_LIST_TYPE, MAX_STATUS_LIST, "status list")
        if manifest.final is not None:
            check_final(token, manifest.final.lists, "status list")
        parsed = cls._parse_payload(opened.payload, manifest.iss)
        opened.check_issued(parsed.issued)
        return parsed

    @classmethod
    def _parse_payload(cls, payload: bytes, iss: str) -> "StatusListToken":
        value = parse_json(payload, MAX_STATUS_LIST, "status list")
        members = Members(value, "status list")
        number = _number(members, iss)
        issued, expires = _moment(members, "iat"), _moment(members, "exp")
        ttl = members.integer("ttl", 1)
        inner = members.object("status_list")
        bits, packed = parse_list(inner, LIST_BYTES)
        members.done()
        if bits != BITS or len(packed) != LIST_BYTES:
            message = f"{len(packed)} bytes of {bits} bits each, not {LIST_BYTES} of {BITS}"
            raise MalformedError("wrong-value", message, where=inner.where)
        parsed = cls(iss, StatusList(number, packed), issued, expires, ttl)
        written = parsed._write(value["status_list"]["lst"])
        check_written(payload, written, MAX_STATUS_LIST, "status list")
        if not parsed._in_order():
            message = "expires before it is issued"
            raise MalformedError("wrong-value", message, where=members.path("exp"))
        return parsed


def parse_status_list(token: bytes, manifest: KeyManifest) -> StatusList:
    """The list alone; for what is refused see ``StatusListToken.parse``."""
    return StatusListToken.parse(token, manifest).status_list


def status_list_url(iss: str, number: int) -> str:
    """Where an institution serves a list, and the ``sub`` of its token."""
    return f"{iss}/.well-known/signedcert/status/{number}.jwt"


def _number(members: Members, iss: str) -> int:
    sub = members.text("sub")
    text = sub.removeprefix(status_list_url(iss, 0)[: -len("0.jwt")]).removesuffix(".jwt")
    match = _NUMBER.fullmatch(text)
    if match is None or sub != status_list_url(iss, int(text)):
        message = f"{ascii(sub)[:160]} is not a status list of {iss}"
        raise MalformedError("not-under-issuer", message, where=members.path("sub"))
    _check_number(int(text), members.path("sub"))
    return int(text)


def _check_number(number: int, where: str) -> None:
    if not 1 <= number <= MAX_LISTS:
        message = f"list {number} is beyond the {MAX_LISTS} that an institution can have"
        raise MalformedError("wrong-value", message, where=where)


def _moment(members: Members, name: str) -> datetime:
    seconds = members.integer(name)
    if seconds > _LAST_SECOND:
        message = f"{seconds} is beyond the year 9999"
        raise MalformedError("wrong-value", message, where=members.path(name))
    return datetime.fromtimestamp(seconds, UTC)


def _packed_size(bits: int, size: int, where: str = "") -> int:
    if bits not in _SIZES or size * bits % 8:
        message = f"{size} statuses of {bits} bits; 1, 2, 4 or 8 fill whole bytes"
        raise MalformedError("wrong-value", message, where=where)
    return size * bits // 8
