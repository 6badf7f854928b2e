"""An edit of a carrier: what was done, and what has to come of it."""

import zlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_decode, b64url_encode

Make = Callable[[Bundle, Bundle], bytes]

AUTHENTIC = ("authentic", None)
FORGED = ("not authentic", "signature-mismatch")
MISMATCH = ("not authentic", "carrier-mismatch")
NOTHING = ("unreadable", "no-document")
AMBIGUOUS = ("unreadable", "carrier-ambiguous")
DAMAGED = ("unreadable", "carrier-damaged")
ENCRYPTED = ("unreadable", "carrier-encrypted")
LIMIT = ("unreadable", "carrier-limit")
UNSUPPORTED = ("unreadable", "carrier-unsupported")


class Edit(NamedTuple):
    """What was done, the file that came of it, and what is to be said of that."""

    name: str
    make: Make
    expected: tuple[str, str | None]


def altered(bundle: Bundle) -> Bundle:
    """Another learner's name, put into the document by somebody who has no key."""
    header, payload, signature = bundle.document.split(".")
    said = b64url_decode(payload.encode())
    changed = b64url_encode(said.replace("María-José Nguyễn".encode(), b"Mallory"))
    return bundle._replace(document=f"{header}.{changed}.{signature}")


def cut(honest: Callable[[Bundle], bytes], numerator: int, denominator: int) -> Make:
    """So much of an honest file."""

    def make(bundle: Bundle, _: Bundle) -> bytes:
        whole = honest(bundle)
        return whole[: len(whole) * numerator // denominator]

    return make


@cache
def bomb(size: int) -> bytes:
    """Zeros, so many of them, compressed."""
    return zlib.compress(bytes(size), 9)
