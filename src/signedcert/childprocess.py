"""A process of our own for work that might crash, hang or ask for all memory: native code on files
from strangers, templates that nobody has read.

Such work then costs an answer, and not the whole run. It is no sandbox: whoever can make that code
run code of theirs runs it with the rights of the user.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Timer
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    import subprocess

_LENGTH = 8
#: The largest answer is a picture of a page.
_MAX_ANSWER = 256 * 1024 * 1024


class NoAnswerError(Exception):
    """The process came to its end without one; ``late`` if it was ended for the time it took."""

    def __init__(self, *, late: bool) -> None:
        super().__init__(late)
        self.late = late


class ChildProcess:
    """Runs a module of ours, which calls ``answer``. It is started when it is needed, and again
    after it has died. To be closed, or used in a ``with`` statement; for one thread at a time.

    Guarantee: an answer or an end within ``seconds``, and, where the system can be told (not on
    Windows), ``memory`` bytes at most.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        seconds: float,
        memory: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._module = module
        self._arguments = (str(memory), *arguments)
        self._seconds = seconds
        self._environment = environment
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

    def ask(self, question: bytes) -> bytes:
        """Raises NoAnswerError; the next question goes to a new process."""
        process, late = self.running(), Event()

        def end() -> None:
            late.set()
            process.kill()

        guard = Timer(self._seconds, end)
        guard.start()
        try:
            _send(cast("IO[bytes]", process.stdin), question)
            return _receive(cast("IO[bytes]", process.stdout), _MAX_ANSWER)
        except (OSError, EOFError) as error:
            self.close()
            raise NoAnswerError(late=late.is_set()) from error
        except BaseException:
            self.close()
            raise
        finally:
            guard.cancel()

    def close(self) -> None:
        """Ends the process; another question would start a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def running(self) -> "subprocess.Popen[bytes]":
        """The process, which may have died in the meantime."""
        if self._process is None:
            import subprocess  # noqa: PLC0415 - it makes every start longer

            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*python(self._module), *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )
        return self._process


def python(module: str) -> list[str]:
    """What runs a module. Not from the working directory, which may hold what was downloaded."""
    return [sys.executable, "-P", "-m", module]


def answer(to: Callable[[bytes], bytes]) -> None:
    """In the process: an answer to each question, until there are no more."""
    limit("RLIMIT_AS", int(sys.argv[1]))
    limit("RLIMIT_CORE", 0)
    with suppress(EOFError):
        while True:
            _send(sys.stdout.buffer, to(_receive(sys.stdin.buffer, sys.maxsize)))


def limit(what: str, most: int) -> None:
    """Sets a limit of the process, by its name in ``resource``, as far as the system has it."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(getattr(resource, what), (most, most))


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(_LENGTH))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes], most: int) -> bytes:
    """What ``_send`` has sent. Raises EOFError for less, and for a length over ``most``."""
    head = pipe.read(_LENGTH)
    length = int.from_bytes(head)
    if len(head) < _LENGTH or length > most:
        raise EOFError
    message = pipe.read(length)
    if len(message) < length:
        raise EOFError
    return message
