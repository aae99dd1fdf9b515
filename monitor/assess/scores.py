"""Precision, recall, F1, intervals and calibration. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Standard normal quantile of a 95% interval.
_Z = 1.959964


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95% interval of a proportion after Wilson; (0, 1) without any case."""
    if total == 0:
        return 0.0, 1.0
    p, z2 = hits / total, _Z * _Z
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z / (1 + z2 / total) * math.sqrt(p * (1 - p) / total + z2 / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Rate:
    """A proportion with its counts."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """The proportion; None without any case."""
        return self.hits / self.total if self.total else None

    def as_json(self) -> dict[str, object]:
        """Counts, value and 95% interval."""
        low, high = wilson(self.hits, self.total)
        value = None if self.value is None else round(self.value, 4)
        return {
            "hits": self.hits,
            "total": self.total,
            "value": value,
            "low": round(low, 4),
            "high": round(high, 4),
        }

    def __str__(self) -> str:
        if self.value is None:
            return "none"
        low, high = wilson(self.hits, self.total)
        return f"{self.value:.3f} ({self.hits}/{self.total}; 95% interval {low:.3f} to {high:.3f})"


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class did: `support` cases are truly of it, `told` were said to be."""

    name: str
    hits: int
    told: int
    support: int

    @property
    def precision(self) -> Rate:
        """Share of what was said to be of the class that is."""
        return Rate(self.hits, self.told)

    @property
    def recall(self) -> Rate:
        """Share of the class that was found."""
        return Rate(self.hits, self.support)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where neither has a case."""
        return 2 * self.hits / (self.told + self.support) if self.told + self.support else 0.0

    def as_json(self) -> dict[str, object]:
        """Counts and rates."""
        return {
            "class": self.name,
            "precision": self.precision.as_json(),
            "recall": self.recall.as_json(),
            "f1": round(self.f1, 4),
        }


@dataclass(frozen=True, slots=True)
class Confusion:
    """True and told classes of single-label cases."""

    pairs: tuple[tuple[str, str], ...]

    @property
    def accuracy(self) -> Rate:
        """Share of cases told right; the same as micro F1."""
        return Rate(sum(a == b for a, b in self.pairs), len(self.pairs))

    @property
    def classes(self) -> tuple[ClassScore, ...]:
        """One score a class that occurs, commonest first."""
        hits = Counter(a for a, b in self.pairs if a == b)
        told = Counter(b for _, b in self.pairs)
        support = Counter(a for a, _ in self.pairs)
        names = sorted(set(told) | set(support), key=lambda n: (-support[n], n))
        return tuple(ClassScore(n, hits[n], told[n], support[n]) for n in names)

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that truly occur."""
        scores = [c.f1 for c in self.classes if c.support]
        return sum(scores) / len(scores) if scores else 0.0

    def matrix(self) -> dict[str, dict[str, int]]:
        """Counts by true class, then told class; only cells that are not empty."""
        cells = Counter(self.pairs)
        return {
            c.name: {told: n for (true, told), n in sorted(cells.items()) if true == c.name}
            for c in self.classes
            if c.support
        }

    def as_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "n": len(self.pairs),
            "accuracy": self.accuracy.as_json(),
            "micro_f1": self.accuracy.as_json()["value"],
            "macro_f1": round(self.macro_f1, 4),
            "classes": [c.as_json() for c in self.classes],
            "confusion": self.matrix(),
        }


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Cases of about the same confidence: how sure on average, how often right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def calibration(cases: Sequence[tuple[float, bool]], bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Bins of equal width over (confidence, right); empty ones are left out."""
    found = []
    for i in range(bins):
        low, high = i / bins, (i + 1) / bins
        inside = [c for c in cases if low <= c[0] < high or (i == bins - 1 and c[0] == 1.0)]
        if inside:
            sure = sum(c for c, _ in inside) / len(inside)
            right = sum(r for _, r in inside) / len(inside)
            found.append(CalibrationBin(low, high, len(inside), sure, right))
    return tuple(found)


def expected_calibration_error(bins: Iterable[CalibrationBin]) -> float:
    """Mean distance between confidence and accuracy, weighted by the cases of a bin."""
    bins = tuple(bins)
    total = sum(b.n for b in bins)
    return sum(b.n * abs(b.confidence - b.accuracy) for b in bins) / total if total else 0.0
