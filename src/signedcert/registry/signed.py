"""What was signed with one key, by its place in a log."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, Select, func, null, or_, select

from signedcert.core.code import VerificationCode
from signedcert.registry.tables import documents, log_entries

_AT_ONCE = 1000


class SignedRow(NamedTuple):
    """A document, and its entry in the log; None if it has none yet."""

    code: VerificationCode
    kind: str
    learner_id: str
    course_id: str
    run: str
    issued: str
    entry: int | None


class SignedTable:
    """The documents whose header is one of ``headers``, its segment as it stands in them."""

    def __init__(self, engine: Engine, headers: Sequence[str], log: int) -> None:
        self._engine = engine
        self._of_key = or_(
            *(
                func.substr(documents.c.document, 1, len(header) + 1) == f"{header}."
                for header in headers
            )
        )
        self._log = log

    def count(self, size: int) -> tuple[int, int]:
        """How many are below this entry of the log, and how many are not, or not logged."""
        total = select(func.count()).select_from(documents).where(self._of_key)
        below = (
            select(func.count())
            .select_from(log_entries.join(documents, documents.c.number == log_entries.c.document))
            .where(self._of_key, log_entries.c.log == self._log, log_entries.c.number < size)
        )
        with self._engine.connect() as connection:
            stays = connection.scalar(below) or 0
            return stays, (connection.scalar(total) or 0) - stays

    def from_entry(self, size: int) -> Iterator[SignedRow]:
        """Those that are not below this entry: first by their entries, then those without one."""
        logged = (
            self._select(log_entries.c.number)
            .join_from(log_entries, documents, documents.c.number == log_entries.c.document)
            .where(self._of_key, log_entries.c.log == self._log, log_entries.c.number >= size)
            .order_by(log_entries.c.number)
        )
        in_log = (
            select(log_entries.c.number)
            .where(log_entries.c.document == documents.c.number, log_entries.c.log == self._log)
            .exists()
        )
        others = self._select(null()).where(self._of_key, ~in_log).order_by(documents.c.number)
        with self._engine.connect() as connection:
            for wanted in (logged, others):
                rows = connection.execution_options(yield_per=_AT_ONCE).execute(wanted)
                for code, *rest in rows:
                    yield SignedRow(VerificationCode(code), *rest)

    def _select(self, entry: Any) -> Select[Any]:  # noqa: ANN401 - a column, or NULL
        names = ("code", "kind", "learner_id", "course_id", "run", "issued")
        return select(*(documents.c[name] for name in names), entry)
