"""The vectors of status: what a verifier answers by the files that it has."""

import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.trust.entries import FinalState
from signedcert.trust.reasons import WHY, Why
from signedcert.trust.snapshot import ManifestVersion
from signedcert.trust.statuslist import (
    LIST_BYTES,
    REPLACED,
    REVOKED,
    STATUS_LIST_TYPE,
    SUSPENDED,
    StatusList,
)
from tests.reference import AT
from tests.trust.publishing import Statuses as Said
from tests.vectors.model import Expect
from tests.vectors.press import (
    DAY,
    FRESH,
    INDEX,
    LIST,
    OLD,
    OTHERS,
    RETIRED,
    WEEK,
    Press,
    digest_of,
    status_vector,
    with_lst,
)
from tests.vectors.records import Draft, full_record
from tests.vectors.verdicts import AUTHENTIC, Named, undecided
from tests.vectors.workshop import full_credential

if TYPE_CHECKING:
    from signedcert.trust.status import StatusFiles

_SECOND = timedelta(seconds=1)
_HERE = (LIST, INDEX)
_STALE = undecided("status-unknown", "status-stale")
_MISSING = undecided("status-unknown", "list-missing")
_NONE = undecided("status-unknown")


def _seconds(age: timedelta) -> dict[str, Any]:
    return {"max_status_age": int(age.total_seconds())}


_ACCEPTING = {"unsafe_accept_unknown_status": True}


def _ended(status: str, why: str = "") -> Expect:
    return Expect("not standing", status, why)


def _said(status: int, why: Why | None = None) -> Said:
    return {_HERE: (status, why)}


def _fresh(press: Press) -> Iterator[Named]:
    fresh = press.files()
    cases: dict[str, tuple[str, StatusFiles, dict[str, Any]]] = {
        "valid-fresh": ("A day old, and valid; its neighbours in the list are not", fresh, {}),
        "valid-no-reasons": ("No reasons are published", press.named(fresh.lists, None), {}),
        "valid-es256": ("The snapshot key is one for ES256", press.files(key="es256"), {}),
        "valid-a-week-old": (
            "As old as the institution allows, to the second",
            press.files(issued=AT - WEEK),
            {},
        ),
        "valid-older-by-policy": (
            "40 days old, and who asks allows 60",
            press.files(issued=OLD),
            {"policy": _seconds(60 * DAY)},
        ),
        "valid-stale-accepted": (
            "40 days old, and who asks accepts what is not known",
            press.files(issued=OLD),
            {"policy": _ACCEPTING},
        ),
        "valid-later-than-the-question": (
            "Published and fetched after the moment that is asked about",
            press.files(issued=AT + DAY),
            {"fetched": AT + 2 * DAY},
        ),
        "valid-published-this-second": (
            "Fetched in the second in which it was issued",
            press.files(issued=AT),
            {},
        ),
        "valid-again": ("The same files once more", fresh, {"known": fresh}),
        "valid-restored": (
            "It was suspended, and is valid again",
            fresh,
            {"known": press.files(_said(SUSPENDED, "under-review"), FRESH - DAY)},
        ),
        "valid-second-list": (
            "In list 2, at the place where list 1 says revoked",
            press.files(_said(REVOKED), lists=2),
            {"document": _at(press, 2, INDEX)},
        ),
        "valid-list-compressed-otherwise": (
            "The zlib stream has a small window, and blocks that are flushed",
            press.named((_compressed_otherwise(press),), fresh.reasons),
            {},
        ),
        "valid-newer-manifest-announced": (
            "The snapshot names a manifest that has not arrived: it changes nothing yet",
            press.files(manifest=ManifestVersion(2, digest_of("another manifest"))),
            {},
        ),
        "valid-before-its-key-was-retired": (
            "Signed by a snapshot key that was retired a day later",
            press.files(issued=RETIRED - DAY, key="retired"),
            {"at": RETIRED},
        ),
    }
    for name, (description, files, more) in cases.items():
        yield name, status_vector(press, description, files, AUTHENTIC, **more)
    yield (
        "valid-unknown-accepted",
        status_vector(
            press,
            "No list at hand, and who asks accepts what is not known",
            None,
            AUTHENTIC,
            policy=_ACCEPTING,
        ),
    )


