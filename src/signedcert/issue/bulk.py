"""A whole roster or gradebook: issued in batches, by one process or by many."""

import gc
import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL

from signedcert.batch import in_order, process_pool
from signedcert.custody.signer import CheckedSigner, counts_tries, open_signer
from signedcert.documents.course import Course
from signedcert.errors import ConfigurationError, IssueError, SignedCertError
from signedcert.issue.delivery import logged, write_bundles
from signedcert.issue.issuer import Issuer
from signedcert.issue.prepare import Prepared, Row, bad_row, prepare
from signedcert.issue.replacement import Correction
from signedcert.issue.results import IssuedRow, WrittenRow, line_of
from signedcert.issue.rows import BadRow
from signedcert.log.bundles import Bundles
from signedcert.log.log import Log, Logs
from signedcert.registry.registry import Registry
from signedcert.trust.manifest import KeyManifest

#: Rows of one transaction: its sync, and the pages of the indexes, are shared by all of them. With
#: more, what they hold no longer fits the cache of a core.
BATCH = 500
#: Batches that a worker may be ahead of what is written down.
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class IssuerSource:
    """What it takes to open an issuer; unlike one, it can travel to another process."""

    manifest: KeyManifest
    signer: str
    home: Path
    registry: str | URL
    published: Path
    secret: str = field(repr=False)

    def open_signer(self) -> CheckedSigner:
        """Raises ConfigurationError: what the back end refuses, and ``key-file`` for a key that
        may not issue under the manifest.
        """
        signer = open_signer(self.signer, self.home, self.secret)
        if not any(
            entry.key == signer.public_key and entry.role == "issue" and entry.state == "active"
            for entry in self.manifest.keys
        ):
            message = "this key is not an active issuing key of the newest manifest"
            raise ConfigurationError("key-file", message, where=self.signer)
        return signer


class Batch(NamedTuple):
    """Rows of one transaction. ``repeats`` says that one of them has the identity of a row in a
    batch shortly before: that one comes first, whoever issues it.
    """

    rows: list[Row | BadRow]
    repeats: bool


@dataclass(frozen=True, slots=True)
class Graduation:
    """Issues the batches of one file and writes their bundles, in whichever process it is;
    ``replace_records`` as in ``prepare``.
    """

    source: IssuerSource
    courses: Mapping[str, Course]
    directory: Path
    at: datetime
    replace_records: bool = False

    def __call__(self, batch: Batch) -> list[WrittenRow | BadRow]:
        """As ``issue``, with an issuer that this process opens for itself, once."""
        return self.issue(_opened(self.source).issuer, batch)

    def issue(self, issuer: Issuer, batch: Batch) -> list[WrittenRow | BadRow]:
        """One line per row, in their order; each document is durable, and not yet in its file."""
        return [
            one if isinstance(one, BadRow) else line_of(one)
            for one in _issue_batch(
                issuer, self.courses, batch.rows, self.at, replace_records=self.replace_records
            )
        ]

    def deliver(self, lines: Sequence[WrittenRow | BadRow]) -> Sequence[WrittenRow | BadRow]:
        """The lines, each document in its file, with the proof of its place in the log."""
        return write_bundles(lines, _opened(self.source).bundles, self.directory)


class _Opened(NamedTuple):
    issuer: Issuer
    bundles: Bundles


@lru_cache(maxsize=1)
def _opened(source: IssuerSource) -> _Opened:
    gc.freeze()  # what was imported stays; looking through it again and again costs a tenth
    registry = Registry.open(source.registry)
    prover = Logs(source.manifest, registry, source.published).prover
    issuer = Issuer(source.manifest, source.open_signer(), registry)
    return _Opened(issuer, Bundles(registry, prover))


class Here(NamedTuple):
    """What the process has that hands the batches out: ``issuer`` opens it when it is needed."""

    issuer: Callable[[], Issuer]
    bundles: Bundles
    log: Log | None


