"""A press in a process of its own: a template of one's own cannot run for ever, nor get out."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from signedcert.childprocess import ChildProcess, NoAnswerError, answer
from signedcert.errors import ConfigurationError, RenderError
from signedcert.render.press import Job, Press, new_data

#: Seconds for one page; ours takes a hundredth of one.
MAX_SECONDS = 10.0
#: Bytes of memory. Fonts are mapped, those of all scripts together have 300 MB.
MAX_MEMORY = 4 * 1024**3
#: Pages in a row that took too long. Ten thousand of them would take a day.
_MAX_LATE = 3
#: No proxy is there: Typst, which would fetch packages through it, reaches nobody.
_NO_NETWORK = dict.fromkeys(("https_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:0")
#: How an answer begins: with a picture behind it, or with what an error is made of, in JSON.
_PICTURE = b"+"
_ERROR = b"-"


class GuardedPress:
    """As ``Press``, for templates that nobody has read. What it cannot have at all: files outside
    of its folder, but fonts; the network; the environment. What it cannot have for ever: time and
    memory. A process that is ended for it leaves the next page a new one.
    """

    def __init__(
        self,
        root: Path,
        fonts: Sequence[Path],
        *,
        max_seconds: float = MAX_SECONDS,
        max_memory: int = MAX_MEMORY,
    ) -> None:
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._max_seconds = max_seconds
        self._late = 0
        self._data = new_data(root)
        self._child = ChildProcess(
            __name__,
            *map(str, (root, self._data, *fonts)),
            seconds=max_seconds,
            memory=max_memory,
            environment=path | _NO_NETWORK,
        )

    def print(self, job: Job) -> bytes:
        """Raises RenderError as ``Press`` does, and ``template-timeout``; ConfigurationError
        ``template-invalid`` for the third page in a row that takes too long, and each one after it.
        """
        try:
            printed = self._child.ask(json.dumps(asdict(job)).encode())
        except NoAnswerError as error:
            raise self._ended(late=error.late) from error
        self._late = 0
        if printed.startswith(_ERROR):
            told = json.loads(printed[1:])
            raise RenderError(told["reason"], told["message"], where=told["where"])
        return printed[1:]

    def close(self) -> None:
        """Ends the process, and takes its data away; it prints no more."""
        self._child.close()
        self._data.unlink(missing_ok=True)

    def _ended(self, *, late: bool) -> RenderError | ConfigurationError:
        if not late:
            self._late = 0
            message = "Typst was ended, perhaps because the template takes too much memory"
            return RenderError("template-failed", message)
        message = f"the template takes more than {self._max_seconds:g} seconds for a page"
        self._late += 1
        if self._late < _MAX_LATE:
            return RenderError("template-timeout", message)
        message += f", {self._late} times in a row: nothing more is printed with it"
        return ConfigurationError("template-invalid", message)


def print_with(press: Press, job: bytes) -> bytes:
    """In the process: a picture, or an error."""
    try:
        return _PICTURE + press.print(Job(**json.loads(job)))
    except RenderError as error:
        told = {"reason": error.reason, "message": error.message, "where": error.where}
        return _ERROR + json.dumps(told).encode()


def main(root: str, data: str, *fonts: str) -> None:
    """The process."""
    press = Press(Path(root), [Path(folder) for folder in fonts], Path(data))
    answer(lambda job: print_with(press, job))


if __name__ == "__main__":
    main(*sys.argv[2:])
