"""The verification code: 20 symbols derived from a signature, printed on the certificate.

It finds a document and ties paper to file. It is never evidence by itself.

80 bits of a digest as 16 symbols of Crockford base32, then 4 symbols of a Reed-Solomon code
over GF(32): every error in up to 4 symbols is detected, any 2 errors or 4 unreadable symbols
can be corrected.
"""

import hashlib
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import getitem, xor
from typing import NamedTuple

from signedcert.errors import MalformedError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 20
DATA_SYMBOLS = 16
CHECK_SYMBOLS = LENGTH - DATA_SYMBOLS
_GROUP = 4
_UNREADABLE = "?"

_TAG = hashlib.sha256(b"signedcert/verification-code/v1").digest() * 2
#: Added to the check symbols, so that no run of equal symbols is a code.
_MASK = (3, 1, 4, 15)
#: (x - a)(x - a^2)(x - a^3)(x - a^4), highest power first.
_GENERATOR = (1, 30, 6, 9, 17)

_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_VALUE |= {symbol.lower(): value for symbol, value in _VALUE.items()}
_VALUE |= {"I": 1, "i": 1, "L": 1, "l": 1, "O": 0, "o": 0}
#: Hyphens, dashes and spaces that people and word processors put between groups.
_SEPARATORS = frozenset(
    "- \t\r\n._/\u00a0\u00ad\u2007\u2009\u2010\u2011\u2012\u2013\u2014\u2212\u202f"
)


def _powers() -> list[int]:
    """a^0 … a^30, twice, in GF(32) modulo x^5 + x^2 + 1."""
    powers = [1]
    for _ in range(61):
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 32 else doubled)
    return powers


_EXP = _powers()
_LOG = {_EXP[i]: i for i in range(31)}


