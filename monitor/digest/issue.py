"""From events to an issue of the digest. Pure.

Order: corrections of what was told before, what changed in the ledger, new papers by design, the
receipts. An issue holds everything; `personal.py` makes each reader's part of it, and who reads
monthly gets the issues of the month as one (`merge`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from monitor import wording
from monitor.catalog import Catalog
from monitor.model import (
    CORRECTIONS,
    LEDGER_CHANGES,
    Balance,
    ClaimLine,
    ClaimStatus,
    Event,
    EventKind,
    Issue,
    Notice,
    Paper,
    PaperItem,
    Receipt,
)

#: Characters of a passage that a mail shows; the page shows it whole.
_PASSAGE: Final = 320
#: Papers that are old but new to us which an issue lists; more of them are counted.
_OLD: Final = 100
_GONE: Final = frozenset({EventKind.RETRACTED, EventKind.WITHDRAWN})
_UPDATES: Final = frozenset(
    {EventKind.ABSTRACT_ARRIVED, EventKind.PUBLISHED_AS, EventKind.DESIGN_CHANGED}
)
#: Which change of a claim a digest tells when there are several.
_WEIGHT: Final = {
    EventKind.STATUS_CHANGED: 0,
    EventKind.FIRST_REFUTING: 1,
    EventKind.FIRST_RANDOMIZED: 2,
    EventKind.TRIAL_REPORTED: 3,
    EventKind.SECOND_GROUP: 4,
    EventKind.LARGEST: 5,
}
_ORDER: Final = {
    ClaimStatus.SUPPORTED: 0,
    ClaimStatus.CONTESTED: 1,
    ClaimStatus.CONTRADICTED: 2,
    ClaimStatus.THIN: 3,
    ClaimStatus.UNTRACED: 4,
}


def compose(
    events: Sequence[Event],
    papers: Mapping[str, Paper],
    balances: Mapping[str, Balance],
    receipts: Sequence[Receipt],
    before: Issue | None,
    catalog: Catalog,
    now: datetime,
    next_run: datetime | None = None,
) -> Issue:
    """The next issue: number n+1, from the events that no issue has told.

    `papers` holds the papers of the events; events of papers that no topic wants any more are left
    out. `receipts` are all runs since the issue before. The first issue gives the state of the
    evidence and counts old papers instead of listing them; so does a later one of a great many.
    """
    first = before is None
    added = [e for e in events if e.kind is EventKind.PAPER_ADDED and _wanted(e, papers)]
    news = [e for e in added if e.news]
    old = [e for e in added if not e.news]
    counted = first or len(old) > _OLD
    listed = news if counted else [*news, *old]
    # In the first issue every claim has just moved from nothing: its standing says more.
    moved = [] if first else [e for e in events if e.kind in LEDGER_CHANGES and e.news]
    changes = _one_each(moved)
    return Issue(
        number=1 if before is None else before.number + 1,
        made=now,
        since=before.until if before else None,
        until=now,
        first=first,
        corrections=_notices([e for e in events if e.kind in CORRECTIONS], papers),
        changes=_notices([*changes, *(e for e in events if e.kind in _UPDATES)], papers),
        papers=_items(listed, papers, catalog),
        evidence=evidence(balances, catalog) if first else (),
        receipts=sum_up(receipts),
        backlog=len(old) if counted else 0,
        failures=tuple(r for r in receipts if r.error),
        next_run=next_run,
    )


def sum_up(receipts: Iterable[Receipt]) -> tuple[Receipt, ...]:
    """One receipt a topic: numbers added, days from first to last, state that of the last run."""
    found: dict[str, Receipt] = {}
    for one in receipts:
        so_far = found.get(one.topic)
        found[one.topic] = one if so_far is None else _add(so_far, one)
    return tuple(receipt for _, receipt in sorted(found.items()))


def _add(one: Receipt, later: Receipt) -> Receipt:
    return replace(
        later,
        since=min(one.since, later.since),
        until=max(one.until, later.until),
        full=one.full or later.full,
        found=one.found + later.found,
        known=one.known + later.known,
        new=one.new + later.new,
        changed=one.changed + later.changed,
        excluded=one.excluded + later.excluded,
        failed=one.failed + later.failed,
        requests=one.requests + later.requests,
        seconds=one.seconds + later.seconds,
        runs=one.runs + later.runs,
    )


def merge(issues: Sequence[Issue]) -> Issue:
    """Issues in a row as one, under the number of the last.

    A paper that a later issue withdraws is not told as news any more.
    """
    last = issues[-1]
    if len(issues) == 1:
        return last
    corrections = tuple(n for i in issues for n in i.corrections)
    gone = {n.papers[0][0] for n in corrections if n.kind in _GONE and n.papers}
    papers = {p.pmid: p for i in issues for p in i.papers if p.pmid not in gone}
    return replace(
        last,
        since=issues[0].since,
        first=issues[0].first,
        evidence=issues[0].evidence,
        corrections=corrections,
        changes=_last_of_each(n for i in issues for n in i.changes),
        papers=tuple(sorted(papers.values(), key=in_order)),
        receipts=sum_up(r for i in issues for r in i.receipts),
        backlog=sum(i.backlog for i in issues),
        failures=tuple(f for i in issues for f in i.failures),
    )


def _last_of_each(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """The last notice of each kind about each claim, in the order of the kinds' weight."""
    found = {(n.kind, n.claim or n.sentence): n for n in notices}
    return tuple(sorted(found.values(), key=lambda n: _WEIGHT.get(n.kind, len(_WEIGHT))))


