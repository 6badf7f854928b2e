"""Seeds for the targets in ``fuzz.statuses``: no key is in them, the run's sign them."""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from tests.reference import AT, ISSUED, ISSUER, credential

from fuzz.publishing import FILE_DIGEST, HEADER, MANIFEST_DIGEST
from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.trust.reasons import REASONS_TYPE, Reasons, StatusReason, Why
from signedcert.trust.snapshot import SNAPSHOT_TYPE, ManifestVersion, Snapshot
from signedcert.trust.statuslist import (
    LIST_BYTES,
    REPLACED,
    REVOKED,
    STATUS_LIST_TYPE,
    SUSPENDED,
    StatusList,
    StatusListToken,
    pack,
)

_DAY = timedelta(days=1)
_OURS = credential().status_index
_SOME = {0: SUSPENDED, 5: REVOKED, _OURS: REPLACED, STATUS_LIST_SIZE - 1: REVOKED}
_WHY: tuple[tuple[int, Why], ...] = ((0, "under-review"), (5, "misconduct"), (_OURS, "renamed"))


def status_seeds() -> dict[str, bytes]:
    """By target and name."""
    snapshot, some, reasons = _snapshot(ISSUED), _list(1, _SOME), _reasons(_WHY)
    return {
        "snapshot/usual": b"\n" + snapshot,
        "snapshot/header": HEADER + b"\n" + _snapshot(AT, reasons=None),
        "snapshot/retired": _header("retired", SNAPSHOT_TYPE) + b"\n" + snapshot,
        "snapshot/announces": b"\n" + _snapshot(AT, version=2, lists=3),
        "status-list/usual": b"\n" + some,
        "status-list/header": _header("active", STATUS_LIST_TYPE) + b"\n" + _list(1024, {}),
        "reasons/usual": b"\n" + reasons,
        "reasons/leading-zero": b"\n" + reasons.replace(b"1/5 ", b"01/05 "),
        "reasons/header": _header("active", REASONS_TYPE) + b"\n" + _reasons(()),
        "zlib/list": zlib.compress(pack(_SOME, 2, STATUS_LIST_SIZE), 9),
        "zlib/stored": zlib.compress(b"stored, not compressed", 0),
        "zlib/short": zlib.compress(bytes(64), 9),
        "zlib/short-of-a-list": zlib.compress(bytes(LIST_BYTES - 1), 9),
        **_histories(),
        **_changes(),
    }


def _changes() -> dict[str, bytes]:
    comma = b"code,reason\nNSPQ-8W1B-BCGX-GRPY-7QQP,misconduct\nnspq8w1bbcgxgrpy7qqp,\n"
    return {
        "changes/comma": comma,
        "changes/semicolon": b"\xef\xbb\xbf" + comma.replace(b",", b";").replace(b"\n", b"\r\n"),
        "changes/codes": b'"code"\n"NSPQ 8W1B BCGX GRPY 7QQP"\n',
        "changes/bad": comma + b"NSPQ-8W1B-BCGX-GRPY-7QQ?,other\n\n\xff,x\n" + b'"',
    }


def _histories() -> dict[str, bytes]:
    fresh, old = AT - _DAY, AT - 40 * _DAY
    valid = _files(_snapshot(fresh, reasons=None), _list(1, {}))
    revoked = _files(
        _snapshot(fresh + _DAY / 2, lists=2), _list(1, _SOME), _list(2, {}), _reasons(_WHY)
    )
    return {
        "status/fresh": valid,
        "status/taken-back": revoked,
        "status/old": _files(_snapshot(old, reasons=None), _list(1, {})),
        "status/future": _files(_snapshot(AT + _DAY, reasons=None), _list(1, {})),
        "status/nothing": _files(_snapshot(fresh, lists=0, reasons=None)),
        "status/then": valid + b"\n\n" + revoked,
        "status/back": revoked + b"\n\n" + valid,
        "status/ahead": valid + b"\n\n" + _files(_snapshot(AT, version=3, lists=0, reasons=None)),
    }


def _files(snapshot: bytes, *others: bytes) -> bytes:
    kinds = [b"r" if b'"reasons"' in other else b"l" for other in others]
    lines = [kind + other for kind, other in zip(kinds, others, strict=True)]
    return b"\n".join([b"s" + snapshot, *lines])


def _header(state: str, typ: str) -> bytes:
    usual = HEADER.replace(SNAPSHOT_TYPE.encode(), typ.encode())
    return usual.replace(b"$active", b"$" + state.encode())


def _snapshot(
    issued: datetime,
    version: int = 1,
    lists: int = 1,
    reasons: str | None = FILE_DIGEST.decode(),
) -> bytes:
    return Snapshot(
        iss=ISSUER,
        issued=issued,
        expires=issued + 7 * _DAY,
        manifest=ManifestVersion(version, MANIFEST_DIGEST.decode()),
        lists=(FILE_DIGEST.decode(),) * lists,
        reasons=reasons,
    ).encode()


def _list(number: int, statuses: Mapping[int, int]) -> bytes:
    made = StatusList.make(number, statuses)
    return StatusListToken(ISSUER, made, ISSUED, ISSUED + 7 * _DAY, 86400).encode()


def _reasons(said: tuple[tuple[int, Why], ...]) -> bytes:
    entries = tuple(StatusReason(1, index, why, ISSUED) for index, why in said)
    return Reasons(ISSUER, ISSUED, entries).encode()
