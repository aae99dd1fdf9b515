"""Days of scheduled work in minutes: a clock of our own, and everything that goes wrong.

The real daemon, stages, store and PubMed client over a small PubMed server, in a process that is
restarted and killed for true (`soak_life.py`). Only the processes of the jobs are left out: they
run in the daemon's. `benchmarks/soak.py` runs the long form, `tests/end_to_end/test_soak.py` the
short one.
"""

from __future__ import annotations

import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.demo.pubmed import PubMedServer, Request, Response
from monitor.model import Issue, JobName, Subscriber
from monitor.schedule import due
from monitor.settings import Settings
from monitor.store import (
    Store,
    articles,
    backup_files,
    backups,
    health,
    issues,
    ledger,
    schema,
    subscribers,
)
from tests.demo.test_pubmed_server import record
from tests.fakes.pubmed import FAULTS
from tests.soak_life import Life, Moment, World

START = datetime(2026, 3, 1, 4, tzinfo=UTC)  # before the clocks change in spring
READERS = ("a@example.org", "b@example.org")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = "Low-dose naltrexone in myalgic encephalomyelitis: a pilot trial"
QUIET = 9 * DAY  # at the end, with everything in order


@dataclass
class Report:
    """What happened, and what is wrong with the end of it; `faults` is empty when nothing is."""

    days: int = 0
    looks: int = 0
    jobs: Counter[str] = field(default_factory=Counter)
    restarts: int = 0  # of the process, kills among them
    kills: int = 0
    jumps: int = 0
    full: int = 0
    servers: int = 0
    papers: int = 0
    issues: int = 0
    mails: int = 0
    nearest: timedelta = timedelta()  # between two issues
    megabytes: list[float] = field(default_factory=list)  # of the process, after each look
    faults: list[str] = field(default_factory=list)


