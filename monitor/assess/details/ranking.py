"""How likely each reading of a number of people is, by weights learnt from labelled papers.

A conditional logistic regression: each reading has a score, the sum of the weights of its features,
and the readings of a paper share the probability among them by their scores. Those of the same
number are taken together. benchmarks/train_sample_size.py makes the weights. Pure but for `load`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import repeat
from math import exp
from typing import Any

from monitor.assess.details.counts import Count
from monitor.assess.details.readings import Reading

FILE = "sample-size.json"
#: Features of the numbers of a sum, which count as one number together.
GROUP = "group"
_KINDS = ("one", GROUP, "sum", "pair", "case", "none")

Table = dict[str, float]


def parts(reading: Reading) -> Iterator[tuple[str, str, float]]:
    """Features that a reading's score is made of: (table, feature, how often it counts)."""
    if reading.base is not None:
        yield from parts(reading.base)
    elif reading.kind == "one":
        yield from (("one", name, 1.0) for name in reading.counts[0].features)
    elif reading.kind == "sum":
        share = 1 / len(reading.counts)
        yield from ((GROUP, name, share) for c in reading.counts for name in c.features)
    yield from ((reading.kind, name, 1.0) for name in reading.features)


@dataclass(frozen=True)
class Ranking:
    """Weights by kind of reading and feature. `version` is a short hash of their file."""

    tables: Mapping[str, Table]
    version: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any], version: str = "") -> Ranking:
        """Read the values of the weights file."""
        weights = data["weights"]
        return cls({kind: dict(weights.get(kind, {})) for kind in _KINDS}, version)

    @classmethod
    def load(cls) -> Ranking:
        """Read the weights that come with the program."""
        text = files("monitor.assess").joinpath("weights", FILE).read_text(encoding="utf-8")
        return cls.of(json.loads(text), hashlib.sha256(text.encode()).hexdigest()[:8])

    def scores(self, found: Sequence[Reading]) -> list[float]:
        """The score of each reading; those that others go out from come before these."""
        scored: dict[int, float] = {}
        grouped: dict[int, float] = {}
        for reading in found:
            score = _sum(self.tables[reading.kind], reading.features)
            if reading.base is not None:
                score += scored[id(reading.base)]
            elif reading.kind == "one":
                score += _sum(self.tables["one"], reading.counts[0].features)
            elif reading.kind == "sum":
                score += self._groups(reading.counts, grouped)
            scored[id(reading)] = score
        return [scored[id(reading)] for reading in found]

    def _groups(self, counts: Sequence[Count], known: dict[int, float]) -> float:
        table = self.tables[GROUP]
        total = 0.0
        for count in counts:
            key = id(count)
            if key not in known:
                known[key] = _sum(table, count.features)
            total += known[key]
        return total / len(counts)

    def best(self, found: Sequence[Reading]) -> Reading:
        """The likeliest reading of the likeliest number; of equal ones the first."""
        scores = self.scores(found)
        likely = probabilities(found, scores)
        value = max(likely, key=lambda number: likely[number])
        best, score = found[0], -float("inf")
        for reading, its in zip(found, scores, strict=True):
            if reading.value == value and its > score:
                best, score = reading, its
        return best

    def contributions(self, reading: Reading) -> list[tuple[str, float]]:
        """What each feature adds to a reading's score, the largest first."""
        found: dict[str, float] = {}
        for table, name, times in parts(reading):
            if weight := self.tables[table].get(name, 0.0):
                key = f"{table}: {name}"
                found[key] = found.get(key, 0.0) + weight * times
        return sorted(found.items(), key=lambda part: (-abs(part[1]), part[0]))


def _sum(table: Table, names: Sequence[str]) -> float:
    return sum(map(table.get, names, repeat(0.0)))


def probabilities(found: Sequence[Reading], scores: Sequence[float]) -> dict[int | None, float]:
    """Probability of each number that a paper may be read to tell, None for no number."""
    highest = max(scores)
    shares: dict[int | None, float] = {}
    for reading, score in zip(found, scores, strict=True):
        shares[reading.value] = shares.get(reading.value, 0.0) + exp(score - highest)
    total = sum(shares.values())
    return {value: share / total for value, share in shares.items()}
