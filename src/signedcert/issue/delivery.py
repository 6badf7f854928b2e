"""What was issued is logged, and then handed out with the proof of its place in the log."""

from collections.abc import Generator, Iterable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from signedcert.issue.results import IssuedRow, WrittenRow, write_bundle
from signedcert.issue.rows import BadRow
from signedcert.log.bundles import Bundles
from signedcert.log.log import Log
from signedcert.log.proofs import Prover

#: Documents that share a head of the log, more or less: others may be waiting as well.
BATCH = 10_000

Outcome = TypeVar("Outcome")


def logged(
    outcomes: Iterable[Outcome], log: Log | None, at: datetime
) -> Generator[Sequence[Outcome], None, None]:
    """The outcomes in groups. When one comes out, its documents are logged: 10,000 share a head.

    Raises as ``Log.append`` does.
    """
    remaining = iter(outcomes)
    while group := list(islice(remaining, BATCH)):
        if log is not None:
            log.append(at)
        yield group


def with_proofs(
    outcomes: Sequence[IssuedRow | BadRow], prover: Prover
) -> Generator[IssuedRow | BadRow, None, None]:
    """The outcomes, each document with its proof, where there is one.

    Raises ConfigurationError ``log-damaged``.
    """
    proofs = prover.proofs([one.issued.code for one in outcomes if isinstance(one, IssuedRow)])
    for one in outcomes:
        if isinstance(one, IssuedRow):
            bundle = one.issued.bundle._replace(proof=proofs.get(one.issued.code))
            yield one._replace(issued=one.issued._replace(bundle=bundle))
        else:
            yield one


def write_bundles(
    lines: Sequence[WrittenRow | BadRow], bundles: Bundles, directory: Path
) -> Sequence[WrittenRow | BadRow]:
    """Writes the file of each line that is to have one; the lines.

    Raises ConfigurationError ``log-damaged``.
    """
    good = [line for line in lines if isinstance(line, WrittenRow)]
    found = bundles.many([line.code for line in good])
    for line in good:
        write_bundle(line, found[line.code], directory)
    return lines
