"""How vectors are written down: a document, and the verdict that is expected of it."""

from typing import Any, TypeAlias

from tests.vectors.model import Expect, Vector
from tests.vectors.workshop import Workshop

AUTHENTIC = Expect("authentic")

#: A vector, and the name of its file.
Named: TypeAlias = tuple[str, Vector]


def rejected(reason: str, detail: str = "") -> Expect:
    """Not authentic."""
    return Expect("not authentic", reason, detail)


def malformed(detail: str) -> Expect:
    """Not authentic, as step 1 says."""
    return rejected("malformed-document", detail)


def inconsistent(detail: str) -> Expect:
    """Not authentic, as step 4 says."""
    return rejected("claims-inconsistent", detail)


def undecided(reason: str, detail: str = "") -> Expect:
    """Undecided."""
    return Expect("undecided", reason, detail)


def vector(
    shop: Workshop,
    description: str,
    document: str,
    expect: Expect,
    **more: Any,  # noqa: ANN401
) -> Vector:
    """A vector for the usual institution, unless another is given."""
    more.setdefault("institution", shop.usual())
    return Vector(description=description, document=document, expect=expect, **more)
