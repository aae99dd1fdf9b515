"""`monitor run`: the jobs of the line by their schedules, one leader a database.

Times are those of the operator's zone; weekdays go by name, since a crontab's number means another
day to APScheduler. What was missed while the program was off is caught up once at the start.
"""

from __future__ import annotations

import fcntl
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import text

from monitor.errors import ConfigurationError, MonitorError
from monitor.settings import Settings
from monitor.store import Store, issues, notices, runs

Job = Callable[[], None]
_WHEN: Final = re.compile(r"(daily|mon|tue|wed|thu|fri|sat|sun) ([01]?\d|2[0-3]):([0-5]\d)")
_LOCK_ID: Final = 0x6C646E  # any number that is ours
_WAIT_SECONDS: Final = 15
log = structlog.get_logger()


def trigger(schedule: str, zone: str, name: str) -> CronTrigger:
    """Trigger of "daily 05:30" or "mon 07:00" in a time zone. Raises `ConfigurationError`."""
    found = _WHEN.fullmatch(schedule.strip().lower())
    if not found:
        raise ConfigurationError(
            f'MONITOR_{name}_SCHEDULE: {schedule!r} is not like "daily 05:30" or "mon 07:00".'
        )
    day, hour, minute = found.groups()
    return CronTrigger(
        day_of_week="*" if day == "daily" else day,
        hour=int(hour),
        minute=int(minute),
        timezone=ZoneInfo(zone),
    )


def last_due(when: CronTrigger, now: datetime) -> datetime | None:
    """The last moment at which a trigger fired before `now`, within eight days."""
    moment: datetime | None = None
    at = now - timedelta(days=8)
    while (found := when.get_next_fire_time(moment, at)) is not None and found <= now:
        moment, at = found, found + timedelta(seconds=1)
    return moment


def missed(settings: Settings, store: Store, now: datetime) -> list[str]:
    """Jobs whose last time passed without a good run: they are caught up once."""
    found: list[str] = []
    harvest = last_due(trigger(settings.harvest_schedule, settings.timezone, "HARVEST"), now)
    receipts = list(runs.last(store).values())
    if not receipts or (harvest and any(r.error or r.started < harvest for r in receipts)):
        found.append("harvest")
    digest = last_due(trigger(settings.digest_schedule, settings.timezone, "DIGEST"), now)
    issue = issues.latest(store)
    if digest and (issue is None or issue.made < digest):
        found.append("digest")
    return found


def serve(settings: Settings, store: Store, jobs: Mapping[str, Job]) -> None:
    """Run the jobs until SIGTERM or SIGINT; a second process waits until the first one ends.

    `jobs` are "harvest", "reread" (monthly), "digest" and "deliver" (every ten minutes).
    """
    zone = settings.timezone
    triggers = {
        "harvest": trigger(settings.harvest_schedule, zone, "HARVEST"),
        "digest": trigger(settings.digest_schedule, zone, "DIGEST"),
        "reread": CronTrigger(day=1, hour=3, minute=10, timezone=ZoneInfo(zone)),
        "deliver": CronTrigger(minute="*/10", timezone=ZoneInfo(zone)),
    }
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _leadership(store, stop):
        if stop.is_set():
            return
        scheduler = BackgroundScheduler(
            timezone=ZoneInfo(zone),
            executors={"default": {"type": "threadpool", "max_workers": 1}},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        for name, when in triggers.items():
            scheduler.add_job(_guarded(name, jobs[name], store), when, id=name)
        for name in missed(settings, store, datetime.now(UTC)):
            log.info("caught up", job=name)
            scheduler.add_job(_guarded(name, jobs[name], store), id=f"missed-{name}")
        scheduler.start()
        log.info("running", schedules={n: str(t) for n, t in triggers.items()})
        stop.wait()
        scheduler.shutdown(wait=False)
        log.info("stopped")


def _guarded(name: str, job: Job, store: Store) -> Job:
    """A job whose failure is told to the operator and does not stop the others."""

    def run() -> None:
        started = datetime.now(UTC)
        log.info("started", job=name)
        try:
            job()
        except MonitorError as error:
            log.warning("failed", job=name, reason=str(error))
            notices.add(store, f"{name} failed", str(error), started)
        except Exception as error:
            log.exception("failed", job=name, exc_info=error)
            said = f"{type(error).__name__}: a fault of the program, see its log"
            notices.add(store, f"{name} failed", said, started)
        else:
            seconds = (datetime.now(UTC) - started).total_seconds()
            log.info("done", job=name, seconds=round(seconds, 1))

    return run


@contextmanager
def _leadership(store: Store, stop: threading.Event) -> Iterator[None]:
    """Hold the lock of the database; wait for it, or for `stop`."""
    if store.is_sqlite:
        database = store.engine.url.database or "monitor.db"
        with Path(f"{database}.lock").open("w") as file:
            _wait(lambda: _flock(file), stop)
            yield
        return
    with store.engine.connect() as connection:
        ask = text("SELECT pg_try_advisory_lock(:id)")
        _wait(lambda: bool(connection.execute(ask, {"id": _LOCK_ID}).scalar()), stop)
        yield


def _flock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(take: Callable[[], bool], stop: threading.Event) -> None:
    told = False
    while not stop.is_set() and not take():
        if not told:
            log.info("waiting: another process runs the schedule of this database")
            told = True
        stop.wait(_WAIT_SECONDS)
