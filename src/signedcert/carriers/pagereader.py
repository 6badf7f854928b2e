"""Reading pages: here, or in a process of its own, since native code reads them."""

import json
from typing import Any, get_args

from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.carriers.page import Box, Page, Run, Sight, Unread
from signedcert.childprocess import ChildProcess, NoAnswerError, answer

#: Seconds for one file. A certificate takes a quarter of one.
TIME_LIMIT = 30.0
#: Bytes of memory that a reading process may have, where the system can be told.
MEMORY_LIMIT = 1024 * 1024 * 1024
#: What ``json.loads`` and ``page_from_json`` raise for anything else.
NOT_A_PAGE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)


def read_page(pdf: bytes) -> Page:
    """What ``pdf`` says, read in this process.

    Never raises for a bad file: the page says why it could not be read. It does not protect against
    errors of native code: for files from strangers there is ``PageReader``.
    """
    if len(pdf) > MAX_CARRIER:
        return Page(unread="page-too-large")
    try:
        from signedcert.carriers.sight import read_runs  # noqa: PLC0415 - an extra, 80 ms
    except ImportError:
        return Page(unread="extractor-missing")
    return read_runs(pdf)


class PageReader(ChildProcess):
    """Reads pages in a process of its own.

    Guarantee: an answer for any file, within ``TIME_LIMIT`` and ``MEMORY_LIMIT``.
    """

    def __init__(self) -> None:
        super().__init__(__name__, seconds=TIME_LIMIT, memory=MEMORY_LIMIT)

    def read(self, pdf: bytes) -> Page:
        """As ``read_page``; ``page-reader-failed`` if that came to no end."""
        if len(pdf) > MAX_CARRIER:
            return Page(unread="page-too-large")
        try:
            return page_from_json(json.loads(self.ask(pdf)))
        except (NoAnswerError, *NOT_A_PAGE):
            self.close()
            return Page(unread="page-reader-failed")


def page_to_json(page: Page) -> dict[str, object]:
    """A page for the way between two processes."""
    return {"runs": [[*run[:-1], run.sight.value] for run in page.runs], "unread": page.unread}


def page_from_json(value: Any) -> Page:  # noqa: ANN401 - parsed JSON
    """What ``page_to_json`` has written. Raises one of ``NOT_A_PAGE`` for anything else: the
    process that wrote it may have been taken over.
    """
    runs = tuple(_run(one) for one in value["runs"])
    unread = value["unread"]
    if unread is not None and unread not in get_args(Unread):
        raise ValueError(unread)
    return Page(runs, unread)


def _run(value: list[Any]) -> Run:
    text, box, size, font, page, line, sight = value
    left, bottom, right, top = map(float, box)
    place = Box(left, bottom, right, top)
    return Run(str(text), place, float(size), str(font), int(page), int(line), Sight(sight))


if __name__ == "__main__":
    answer(lambda pdf: json.dumps(page_to_json(read_page(pdf))).encode())
