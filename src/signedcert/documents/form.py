"""A document shape as a text with holes: it writes the payload and reads it back.

A template is JSON in its one spelling, with ``«name»`` or ``«name:kind»`` for each hole and
``⟦…⟧`` around what is present only together with the holes in it. A hole that stands twice has
the same text in both places. ``[«name:list»]`` is an array of elements that have a form of their
own. What the template does not match is not of this shape; ``explain`` then finds out why.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from signedcert.core.encoding import TIME_PATTERN
from signedcert.errors import Malformed, MalformedError

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
#: Up to 65535, and not 443: an origin has one spelling (RFC 6454, 6.2).
_PORT = (
    "(?::(?!443(?![0-9]))(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}"
    "|655[0-2][0-9]|6553[0-5]))?"
)

#: What may stand in a hole, as it is written on the wire.
KINDS: dict[str, str] = {
    "text": r'[^"\\\x00-\x1f]*+(?:\\["\\][^"\\\x00-\x1f]*+)*+',
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "time": TIME_PATTERN,
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "origin": rf"https://{_LABEL}(?:\.{_LABEL}){{0,9}}{_PORT}",
    "slug": r"(?![a-z0-9-]{65})[a-z0-9]++(?:-[a-z0-9]++)*+",
    "digest": r"sha256-[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=",
    "hidden": r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]",
    "decimal": r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{0,3}[1-9])?",
    "status": r"Completed|Enrolled|Failed|InProgress|OnHold|Provisional|Withdrew",
    "integer": r"0|[1-9][0-9]{0,15}",
    "index": r"0|[1-9][0-9]{0,15}",
}
_HOLE = re.compile("«([a-z_]+)(?::([a-z]+))?»")
_PART = re.compile("⟦(.*?)⟧|([^⟦⟧]+)")
#: Elements of a list. As many results as no course has; each adds some 500 bytes.
MAX_ELEMENTS = 100

Unknown: TypeAlias = Callable[[str, str], MalformedError]
Differing: TypeAlias = Mapping[str, Malformed]


class Form:
    """One document shape. ``holes`` are their names, in the order of first appearance; ``lists``
    are the forms of the elements in its lists, by the names of their holes. What else is public is
    for the walk that explains.
    """

    def __init__(self, template: str, lists: "Mapping[str, Form] | None" = None) -> None:
        self.lists = lists or {}
        self.kinds = {name: kind for name, kind in _HOLE.findall(template) if kind}
        self.holes = tuple(self.kinds)
        self._parts = [
            (optional or literal, bool(optional)) for optional, literal in _PART.findall(template)
        ]
        # Of bytes: what has to stand there is ASCII, and only what is in the holes is decoded.
        pattern = re.compile(self._pattern().encode("ascii"))
        self._match, self._each = pattern.fullmatch, pattern.finditer
        self._writers: dict[tuple[bool, ...], _Writer] = {}
        self.tree = json.loads(self._sample())
        self.optional = {
            name for part, optional in self._parts if optional for name, _ in _HOLE.findall(part)
        }
        self._texts = [i for i, name in enumerate(self.holes) if self.kinds[name] == "text"]
        self._may_lack = [i for i, name in enumerate(self.holes) if name in self.optional]
        self._raw = [i for i, name in enumerate(self.holes) if name in self.lists]

    def write(self, texts: Sequence[str | None]) -> bytes:
        """The payload with ``texts`` in its holes, in their order; what ``read`` returns.

        The texts are the caller's to check; ``read`` of the result shows whether they fit.
        """
        return self.fill(texts).encode("utf-8", "surrogatepass")

    def write_list(self, elements: Iterable[Sequence[str | None]]) -> str:
        """What stands in a list of elements of this form."""
        return ",".join(map(self.fill, elements))

    def fill(self, texts: Sequence[str | None]) -> str:
        """What ``write`` encodes."""
        lacking = tuple([texts[i] is None for i in self._may_lack])
        writer = self._writers.get(lacking)
        if writer is None:
            writer = self._writers[lacking] = self._writer(texts)
        filled = list(texts)
        for i in self._texts:
            filled[i] = _escape(filled[i] or "")
        text: str = writer.text % writer.order(filled)
        return text

    def read(self, payload: bytes) -> list[str | None] | None:
        """What stands in the holes, in their order and unescaped; None where an optional part is
        lacking. No list if the payload is not of this shape, or not UTF-8.
        """
        match = self._match(payload)
        if match is None:
            return None
        try:
            texts = [None if text is None else text.decode() for text in match.groups()]
        except UnicodeDecodeError:
            return None
        return self._unescaped(texts) if b"\\" in payload else texts

    def read_list(self, text: str) -> list[list[str | None]]:
        """What stands in the holes of each element of a list, which another form has read."""
        found = []
        for match in self._each(text.encode()):
            texts = [None if text is None else text.decode() for text in match.groups()]
            found.append(self._unescaped(texts) if b"\\" in match.group() else texts)
        return found

    def _unescaped(self, texts: list[str | None]) -> list[str | None]:
        """A list is unescaped when its elements are read."""
        return [
            text if text is None or i in self._raw else _unescape(text)
            for i, text in enumerate(texts)
        ]

    def explain(self, value: object, unknown: Unknown, differing: Differing) -> MalformedError:
        """Why a parsed payload is not of this shape: the first place that differs.

        ``unknown`` makes the error for a member that the shape does not have, from its path and
        name; ``differing`` names the reason for a repeated hole whose second text differs, by path.
        """
        try:
            _Walk(self, unknown, differing).compare(self.tree, value, "")
        except MalformedError as error:
            return error
        return MalformedError("not-canonical", "the spelling is not the one of this shape")

    def _pattern(self) -> str:
        seen: set[str] = set()

        def hole(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in seen:
                return f"(?P={name})"
            seen.add(name)
            return f"(?P<{name}>{self._hole_pattern(name)})"

        def part(text: str) -> str:
            pieces, last = [], 0
            for match in _HOLE.finditer(text):
                pieces += [re.escape(text[last : match.start()]), hole(match)]
                last = match.end()
            return "".join([*pieces, re.escape(text[last:])])

        return "".join(
            f"(?:{part(text)})?" if optional else part(text) for text, optional in self._parts
        )

    def _hole_pattern(self, name: str) -> str:
        if name not in self.lists:
            return KINDS[self.kinds[name]]
        element = self.lists[name]._unnamed()  # noqa: SLF001 - of this class
        return f"{element}(?:,{element}){{0,{MAX_ELEMENTS - 1}}}+"

    def _unnamed(self) -> str:
        """The pattern without groups, for a list; so a hole stands once in an element."""
        return f"(?:{re.sub(r'[(][?]P<[a-z_]+>', '(?:', self._pattern())})"

    def _writer(self, texts: Sequence[str | None]) -> "_Writer":
        places = {name: i for i, name in enumerate(self.holes)}

        def wanted(part: str) -> bool:
            return all(texts[places[name]] is not None for name, _ in _HOLE.findall(part))

        text = "".join(part for part, optional in self._parts if not optional or wanted(part))
        order = itemgetter(*(places[name] for name, _ in _HOLE.findall(text)))
        return _Writer(_HOLE.sub("%s", text.replace("%", "%%")), order)

    def _sample(self) -> str:
        """The template as JSON, each hole holding its own mark."""
        text = "".join(part for part, _ in self._parts)
        quoted = re.sub(r'(?:(?<=":)|(?<=\[))«([a-z_]+)(?::[a-z]+)?»', r'"«\1»"', text)
        return _HOLE.sub(r"«\1»", quoted)


class _Writer(NamedTuple):
    """The template with some of its optional parts, and which texts go into it, in order."""

    text: str
    order: Callable[[Sequence[Any]], Any]


class _Walk:
    """Compares a parsed payload with the sample tree of a form."""

    def __init__(self, form: Form, unknown: Unknown, differing: Differing) -> None:
        self._form = form
        self._unknown = unknown
        self._differing = differing
        self._seen: dict[str, str] = {}

    def compare(self, shape: Any, value: Any, path: str) -> None:  # noqa: ANN401 - JSON is any
        if isinstance(shape, dict):
            self._object(shape, value, path)
        elif isinstance(shape, list):
            self._array(shape, value, path)
        else:
            self._leaf(shape, value, path)

    def _object(self, shape: dict[str, Any], value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise MalformedError("wrong-type", "an object is expected", where=path)
        for name in value:
            if name not in shape:
                raise self._unknown(path, name)
        for name, inner in shape.items():
            if name in value:
                self.compare(inner, value[name], f"{path}.{name}".lstrip("."))
            elif not self._may_lack(inner):
                raise MalformedError("member-missing", f"member {name!r} is missing", where=path)
        if list(value) != [name for name in shape if name in value]:
            message = f"members are out of order: {', '.join(value)}"
            raise MalformedError("member-order", message, where=path)

    def _may_lack(self, inner: object) -> bool:
        return isinstance(inner, str) and any(
            name in self._form.optional for name, _ in _HOLE.findall(inner)
        )

    def _array(self, shape: list[Any], value: object, path: str) -> None:
        if not isinstance(value, list):
            raise MalformedError("wrong-type", "an array is expected", where=path)
        lists = {f"«{name}»": form for name, form in self._form.lists.items()}
        if shape and isinstance(shape[0], str) and shape[0] in lists:
            self._list(lists[shape[0]], value, path)
            return
        if len(value) != len(shape):
            message = f"{len(value)} elements where {len(shape)} are expected"
            raise MalformedError("wrong-value", message, where=path)
        for position, inner in enumerate(shape):
            self.compare(inner, value[position], f"{path}[{position}]")

    def _list(self, form: Form, value: list[Any], path: str) -> None:
        if not 1 <= len(value) <= MAX_ELEMENTS:
            message = f"{len(value)} elements, and from 1 to {MAX_ELEMENTS} are read"
            raise MalformedError("wrong-value", message, where=path)
        for position, inner in enumerate(value):
            walk = _Walk(form, self._unknown, self._differing)
            walk.compare(form.tree, inner, f"{path}[{position}]")

    def _leaf(self, shape: object, value: object, path: str) -> None:
        if not isinstance(shape, str) or "«" not in shape:
            if value != shape or type(value) is not type(shape):
                raise MalformedError("wrong-value", f"{shape!r} is expected", where=path)
            return
        names = [name for name, _ in _HOLE.findall(shape)]
        wanted = int if self._form.kinds[names[0]] == "integer" else str
        if type(value) is not wanted:
            message = f"a JSON {'integer' if wanted is int else 'string'} is expected"
            raise MalformedError("wrong-type", message, where=path)
        match = re.fullmatch(self._leaf_pattern(shape), _escape(str(value)))
        if match is None:
            message = f"{ascii(value)[:80]} is not of the form {shape}"
            raise MalformedError("wrong-value", message, where=path)
        for name, text in zip(names, match.groups(), strict=True):
            self._hole(name, text, path)

    def _leaf_pattern(self, shape: str) -> str:
        literals = [re.escape(text) for text in re.split("«[a-z_]+»", shape)]
        holes = [f"({KINDS[self._form.kinds[name]]})" for name, _ in _HOLE.findall(shape)]
        return literals[0] + "".join(map("".join, zip(holes, literals[1:], strict=True)))

    def _hole(self, name: str, text: str, path: str) -> None:
        before = self._seen.setdefault(name, text)
        if before != text:
            message = f"{ascii(text)[:80]} here, and {ascii(before)[:80]} before"
            raise MalformedError(self._differing[path], message, where=path)


def _escape(text: str) -> str:
    if '"' in text or "\\" in text:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text


def _unescape(text: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", text)
