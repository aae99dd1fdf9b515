"""Runs of jobs in the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import JobRun, JobState
from monitor.store import Store, jobs

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def part(at: int, state: JobState = JobState.GOOD) -> JobRun:
    return JobRun("worker-deliver", "r", state, NOW + at * MINUTE, NOW + (at + 1) * MINUTE)


def spans(store: Store) -> list[tuple[int, int, str]]:
    found = jobs.since(store, NOW - MINUTE)
    return [
        ((r.started - NOW) // MINUTE, ((r.finished or NOW) - NOW) // MINUTE, r.state.value)
        for r in found
    ]


def test_parts_in_a_row_are_one_run_a_failure_and_a_pause_begin_another(store: Store) -> None:
    for at in (0, 1, 2, 8):
        jobs.note_part(store, part(at), 10 * MINUTE)
    assert spans(store) == [(0, 9, "good")]
    jobs.note_part(store, part(10, JobState.FAILED), 10 * MINUTE)
    jobs.note_part(store, part(12), 10 * MINUTE)
    jobs.note_part(store, part(40), 10 * MINUTE)
    assert spans(store) == [(0, 9, "good"), (10, 11, "failed"), (12, 13, "good"), (40, 41, "good")]


def test_parts_lengthen_no_run_of_another_job(store: Store) -> None:
    jobs.note(store, JobRun("deliver", "r", JobState.GOOD, NOW, NOW + MINUTE))
    jobs.note_part(store, part(1), 10 * MINUTE)
    assert {name: r.finished for name, r in jobs.last(store).items()} == {
        "deliver": NOW + MINUTE,
        "worker-deliver": NOW + 2 * MINUTE,
    }


def _interrupted() -> None:
    raise KeyboardInterrupt


def _broken() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("work", "fault", "state"),
    [
        (_interrupted, KeyboardInterrupt, JobState.STOPPED),
        (_broken, ZeroDivisionError, JobState.FAILED),
    ],
)
def test_who_interrupts_a_job_by_hand_is_told_of_no_failure(
    store: Store, work: Callable[[], None], fault: type[BaseException], state: JobState
) -> None:
    with pytest.raises(fault), jobs.tracked(store, "harvest", "r", lambda: NOW):
        work()
    assert jobs.last(store)["harvest"].state is state
