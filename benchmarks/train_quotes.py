"""Trains the weights of monitor/assess/quoting.py and says how often the right passage is shown.

    python benchmarks/train_quotes.py LABELLED.jsonl --more MORE.jsonl --date 2026-11-25 [--write]

Files are those of `monitor evaluate`, with a verbatim `quote` (the first) or offsets `for` and
`against` (the second, from benchmarks/join_labels.py) for each mechanism. Judged is the passage for
a label that readers gave, whether or not the program gives it too; only of mechanisms that the
program finds. Five folds by paper (a hash of its id): no paper is judged by weights that saw it.
With --write the weights are trained on all and written to monitor/assess/weights/. The same input
gives the same file. Needs the extra `train`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize
from named_features import feature_table, number_of, options

from monitor import catalog
from monitor.assess.mechanisms import REVIEWED, MechanismReader
from monitor.assess.pointed import Span, pointed
from monitor.assess.quoting import AGAINST, FILE, FOR, NAMED, features
from monitor.assess.text import read_text
from monitor.model import Article, DesignLabel, DesignSource

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "monitor" / "assess" / "weights" / FILE
#: What large weights cost, in fewer labels than how many a feature is not learnt, and below which
#: a weight is left out.
STRENGTH, RAREST, LEAST = 4.0, 5, 0.01
FOLDS = 5
FIRST, FURTHER = "first file", "further"
GROUPS = {FIRST: "cross_validated", FURTHER: "cross_validated_on_the_further"}
SIDES = {"supports": (FOR,), "refutes": (AGAINST,), "mixed": (FOR, AGAINST), "mentions": (NAMED,)}
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A side of a label: features of the clauses that may be shown, and which readers chose."""

    paper: str
    group: str
    side: str
    clauses: tuple[tuple[str, ...], ...]
    any: tuple[bool, ...]
    first: tuple[bool, ...]


def examples(path: Path, reader: MechanismReader, group: str) -> Iterator[Example]:
    for line in path.read_text(encoding="utf-8").splitlines():
        r = json.loads(line)
        article = Article(pmid=r["pmid"] or "1", title=r["title"], abstract=r["abstract"] or "")
        design = DesignLabel(r["study_type"], 1.0, DesignSource.NONE)
        evidence = reader.paper(read_text(article), design).evidence
        review = design.id in REVIEWED
        for label in r["mechanisms"]:
            passages, its = pointed(label, article), evidence.get(label["id"])
            if passages is None or its is None:
                continue
            spans = [Span(c.sentence.field, c.sentence.start, c.sentence.end) for c in its.clauses]
            told = tuple(tuple(features(its, c, review=review)) for c in its.clauses)
            for side in SIDES[label["stance"]]:
                wanted = passages.opposing if side == AGAINST else passages.supporting
                if wanted:
                    yield Example(
                        str(r.get("id") or r["pmid"]),
                        group,
                        side,
                        told,
                        tuple(any(s.shows(w) for w in wanted) for s in spans),
                        tuple(s.shows(wanted[0]) for s in spans),
                    )


class Table:
    """Examples of one side as a table: a row a clause."""

    def __init__(self, known: Sequence[Example]) -> None:
        self.known = known
        rows = [dict.fromkeys(row, 1.0) for e in known for row in e.clauses]
        counts = Counter(name for row in rows for name in row)
        self.names, self.table = feature_table(rows, counts, RAREST)
        self.ends = np.cumsum([0, *(len(e.clauses) for e in known)])
        self.example = np.repeat(np.arange(len(known)), np.diff(self.ends))
        self.any = np.array([a for e in known for a in e.any])
        self.first = np.array([f for e in known for f in e.first])

    def train(self, wanted: npt.NDArray[np.bool_]) -> dict[str, float]:
        """Weights under which the clauses that readers chose are likeliest.

        Any that they chose counts half, their first the other half.
        """
        rows = wanted[self.example]
        table = self.table[rows]
        _, starts, inverse = np.unique(self.example[rows], return_index=True, return_inverse=True)
        goals = [goal[rows] for goal in (self.any, self.first)]

        def loss(weights: Floats) -> tuple[float, Floats]:
            scores = table @ weights
            scores -= np.maximum.reduceat(scores, starts)[inverse]
            powers = np.exp(scores)
            whole = np.add.reduceat(powers, starts)
            value, slope = STRENGTH * float(weights @ weights) / 2, STRENGTH * weights
            for goal in goals:
                part = np.add.reduceat(powers * goal, starts)
                told = part > 0
                value += float((np.log(whole[told]) - np.log(part[told])).sum()) / 2
                share = np.where(told, 1 / whole, 0.0)[inverse]
                right = np.where(told, 1 / np.where(told, part, 1.0), 0.0)[inverse]
                slope = slope + table.T @ (powers * (share - goal * right)) / 2
            return value, slope

        options = {"maxiter": 200}
        start = np.zeros(len(self.names))
        fitted = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
        return {
            name: round(weight, 3)
            for name, weight in zip(self.names, fitted.x.tolist(), strict=True)
            if abs(weight) >= LEAST
        }

    def scored(self, weights: dict[str, float]) -> list[int]:
        """Which clause of each example is shown."""
        vector = np.array([weights.get(name, 0.0) for name in self.names])
        scores = self.table @ vector
        return [int(scores[a:b].argmax()) for a, b in pairwise(self.ends.tolist())]


def fold_of(paper: str) -> int:
    return number_of(f"quotes {paper}") % FOLDS


def measured(known: Sequence[Example], shown: Sequence[int], group: str) -> dict[str, float]:
    """Shares in a group of papers: one that readers chose, their first, what can be reached."""
    mine = [(e, at) for e, at in zip(known, shown, strict=True) if e.group == group]
    side = f"passage {mine[0][0].side}"
    return {
        side: round(sum(e.any[at] for e, at in mine) / len(mine), 3),
        f"{side}, first": round(sum(e.first[at] for e, at in mine) / len(mine), 3),
        f"{side}, reachable": round(sum(any(e.any) for e, _ in mine) / len(mine), 3),
        f"{side}, labels": len(mine),
    }


def main() -> None:
    given = options(__doc__)
    reader = MechanismReader(catalog.load(ROOT / "queries"))
    known = list(examples(given.labelled, reader, FIRST))
    taken = {e.paper.removeprefix("pmid:") for e in known}
    for path in given.more:
        known += [e for e in examples(path, reader, FURTHER) if e.paper not in taken]
    card: dict[str, Any] = {
        "model": "conditional logistic regression over the clauses that name a mechanism",
        "trained": given.date,
        "folds": FOLDS,
    }
    weights: dict[str, dict[str, float]] = {}
    for side in (FOR, AGAINST, NAMED):
        mine = [e for e in known if e.side == side]
        table, fold = Table(mine), np.array([fold_of(e.paper) for e in mine])
        shown = [0] * len(mine)
        for k in range(FOLDS):
            told = table.scored(table.train(fold != k))
            shown = [t if f == k else s for s, t, f in zip(shown, told, fold, strict=True)]
        for group, name in GROUPS.items():
            card.setdefault(name, {}).update(measured(mine, shown, group))
        weights[side] = table.train(np.ones(len(mine), dtype=bool))
    print(json.dumps(card, indent=1))
    if given.write:
        text = json.dumps({"card": card, "weights": weights}, indent=1, sort_keys=True)
        TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
