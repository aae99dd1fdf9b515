"""The harvest stage: ask PubMed for what is new or changed, and take it in, batch by batch.

A batch is one transaction, and the watermark of a topic moves with the transaction that closes its
run: killed anywhere, the next run asks for the same days again and finds in the store what it has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from monitor.catalog import Seed, Topic
from monitor.errors import PubMedError, PubMedRefusedError
from monitor.harvest import changes, window
from monitor.harvest.entrez import CEILING, PubMed, SearchResult
from monitor.harvest.records import Parsed, Record
from monitor.harvest.window import Part, Window
from monitor.model import (
    Article,
    Author,
    BadRecord,
    Change,
    Dates,
    Deletion,
    EventKind,
    Journal,
    PartialDate,
    Receipt,
    Revision,
    RunState,
)
from monitor.store import Store, articles, notices, runs

Progress = Callable[[int, int], None]
_BATCH: Final = 200
_DAYS: Final = re.compile(r"\d{4}/\d{1,2}/\d{1,2}")


def harvest(
    store: Store,
    pubmed: PubMed,
    topics: Sequence[Topic],
    now: Callable[[], datetime],
    *,
    since: date | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> tuple[Receipt, ...]:
    """One run of each topic; a topic that fails does not stop the others.

    `since` asks for days of one's choice, `full` for everything again. Failures are in the receipts
    (state, error) and among the operator's notices; they are not raised.
    """
    return tuple(
        _Run(store, pubmed, topic, now, progress).go(since=since, full=full) for topic in topics
    )


@dataclass
class _Run:
    store: Store
    pubmed: PubMed
    topic: Topic
    now: Callable[[], datetime]
    progress: Progress | None
    warnings: list[str] = field(default_factory=list)
    unobtainable: dict[str, str] = field(default_factory=dict)
    new: int = 0
    changed: int = 0
    bad: int = 0

    def go(self, *, since: date | None, full: bool) -> Receipt:
        started = self.now()
        requests = self.pubmed.requests
        last = runs.last_good(self.store, self.topic.id)
        query_hash = hashlib.sha256(self.topic.term.encode()).hexdigest()[:12]
        asked = window.next_window(last, query_hash, started.date(), since=since, full=full)
        receipt = Receipt(
            topic=self.topic.id,
            query=self.topic.term,
            query_hash=query_hash,
            state=RunState.RUNNING,
            started=started,
            finished=None,
            since=asked.since,
            until=asked.until,
            full=asked.everything,
        )
        run = runs.start(self.store, receipt)
        try:
            found, known, translation = self._gather(asked, last, full=full)
            state, error = RunState.GOOD, ""
            if since is not None and last is not None and asked.since > last.until:
                state = RunState.PARTIAL  # days between were not asked for: no watermark
        except PubMedError as failure:
            found, known, translation = 0, 0, ""
            state, error = RunState.FAILED, str(failure)
        finished = self.now()
        receipt = replace(
            receipt,
            state=state,
            finished=finished,
            found=found,
            known=known,
            new=self.new,
            changed=self.changed,
            failed=len(self.unobtainable) + self.bad,
            requests=self.pubmed.requests - requests,
            seconds=round((finished - started).total_seconds(), 3),
            translation=translation,
            warnings=tuple(self.warnings),
            error=error,
        )
        runs.finish(self.store, run, receipt, self.unobtainable)
        self._alarm(receipt, last)
        return receipt

    def _gather(self, asked: Window, last: Receipt | None, *, full: bool) -> tuple[int, int, str]:
        """Search, fetch, take in; (found, of these known and left alone, translation)."""
        first, found, to_read = self._search(asked)
        held = articles.held(self.store)
        retry = set(runs.unobtainable(self.store, self.topic.id))
        seeds = {s.pmid for s in self.topic.seeds if s.pmid}
        new = (found | retry | seeds) - held
        again = to_read & held
        if asked.everything and last is not None:
            again = found & held
        again |= articles.withdrawn(self.store, found)  # PubMed has them back
        if full:  # also those that the search no longer finds: PubMed may have withdrawn them
            again |= articles.held(self.store, self.topic.id)
        wanted = sorted(new | again, key=int)
        self._fetch(wanted)
        articles.link(self.store, self.topic.id, found & held, self.now())
        articles.link(
            self.store, self.topic.id, seeds & articles.held(self.store), self.now(), seed=True
        )
        self._plant([s for s in self.topic.seeds if not s.pmid])
        return len(found), len((found & held) - again), first.translation

    def _search(self, asked: Window) -> tuple[SearchResult, set[str], set[str]]:
        """(first answer, PMIDs found, those of them that were revised in the window)."""
        term = self.topic.term
        if asked.everything:
            first, everything = self._all(term, asked)
            return first, everything, set()
        first, created = self._all(window.created(term, asked), asked, narrowed=True)
        _, revised = self._all(window.revised(term, asked), asked, narrowed=True)
        return first, created | revised, revised

    def _all(
        self, term: str, asked: Window, *, narrowed: bool = False
    ) -> tuple[SearchResult, set[str]]:
        first = self._ask(term)
        if first.count <= CEILING:
            return first, self._complete(first)
        since = asked.since if narrowed else window.FIRST_DAY
        found: set[str] = set()
        waiting = [Part(since, asked.until)]
        if narrowed:  # a revised record may have been created on any day
            waiting = [Part(window.FIRST_DAY, asked.until)]
        while waiting:
            part = waiting.pop()
            answer = self._ask(part.narrow(term))
            if answer.count <= CEILING:
                found |= self._complete(answer)
            elif halves := part.halves():
                waiting.extend(halves)
        if len(found) < first.count:
            found |= self._without_date(term, asked, first.count - len(found))
        return first, found

    def _without_date(self, term: str, asked: Window, missing: int) -> set[str]:
        """Records without a Create Date in any part; PubMed has few, and they must not be lost."""
        outside = f"({term}) NOT {window.FIRST_DAY:%Y/%m/%d}:{asked.until:%Y/%m/%d}[crdt]"
        answer = self._ask(outside)
        if answer.count < missing:
            self.warnings.append(f"{missing - answer.count} hits could not be listed")
        return set(answer.pmids)

    def _ask(self, term: str) -> SearchResult:
        answer = self.pubmed.search(term)
        if answer.fields_unknown:
            raise PubMedRefusedError(
                f"topic {self.topic.id}: PubMed does not know the field "
                f"[{answer.fields_unknown[0]}] and read another query than was meant: "
                f"mend queries/topics/{self.topic.id}.toml."
            )
        self.warnings.extend(w for w in answer.warnings if w not in self.warnings)
        return answer

    def _complete(self, answer: SearchResult) -> set[str]:
        pmids = {p for p in answer.pmids if p.isdigit()}
        if len(pmids) < min(answer.count, CEILING):
            raise PubMedError(
                f"topic {self.topic.id}: PubMed counted {answer.count} records and listed "
                f"{len(pmids)}. Nothing was lost; the next run asks for the same days again."
            )
        return pmids

    def _fetch(self, wanted: Sequence[str]) -> None:
        for at in range(0, len(wanted), _BATCH):
            batch = wanted[at : at + _BATCH]
            self._take_in(batch, self.pubmed.fetch(batch))
            if self.progress:
                self.progress(min(at + _BATCH, len(wanted)), len(wanted))

    def _take_in(self, batch: Sequence[str], records: Iterable[Record]) -> None:
        """Reconcile an answer with what was asked, then store it in one transaction."""
        parsed: dict[str, Parsed] = {}
        bad: dict[str, BadRecord] = {}
        gone: set[str] = set()
        self._sort(records, parsed, bad, gone)
        for pmid in batch:
            if pmid not in parsed and pmid not in bad and pmid not in gone:
                self._sort(self.pubmed.fetch([pmid]), parsed, bad, gone)
        missing = [p for p in batch if p not in parsed and p not in bad]
        self._record({p: r for p, r in parsed.items() if p in set(batch)}, missing)
        if bad:
            articles.record_bad(self.store, self.topic.id, list(bad.values()), self.now())
            self.unobtainable.update({p: b.reason for p, b in bad.items()})

    def _sort(
        self,
        records: Iterable[Record],
        parsed: dict[str, Parsed],
        bad: dict[str, BadRecord],
        gone: set[str],
    ) -> None:
        for record in records:
            if isinstance(record, Parsed):
                known = parsed.get(record.article.pmid)
                if known is None or known.article.version <= record.article.version:
                    parsed[record.article.pmid] = record
            elif isinstance(record, Deletion):
                gone.add(record.pmid)
            elif record.pmid is None:
                articles.record_bad(self.store, self.topic.id, [record], self.now())
                self.bad += 1
            else:
                bad[record.pmid] = record

    def _record(self, parsed: dict[str, Parsed], missing: Sequence[str]) -> None:
        before = articles.articles(self.store, [*parsed, *missing])
        gone = articles.withdrawn(self.store, parsed)
        now = self.now()
        revisions = [_revision(r, before.get(p), now, is_back=p in gone) for p, r in parsed.items()]
        revisions = [r for r in revisions if r.changed or r.article.pmid not in before]
        new = sum(r.article.pmid not in before for r in revisions)
        for pmid in missing:
            if pmid in before:
                revisions.append(_withdrawn(before[pmid], now))
            else:
                self.unobtainable[pmid] = "PubMed lists it but does not deliver it"
        written = articles.record(self.store, self.topic.id, revisions)
        self.new += new
        self.changed += written - new

    def _plant(self, seeds: Sequence[Seed]) -> None:
        """Keep papers that PubMed does not hold, as the operator cited them."""
        known = articles.digests(self.store, [s.key for s in seeds])
        revisions = [_planted(s, self.now()) for s in seeds]
        fresh = [r for r in revisions if known.get(r.article.pmid) != r.digest]
        if fresh:
            articles.record(self.store, self.topic.id, fresh)
        if seeds:
            articles.link(self.store, self.topic.id, [s.key for s in seeds], self.now(), seed=True)

    def _alarm(self, receipt: Receipt, last: Receipt | None) -> None:
        """Tell the operator what a reader must not be told."""
        said: list[str] = []
        if receipt.error:
            said.append(receipt.error)
        if receipt.warnings and (last is None or last.warnings != receipt.warnings):
            said.append("PubMed warns: " + "; ".join(receipt.warnings[:10]))
        if receipt.state is RunState.GOOD and last and _reads_otherwise(last, receipt):
            said.append(
                f"PubMed now reads the query otherwise: {receipt.translation[:500]} "
                f"(before: {last.translation[:500]})"
            )
        if self.unobtainable:
            some = ", ".join(f"{p} ({r})" for p, r in list(self.unobtainable.items())[:10])
            said.append(f"{len(self.unobtainable)} records could not be had: {some}")
        if said:
            subject = f"harvest of {receipt.topic}: {receipt.state.value}"
            notices.add(self.store, subject, "\n".join(said), receipt.started)


def _reads_otherwise(last: Receipt, now: Receipt) -> bool:
    """Whether PubMed translated the same query, asked in the same way, to something else."""
    alike = (last.query_hash, last.full) == (now.query_hash, now.full)
    return alike and _DAYS.sub("", last.translation) != _DAYS.sub("", now.translation)


def _revision(record: Parsed, before: Article | None, now: datetime, *, is_back: bool) -> Revision:
    changed, told = changes.compare(before, record.article, is_back=is_back)
    return Revision(
        article=record.article,
        xml=record.xml,
        digest=changes.digest(record.article),
        fetched=now,
        changed=changed,
        changes=told,
    )


def _withdrawn(article: Article, now: datetime) -> Revision:
    return Revision(
        article=article,
        xml=b"",
        digest=changes.digest(article),
        fetched=now,
        changed=("status",),
        changes=(Change(EventKind.WITHDRAWN),),
        gone=True,
    )


def _planted(seed: Seed, now: datetime) -> Revision:
    names = (name.rpartition(" ") for name in seed.authors)
    article = Article(
        pmid=seed.key,
        title=seed.title,
        authors=tuple(Author(last_name=last or more, initials=more) for last, _, more in names),
        journal=Journal(title=seed.journal),
        dates=Dates(published=PartialDate(seed.year) if seed.year else None),
        doi=seed.doi or "",
        status="Not in PubMed",
    )
    return Revision(article=article, xml=b"", digest=changes.digest(article), fetched=now)
