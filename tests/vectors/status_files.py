"""The vectors of status files that are refused: all of them, whichever has the defect, and what was
known before stays.
"""

import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime

from signedcert.trust.entries import FinalState
from signedcert.trust.logs import log_origin
from signedcert.trust.snapshot import SNAPSHOT_TYPE, ManifestVersion
from signedcert.trust.status import StatusFiles
from signedcert.trust.statuslist import LIST_BYTES, REVOKED, StatusList
from tests.reference import AT, ISSUER
from tests.vectors.model import Expect, Refusal
from tests.vectors.press import (
    DAY,
    FRESH,
    INDEX,
    LIST,
    OTHERS,
    Edit,
    Press,
    digest_of,
    each_file,
    refused,
    replacing,
    status_vector,
    with_bit,
    with_lst,
)
from tests.vectors.status_edits import LIST_EDITS, REASONS_EDITS, SNAPSHOT_EDITS, head
from tests.vectors.verdicts import AUTHENTIC, Named
from tests.vectors.workshop import replace_once

_NONE = '"checkpoint":null'


def _kept(reason: str, detail: str = "") -> Expect:
    """Nothing is taken, and what is known stays: revoked."""
    return Expect("not standing", "revoked", "", Refusal(reason, detail))


def _edits(press: Press) -> Iterator[Named]:
    tables = {"snapshot": SNAPSHOT_EDITS, "list": LIST_EDITS, "reasons": REASONS_EDITS}
    for kind, make in each_file(press).items():
        for edit in tables[kind]:
            files = make(replacing(edit.old, edit.new))
            text = f"In the {kind}: {edit.description}"
            yield f"{kind}-{edit.name}", status_vector(press, text, files, refused(edit.reason))
    moved = press.with_list(
        lambda text: replace_once(replace_once(text, '"bits":2,', ""), '"}}', '","bits":2}}')
    )
    text = "In the list: lst before bits"
    yield (
        "list-member-order-inside",
        status_vector(press, text, moved, refused("member-order")),
    )


