"""Trains the weights of monitor/assess/details/direction_weights.py and says how well they do.

    python benchmarks/train_direction.py LABELLED.jsonl --more MORE.jsonl [--more …] \
        --date 2026-11-30 [--write]

All files are in the format of `monitor evaluate`; benchmarks/join_labels.py makes MORE.jsonl from
benchmarks/labels/. Designs are the readers' own, so that errors of the design count for nothing.
Five folds by paper (a hash of its id), repeated with other hashes: no paper is judged by weights
that saw it. What the rules alone say stands beside. What stands in both files is taken from
LABELLED.jsonl, whose papers count three times. Papers that report nothing, and those whose result
the rules or the readers call negative, teach nothing, but are judged like all others. With --write
the weights are trained on all and written to monitor/assess/weights/. The same input gives the same
file. Needs the extra `train`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from named_features import feature_table, number_of, options
from sklearn.linear_model import LogisticRegression

from monitor import catalog
from monitor.assess.details.direction import by_rules, reports, settled
from monitor.assess.details.direction_weights import FILE, LEARNT, UNIT, DirectionWeights, features
from monitor.assess.passages import PassageReader
from monitor.assess.text import read_text
from monitor.model import Article, Direction

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "monitor" / "assess" / "weights" / FILE
#: How freely weights grow, and in fewer papers than how many a name is not learnt.
FREEDOM, RAREST = 0.1, 5
#: Added to the score of mixed results: to pass over a denial misleads readers more than to see one.
FOR_MIXED = 0.5
OF_FIRST = 3.0
FOLDS, REPEATS = 5, 4
FIRST, FURTHER = "first file", "further"
#: Labels that readers gave for papers without a result.
NONE = {"none": Direction.NOT_STATED, "not_applicable": Direction.NOT_STATED}
LIMITS = (
    "Reads English titles and abstracts only, never full texts.",
    "All labels are by language models, most of them by one reader.",
    "Most papers are on long COVID, and most were chosen because they are hard to tell.",
    "Negative results are told by rules: there are too few of them to learn from.",
    "In training and measuring the study design was the readers', not the program's.",
)


@dataclass(frozen=True)
class Paper:
    """A labelled paper: what can be said of it, what the rules and what readers say.

    `names` is None where the weights have no say.
    """

    id: str
    group: str
    label: Direction
    rule: Direction
    names: tuple[str, ...] | None


def papers(path: Path, passages: PassageReader, group: str) -> Iterator[Paper]:
    for line in path.read_text(encoding="utf-8").splitlines():
        r = json.loads(line)
        if not r.get("result_direction"):
            continue
        article = Article(
            pmid=r.get("pmid") or "1", title=r["title"] or "", abstract=r["abstract"] or ""
        )
        text, design, names = read_text(article), r["study_type"], None
        rule = by_rules(text, design).direction if reports(text, design) else Direction.NOT_STATED
        if reports(text, design) and not settled(rule, design):
            names = tuple(features(rule, design, passages.read(text)))
        told = r["result_direction"]
        label = NONE.get(told) or Direction(told)
        yield Paper(str(r.get("id") or r["pmid"]), group, label, rule, names)


class Examples:
    """Papers that weights can learn from as a table: a row a paper."""

    def __init__(self, known: Sequence[Paper]) -> None:
        self.known = [p for p in known if p.names is not None and p.label in LEARNT]
        rows = [dict.fromkeys(p.names or (), 1.0) for p in self.known]
        counts = Counter(name for row in rows for name in row)
        self.names, self.table = feature_table(rows, counts, RAREST)
        self.labels = np.array([LEARNT.index(p.label) for p in self.known])
        self.counts = np.array([OF_FIRST if p.group == FIRST else 1.0 for p in self.known])

    def train(self, wanted: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """Weights and bias from these papers, rounded; names that weigh nothing are left out."""
        model = LogisticRegression(C=FREEDOM, max_iter=2000)
        model.fit(self.table[wanted], self.labels[wanted], sample_weight=self.counts[wanted])
        bias = model.intercept_ + FOR_MIXED * (np.arange(len(LEARNT)) == LEARNT.index("mixed"))
        weights = {
            name: row
            for name, row in zip(self.names, whole(model.coef_.T), strict=True)
            if any(row)
        }
        return {"weights": weights, "bias": whole(bias)}


def whole(weights: npt.NDArray[np.float64]) -> list[Any]:
    return (weights * UNIT).round().astype(int).tolist()  # type: ignore[no-any-return]


def told(paper: Paper, weights: DirectionWeights) -> Direction:
    return paper.rule if paper.names is None else weights.best(paper.names)


class Score:
    """How often papers of each label were told to have each direction."""

    def __init__(self, repeats: int = 1) -> None:
        self.repeats = repeats
        self.cases: Counter[tuple[Direction, Direction]] = Counter()

    def add(self, paper: Paper, direction: Direction) -> None:
        """Count a paper that was told to have a direction."""
        self.cases[paper.label, direction] += 1

    def lines(self) -> dict[str, float]:
        """Shares; papers that were judged in several repeats count once."""
        every = self.cases.total()
        right = {d: self.cases[d, d] for d in Direction}
        found = {
            "direction exact": round(sum(right.values()) / every, 3),
            "direction, papers": every // self.repeats,
        }
        for d in Direction:
            labelled = sum(n for (label, _), n in self.cases.items() if label is d)
            said = sum(n for (_, direction), n in self.cases.items() if direction is d)
            if labelled:
                found[f"{d.value} results, precision"] = round(right[d] / max(said, 1), 3)
                found[f"{d.value} results, recall"] = round(right[d] / labelled, 3)
                found[f"{d.value} results, F1"] = round(2 * right[d] / (labelled + said), 3)
                found[f"{d.value} results, papers"] = labelled // self.repeats
        return found


def cross_validated(known: Sequence[Paper], examples: Examples) -> dict[str, Score]:
    found = {FIRST: Score(REPEATS), FURTHER: Score(REPEATS)}
    for repeat in range(REPEATS):

        def fold(paper: Paper, repeat: int = repeat) -> int:
            return number_of(f"direction {repeat} {paper.id}") % FOLDS

        folds = np.array([fold(p) for p in examples.known])
        fitted = [DirectionWeights.of(examples.train(folds != k)) for k in range(FOLDS)]
        for paper in known:
            found[paper.group].add(paper, told(paper, fitted[fold(paper)]))
    return found


def by_rules_alone(known: Sequence[Paper]) -> dict[str, Score]:
    found = {FIRST: Score(), FURTHER: Score()}
    for paper in known:
        found[paper.group].add(paper, paper.rule)
    return found


def main() -> None:
    given = options(__doc__)
    passages = PassageReader(catalog.load(ROOT / "queries"))
    known = list(papers(given.labelled, passages, FIRST))
    taken = {p.id.removeprefix("pmid:") for p in known}
    for path in given.more:
        known += [p for p in papers(path, passages, FURTHER) if p.id not in taken]
    examples = Examples(known)
    folded, rules = cross_validated(known, examples), by_rules_alone(known)
    data = examples.train(np.ones(len(examples.known), dtype=bool))
    card: dict[str, Any] = {
        "model": "multinomial logistic regression over what the rules and the clauses say",
        "trained": given.date,
        "papers": len(examples.known),
        "features": len(data["weights"]),
        "folds": f"{FOLDS} by paper, {REPEATS} repeats",
        "cross_validated": folded[FIRST].lines(),
        "cross_validated_on_the_further": folded[FURTHER].lines(),
        "by rules alone": {group: score.lines() for group, score in rules.items()},
        "limits": LIMITS,
    }
    print(json.dumps(card, indent=1))
    if given.write:
        text = json.dumps({"card": card, **data}, indent=1, sort_keys=True)
        TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
