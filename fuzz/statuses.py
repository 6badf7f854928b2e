"""The targets for status files: lists, reasons, snapshots, and all of them in a trust store."""

import csv
import io
import json
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from tests.reference import AT, ISSUER, credential

from fuzz import mutate, publishing
from fuzz.extremes import long_rows
from fuzz.files import file, folder
from fuzz.publishing import publisher, trust
from fuzz.register import SMALL, each_row, hold, target
from signedcert.cli.network import take_statuses
from signedcert.cli.status import _FORM, Wanted, _begin
from signedcert.core.encoding import b64url_decode, dump_json
from signedcert.core.jws import CompactJWS, Header
from signedcert.errors import MalformedError, SignedCertError
from signedcert.issue.rows import BadRow, read_rows
from signedcert.trust.history import Pin
from signedcert.trust.reasons import MAX_REASONS, REASONS_TYPE, WHY, Reasons
from signedcert.trust.snapshot import MAX_LIFETIME, MAX_SNAPSHOT, SNAPSHOT_TYPE, Snapshot, digest
from signedcert.trust.status import StatusFiles
from signedcert.trust.statuslist import (
    LIST_BYTES,
    MAX_STATUS_LIST,
    REVOKED,
    STATUS_LIST_TYPE,
    VALID,
    StatusListToken,
    decompress,
    status_list_url,
)
from signedcert.trust.store import TrustStore
from signedcert.verify.report import Verdict
from signedcert.verify.verifier import Verifier

#: What is left for a payload in a token of at most so many bytes.
_SNAPSHOT_PAYLOAD = MAX_SNAPSHOT * 3 // 4 - 512
_LIST_PAYLOAD = MAX_STATUS_LIST * 3 // 4 - 512
#: Of reasons, no more than are read in the time that one input may take: a tenth of them all.
_REASONS_PAYLOAD = 256 * 1024
_VERDICTS = {
    "valid": Verdict.AUTHENTIC,
    "unknown": Verdict.UNDECIDED,
    "revoked": Verdict.NOT_STANDING,
    "suspended": Verdict.NOT_STANDING,
    "replaced": Verdict.NOT_STANDING,
}


@target("zlib", publishing.stream_of_zlib, LIST_BYTES, publishing.zlib_streams)
def decompress_any(data: bytes) -> None:
    """A stream is one whole stream, and holds what zlib finds in it, within the limit."""
    for limit in (0, 64, LIST_BYTES):
        with suppress(MalformedError):
            packed = decompress(data, limit)
            hold(len(packed) <= limit, "more than the limit")
            hold(packed == zlib.decompress(data), "zlib finds something else in it")
            checksum = zlib.adler32(packed).to_bytes(4)
            hold(data.endswith(checksum), "the stream does not end where its checksum does")


@target("snapshot", publishing.draft, _SNAPSHOT_PAYLOAD)
def parse_snapshot(draft: bytes) -> None:
    """A snapshot has one spelling, and only a key that may sign it; it follows itself."""
    token = publisher().sign(draft, SNAPSHOT_TYPE)
    snapshot = Snapshot.parse(token, publisher().signed.unverified)
    _signed_so(token, SNAPSHOT_TYPE, snapshot.encode())
    hold(snapshot.iss == ISSUER, "of another institution")
    hold(timedelta() < snapshot.expires - snapshot.issued <= MAX_LIFETIME, "good for too long")
    snapshot.follows(snapshot)
    snapshot.announces_newer(publisher().signed.unverified)


def _large_lists() -> Iterator[bytes]:
    return publishing.in_lists(_list_payload)


def _list_payload(lst: str) -> bytes:
    inner = {"bits": 2, "lst": lst}
    members = {"sub": status_list_url(ISSUER, 1), "iat": 1, "exp": 2, "ttl": 1}
    return dump_json(members | {"status_list": inner})


