"""Status files with one defect each, as an edit of the reference payload that is then signed."""

from typing import NamedTuple

from signedcert.trust.logs import log_origin
from tests.reference import ISSUER
from tests.vectors.press import FRESH, INDEX, WEEK

_IAT, _EXP = int(FRESH.timestamp()), int((FRESH + WEEK).timestamp())
_ISS = f'"iss":"{ISSUER}"'
_SUB = "status/1.jwt"
_ISSUED = '"issued":"2026-07-30T10:30:00Z"'
_EXPIRES = '"expires":"2026-08-06T10:30:00Z"'
_FIRST = '"1/5 misconduct 2026-07-01T10:30:00Z"'
_SECOND = f'"1/{INDEX + 1} other 2026-07-01T10:30:00Z"'
_NO_CHECKPOINT = '"checkpoint":null'
_ORIGIN = log_origin(ISSUER)
_ROOT = "1d" * 32
_OTHER = "https://courses.example.org"


class FileEdit(NamedTuple):
    """``old`` becomes ``new`` in the payload of a file, which is refused for ``reason``."""

    name: str
    description: str
    old: str
    new: str
    reason: str


def head(size: int, root: str = _ROOT, origin: str = _ORIGIN) -> str:
    """The member of a snapshot that names a head of the log."""
    return f'"checkpoint":{{"origin":"{origin}","size":{size},"root":"{root}"}}'


#: Of snapshots. ``"list":1,`` and ``"version":1`` stand in each.
SNAPSHOT_EDITS = (
    FileEdit("iss-other", "another institution's", _ISS, f'"iss":"{_OTHER}"', "iss-mismatch"),
    FileEdit("iss-slash", "iss with a slash behind it", _ISS, f'"iss":"{ISSUER}/"', "iss-mismatch"),
    FileEdit("iss-missing", "no iss", f"{_ISS},", "", "member-missing"),
    FileEdit("white-space", "a space between members", f"{_ISS},", f"{_ISS}, ", "not-canonical"),
    FileEdit(
        "needless-escape",
        "a slash with a needless escape",
        _ISS,
        r'"iss":"https:\/\/learn.example.edu"',
        "not-canonical",
    ),
    FileEdit(
        "member-order",
        "expires before issued",
        f"{_ISSUED},{_EXPIRES}",
        f"{_EXPIRES},{_ISSUED}",
        "member-order",
    ),
    FileEdit(
        "duplicate-member",
        "reasons stands twice",
        _NO_CHECKPOINT,
        f'"reasons":null,{_NO_CHECKPOINT}',
        "duplicate-member",
    ),
    FileEdit(
        "unknown-member",
        "a key in a snapshot, which can change none",
        _NO_CHECKPOINT,
        f'{_NO_CHECKPOINT},"keys":[]',
        "member-unknown",
    ),
    FileEdit("checkpoint-missing", "no checkpoint", f",{_NO_CHECKPOINT}", "", "member-missing"),
    *(
        FileEdit(f"checkpoint-{name}", f"of the checkpoint: {text}", _NO_CHECKPOINT, new, reason)
        for name, text, new, reason in (
            ("note", "a note in the place of its head", '"checkpoint":"log\\n1\\n"', "wrong-type"),
            ("false", "false", '"checkpoint":false', "wrong-type"),
            ("empty", "nothing in it", '"checkpoint":{}', "member-missing"),
            ("size-string", "size is a string", head(30).replace("30", '"30"'), "wrong-type"),
            ("size-negative", "size is -1", head(-1), "wrong-value"),
            ("size-float", "size is 30.0", head(30).replace("30", "30.0"), "not-an-integer"),
            ("size-54-bits", "size is 2^53", head(2**53), "not-an-integer"),
            (
                "root-missing",
                "no root",
                head(30).replace(f',"root":"{_ROOT}"', ""),
                "member-missing",
            ),
            ("root-short", "root has 31 bytes", head(30, _ROOT[2:]), "wrong-value"),
            ("root-capitals", "root in upper case", head(30, _ROOT.upper()), "wrong-value"),
            ("origin-empty", "an empty origin", head(30, origin=""), "text-blank"),
            (
                "unknown-member",
                "a signature",
                head(30).replace('"root"', '"signature":"","root"'),
                "member-unknown",
            ),
            (
                "member-order",
                "size before origin",
                f'"checkpoint":{{"size":30,"origin":"{_ORIGIN}","root":"{_ROOT}"}}',
                "member-order",
            ),
        )
    ),
    FileEdit(
        "version-string",
        "the manifest's version is a string",
        '"version":1',
        '"version":"1"',
        "wrong-type",
    ),
    FileEdit(
        "version-zero", "the manifest's version is 0", '"version":1', '"version":0', "wrong-value"
    ),
    FileEdit("list-zero", "lists are counted from 0", '"list":1', '"list":0', "wrong-value"),
    FileEdit("list-two", "the first list is list 2", '"list":1', '"list":2', "wrong-value"),
    FileEdit(
        "issued-fraction",
        "issued with a fraction of a second",
        _ISSUED,
        '"issued":"2026-07-30T10:30:00.0Z"',
        "wrong-value",
    ),
    FileEdit(
        "issued-offset",
        "issued with an offset",
        _ISSUED,
        '"issued":"2026-07-30T10:30:00+00:00"',
        "wrong-value",
    ),
    FileEdit(
        "issued-no-such-day",
        "issued on 30 February",
        _ISSUED,
        '"issued":"2026-02-30T10:30:00Z"',
        "wrong-value",
    ),
    FileEdit("issued-number", "issued in seconds", _ISSUED, f'"issued":{_IAT}', "wrong-type"),
    FileEdit(
        "expires-too-late",
        "good for a second more than seven days",
        _EXPIRES,
        '"expires":"2026-08-06T10:30:01Z"',
        "wrong-value",
    ),
    FileEdit(
        "expires-at-once",
        "it expires in the second in which it is issued",
        _EXPIRES,
        _ISSUED.replace("issued", "expires"),
        "wrong-value",
    ),
    FileEdit(
        "expires-before-issued",
        "it expires before it is issued",
        _EXPIRES,
        '"expires":"2026-07-23T10:30:00Z"',
        "wrong-value",
    ),
)

