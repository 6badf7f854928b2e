"""Strict JWS (RFC 7515): the compact serialisation and General JSON, signed content as bytes.

Below the document profile: which ``typ`` and ``kid`` are wanted is the caller's to say. No
algorithm is chosen here; a header states one, and a key has one.
"""

from dataclasses import dataclass
from typing import NamedTuple

from signedcert.core.encoding import (
    b64url_bytes,
    b64url_decode,
    b64url_encode,
    check_size,
    dump_json,
    parse_canonical_json,
)
from signedcert.core.shape import Members
from signedcert.errors import MalformedError

#: A certificate is some 2 KiB; 64 KiB leaves room for records and none for abuse.
MAX_COMPACT = 64 * 1024
#: A manifest of 20 years, monthly keys, and a dozen ML-DSA signatures is under 256 KiB.
MAX_GENERAL = 1024 * 1024
#: Two groups of holders during a rotation of root keys, and to spare.
MAX_SIGNATURES = 32
_MAX_HEADER = 1024
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Header:
    """A protected header: ``alg``, and where present ``kid`` and ``typ``. No other is read."""

    alg: str
    kid: str | None = None
    typ: str | None = None

    def encode(self) -> bytes:
        """The one spelling that this project writes: alg, kid, typ, no white space."""
        members = {"alg": self.alg, "kid": self.kid, "typ": self.typ}
        return dump_json({name: text for name, text in members.items() if text is not None})

    def segment(self) -> str:
        """``encode`` in base64url, as it stands in front of the first point."""
        return b64url_encode(self.encode())

    @classmethod
    def parse(cls, segment: bytes, where: str = "header") -> "Header":
        """The header that a base64url segment holds.

        Raises MalformedError: any parameter but the three (so no ``crit``, ``b64``, ``jwk``,
        ``jku`` or ``x5c``), a value that is no string, or another spelling than canonical JSON.
        """
        check_size(segment, _MAX_HEADER, where)
        data = b64url_decode(segment, where)
        members = Members(parse_canonical_json(data, _MAX_HEADER, where), where)
        alg = members.text("alg")
        kid = members.text("kid") if "kid" in members else None
        typ = members.text("typ") if "typ" in members else None
        try:
            members.done()
        except MalformedError as error:
            raise MalformedError("header-parameter", error.message, where=where) from error
        return cls(alg, kid, typ)


class CompactJWS(NamedTuple):
    """The parts of ``header.payload.signature``, decoded; nothing about them was verified."""

    header_segment: bytes
    payload: bytes
    signature: bytes
    signing_input: bytes

    @classmethod
    def parse(cls, text: bytes, limit: int = MAX_COMPACT) -> "CompactJWS":
        """Splits and decodes; the header stays a segment, for ``Header.parse``.

        Raises MalformedError: over ``limit`` bytes, not three parts, or a part that is not
        strict base64url.
        """
        check_size(text, limit)
        parts = text.split(b".", _PARTS)
        if len(parts) != _PARTS:
            message = f"{text.count(b'.') + 1} parts, and a compact JWS has three"
            raise MalformedError("not-three-parts", message)
        header, payload, signature = parts
        return cls(
            header,
            b64url_decode(payload, "payload"),
            b64url_decode(signature, "signature"),
            text[: len(header) + 1 + len(payload)],
        )


def signing_input(segment: str, payload: bytes) -> bytes:
    """What a signer signs (RFC 7515, 5.1, step 5), with a header's ``segment``."""
    return b"%b.%b" % (segment.encode("ascii"), b64url_bytes(payload))


def serialize_compact(signed: bytes, signature: bytes) -> str:
    """The compact serialisation of a signing input and the raw signature over it."""
    return f"{signed.decode('ascii')}.{b64url_encode(signature)}"


class Signature(NamedTuple):
    """One signature of a General JSON JWS."""

    header: Header
    signing_input: bytes
    signature: bytes

    def to_json(self) -> dict[str, str]:
        """The element of ``signatures``."""
        protected = self.signing_input.split(b".")[0].decode("ascii")
        return {"protected": protected, "signature": b64url_encode(self.signature)}


class GeneralJWS(NamedTuple):
    """A JWS in General JSON serialisation (RFC 7515, 7.2.1); nothing of it was verified."""

    payload: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes, where: str = "") -> "GeneralJWS":
        """Raises MalformedError: another spelling than ``encode`` writes, an unprotected header,
        no signature or over 32, a header without ``kid``, or a ``kid`` that signs twice.
        """
        value = parse_canonical_json(data, MAX_GENERAL, where)
        members = Members(value, where)
        segment = _ascii(members.text("payload"), members.path("payload"))
        payload = b64url_decode(segment, members.path("payload"))
        signatures = tuple(
            _signature(entry, segment) for entry in members.objects("signatures", MAX_SIGNATURES)
        )
        members.done()
        kids = [signature.header.kid for signature in signatures]
        if not kids or None in kids or len(set(kids)) != len(kids):
            message = "each signature needs a kid of its own, and there is at least one"
            raise MalformedError("signature-count", message, where=where)
        if list(value) != ["payload", "signatures"]:
            raise MalformedError("member-order", "payload comes first", where=where)
        return cls(payload, signatures)

    def encode(self) -> bytes:
        """The one spelling: ``payload``, then ``signatures`` of ``protected``, ``signature``."""
        signatures = [signature.to_json() for signature in self.signatures]
        return dump_json({"payload": b64url_encode(self.payload), "signatures": signatures})


def _signature(entry: Members, payload: bytes) -> Signature:
    first = entry.names()[:1]
    protected = _ascii(entry.text("protected"), entry.path("protected"))
    if first != ["protected"]:
        raise MalformedError("member-order", "protected comes first", where=entry.where)
    value = _ascii(entry.text("signature"), entry.path("signature"))
    entry.done()
    header = Header.parse(protected, entry.path("protected"))
    if header.segment().encode() != protected:
        message = "written otherwise than alg, kid, typ in this order"
        raise MalformedError("header-spelling", message, where=entry.path("protected"))
    return Signature(
        header,
        protected + b"." + payload,
        b64url_decode(value, entry.path("signature")),
    )


def _ascii(text: str, where: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise MalformedError("base64-alphabet", "not base64url", where=where) from error
