"""Which passage is shown for a claim: the clause at which readers would most likely point.

Readers pointed at the sentences that carry the labels of benchmarks/labels; a conditional logistic
regression over the clauses that name the mechanism learnt from that. A clause is described by its
place, its role, what it says and how near it says so, one set of weights for each thing that a
quote can show. benchmarks/train_quotes.py makes the weights. Pure but for `load`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import repeat
from math import fsum
from typing import Any

from monitor.assess.evidence import Evidence
from monitor.assess.passages import DENIAL, Clause, Kind
from monitor.model import FieldName

FILE = "quotes.json"
#: What a quote can show: a result or argument for the mechanism, one against it, or only its name.
FOR, AGAINST, NAMED = "for", "against", "named"
#: Characters between a mechanism and a finding, and words for how near that is.
_NEAR = ((2, "touching"), (25, "adjacent"), (60, "near"), (150, "far"))
_FIFTHS = 5
_MOST = 3
#: Letters of a clause, and words for its length.
_LENGTHS = ((60, "short"), (160, "middling"), (320, "long"))


def features(evidence: Evidence, clause: Clause, *, review: bool) -> list[str]:
    """What can be said of a clause that names a mechanism, in names; all count once."""
    sentence = clause.sentence
    place = "title" if sentence.field is FieldName.TITLE else sentence.role.value
    said = [
        name
        for name, holds in (
            ("finding", clause.finding),
            ("denied", clause.denied),
            ("fresh", clause.fresh),
            ("plan", clause.plan),
            ("own", clause.own),
        )
        if holds
    ]
    told = _told(clause)
    found = [
        place,
        f"{told}, {place}",
        *said,
        *(f"says {mark}" for mark in clause.marks),
        *(f"beside {mark}" for mark in clause.around - clause.marks),
        f"{_step(evidence.distance(clause), _NEAR)}, {told}",
        _step(clause.end - clause.start, _LENGTHS),
        *_named(evidence, clause),
    ]
    if place != "title":
        found.append(f"part {min(int(sentence.position * _FIFTHS), _FIFTHS - 1)}")
        found += [end for end, at in (("first", 0.0), ("last", 1.0)) if sentence.position == at]
    if review:
        found += [f"review, {place}", *(f"review, {name}" for name in said)]
    return found


def _told(clause: Clause) -> str:
    if clause.denied:
        return "both" if any(m in clause.marks for m in ("change", "relation")) else DENIAL
    return "finding" if clause.finding else "nothing"


def _named(evidence: Evidence, clause: Clause) -> list[str]:
    """How the clause names the mechanism, and how many others it names."""
    mine = [m for m in clause.mentions if m.mechanism == evidence.mechanism]
    others = {m.mechanism for m in clause.mentions} - {evidence.mechanism}
    kinds = {m.kind for m in mine}
    found = [f"by {kind.value}" for kind in sorted(kinds)]
    found += [f"cues {min(len(mine), _MOST)}", f"others {min(len(others), _MOST)}"]
    if Kind.CUE not in kinds and evidence.strong:
        found.append("weaker than elsewhere")
    return found


def _step(value: int, steps: Sequence[tuple[int, str]]) -> str:
    return next((name for most, name in steps if value <= most), "beyond")


@dataclass(frozen=True)
class Quoter:
    """Weights by what is to be shown and feature. `version` is a short hash of their file."""

    tables: Mapping[str, Mapping[str, float]]
    version: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any], version: str = "") -> Quoter:
        """Read the values of the weights file."""
        return cls({side: data["weights"].get(side, {}) for side in (FOR, AGAINST, NAMED)}, version)

    @classmethod
    def load(cls) -> Quoter:
        """Read the weights that come with the program."""
        text = files("monitor.assess").joinpath("weights", FILE).read_text(encoding="utf-8")
        return cls.of(json.loads(text), hashlib.sha256(text.encode()).hexdigest()[:8])

    def best(self, evidence: Evidence, side: str, *, review: bool) -> Clause:
        """The clause to show; the first of equals. There is always one that names the mechanism."""
        clauses = evidence.clauses
        if len(clauses) == 1:
            return clauses[0]
        table = self.tables[side]

        def score(clause: Clause) -> float:
            names = features(evidence, clause, review=review)
            return fsum(map(table.get, names, repeat(0.0)))  # the same in whatever order

        return max(clauses, key=score)
