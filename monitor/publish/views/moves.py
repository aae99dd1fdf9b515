"""How a claim moved year by year, and what would move it, by the rules of status. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from monitor.model import Balance, Bearing, ClaimStatus, Stance
from monitor.publish.views.lines import Line
from monitor.wording import Words


class Scale(Protocol):
    """Where one claim would stand with the bearings that were added; the ledger's work."""

    def add(self, bearing: Bearing) -> None:
        """Count a paper."""

    def remove(self, bearing: Bearing) -> None:
        """Take a paper away again."""

    def balance(self) -> Balance:
        """Where the claim stands with what is counted."""


#: An empty scale for a claim, handed in.
Weigh = Callable[[str], Scale]

_MOST: Final = 9
_TRIAL: Final = ("randomized_controlled_trial", 2, 100)
_COMPARISON: Final = ("case_control", 4, 40)


@dataclass(frozen=True, slots=True)
class YearMove:
    """Papers with data of their own that took a side in a year, and the status at its end."""

    year: int
    supports: int
    refutes: int
    mixed: int
    status: ClaimStatus


def _counts(bearing: Bearing) -> bool:
    return bearing.stance.takes_side and not (bearing.reviewed or bearing.withdrawn)


def by_year(bearings: Sequence[Bearing], scale: Scale) -> tuple[YearMove, ...]:
    """Years with papers that take a side, by Create Date; papers without one are left out.

    Takes an empty scale and leaves on it all papers that count, those without a date included.
    """
    years: dict[int, list[Bearing]] = defaultdict(list)
    undated = []
    for bearing in filter(_counts, bearings):
        if bearing.created:
            years[bearing.created.year].append(bearing)
        else:
            undated.append(bearing)
    found = tuple(_year(year, years[year], scale) for year in sorted(years))
    for bearing in undated:
        scale.add(bearing)
    return found


def _year(year: int, new: Sequence[Bearing], scale: Scale) -> YearMove:
    for bearing in new:
        scale.add(bearing)
    sides = [b.stance for b in new]
    return YearMove(
        year,
        sides.count(Stance.SUPPORTS),
        sides.count(Stance.REFUTES),
        sides.count(Stance.MIXED),
        scale.balance().status,
    )


def would_move(
    balance: Balance,
    bearings: Sequence[Bearing],
    lines: Mapping[str, Line],
    scale: Scale,
    words: Words,
) -> Iterator[str]:
    """Sentences: how many more papers would change the status, and which paper it hangs on.

    The scale is as `by_year` leaves it, and is left so.
    """
    own = [b for b in bearings if _counts(b)]
    moved = False
    for stance in (Stance.SUPPORTS, Stance.REFUTES):
        for study in (_TRIAL, _COMPARISON):
            found = _least(balance.status, scale, stance, study)
            if found:
                moved = True
                yield _sentence(*found, stance, study, words)
                break
    if not moved:
        yield words.say_many(
            "Not even %(num)s randomised trial on one side, by a new group, would change it.",
            "Not even %(num)s randomised trials on one side, each with 100 people and by a new "
            "group, would change it.",
            _MOST,
        )
    for bearing in sorted(own, key=lambda b: (b.tier, -(b.n or 0), b.pmid))[:1]:
        scale.remove(bearing)
        left = scale.balance().status
        scale.add(bearing)
        if left is not balance.status:
            yield words.say(
                "If “%(title)s” were retracted, it would become: %(status)s.",
                title=lines[bearing.pmid].title.rstrip("."),
                status=words.status(left).lower(),
            )


def _least(
    now: ClaimStatus, scale: Scale, stance: Stance, study: tuple[str, int, int]
) -> tuple[int, ClaimStatus] | None:
    """Fewest studies by new groups on that side that change the status, up to nine."""
    design, tier, n = study
    added = []
    try:
        for number in range(1, _MOST + 1):
            name = f"+{number}"
            added.append(Bearing(name, stance, design, tier, name, n=n, created=date.min))
            scale.add(added[-1])
            status = scale.balance().status
            if status is not now:
                return number, status
        return None
    finally:
        for bearing in added:
            scale.remove(bearing)


def _sentence(
    number: int, status: ClaimStatus, stance: Stance, study: tuple[str, int, int], words: Words
) -> str:
    becomes = words.status(status).lower()
    if stance is Stance.SUPPORTS and study is _TRIAL:
        return words.say_many(
            "%(num)s randomised trial for it, with 100 people and by a new group, would make it: "
            "%(status)s.",
            "%(num)s randomised trials for it, each with 100 people and by a new group, would make "
            "it: %(status)s.",
            number,
            status=becomes,
        )
    if stance is Stance.SUPPORTS:
        return words.say_many(
            "%(num)s comparison of patients and controls for it, by a new group, would make it: "
            "%(status)s.",
            "%(num)s comparisons of patients and controls for it, each by a new group, would make "
            "it: %(status)s.",
            number,
            status=becomes,
        )
    if study is _TRIAL:
        return words.say_many(
            "%(num)s randomised trial against it, with 100 people and by a new group, would make "
            "it: %(status)s.",
            "%(num)s randomised trials against it, each with 100 people and by a new group, would "
            "make it: %(status)s.",
            number,
            status=becomes,
        )
    return words.say_many(
        "%(num)s comparison of patients and controls against it, by a new group, would make it: "
        "%(status)s.",
        "%(num)s comparisons of patients and controls against it, each by a new group, would make "
        "it: %(status)s.",
        number,
        status=becomes,
    )