def _multiply(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _multiple(factor: int) -> int:
    """The generator's lower four coefficients times ``factor``, in one integer."""
    first, second, third, fourth = (_multiply(factor, c) for c in _GENERATOR[1:])
    return first << 15 | second << 10 | third << 5 | fourth


_MULTIPLES = [_multiple(factor) for factor in range(32)]


def _divide(a: int, b: int) -> int:
    return _EXP[_LOG[a] - _LOG[b] + 31] if a else 0


@dataclass(frozen=True, slots=True)
class VerificationCode:
    """A well-formed code; that a document has it is for the verifier to find out.

    ``symbols`` are the 20 symbols without separators; ``str`` prints them in five groups.
    """

    symbols: str

    def __post_init__(self) -> None:
        values = _values(self.symbols)
        _require_complete(values)
        if not _is_code(values):
            message = "one or more symbols of this code are wrong; compare it with the paper"
            raise MalformedError("code-check", message)
        object.__setattr__(self, "symbols", _text(values))

    @classmethod
    def derive(cls, signing_input: bytes, signature: bytes) -> "VerificationCode":
        """The code of a document: ``signing_input`` is ASCII ``header.payload``, ``signature``
        the raw signature with low S.
        """
        length = len(signing_input).to_bytes(8), len(signature).to_bytes(8)
        signed = length[0] + signing_input + length[1] + signature
        data = hashlib.sha256(_TAG + signed).digest()[:_DATA_BYTES]
        high, low, check = int.from_bytes(data[:5]), int.from_bytes(data[5:]), _check(data)
        pairs = (
            _PAIRS[high >> 30],
            _PAIRS[high >> 20 & 1023],
            _PAIRS[high >> 10 & 1023],
            _PAIRS[high & 1023],
            _PAIRS[low >> 30],
            _PAIRS[low >> 20 & 1023],
            _PAIRS[low >> 10 & 1023],
            _PAIRS[low & 1023],
            _PAIRS[check >> 10],
            _PAIRS[check & 1023],
        )
        code = object.__new__(cls)  # encoded here, so there is nothing to check
        object.__setattr__(code, "symbols", "".join(pairs))
        return code

    @classmethod
    def parse(cls, text: str) -> "VerificationCode":
        """The code that somebody typed: any case, ``I L`` for ``1``, ``O`` for ``0``, hyphens
        and spaces anywhere.

        Raises MalformedError: ``code-length``, ``code-symbol``, ``code-unreadable`` for a ``?``,
        ``code-check`` for a code that has errors. ``suggest`` may know what was meant.
        """
        return cls(_text(_values(text)))

    @staticmethod
    def symbols_of(text: str) -> str:
        """The 20 symbols of a typed code in their one spelling, ``?`` where unreadable; whether
        they are a code is not looked at. Raises MalformedError: ``code-length``, ``code-symbol``.
        """
        return _text(_values(text))

    def __str__(self) -> str:
        text = self.symbols
        return f"{text[:4]}-{text[4:8]}-{text[8:12]}-{text[12:16]}-{text[16:]}"


class Suggestion(NamedTuple):
    """A code near to what was typed. It counts only if it leads to a document.

    ``positions`` are those of the symbols that differ, from 1, separators not counted.
    """

    code: VerificationCode
    positions: tuple[int, ...]

    def marks(self) -> str:
        """A line to put under ``str(code)``, with ``^`` below each symbol that differs."""
        marks = ["^" if i + 1 in self.positions else " " for i in range(LENGTH)]
        return " ".join("".join(marks[i : i + _GROUP]) for i in range(0, LENGTH, _GROUP)).rstrip()


def suggest(text: str) -> Suggestion | None:
    """What was probably meant by a mistyped code: up to 2 wrong symbols, or up to 4 unreadable
    ones (typed as ``?``), or 1 wrong and up to 2 unreadable.

    None where nothing is near enough, and where the code is right as it is.
    Raises MalformedError: ``code-length``, ``code-symbol``.
    """
    values = _values(text)
    erased = [i for i, value in enumerate(values) if value is None]
    word = [value or 0 for value in values]
    magnitudes = _correct(_syndromes(word), [LENGTH - 1 - i for i in erased])
    if magnitudes is None or not (magnitudes or erased):
        return None
    for power, magnitude in magnitudes.items():
        word[LENGTH - 1 - power] ^= magnitude
    changed = {LENGTH - 1 - power for power, magnitude in magnitudes.items() if magnitude}
    positions = tuple(sorted(i + 1 for i in changed | set(erased)))
    return Suggestion(VerificationCode(_text(word)), positions)


def _values(text: str) -> list[int | None]:
    """The symbols' values; None for an unreadable one."""
    symbols = [symbol for symbol in text if symbol not in _SEPARATORS]
    if len(symbols) != LENGTH:
        message = f"{len(symbols)} symbols; a verification code has {LENGTH}"
        if len(symbols) < LENGTH:
            message += " (type ? for one that you cannot read)"
        raise MalformedError("code-length", message)
    for position, symbol in enumerate(symbols, 1):
        if symbol not in _VALUE and symbol != _UNREADABLE:
            message = f"{ascii(symbol)[1:-1]} at position {position} is not used in codes"
            raise MalformedError("code-symbol", message)
    return [_VALUE.get(symbol) for symbol in symbols]


def _require_complete(values: list[int | None]) -> None:
    unreadable = [str(i) for i, value in enumerate(values, 1) if value is None]
    if unreadable:
        message = f"unreadable at position {', '.join(unreadable)}"
        raise MalformedError("code-unreadable", message)


def _text(values: "list[int] | list[int | None]") -> str:
    return "".join(_UNREADABLE if value is None else ALPHABET[value] for value in values)


def _check_symbols(data: list[int]) -> list[int]:
    """The remainder of data(x) x^4 by the generator, masked: long division, four symbols of
    the rest in one integer.
    """
    rest = 0
    for symbol in data:
        rest = (rest << 5 & 0xFFFFF) ^ _MULTIPLES[rest >> 15 ^ symbol]
    return [rest >> shift & 31 ^ mask for shift, mask in zip((15, 10, 5, 0), _MASK, strict=True)]


def _check_of(number: int) -> int:
    """The check symbols of 80 data bits, without the mask, as 20 bits."""
    symbols = [number >> 5 * (DATA_SYMBOLS - 1 - i) & 31 for i in range(DATA_SYMBOLS)]
    check = 0
    for symbol, mask in zip(_check_symbols(symbols), _MASK, strict=True):
        check = check << 5 | symbol ^ mask
    return check


def _check_table(shift: int) -> list[int]:
    """What each value of one byte adds to the check symbols: the code is linear."""
    table = [0]
    for bit in range(8):
        of_bit = _check_of(1 << shift + bit)
        table += [value ^ of_bit for value in table]
    return table


_DATA_BYTES = 10
_CHECK_BITS = 5 * CHECK_SYMBOLS
_CHECK_TABLES = [_check_table(8 * (_DATA_BYTES - 1 - i)) for i in range(_DATA_BYTES)]
_CHECK_MASK = sum(mask << 5 * (CHECK_SYMBOLS - 1 - i) for i, mask in enumerate(_MASK))


def _check(data: bytes) -> int:
    """The check symbols of 10 bytes, with the mask, as 20 bits."""
    return reduce(xor, map(getitem, _CHECK_TABLES, data), _CHECK_MASK)


def _is_code(values: "list[int] | list[int | None]") -> bool:
    """Whether the last four symbols follow from the others."""
    number = 0
    for value in values:
        number = number << 5 | (value or 0)
    data = (number >> _CHECK_BITS).to_bytes(_DATA_BYTES)
    return number & (1 << _CHECK_BITS) - 1 == _check(data)


#: Two symbols by their ten bits.
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def _syndromes(values: "list[int] | list[int | None]") -> list[int]:
    """The word at a, a^2, a^3, a^4; all zero for a code. Position i has the power 19 - i."""
    word = [value or 0 for value in values]
    for i, mask in enumerate(_MASK):
        word[DATA_SYMBOLS + i] ^= mask
    result = []
    for root in range(1, CHECK_SYMBOLS + 1):
        total = 0
        for symbol in word:  # Horner
            total = _multiply(total, _EXP[root]) ^ symbol
        result.append(total)
    return result


def _correct(syndromes: list[int], erased: list[int]) -> dict[int, int] | None:
    """Magnitudes by power of x, erasures included; None beyond the code's reach.

    Peterson's method on the Forney syndromes (Blahut, Algebraic Codes, chapter 7).
    """
    if len(erased) > CHECK_SYMBOLS:
        return None
    folded = list(syndromes)
    for power in erased:  # multiply by (1 - a^power x), which the erasure cannot see
        shifted = [0, *folded[:-1]]
        folded = [a ^ _multiply(_EXP[power], b) for a, b in zip(folded, shifted, strict=True)]
    found = _locate(folded[len(erased) :])
    if found is None or set(found) & set(erased):
        return None
    powers = [*erased, *found]
    magnitudes = _solve(powers, syndromes)
    return dict(zip(powers, magnitudes, strict=True))


def _locate(folded: list[int]) -> list[int] | None:
    """The powers of no, one or two errors."""
    if not any(folded):
        return []
    for locator in filter(None, (_one_error(folded), _two_errors(folded))):
        roots = [power for power in range(LENGTH) if not _evaluate(locator, 31 - power)]
        if len(roots) == len(locator) - 1:
            return roots
    return None


def _one_error(folded: list[int]) -> tuple[int, ...] | None:
    """(1, X): each syndrome is X times the one before."""
    if len(folded) < 2 or not folded[0]:
        return None
    ratio = _divide(folded[1], folded[0])
    pairs = pairwise(folded)
    return (1, ratio) if all(_multiply(ratio, a) == b for a, b in pairs) else None


def _two_errors(folded: list[int]) -> tuple[int, ...] | None:
    """(1, s1, s2) with S3 = s1 S2 + s2 S1 and S4 = s1 S3 + s2 S2."""
    if len(folded) < CHECK_SYMBOLS:
        return None
    a, b, c, d = folded
    determinant = _multiply(b, b) ^ _multiply(a, c)
    if not determinant:
        return None
    first = _multiply(b, c) ^ _multiply(a, d)
    second = _multiply(c, c) ^ _multiply(b, d)
    return (1, _divide(first, determinant), _divide(second, determinant))


def _evaluate(locator: tuple[int, ...], exponent: int) -> int:
    """1 + s1 x + s2 x² at x = a^exponent."""
    total = 0
    for i, coefficient in enumerate(locator):
        total ^= _multiply(coefficient, _EXP[i * exponent % 31])
    return total


def _solve(powers: list[int], syndromes: list[int]) -> list[int]:
    """Magnitudes m with S_j = Σ m_i a^(power_i j): a Vandermonde system, by elimination."""
    size = len(powers)
    rows = [
        [_EXP[power * j % 31] for power in powers] + [syndromes[j - 1]] for j in range(1, size + 1)
    ]
    for i in range(size):
        pivot = next(row for row in rows[i:] if row[i])
        rows.remove(pivot)
        pivot = [_divide(value, pivot[i]) for value in pivot]
        rows = [[a ^ _multiply(row[i], b) for a, b in zip(row, pivot, strict=True)] for row in rows]
        rows.insert(i, pivot)
    return [row[-1] for row in rows]
