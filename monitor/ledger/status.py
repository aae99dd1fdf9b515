"""Where a claim stands: counts, and a status by the published rules of docs/methods.md. Pure.

Only own data count towards the status; reviews and mentions are counted apart, and what was
retracted or withdrawn counts for nothing. A group of papers counts once on each side, with its
strongest paper on that side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.model import Balance, Bearing, ClaimStatus, Stance

#: Points of a paper by the tier of its design; tier 9 is no evidence of its own.
POINTS = {1: 4.0, 2: 4.0, 3: 3.0, 4: 2.0, 5: 1.0}
#: One point more for a study of so many participants; not for cells and animals (tier 5).
LARGE = 100
#: Below so many groups or points the evidence is thin, whatever it says.
LEAST_GROUPS = 3
LEAST_POINTS = 6.0
#: A side with less than this share of the points does not make a claim contested.
MINORITY = 0.2
_WEAKEST_THAT_CONTESTS = 3
_HUMAN_TIER = 4
#: By what rules sums were made: under others they must be added up anew.
RULES: Final = f"1 {sorted(POINTS.items())} {LARGE} {_HUMAN_TIER}"


def counts(bearing: Bearing) -> bool:
    """Whether a paper's own data take a side, and still stand."""
    return not (bearing.stance is Stance.MENTIONS or bearing.reviewed or bearing.withdrawn)


def points(bearing: Bearing) -> float:
    """How much a paper weighs, by its design and size."""
    found = POINTS.get(bearing.tier, 0.0)
    if found and bearing.tier <= _HUMAN_TIER and (bearing.n or 0) >= LARGE:
        found += 1
    return found


def points_by_side(bearing: Bearing) -> tuple[float, float]:
    """Points for and against; a mixed result gives half to each side."""
    found = points(bearing)
    if bearing.stance is Stance.SUPPORTS:
        return found, 0.0
    if bearing.stance is Stance.REFUTES:
        return 0.0, found
    return found / 2, found / 2


@dataclass(slots=True)
class _Group:
    """Papers of one group, by the points they give for and against, and by stance.

    `best` are the points of its strongest paper on each side.
    """

    sides: dict[Stance, int] = field(default_factory=dict)
    weights: Counter[tuple[float, float]] = field(default_factory=Counter)
    best: tuple[float, float] = (0.0, 0.0)

    def add(self, bearing: Bearing) -> None:
        """Count a paper."""
        favour, against = sides = points_by_side(bearing)
        self.sides[bearing.stance] = self.sides.get(bearing.stance, 0) + 1
        self.weights[sides] += 1
        self.best = (max(self.best[0], favour), max(self.best[1], against))

    def remove(self, bearing: Bearing) -> None:
        """Take a paper away; a stance that no paper is left with goes too."""
        self.weights[points_by_side(bearing)] -= 1
        self.sides[bearing.stance] -= 1
        if not self.sides[bearing.stance]:
            del self.sides[bearing.stance]
        left = [weight for weight, number in self.weights.items() if number]
        self.best = (
            max((favour for favour, _ in left), default=0.0),
            max((against for _, against in left), default=0.0),
        )


