"""What a reader would want to know: the events of a paper, and of a claim before and after. Pure.

Every event has a key that is made of what happened, so that the same history gives the same
events however it is cut into batches, and a plain sentence. `news` is False for what is old and
only new to us: readers find it on the pages, but the digest does not announce it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.ledger.status import counts
from monitor.model import Balance, Bearing, Change, ClaimStatus, Event, EventKind, Stance

#: A record that we see so long after its Create Date is old, only new to us.
NEWS_DAYS = 30
RANDOMIZED = "randomized_controlled_trial"
_LONGEST_TITLE = 140

_STATUS_WORDS = {
    ClaimStatus.SUPPORTED: "supported",
    ClaimStatus.CONTESTED: "contested",
    ClaimStatus.CONTRADICTED: "contradicted",
    ClaimStatus.THIN: "thin evidence",
    ClaimStatus.UNTRACED: "untraced",
}
_CHANGE_WORDS = {
    EventKind.ABSTRACT_ARRIVED: "now has an abstract",
    EventKind.CORRECTED: "was corrected",
    EventKind.CONCERN_RAISED: "carries an expression of concern",
    EventKind.RETRACTED: "was retracted",
    EventKind.WITHDRAWN: "was withdrawn from PubMed",
    EventKind.PUBLISHED_AS: "is a preprint that was now published in a journal",
}
#: Changes that can happen more than once to a paper: the linked notice tells them apart.
_REPEATABLE = frozenset({EventKind.CORRECTED, EventKind.CONCERN_RAISED, EventKind.PUBLISHED_AS})


def is_news(created: date | None, first_seen: datetime, *, first_harvest: bool) -> bool:
    """Whether a paper is new to the world and not only to us; undated ones are not."""
    if first_harvest or created is None:
        return False
    return first_seen.date() - created <= timedelta(days=NEWS_DAYS)


@dataclass(frozen=True, slots=True)
class About:
    """The paper that events are about."""

    pmid: str
    title: str
    at: datetime
    news: bool

    @property
    def named(self) -> str:
        """The title in quotation marks, cut when long."""
        title = self.title.strip().rstrip(".")
        if len(title) > _LONGEST_TITLE:
            title = title[:_LONGEST_TITLE].rsplit(" ", 1)[0] + " …"
        return f"“{title}”"

    def event(
        self,
        kind: EventKind,
        sentence: str,
        *key: str,
        claim: str | None = None,
        others: Iterable[str] = (),
        news: bool | None = None,
        detail: str = "",
    ) -> Event:
        """An event about this paper; `key` is what tells it from others of its kind."""
        return Event(
            key=":".join((kind.value, *key)),
            kind=kind,
            at=self.at,
            sentence=sentence,
            pmids=tuple(dict.fromkeys((self.pmid, *others))),
            claim=claim,
            news=self.news if news is None else news,
            detail=detail,
        )


def paper_added(paper: About, design_label: str) -> Event:
    """A paper that a topic wants, told once."""
    sentence = f"New: {paper.named} ({design_label})."
    return paper.event(EventKind.PAPER_ADDED, sentence, paper.pmid)


def design_changed(paper: About, before: str, after: str, assessor: str, *, settled: bool) -> Event:
    """The label of the study design changed; `settled` when PubMed's indexer now names it."""
    why = "PubMed's indexers have settled it" if settled else "its record or our rules changed"
    sentence = f"The study design of {paper.named} is now {after}, before {before}: {why}."
    return paper.event(
        EventKind.DESIGN_CHANGED, sentence, paper.pmid, f"{before}>{after}", assessor
    )


def record_changed(paper: About, changes: Iterable[Change]) -> list[Event]:
    """What PubMed changed in a record. We saw it happen, so it is news however old the paper is."""
    found = []
    for change in changes:
        key = [paper.pmid]
        if change.kind in _REPEATABLE:
            key.append(change.other or change.detail or "unnamed")
        words = _CHANGE_WORDS.get(change.kind)
        if words is None:
            continue
        more = f" ({change.detail})" if change.detail else ""
        others = (change.other,) if change.other else ()
        found.append(
            paper.event(
                change.kind,
                f"{paper.named} {words}{more}.",
                *key,
                others=others,
                news=True,
                detail=change.detail,
            )
        )
    return found


