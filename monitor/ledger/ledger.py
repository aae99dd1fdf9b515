"""The ledger: one paper at a time in, what it changes out. Pure; the stage loads and writes.

    state = Ledger(catalog).open(source)
    for paper in papers:                 # in the ledger's order: Create Date, then PMID
        step = state.apply(paper, now)   # write bearings, balances and events in one transaction

The same papers in the same order give the same steps, in batches of any size. A source that holds
nothing gives a ledger built anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.catalog import Catalog, ClaimKind
from monitor.ledger import events
from monitor.ledger.bearings import BearingReader, Judged
from monitor.ledger.claims import ClaimState
from monitor.ledger.events import About
from monitor.ledger.groups import Signature, keys, signature, why_linked
from monitor.ledger.source import Memory, Nothing, Source, keys_of_texts
from monitor.model import (
    Article,
    Assessment,
    Balance,
    Bearing,
    Change,
    DesignSource,
    Event,
)

_PROTOCOL = "protocol"
_NO_TRIAL = '"registrations":[]'


@dataclass(frozen=True, slots=True)
class LedgerPaper:
    """A paper as the ledger takes it in.

    `before` are the labels that it took in last time, None for a paper new to it; `changes` is what
    PubMed changed since; `gone` marks a record that PubMed withdrew; `announced` says that readers
    were told of the paper; `news` that it is new to the world (`events.is_news`).
    """

    article: Article
    assessment: Assessment
    before: Assessment | None = None
    gone: bool = False
    announced: bool = False
    news: bool = True
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerStep:
    """What one paper changes, to be written whole or not at all.

    `bearings` are all bearings of the paper now; `moved` are those of other papers whose group has
    another name; `balances` are the claims that changed; `memory` is what the ledger wants to find
    again with the paper.
    """

    pmid: str
    bearings: tuple[tuple[str, Bearing], ...]
    moved: tuple[tuple[str, Bearing], ...]
    balances: tuple[Balance, ...]
    events: tuple[Event, ...]
    announced: bool
    memory: str


class Ledger:
    """What a catalog asks of the ledger: its claims and mechanisms, and how papers bear on them."""

    def __init__(self, catalog: Catalog) -> None:
        self.reader = BearingReader(catalog)
        self.tier = catalog.tier
        self.titles = {m.id: m.label for m in catalog.mechanisms} | {
            c.id: c.title for c in catalog.claims
        }
        self.designs = {d.id: d.label for d in catalog.designs}
        self.without_sides = frozenset(c.id for c in catalog.claims if c.kind is ClaimKind.CONTEXT)
        #: Mechanisms that a claim repeats one to one: readers are told of the claim only.
        self.repeated = frozenset(
            c.mechanisms[0]
            for c in catalog.claims
            if c.kind is ClaimKind.MECHANISM and len(c.mechanisms) == 1 and c.agent is None
        )

    def open(self, source: Source | None = None) -> LedgerState:
        """The ledger as a source knows it; without one, empty."""
        return LedgerState(self, source or Nothing())


@dataclass(slots=True)
class LedgerState:
    """The ledger in memory: claims are loaded when a paper first bears on them."""

    ledger: Ledger
    source: Source
    _claims: dict[str, ClaimState] = field(default_factory=dict)
    _texts: Mapping[str, str] = field(init=False)
    _memories: dict[str, Memory] = field(default_factory=dict)
    _registered: dict[str, list[str]] = field(default_factory=dict)
    _touched: dict[str, None] = field(default_factory=dict)
    _holders: dict[str, list[str]] | None = None

    def __post_init__(self) -> None:
        self._texts = self.source.memories()
        for pmid, text in self._texts.items():
            # Reading all of them would take longer than the work itself: most name no trial.
            if text and _NO_TRIAL not in text:
                self._note_registrations(pmid, Memory.of_text(text))

    def memory(self, pmid: str) -> Memory | None:
        """What the ledger keeps with a paper; None for one that it did not take in."""
        found = self._memories.get(pmid)
        if found is None and (text := self._texts.get(pmid)):
            found = self._memories[pmid] = Memory.of_text(text)
        return found

    def _signature(self, pmid: str) -> Signature:
        """Who stands behind a paper; nobody known for one that the ledger lost sight of."""
        memory = self.memory(pmid)
        return memory.signature if memory else Signature(pmid)

    def claim(self, claim: str) -> ClaimState:
        """A claim with all its papers."""
        state = self._claims.get(claim)
        if state is None:
            without = claim in self.ledger.without_sides
            if text := self.source.tally(claim):
                state = ClaimState.of_text(claim, text, takes_no_side=without)
            if state is None:
                papers = self.source.bearings(claim)
                state = ClaimState.restored(claim, papers, self._signature, takes_no_side=without)
            self._claims[claim] = state
        return state

    def tallies(self) -> dict[str, str]:
        """The sums of every claim that was touched since this was last asked, for the source."""
        found = {claim: self.claim(claim).to_text() for claim in self._touched}
        self._touched.clear()
        return found

    def _fetch(self, pmid: str, who: Signature, claims: Collection[str], *, known: bool) -> None:
        """Have at hand what a paper may move on these claims: its group, those linked to it."""
        partial = [c for c in claims if self.claim(c).partial]
        if not partial:
            return
        wanted = {pmid} if known else set()
        wanted.update(self._linked(who))
        missing = [p for p in wanted if not all(self.claim(c).has(p) for c in partial)]
        if not missing:
            return
        found: dict[str, list[Bearing]] = {}
        for claim, bearing in self.source.around(partial, missing):
            found.setdefault(claim, []).append(bearing)
        for claim, bearings in found.items():
            self.claim(claim).restore(bearings, self._signature)
        for claim in partial:
            self.claim(claim).saw(missing)

    def _linked(self, who: Signature) -> Iterable[str]:
        """The papers that count as one group's with a paper, whatever they bear on."""
        if self._holders is None:
            self._holders = self._index()
        papers = dict.fromkeys(p for key in keys(who) for p in self._holders.get(key, ()))
        return (p for p in papers if p != who.pmid and why_linked(who, self._signature(p)))

    def _index(self) -> dict[str, list[str]]:
        """The papers by their authors and laboratories."""
        holders: dict[str, list[str]] = defaultdict(list)
        unread = (t for p, t in self._texts.items() if t and p not in self._memories)
        for pmid, found in keys_of_texts(unread):
            for key in found:
                holders[key].append(pmid)
        for pmid, memory in self._memories.items():
            for key in keys(memory.signature):
                holders[key].append(pmid)
        return holders

    def balances(self) -> dict[str, Balance]:
        """Where every mechanism and claim stands, also those without papers."""
        return {c: self.claim(c).standing().balance for c in self.ledger.titles}

    def apply(self, paper: LedgerPaper, now: datetime) -> LedgerStep:
        """Take one paper in, or anew; what that changes."""
        article, assessment = paper.article, paper.assessment
        known = self.memory(article.pmid)
        withdrawn = paper.gone or article.is_retracted
        tier = self.ledger.tier(assessment.design.id)
        found = self.ledger.reader.all_of(Judged(article, assessment, tier, withdrawn))
        wanted = bool(assessment.topics())
        told = paper.announced
        newly_withdrawn = withdrawn and known is not None and not known.withdrawn
        news = newly_withdrawn or (paper.news and paper.before is None)
        about = About(article.pmid, article.title, now, news)
        happened = list(self._paper_events(paper, about, wanted=wanted))
        memory = _memory(article, assessment, tuple(found), withdrawn=withdrawn)
        concerned = dict.fromkeys((*found, *(known.claims if known else ())))
        self._fetch(article.pmid, memory.signature, concerned, known=known is not None)
        self._touched.update(concerned)
        lost = self._lost(article.pmid, known) if withdrawn else {}
        if newly_withdrawn:
            event = events.evidence_withdrawn(about, lost, self.ledger.titles)
            happened += [event] if event else []
        if wanted and not withdrawn:
            happened += self._trial_events(about, memory, known)
        self._remember(article.pmid, memory)
        own, moved, balances, moves = self._move(article.pmid, found, memory, known, about)
        return LedgerStep(
            pmid=article.pmid,
            bearings=own,
            moved=moved,
            balances=balances,
            events=tuple(happened) + moves,
            announced=told or (wanted and not withdrawn),
            memory=memory.to_text(),
        )

    def _move(
        self,
        pmid: str,
        found: Mapping[str, Bearing],
        memory: Memory,
        known: Memory | None,
        about: About,
    ) -> tuple[
        tuple[tuple[str, Bearing], ...],
        tuple[tuple[str, Bearing], ...],
        tuple[Balance, ...],
        tuple[Event, ...],
    ]:
        """Put the paper into its claims and take it out of those it left."""
        own, moved = [], []
        balances: list[Balance] = []
        happened: list[Event] = []
        left = tuple(c for c in (known.claims if known else ()) if c not in found)
        for claim in (*found, *left):
            state = self.claim(claim)
            before = state.standing()
            bearing = found.get(claim)
            if bearing is None:
                changed = state.remove(pmid)
            else:
                mine, *changed_others = state.put(bearing, memory.signature)
                own.append((claim, mine))
                changed = tuple(changed_others)
            moved += [(claim, b) for b in changed]
            after = state.standing()
            if after.balance != before.balance:
                balances.append(after.balance)
            title = self.ledger.titles.get(claim, claim)
            quiet = claim in self.ledger.repeated
            happened += [
                _quieter(e) if quiet else e
                for e in events.claim_events(about, title, bearing, before, after)
            ]
        return tuple(own), tuple(moved), tuple(balances), tuple(happened)

    def _lost(self, pmid: str, known: Memory | None) -> dict[str, Bearing]:
        """What the paper said before it was withdrawn."""
        claims = known.claims if known else ()
        return {c: b for c in claims if (b := self.claim(c).bearings.get(pmid))}

    def _paper_events(self, paper: LedgerPaper, about: About, *, wanted: bool) -> Iterable[Event]:
        """Events of the paper itself: only readers who were or are told of it want them."""
        if not (wanted or paper.announced):
            return
        after = paper.assessment.design
        if wanted and not paper.announced and not (paper.gone or paper.article.is_retracted):
            label = self.ledger.designs.get(after.id, after.id)
            yield events.paper_added(about, label)
        if paper.announced and paper.before and paper.before.design.id != after.id:
            yield events.design_changed(
                about,
                self.ledger.designs.get(paper.before.design.id, paper.before.design.id),
                self.ledger.designs.get(after.id, after.id),
                paper.assessment.assessor,
                settled=after.source in {DesignSource.INDEXER, DesignSource.BOTH},
            )
        if paper.before is not None:
            yield from events.record_changed(about, paper.changes)

    def _trial_events(self, about: About, memory: Memory, known: Memory | None) -> Iterable[Event]:
        """Registrations that were known from a protocol and that this paper now reports on."""
        if memory.protocol:
            return
        before = known.registrations if known and not known.protocol else ()
        for number in memory.registrations:
            known_papers = self._registered.get(number, ())
            papers = sorted((p for p in known_papers if p != about.pmid), key=lambda p: (len(p), p))
            protocols = [p for p in papers if (m := self.memory(p)) and m.protocol]
            if protocols and len(protocols) == len(papers) and number not in before:
                yield events.trial_reported(about, number, protocols)

    def _remember(self, pmid: str, memory: Memory) -> None:
        old = self.memory(pmid)
        for number in old.registrations if old else ():
            self._registered[number].remove(pmid)
        self._memories[pmid] = memory
        if self._holders is not None:
            for key in keys(memory.signature):
                self._holders.setdefault(key, []).append(pmid)
        self._note_registrations(pmid, memory)

    def _note_registrations(self, pmid: str, memory: Memory) -> None:
        for number in memory.registrations:
            self._registered.setdefault(number, []).append(pmid)


def _memory(
    article: Article, assessment: Assessment, claims: tuple[str, ...], *, withdrawn: bool
) -> Memory:
    numbers = tuple(dict.fromkeys(f.value for f in assessment.registrations))
    return Memory(signature(article), claims, numbers, assessment.design.id == _PROTOCOL, withdrawn)


def _quieter(event: Event) -> Event:
    """The same event, kept for the pages and left out of the digest."""
    return Event(
        event.key,
        event.kind,
        event.at,
        event.sentence,
        event.pmids,
        event.claim,
        news=False,
        detail=event.detail,
    )