@dataclass(slots=True)
class Tally:
    """Counts of one claim that can be kept up paper by paper; `balance` gives the result.

    Sums are of halves, so that adding and taking away is exact.
    """

    claim: str
    takes_no_side: bool = False
    stances: Counter[Stance] = field(default_factory=Counter)
    reviews: int = 0
    withdrawn: int = 0
    participants: Counter[Stance] = field(default_factory=Counter)
    designs: dict[Stance, Counter[tuple[int, str]]] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    totals: list[float] = field(default_factory=lambda: [0.0, 0.0])
    sides: Counter[Stance] = field(default_factory=Counter)
    #: Groups that are in the sums above and whose papers are not at hand.
    unseen: int = 0

    def to_data(self) -> dict[str, Any]:
        """The sums as plain values, for JSON and `of_data`; papers of groups are not kept."""
        return {
            "stances": dict(self.stances),
            "reviews": self.reviews,
            "withdrawn": self.withdrawn,
            "participants": dict(self.participants),
            "designs": [
                [stance, tier, design, number]
                for stance, designs in self.designs.items()
                for (tier, design), number in designs.items()
                if number
            ],
            "groups": len(self.groups) + self.unseen,
            "totals": self.totals,
            "sides": dict(self.sides),
        }

    @classmethod
    def of_data(cls, claim: str, data: Mapping[str, Any], *, takes_no_side: bool) -> Tally:
        """The sums that `to_data` took apart. `restore` each group before it changes."""
        tally = cls(
            claim,
            takes_no_side,
            _by_stance(data["stances"]),
            data["reviews"],
            data["withdrawn"],
            _by_stance(data["participants"]),
            totals=list(data["totals"]),
            sides=_by_stance(data["sides"]),
            unseen=data["groups"],
        )
        for stance, tier, design, number in data["designs"]:
            tally.designs.setdefault(Stance(stance), Counter())[tier, design] = number
        return tally

    def restore(self, bearing: Bearing) -> None:
        """Have a paper at hand that is in the sums; all papers of its group must be restored."""
        if not counts(bearing):
            return
        group = self.groups.get(bearing.group)
        if group is None:
            group = self.groups[bearing.group] = _Group()
            self.unseen -= 1
        group.add(bearing)

    def add(self, bearing: Bearing) -> None:
        """Count a paper."""
        self._change(bearing, 1)

    def remove(self, bearing: Bearing) -> None:
        """Take a paper away again; it must be the bearing that was added."""
        self._change(bearing, -1)

    def _change(self, bearing: Bearing, by: int) -> None:
        if bearing.withdrawn:
            self.withdrawn += by
            return
        if bearing.reviewed and bearing.stance is not Stance.MENTIONS:
            self.reviews += by
            return
        self.stances[bearing.stance] += by
        if bearing.stance is Stance.MENTIONS:
            return
        self.participants[bearing.stance] += by * (bearing.n or 0)
        self.designs.setdefault(bearing.stance, Counter())[bearing.tier, bearing.design] += by
        group = self.groups.get(bearing.group)
        if group is None:
            group = self.groups[bearing.group] = _Group()
        before, known = group.best, bearing.stance in group.sides
        if by > 0:
            group.add(bearing)
        else:
            group.remove(bearing)
        self.totals[0] += group.best[0] - before[0]
        self.totals[1] += group.best[1] - before[1]
        if known is not (bearing.stance in group.sides):
            self.sides[bearing.stance] += by
        if not group.sides:
            del self.groups[bearing.group]

    def best(self, stance: Stance) -> tuple[int, str] | None:
        """Tier and design of the strongest paper with this stance."""
        found = [key for key, number in self.designs.get(stance, {}).items() if number > 0]
        return min(found, default=None)

    def balance(self) -> Balance:
        """Where the claim stands."""
        best_for, best_against = self.best(Stance.SUPPORTS), self.best(Stance.REFUTES)
        status, reason = self._status(best_for, best_against)
        return Balance(
            claim=self.claim,
            status=status,
            reason=reason,
            supports=self.stances[Stance.SUPPORTS],
            refutes=self.stances[Stance.REFUTES],
            mixed=self.stances[Stance.MIXED],
            mentions=self.stances[Stance.MENTIONS],
            reviews=self.reviews,
            withdrawn=self.withdrawn,
            groups_for=self.sides[Stance.SUPPORTS],
            groups_against=self.sides[Stance.REFUTES],
            best_for=best_for[1] if best_for else None,
            best_against=best_against[1] if best_against else None,
            participants_for=self.participants[Stance.SUPPORTS],
            participants_against=self.participants[Stance.REFUTES],
        )

    def _status(
        self, best_for: tuple[int, str] | None, best_against: tuple[int, str] | None
    ) -> tuple[ClaimStatus, str]:
        papers = sum(self.stances[s] for s in Stance if s.takes_side)
        if not papers:
            return self._without_papers()
        counted = self._counted(papers)
        total = sum(self.totals)
        if len(self.groups) + self.unseen < LEAST_GROUPS or total < LEAST_POINTS:
            return ClaimStatus.THIN, f"{counted} Too little to weigh one side against the other."
        against = self.totals[1] / total
        if against > 1 - MINORITY:
            if _outranks(best_for, best_against):
                return ClaimStatus.CONTESTED, f"{counted} The strongest design is in favour."
            return ClaimStatus.CONTRADICTED, self._nearly_all(counted, Stance.REFUTES)
        if against >= MINORITY:
            return ClaimStatus.CONTESTED, f"{counted} Both sides have weight."
        if _outranks(best_against, best_for):
            return ClaimStatus.CONTESTED, f"{counted} The strongest design is against it."
        return ClaimStatus.SUPPORTED, self._nearly_all(counted, Stance.SUPPORTS)

    def _nearly_all(self, counted: str, side: Stance) -> str:
        """The counts, and where the weight lies unless all papers are on that side anyway."""
        others = (s for s in Stance if s.takes_side and s is not side)
        if not any(self.stances[s] for s in others):
            return counted
        return f"{counted} Nearly all the weight is {_ON_THE_SIDE[side]}."

    def _without_papers(self) -> tuple[ClaimStatus, str]:
        if self.takes_no_side:
            mentions = self.stances[Stance.MENTIONS]
            said = _many(mentions, "One paper speaks", "papers speak")
            return ClaimStatus.UNTRACED, f"{said} of it; no side is taken."
        if self.reviews:
            said = _many(self.reviews, "one review takes", "reviews take")
            return ClaimStatus.THIN, f"Only {said} a side on it, and no study."
        if self.withdrawn:
            return ClaimStatus.UNTRACED, "Every paper that took a side was withdrawn or retracted."
        return ClaimStatus.UNTRACED, "No paper found here takes a side on it."

    def _counted(self, papers: int) -> str:
        """Papers and groups on each side, in words."""
        sides = [s for s in Stance if s.takes_side and self.stances[s]]
        if papers == 1:
            return f"One paper, {_WHICH[sides[0]]}."
        groups = len(self.groups) + self.unseen
        people = "one group" if groups == 1 else f"{groups:,} independent groups"
        whole = f"{papers:,} papers by {people}"
        if len(sides) == 1:
            return f"{whole}, {'both' if papers == _TWO else 'all'} {_ON_THE_SIDE[sides[0]]}."
        parts = (f"{self.stances[s]:,} {_ON_THE_SIDE[s]}" for s in _IN_ORDER if self.stances[s])
        return f"{whole}: {', '.join(parts)}."