def graduate(
    graduation: Graduation,
    here: Here,
    rows: Iterable[Row | BadRow],
    jobs: int,
    pool: Executor | None = None,
) -> Generator[WrittenRow | BadRow, None, None]:
    """What became of each row, in their order. ``jobs`` processes share the batches, those of
    ``pool`` if it is there; what is one batch, and everything if ``jobs`` is 1, is done in this
    one. Here, too, what was issued is logged, and is in its file after that. A signer that counts
    tries is opened here first.

    Raises ConfigurationError: ``worker-lost``; what ``IssuerSource`` and ``Log.append`` refuse.
    """
    ahead = _AHEAD * jobs
    batches = _batches(rows, ahead)
    first = list(islice(batches, 2))
    if jobs == 1 or len(first) < 2:
        alone = (graduation.issue(here.issuer(), batch) for batch in chain(first, batches))
        for lines in logged(chain.from_iterable(alone), here.log, graduation.at):
            for part in _parts(lines):
                yield from write_bundles(part, here.bundles, graduation.directory)
        return
    if counts_tries(graduation.source.signer):
        here.issuer()  # a wrong PIN shows here: one try, instead of one of each worker
    with process_pool(jobs) if pool is None else nullcontext(pool) as workers:
        issued = in_order(
            workers, graduation, chain(first, batches), ahead, waits=lambda batch: batch.repeats
        )
        with closing(issued):
            for lines in logged(chain.from_iterable(issued), here.log, graduation.at):
                written = in_order(workers, graduation.deliver, _parts(lines), ahead)
                with closing(written):
                    yield from chain.from_iterable(written)


def graduate_in_turn(
    graduation: Graduation,
    here: Here,
    passes: Iterable[Iterable[Row | BadRow]],
    jobs: int,
    pool: Executor | None = None,
) -> Generator[WrittenRow | BadRow, None, None]:
    """As ``graduate``, for rows that have to wait until others are done."""
    for rows in passes:
        with closing(graduate(graduation, here, rows, jobs, pool)) as lines:
            yield from lines


def _parts(lines: Sequence[WrittenRow | BadRow]) -> Iterator[Sequence[WrittenRow | BadRow]]:
    for start in range(0, len(lines), BATCH):
        yield lines[start : start + BATCH]


def _batches(rows: Iterable[Row | BadRow], before: int) -> Iterator[Batch]:
    remaining = iter(rows)
    recent: deque[set[tuple[str, ...]]] = deque(maxlen=before)
    while batch := list(islice(remaining, BATCH)):
        keys = {row.identity for row in batch if not isinstance(row, BadRow)}
        yield Batch(batch, any(not keys.isdisjoint(others) for others in recent))
        recent.append(keys)


def issue_rows(
    issuer: Issuer,
    courses: Mapping[str, Course],
    rows: Iterable[Row | BadRow],
    at: datetime,
    *,
    replace_records: bool = False,
) -> Iterator[IssuedRow | BadRow]:
    """One outcome per row, in their order; each document is durable when it comes out."""
    for batch in _batches(rows, 0):
        yield from _issue_batch(issuer, courses, batch.rows, at, replace_records=replace_records)


def _issue_batch(
    issuer: Issuer,
    courses: Mapping[str, Course],
    batch: list[Row | BadRow],
    at: datetime,
    *,
    replace_records: bool,
) -> Iterator[IssuedRow | BadRow]:
    prepared = prepare(batch, courses, issuer, replace_records=replace_records)
    asked = [one.asked for one in prepared if isinstance(one, Prepared)]
    results = iter(issuer.issue_batch(asked, at))
    for one in prepared:
        if isinstance(one, BadRow):
            yield one
            continue
        result = next(results)
        if isinstance(result, SignedCertError):
            yield bad_row(one.row, result)
        else:
            yield IssuedRow(one.row, result, isinstance(one.asked, Correction))


def each_once(rows: Iterable[Row | BadRow]) -> Iterator[Row | BadRow]:
    """The rows; a second one for the same learner, course and run is a ``BadRow``, since each of
    the two would replace what the other led to, again whenever they are run. It takes 100 bytes of
    memory for each row.
    """
    seen: set[bytes] = set()
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        identity = hashlib.blake2b(repr(row.identity).encode(), digest_size=16).digest()
        if identity in seen:
            message = "this learner, course and run stand on a row above; leave one of them"
            yield bad_row(row, IssueError("row-twice", message, where="learner_id"))
        else:
            seen.add(identity)
            yield row
