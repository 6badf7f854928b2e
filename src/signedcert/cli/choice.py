"""Results of a course record, as they are named at the command line."""

from typing import TYPE_CHECKING

import click

from signedcert.errors import IssueError

if TYPE_CHECKING:
    from signedcert.documents.recordbadge import RecordCredential

result_option = click.option(
    "--result",
    "results",
    multiple=True,
    metavar="RESULT",
    help="A result to show, by its number, its name or its kind; several times for several.  "
    "[default: all]",
)


def choose(record: "RecordCredential", wanted: tuple[str, ...]) -> tuple[int, ...]:
    """The numbers of the results that are wanted, ascending; of all that are shown, if none is.

    Raises IssueError ``result-unknown``, which lists them.
    """
    if not wanted:
        return tuple(n for n, one in enumerate(record.results, 1) if one.shown)
    return tuple(sorted({number for text in wanted for number in _numbers(record, text)}))


def _numbers(record: "RecordCredential", text: str) -> list[int]:
    if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) >= 1:
        found = [int(text)] if int(text) <= len(record.results) else []
    else:
        folded = text.casefold()
        found = [
            number
            for number, one in enumerate(record.results, 1)
            if folded in {text.casefold() for text in (one.kind, one.name, one.title) if text}
        ]
    if not found:
        known = "; ".join(f"{number} {one.name}" for number, one in enumerate(record.results, 1))
        message = f"not in this record, which has: {known}"
        raise IssueError("result-unknown", message, where=text)
    return found
