"""How the tests of every room say that something is refused, and why."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import pytest

from signedcert.errors import MalformedError, Reason, SignedCertError

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def refused(
    reason: Reason,
    where: str | None = None,
    kind: type[SignedCertError] = MalformedError,
) -> Iterator[None]:
    """Holds if the block raises exactly ``kind``, for ``reason`` and, if given, at ``where``."""
    with pytest.raises(SignedCertError) as caught:
        yield
    error = caught.value
    assert (type(error), error.reason) == (kind, reason), str(error)
    assert error.message
    if where is not None:
        assert error.where == where


def outcome(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | MalformedError:
    """What ``function`` returns, or the MalformedError that it raises; nothing else is caught."""
    try:
        return function(*args, **kwargs)
    except MalformedError as error:
        return error