def _compressed_otherwise(press: Press) -> bytes:
    """List 1, in a stream that zlib by itself does not make."""
    packed = StatusList.make(1, {index: status for (_, index), (status, _) in OTHERS.items()})
    compressor = zlib.compressobj(1, zlib.DEFLATED, 9)
    middle = LIST_BYTES // 2
    parts = (packed.statuses[:middle], packed.statuses[middle:])
    stream = b"".join(
        compressor.compress(part) + compressor.flush(zlib.Z_FULL_FLUSH) for part in parts
    )
    payload = with_lst(press.list_payload(OTHERS), stream + compressor.flush())
    return press.sign(payload, STATUS_LIST_TYPE)


def _at(press: Press, number: int, index: int) -> str:
    """The certificate, with another place in the lists."""
    credential = full_credential()._replace(status_list=number, status_index=index)
    return press.shop.document(credential.encode())


def _taken_back(press: Press) -> Iterator[Named]:
    words: dict[str, tuple[int, tuple[Why, ...]]] = {
        "revoked": (REVOKED, WHY[REVOKED]),
        "suspended": (SUSPENDED, WHY[SUSPENDED]),
        "replaced": (REPLACED, WHY[REPLACED]),
    }
    for status, (number, whys) in words.items():
        for why in whys:
            files = press.files(_said(number, why))
            description = f"{status.capitalize()}, and the reason is {why}"
            expect = _ended(status, why)
            yield f"{status}-{why}", status_vector(press, description, files, expect)
        files = press.files(_said(number))
        description = f"{status.capitalize()}, and no reason is said"
        yield (
            f"{status}-without-a-reason",
            status_vector(press, description, files, _ended(status)),
        )
    valid, revoked = press.files(issued=FRESH - DAY), press.files(_said(REVOKED))
    cases: dict[str, tuple[str, StatusFiles, Expect, dict[str, Any]]] = {
        "revoked-40-days-ago": (
            "Revoked, in files that are 40 days old: it stays so",
            press.files(_said(REVOKED, "misconduct"), OLD),
            _ended("revoked", "misconduct"),
            {},
        ),
        "revoked-unknown-accepted": (
            "Revoked, and who asks accepts what is not known; this is known",
            revoked,
            _ended("revoked"),
            {"policy": _ACCEPTING},
        ),
        "revoked-since": (
            "It was valid the day before",
            revoked,
            _ended("revoked"),
            {"known": valid},
        ),
        "revoked-after-suspension": (
            "It was suspended the day before",
            revoked,
            _ended("revoked"),
            {"known": press.files(_said(SUSPENDED), FRESH - DAY)},
        ),
        "revoked-later-than-the-question": (
            "Revoked after the moment that is asked about",
            press.files(_said(REVOKED), AT + DAY),
            _ended("revoked"),
            {"fetched": AT + 2 * DAY},
        ),
        "revoked-no-reasons": (
            "Revoked, and no reasons are published",
            press.named(revoked.lists, None),
            _ended("revoked"),
            {},
        ),
        "revoked-reason-of-another-status": (
            "Revoked, and the reason is one for what is replaced: the list counts, not the word",
            press.files(_said(REVOKED, "renamed")),
            _ended("revoked"),
            {},
        ),
        "revoked-first-place": (
            "Revoked, at index 0",
            press.files({(1, 0): (REVOKED, "other")}),
            _ended("revoked", "other"),
            {"document": _at(press, 1, 0)},
        ),
        "suspended-fourth-place": (
            "Suspended, at index 3: the two highest bits of the first byte",
            press.files({(1, 3): (SUSPENDED, None)}),
            _ended("suspended"),
            {"document": _at(press, 1, 3)},
        ),
        "replaced-last-place": (
            "Replaced, at the last index of the list",
            press.files({(1, STATUS_LIST_SIZE - 1): (REPLACED, "corrected")}),
            _ended("replaced", "corrected"),
            {"document": _at(press, 1, STATUS_LIST_SIZE - 1)},
        ),
        "revoked-second-list": (
            "Revoked in list 2; in list 1, the place is another document's",
            press.files({(2, INDEX): (REVOKED, "issued-in-error")}, lists=2),
            _ended("revoked", "issued-in-error"),
            {"document": _at(press, 2, INDEX)},
        ),
        "revoked-record": (
            "A course record, revoked; its certificate is not",
            press.files({(1, full_record().status_index): (REVOKED, "other")}),
            _ended("revoked", "other"),
            {"document": _record(press)},
        ),
    }
    for name, (description, files, expect, more) in cases.items():
        yield name, status_vector(press, description, files, expect, **more)


