"""The page of a claim of the source article, or of a mechanism. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from monitor import wording
from monitor.catalog import Catalog, Claim, ClaimKind, Mechanism
from monitor.model import Balance, Bearing, ClaimStatus, FigureCheck, Quote, Stance
from monitor.publish.charts import Timeline, timeline
from monitor.publish.views.lines import Line, design_label
from monitor.publish.views.moves import Weigh, by_year, would_move
from monitor.publish.views.reliability import Reliability, reliability_for
from monitor.wording import Words

SIDES: Final = (Stance.SUPPORTS, Stance.REFUTES, Stance.MIXED, Stance.MENTIONS)
#: How the ledger names a group whose papers name no authors.
_NAMELESS: Final = "authors"
#: Papers on the page of a claim, a side; the list of the claim holds all.
SHOWN: Final = 12
#: Of these, so many at once: the other side must not be a long way down.
FIRST: Final = 5
#: Kinds of claims whose status papers of any design can move.
_MOVABLE: Final = frozenset({ClaimKind.MECHANISM, ClaimKind.DOSE, ClaimKind.USES})


@dataclass(frozen=True, slots=True)
class BearingLine:
    """A paper on the page of a claim. `group` names its group, `kin` counts papers of it here."""

    line: Line
    stance: Stance
    quotes: tuple[Quote, ...]
    reviewed: bool
    withdrawn: bool
    agent: str
    group: str
    kin: int

    @property
    def group_name(self) -> str:
        """The person whom the group is named after; empty where the record names none."""
        return "" if self.group.startswith(_NAMELESS) else self.group.partition(" (")[0]

    @property
    def quote(self) -> Quote | None:
        """The passage to show: the first that says more than the title above it."""
        return next((q for q in self.quotes if q.text != self.line.title), None)


@dataclass(frozen=True, slots=True)
class Side:
    """Papers that take one side: how many there are of each kind, and those that are shown."""

    stance: Stance
    own: int
    reviews: int
    withdrawn: int
    shown: tuple[BearingLine, ...]

    @property
    def first(self) -> tuple[BearingLine, ...]:
        """The strongest, which stand open."""
        return self.shown[:FIRST]

    @property
    def further(self) -> tuple[BearingLine, ...]:
        """The next, which are folded away."""
        return self.shown[FIRST:]

    @property
    def total(self) -> int:
        """All of them, those that do not count included."""
        return self.own + self.reviews + self.withdrawn


@dataclass(frozen=True, slots=True)
class Moved:
    """A day on which the ledger moved, why, and the paper that did it; no title: our rules did."""

    at: datetime
    file: str
    title: str
    status: ClaimStatus
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimHead:
    """What other pages say of a claim or a mechanism: what it is, and where it stands."""

    id: str
    folder: str
    title: str
    says: str
    agent: str
    kind: str
    balance: Balance

    @property
    def status(self) -> ClaimStatus:
        """Its computed status."""
        return self.balance.status


@dataclass(frozen=True, slots=True)
class ClaimView(ClaimHead):
    """The page of a claim or a mechanism.

    `list_file` is the list with all its papers, empty when there are none; `would_move` are
    sentences computed from the rules of status, `would_change` is the curator's word on it. `uses`
    are illnesses with designs and numbers of papers, for a claim about uses; `named` are titles
    of the papers in `figures`, by key; `reliability` says how often such labels are right.
    """

    best_for: str
    best_against: str
    sides: tuple[Side, ...]
    figures: tuple[FigureCheck, ...]
    timeline: Timeline | None
    history: tuple[Moved, ...]
    notes: tuple[tuple[str, str], ...]
    would_move: tuple[str, ...]
    would_change: str
    list_file: str
    reliability: Reliability | None = None
    uses: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)


def claim_head(about: Claim | Mechanism, balance: Balance | None, words: Words) -> ClaimHead:
    """What it is, and where it stands; untraced where that was never computed."""
    untraced = ClaimStatus.UNTRACED
    stands = balance or Balance(about.id, untraced, words.status_means(untraced))
    if isinstance(about, Claim):
        title, says, agent, kind = about.title, about.says, about.agent, about.kind
        folder = "claims"
    else:
        title, says, agent, kind = about.label, about.plain, None, ClaimKind.MECHANISM
        folder = "mechanisms"
    return ClaimHead(
        about.id, folder, words.say(title), words.say(says), agent or "", kind.value, stands
    )


def claim_view(
    about: Claim | Mechanism,
    head: ClaimHead,
    bearings: Sequence[Bearing],
    history: Sequence[tuple[datetime, str, Balance]],
    figures: Sequence[FigureCheck],
    lines: Mapping[str, Line],
    catalog: Catalog,
    weigh: Weigh,
    words: Words,
    known: Mapping[str, Reliability] | None = None,
) -> ClaimView:
    """The page; `lines` are the papers by key, `weigh` gives an empty scale for what would be.

    `known` says by mechanism how often sides were told rightly of labelled papers.
    """
    stands = head.balance
    found = [b for b in bearings if b.pmid in lines]
    movable = not isinstance(about, Claim) or about.kind in _MOVABLE
    scale = weigh(about.id)
    moves = by_year(found, scale)
    return ClaimView(
        id=head.id,
        folder=head.folder,
        title=head.title,
        says=head.says,
        agent=head.agent,
        kind=head.kind,
        balance=stands,
        best_for=design_label(stands.best_for, catalog, words) if stands.best_for else "",
        best_against=(
            design_label(stands.best_against, catalog, words) if stands.best_against else ""
        ),
        sides=tuple(_sides(found, lines)),
        figures=tuple(figures),
        timeline=timeline(moves),
        history=tuple(_history(history, lines)),
        notes=tuple((words.day(n.date), n.text) for n in about.notes)
        if isinstance(about, Claim)
        else (),
        would_move=tuple(would_move(stands, found, lines, scale, words)) if movable else (),
        would_change=words.say(about.would_change) if isinstance(about, Claim) else "",
        list_file=list_name(about) if found else "",
        reliability=reliability_for(about, known or {}),
        uses=tuple(_uses(found, lines, words))
        if isinstance(about, Claim) and about.kind is ClaimKind.USES
        else (),
        named={k: lines[k].title for f in figures for k, _ in f.found if k in lines},
    )


def _uses(
    bearings: Sequence[Bearing], lines: Mapping[str, Line], words: Words
) -> Iterator[tuple[str, tuple[tuple[str, int], ...]]]:
    """Who was studied, most papers first, with the designs, strongest first."""
    standing = [lines[b.pmid] for b in bearings if not b.withdrawn]
    people = Counter(p for x in standing for p in x.populations)
    for who, _ in sorted(people.items(), key=lambda item: (-item[1], item[0])):
        mine = sorted((x for x in standing if who in x.populations), key=lambda x: x.tier)
        yield words.say(who), tuple(Counter(x.design_label for x in mine).items())


def list_name(about: Claim | Mechanism) -> str:
    """File name of the list of all papers that bear on it, without its ending."""
    return f"{'claim' if isinstance(about, Claim) else 'mechanism'}-{about.id.replace('_', '-')}"


def strongest_first(bearings: Iterable[Bearing]) -> list[Bearing]:
    """In the order in which a reader should see them; what was withdrawn comes last."""
    return sorted(bearings, key=lambda b: (b.withdrawn, b.reviewed, b.tier, -(b.n or 0), b.pmid))


def _sides(bearings: Sequence[Bearing], lines: Mapping[str, Line]) -> Iterator[Side]:
    groups = Counter(b.group for b in bearings if b.group)
    for stance in SIDES:
        mine = strongest_first(b for b in bearings if b.stance is stance)
        if mine:
            shown = tuple(_line(b, lines[b.pmid], groups[b.group]) for b in mine[:SHOWN])
            withdrawn = sum(b.withdrawn for b in mine)
            reviews = sum(b.reviewed and not b.withdrawn for b in mine)
            yield Side(stance, len(mine) - withdrawn - reviews, reviews, withdrawn, shown)


def _line(bearing: Bearing, line: Line, kin: int) -> BearingLine:
    return BearingLine(
        line=line,
        stance=bearing.stance,
        quotes=bearing.quotes,
        reviewed=bearing.reviewed,
        withdrawn=bearing.withdrawn,
        agent=bearing.agent or "",
        group=bearing.group,
        kin=kin if bearing.group else 0,
    )


def _history(
    history: Sequence[tuple[datetime, str, Balance]], lines: Mapping[str, Line]
) -> Iterator[Moved]:
    """Changes of status, newest first: what only moved the counts is in the timeline."""
    before: ClaimStatus | None = None
    moves = []
    for at, cause, balance in history:
        if balance.status is not before:
            line = lines.get(cause)
            moves.append(
                Moved(
                    at,
                    wording.file_name(cause) if line else "",
                    line.title if line else cause,
                    balance.status,
                    balance.reason,
                )
            )
        before = balance.status
    return iter(moves[::-1])