@target("status-list", publishing.list_draft, _LIST_PAYLOAD, _large_lists)
def parse_list_token(draft: bytes) -> None:
    """A list is written again as it was read, but for how it is compressed, and has 2^20 statuses
    where the standard has them.
    """
    token = publisher().sign(draft, STATUS_LIST_TYPE)
    parsed = StatusListToken.parse(token, publisher().signed.unverified)
    payload = CompactJWS.parse(token, MAX_STATUS_LIST).payload
    stream = b64url_decode(json.loads(payload)["status_list"]["lst"].encode())
    _signed_so(token, STATUS_LIST_TYPE, parsed.encode(lambda _: stream))
    made = parsed.status_list
    hold(made.statuses == zlib.decompress(stream), "another list than the one in the stream")
    hold(len(made.statuses) == LIST_BYTES, "of another size")
    if len(draft) < SMALL:
        for index in list(made.indices({1, 2, 3}))[:8]:
            hold(made.status(index) == _status(made.statuses, index), "another status")


def _status(packed: bytes, index: int) -> int:
    """Section 4.1, for two bits."""
    return packed[index // 4] >> index % 4 * 2 & 3


def _many_reasons() -> Iterator[bytes]:
    issued = "2026-07-01T10:30:00Z"
    for why in ("other", "withdrawn-by-learner"):
        lines = [f"1/{index} {why} {issued}" for index in range(3_000)]
        for order in (lines, lines[::-1], [*lines, lines[-1]]):
            yield b"\n" + dump_json({"iss": ISSUER, "issued": issued, "reasons": order})


@target("reasons", publishing.draft, _REASONS_PAYLOAD, _many_reasons)
def parse_reasons(draft: bytes) -> None:
    """Reasons have one spelling and one order, and each is found with the statuses that it
    explains, and with no other.
    """
    token = publisher().sign(draft, REASONS_TYPE)
    reasons = Reasons.parse(token, publisher().signed.unverified)
    hold(len(reasons.entries) <= MAX_REASONS, "too many")
    if len(draft) > SMALL:
        return
    _signed_so(token, REASONS_TYPE, reasons.encode())
    places = [entry.place for entry in reasons.entries]
    hold(all(one < other for one, other in pairwise(places)), "out of order")
    for entry in reasons.entries[:8]:
        for status in range(4):
            found = reasons.find(*entry.place, status)
            hold(found == (entry if entry.why in WHY.get(status, ()) else None), "another reason")


def _signed_so(token: bytes, typ: str, written: bytes) -> None:
    """The token has exactly this ``typ`` and payload, a key that may sign, and one spelling."""
    jws = CompactJWS.parse(token, MAX_STATUS_LIST)
    hold(written == jws.payload, "not written again as it was read")
    header = Header.parse(jws.header_segment)
    hold(header.typ == typ, "another typ")
    hold(header.segment().encode() == jws.header_segment, "a header in another spelling")
    (entry,) = (one for one in publisher().signed.unverified.keys if one.url == header.kid)
    hold(entry.role == "snapshot", "a key of another role")
    hold(entry.state in ("active", "retired"), "a key that does not count")


# All together


@target("status", publishing.histories, MAX_SNAPSHOT)
def update_store(data: bytes) -> None:
    """Files that come one after another, blank lines between them: a store takes all of a
    snapshot's files or none, never goes back, finds in them what a textbook does, and keeps them
    on disk; the verifier decides by them. ``trust update`` takes the same ones.
    """
    store = trust()
    for drafts in data.split(b"\n\n")[:3]:
        files = publisher().files(drafts)
        with suppress(SignedCertError):
            updated = store.update(ISSUER, files, AT)
            hold(updated.statuses[ISSUER].files == files, "other files than those that came")
            _never_back(store, updated)
            if _sampled(data):
                hold(take_statuses(store, ISSUER, _Mirror(files), AT) == updated, "not fetched so")
            store = updated
    if ISSUER in store.statuses:
        _as_a_textbook(store)
        if _sampled(data):
            _kept_on_disk(store)
    _decided_by(store)


def _sampled(data: bytes) -> bool:
    """For what takes longer than all the rest: not each time."""
    return zlib.crc32(data) % 8 == 0


class _Mirror(NamedTuple):
    """A source that has these files."""

    files: StatusFiles

    def manifests(self, known: Collection[Pin]) -> list[bytes]:
        """None is asked for."""
        raise NotImplementedError

    def find(self, name: str, limit: int) -> bytes | None:
        """The file of this name, whatever its size."""
        hold(limit > 0, "nothing is wanted of it")
        return _names(self.files).get(name)


def _never_back(before: TrustStore, after: TrustStore) -> None:
    hold(before.institutions == after.institutions, "a snapshot has changed a manifest")
    new = after.statuses[ISSUER].snapshot
    hold(new.issued <= AT, "from the future")
    if ISSUER in before.statuses:
        old = before.statuses[ISSUER].snapshot
        hold(old.issued <= new.issued, "goes back in time")
        hold(old.manifest.version <= new.manifest.version, "goes back in manifests")
        hold(len(old.lists) <= len(new.lists), "loses lists")


def _as_a_textbook(store: TrustStore) -> None:
    data = store.statuses[ISSUER]
    files, named = data.files, data.snapshot
    hold(tuple(map(digest, files.lists)) == named.lists, "other lists than are named")
    hold((files.reasons and digest(files.reasons)) == named.reasons, "other reasons than are named")
    for number, token in enumerate(data.files.lists, 1):
        value = json.loads(CompactJWS.parse(token, MAX_STATUS_LIST).payload)
        hold(value["sub"] == status_list_url(ISSUER, number), "a list in the place of another")
        packed = zlib.decompress(b64url_decode(value["status_list"]["lst"].encode()))
        for index in (0, 3, 5, credential().status_index, 2**20 - 1):
            found = data.find(number, index)
            word = ("valid", "revoked", "suspended", "replaced")[_status(packed, index)]
            hold(found is not None and found.status == word, "another status")
    hold(data.find(len(data.files.lists) + 1, 0) is None, "a list that there is not")
    hold(data.under(publisher().signed.unverified) == data, "not the same once more")


def _kept_on_disk(store: TrustStore) -> None:
    manifest = publisher().signed
    files = {"pin": manifest.unverified.pin.encode(), "1.json": manifest.jws.encode()}
    files |= _names(store.statuses[ISSUER].files)
    path = folder("status/institution", files)
    hold(TrustStore.read(path.parent) == store, "changed by writing and reading")


def _names(files: StatusFiles) -> dict[str, bytes]:
    lists = {f"status/{number}.jwt": token for number, token in enumerate(files.lists, 1)}
    reasons = {} if files.reasons is None else {"reasons.jws": files.reasons}
    return {"snapshot.json": files.snapshot, **lists, **reasons}


def _decided_by(store: TrustStore) -> None:
    report = Verifier(store).report(_document(), at=AT)
    known = store.statuses.get(ISSUER)
    found = known and known.find(credential().status_list, credential().status_index)
    status = found.status if found else "unknown"
    if known and status == "valid" and AT - known.snapshot.issued > timedelta(days=7):
        status = "unknown"
    hold(report.status is not None and report.status.status == status, "another status is shown")
    hold(report.verdict is _VERDICTS[status], "the verifier decides otherwise")
    hold(report.credential is not None, "not genuine any more")


@cache
def _document() -> bytes:
    return publisher().world.document()


@target("changes", mutate.table, SMALL, long_rows)
def read_changes(data: bytes) -> None:
    """Every row of a list of documents to revoke or restore is good or explained; a good one is
    read again as it is.
    """
    last = 1
    for number, row in enumerate(_changes(data, REVOKED, "other")):
        hold(row.line > last, "lines that do not ascend")
        last = row.line
        if isinstance(row, BadRow):
            hold(bool(row.message), "a bad row without a reason")
            "".join(row[1:]).encode()
            continue
        if number >= 3:
            continue
        code, status, reason = row.change
        hold(
            (status, bool(reason)) == (REVOKED, True), "another change than the one that is wanted"
        )
        again = _table(str(code), reason or "")
        hold([*_changes(again, REVOKED, "x")] == [row._replace(line=2)], "changed by writing")
    for row in _changes(data, VALID, None):
        hold(isinstance(row, BadRow) or row.change.reason is None, "restored for a reason")


def _changes(data: bytes, status: int, reason: str | None) -> Iterator[Wanted | BadRow]:
    return each_row(read_rows(file(data), _FORM, lambda table: _begin(table, status, reason)))


def _table(*cells: str) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("code", "reason"), cells])
    return text.getvalue().encode()
