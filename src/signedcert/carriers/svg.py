"""The document and the bundle that an SVG carries in elements (docs/spec/carriers)."""

from xml.parsers import expat

from signedcert.carriers.carried import BADGE_NAMESPACE, BUNDLE_NAMESPACE, Carried
from signedcert.errors import MalformedError, Reason

#: Elements and their ends, comments and so on. A certificate has 1,200.
MAX_TAGS = 16 * 1024
#: Attributes of all elements, and whatever else has an equals sign. A certificate has 3,300.
MAX_ATTRIBUTES = 32 * 1024
#: Elements in one another; drawing programs nest some ten groups.
MAX_DEPTH = 64

_ROOT = "http://www.w3.org/2000/svg svg"
_BADGE = f"{BADGE_NAMESPACE} credential"
_BUNDLE = f"{BUNDLE_NAMESPACE} bundle"


def read_svg(data: bytes, where: str = "") -> Carried:
    """What stands in the elements ``openbadges:credential`` and ``signedcert:bundle``, wherever
    they are. What is drawn is not looked at.

    Raises MalformedError: ``no-document`` without such an element, ``carrier-ambiguous`` with one
    of them twice, ``carrier-unsupported`` for a document type, which could declare entities,
    ``carrier-damaged`` for what is no XML in UTF-8, and ``carrier-limit``.
    """
    for mark, limit in ((b"<", MAX_TAGS), (b"=", MAX_ATTRIBUTES)):
        if data.count(mark) > limit:
            raise _refusal("carrier-limit", f"has more than {limit} times {mark.decode()}", where)
    found = _Elements()
    try:
        found.parse(data)
    except _RefusalError as error:
        raise _refusal(error.reason, error.message, where) from error
    except (expat.ExpatError, ValueError) as error:
        raise _refusal("carrier-damaged", f"is damaged: {error}", where) from error
    if found.badge is None and found.bundle is None:
        message = (
            "carries no certificate; drawing programs and converters can lose it, "
            "so ask for the original file"
        )
        raise _refusal("no-document", message, where)
    return Carried(found.bundle, found.badge)


class _RefusalError(Exception):
    """Ends the parsing."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message


class _Elements:
    """What the parser comes by."""

    def __init__(self) -> None:
        self.badge: bytes | None = None
        self.bundle: bytes | None = None
        self._depth = 0
        self._texts: list[str] | None = None
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def parse(self, data: bytes) -> None:
        """Raises ExpatError, _RefusalError."""
        self._parser.Parse(data, True)  # noqa: FBT003 - this is its end

    def _doctype(self, *_: object) -> None:
        message = "has a document type, which is not read; ask for the original file"
        raise _RefusalError("carrier-unsupported", message)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _RefusalError("carrier-limit", f"has more than {MAX_DEPTH} levels")
        if self._depth == 1 and name != _ROOT:
            raise _RefusalError("carrier-damaged", "is none: its first element is another one")
        if self._texts is not None:
            raise _RefusalError("carrier-damaged", "is damaged: an element stands in the bundle")
        if name == _BADGE:
            self._credential(attributes)
        elif name == _BUNDLE:
            if self.bundle is not None:
                raise _twice("bundles")
            self._texts = []
            self._parser.CharacterDataHandler = self._texts.append

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._texts is not None:
            self.bundle = "".join(self._texts).encode()
            self._texts = self._parser.CharacterDataHandler = None

    def _credential(self, attributes: dict[str, str]) -> None:
        if self.badge is not None:
            raise _twice("credentials")
        if "verify" not in attributes:
            message = "has a credential that is not in a JWS, which is not read"
            raise _RefusalError("carrier-unsupported", message)
        self.badge = attributes["verify"].encode()


def _twice(what: str) -> _RefusalError:
    return _RefusalError("carrier-ambiguous", f"has two {what}; ask for the original file")


def _refusal(reason: Reason, message: str, where: str) -> MalformedError:
    return MalformedError(reason, f"this SVG {message}", where=where)