LIST_EDITS = (
    FileEdit("sub-other", "another institution's list", ISSUER, _OTHER, "not-under-issuer"),
    FileEdit("sub-without-end", "sub without .jwt", _SUB, "status/1", "not-under-issuer"),
    FileEdit("sub-leading-zero", "list 01", _SUB, "status/01.jwt", "not-under-issuer"),
    FileEdit("sub-zero", "list 0", _SUB, "status/0.jwt", "not-under-issuer"),
    FileEdit("sub-missing-number", "no number", _SUB, "status/.jwt", "not-under-issuer"),
    FileEdit("sub-1025", "list 1025, beyond the last one", _SUB, "status/1025.jwt", "wrong-value"),
    FileEdit(
        "sub-of-list-2", "list 2, in the place of list 1", _SUB, "status/2.jwt", "wrong-value"
    ),
    FileEdit("bits-1", "one bit for each status", '"bits":2', '"bits":1', "wrong-value"),
    FileEdit("bits-4", "four bits for each status", '"bits":2', '"bits":4', "wrong-value"),
    FileEdit("bits-8", "eight bits for each status", '"bits":2', '"bits":8', "wrong-value"),
    FileEdit(
        "bits-3",
        "three bits, which the standard does not have",
        '"bits":2',
        '"bits":3',
        "wrong-value",
    ),
    FileEdit("bits-string", "bits is a string", '"bits":2', '"bits":"2"', "wrong-type"),
    FileEdit("bits-missing", "no bits", '"bits":2,', "", "member-missing"),
    FileEdit("lst-padding", "padding behind the list", '"}}', '="}}', "base64-padding"),
    FileEdit("lst-null", "lst is null", '"lst":"', '"lst":null,"x":"', "wrong-type"),
    FileEdit(
        "aggregation",
        "the address of other lists",
        '"bits":2',
        '"aggregation_uri":"","bits":2',
        "member-unknown",
    ),
    FileEdit("iss", "iss, which the format has in sub", '"ttl"', f'{_ISS},"ttl"', "member-unknown"),
    FileEdit("ttl-zero", "ttl is 0", '"ttl":86400', '"ttl":0', "wrong-value"),
    FileEdit("ttl-missing", "no ttl", '"ttl":86400,', "", "member-missing"),
    FileEdit("iat-string", "iat is a string", f'"iat":{_IAT}', f'"iat":"{_IAT}"', "wrong-type"),
    FileEdit("iat-float", "iat is a float", f'"iat":{_IAT}', f'"iat":{_IAT}.0', "not-an-integer"),
    FileEdit(
        "exp-at-iat",
        "it expires when it is issued",
        f'"exp":{_EXP}',
        f'"exp":{_IAT}',
        "wrong-value",
    ),
    FileEdit(
        "exp-before-iat",
        "it expires before it is issued",
        f'"exp":{_EXP}',
        f'"exp":{_IAT - 1}',
        "wrong-value",
    ),
    FileEdit("exp-missing", "no exp", f'"exp":{_EXP},', "", "member-missing"),
    FileEdit(
        "member-order",
        "exp before iat",
        f'"iat":{_IAT},"exp":{_EXP}',
        f'"exp":{_EXP},"iat":{_IAT}',
        "member-order",
    ),
    FileEdit("white-space", "a space between members", '"ttl":', '"ttl": ', "not-canonical"),
)

