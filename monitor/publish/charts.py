"""Geometry of charts; templates draw it as inline SVG with the same data as a table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_WIDTH: Final = 700
_HEIGHT: Final = 145
_LABELS: Final = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the chart of years, in units of its view box."""

    year: int
    count: int
    x: float
    y: float
    width: float
    height: float
    labelled: bool

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 1)


def years(values: Iterable[int | None]) -> tuple[Bar, ...]:
    """Papers by year, years without papers included."""
    counts = Counter(v for v in values if v)
    if not counts:
        return ()
    span = range(min(counts), max(counts) + 1)
    most, step = max(counts.values()), _WIDTH / len(span)
    every = max(1, -(-len(span) // _LABELS))
    return tuple(
        Bar(
            year=year,
            count=counts[year],
            x=round(i * step + step * 0.1, 1),
            y=round(_HEIGHT - _HEIGHT * counts[year] / most, 1),
            width=round(step * 0.8, 1),
            height=round(_HEIGHT * counts[year] / most, 1),
            labelled=(span[-1] - year) % every == 0,
        )
        for i, year in enumerate(span)
    )