#: How sides are told, in the order in which they are.
_ON_THE_SIDE: Final = {
    Stance.SUPPORTS: "in favour",
    Stance.REFUTES: "against it",
    Stance.MIXED: "with a mixed result",
}
_TWO: Final = 2
_IN_ORDER: Final = tuple(_ON_THE_SIDE)
_WHICH: Final = {
    Stance.SUPPORTS: "which supports it",
    Stance.REFUTES: "which goes against it",
    Stance.MIXED: "with a mixed result",
}


def _by_stance(numbers: Mapping[str, int]) -> Counter[Stance]:
    return Counter({Stance(name): number for name, number in numbers.items()})


def _outranks(one: tuple[int, str] | None, other: tuple[int, str] | None) -> bool:
    """Whether the best design of one side is a strong one, and stronger than the other's."""
    if one is None or one[0] > _WEAKEST_THAT_CONTESTS:
        return False
    return other is None or min(one[0], 5) < min(other[0], 5)


def _many(number: int, one: str, many: str) -> str:
    """How many do something: one paper speaks, 3 papers speak."""
    return one if number == 1 else f"{number:,} {many}"


def balance(claim: str, bearings: Iterable[Bearing], *, takes_no_side: bool = False) -> Balance:
    """Where a claim stands, from all papers that bear on it. Their order does not matter."""
    tally = Tally(claim, takes_no_side)
    for bearing in bearings:
        tally.add(bearing)
    return tally.balance()
