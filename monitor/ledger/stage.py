"""The ledger stage: take in every paper that is new or changed, in small transactions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from monitor.catalog import Catalog, Claim, ClaimKind, Figure
from monitor.ledger.claims import ClaimState
from monitor.ledger.events import is_news
from monitor.ledger.figures import FigureReader
from monitor.ledger.ledger import Ledger, LedgerPaper
from monitor.ledger.status import Tally, balance
from monitor.model import Balance, Bearing, FigureCheck, Level, Paper
from monitor.store import Store, issues
from monitor.store import ledger as rows

_BATCH: Final = 500
_FIRST_PERIOD: Final = timedelta(days=7)


class _Stored:
    """What the store knows, as the ledger asks for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tallies = rows.tallies(store)

    def bearings(self, claim: str) -> Iterable[Bearing]:
        """All bearings on a claim."""
        return rows.bearings(self._store, [claim]).get(claim, [])

    def tally(self, claim: str) -> str | None:
        """The sums over them, if they were noted."""
        return self._tallies.get(claim)

    def around(
        self, claims: Collection[str], pmids: Collection[str]
    ) -> Iterable[tuple[str, Bearing]]:
        """Bearings of these papers and of their groups on these claims."""
        return rows.bearings_around(self._store, claims, pmids)

    def memories(self) -> Mapping[str, str]:
        """What the ledger kept with every paper."""
        return rows.memories(self._store)


def update(
    store: Store,
    catalog: Catalog,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Take in what is outstanding; how many papers that was.

    Each batch is one transaction; killed in between, the next run goes on with the next paper. Two
    processes must not do this at once: see `monitor.schedule`.
    """
    total = rows.count_outstanding(store)
    if not total:
        return 0
    state = Ledger(catalog).open(_Stored(store))
    first_harvest = issues.latest(store) is None
    done = 0
    while batch := rows.outstanding(store, _BATCH):
        steps: list[rows.Step] = []
        for waiting in batch:
            step = state.apply(_paper(waiting, first_harvest=first_harvest), now)
            steps.append(
                rows.Step(
                    pmid=step.pmid,
                    version_id=waiting.version_id,
                    assessment_id=waiting.assessment_id,
                    announced=step.announced,
                    bearings=step.bearings,
                    balances=step.balances,
                    events=step.events,
                    moved=step.moved,
                    memory=step.memory,
                )
            )
        rows.record(store, steps, now, state.tallies())
        done += len(steps)
        if progress:
            progress(done, total)
        if len(batch) < _BATCH:
            break  # to ask again would be to look through all papers once more
    return done


def restate(store: Store, catalog: Catalog, now: datetime) -> int:
    """Bring stored balances to the words and rules of this version; how many claims had others.

    `update` writes a claim only when a paper moves it.
    """
    balances, tallies = rows.balances(store), rows.tallies(store)
    without_sides = _without_sides(catalog)
    found, moved = [], set()
    for claim, before in balances.items():
        after = _standing(store, claim, tallies[claim], takes_no_side=claim in without_sides)
        if after != before:
            found.append(after)
        if after != replace(before, reason=after.reason):
            moved.add(claim)
    if found:
        rows.restate(store, found, moved, now)
    return len(found)


def _standing(store: Store, claim: str, tally: str, *, takes_no_side: bool) -> Balance:
    if tally:
        state = ClaimState.of_text(claim, tally, takes_no_side=takes_no_side)
        if state is not None:
            return state.standing().balance
    bearings = rows.bearings(store, [claim]).get(claim, [])
    return balance(claim, bearings, takes_no_side=takes_no_side)


def _paper(waiting: rows.Outstanding, *, first_harvest: bool) -> LedgerPaper:
    created = waiting.article.dates.created
    news = is_news(created, waiting.first_seen, first_harvest=False)
    if first_harvest and created is not None:
        # The first issue tells of the last days only; what is older is the state of the evidence.
        news = news and waiting.first_seen.date() - created <= _FIRST_PERIOD
    return LedgerPaper(
        article=waiting.article,
        assessment=waiting.assessment,
        before=waiting.before,
        gone=waiting.gone,
        announced=waiting.announced,
        news=news,
        changes=waiting.changes,
    )


def weigher(catalog: Catalog) -> Callable[[str], Tally]:
    """For pages that ask "what if": an empty tally of a claim, for other bearings than it has."""
    without_sides = _without_sides(catalog)
    return lambda claim: Tally(claim, claim in without_sides)


def _without_sides(catalog: Catalog) -> frozenset[str]:
    return frozenset(c.id for c in catalog.claims if c.kind is ClaimKind.CONTEXT)


def check_figures(claim: Claim, papers: Sequence[Paper]) -> list[FigureCheck]:
    """The figures of a claim looked for in the abstracts of papers of its topics."""
    wanted = [
        p.article
        for p in papers
        if not claim.topics or any(p.assessment.level(t) is not Level.OFF for t in claim.topics)
    ]
    return [_reader(figure).check(wanted) for figure in claim.figures]


@cache
def _reader(figure: Figure) -> FigureReader:
    return FigureReader(figure)
