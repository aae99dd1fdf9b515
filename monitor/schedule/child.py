"""A job as a process of its own: it can be cut off, takes its memory with it, and ends with us.

The child's standard input is a pipe from us: when we die, however, it sees the end of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Final

from monitor.model import JobState

_LOOK: Final = 0.2  # seconds between two looks at the child
_GRACE: Final = 4.0  # seconds from SIGTERM to SIGKILL: a stop must end within ten
_SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended, with the sentence of its failure."""

    state: JobState
    error: str = ""


def run(
    command: Sequence[str], seconds: float, stop: Callable[[], bool], say: Callable[[str], None]
) -> Ended:
    """Run a command to its end, for `seconds` at most, or until `stop()`; its lines go to `say`."""
    process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # its own children are ended with it, and Ctrl-C is ours to handle
    )
    last = _Last(say)
    assert process.stdout is not None
    listener = threading.Thread(target=last.listen, args=(process.stdout,), daemon=True)
    listener.start()
    limit = time.monotonic() + seconds
    try:
        state = _watch(process, limit, stop)
    finally:
        _end(process)
        listener.join(_GRACE)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
    if state is JobState.CUT_OFF:
        return Ended(state, f"it took longer than {seconds / 60:.3g} minutes and was cut off.")
    if state is JobState.FAILED:
        return Ended(state, last.error or f"it ended with exit code {process.returncode}.")
    return Ended(state)


def _watch(process: subprocess.Popen[str], limit: float, stop: Callable[[], bool]) -> JobState:
    while True:
        with suppress(subprocess.TimeoutExpired):
            return JobState.FAILED if process.wait(_LOOK) else JobState.GOOD
        if stop():
            return JobState.STOPPED
        if time.monotonic() > limit:
            return JobState.CUT_OFF


def _end(process: subprocess.Popen[str]) -> None:
    """End the child and all that it started."""
    for number, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


class _Last:
    """Hands lines on, and remembers the sentence of a failure."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.error = ""

    def listen(self, lines: IO[str]) -> None:
        with suppress(ValueError):  # the pipe was closed
            for line in lines:
                text = line.rstrip()
                if text:
                    self._say(text)
                for mark in ("Error: ", "Unexpected fault "):
                    if text.startswith(mark):
                        self.error = text.removeprefix("Error: ")[:_SHOWN]


def tie() -> None:
    """In the child: end when standard input ends, that is, when the parent is gone."""

    def wait() -> None:
        with suppress(OSError):
            while os.read(0, 1024):
                pass
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
