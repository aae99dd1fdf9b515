"""Trains the weights of monitor/assess/details/ranking.py and says how well they do.

    python benchmarks/train_sample_size.py LABELLED.jsonl --more MORE.jsonl [--more …] \
        --date 2026-11-25 [--write]

All files are in the format of `monitor evaluate`; benchmarks/join_labels.py makes MORE.jsonl from
benchmarks/labels/. Designs are the readers' own, so that errors of the design count for nothing.
Five folds by paper (a hash of its id), repeated with other hashes: no paper is judged by weights
that saw it; then LABELLED.jsonl once more by weights that saw none of it. What stands in both is
taken from LABELLED.jsonl. MORE.jsonl is halved by a hash of the PMID: of the one half errors were
read, of the other only counted. With --write the weights are trained on all and written to
monitor/assess/weights/. The same input gives the same file. Needs the extra `train`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize
from named_features import feature_table, number_of, options

from monitor.assess.details.ranking import FILE, Ranking, parts
from monitor.assess.details.readings import Reading
from monitor.assess.details.sample_size import all_readings
from monitor.assess.text import read_text
from monitor.model import Article, DesignLabel, DesignSource

TARGET = Path(__file__).parents[1] / "monitor" / "assess" / "weights" / FILE
#: What large weights cost, in fewer papers than how many a feature is not learnt, and below which
#: a weight is left out.
STRENGTH, RAREST, LEAST = 4.0, 3, 0.01
FOLDS, REPEATS = 5, 4
REAL, ABRIDGED = "first file, real", "first file, abridged"
READ, UNREAD = "further, errors read", "further, errors never read"
LIMITS = (
    "Reads English titles and abstracts only, never full texts.",
    "Numbers that no sentence tells (a subtraction, a share of a share) are not found.",
    "All labels are by language models; two of them agreed on 0.98 of the numbers.",
    "Most papers are on long COVID, and most were chosen because they are hard to tell.",
    "In training and measuring the study design was the readers', not the program's.",
)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Paper:
    """A labelled paper: all readings, and the number that readers found (None for none)."""

    id: str
    group: str
    n: int | None
    found: tuple[Reading, ...]


def papers(path: Path, *, first: bool) -> list[Paper]:
    known = []
    for line in path.read_text(encoding="utf-8").splitlines():
        r = json.loads(line)
        name = str(r.get("id") or r["pmid"])
        article = Article(
            pmid=r.get("pmid") or "1", title=r["title"] or "", abstract=r["abstract"] or ""
        )
        design = DesignLabel(r["study_type"], 1.0, DesignSource.NONE)
        group = UNREAD if number_of(str(r.get("pmid"))) % 2 else READ
        if first:
            group = ABRIDGED if r.get("kind") == "abridged" else REAL
        found = all_readings(article, read_text(article), design)
        known.append(Paper(name, group, r["n"], tuple(found)))
    return known


class Examples:
    """Features of all readings of papers as a table: a row a reading."""

    def __init__(self, known: Sequence[Paper]) -> None:
        self.papers = known
        rows = [self._row(r) for p in known for r in p.found]
        self.ends = np.cumsum([0, *(len(p.found) for p in known)])
        self.paper = np.repeat(np.arange(len(known)), np.diff(self.ends))
        in_papers: Counter[tuple[str, str]] = Counter()
        for start, end in pairwise(self.ends.tolist()):
            in_papers.update({name for row in rows[start:end] for name in row})
        self.names, self.table = feature_table(rows, in_papers, RAREST)
        self.right = np.array([r.value == p.n for p in known for r in p.found])

    @staticmethod
    def _row(reading: Reading) -> dict[tuple[str, str], float]:
        row: dict[tuple[str, str], float] = {}
        for table, name, times in parts(reading):
            row[table, name] = row.get((table, name), 0.0) + times
        return row

    def train(self, wanted: npt.NDArray[np.bool_]) -> Ranking:
        """Weights under which the readings of the right number are likeliest in these papers.

        Papers whose number is in none of their readings teach nothing.
        """
        can_be = np.maximum.reduceat(self.right, self.ends[:-1])
        rows = (wanted & can_be)[self.paper]
        table, right = self.table[rows], self.right[rows]
        _, starts, inverse = np.unique(self.paper[rows], return_index=True, return_inverse=True)
        turned = table.T.tocsr()

        def loss(weights: Floats) -> tuple[float, Floats]:
            scores = table @ weights
            scores -= np.maximum.reduceat(scores, starts)[inverse]
            all_of = np.exp(scores)
            good = all_of * right
            whole, part = np.add.reduceat(all_of, starts), np.add.reduceat(good, starts)
            slope = turned @ (all_of / whole[inverse] - good / part[inverse])
            value = float((np.log(whole) - np.log(part)).sum() + STRENGTH * (weights @ weights) / 2)
            return value, slope + STRENGTH * weights

        start = np.zeros(len(self.names))
        options = {"maxiter": 200, "maxfun": 250}
        fitted = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
        return Ranking.of({"weights": self.named(fitted.x)})

    def named(self, weights: Floats) -> dict[str, dict[str, float]]:
        """Weights by table and feature, rounded; small ones are left out."""
        tables: dict[str, dict[str, float]] = {}
        for (table, name), weight in zip(self.names, weights.tolist(), strict=True):
            if abs(weight) >= LEAST:
                tables.setdefault(table, {})[name] = round(weight, 3)
        return tables


class Score:
    """Papers with the right number, and all, by group and whether readers found a number."""

    def __init__(self, repeats: int = 1) -> None:
        self.repeats = repeats
        self.right: Counter[tuple[str, bool]] = Counter()
        self.all: Counter[tuple[str, bool]] = Counter()

    def add(self, paper: Paper, ranking: Ranking) -> None:
        """Count a paper, read by weights that did not see it."""
        key = (paper.group, paper.n is not None)
        self.all[key] += 1
        self.right[key] += ranking.best(paper.found).value == paper.n

    def of(self, group: str) -> dict[str, float]:
        """Shares of papers with the right number, and with rightly none, with how many there are.

        Papers that were judged in several repeats count once.
        """
        told: dict[str, float] = {}
        for stated, name in ((True, "sample size exact"), (False, "sample size rightly none")):
            if whole := self.all[group, stated]:
                told[name] = round(self.right[group, stated] / whole, 3)
                told[f"{name}, papers"] = whole // self.repeats
        return told


def folds(known: Sequence[Paper], repeat: int) -> npt.NDArray[np.int_]:
    return np.array([number_of(f"{repeat} {p.id}") % FOLDS for p in known])


def cross_validated(examples: Examples) -> Score:
    score = Score(REPEATS)
    for repeat in range(REPEATS):
        fold = folds(examples.papers, repeat)
        for k in range(FOLDS):
            ranking = examples.train(fold != k)
            for paper, its in zip(examples.papers, fold.tolist(), strict=True):
                if its == k:
                    score.add(paper, ranking)
    return score


def without_first(examples: Examples) -> Score:
    """The first file by weights that saw none of it."""
    of_first = np.array([p.group in (REAL, ABRIDGED) for p in examples.papers])
    ranking, score = examples.train(~of_first), Score()
    for paper, its in zip(examples.papers, of_first.tolist(), strict=True):
        if its:
            score.add(paper, ranking)
    return score


def reachable(known: Sequence[Paper]) -> dict[str, str]:
    """In how many papers the right number is among the readings at all."""
    found: dict[str, str] = {}
    for group in (REAL, ABRIDGED, READ, UNREAD):
        stated = [p for p in known if p.group == group and p.n is not None]
        hits = sum(any(r.value == p.n for r in p.found) for p in stated)
        found[group] = f"{hits / max(1, len(stated)):.3f} ({hits} of {len(stated)})"
    return found


def main() -> None:
    given = options(__doc__)
    known = papers(given.labelled, first=True)
    taken = {p.id.removeprefix("pmid:") for p in known}
    for path in given.more:
        known += [p for p in papers(path, first=False) if p.id not in taken]
    examples = Examples(known)
    folded, alone = cross_validated(examples), without_first(examples)
    ranking = examples.train(np.ones(len(known), dtype=bool))
    card: dict[str, Any] = {
        "model": "conditional logistic regression over the readings of a paper",
        "trained": given.date,
        "papers": len(known),
        "papers with a number": sum(p.n is not None for p in known),
        "features": sum(map(len, ranking.tables.values())),
        "right number among the readings": reachable(known),
        "folds": f"{FOLDS} by paper, {REPEATS} repeats",
        "cross_validated": folded.of(REAL),
        "cross_validated_on_the_abridged": folded.of(ABRIDGED),
        "cross_validated_on_papers_whose_errors_were_read": folded.of(READ),
        "cross_validated_on_the_further": folded.of(UNREAD),
        "by weights that saw none of the first file": {
            "real": alone.of(REAL),
            "abridged": alone.of(ABRIDGED),
        },
        "limits": LIMITS,
    }
    print(json.dumps(card, indent=1, ensure_ascii=False))
    if given.write:
        data = {"card": card, "weights": ranking.tables}
        text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
        TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
