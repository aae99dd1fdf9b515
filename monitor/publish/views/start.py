"""The start page: what is known, what is early, what is not known. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.catalog import Catalog, ClaimKind, Design
from monitor.model import ClaimStatus, Direction
from monitor.publish.views.claims import ClaimHead
from monitor.publish.views.lines import Line
from monitor.publish.views.lists import ListView, newest_first
from monitor.publish.views.trials import PROTOCOL
from monitor.wording import Words, inline, to_say

#: File name of the list of papers on the drug in the illness, without its ending.
DIRECT: Final = "drug-in-illness"
_GROUPS: Final = (
    (to_say("What is known"), (ClaimStatus.SUPPORTED, ClaimStatus.CONTRADICTED)),
    (to_say("What is disputed"), (ClaimStatus.CONTESTED,)),
    (to_say("What is early"), (ClaimStatus.THIN,)),
    (to_say("What is not known"), (ClaimStatus.UNTRACED,)),
)
_RANDOMIZED: Final = "randomized_controlled_trial"
_WEAKEST: Final = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the balance: a sentence, the fixed word for how sure it is, and its page."""

    text: str
    status: ClaimStatus
    reason: str
    page: str


@dataclass(frozen=True, slots=True)
class StartView:
    """The start page.

    `direct` counts papers on the drug in the illness by design, `list_file` holds all of them;
    `groups` are headings with points on the drug, what is known first, even when nothing is;
    `causes` are claims on the illness alone; `study` is the page of a claim about one paper.
    """

    drug: str
    illness: str
    papers: int
    direct: tuple[tuple[str, int], ...]
    groups: tuple[tuple[str, tuple[Point, ...]], ...]
    causes: tuple[ClaimHead, ...]
    list_file: str
    study: str


def start(
    views: Sequence[ClaimHead], lines: Sequence[Line], catalog: Catalog, words: Words
) -> StartView:
    """Where the evidence on the drug in the illness stands, from the claims and the papers."""
    drugs = [t for t in catalog.topics if t.agent]
    illnesses = [t for t in catalog.topics if not t.agent]
    direct = direct_papers(lines, catalog)
    points = [_helps(direct, words)]
    points += [
        Point(v.title, v.status, v.balance.reason, f"{v.folder}/{v.id}.html")
        for v in views
        if v.agent
    ]
    groups = (
        (words.say(heading), tuple(p for p in points if p.status in statuses))
        for heading, statuses in _GROUPS
    )
    known = words.say(_GROUPS[0][0])
    return StartView(
        drug=" / ".join(words.say(t.title) for t in drugs),
        illness=" / ".join(words.say(t.title) for t in illnesses),
        papers=len(direct),
        direct=tuple(_by_design(direct, catalog.designs, words)),
        groups=tuple((h, found) for h, found in groups if found or h == known),
        causes=tuple(v for v in views if not v.agent),
        list_file=DIRECT if direct else "",
        study=next((f"claims/{v.id}.html" for v in views if v.kind == ClaimKind.PAPER), ""),
    )


def direct_papers(lines: Sequence[Line], catalog: Catalog) -> list[Line]:
    """Papers at the core of a topic about a drug that a topic about an illness wants too."""
    drugs = {t.id for t in catalog.topics if t.agent}
    illnesses = {t.id for t in catalog.topics if not t.agent}
    return [x for x in lines if x.stands and drugs & set(x.core) and illnesses & set(x.topics)]


def direct_list(lines: Sequence[Line], catalog: Catalog, words: Words) -> ListView | None:
    """The list of these papers, None when there are none."""
    found = direct_papers(lines, catalog)
    drug, illness = (
        " / ".join(words.say(t.title) for t in catalog.topics if bool(t.agent) is kind)
        for kind in (True, False)
    )
    title = words.say("%(drug)s in %(illness)s", drug=drug, illness=illness)
    return ListView(DIRECT, title, newest_first(found)) if found else None


def _by_design(
    direct: Sequence[Line], designs: Iterable[Design], words: Words
) -> list[tuple[str, int]]:
    """Designs with evidence of their own, and plans, strongest first."""
    count = Counter(x.design for x in direct)
    shown = [d for d in designs if count[d.id] and (d.tier <= _WEAKEST or d.id == PROTOCOL)]
    shown.sort(key=lambda d: d.tier)
    return [
        (inline(words.say(d.label if count[d.id] == 1 else d.plural)), count[d.id]) for d in shown
    ]


def _helps(direct: Sequence[Line], words: Words) -> Point:
    """Whether patients get better is told by randomised trials that have reported, and only so."""
    trials = [x for x in direct if x.design == _RANDOMIZED]
    told: Counter[Direction] = Counter(x.result for x in trials)
    del told[Direction.NOT_STATED]
    planned = sum(1 for x in direct if x.design == PROTOCOL)
    text = words.say("Whether people with the illness feel better with it")
    page = "trials.html"
    if not told:
        reason = words.say("No randomised trial in people with the illness has reported here.")
        if planned:
            reason += " " + words.say_many(
                "%(num)s plan of a study is published.",
                "%(num)s plans of studies are published.",
                planned,
            )
        return Point(text, ClaimStatus.UNTRACED, reason, page)
    reason = words.say_many(
        "%(num)s randomised trial has reported: %(for)s in favour, %(against)s without a "
        "difference or against, %(mixed)s mixed.",
        "%(num)s randomised trials have reported: %(for)s in favour, %(against)s without a "
        "difference or against, %(mixed)s mixed.",
        told.total(),
        **{
            "for": told[Direction.POSITIVE],
            "against": told[Direction.NULL] + told[Direction.NEGATIVE],
            "mixed": told[Direction.MIXED],
        },
    )
    return Point(text, _status(told), reason, page)


def _status(told: Counter[Direction]) -> ClaimStatus:
    """Fewer than three trials are early; after that the side of four in five, or none."""
    least, share = 3, 0.8
    if told.total() < least:
        return ClaimStatus.THIN
    if told[Direction.POSITIVE] >= share * told.total():
        return ClaimStatus.SUPPORTED
    if told[Direction.NULL] + told[Direction.NEGATIVE] >= share * told.total():
        return ClaimStatus.CONTRADICTED
    return ClaimStatus.CONTESTED
