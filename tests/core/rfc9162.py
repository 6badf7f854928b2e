"""RFC 9162, 2.1, word by word: slow, and with nothing of ours in it."""

import hashlib
from collections.abc import Sequence
from functools import cache


def sha256(*parts: bytes) -> bytes:
    """HASH of the standard."""
    return hashlib.sha256(b"".join(parts)).digest()


def largest_power_below(n: int) -> int:
    """The k of the standard: the largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


class Textbook:
    """The recursive definitions over one list D; D[start:end] is given by its two ends."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries
        self.mth = cache(self._mth)

    def _mth(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]), 2.1.1."""
        n = end - start
        if n == 0:
            return sha256()
        if n == 1:
            return sha256(b"\x00", self.entries[start])
        k = largest_power_below(n)
        return sha256(b"\x01", self.mth(start, start + k), self.mth(start + k, end))

    def path(self, m: int, end: int, start: int = 0) -> list[bytes]:
        """PATH(m, D[start:end]), 2.1.3.1."""
        n = end - start
        if n == 1:
            return []
        k = largest_power_below(n)
        if m < k:
            return [*self.path(m, start + k, start), self.mth(start + k, end)]
        return [*self.path(m - k, end, start + k), self.mth(start, start + k)]

    def proof(self, m: int, end: int) -> list[bytes]:
        """PROOF(m, D[0:end]), 2.1.4.1."""
        return self._subproof(m, 0, end, known=True)

    def _subproof(self, m: int, start: int, end: int, *, known: bool) -> list[bytes]:
        n = end - start
        if m == n:
            return [] if known else [self.mth(start, end)]
        k = largest_power_below(n)
        if m <= k:
            path = self._subproof(m, start, start + k, known=known)
            return [*path, self.mth(start + k, end)]
        return [*self._subproof(m - k, start + k, end, known=False), self.mth(start, start + k)]


def inclusion_holds(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """The steps of 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\x01", p, r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01", r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistency_holds(
    first: int, second: int, path: Sequence[bytes], first_hash: bytes, second_hash: bytes
) -> bool:
    """The steps of 2.1.4.2, which are for 0 < first < second."""
    if not path:
        return False
    if first & (first - 1) == 0:
        path = [first_hash, *path]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\x01", c, fr), sha256(b"\x01", c, sr)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01", sr, c)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (first_hash, second_hash, 0)
