"""The log, written and read on disk."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, ParamSpec
from uuid import UUID

from tests.reference import ISSUED, World, course, credential, make_world

from benchmarks.ground import PLACE
from benchmarks.measure import Figure, Scale, Section, at_most
from signedcert.core.code import VerificationCode
from signedcert.custody.signer import CheckedSigner
from signedcert.documents.certificate import Certificate
from signedcert.issue.issuer import Issuer
from signedcert.issue.requests import CertificateRequest
from signedcert.log.folder import LogFolder
from signedcert.log.keys import LogSigner, new_log_keys
from signedcert.log.proofs import ProvenLog
from signedcert.log.saved import SavedHead
from signedcert.log.writer import LogWriter
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import DocumentKey, DocumentRow, Registry
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LogEntry, log_origin

P = ParamSpec("P")

_BATCH = 10_000
_IN_TRANSACTION = 500
_ROUNDS = 3
_PROOFS = 200
_PERCENT, _MILLISECONDS = "{:.1f} %", "{:.2f} ms"


class Desk(NamedTuple):
    """Who issues, and the log of what was issued, with its registry on disk."""

    issuer: Issuer
    writer: LogWriter
    numbers: Iterator[int]

    @property
    def registry(self) -> Registry:
        """What was issued."""
        return self.issuer.registry

    def fill(self, entries: int) -> None:
        """So many documents that are none, under heads of 10,000."""
        for _ in range(0, entries, _BATCH):
            self.registry.add([_filler(next(self.numbers)) for _ in range(_BATCH)])
            self.writer.append(ISSUED)

    def issue(self) -> list[VerificationCode]:
        """10,000 certificates, durable in the registry."""
        wanted = credential()
        certificate = Certificate(
            learner=wanted.learner, course=course(), completed=wanted.completed
        )
        codes = []
        for _ in range(0, _BATCH, _IN_TRANSACTION):
            asked = [
                CertificateRequest(certificate, f"s-{next(self.numbers)}", "2026")
                for _ in range(_IN_TRANSACTION)
            ]
            issued = self.issuer.issue_batch(asked, ISSUED)
            codes += [one.code for one in issued if not isinstance(one, Exception)]
        return codes


def log_writing(scale: Scale) -> Section:
    """What a head over 10,000 certificates adds to issuing them, and what a proof costs, while the
    log goes beyond its 20 documents for each row of a roster.
    """
    added, single, many = [], [], []
    with _desk() as desk:
        desk.fill(20 * scale.rows)
        for _ in range(scale.runs * _ROUNDS):
            codes: list[VerificationCode] = []
            issuing = _seconds(lambda into: into.extend(desk.issue()), codes)
            added.append(100 * _seconds(desk.writer.append, ISSUED) / issuing)
            many.append(1000 * _seconds(_log(desk).proofs, codes))
            single.append(1000 * _single(desk, codes[:_PROOFS]))
            if (len(codes), desk.writer.table.pending()) != (_BATCH, 0):
                raise AssertionError(codes)
        size = desk.writer.table.size()
    figures = (
        Figure(
            "a head over 10,000 certificates, in per cent of issuing them",
            tuple(added),
            _PERCENT,
            bar=at_most(15, tuple(added)),
        ),
        Figure(
            "a proof from tiles on disk, nothing read before; the registry apart",
            tuple(single),
            _MILLISECONDS,
            bar=at_most(1, tuple(single)),
        ),
        Figure(
            "10,000 proofs, the registry included",
            tuple(many),
            _MILLISECONDS,
            bar=at_most(400, tuple(many)),
        ),
    )
    return Section(f"Writing a log of {size:,} entries", "on one process", figures)


def _single(desk: Desk, codes: list[VerificationCode]) -> float:
    """Seconds for a proof with nothing remembered, without what the registry takes."""
    whole = sum(_seconds(_log(desk).proofs, [code]) for code in codes)
    asked = sum(_seconds(_ask, desk, code) for code in codes)
    return (whole - asked) / len(codes)


def _ask(desk: Desk, code: VerificationCode) -> None:
    """What a proof asks of the registry."""
    (place,) = desk.writer.table.places([code]).values()
    desk.writer.table.head_over(place.number)


def _log(desk: Desk) -> ProvenLog:
    return ProvenLog(desk.writer.table, desk.writer.folder, LandmarkList())


def _seconds(call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> float:
    begun = time.perf_counter()
    call(*args, **kwargs)
    return time.perf_counter() - begun


@contextmanager
def _desk() -> Iterator[Desk]:
    PLACE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=PLACE) as name:
        directory, world = Path(name), make_world()
        registry = Registry.create(sqlite_url(directory / "registry.sqlite"))
        try:
            yield _new_desk(directory, world, registry)
        finally:
            registry.close()


def _new_desk(directory: Path, world: World, registry: Registry) -> Desk:
    keys = new_log_keys()
    public = tuple(key.public_key for key in keys)
    entry = LogEntry(log_origin(world.manifest.iss), public, "active", LandmarkList().landmarks)
    signer = LogSigner(entry.origin, *map(CheckedSigner, keys))
    writer = LogWriter(
        entry,
        registry.log(),
        LogFolder(directory / "log"),
        LandmarkList(),
        SavedHead(directory / "saved-head"),
        lambda: signer,
    )
    return Desk(Issuer(world.manifest, CheckedSigner(world.key), registry), writer, count())


def _filler(number: int) -> DocumentRow:
    code = VerificationCode.derive(number.to_bytes(8), b"")
    return DocumentRow(
        key=DocumentKey("certificate", f"s-{number}", "filler", "2026"),
        code=code,
        document_id=str(UUID(int=number)),
        course_version=1,
        claims=bytes(32),
        document="",
        issued="2026-07-01T10:30:00Z",
        entry=number.to_bytes(32),
        status_list=1,
        status_index=number,
    )
