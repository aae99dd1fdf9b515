"""How a claim moved year by year, and what would move it, by the rules of status. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from monitor.model import Balance, Bearing, ClaimStatus, Stance
from monitor.publish.views.lines import Line
from monitor.wording import Words

#: Where a claim would stand with these bearings; the ledger's work, handed in.
Weigh = Callable[[str, Sequence[Bearing]], Balance]

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


def by_year(claim: str, bearings: Sequence[Bearing], weigh: Weigh) -> tuple[YearMove, ...]:
    """Years with papers that take a side, by Create Date; papers without one are left out."""
    dated = [(b.created.year, b) for b in bearings if b.created and _counts(b)]
    found = []
    for year in sorted({y for y, _ in dated}):
        new = [b.stance for y, b in dated if y == year]
        status = weigh(claim, [b for y, b in dated if y <= year]).status
        found.append(
            YearMove(
                year,
                new.count(Stance.SUPPORTS),
                new.count(Stance.REFUTES),
                new.count(Stance.MIXED),
                status,
            )
        )
    return tuple(found)


def would_move(
    balance: Balance,
    bearings: Sequence[Bearing],
    lines: Mapping[str, Line],
    weigh: Weigh,
    words: Words,
) -> Iterator[str]:
    """Sentences: how many more papers would change the status, and which paper it hangs on."""
    own = [b for b in bearings if _counts(b)]
    moved = False
    for stance in (Stance.SUPPORTS, Stance.REFUTES):
        for study in (_TRIAL, _COMPARISON):
            found = _least(balance, own, stance, study, weigh)
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
        left = weigh(balance.claim, [b for b in own if b is not bearing]).status
        if left is not balance.status:
            yield words.say(
                "If “%(title)s” were retracted, it would become: %(status)s.",
                title=lines[bearing.pmid].title.rstrip("."),
                status=words.status(left).lower(),
            )


def _least(
    balance: Balance,
    own: Sequence[Bearing],
    stance: Stance,
    study: tuple[str, int, int],
    weigh: Weigh,
) -> tuple[int, ClaimStatus] | None:
    """Fewest studies by new groups on that side that change the status, up to nine."""
    design, tier, n = study
    more = [
        Bearing(f"+{i}", stance, design, tier, f"+{i}", n=n, created=date.min) for i in range(_MOST)
    ]
    for number in range(1, _MOST + 1):
        status = weigh(balance.claim, [*own, *more[:number]]).status
        if status is not balance.status:
            return number, status
    return None


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
