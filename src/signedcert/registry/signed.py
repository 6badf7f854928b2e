"""What was signed with one key, by its places in the logs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Engine, and_, false, func, or_, select

from signedcert.core.code import VerificationCode
from signedcert.registry.tables import documents, log_entries

_AT_ONCE = 1000


class SignedRow(NamedTuple):
    """A document, and its entry in the log; None if it has none in this one."""

    code: VerificationCode
    kind: str
    learner_id: str
    course_id: str
    run: str
    issued: str
    entry: int | None


class SignedTable:
    """The documents whose header is one of ``headers``, its segment as it stands in them.

    ``sizes`` are those of logs by their numbers: a document is below them if it is below one.
    """

    def __init__(self, engine: Engine, headers: Sequence[str]) -> None:
        self._engine = engine
        self._of_key = or_(
            *(
                func.substr(documents.c.document, 1, len(header) + 1) == f"{header}."
                for header in headers
            )
        )

    def count(self, sizes: Mapping[int, int]) -> tuple[int, int]:
        """How many are below these sizes, and how many are not, or not logged."""
        total = select(func.count()).select_from(documents).where(self._of_key)
        with self._engine.connect() as connection:
            stays = connection.scalar(total.where(_below(sizes))) or 0
            return stays, (connection.scalar(total) or 0) - stays

    def beyond(self, sizes: Mapping[int, int], log: int) -> Iterator[SignedRow]:
        """Those that are not below these sizes: first by their entries in one log, then those that
        it has not.
        """
        names = ("code", "kind", "learner_id", "course_id", "run", "issued")
        entry = log_entries.c.number
        place = and_(log_entries.c.document == documents.c.number, log_entries.c.log == log)
        wanted = (
            select(*(documents.c[name] for name in names), entry)
            .select_from(documents.outerjoin(log_entries, place))
            .where(self._of_key, ~_below(sizes))
            .order_by(entry.is_(None), entry, documents.c.number)
        )
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=_AT_ONCE).execute(wanted)
            for code, *rest in rows:
                yield SignedRow(VerificationCode(code), *rest)


def _below(sizes: Mapping[int, int]) -> ColumnElement[bool]:
    places = log_entries.alias()
    below = (and_(places.c.log == log, places.c.number < size) for log, size in sizes.items())
    return (
        select(places.c.number)
        .where(places.c.document == documents.c.number, or_(false(), *below))
        .exists()
    )
