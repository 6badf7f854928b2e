"""A press in a process of its own: a template of one's own cannot run for ever, nor get out."""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO

from signedcert.errors import RenderError
from signedcert.render.press import DATA, Job, Press

#: Seconds for one page; ours takes a hundredth of one.
MAX_SECONDS = 10.0
#: Bytes of memory. Fonts are mapped, those of all scripts together have 300 MB.
MAX_MEMORY = 4 * 1024**3
#: No proxy is there: Typst, which would fetch packages through it, reaches nobody.
_NO_NETWORK = dict.fromkeys(("https_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:0")
_LENGTH = struct.Struct(">I")
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
        self._arguments = [str(argument) for argument in (max_memory, root, *fonts)]
        self._root = root
        self._max_seconds = max_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def print(self, job: Job) -> bytes:
        """Raises RenderError as ``Press`` does, and ``template-timeout``."""
        process = self._process = self._process or self._begin()
        try:
            answer = self._ask(process, json.dumps(asdict(job)).encode())
        except BaseException:
            self.close()
            raise
        if answer.startswith(_ERROR):
            error = json.loads(answer[1:])
            raise RenderError(error["reason"], error["message"], where=error["where"])
        return answer[1:]

    def close(self) -> None:
        """Ends the process, and takes its data away."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
            for path in self._root.glob(f"{DATA}{process.pid}-*"):
                path.unlink(missing_ok=True)

    def _begin(self) -> subprocess.Popen[bytes]:
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=path | _NO_NETWORK,
        )

    def _ask(self, process: subprocess.Popen[bytes], job: bytes) -> bytes:
        requests, answers = process.stdin, process.stdout
        assert requests is not None  # noqa: S101 - both are pipes
        assert answers is not None  # noqa: S101
        try:
            _send(requests, job)
            if not wait([answers.fileno()], self._max_seconds):
                message = f"the template takes more than {self._max_seconds:g} seconds for a page"
                raise RenderError("template-timeout", message)
            return _receive(answers)
        except (EOFError, BrokenPipeError) as error:
            message = "Typst was ended, perhaps because the template takes too much memory"
            raise RenderError("template-failed", message) from error


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def serve(requests: IO[bytes], answers: IO[bytes], root: Path, fonts: Sequence[Path]) -> None:
    """In the process: one picture, or error, for each job, until there are no more."""
    press = Press(root, fonts)
    while True:
        try:
            job = Job(**json.loads(_receive(requests)))
        except EOFError:
            return
        try:
            answer = _PICTURE + press.print(job)
        except RenderError as error:
            told = {"reason": error.reason, "message": error.message, "where": error.where}
            answer = _ERROR + json.dumps(told).encode()
        _send(answers, answer)


def main(max_memory: str, root: str, *fonts: str) -> None:
    """The process."""
    import resource  # noqa: PLC0415 - POSIX only, and of use here only

    resource.setrlimit(resource.RLIMIT_AS, (int(max_memory), int(max_memory)))
    serve(sys.stdin.buffer, sys.stdout.buffer, Path(root), [Path(folder) for folder in fonts])


if __name__ == "__main__":
    main(*sys.argv[1:])
