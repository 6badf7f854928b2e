"""Reading pages: here, or in a process of its own, since native code reads them.

A file that crashes that code, hangs it or makes it ask for all memory then costs an answer, and
not the whole run.
"""

import json
import subprocess
import sys
from threading import Timer
from types import TracebackType
from typing import IO, Any, Self, cast, get_args

from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.carriers.page import Box, Page, Run, Sight, Unread

#: Seconds for one file. A certificate takes a quarter of one.
TIME_LIMIT = 30.0
#: Bytes of memory that a reading process may have, where the system can be told.
MEMORY_LIMIT = 1024 * 1024 * 1024
#: Not from the working directory, which may hold what was downloaded.
_COMMAND = [sys.executable, "-P", "-m", "signedcert.carriers.pageprocess"]
_LENGTH = 8
#: What ``json.loads`` and ``page_from_json`` raise for anything else.
NOT_A_PAGE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)
_MAX_ANSWER = 64 * 1024 * 1024


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


class PageReader:
    """Reads pages in a process of its own, which it starts when it is needed, and again when it
    has died. To be closed, or used in a ``with`` statement.

    Guarantee: an answer for any file, within ``TIME_LIMIT`` and about as much memory as
    ``MEMORY_LIMIT`` says (on systems that have ``setrlimit``; not on Windows). It is no sandbox:
    whoever can make PDFium run code, runs it with the rights of the user.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, pdf: bytes) -> Page:
        """As ``read_page``; ``page-reader-failed`` if that came to no end."""
        if len(pdf) > MAX_CARRIER:
            return Page(unread="page-too-large")
        process = self._running()
        guard = Timer(TIME_LIMIT, process.kill)
        guard.start()
        try:
            return _ask(process, pdf)
        except (OSError, EOFError, *NOT_A_PAGE):
            self.close()
            return Page(unread="page-reader-failed")
        finally:
            guard.cancel()

    def close(self) -> None:
        """Ends the process; another ``read`` would start a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*_COMMAND, str(MEMORY_LIMIT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process


def _ask(process: "subprocess.Popen[bytes]", pdf: bytes) -> Page:
    question, answer = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    send(question, pdf)
    return page_from_json(json.loads(receive(answer, _MAX_ANSWER)))


def send(pipe: IO[bytes], message: bytes) -> None:
    """A message with its length in front."""
    pipe.write(len(message).to_bytes(_LENGTH))
    pipe.write(message)
    pipe.flush()


def receive(pipe: IO[bytes], limit: int) -> bytes:
    """What ``send`` has sent. Raises EOFError for less, ValueError for more than ``limit``."""
    head = pipe.read(_LENGTH)
    length = int.from_bytes(head)
    if length > limit:
        message = f"{length} bytes, and {limit} are the limit"
        raise ValueError(message)
    body = pipe.read(length) if len(head) == _LENGTH else b""
    if len(head) != _LENGTH or len(body) != length:
        raise EOFError
    return body


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