def in_order(item: PaperItem) -> tuple[int, str, int, str]:
    """Sorts papers as an issue lists them: strongest design first, then the larger study."""
    return item.tier, item.design, -(item.n or 0), item.pmid


def _one_each(events: Sequence[Event]) -> list[Event]:
    """The most telling change of each claim; its page shows all of them."""
    chosen: dict[str, Event] = {}
    for event in events:
        key = event.claim or event.key
        known = chosen.get(key)
        if known is None or _WEIGHT[event.kind] < _WEIGHT[known.kind]:
            chosen[key] = event
        elif event.kind is known.kind:
            chosen[key] = event  # the later one says where things stand now
    return sorted(chosen.values(), key=lambda e: _WEIGHT[e.kind])


def _wanted(event: Event, papers: Mapping[str, Paper]) -> bool:
    return bool(event.pmids) and event.pmids[0] in papers


def _notices(events: Sequence[Event], papers: Mapping[str, Paper]) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            kind=e.kind,
            sentence=e.sentence,
            papers=tuple((p, papers[p].article.title) for p in e.pmids if p in papers),
            claim=e.claim,
            topics=_topics(e, papers),
            mechanisms=_mechanisms(e, papers),
        )
        for e in events
    )


def _topics(event: Event, papers: Mapping[str, Paper]) -> tuple[str, ...]:
    known = (papers[p].assessment.topics() for p in event.pmids if p in papers)
    return tuple(dict.fromkeys(t for topics in known for t in topics))


def _mechanisms(event: Event, papers: Mapping[str, Paper]) -> tuple[str, ...]:
    found = [event.claim] if event.claim else []
    for pmid in event.pmids:
        if pmid in papers:
            found += [c.mechanism for c in papers[pmid].assessment.claims]
    return tuple(dict.fromkeys(found))


def _items(
    events: Sequence[Event], papers: Mapping[str, Paper], catalog: Catalog
) -> tuple[PaperItem, ...]:
    items = [item(papers[e.pmids[0]], catalog, news=e.news) for e in events]
    return tuple(sorted(items, key=in_order))


def item(paper: Paper, catalog: Catalog, *, news: bool) -> PaperItem:
    """A paper as an issue shows it."""
    article, labels = paper.article, paper.assessment
    design = catalog.design.get(labels.design.id)
    passage = wording.passage(labels)
    if len(passage) > _PASSAGE:
        passage = passage[:_PASSAGE].rsplit(" ", 1)[0] + " …"
    return PaperItem(
        pmid=article.pmid,
        title=article.title or article.vernacular_title,
        citation=wording.citation(article),
        design=labels.design.id,
        design_label=design.label if design else "Unclear design",
        tier=catalog.tier(labels.design.id),
        summary=wording.summarise(article, labels, catalog),
        cannot_show=design.cannot_show if design else "",
        passage=passage,
        n=labels.sample_size.n if labels.sample_size else None,
        topics=labels.topics(),
        mechanisms=tuple(c.mechanism for c in labels.claims if c.stance.takes_side),
        news=news,
        abridged=article.is_abridged,
        doi=article.doi,
    )


def evidence(balances: Mapping[str, Balance], catalog: Catalog) -> tuple[ClaimLine, ...]:
    """Where the claims of the source article stand, the clearest first."""
    lines = [
        ClaimLine(c.id, c.title, balances[c.id].status, balances[c.id].reason)
        if c.id in balances
        else ClaimLine(
            c.id, c.title, ClaimStatus.UNTRACED, wording.status_means(ClaimStatus.UNTRACED)
        )
        for c in catalog.claims
    ]
    return tuple(sorted(lines, key=lambda line: _ORDER[line.status]))
