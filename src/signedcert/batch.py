"""Many at once, over any ``concurrent.futures`` executor; results in the order of the items."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from typing import ParamSpec, TypeVar

from signedcert.errors import ConfigurationError

_P = ParamSpec("_P")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _Pool(ProcessPoolExecutor):
    """Begins a process when something is submitted and no other is idle."""

    def submit(
        self, fn: Callable[_P, _Result], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_Result]:
        """As always. An interruption meanwhile comes after it, and not to a process begun here:
        it could not be handled there yet, nor a process be known that is half begun.
        """
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def process_pool(jobs: int, module: str | None = None) -> ProcessPoolExecutor:
    """An executor of up to ``jobs`` new processes, none of which outlives this one. With a
    ``module``, they begin at once and load it, while this one gets ready too.
    """
    pool = _Pool(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
    if module is not None:
        for _ in range(jobs):
            pool.submit(_load, module)
    return pool


def _load(module: str) -> None:
    import_module(module)


def in_order(
    executor: Executor,
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    ahead: int,
    waits: Callable[[_Item], bool] = lambda _: False,
) -> Generator[_Result, None, None]:
    """``function`` of each item, with at most ``ahead`` of them under way or waiting to be taken:
    memory does not grow with their number. One that ``waits`` begins when all before it are done.

    An exception of ``function`` is raised in the place of its result; what is under way ends
    first, and what has not begun never does.
    Raises ConfigurationError ``worker-lost`` for a process that died.
    """
    pending: deque[Future[_Result]] = deque()
    try:
        for item in items:
            while len(pending) >= ahead or (pending and waits(item)):
                yield pending.popleft().result()
            pending.append(executor.submit(function, item))
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        message = (
            "a worker process was ended, perhaps for want of memory; what was finished is kept: "
            "run this again, with fewer --jobs"
        )
        raise ConfigurationError("worker-lost", message) from error
    finally:
        for future in pending:
            future.cancel()


def _begin() -> None:
    """In a worker: an interruption is the parent's to handle, and its end is the worker's too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody is left to take a result