REASONS_EDITS = (
    FileEdit("iss-other", "another institution's", _ISS, f'"iss":"{_OTHER}"', "iss-mismatch"),
    FileEdit(
        "order",
        "the second place before the first",
        f"{_FIRST},{_SECOND}",
        f"{_SECOND},{_FIRST}",
        "reasons-order",
    ),
    FileEdit("twice", "a place stands twice", _FIRST, f"{_FIRST},{_FIRST}", "reasons-order"),
    FileEdit(
        "twice-two-reasons",
        "a place has two reasons",
        _FIRST,
        f"{_FIRST},{_FIRST.replace('misconduct', 'other')}",
        "reasons-order",
    ),
    FileEdit(
        "order-as-text",
        "in the order of their numbers as text: 1/10 before 1/5",
        _FIRST,
        f"{_FIRST.replace('/5', '/10')},{_FIRST}",
        "reasons-order",
    ),
    FileEdit(
        "unknown-reason", "a reason that nobody knows", "misconduct", "plagiarism", "wrong-value"
    ),
    FileEdit(
        "reason-capital",
        "a reason with a capital letter",
        "misconduct",
        "Misconduct",
        "wrong-value",
    ),
    FileEdit(
        "free-text",
        "words of one's own behind a reason",
        _FIRST,
        f'{_FIRST[:-1]} copied from a neighbour"',
        "wrong-value",
    ),
    FileEdit(
        "successor",
        "the place of the document that came instead",
        _FIRST,
        f'{_FIRST[:-1]} 1/900"',
        "wrong-value",
    ),
    FileEdit("list-zero", "in list 0", _FIRST, _FIRST.replace("1/5", "0/5"), "wrong-value"),
    FileEdit(
        "list-1025",
        "in list 1025, beyond the last one",
        _FIRST,
        _FIRST.replace("1/5", "1025/5"),
        "wrong-value",
    ),
    FileEdit("index-beyond", "an index beyond the list", "1/900000", "1/1048576", "wrong-value"),
    FileEdit("index-leading-zero", "Index 05", "1/5 ", "1/05 ", "wrong-value"),
    FileEdit("index-negative", "Index -5", "1/5 ", "1/-5 ", "wrong-value"),
    FileEdit("two-spaces", "two spaces", "1/5 misconduct", "1/5  misconduct", "wrong-value"),
    FileEdit(
        "day-only", "a day in the place of a moment", _FIRST, f'{_FIRST[:-11]}"', "wrong-value"
    ),
    FileEdit(
        "no-such-day", "since 30 February", _FIRST, _FIRST.replace("07-01", "02-30"), "wrong-value"
    ),
    FileEdit(
        "object", "an object in the place of a line", _FIRST, '{"list":1,"index":5}', "wrong-type"
    ),
    FileEdit("null", "reasons is null", '"reasons":[', '"reasons":null,"x":[', "wrong-type"),
    FileEdit("issued-missing", "nobody knows from when", f"{_ISSUED},", "", "member-missing"),
    FileEdit(
        "unknown-member",
        "a member that reasons do not have",
        f"{_ISSUED},",
        f'{_ISSUED},"next":"",',
        "member-unknown",
    ),
    FileEdit(
        "member-order",
        "issued before iss",
        f"{_ISS},{_ISSUED}",
        f"{_ISSUED},{_ISS}",
        "member-order",
    ),
    FileEdit("white-space", "a space between lines", f"{_FIRST},", f"{_FIRST}, ", "not-canonical"),
)
