"""Which jobs are due, decided from what ran. Pure.

Sleep, restarts and clock jumps are therefore nothing special. A job is due once its newest moment
has no good run, however many moments passed meanwhile. One that failed is tried again after pauses,
then waits for its next moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.model import JobName, JobRun, JobState
from monitor.schedule.times import Schedule, parse
from monitor.settings import Settings

#: How long after a failure a job is tried again, by the number of failures.
PAUSES: Final = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
#: Between two runs that deliver what waits.
DELIVER_EVERY: Final = timedelta(minutes=10)
_AHEAD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Past:
    """What the database tells.

    Runs of jobs in any order, when the first harvest began, when the last issue was made, and
    whether mails wait to be delivered.
    """

    runs: tuple[JobRun, ...] = ()
    begun: datetime | None = None
    issue: datetime | None = None
    mails: bool = False


def schedules(settings: Settings) -> dict[JobName, Schedule]:
    """The schedules of the settings. Raises `ConfigurationError`."""
    texts = {
        JobName.REREAD: settings.reread_schedule,
        JobName.HARVEST: settings.harvest_schedule,
        JobName.DIGEST: settings.digest_schedule,
        JobName.BACKUP: settings.backup_schedule,
    }
    return {
        job: parse(text, settings.timezone, f"{job.value.upper()}_SCHEDULE")
        for job, text in texts.items()
    }


def due(plan: Mapping[JobName, Schedule], past: Past, now: datetime) -> list[JobName]:
    """The jobs to do now, in order. A new installation harvests first and waits with the rest."""
    found = [job for job in JobName if job in plan and _is_due(job, plan[job], past, now)]
    if JobName.REREAD in found and JobName.HARVEST in found:
        found.remove(JobName.HARVEST)  # to read everything is to harvest
    if past.mails and _may_deliver(past.runs, now):
        found = [j for j in JobName if j in found or j is JobName.DELIVER]
    return found


def is_overdue(schedule: Schedule, good: datetime | None, now: datetime) -> bool:
    """Whether the last good run lies before a moment that is long past (a day, or two)."""
    grace = timedelta(hours=26 if schedule.day == "daily" else 48)
    return good is None or good < schedule.last(now - grace)


def _is_due(job: JobName, schedule: Schedule, past: Past, now: datetime) -> bool:
    moment = schedule.last(now)
    mine = [r for r in _believed(past.runs, now) if r.job == job]
    good = _good(job, past, now)
    if good is not None and good >= moment:
        return False
    failures = [r for r in mine if r.failed and r.started >= moment]
    if not failures:
        return job is JobName.HARVEST or past.begun is not None
    if len(failures) > len(PAUSES):
        return False
    ended = max(r.finished or r.started for r in failures)
    return now >= ended + PAUSES[len(failures) - 1]


def _good(job: JobName, past: Past, now: datetime) -> datetime | None:
    """When the job, or something that does as much, last began and ended well."""
    alike = {job, JobName.REREAD} if job is JobName.HARVEST else {job}
    found = [
        r.started for r in _believed(past.runs, now) if r.job in alike and r.state is JobState.GOOD
    ]
    if job is JobName.DIGEST and past.issue is not None and past.issue <= now + _AHEAD:
        found.append(past.issue)
    if job is not JobName.HARVEST and past.begun is not None and past.begun <= now + _AHEAD:
        found.append(past.begun)  # before that there was nothing to be missed
    return max(found, default=None)


def _may_deliver(runs: Iterable[JobRun], now: datetime) -> bool:
    ends = [r.finished or r.started for r in _believed(runs, now) if r.job == JobName.DELIVER]
    return not ends or now >= max(ends) + DELIVER_EVERY


def _believed(runs: Iterable[JobRun], now: datetime) -> list[JobRun]:
    """Runs from the future are those of a clock that was wrong: as if they had not been."""
    return [r for r in runs if r.started <= now + _AHEAD]
