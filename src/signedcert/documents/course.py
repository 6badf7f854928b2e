"""The course document: title, syllabus, workload, format; referred to by digest."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from signedcert.core.encoding import dump_json, parse_json
from signedcert.documents.digest import digest_sri
from signedcert.documents.text import MAX_TITLE, check_assigned, check_text, summarize
from signedcert.errors import MalformedError
from signedcert.files import read_limited

#: A long syllabus is some 20 KiB. A bundle carries the text, so there is an end to it.
MAX_COURSE = 256 * 1024
_MAX_TEXT = 4000
_MAX_LIST = 200
_MAX_MEMBERS = 100
_WHOLE = 100

DISCLAIMER = (
    "This certificate confirms that the course was completed. It gives no credit towards a "
    "degree and does not make the learner a student of the institution."
)


def _text(limit: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            check_text(value, limit, "")
            check_assigned(value, "")
        except MalformedError as error:
            raise ValueError(error.message) from error
        return value

    return check


Title = Annotated[str, AfterValidator(_text(MAX_TITLE))]
Text = Annotated[str, AfterValidator(_text(_MAX_TEXT))]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\z", max_length=64)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\z")]
Positive = Annotated[int, Field(ge=1, le=10_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Instructor(_Frozen):
    """Who teaches the course, with a title as it is printed."""

    name: Title
    title: Title


class Unit(_Frozen):
    """One part of the syllabus."""

    title: Title
    topics: Annotated[tuple[Title, ...], FailFast()] = Field(max_length=_MAX_LIST)


class Hours(_Frozen):
    """Hours of work a week, from … to."""

    start: Positive = Field(alias="from")
    to: Positive

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.start > self.to:
            message = "from is more than to"
            raise ValueError(message)
        return self


class Workload(_Frozen):
    """How long the course takes."""

    weeks: Positive
    hours_per_week: Hours


class Component(_Frozen):
    """One kind of work in the course; the weights of all add up to 100."""

    kind: Title
    count: Positive
    weight_percent: Annotated[int, Field(ge=0, le=_WHOLE)]


class Course(_Frozen):
    """A course as it is published. Its bytes are fixed: ``text`` is what ``digest`` covers.

    Made from bytes by ``parse`` and ``read``, which keep them exactly, or from values, which
    are then written in canonical JSON.
    """

    id: Slug
    version: Positive
    title: Title
    institution: Title
    description: Text
    language: Language
    instructors: Annotated[tuple[Instructor, ...], FailFast()] = Field(max_length=_MAX_LIST)
    syllabus: Annotated[tuple[Unit, ...], FailFast()] = Field(min_length=1, max_length=_MAX_LIST)
    workload: Workload
    format: Annotated[tuple[Component, ...], FailFast()] = Field(min_length=1, max_length=_MAX_LIST)
    verified_track: bool
    disclaimer: Text = DISCLAIMER
    _text: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _weights(self) -> Self:
        total = sum(component.weight_percent for component in self.format)
        if total != _WHOLE:
            message = f"the weights of the format add up to {total}, not to {_WHOLE}"
            raise ValueError(message)
        return self

    @classmethod
    def parse(cls, data: bytes, where: str = "") -> "Course":
        """The course that a JSON document describes; ``text`` is then exactly ``data``.

        Raises MalformedError: what ``parse_json`` refuses, and whatever does not fit the model,
        naming the field.
        """
        value = parse_json(data, MAX_COURSE, where)
        try:
            return cls.model_validate(_with_tuples(value, where), context=data.decode("utf-8"))
        except ValidationError as error:
            raise _explain(error, where) from error

    @classmethod
    def read(cls, path: str | Path) -> "Course":
        """The course in a file. Raises MalformedError, naming the file."""
        return cls.parse(read_limited(Path(path), MAX_COURSE), str(path))

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """A course with some other values: checked again, and with a text of its own."""
        if not update:
            return super().model_copy(deep=deep)
        return type(self).model_validate({**self.model_dump(by_alias=True), **update})

    def model_post_init(self, text: str | None, /) -> None:
        """The validation context is the text that the values were read from."""
        self._text = text

    @cached_property
    def text(self) -> str:
        """The exact published text."""
        if self._text is not None:
            return self._text
        return dump_json(self.model_dump(mode="json", by_alias=True)).decode()

    @cached_property
    def digest(self) -> str:
        """``digestSRI`` of the text: ``sha256-`` and base64, over exactly its bytes."""
        return digest_sri(self.text)

    @cached_property
    def summary(self) -> str:
        """The description in at most 120 bytes, as the certificate has it."""
        return summarize(self.description)

    @cached_property
    def criteria(self) -> str:
        """What a learner has to do, in at most 120 bytes."""
        graded = [part.kind for part in self.format if part.weight_percent]
        weeks = "1 week" if self.workload.weeks == 1 else f"{self.workload.weeks} weeks"
        return summarize(f"Completed {weeks} of coursework: {'; '.join(graded)}.")


def _with_tuples(value: Any, where: str) -> Any:  # noqa: ANN401 - JSON is any
    """Strict models take tuples only from tuples.

    Raises MalformedError ``too-large`` for an object of more members than a model has: pydantic
    would list them all.
    """
    if isinstance(value, dict):
        if len(value) > _MAX_MEMBERS:
            message = f"an object of {len(value)} members, and at most {_MAX_MEMBERS} are read"
            raise MalformedError("too-large", message, where=where)
        return {name: _with_tuples(inner, where) for name, inner in value.items()}
    if isinstance(value, list):
        return tuple(_with_tuples(inner, where) for inner in value)
    return value


def _explain(error: ValidationError, where: str) -> MalformedError:
    """The first thing that does not fit, in the words of ``where: field: what``."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(ascii(str(part))[1:-1][:40] for part in first["loc"])
    place = ": ".join(part for part in (where, field) if part)
    message = first["msg"].removeprefix("Value error, ")
    return MalformedError("wrong-value", message, where=place)
