"""A log for the tests of trees and tiles: its entries, and the textbook's hashes over them."""

import hashlib

from tests.core.rfc9162 import Textbook

#: A little more than two full levels.
LOG_SIZE = 2**16 + 300
ENTRIES = [hashlib.sha256(b"%d" % number).digest() for number in range(LOG_SIZE)]
LOG = Textbook(ENTRIES)


def root(size: int) -> bytes:
    """Of the log's first entries."""
    return LOG.mth(0, size)


def leaves(start: int, end: int) -> list[bytes]:
    """The log's leaf hashes."""
    return [LOG.mth(index, index + 1) for index in range(start, end)]
