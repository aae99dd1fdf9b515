"""Days of scheduled work in minutes: a clock of our own, and everything that goes wrong.

The real daemon, stages, store and PubMed client over a small PubMed server; only the processes of
the jobs are left out, so that a thousand restarts take minutes. `benchmarks/soak.py` runs the long
form, `tests/end_to_end/test_soak.py` the short one.
"""

from __future__ import annotations

import random
import resource
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import event

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.demo.pubmed import PubMedServer, Request, Response
from monitor.digest import stage as digest_stage
from monitor.errors import MonitorError
from monitor.harvest import stage as harvest_stage
from monitor.harvest.entrez import Patience, PubMed
from monitor.ledger import stage as ledger_stage
from monitor.model import Issue, JobName, JobState, Subscriber
from monitor.schedule.child import Ended
from monitor.schedule.daemon import Daemon
from monitor.settings import Settings
from monitor.store import (
    Store,
    articles,
    backup_files,
    backups,
    clock,
    health,
    issues,
    ledger,
    schema,
    subscribers,
)
from tests.demo.test_pubmed_server import record
from tests.fakes.pubmed import FAULTS

START = datetime(2026, 3, 1, 4, tzinfo=UTC)  # before the clocks change in spring
IMPATIENT = Patience(attempts=2, deadline=5, first_pause=0.0005, longest_pause=0.001)
READERS = ("a@example.org", "b@example.org")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = "Low-dose naltrexone in myalgic encephalomyelitis: a pilot trial"


class Killed(BaseException):
    """The process was killed."""


