"""Which direction a paper's main result has, by weights learnt from labelled papers.

A multinomial logistic regression: each direction has a score, the sum of the weights of all that
can be said of a paper, and the highest is told. What the rules of `direction.py` say is one of
these; the others are the design and what the clauses say, by where they stand. A single rule sees a
claim and calls the result positive; the counts see what is denied beside it.
benchmarks/train_direction.py makes the weights. Pure but for `load`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import repeat
from math import exp
from typing import Any

from monitor.assess.passages import FINDINGS, Clause
from monitor.assess.text import TITLE
from monitor.model import Direction, SectionCategory

FILE = "direction.json"
#: Directions that weights tell. Too few papers are negative to learn from: rules tell these.
LEARNT = (Direction.POSITIVE, Direction.NULL, Direction.MIXED, Direction.NOT_STATED)
_CONCLUSIONS = SectionCategory.CONCLUSIONS
#: Clauses at the end of an abstract that may conclude it without being called a conclusion.
_ENDING = 2
#: More denials or findings than these say no more.
_MOST_DENIED, _MOST_FOUND = 4, 6
_CONTRAST = "contrast"
_NO_MARKS: frozenset[str] = frozenset()
#: Weights are whole numbers, hundredths of log-odds: their sums are the same in any order.
UNIT = 100
_NOTHING = (0,) * len(LEARNT)


def features(rule: Direction, design: str, clauses: Sequence[Clause]) -> list[str]:
    """What can be said of a paper, in names; each counts once."""
    found = [f"rule: {rule.value}", f"design: {design}"]
    titles = 0
    while titles < len(clauses) and clauses[titles].sentence.field is TITLE:
        titles += 1
    body = clauses[titles:]
    for place, its in (
        ("conclusions", [c for c in body if c.sentence.role is _CONCLUSIONS]),
        ("own", [c for c in clauses if c.own]),
        ("title", clauses[:titles]),
        ("end", body[-_ENDING:]),
    ):
        found += _counted(place, its)
        prefix = place + ": "
        found += [prefix + mark for mark in _NO_MARKS.union(*[c.marks for c in its])]
    return found


def _counted(place: str, clauses: Sequence[Clause]) -> list[str]:
    """How much is denied and how much is found; plans report nothing."""
    denials = [c for c in clauses if c.denied and not c.plan]
    denied = len(denials)
    claimed = len([c for c in clauses if c.finding and not c.plan])
    found = [f"{place}, found {i}" for i in range(1, min(claimed, _MOST_FOUND) + 1)]
    if not denied:
        return found or [f"{place}, neither"]
    found += [f"{place}, denied {i}" for i in range(1, min(denied, _MOST_DENIED) + 1)]
    told = (
        ("both", claimed > 0),
        ("mostly denied", denied > claimed),
        ("a third denied", 2 * denied >= claimed),
        ("denied in contrast", any(_CONTRAST in c.around for c in denials)),
        ("denied and found", not all(FINDINGS.isdisjoint(c.marks) for c in denials)),
    )
    return found + [f"{place}, {name}" for name, holds in told if holds]


@dataclass(frozen=True)
class DirectionWeights:
    """Weights by name, one for each of `LEARNT`. `version` is a short hash of their file."""

    rows: Mapping[str, Sequence[int]]
    bias: Sequence[int]
    version: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any], version: str = "") -> DirectionWeights:
        """Read the values of the weights file."""
        return cls(data["weights"], data["bias"], version)

    @classmethod
    def load(cls) -> DirectionWeights:
        """Read the weights that come with the program."""
        text = files("monitor.assess").joinpath("weights", FILE).read_text(encoding="utf-8")
        return cls.of(json.loads(text), hashlib.sha256(text.encode()).hexdigest()[:8])

    def scores(self, names: Sequence[str]) -> list[int]:
        """The score of each direction."""
        rows = map(self.rows.get, names, repeat(_NOTHING))
        return list(map(sum, zip(self.bias, *rows, strict=True)))

    def best(self, names: Sequence[str]) -> Direction:
        """The likeliest direction; of equal ones the first."""
        scores = self.scores(names)
        return LEARNT[scores.index(max(scores))]

    def probabilities(self, names: Sequence[str]) -> dict[Direction, float]:
        """How likely each direction is, the likeliest first."""
        scores = self.scores(names)
        shares = [exp((score - max(scores)) / UNIT) for score in scores]
        found = zip(LEARNT, (share / sum(shares) for share in shares), strict=True)
        return dict(sorted(found, key=lambda part: -part[1]))

    def contributions(self, names: Sequence[str], direction: Direction) -> list[tuple[str, float]]:
        """What each name adds to a direction's score, the largest first."""
        column = LEARNT.index(direction)
        found = [(name, self.rows.get(name, _NOTHING)[column] / UNIT) for name in names]
        return sorted((p for p in found if p[1]), key=lambda part: (-abs(part[1]), part[0]))
