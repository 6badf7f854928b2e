"""Signed notes and verifier keys (C2SP signed-note): a text, and a line for each signature.

Read strictly: what is accepted is written again in the same bytes. Nothing is verified here, for
what a signature covers depends on its type and on the kind of note.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from signedcert.core.encoding import b64_decode, b64_encode, check_size, decode_utf8
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.errors import MalformedError

#: The standard has verifiers accept 16, and set some limit.
MAX_SIGNATURES = 16
#: 16 signatures with ML-DSA-87, than which the standard expects none larger, are 97 KiB of base64;
#: the rest is for their names and the text.
MAX_NOTE = 128 * 1024
#: Bytes of a key's name: what ML-DSA-44 signs has one byte for it (C2SP tlog-cosignature).
MAX_KEY_NAME = 255

#: The signature types that are read: a byte of each verifier key.
SIGNATURE_TYPE: dict[Algorithm, bytes] = {"Ed25519": b"\x01", "ML-DSA-44": b"\x06"}

_ALGORITHM = {byte: algorithm for algorithm, byte in SIGNATURE_TYPE.items()}
#: The longest name, and an ML-DSA-44 key in base64.
_MAX_VKEY = 2048
_VKEY_PARTS = 3
_KEY_ID_LENGTH = 4
_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
#: Neither space nor plus; nor what a note cannot hold: control characters, and half of a pair.
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key under a name, by which its signature lines are found: a verifier key.

    ``key_id`` is 4 bytes of a hash over name, signature type and key. Another key of the same name
    and id can be made on purpose, and then its signature does not hold.
    """

    name: str
    key: PublicKey
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Raises MalformedError: ``key-name``, and ``key-type`` for a key that is neither Ed25519
        nor ML-DSA-44.
        """
        check_key_name(self.name)
        if self.key.algorithm not in SIGNATURE_TYPE:
            message = f"no signature type for {self.key.algorithm} is read"
            raise MalformedError("key-type", message)
        hashed = hashlib.sha256(self.name.encode() + b"\n" + self._material()).digest()
        object.__setattr__(self, "key_id", hashed[:_KEY_ID_LENGTH])

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """The key of a vkey, ``name+id+base64``.

        Raises MalformedError: ``vkey-shape``; ``key-type`` for another signature type; ``key-id``
        if the id is not that of name and key, in lower-case hex; and what base64 and the key
        itself refuse.
        """
        check_size(text, _MAX_VKEY)
        parts = text.split("+", _VKEY_PARTS - 1)
        if len(parts) != _VKEY_PARTS:
            message = "a verifier key is a name, an id and a key, with + between them"
            raise MalformedError("vkey-shape", message)
        name, key_id, encoded = parts
        material = b64_decode(encoded.encode("utf-8", "surrogatepass"))
        algorithm = _ALGORITHM.get(material[:1])
        if algorithm is None:
            message = f"signature type {material[:1].hex() or 'missing'} is not read"
            raise MalformedError("key-type", message)
        key = cls(name, PublicKey(algorithm, material[1:]))
        if key.key_id.hex() != key_id:
            message = f"the id of this name and key is {key.key_id.hex()}"
            raise MalformedError("key-id", message)
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64_encode(self._material())}"

    def _material(self) -> bytes:
        return SIGNATURE_TYPE[self.key.algorithm] + self.key.raw


class NoteSignature(NamedTuple):
    """A signature line: whose it claims to be, and what its type of signature consists of."""

    name: str
    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str, where: str = "") -> "NoteSignature":
        """Raises MalformedError: ``note-shape``, ``key-name``, and what base64 refuses."""
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH):
            message = "a signature line is an em dash, a name and base64, with spaces between them"
            raise MalformedError("note-shape", message, where=where)
        _check_name(name, where)
        data = b64_decode(encoded.encode("utf-8", "surrogatepass"), where)
        if len(data) <= _KEY_ID_LENGTH:
            message = "there is no base64 of a key id and a signature"
            raise MalformedError("note-shape", message, where=where)
        return cls(name, data[:_KEY_ID_LENGTH], data[_KEY_ID_LENGTH:])

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {b64_encode(self.key_id + self.signature)}"


class SignedNote(NamedTuple):
    """A text that ends in a line feed, and its signatures; nothing of it was verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, data: bytes) -> "SignedNote":
        """Splits at the last empty line; ``encode`` writes the same bytes again.

        Raises MalformedError: over 128 KiB or 16 signatures (``too-large``), ``not-utf8``, a
        control character but line feed (``text-control``), no empty line, no signature, or no line
        feed at the end (``note-shape``), and what ``NoteSignature.parse`` refuses.
        """
        check_size(data, MAX_NOTE)
        note = decode_utf8(data)
        if found := _CONTROL.search(note):
            message = f"control character U+{ord(found.group()):04X} at position {found.start()}"
            raise MalformedError("text-control", message)
        text, empty, lines = note.rpartition("\n\n")
        if not (empty and lines.endswith("\n")):
            message = "a note is a text, an empty line, and at least one signature line"
            raise MalformedError("note-shape", message)
        if lines.count("\n") > MAX_SIGNATURES:
            raise MalformedError("too-large", f"more than {MAX_SIGNATURES} signatures")
        signatures = tuple(
            NoteSignature.parse(line, f"signature {number}")
            for number, line in enumerate(lines[:-1].split("\n"), 1)
        )
        return cls(text + "\n", signatures)

    def encode(self) -> bytes:
        """The note as it is published."""
        lines = (f"{signature}\n" for signature in self.signatures)
        return "".join([self.text, "\n", *lines]).encode()

    def signatures_by(self, key: NoteKey) -> list[bytes]:
        """The signatures of the lines with this key's name and id, unverified. All other lines are
        of strangers, and a verifier ignores them (C2SP signed-note).
        """
        return [
            line.signature
            for line in self.signatures
            if line.name == key.name and line.key_id == key.key_id
        ]


def check_key_name(name: str, where: str = "") -> None:
    """Raises MalformedError ``key-name``: empty, with spaces or plus, or over 255 bytes."""
    _check_name(name, where)
    if len(name.encode()) > MAX_KEY_NAME:
        message = f"{len(name.encode())} bytes, and a key's name has at most {MAX_KEY_NAME}"
        raise MalformedError("key-name", message, where=where)


def _check_name(name: str, where: str) -> None:
    if not _KEY_NAME.fullmatch(name):
        message = f"{ascii(name)[:60]} is not the name of a key, which has no space and no plus"
        raise MalformedError("key-name", message, where=where)
