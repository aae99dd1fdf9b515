"""The process that stays: takes the lead, asks the database what is due, and has it done.

It keeps nothing in memory that the database does not hold. Killed, asleep for a week, or without
its database for an hour, it goes on with what is due then. APScheduler wakes it: at every moment of
the schedules, and every few seconds for what could not be done at its moment.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor.errors import StoreError
from monitor.model import JobName, JobRun, JobState
from monitor.schedule import due
from monitor.schedule.child import Ended
from monitor.schedule.times import Schedule
from monitor.settings import Settings
from monitor.store import Store, issues, jobs, locks, notices
from monitor.store.locks import Lock

_LOOK: Final = 15.0  # seconds between two looks at what is due
_REMEMBERED: Final = timedelta(days=45)
_KEPT: Final = timedelta(days=400)
_CHECKED: Final = 5.0  # seconds between two looks at the lock while a job runs
log = structlog.get_logger()
Perform = Callable[[JobName, str, Callable[[], bool]], Ended]


@dataclass
class Daemon:
    """Runs the schedule of one database.

    `perform` does a job with a run id, and ends it when it is told to stop; `mails` says whether
    any wait, `ping` tells the outside that all is well.
    """

    settings: Settings
    store: Store
    clock: Callable[[], datetime]
    perform: Perform
    mails: Callable[[], bool]
    ping: Callable[[], None] = lambda: None
    stop: threading.Event = field(default_factory=threading.Event)
    look: float = _LOOK
    _told: str = ""

    def __post_init__(self) -> None:
        self.plan = due.schedules(self.settings)
        self.lock = Lock(self.store, locks.LEADER)
        self._checked = 0.0

    def serve(self) -> None:
        """Stay until SIGTERM or SIGINT; a second process waits until the first one is gone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        clockwork = self._clockwork()
        clockwork.start()
        try:
            self.stop.wait()
            clockwork.shutdown(wait=True)
        finally:
            self.lock.release()
        log.info("stopped")

    def _clockwork(self) -> BackgroundScheduler:
        """What calls `once`: one call at a time, however many moments pass meanwhile."""
        # A look that falls into a long job is left out: the job looks again when it has ended.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        clockwork = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        for job, schedule in self.plan.items():
            clockwork.add_job(self.once, _trigger(schedule), id=job.value)
        clockwork.add_job(
            self.once,
            IntervalTrigger(seconds=self.look, timezone=UTC),
            id="look",
            next_run_time=datetime.now(UTC),
        )
        return clockwork

    def once(self) -> None:
        """One look: lead if nobody does, and work off what is due."""
        try:
            if not self.lock.keep() and not self._lead():
                return
            self._work_off()
            self._told = ""
        except StoreError as error:  # the database restarts, or its disk is full
            self._tell("the database cannot be used", reason=str(error))

    def _lead(self) -> bool:
        if not self.lock.take():
            self._tell("waiting: another process runs the schedule of this database")
            return False
        now = self.clock()
        jobs.abandon(self.store, now)
        jobs.prune(self.store, now - _KEPT)
        moments = {job.value: f"{s.next(now):%Y-%m-%d %H:%M} UTC" for job, s in self.plan.items()}
        log.info("leading", database=self.store.url, **moments)
        return True

    def _tell(self, what: str, **more: str) -> None:
        """Log something that lasts once, not at every look."""
        if self._told != what:
            self._told = what
            log.warning(what, **more)

    def _work_off(self) -> None:
        while not self._must_stop():
            waiting = due.due(self.plan, self._past(), self.clock())
            if not waiting:
                return
            self._do(waiting[0])

    def _past(self) -> due.Past:
        issue = issues.latest_made(self.store)
        return due.Past(
            runs=tuple(jobs.since(self.store, self.clock() - _REMEMBERED)),
            begun=jobs.begun(self.store),
            issue=issue[1] if issue else None,
            mails=self.mails(),
        )

    def _do(self, job: JobName) -> None:
        run = uuid4().hex[:8]
        started = self.clock()
        with structlog.contextvars.bound_contextvars(job=job.value, run=run):
            log.info("started")
            number = jobs.start(self.store, job.value, run, started)
            ended = self.perform(job, run, self._must_stop)
            try:
                jobs.finish(self.store, number, ended.state, ended.error, self.clock())
                if ended.state is not JobState.GOOD:
                    jobs.abandon(self.store, self.clock(), run=run)
                self._follow(job, ended)
            finally:
                log.log(
                    _LEVEL[ended.state],
                    ended.state.value,
                    seconds=round((self.clock() - started).total_seconds(), 1),
                    **({"reason": ended.error} if ended.error else {}),
                )

    def _follow(self, job: JobName, ended: Ended) -> None:
        """Tell the operator of a failure, and the outside when all is well."""
        if ended.state in {JobState.FAILED, JobState.CUT_OFF}:
            subject = f"{job.value}: {ended.state.value}"
            notices.add(self.store, subject, ended.error, self.clock())
        elif ended.state is JobState.GOOD and job is not JobName.DELIVER:
            last: list[JobRun] = list(jobs.last(self.store).values())
            if not any(r.failed for r in last if not r.is_part):
                self.ping()

    def _must_stop(self) -> bool:
        """Whether to end the job at hand: we were told to, or the lead is lost."""
        if self.stop.is_set() or not self.lock.held:
            return True
        if time.monotonic() - self._checked < _CHECKED:
            return False
        self._checked = time.monotonic()
        if self.lock.keep():
            return False
        log.warning("the lead is lost: the database was restarted")
        return True


def _trigger(schedule: Schedule) -> CronTrigger:
    """A schedule for APScheduler. It may fire twice in an autumn night: `due` counts once."""
    day = {"daily": {}, "monthly": {"day": 1}}.get(schedule.day, {"day_of_week": schedule.day})
    at = schedule.at
    return CronTrigger(**day, hour=at.hour, minute=at.minute, timezone=schedule.zone)


_LEVEL: Final = {
    JobState.GOOD: 20,
    JobState.STOPPED: 20,
    JobState.FAILED: 40,
    JobState.CUT_OFF: 40,
}
