"""The bundle: a signed document that nobody has checked yet, with what it takes to check it."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from signedcert.carriers.carrier import MAX_CARRIER, kind_of, unpack
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import check_spelling, dump_json, parse_json
from signedcert.core.jws import MAX_COMPACT, CompactJWS
from signedcert.core.sdjwt import SEPARATOR
from signedcert.core.shape import Members
from signedcert.errors import MalformedError
from signedcert.files import read_limited, write_atomic

if TYPE_CHECKING:
    from signedcert.documents.recordbadge import RecordCredential

MEDIA_TYPE = "application/vnd.signedcert.bundle+json"
SUFFIX = ".signedcert"
#: A document of 64 KiB, a course of 256 KiB written as a JSON string, a proof.
MAX_BUNDLE = 1024 * 1024

#: Base64url of an opening brace, and what may follow it.
_JWS_BEGINS = b"ey"
#: How most of what is read begins; no carrier does.
_MOSTLY = (_JWS_BEGINS, b"{")
_MEMBERS = ["version", "document", "proof", "course"]


@lru_cache(maxsize=32)
def _course_json(text: str) -> bytes:
    """It is in the bundle of everyone who took the course."""
    return dump_json(text)


class Bundle(NamedTuple):
    """A document and its companions (docs/spec/bundle).

    ``document`` is the JWS or SD-JWT, ``course`` the exact text of the course document. Companions
    can be replaced without touching the document; a damaged one is listed in ``damaged`` and not
    used.
    """

    document: str
    course: str | None = None
    proof: str | None = None
    damaged: tuple[str, ...] = ()

    @property
    def code(self) -> VerificationCode:
        """The code of the document, recomputed; of an SD-JWT, that of its JWT. Raises
        MalformedError if it is neither.
        """
        text = self.document.encode("utf-8", "surrogatepass")
        jws = CompactJWS.parse(text.partition(SEPARATOR)[0])
        return VerificationCode.derive(jws.signing_input, jws.signature)

    def encode(self) -> bytes:
        """The JSON form; ``parse`` takes no other spelling."""
        members = [b'"version":1', b'"document":' + dump_json(self.document)]
        if self.proof is not None:
            members.append(b'"proof":' + dump_json(self.proof))
        if self.course is not None:
            members.append(b'"course":' + _course_json(self.course))
        return b"{%b}" % b",".join(members)

    @classmethod
    def parse(cls, data: bytes, where: str = "") -> "Bundle":
        """A bundle in JSON, or a bare document; white space around it is the file's, not the
        format's.

        Raises MalformedError: ``no-document`` for anything that is neither; unknown members,
        another version, another spelling than ``encode`` writes.
        """
        data = data.strip(b" \t\r\n")
        if data[:2] == _JWS_BEGINS and b"." in data[:MAX_COMPACT]:
            return cls(data.decode("utf-8", "replace"))
        if not data.startswith(b'{"version":'):
            message = "no document found: this is neither a bundle nor a signed document"
            raise MalformedError("no-document", message, where=where)
        value = parse_json(data, MAX_BUNDLE, where)
        members = Members(value, where)
        if members.integer("version") != 1:
            message = "a bundle of a later version; get a newer release to read it"
            raise MalformedError("wrong-value", message, where=members.path("version"))
        document = members.text("document")
        companions = {name: members.take(name) for name in ("proof", "course") if name in members}
        members.done()
        if list(value) != [name for name in _MEMBERS if name in value]:
            message = f"the order is {', '.join(_MEMBERS)}"
            raise MalformedError("member-order", message, where=where)
        texts = {name: text for name, text in companions.items() if isinstance(text, str)}
        damaged = tuple(name for name in companions if name not in texts)
        bundle = cls(document, texts.get("course"), texts.get("proof"), damaged)
        check_spelling(data, dump_json(value) if damaged else bundle.encode(), where)
        return bundle

    def present(self, results: Iterable[int], *, with_name: bool) -> "Bundle":
        """As much of a course record as its holder wants to show: the results of these numbers,
        and the learner's name or not. It verifies as the whole does, and says that it is partial.

        Raises IssueError ``result-unknown``: a result that is not in here; MalformedError: this is
        no course record.
        """
        from signedcert.documents.recordbadge import present  # noqa: PLC0415 - for records only

        return self._replace(document=present(self.document, results, with_name=with_name))

    def unverified_record(self) -> "RecordCredential":
        """What a course record claims, as much as it shows. Nobody has confirmed it.

        Raises MalformedError: this is no course record.
        """
        from signedcert.documents.recordbadge import parse_sd_jwt  # noqa: PLC0415 - likewise

        return parse_sd_jwt(self.document)[1]

    @classmethod
    def unpack(cls, data: bytes, where: str = "") -> "Bundle":
        """The bundle that any carrier holds: a PDF, a PNG, an SVG, or what ``parse`` takes
        (docs/spec/carriers).

        Guarantee: its document is, byte for byte, the one that was put in.
        Raises MalformedError, as ``parse`` and ``carriers.carrier.unpack`` do;
        ``carrier-mismatch`` for two documents that differ.
        """
        kind = None if data.startswith(_MOSTLY) else kind_of(data)
        if kind is None:
            return cls.parse(data, where)
        carried = unpack(data, kind, SUFFIX, MAX_BUNDLE, where)
        found = [cls.parse(one, where) for one in carried if one is not None]
        if len({bundle.document for bundle in found}) != 1:
            message = f"this {kind} carries two documents; ask for the original file"
            raise MalformedError("carrier-mismatch", message, where=where)
        return found[0]

    @classmethod
    def read(cls, path: str | Path) -> "Bundle":
        """The bundle in a file, whichever carrier it is. Raises MalformedError, naming the file."""
        return cls.unpack(read_limited(Path(path), MAX_CARRIER), str(path))

    def write(self, path: str | Path) -> None:
        """Writes the file whole or not at all."""
        write_atomic(Path(path), self.encode())
