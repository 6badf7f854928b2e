"""Arithmetic on Curve25519's Edwards form, straight from RFC 8032, section 5.1.

Written for these tests alone: the addition law, and points of low order found by solving for them.
"""

from typing import TypeAlias

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
#: sqrt(-1)
I = pow(2, (P - 1) // 4, P)  # noqa: E741 - its name everywhere

Point: TypeAlias = tuple[int, int]


def root(square: int) -> int | None:
    """A square root modulo p, or None."""
    candidate = pow(square, (P + 3) // 8, P)
    for value in (candidate, candidate * I % P):
        if (value * value - square) % P == 0:
            return value
    return None


def on_curve(point: Point) -> bool:
    """Whether -x² + y² = 1 + d x² y²."""
    x, y = point
    return (y * y - x * x - 1 - D * x * x * y * y) % P == 0


def add(left: Point, right: Point) -> Point:
    """The complete addition law."""
    (x1, y1), (x2, y2) = left, right
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P
    return x, y


def multiply(scalar: int, point: Point) -> Point:
    """Double and add."""
    result = (0, 1)
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def x_of(y: int) -> int | None:
    """One of the two x of a point with this y, or None."""
    return root((y * y - 1) * pow(D * y * y + 1, P - 2, P) % P)


def base_point() -> Point:
    """The point with y = 4/5, and an even x."""
    y = 4 * pow(5, P - 2, P) % P
    x = x_of(y)
    assert x is not None
    return (x if x % 2 == 0 else P - x), y


def encode(point: Point) -> bytes:
    """y, little-endian, with the parity of x in the top bit."""
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def low_order_points() -> list[Point]:
    """All solutions of 8P = 0: y = ±1 or x² = -1 or, for order 8, d y⁴ + 2 y² - 1 = 0."""
    points = [(0, 1), (0, P - 1), (I, 0), (P - I, 0)]
    discriminant = root(1 + D)
    assert discriminant is not None
    for numerator in (discriminant - 1, -discriminant - 1):
        y = root(numerator * pow(D, P - 2, P) % P)
        if y is not None:
            points += [(x, z) for x in (I * y % P, -I * y % P) for z in (y, P - y)]
    return points
