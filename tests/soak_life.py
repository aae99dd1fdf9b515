"""One life of the machine's process in the soak: forked, told the time, stopped or killed.

The daemon, stages, store and PubMed client are the real ones. The jobs run in this very process,
so that it bears the memory of all of them.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection

from sqlalchemy import event

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog, Topic
from monitor.digest import stage as digest_stage
from monitor.errors import MonitorError
from monitor.harvest import stage as harvest_stage
from monitor.harvest.entrez import Patience, PubMed
from monitor.ledger import stage as ledger_stage
from monitor.model import JobName, JobState
from monitor.schedule.child import Ended
from monitor.schedule.daemon import Daemon
from monitor.settings import Settings
from monitor.store import Store, backup_files, backups, clock, issues, schema

IMPATIENT = Patience(attempts=2, deadline=5, first_pause=0.0005, longest_pause=0.001)
_LONG = 300.0  # seconds for one look; one takes a fraction of a second


@dataclass(frozen=True)
class World:
    """What every life finds: settings (with the URL of PubMed and of the database), and queries."""

    settings: Settings
    catalog: Catalog
    assessor: Assessor
    topic: Topic


@dataclass(frozen=True)
class Moment:
    """The machine's clock, how many pages the disk has for the database, and the odds of dying.

    `death` is the probability of a SIGKILL at each commit, drawn from `seed`.
    """

    now: datetime
    pages: int | None = None
    death: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Look:
    """What a look came to: the newest issue, and the process' resident megabytes."""

    issue: int | None
    megabytes: float


class Life:
    """The parent's side. Every order is answered, or the process is dead (`EOFError`)."""

    def __init__(self, world: World, moment: Moment) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_live, args=(world, moment, theirs, self._pipe))
        with warnings.catch_warnings():  # that a server's threads are left behind is as we want it
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()
        theirs.close()

    def ask(self, order: str, moment: Moment, did: Callable[[str], None]) -> Look:
        """Have an order carried out; `did` is told of each job that begins."""
        self._pipe.send((order, moment))
        while True:
            if not self._pipe.poll(_LONG):
                raise TimeoutError(f"{order} took longer than {_LONG:.0f} s")
            match self._pipe.recv():
                case Look() as look:
                    return look
                case str() as job:
                    did(job)
                case fault:
                    raise AssertionError(fault)

    def stop(self) -> None:
        """Let it end in order."""
        self._pipe.send(("stop", None))
        self.bury()

    def kill(self) -> None:
        """Kill it between two looks."""
        self._process.kill()
        self.bury()

    def bury(self) -> int | None:
        """Wait for its end; its exit code."""
        self._process.join(_LONG)
        code = self._process.exitcode
        self._process.close()
        self._pipe.close()
        return code


def _live(world: World, moment: Moment, pipe: Connection, parents: Connection) -> None:
    parents.close()  # or we would never see the parent's end
    machine = Machine(world, moment, pipe)
    with suppress(EOFError):
        while True:
            order, given = pipe.recv()
            if order == "stop":
                break
            machine.moment = given
            try:
                pipe.send(machine.carry_out(order))
            except Exception as fault:
                pipe.send((type(fault).__name__, str(fault)))
                raise
    machine.close()


class Machine:
    """The child's side: a store and a daemon by a clock that is told."""

    def __init__(self, world: World, moment: Moment, pipe: Connection) -> None:
        self.world, self.moment, self.pipe = world, moment, pipe
        self.rng = random.Random(moment.seed)
        self.store = Store(world.settings.url)
        event.listen(self.store.engine, "connect", self._limit)
        with suppress(MonitorError):
            schema.upgrade(self.store)
        event.listen(self.store.engine, "commit", self._perhaps_die)
        self.daemon = Daemon(world.settings, self.store, self.now, self._perform, self._mails)

    def now(self) -> datetime:
        """What the machine's clock says."""
        return self.moment.now

    def carry_out(self, order: str) -> Look:
        """`look`: one look at what is due; `newest`: nothing; `drop`: all connections are lost."""
        if order == "look":
            self.daemon.once()
        elif order == "drop":
            self.close()
        newest = None
        with suppress(MonitorError):
            newest = issues.latest_made(self.store)
        return Look(newest[0] if newest else None, _resident())

    def close(self) -> None:
        """Give lock and connections back."""
        self.daemon.lock.release()
        self.store.close()

    def _limit(self, connection: object, _record: object) -> None:
        if self.moment.pages is not None:
            pragma = f"PRAGMA max_page_count = {self.moment.pages}"
            connection.execute(pragma)  # type: ignore[attr-defined]

    def _perhaps_die(self, _connection: object) -> None:
        if self.moment.death and self.rng.random() < self.moment.death:
            os.kill(os.getpid(), signal.SIGKILL)

    def _mails(self) -> bool:
        return bool(issues.due(self.store, self.now(), 1))

    def _perform(self, job: JobName, _run: str, _stop: Callable[[], bool]) -> Ended:
        self.pipe.send(job.value)
        try:
            self._do(job)
        except MonitorError as error:
            return Ended(JobState.FAILED, str(error))
        return Ended(JobState.GOOD)

    def _do(self, job: JobName) -> None:
        settings, catalog = self.world.settings, self.world.catalog
        if job in {JobName.HARVEST, JobName.REREAD}:
            self._harvest(full=job is JobName.REREAD)
        elif job is JobName.BACKUP:
            target = settings.backup_dir / backup_files.name(self.now())
            backups.backup(self.store, target)
            backup_files.rotate(settings.backup_dir, settings.backup_keep)
        else:
            if job is JobName.DIGEST:
                self._update()
                clock.require_true(self.store, self.now())
                apart = self.daemon.plan[job].apart
                digest_stage.make_issue(self.store, catalog, settings, self.now(), apart=apart)
            digest_stage.deliver(self.store, catalog, settings, self.now)

    def _harvest(self, *, full: bool) -> None:
        settings = self.world.settings
        pubmed = PubMed(
            settings.entrez_url, "me@example.org", _Free(), patience=IMPATIENT, clock=self.now
        )
        try:
            (receipt,) = harvest_stage.harvest(
                self.store, pubmed, [self.world.topic], self.now, full=full
            )
        finally:
            pubmed.close()
        self._update()
        if receipt.error:
            raise MonitorError(receipt.error)

    def _update(self) -> None:
        assess_stage.assess(self.store, self.world.assessor, self.now())
        ledger_stage.update(self.store, self.world.catalog, self.now())


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


class _Free:
    def acquire(self) -> None:
        """Nobody to be polite to."""
