"""Reading a parsed JSON object member by member, refusing whatever is not expected."""

from collections.abc import Iterator
from typing import Any

from signedcert.errors import MalformedError


class Members:
    """The members of one JSON object; ``where`` names it in every refusal.

    Read each member with the method of its type, then call ``done``: whatever is left over is
    refused. The object that was parsed is not changed.
    """

    def __init__(self, value: object, where: str = "") -> None:
        if not isinstance(value, dict):
            raise MalformedError("wrong-type", "an object is expected", where=where)
        self._left: dict[str, Any] = dict(value)
        self.where = where

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def names(self) -> list[str]:
        """The members that were not read yet, in their order."""
        return list(self._left)

    def path(self, name: str) -> str:
        """Where the member ``name`` is, for messages."""
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str) -> Any:  # noqa: ANN401 - JSON is any
        """The member as it is. Raises MalformedError ``member-missing``."""
        if name not in self._left:
            message = f"member {name!r} is missing"
            raise MalformedError("member-missing", message, where=self.where)
        return self._left.pop(name)

    def text(self, name: str, *choices: str) -> str:
        """A string; one of ``choices``, if there are any."""
        value = self.take(name)
        if not isinstance(value, str):
            raise MalformedError("wrong-type", "a string is expected", where=self.path(name))
        if choices and value not in choices:
            message = f"{ascii(value)[:60]} is none of: {', '.join(choices)}"
            raise MalformedError("wrong-value", message, where=self.path(name))
        return value

    def integer(self, name: str, low: int = 0) -> int:
        """An integer, at least ``low``; ``true`` is none."""
        value = self.take(name)
        if type(value) is not int:
            raise MalformedError("wrong-type", "an integer is expected", where=self.path(name))
        if value < low:
            message = f"{value} is below {low}"
            raise MalformedError("wrong-value", message, where=self.path(name))
        return value

    def array(self, name: str, limit: int) -> list[Any]:
        """An array of at most ``limit`` elements."""
        value = self.take(name)
        if not isinstance(value, list):
            raise MalformedError("wrong-type", "an array is expected", where=self.path(name))
        if len(value) > limit:
            message = f"{len(value)} elements, and at most {limit} are read"
            raise MalformedError("too-large", message, where=self.path(name))
        return value

    def texts(self, name: str, limit: int) -> tuple[str, ...]:
        """An array of strings."""
        values = self.array(name, limit)
        for position, value in enumerate(values):
            if not isinstance(value, str):
                where = f"{self.path(name)}[{position}]"
                raise MalformedError("wrong-type", "a string is expected", where=where)
        return tuple(values)

    def object(self, name: str) -> "Members":
        """A member that is an object itself."""
        return Members(self.take(name), self.path(name))

    def objects(self, name: str, limit: int) -> Iterator["Members"]:
        """An array of objects, each with its position in ``where``."""
        for position, value in enumerate(self.array(name, limit)):
            yield Members(value, f"{self.path(name)}[{position}]")

    def done(self) -> None:
        """Raises MalformedError ``member-unknown`` for a member that was not read."""
        for name in self._left:
            message = f"member {ascii(name)[:60]} is unknown here"
            raise MalformedError("member-unknown", message, where=self.where)