class Soak:
    """One simulated operation of `days` days with `restarts` restarts, half of them kills."""

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
        self.days, self.restarts = days, restarts
        self.rng, self.odds = random.Random(seed), random.Random(seed + 1)
        self.true, self.offset = START, timedelta()
        self.report = Report(days=days)
        self.outage_until = self.full_until = START
        self.deaths: list[float] = []
        self.made_at: dict[int, datetime] = {}
        self.pages: int | None = None
        self.server = PubMedServer(today=START.date(), fault=self._fault)
        self.server.clock = lambda: self.true
        self.database = folder / "monitor.db"
        self.settings = Settings(
            database_url=f"sqlite:///{self.database}",
            timezone="Europe/Berlin",
            harvest_schedule="daily 02:30",  # comes twice in autumn, and not at all in spring
            digest_schedule="sun 02:45",
            backup_schedule="daily 01:10",
            outbox_dir=folder / "outbox",
            backup_dir=folder / "backups",
            backup_keep=3,
            operator_email="operator@example.org",
        )
        topic = catalog.topic["ldn"].model_copy(update={"query": "naltrexone", "seeds": ()})
        self.world = World(self.settings, catalog, assessor, topic)

    def run(self, told: Callable[[Report], None] = lambda _: None) -> Report:
        """Live through all days, then judge."""
        with self.server:
            self._set_up()
            self.life = Life(self.world, self._moment())
            plan = self._plan()
            end = START + self.days * DAY
            while self.true < end:
                if plan and self.true >= plan[0][0]:
                    plan.pop(0)[1]()
                self._look()
                self.true += self.rng.choice((HOUR, 3 * HOUR, 5 * HOUR))
                if self.report.looks % 200 == 0:
                    told(self.report)
            self._calm_down([what for _, what in plan])
            self.life.stop()
            with closing(Store(self.settings.url)) as store:
                self._judge(store)
        return self.report

    def _set_up(self) -> None:
        self._fill()
        with closing(Store(self.settings.url)) as store:
            schema.upgrade(store)
            for reader in READERS:
                subscribers.add(store, Subscriber(0, reader, START))
        found = self.settings.model_copy(update={"entrez_url": self.server.url})
        self.world = replace(self.world, settings=found)

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
        self.life.stop()
        self.life = Life(self.world, self._moment())

    def _kill(self) -> None:
        """Kill the process at some commit of a job to come."""
        self.deaths.append(self.rng.choice((0.02, 0.1, 0.5)))

    def _jump(self) -> None:
        """A clock that is minutes, days or years off, until the next jump puts it right."""
        self.report.jumps += 1
        wrong = (20 * 365 * DAY, -4 * 365 * DAY, 5 * DAY, -5 * DAY, HOUR / 3)
        self.offset = timedelta() if self.offset else self.rng.choice(wrong)

    def _drop(self) -> None:
        """The database restarts: connections and lock are gone."""
        self.report.servers += 1
        self._ask("drop")

    def _outage(self, days: int) -> None:
        self.outage_until = self.true + days * DAY

    def _fill_disk(self) -> None:
        """The disk is full for two days: not one page more."""
        self.report.full += 1
        with closing(sqlite3.connect(self.database)) as connection:
            (self.pages,) = connection.execute("PRAGMA page_count").fetchone()
        self.full_until = self.true + 2 * DAY
        self._ask("drop")

    def _sleep(self) -> None:
        self.true += 9 * DAY

    # The machine

    def _moment(self) -> Moment:
        death = self.deaths[0] if self.deaths else 0.0
        return Moment(self.true + self.offset, self.pages, death, self.rng.getrandbits(32))

    def _look(self) -> None:
        self.server.today = self.true.date()
        if self.pages is not None and self.true > self.full_until:
            self.pages = None
            self._ask("drop")
        self.report.looks += 1
        self._ask("look")

    def _ask(self, order: str) -> None:
        """Have the process do something; when it dies of it, another one is started."""
        try:
            look = self.life.ask(order, self._moment(), self._count)
        except EOFError:
            if (code := self.life.bury()) != -signal.SIGKILL:
                raise AssertionError(f"the process ended by itself, with {code}") from None
            self._reborn()
            return
        if look.issue is not None:
            self.made_at.setdefault(look.issue, self.true)
        self.report.megabytes.append(look.megabytes)
        self.server.requests.clear()  # the small PubMed's own log would grow

    def _reborn(self) -> None:
        self.report.kills += 1
        self.report.restarts += 1
        self.deaths = self.deaths[1:]
        self.life = Life(self.world, self._moment())
        self._ask("newest")

    def _count(self, job: str) -> None:
        self.report.jobs[job] += 1

    def _fault(self, _request: Request, _number: int) -> Response | None:
        if self.true < self.outage_until or self.odds.random() < 0.02:
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

    def _calm_down(self, left: Sequence[Callable[[], None]]) -> None:
        """Carry out what is left of the plan; then quiet days with everything in order again."""
        for what in left:
            what()
        while self.deaths:  # no commit was theirs
            self.life.kill()
            self._reborn()
        self.offset, self.outage_until, self.pages = timedelta(), START, None
        self._ask("drop")
        end = self.true + QUIET
        while self.true < end:
            self._look()
            self.true += 3 * HOUR

    def _judge(self, store: Store) -> None:
        report = self.report
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
        self._judge_mails(store, made)
        # By true time: what a wrong clock wrote into an issue says nothing of the time between.
        at = [self.made_at[i.number] for i in made]
        gaps = [b - a for a, b in zip(at, at[1:], strict=False)]
        report.nearest = min(gaps, default=timedelta())
        # An hour is allowed to a clock that is minutes off.
        apart = due.schedules(self.settings)[JobName.DIGEST].apart - HOUR
        if short := [g for g in gaps if g < apart]:
            say(f"{len(short)} issues too soon after the one before, the soonest {min(short)}")
        newest = backup_files.newest(self.settings.backup_dir)
        if newest is None:
            say("no backup")
        else:
            backups.verify(newest)
        report.papers, report.issues = len(held), len(made)

    def _judge_mails(self, store: Store, made: Sequence[Issue]) -> None:
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
        if issues.delivery_counts(store)["pending"]:
            say("mails are pending")
        self.report.mails = len(mails)

    def _old(self, pmids: set[str]) -> list[tuple[str, date]]:
        """Papers created before the first harvest: the first issue counts them."""
        first = START.date()
        return [(p, d) for p, d in self.last_shown.items() if p in pmids and d <= first]