def evidence_withdrawn(
    paper: About, lost: Mapping[str, Bearing], titles: Mapping[str, str]
) -> Event | None:
    """A paper that took sides was retracted or withdrawn: which claims leaned on it."""
    leaned = [claim for claim, bearing in lost.items() if counts(bearing) or bearing.reviewed]
    leaned = [claim for claim in leaned if lost[claim].stance.takes_side]
    if not leaned:
        return None
    claims = "; ".join(titles.get(claim, claim) for claim in leaned)
    sentence = f"{paper.named} no longer counts as evidence. It had taken a side on: {claims}."
    return paper.event(
        EventKind.EVIDENCE_WITHDRAWN, sentence, paper.pmid, news=True, detail=",".join(leaned)
    )


def trial_reported(paper: About, registration: str, protocols: Iterable[str]) -> Event:
    """A trial known from its protocol has reported."""
    sentence = (
        f"A trial that was known from its protocol ({registration}) has reported: {paper.named}."
    )
    return paper.event(
        EventKind.TRIAL_REPORTED, sentence, registration, others=protocols, detail=registration
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim at one moment: its balance, and what its events compare with.

    `randomized` counts randomised trials that take a side; `largest` is the greatest number of
    participants of a paper that does, 0 when none tells it.
    """

    balance: Balance
    randomized: int
    largest: int


def claim_events(
    paper: About, title: str, bearing: Bearing | None, before: Standing | None, after: Standing
) -> list[Event]:
    """What one paper did to one claim. `bearing` is the paper's new one, None when it left.

    A claim that had no paper before has no "first" or "largest" to tell beyond its own beginning.
    """
    claim = after.balance.claim
    found = []
    if bearing is not None and counts(bearing):
        found = list(_milestones(paper, title, claim, bearing, before, after))
    old = before.balance.status if before else ClaimStatus.UNTRACED
    new = after.balance.status
    if old is not new:
        sentence = (
            f"{title}: the balance moved from {_STATUS_WORDS[old]} to {_STATUS_WORDS[new]}. "
            f"{after.balance.reason}"
        )
        key = (claim, f"{old}>{new}", paper.pmid)
        found.append(paper.event(EventKind.STATUS_CHANGED, sentence, *key, claim=claim))
    return found


def _milestones(
    paper: About,
    title: str,
    claim: str,
    bearing: Bearing,
    before: Standing | None,
    after: Standing,
) -> Iterable[Event]:
    had = before.balance if before else None
    if bearing.design == RANDOMIZED and not (before and before.randomized):
        sentence = f"{title}: first randomised trial, {paper.named}. {_says(bearing)}"
        yield paper.event(EventKind.FIRST_RANDOMIZED, sentence, claim, paper.pmid, claim=claim)
    if bearing.stance is Stance.REFUTES and not (had and had.refutes):
        sentence = f"{title}: first result against it, {paper.named}."
        yield paper.event(EventKind.FIRST_REFUTING, sentence, claim, paper.pmid, claim=claim)
    if had and had.groups_for == 1 and after.balance.groups_for == 2:  # noqa: PLR2004
        sentence = f"{title}: a second, independent group now supports it, {paper.named}."
        yield paper.event(EventKind.SECOND_GROUP, sentence, claim, paper.pmid, claim=claim)
    if before and before.largest and (bearing.n or 0) > before.largest:
        sentence = (
            f"{title}: largest study so far ({bearing.n:,} participants, before "
            f"{before.largest:,}), {paper.named}. {_says(bearing)}"
        )
        yield paper.event(EventKind.LARGEST, sentence, claim, paper.pmid, claim=claim)


def _says(bearing: Bearing) -> str:
    return {
        Stance.SUPPORTS: "Its result is for it.",
        Stance.REFUTES: "Its result is against it.",
        Stance.MIXED: "Its result is mixed.",
    }.get(bearing.stance, "")