def _record(press: Press) -> str:
    return Draft.of(full_record()).sign(press.shop.es256)


def _not_known(press: Press) -> Iterator[Named]:
    fresh = press.files()
    cases: dict[str, tuple[str, StatusFiles | None, Expect, dict[str, Any]]] = {
        "unknown-nothing-at-hand": ("No status files", None, _NONE, {}),
        "unknown-record-nothing-at-hand": (
            "A course record, and no status files",
            None,
            _NONE,
            {"document": _record(press)},
        ),
        "unknown-nothing-at-hand-by-policy": (
            "No status files, however old who asks would let them be",
            None,
            _NONE,
            {"policy": _seconds(3650 * DAY)},
        ),
        "unknown-40-days-old": ("Valid 40 days ago", press.files(issued=OLD), _STALE, {}),
        "unknown-a-second-too-old": (
            "Valid a week and a second ago",
            press.files(issued=AT - WEEK - _SECOND),
            _STALE,
            {},
        ),
        "unknown-too-old-by-policy": (
            "Valid a day ago, and who asks allows 23 hours",
            fresh,
            _STALE,
            {"policy": _seconds(timedelta(hours=23))},
        ),
        "unknown-record-40-days-old": (
            "A course record, valid 40 days ago",
            press.files(issued=OLD),
            _STALE,
            {"document": _record(press)},
        ),
        "unknown-no-lists": ("A snapshot of no lists", press.named((), None), _MISSING, {}),
        "unknown-list-2-of-1": (
            "In list 2, and there is one list",
            fresh,
            _MISSING,
            {"document": _at(press, 2, INDEX)},
        ),
        "unknown-list-3-of-2": (
            "In list 3, and there are two lists",
            press.files(lists=2),
            _MISSING,
            {"document": _at(press, 3, INDEX)},
        ),
    }
    for name, (description, files, expect, more) in cases.items():
        yield name, status_vector(press, description, files, expect, **more)


def _later(press: Press) -> Iterator[Named]:
    """Manifests that come after status files were taken."""
    fresh, closed = press.files(), FinalState((), digest_of("reasons"), digest_of("checkpoint"))
    signed, after = press.later("later-renamed", name="New Name")
    right = ManifestVersion(2, after.digest)
    other = ManifestVersion(2, digest_of("another manifest"))
    cases: dict[str, tuple[str, StatusFiles, tuple[str, ...], Expect]] = {
        "valid-announced-manifest-arrived": (
            "The manifest that the snapshot announced has arrived",
            press.files(manifest=right),
            signed,
            AUTHENTIC,
        ),
        "unknown-another-manifest-arrived": (
            "Another manifest than the one that the snapshot announced has arrived",
            press.files(manifest=other),
            signed,
            _NONE,
        ),
        "valid-key-retired-later": (
            "A later manifest says that the snapshot key was retired after it had signed",
            fresh,
            press.later("later-retired", keys=press.with_active_key("retired", FRESH))[0],
            AUTHENTIC,
        ),
        "unknown-key-retired-before": (
            "A later manifest says that the snapshot key was retired before it signed",
            fresh,
            press.later("retired-before", keys=press.with_active_key("retired", FRESH - _SECOND))[
                0
            ],
            _NONE,
        ),
        "unknown-key-stolen-later": (
            "A later manifest says that the snapshot key was stolen: what it said counts no more",
            fresh,
            press.later("later-compromised", keys=press.with_active_key("compromised", AT))[0],
            _NONE,
        ),
        "unknown-key-void-later": (
            "A later manifest says that the snapshot key never counted",
            fresh,
            press.later("later-void", keys=press.with_active_key("void", AT))[0],
            _NONE,
        ),
        "unknown-closed-later": (
            "A later manifest says that the institution has closed, and this is not what it left",
            fresh,
            press.later("later-closed", final=closed)[0],
            _NONE,
        ),
    }
    for name, (description, files, later, expect) in cases.items():
        yield name, status_vector(press, description, files, expect, later=later)


VERDICT_SECTIONS = (_fresh, _taken_back, _not_known, _later)