@dataclass
class Report:
    """What happened, and what is wrong with the end of it; `faults` is empty when nothing is."""

    days: int = 0
    looks: int = 0
    jobs: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    kills: int = 0
    jumps: int = 0
    full: int = 0
    servers: int = 0
    papers: int = 0
    issues: int = 0
    mails: int = 0
    megabytes: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Soak:
    """One simulated operation of `days` days, about `restarts` restarts spread over them."""

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        assessor: Assessor,
        *,
        days: int,
        restarts: int,
        seed: int,
    ) -> None:
        self.folder, self.catalog, self.assessor = folder, catalog, assessor
        self.days, self.restarts = days, restarts
        self.rng = random.Random(seed)
        self.true, self.offset = START, timedelta()
        self.report = Report(days=days)
        self.topic = catalog.topic["ldn"].model_copy(update={"query": "naltrexone", "seeds": ()})
        self.settings = Settings(
            timezone="Europe/Berlin",
            harvest_schedule="daily 02:30",  # comes twice in autumn, and not at all in spring
            digest_schedule="sun 02:45",
            backup_schedule="daily 01:10",
            outbox_dir=folder / "outbox",
            backup_dir=folder / "backups",
            backup_keep=3,
            operator_email="operator@example.org",
        )
        self.outage_until = START
        self.kill_at = 0.0
        self.made_at: dict[int, datetime] = {}
        self.pages: int | None = None
        self.server = PubMedServer(today=START.date(), fault=self._fault)
        self.server.clock = lambda: self.true

    def now(self) -> datetime:
        """What the machine's clock says."""
        return self.true + self.offset

    def run(self, told: Callable[[Report], None] = lambda _: None) -> Report:
        """Live through all days, then judge."""
        with self.server:
            self._fill()
            self._start()
            for reader in READERS:
                subscribers.add(self.store, Subscriber(0, reader, START))
            plan = self._plan()
            end = START + self.days * DAY
            while self.true < end:
                if plan and self.true >= plan[0][0]:
                    plan.pop(0)[1]()
                self._look()
                self.true += self.rng.choice((HOUR, 3 * HOUR, 5 * HOUR))
                if self.report.looks % 200 == 0:
                    self._measure()
                    told(self.report)
            self._calm_down()
            self._judge()
        self._stop()
        self._measure()
        return self.report

    def _plan(self) -> list[tuple[datetime, Callable[[], None]]]:
        """What goes wrong and when: restarts and kills all along, each other trouble as it comes."""
        end = self.days * DAY
        found: list[tuple[datetime, Callable[[], None]]] = [
            (START + self.rng.random() * end, self.rng.choice((self._restart, self._kill)))
            for _ in range(self.restarts)
        ]
        for what, times in ((self._jump, self.days // 12), (self._drop, self.days // 40)):
            found += [(START + self.rng.random() * end, what) for _ in range(max(times, 2))]
        found += [
            (START + 0.3 * end, lambda: self._outage(7)),
            (START + 0.5 * end, self._fill_disk),
            (START + 0.7 * end, self._sleep),
        ]
        return sorted(found, key=lambda one: one[0])

    # What goes wrong

    def _restart(self) -> None:
        self.report.restarts += 1
        self._stop()
        self._start()

    def _kill(self) -> None:
        """Kill the process at some commit of the next job."""
        self.kill_at = self.rng.choice((0.02, 0.1, 0.5))

    def _jump(self) -> None:
        """A clock that is minutes, days or years off, until the next jump puts it right."""
        self.report.jumps += 1
        wrong = (20 * 365 * DAY, -4 * 365 * DAY, 5 * DAY, -5 * DAY, HOUR / 3)
        self.offset = timedelta() if self.offset else self.rng.choice(wrong)

    def _drop(self) -> None:
        """The database restarts: connections and lock are gone."""
        self.report.servers += 1
        self.store.close()
        self.daemon.lock.release()

    def _outage(self, days: int) -> None:
        self.outage_until = self.true + days * DAY

    def _fill_disk(self) -> None:
        """The disk is full for two days: not one page more."""
        self.report.full += 1
        with self.store.engine.connect() as connection:
            self.pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        self.full_until = self.true + 2 * DAY
        self.store.close()

    def _sleep(self) -> None:
        self.true += 9 * DAY

    # The machine

    def _start(self) -> None:
        self.store = Store(f"sqlite:///{self.folder / 'monitor.db'}")
        event.listen(self.store.engine, "connect", self._limit)
        with suppress(MonitorError):
            schema.upgrade(self.store)
        event.listen(self.store.engine, "commit", self._perhaps_die)
        self.daemon = Daemon(self.settings, self.store, self.now, self._perform, self._mails)

    def _stop(self) -> None:
        self.daemon.lock.release()
        self.store.close()

    def _limit(self, connection: object, _record: object) -> None:
        if self.pages is not None:
            connection.execute(f"PRAGMA max_page_count = {self.pages}")  # type: ignore[attr-defined]

    def _perhaps_die(self, _connection: object) -> None:
        if self.kill_at and self.rng.random() < self.kill_at:
            self.kill_at = 0.0
            raise Killed

    def _look(self) -> None:
        self.server.today = self.true.date()
        if self.pages is not None and self.true > self.full_until:
            self.pages = None
            self._restart()
        self.report.looks += 1
        try:
            self.daemon.once()
        except Killed:
            self.report.kills += 1
            self._restart()
        with suppress(MonitorError):
            if newest := issues.latest_made(self.store):
                self.made_at.setdefault(newest[0], self.true)

    def _mails(self) -> bool:
        return bool(issues.due(self.store, self.now(), 1))

    def _perform(self, job: JobName, _run: str, _stop: Callable[[], bool]) -> Ended:
        self.report.jobs[job.value] += 1
        try:
            self._do(job)
        except MonitorError as error:
            return Ended(JobState.FAILED, str(error))
        return Ended(JobState.GOOD)

    def _do(self, job: JobName) -> None:
        if job in {JobName.HARVEST, JobName.REREAD}:
            self._harvest(full=job is JobName.REREAD)
        elif job is JobName.BACKUP:
            target = self.settings.backup_dir / backup_files.name(self.now())
            backups.backup(self.store, target)
            backup_files.rotate(self.settings.backup_dir, self.settings.backup_keep)
        else:
            if job is JobName.DIGEST:
                self._update()
                clock.require_true(self.store, self.now())
                apart = self.daemon.plan[job].apart
                digest_stage.make_issue(
                    self.store, self.catalog, self.settings, self.now(), apart=apart
                )
            digest_stage.deliver(self.store, self.catalog, self.settings, self.now)

    def _harvest(self, *, full: bool) -> None:
        pubmed = PubMed(
            self.server.url, "me@example.org", _Free(), patience=IMPATIENT, clock=self.now
        )
        try:
            (receipt,) = harvest_stage.harvest(
                self.store, pubmed, [self.topic], self.now, full=full
            )
        finally:
            pubmed.close()
        self._update()
        if receipt.error:
            raise MonitorError(receipt.error)

    def _update(self) -> None:
        assess_stage.assess(self.store, self.assessor, self.now())
        ledger_stage.update(self.store, self.catalog, self.now())

    def _fault(self, _request: Request, _number: int) -> Response | None:
        if self.true < self.outage_until or self.rng.random() < 0.02:
            return FAULTS["unavailable"]
        return None

    def _fill(self) -> None:
        """A paper every other day; one in five is revised, one in ten shown weeks late."""
        self.last_shown: dict[str, date] = {}
        for number in range(self.days // 2 + 20):
            pmid = 1000 + number
            created = (START + (2 * number - 40) * DAY).date()
            late = self.rng.random() < 0.1
            shown = created + timedelta(days=self.rng.randrange(3, 20) if late else 0)
            xml = record(pmid, f"{WORDS} {pmid}", f"{created:%Y/%m/%d}")
            if late:
                old = "<DateRevised><Year>{:%Y</Year><Month>%m</Month><Day>%d}</Day>"
                xml = xml.replace(old.format(created).encode(), old.format(shown).encode())
            self.server.add(xml, shown)
            self.last_shown[str(pmid)] = shown

    # The end

    def _calm_down(self) -> None:
        """A quiet week with everything in order again."""
        self.offset, self.outage_until, self.kill_at, self.pages = timedelta(), START, 0.0, None
        self._restart()
        for _ in range(9 * 8):
            self._look()
            self.true += 3 * HOUR

    def _judge(self) -> None:
        report, store = self.report, self.store
        say = report.faults.append
        held = articles.held(store)
        there = {p for p, day in self.last_shown.items() if day < self.true.date() - DAY}
        if lost := there - held:
            say(f"lost: {sorted(lost)[:5]} ({len(lost)})")
        for fault in health.faults(store):
            say(f"db check: {fault}")
        made = issues.all_issues(store)
        listed = Counter(p.pmid for i in made for p in i.papers)
        if twice := [p for p, n in listed.items() if n > 1]:
            say(f"told twice: {twice[:5]} ({len(twice)})")
        keys = Counter(e.key for e in ledger.events(store))
        if [k for k, n in keys.items() if n > 1]:
            say("an event was written twice")
        added = {e.pmids[0] for e in ledger.events(store) if e.kind.value == "paper_added"}
        if missing := there - added - {p for p, _ in self._old(there)}:
            say(f"never told: {sorted(missing)[:5]} ({len(missing)})")
        if waiting := issues.untold(store):
            young = [e for e in waiting if self.true - e.at > 8 * DAY]
            if young:
                say(f"{len(young)} events waited for more than a week")
        self._judge_mails(made)
        # By true time: what a wrong clock wrote into an issue says nothing of the time between.
        at = [self.made_at[i.number] for i in made]
        gaps = [b - a for a, b in zip(at, at[1:], strict=False)]
        if short := [g for g in gaps if g < DAY]:
            say(f"{len(short)} issues too soon after the one before, the soonest {min(short)}")
        newest = backup_files.newest(self.settings.backup_dir)
        if newest is None:
            say("no backup")
        else:
            backups.verify(newest)
        report.papers, report.issues = len(held), len(made)

    def _judge_mails(self, made: Sequence[Issue]) -> None:
        say = self.report.faults.append
        mails = list(self.settings.outbox_dir.glob("issue-*.eml"))
        if len(mails) != len(made) * len(READERS):
            say(f"{len(mails)} mails for {len(made)} issues and {len(READERS)} readers")
        ids = Counter(
            line
            for path in mails
            for line in path.read_text("utf-8").splitlines()
            if line.lower().startswith("message-id:")
        )
        if [i for i, n in ids.items() if n > 1] or len(ids) != len(mails):
            say("a Message-ID was used twice")
        if issues.delivery_counts(self.store)["pending"]:
            say("mails are pending")
        self.report.mails = len(mails)

    def _old(self, pmids: set[str]) -> list[tuple[str, date]]:
        """Papers created before the first harvest: the first issue counts them."""
        first = START.date()
        return [(p, d) for p, d in self.last_shown.items() if p in pmids and d <= first]

    def _measure(self) -> None:
        self.server.requests.clear()  # the small PubMed's own log would grow
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            pages = int(file.read().split()[1])
        self.report.megabytes.append(pages * resource.getpagesize() / 1e6)


class _Free:
    def acquire(self) -> None:
        """Nobody to be polite to."""
