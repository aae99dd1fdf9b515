"""Geometry of charts; templates draw it as inline SVG with the same data as a table. Pure.

All charts are 480 units wide, so that their letters can be read on a phone.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.model import ClaimStatus
from monitor.publish.views.lines import DoseRange, Line
from monitor.publish.views.moves import YearMove

WIDTH: Final = 480
_YEARS_HEIGHT: Final = 130
_LABELS: Final = 6
_HALF_LABEL: Final = 22.0


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
        return _within(self.x + self.width / 2)


def _within(x: float) -> float:
    """The middle of a year's label, moved so that the label is not cut at an edge."""
    return round(min(max(x, _HALF_LABEL), WIDTH - _HALF_LABEL), 1)


def years(values: Iterable[int | None]) -> tuple[Bar, ...]:
    """Papers by year, years without papers included."""
    counts = Counter(v for v in values if v)
    if not counts:
        return ()
    span = range(min(counts), max(counts) + 1)
    most, step = max(counts.values()), WIDTH / len(span)
    every = max(1, -(-len(span) // _LABELS))
    return tuple(
        Bar(
            year=year,
            count=counts[year],
            x=round(i * step + step * 0.1, 1),
            y=round(_YEARS_HEIGHT - _YEARS_HEIGHT * counts[year] / most, 1),
            width=round(step * 0.8, 1),
            height=round(_YEARS_HEIGHT * counts[year] / most, 1),
            labelled=(span[-1] - year) % every == every // 2,
        )
        for i, year in enumerate(span)
    )


@dataclass(frozen=True, slots=True)
class YearColumn:
    """A year of a timeline: bars up (for), down (against) and around the line (mixed)."""

    move: YearMove
    x: float
    width: float
    up: float
    down: float
    mixed: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Years through which the status stayed the same."""

    status: ClaimStatus
    start: int
    end: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """How a claim moved; `axis` is the height of the line between for and against."""

    columns: tuple[YearColumn, ...]
    spans: tuple[Span, ...]
    labels: tuple[tuple[int, float], ...]
    axis: float
    width: float
    height: float


_ROOM: Final = 64.0
_STRIP: Final = 26.0


def timeline(moves: Sequence[YearMove]) -> Timeline | None:
    """A column a year from the first paper to the last; None when no paper takes a side."""
    if not moves:
        return None
    first, last = moves[0].year, moves[-1].year
    step = WIDTH / max(last - first + 1, 6)
    most = max(max(m.supports, m.refutes, m.mixed) for m in moves)
    tall = max(m.supports + m.mixed / 2 for m in moves) / most * _ROOM
    deep = max(m.refutes + m.mixed / 2 for m in moves) / most * _ROOM
    axis = round(_STRIP + 20 + max(tall, 8), 1)
    columns = tuple(
        YearColumn(
            m,
            round((m.year - first) * step + step * 0.15, 1),
            round(step * 0.7, 1),
            round(m.supports / most * _ROOM, 1),
            round(m.refutes / most * _ROOM, 1),
            round(m.mixed / most * _ROOM / 2, 1),
        )
        for m in moves
    )
    every = max(1, -(-(last - first + 1) // _LABELS))
    labels = tuple(
        (year, _within((year - first + 0.5) * step)) for year in range(first, last + 1, every)
    )
    width = round((last - first + 1) * step, 1)
    height = round(axis + max(deep, 0) + 42, 1)
    return Timeline(columns, tuple(_spans(moves, first, step)), labels, axis, width, height)


def _spans(moves: Sequence[YearMove], first: int, step: float) -> list[Span]:
    found: list[Span] = []
    last = moves[-1].year
    starts = [m for i, m in enumerate(moves) if not i or moves[i - 1].status is not m.status]
    for move, after in zip(starts, [*starts[1:], None], strict=True):
        end = after.year - 1 if after else last
        width = round((end - move.year + 1) * step, 1)
        found.append(Span(move.status, move.year, end, round((move.year - first) * step, 1), width))
    return found


@dataclass(frozen=True, slots=True)
class DosePoint:
    """A study at its dose and size. `shape` is the id of a symbol; x0 to x1 is a range of doses.

    `x` is where its symbol stands: at x1, or beside it where another one stands there.
    """

    line: Line
    dose: DoseRange
    shape: str
    x0: float
    x1: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class DoseChart:
    """Dose (across) × participants (up, each line ten times the one below) × design (shape)."""

    points: tuple[DosePoint, ...]
    doses: tuple[tuple[int, float], ...]
    sizes: tuple[tuple[int, float], ...]
    height: float


LEFT: Final = 58.0
_DOSE_HEIGHT: Final = 250.0
_MOST_MG: Final = 6.0
_TOP: Final = 26.0
#: Symbols nearer than this hide each other; so many places are tried on either side.
_APART: Final = 14.0
_BESIDE: Final = 3
_SHAPES: Final = {
    "randomized_controlled_trial": "square",
    "non_randomized_controlled_trial": "diamond",
    "single_arm_trial": "diamond",
    "protocol": "ring",
    "cohort": "circle",
    "case_report": "triangle",
    "case_series": "triangle",
}
OTHER_SHAPE: Final = "cross"
SHAPES: Final = ("square", "diamond", "circle", "triangle", "ring", OTHER_SHAPE)


def doses(lines: Iterable[Line]) -> DoseChart:
    """Studies with a low dose in mg and a number of people, set apart where they would meet."""
    found = [
        (line, dose)
        for line in lines
        if line.n and line.stands
        for dose in line.doses
        if not dose.per_kg and dose.low is not False and dose.most <= _MOST_MG
    ]
    found.sort(key=lambda f: (f[1].most, f[1].least, f[0].n or 0, f[0].pmid))
    decades = max(2, math.ceil(math.log10(max((f[0].n or 1 for f in found), default=100))))
    placed = _Placed()
    points = []
    for line, dose in found:
        y = _up(math.log10(line.n or 1) / decades)
        x = _beside(_at(dose.most), y, placed)
        placed.add(x, y)
        shape = _SHAPES.get(line.design, OTHER_SHAPE)
        points.append(DosePoint(line, dose, shape, _at(dose.least), _at(dose.most), x, y))
    return DoseChart(
        tuple(points),
        tuple((mg, _at(mg)) for mg in range(int(_MOST_MG) + 1)),
        tuple((10**e, _up(e / decades)) for e in range(decades + 1)),
        _DOSE_HEIGHT + _TOP + 46,
    )


class _Placed:
    """Symbols by squares as wide as they must be apart, so that only near ones are looked at."""

    def __init__(self) -> None:
        self._squares: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)

    def add(self, x: float, y: float) -> None:
        self._squares[int(x // _APART), int(y // _APART)].append((x, y))

    def free(self, x: float, y: float) -> bool:
        """Whether a symbol there would touch none."""
        column, row = int(x // _APART), int(y // _APART)
        near = (
            self._squares.get((column + right, row + down), ())
            for right in (-1, 0, 1)
            for down in (-1, 0, 1)
        )
        return all(math.hypot(x - px, y - py) >= _APART for square in near for px, py in square)


def _beside(x: float, y: float, placed: _Placed) -> float:
    """The place nearest to x where a symbol at y touches none; x where all near ones are taken."""
    for step in range(_BESIDE + 1):
        for there in (x - step * _APART, x + step * _APART):
            if LEFT <= there <= WIDTH - _APART / 2 and placed.free(there, y):
                return round(there, 1)
    return x


def _up(share: float) -> float:
    return round(_DOSE_HEIGHT * (1 - share) + _TOP, 1)


def _at(mg: float) -> float:
    return round(LEFT + (WIDTH - LEFT - 12) * mg / _MOST_MG, 1)