def _streams(press: Press) -> Iterator[Named]:
    packed = StatusList.make(1, {index: status for (_, index), (status, _) in OTHERS.items()})
    whole, zlib_ = packed.statuses, zlib.compress(packed.statuses, 9)
    with_dictionary = zlib.compressobj(9, zdict=whole[-1000:])
    large, not_zlib = refused("too-large"), refused("not-zlib")
    few = refused("wrong-value")
    streams: dict[str, tuple[str, bytes, Expect]] = {
        "gzip": ("gzip in the place of zlib", gzip.compress(whole, mtime=0), not_zlib),
        "raw-deflate": ("Deflate without the frame of zlib", zlib_[2:-4], not_zlib),
        "not-compressed": ("The list as it is, not compressed", whole[:512], not_zlib),
        "without-checksum": ("The checksum is missing", zlib_[:-4], not_zlib),
        "cut-off": ("The last byte is missing", zlib_[:-1], not_zlib),
        "checksum": ("Another checksum", zlib_[:-1] + bytes([zlib_[-1] ^ 1]), not_zlib),
        "byte-behind": ("A byte behind the stream", zlib_ + b"\0", not_zlib),
        "stream-behind": ("A second stream behind the first", zlib_ * 2, not_zlib),
        "dictionary": (
            "A preset dictionary",
            with_dictionary.compress(whole) + with_dictionary.flush(),
            not_zlib,
        ),
        "a-byte-too-many": ("A byte more than 2^20 statuses", zlib.compress(whole + b"\0"), large),
        "bomb": ("4 MiB of zeros", zlib.compress(bytes(16 * LIST_BYTES), 9), large),
        "a-byte-too-few": ("Four statuses fewer than 2^20", zlib.compress(whole[:-1]), few),
        "half": ("Half a list", zlib.compress(whole[: LIST_BYTES // 2]), few),
        "nothing": ("A stream of nothing", zlib.compress(b""), few),
        "no-stream": ("No stream at all", b"", not_zlib),
    }
    for name, (text, stream, expect) in streams.items():
        files = press.with_list(_streaming(stream))
        yield f"list-stream-{name}", status_vector(press, text, files, expect)


def _streaming(stream: bytes) -> Edit:
    return lambda payload: with_lst(payload, stream)


def _together(press: Press) -> Iterator[Named]:
    """Files each of which is good, and that do not belong together."""
    good, two = press.files(), press.files(lists=2)
    before, other = press.files(issued=FRESH - DAY), press.files(key="es256")
    mismatch, incomplete = refused("digest-mismatch"), refused("status-incomplete")
    first = good.lists[0]
    another = ManifestVersion(1, digest_of("another manifest"))
    cases: dict[str, tuple[str, StatusFiles, Expect]] = {
        "files-list-of-yesterday": (
            "A list of the day before",
            good._replace(lists=before.lists),
            mismatch,
        ),
        "files-list-signed-anew": (
            "The list that is meant, with another signature",
            good._replace(lists=other.lists),
            mismatch,
        ),
        "files-reasons-of-yesterday": (
            "Reasons of the day before",
            good._replace(reasons=before.reasons),
            mismatch,
        ),
        "files-reasons-not-named": (
            "Reasons, and the snapshot says that there are none",
            press.named(good.lists, None)._replace(reasons=good.reasons),
            mismatch,
        ),
        "files-lists-swapped": (
            "List 2 before list 1",
            two._replace(lists=two.lists[::-1]),
            mismatch,
        ),
        "files-list-twice": (
            "List 1 in the place of list 2, and the snapshot names it so",
            press.named((first, first), good.reasons),
            refused("wrong-value"),
        ),
        "files-list-missing": (
            "The second of two lists is missing",
            two._replace(lists=two.lists[:1]),
            incomplete,
        ),
        "files-no-lists": ("All lists are missing", good._replace(lists=()), incomplete),
        "files-list-too-many": (
            "A list that the snapshot does not name",
            good._replace(lists=(first, first)),
            incomplete,
        ),
        "files-reasons-missing": (
            "The reasons are missing",
            good._replace(reasons=None),
            incomplete,
        ),
        "files-list-empty": ("An empty list file", good._replace(lists=(b"",)), mismatch),
        "files-another-manifest": (
            "The snapshot names another manifest of version 1 than root has signed",
            press.files(manifest=another),
            refused("snapshot-manifest"),
        ),
    }
    for name, (text, files, expect) in cases.items():
        yield name, status_vector(press, text, files, expect)
    closed = FinalState((), digest_of("reasons"), digest_of("checkpoint"))
    institution = press.closed(final=closed)
    text = "The institution has closed, and a snapshot came after that"
    expect = refused("manifest-final")
    yield "files-closed", status_vector(press, text, good, expect, institution=institution)


def _back(press: Press) -> Iterator[Named]:
    """What a mirror may try that does not want it known that a document was revoked."""
    said = {(LIST, INDEX): (REVOKED, None)}
    version_2 = ManifestVersion(2, digest_of("manifest 2"))
    other_2 = ManifestVersion(2, digest_of("another manifest 2"))
    known = press.files(said, lists=2)
    ahead = press.files(said, manifest=version_2)
    older, future = _kept("snapshot-older"), _kept("snapshot-in-future")
    later = press.files(issued=AT, lists=2)
    cases: dict[str, tuple[str, StatusFiles, StatusFiles, Expect]] = {
        "back-a-second": (
            "A snapshot that is a second older than the one at hand",
            known,
            press.files(issued=FRESH - DAY / 86400, lists=2),
            older,
        ),
        "back-three-days": (
            "A snapshot of three days ago",
            known,
            press.files(issued=AT - 3 * DAY, lists=2),
            older,
        ),
        "back-a-list": ("A later snapshot with a list fewer", known, press.files(issued=AT), older),
        "back-a-manifest": (
            "A later snapshot that names an older manifest",
            ahead,
            press.files(issued=AT),
            older,
        ),
        "back-another-manifest": (
            "A later snapshot that names another manifest of the version that was announced",
            ahead,
            press.files(issued=AT, manifest=other_2),
            older,
        ),
        "future-a-second": (
            "A snapshot from a second after the moment at which it came",
            known,
            press.files(issued=AT + DAY / 86400, lists=2),
            future,
        ),
        "future-a-year": (
            "A snapshot from a year later, with which a thief would keep all others away",
            known,
            press.files(issued=AT + 365 * DAY, lists=2),
            future,
        ),
        "kept-bad-signature": (
            "A later snapshot that nobody has signed",
            known,
            later._replace(snapshot=with_bit(later.snapshot)),
            _kept("bad-signature", "signature-mismatch"),
        ),
        "kept-list-missing": (
            "A later snapshot, and not all of its lists",
            known,
            later._replace(lists=later.lists[:1]),
            _kept("status-incomplete"),
        ),
    }
    for name, (text, before, files, expect) in cases.items():
        yield name, status_vector(press, text, files, expect, known=before)
    text = "The first snapshot that a verifier sees is from the future"
    files, expect = press.files(issued=AT + DAY), refused("snapshot-in-future")
    yield "future-first", status_vector(press, text, files, expect)


def _back_in_the_log(press: Press) -> Iterator[Named]:
    """Heads of the log that a later snapshot of the same manifest may not have."""

    def named(checkpoint: str, issued: datetime = FRESH) -> StatusFiles:
        files = press.files({(LIST, INDEX): (REVOKED, None)} if issued < FRESH else None)
        payload = press.snapshot_payload(files.lists, files.reasons, issued)
        changed = replace_once(payload, _NONE, checkpoint)
        return files._replace(snapshot=press.sign(changed, SNAPSHOT_TYPE))

    cases = {
        "smaller": ("A smaller head of the log", head(29), _kept("snapshot-older")),
        "empty": ("The log is empty again", head(0), _kept("snapshot-older")),
        "root": ("Another root of the same size", head(30, "e2" * 32), _kept("snapshot-older")),
        "none": ("No head of the log any more", _NONE, _kept("snapshot-older")),
        "other-log": (
            "A head of another log, and no newer manifest",
            head(31, origin=log_origin(ISSUER, 2)),
            _kept("snapshot-older"),
        ),
        "same": ("The same head of the log", head(30), AUTHENTIC),
        "larger": ("A larger head of the log", head(31, "e2" * 32), AUTHENTIC),
    }
    known = named(head(30), FRESH - DAY)
    for name, (text, checkpoint, expect) in cases.items():
        prefix = "valid-log" if expect == AUTHENTIC else "back-log"
        yield (
            f"{prefix}-{name}",
            status_vector(press, text, named(checkpoint), expect, known=known),
        )


FILE_SECTIONS = (_edits, _streams, _together, _back, _back_in_the_log)
