"""One function over many items on many processes, in the order of the items."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from monitor.errors import MonitorError

T = TypeVar("T")
R = TypeVar("R")
_AHEAD: Final = 2
_WATCH_SECONDS: Final = 1.0


class Pool(Generic[T, R]):
    """Processes that are forked from this one with all that it has loaded.

    To be made before threads are started and before connections to a database are opened. With one
    process nothing is forked: the work is done here.
    """

    def __init__(self, work: Callable[[T], R], processes: int) -> None:
        self._work = work
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        if processes > 1:
            gc.collect()
            gc.freeze()  # what is loaded stays shared between the processes
            self._pool = ProcessPoolExecutor(
                processes, multiprocessing.get_context("fork"), _begin, (work, os.getpid())
            )
            # Forked here and now, not at some later moment with threads and connections about.
            list(self._pool.map(_nothing, range(processes)))

    def results(self, items: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Each item with its result, in the order of the items; only few are held at a time.

        What the work raises is raised. Raises `MonitorError` when a process was killed.
        """
        if self._pool is None:
            for item in items:
                yield item, self._work(item)
            return
        waiting: deque[tuple[T, Future[Any]]] = deque()
        source = iter(items)
        fault: Exception | None = None
        try:
            while True:
                try:
                    for item in islice(source, _AHEAD * self._processes - len(waiting)):
                        waiting.append((item, self._pool.submit(_do, item)))
                except MonitorError as error:  # of the items: first come those before it
                    fault, source = error, iter(())
                if not waiting:
                    break
                item, future = waiting.popleft()
                yield item, future.result()
        except BrokenProcessPool as error:
            raise MonitorError(
                "a process of the import was killed (is there memory enough?): start it again, "
                "it goes on where it stopped."
            ) from error
        if fault is not None:
            raise fault

    def close(self) -> None:
        """End the processes; what they have not done yet is left undone."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


_current: Callable[[Any], Any] | None = None


def _begin(work: Callable[[Any], Any], parent: int) -> None:
    global _current  # noqa: PLW0603 - a process of the pool has one task, given when it is made
    _current = work
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    """End with the parent: when that is killed, nobody else tells its children."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)


def _do(item: Any) -> Any:
    assert _current is not None
    return _current(item)


def _nothing(_: int) -> None:
    time.sleep(0.01)
