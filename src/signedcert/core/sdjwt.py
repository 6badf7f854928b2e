"""Strict SD-JWT (RFC 9901): an issuer-signed JWT, then disclosures of array elements.

Of the two kinds of disclosure only that of an array element is read: one of a claim by its name
could overwrite another claim. There is no key binding and no nesting. Which payload is wanted, and
where in it digests stand, is the caller's to say.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from signedcert.core.encoding import (
    b64url_bytes,
    b64url_decode,
    b64url_encode,
    check_size,
    parse_canonical_json,
)
from signedcert.core.jws import MAX_COMPACT
from signedcert.errors import MalformedError

#: The value of ``_sd_alg`` for the digests made here (RFC 9901, 4.1.1).
DIGEST_ALGORITHM = "sha-256"
#: Random bytes of a salt (RFC 9901, 9.3: 128 bits).
SALT_BYTES = 16
#: The name of everyone and 100 results, and to spare. Each costs a digest.
MAX_DISCLOSURES = 128
SEPARATOR = b"~"

_SALT = b"[A-Za-z0-9_-]{21}[AQgw]"  # 16 bytes in base64url, with no stray bits
_ELEMENT = re.compile(rb'\["' + _SALT + rb'",(\{.*\})\]', re.DOTALL)
_IN_CLAIM = 3


class Disclosure(NamedTuple):
    """One array element that its holder shows. ``value`` is its JSON, which nobody has parsed yet;
    ``digest`` is what stands in its place in the payload.
    """

    segment: bytes
    value: bytes
    digest: str

    @classmethod
    def write(cls, salt: bytes, value: str) -> "Disclosure":
        """A disclosure of the element that ``value`` spells in canonical JSON (RFC 9901, 4.2.2).

        ``salt`` is 16 random bytes, of which no two disclosures share any. Raises MalformedError
        ``disclosure-salt`` for another number of them: no such disclosure would be read.
        """
        if len(salt) != SALT_BYTES:
            message = f"a salt of {len(salt)} bytes, and it has {SALT_BYTES}"
            raise MalformedError("disclosure-salt", message)
        encoded = value.encode("utf-8", "surrogatepass")
        return cls._of(b64url_bytes(b'["%b",%b]' % (b64url_bytes(salt), encoded)), encoded)

    @classmethod
    def parse(cls, segment: bytes, where: str = "") -> "Disclosure":
        """Raises MalformedError: ``disclosure-claim`` for a claim by its name, ``disclosure-salt``,
        ``disclosure-shape`` for what else is no salt and object, and what base64url and canonical
        JSON refuse of those.
        """
        match = _ELEMENT.fullmatch(b64url_decode(segment, where))
        if match is None:
            raise _explain(segment, where)
        return cls._of(segment, match.group(1))

    @classmethod
    def _of(cls, segment: bytes, value: bytes) -> "Disclosure":
        return cls(segment, value, b64url_encode(hashlib.sha256(segment).digest()))


class SDJWT(NamedTuple):
    """``jwt~disclosure~…~``, split; nothing about it was verified."""

    jwt: bytes
    disclosures: tuple[Disclosure, ...]

    @classmethod
    def parse(cls, text: bytes, limit: int = MAX_COMPACT) -> "SDJWT":
        """Raises MalformedError: over ``limit`` bytes or 128 disclosures (``too-large``), no ``~``
        (``not-sd-jwt``), something behind the last one (``key-binding``), a disclosure twice
        (``disclosure-twice``), what ``Disclosure.parse`` refuses, and a JWT that is not ASCII
        (``base64-alphabet``): what else it is, is for ``CompactJWS.parse`` to say.
        """
        check_size(text, limit)
        jwt, *segments = text.split(SEPARATOR, MAX_DISCLOSURES + 2)
        if not segments:
            raise MalformedError("not-sd-jwt", "an SD-JWT ends with ~")
        if not jwt.isascii():  # disclosures are looked at each by itself
            message = "a character before the first ~ is not of a compact JWS"
            raise MalformedError("base64-alphabet", message)
        if len(segments) > MAX_DISCLOSURES + 1:
            message = f"more than {MAX_DISCLOSURES} disclosures"
            raise MalformedError("too-large", message)
        if segments[-1]:
            message = "something stands behind the last ~; a key binding is not read"
            raise MalformedError("key-binding", message)
        found = tuple(
            Disclosure.parse(segment, f"disclosure {number}")
            for number, segment in enumerate(segments[:-1], 1)
        )
        if len({disclosure.digest for disclosure in found}) != len(found):
            raise MalformedError("disclosure-twice", "a disclosure stands twice")
        return cls(jwt, found)

    def __str__(self) -> str:
        return serialize_sd_jwt(self.jwt, self.disclosures).decode("ascii")

    def place(self, digests: Sequence[str]) -> list[Disclosure | None]:
        """For each of the payload's digests its disclosure, or None where it was withheld.

        Raises MalformedError: ``disclosure-unknown`` for one whose digest is not there,
        ``disclosure-order`` if they are not in the order of the digests.
        """
        positions = {digest: position for position, digest in enumerate(digests)}
        placed: list[Disclosure | None] = [None] * len(digests)
        last = -1
        for number, disclosure in enumerate(self.disclosures, 1):
            position = positions.get(disclosure.digest)
            if position is None:
                message = "what it discloses was not signed: its digest is not in the payload"
                raise MalformedError("disclosure-unknown", message, where=f"disclosure {number}")
            if position < last:
                message = "disclosures stand in the order of their digests in the payload"
                raise MalformedError("disclosure-order", message, where=f"disclosure {number}")
            placed[position] = disclosure
            last = position
        return placed


def serialize_sd_jwt(jwt: bytes, disclosures: Iterable[Disclosure]) -> bytes:
    """The compact serialisation without key binding (RFC 9901, 4)."""
    parts = [jwt, *(disclosure.segment for disclosure in disclosures), b""]
    return SEPARATOR.join(parts)


def _explain(segment: bytes, where: str) -> MalformedError:
    """Why a segment is not ``["salt",{…}]``."""
    value = parse_canonical_json(b64url_decode(segment, where), MAX_COMPACT, where)
    if not isinstance(value, list) or not isinstance((value or [None])[0], str):
        return MalformedError(
            "disclosure-shape", "an array of salt and value is expected", where=where
        )
    if len(value) == _IN_CLAIM:
        message = "it discloses a claim by its name; here, only elements of arrays are disclosed"
        return MalformedError("disclosure-claim", message, where=where)
    if not re.fullmatch(_SALT, value[0].encode("utf-8", "replace")):
        message = f"the salt is not {SALT_BYTES} bytes in base64url"
        return MalformedError("disclosure-salt", message, where=where)
    return MalformedError("disclosure-shape", "salt and an object are expected", where=where)
