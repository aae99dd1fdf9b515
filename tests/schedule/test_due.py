"""What is due, from what ran."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.model import JobName, JobRun, JobState
from monitor.schedule.due import PAUSES, Past, due, schedules
from monitor.settings import Settings

PLAN = schedules(Settings(timezone="Europe/Berlin"))
H, D = timedelta(hours=1), timedelta(days=1)
#: A Tuesday noon; the last Monday 07:00 in Berlin was 06:00 UTC of the day before.
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG_AGO = NOW - 300 * D


def ran(job: JobName, started: datetime, state: JobState = JobState.GOOD) -> JobRun:
    return JobRun(job.value, "r", state, started, started + timedelta(minutes=5))


def calm(until: datetime) -> Past:
    """Everything ran well, last at this moment."""
    return Past(tuple(ran(job, until) for job in JobName), begun=LONG_AGO)


def test_a_new_installation_harvests_and_waits_with_the_rest() -> None:
    assert due(PLAN, Past(), NOW) == [JobName.HARVEST]
    begun = Past((ran(JobName.HARVEST, NOW),), begun=NOW)
    assert due(PLAN, begun, NOW + H) == []
    assert due(PLAN, begun, NOW + 6 * D) == [JobName.HARVEST, JobName.DIGEST, JobName.BACKUP]


def test_nothing_is_due_between_the_moments() -> None:
    assert due(PLAN, calm(NOW), NOW + H) == []
    assert due(PLAN, calm(NOW), NOW + 13 * H) == []  # 02:00 in Berlin
    assert due(PLAN, calm(NOW), NOW + 14 * H) == [JobName.BACKUP]
    assert due(PLAN, calm(NOW), NOW + 17 * H) == [JobName.HARVEST, JobName.BACKUP]


def test_a_month_asleep_is_caught_up_once_in_order() -> None:
    later = NOW + 30 * D
    missed = due(PLAN, calm(NOW), later)
    assert missed == [JobName.REREAD, JobName.DIGEST, JobName.BACKUP]  # to reread is to harvest
    done = calm(NOW)
    for job in missed:
        done = replace(done, runs=(*done.runs, ran(job, later)))
    assert due(PLAN, done, later + H) == []


def test_an_issue_that_was_made_by_hand_is_not_made_again() -> None:
    by_hand = Past((ran(JobName.HARVEST, NOW),), begun=LONG_AGO, issue=NOW - 2 * H)
    assert JobName.DIGEST not in due(PLAN, by_hand, NOW)


def test_a_failure_is_tried_again_after_pauses_and_then_waits() -> None:
    past, now, tries = calm(NOW - D), NOW, []
    while now < NOW + 17 * H:
        if JobName.HARVEST in due(PLAN, past, now):
            tries.append(now)
            past = replace(past, runs=(*past.runs, ran(JobName.HARVEST, now, JobState.FAILED)))
        now += timedelta(minutes=5)
    assert len(tries) == 1 + len(PAUSES) + 1  # and again at the next moment, 05:30
    assert tries[1] - tries[0] == PAUSES[0] + timedelta(minutes=5)
    assert tries[-1] == NOW + 16 * H + timedelta(minutes=30)


def test_a_failing_job_does_not_hold_up_the_others() -> None:
    failing = replace(
        calm(NOW - 8 * D),
        runs=(*calm(NOW - 8 * D).runs, ran(JobName.HARVEST, NOW, JobState.CUT_OFF)),
    )
    assert due(PLAN, failing, NOW) == [JobName.DIGEST, JobName.BACKUP]


def test_a_job_that_a_restart_ended_is_done_at_once() -> None:
    past = calm(NOW - D)
    stopped = replace(past, runs=(*past.runs, ran(JobName.HARVEST, NOW, JobState.STOPPED)))
    assert JobName.HARVEST in due(PLAN, stopped, NOW + timedelta(minutes=1))


def test_runs_of_a_clock_that_was_years_ahead_do_not_count() -> None:
    assert due(PLAN, calm(NOW + 2000 * D), NOW) == due(PLAN, Past(begun=LONG_AGO), NOW)
    assert JobName.REREAD in due(PLAN, calm(NOW + 2000 * D), NOW)
    failed = Past((ran(JobName.HARVEST, NOW + 2000 * D, JobState.FAILED),), begun=NOW)
    assert due(PLAN, failed, NOW) == [JobName.HARVEST]


def test_a_clock_that_was_set_back_does_nothing_twice() -> None:
    assert due(PLAN, calm(NOW), NOW - timedelta(minutes=4)) == []


def test_mails_that_wait_go_out_every_ten_minutes() -> None:
    waiting = replace(calm(NOW), mails=True)
    assert due(PLAN, waiting, NOW + timedelta(minutes=10)) == []
    assert due(PLAN, waiting, NOW + timedelta(minutes=15)) == [JobName.DELIVER]
