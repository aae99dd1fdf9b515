"""Trains the regressions of monitor/assess/rescorer.py and says how well they do.

    python benchmarks/train_claims.py LABELLED.jsonl --more MORE.jsonl [MORE.jsonl …] \
        [--again READ_AGAIN.jsonl] [--write]

All files are in the format of `monitor evaluate`; benchmarks/join_labels.py makes MORE.jsonl from
benchmarks/labels/. READ_AGAIN.jsonl holds readings of the same papers by others, who did not see
the first: weights are learnt from all readings, of which the first counts twice; scores and
thresholds hold to the first. Each kind of paper (`claim_cases.py`) is scored apart: the real ones
of LABELLED.jsonl, the abridged ones, most of which are on naltrexone, and those of MORE.jsonl, most
of which are on long COVID. Five folds by paper (a hash of its id), repeated with other hashes: no
paper is judged by weights or thresholds that saw it. Papers that stand in both are taken from
LABELLED.jsonl.
With --write the weights are trained on all and written to monitor/assess/weights/, with a list of
the papers that they learnt from (fingerprints of titles). The same input gives the same files.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from claim_cases import (
    ABRIDGED,
    AGAINST,
    FURTHER,
    NOTED,
    REAL,
    SIDES,
    Case,
    Gold,
    Label,
    cases,
    gold_of,
    kind_of,
    read,
    readings,
    unnamed_in,
)
from claim_scores import ratio, scores, show
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from monitor import catalog
from monitor.assess.design_model import fingerprint
from monitor.assess.mechanisms import MechanismReader
from monitor.assess.rescorer import Rescorer
from monitor.assess.wordings import GROUPS, MODELS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "monitor" / "assess" / "weights"
NUMBERS, WORDS = FOLDER / "mechanism-claims.json", FOLDER / "mechanism-words.npz"
EXAMPLES = FOLDER / "claims-trained-on.txt"
#: Inverse of how much weights cost.
STRENGTH = 0.02
#: What a paper of the first file, nearest to what is watched, counts when thresholds are chosen.
FIRST = 8.0
#: Scores this close are the same: of thresholds for mentions the lowest is taken, since to pass a
#: mechanism over hides the paper from whoever looks for it.
NEARLY = 0.005
#: In fewer papers a word is not learnt.
RAREST = 4
FOLDS, REPEATS = 5, 5
LARGEST = 127
#: Regressions that are asked only where another said yes.
GIVEN = {"against": "side", "mixed": "against"}
EMPTY: dict[str, Any] = {m: {"bias": 0.0, "weights": {}} for m in MODELS} | {
    "thresholds": {"side": 0.5, "against": 0.5, "mention": 0.5}
}


class Numbers:
    """The hand-made numbers of all cases as a table: a row a case, scaled to one spread."""

    def __init__(self, rows: Sequence[dict[str, float]]) -> None:
        self.names = sorted({name for row in rows for name in row})
        table = np.array([[row.get(n, 0.0) for n in self.names] for row in rows])
        self.mean, self.scale = table.mean(axis=0), table.std(axis=0)
        self.scale[self.scale == 0] = 1.0
        self.table = sparse.csr_matrix((table - self.mean) / self.scale)

    def weights(self, coefficients: Any, bias: float) -> dict[str, Any]:
        """Weights for numbers as they are: scaling is folded in."""
        plain = coefficients / self.scale
        return {
            "bias": round(bias - float((plain * self.mean).sum()), 5),
            "weights": {n: round(float(w), 5) for n, w in zip(self.names, plain, strict=True) if w},
        }


class Words:
    """Words of all cases by group, as `monitor/assess/wordings.py` counts them."""

    def __init__(self, known: Sequence[Case]) -> None:
        self.vocabulary = [self._common(known, g) for g in range(len(GROUPS))]
        self.tables = [self._table(known, g) for g in range(len(GROUPS))]
        counts = [np.asarray((t > 0).sum(axis=0)).ravel() for t in self.tables]
        self.rarity = [np.log(len(known) / np.maximum(n, 1)) for n in counts]
        weighted = [t @ sparse.diags(r) for t, r in zip(self.tables, self.rarity, strict=True)]
        self.table = sparse.hstack(weighted).tocsr()
        self.sizes = [len(v) for v in self.vocabulary]

    @staticmethod
    def _common(known: Sequence[Case], group: int) -> list[str]:
        papers = {(c.paper, w) for c in known for w in c.words[group]}
        counts = Counter(w for _, w in papers if not w[0].isdigit() or GROUPS[group] == "cue")
        return sorted(w for w, n in counts.items() if n >= RAREST)

    def _table(self, known: Sequence[Case], group: int) -> Any:
        column = {w: i for i, w in enumerate(self.vocabulary[group])}
        table = sparse.lil_matrix((len(known), len(column)))
        for row, case in enumerate(known):
            words = case.words[group]
            share = 1 / np.sqrt(max(len(words), 1))
            for word, count in Counter(words).items():
                if word in column:
                    table[row, column[word]] = count * share
        return table.tocsr()

    def quantised(self, coefficients: Any) -> tuple[list[Any], list[float]]:
        """Weights of words as small whole numbers, and what one of them is worth, by group."""
        parts = np.split(coefficients, np.cumsum(self.sizes)[:-1])
        whole, scales = [], []
        for part, rarity in zip(parts, self.rarity, strict=True):
            weights = part * rarity
            scale = float(np.float32(max(np.abs(weights).max(initial=0.0), 1e-6) / LARGEST))
            whole.append(np.rint(weights / scale).astype(np.int8))
            scales.append(scale)
        return whole, scales

    def logit(self, whole: Sequence[Any], scales: Sequence[float], rows: Any) -> Any:
        """What words add to the log-odds of some cases, as the program will count it."""
        parts = zip(self.tables, whole, scales, strict=True)
        return sum(t[rows] @ (w.astype(float) * s) for t, w, s in parts)


@dataclass
class Trained:
    """Weights of all regressions: of numbers, and of words by regression and group."""

    numbers: dict[str, Any] = field(default_factory=dict)
    whole: dict[str, list[Any]] = field(default_factory=dict)
    scales: dict[str, list[float]] = field(default_factory=dict)


class Trainer:
    """Trains on some of the cases and tells probabilities of others."""

    def __init__(self, known: Sequence[Case], unnamed: Sequence[Label]) -> None:
        self.known, self.unnamed = known, unnamed
        self.numbers = {
            "side": Numbers([c.side for c in known]),
            "against": Numbers([c.against for c in known]),
        }
        self.numbers |= {"noted": self.numbers["side"], "mixed": self.numbers["against"]}
        self.words = Words(known)
        wanted = {"side": SIDES, "against": AGAINST, "mixed": ("mixed",), "noted": NOTED}
        self.wanted = {m: np.array([c.share(wanted[m]) for c in known]) for m in MODELS}

    def train(self, rows: Any) -> Trained:
        """Weights by these cases alone."""
        found = Trained()
        for model in MODELS:
            yes = self.wanted[model][rows]
            asked = self.wanted[GIVEN[model]][rows] if model in GIVEN else np.ones(len(rows))
            numbers = self.numbers[model]
            table = sparse.hstack([numbers.table, self.words.table]).tocsr()[rows]
            fitted = regression(table, yes, asked - yes)
            mine = len(numbers.names)
            coefficients = fitted.coef_[0]
            bias = float(fitted.intercept_[0])
            found.numbers[model] = numbers.weights(coefficients[:mine], bias)
            found.whole[model], found.scales[model] = self.words.quantised(coefficients[mine:])
        return found

    def probabilities(self, trained: Trained, rows: Any) -> Any:
        """A row a case, a column a regression."""
        columns = []
        for model in MODELS:
            weights, own = trained.numbers[model], self.numbers[model]
            plain = np.array([weights["weights"].get(n, 0.0) for n in own.names])
            logit = own.table[rows] @ (plain * own.scale) + float((plain * own.mean).sum())
            words = self.words.logit(trained.whole[model], trained.scales[model], rows)
            columns.append(1 / (1 + np.exp(-(logit + weights["bias"] + words))))
        return np.column_stack(columns)

    def cross_validated(self, rows: Any, repeat: int) -> Any:
        """Probabilities of each case by weights of the other folds."""
        folds = np.array([fold(self.known[i].paper, repeat) for i in rows])
        found = np.zeros((len(rows), len(MODELS)))
        for k in range(FOLDS):
            held = folds == k
            found[held] = self.probabilities(self.train(rows[~held]), rows[held])
        return found


def regression(table: Any, yes: Any, no: Any) -> LogisticRegression:
    """A regression on rows that are in part so and in part not, as far as readers differ."""
    parts = [(answer, part, np.flatnonzero(part > 0)) for answer, part in ((1, yes), (0, no))]
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-5)
    fitted.fit(
        sparse.vstack([table[rows] for _, _, rows in parts]),
        np.concatenate([np.full(len(rows), answer) for answer, _, rows in parts]),
        sample_weight=np.concatenate([part[rows] for _, part, rows in parts]),
    )
    return fitted


def best(score: Callable[[float], float], grid: Any) -> float:
    """The value of a grid with the best score; of equals the middle one."""
    scored = [round(score(float(t)), 6) for t in grid]
    top = [t for t, s in zip(grid, scored, strict=True) if s == max(scored)]
    return round(float(top[len(top) // 2]), 3)


def lowest(score: Callable[[float], float], grid: Any) -> float:
    """The lowest value of a grid whose score is nearly the best: within `NEARLY` of it."""
    scored = [score(float(t)) for t in grid]
    return round(
        float(next(t for t, s in zip(grid, scored, strict=True) if s > max(scored) - NEARLY)), 3
    )


def thresholds(known: Sequence[Case], sure: Any, unnamed: Sequence[Label] = ()) -> dict[str, float]:
    """From which probability on each label is given, for the best F1 on these cases.

    `unnamed` are labels of the same papers that no cue names: they are missed whatever is chosen.

    For sides against it is where as many are told as there are, so that precision and recall are
    equal: those are rare, and matter most.
    """
    weight = np.array([FIRST if c.first else 1.0 for c in known])
    open_ = np.array([not c.silent for c in known])
    gold = np.array([c.gold for c in known])

    def there(stances: Sequence[str]) -> float:
        missed = sum(FIRST if u.first else 1.0 for u in unnamed if u.stance in stances)
        return float(weight[np.isin(gold, stances)].sum()) + missed

    def f1(said: Any, stances: Sequence[str]) -> float:
        hit = float(weight[said & np.isin(gold, stances)].sum())
        return 2 * hit / max(float(weight[said].sum()) + there(stances), 1.0)

    def even(said: Any, stances: Sequence[str]) -> float:
        told, wanted = float(weight[said].sum()), there(stances)
        return min(told, wanted) / max(told, wanted, 1.0)

    side, against, named = sure[:, 0], sure[:, 0] * sure[:, 1], sure[:, 3]
    return {
        "side": best(lambda t: f1(open_ & (side >= t), SIDES), np.arange(0.2, 0.56, 0.01)),
        "against": best(
            lambda t: even(open_ & (against >= t), AGAINST), np.arange(0.12, 0.41, 0.01)
        ),
        "mention": lowest(lambda t: f1(named >= t, NOTED), np.arange(0.2, 0.81, 0.02)),
    }


def judge(known: Sequence[Case], sure: Any, limits: dict[str, float]) -> list[str]:
    """What the program says of each case ("" for nothing)."""
    said = []
    for case, (side, against, mixed, noted) in zip(known, sure, strict=True):
        if not case.silent and side * against >= limits["against"]:
            said.append("refutes" if mixed < 0.5 else "mixed")
        elif not case.silent and side >= limits["side"]:
            said.append("supports")
        else:
            said.append("mentions" if noted >= limits["mention"] else "")
    return said


def said_of(found: Sequence[Case], said: Sequence[str]) -> Gold:
    """What is said of cases ("" for nothing), in the form of the readers' labels."""
    return {(c.paper, c.mechanism): s for c, s in zip(found, said, strict=True) if s}


def fold(paper: str, repeat: int) -> int:
    return int(hashlib.sha256(f"{repeat} {paper}".encode()).hexdigest(), 16) % FOLDS


def cross_judged(trainer: Trainer, repeat: int) -> list[str]:
    """What is said of each case by weights and thresholds that did not see its paper."""
    known = trainer.known
    sure = trainer.cross_validated(np.arange(len(known)), repeat)
    said = [""] * len(known)
    for k in range(FOLDS):
        rest = [i for i, c in enumerate(known) if fold(c.paper, repeat) != k]
        held = [i for i, c in enumerate(known) if fold(c.paper, repeat) == k]
        missed = [u for u in trainer.unnamed if fold(u.paper, repeat) != k]
        limits = thresholds([known[i] for i in rest], sure[rest], missed)
        for i, stance in zip(
            held, judge([known[i] for i in held], sure[held], limits), strict=True
        ):
            said[i] = stance
    return said


def learnt_apart(trainer: Trainer, *, first: bool) -> tuple[list[Case], list[str]]:
    """The cases of one file, and what is said of them by what the other alone taught."""
    known = trainer.known
    taught = np.array([i for i, c in enumerate(known) if c.first is not first])
    asked = np.array([i for i, c in enumerate(known) if c.first is first])
    missed = [u for u in trainer.unnamed if u.first is not first]
    limits = thresholds([known[i] for i in taught], trainer.cross_validated(taught, 0), missed)
    found = [known[i] for i in asked]
    return found, judge(found, trainer.probabilities(trainer.train(taught), asked), limits)


def rounded(values: dict[str, float]) -> dict[str, float]:
    return {k: round(v, 3) for k, v in values.items()}


def report(
    trainer: Trainer, gold: dict[str, Gold]
) -> tuple[dict[str, dict[str, float]], dict[str, list[int]]]:
    """Show cross-validated scores of each kind of paper, the mean of the repeats; and `classes`."""
    known = trainer.known
    runs = [cross_judged(trainer, repeat) for repeat in range(REPEATS)]
    means = {}
    for kind in (REAL, ABRIDGED, FURTHER):
        mine = [i for i, c in enumerate(known) if c.kind == kind]
        if not mine:
            continue
        found = [known[i] for i in mine]
        values = [scores(said_of(found, [said[i] for i in mine]), gold[kind]) for said in runs]
        means[kind] = {k: float(np.mean([v[k] for v in values])) for k in values[0]}
        show(f"{kind}, {FOLDS} folds, mean of {REPEATS} repeats", means[kind])
        show("  lowest of the repeats", {k: min(v[k] for v in values) for k in means[kind]})
        apart, said = learnt_apart(trainer, first=kind != FURTHER)
        kept = [i for i, c in enumerate(apart) if c.kind == kind]
        show(
            f"{kind}, learnt from the other file alone",
            scores(said_of([apart[i] for i in kept], [said[i] for i in kept]), gold[kind]),
        )
    if any(c.again for c in known):
        values = [agreed(known, said, gold[FURTHER]) for said in runs]
        mean = {k: float(np.mean([v[k] for v in values])) for k in values[0]}
        show(f"{FURTHER}, what all readers of a paper agree on", mean)
    every: Gold = {}
    for one in gold.values():
        every |= one
    return means, classes(known, runs[0], every)


def agreed(known: Sequence[Case], said: Sequence[str], gold: Gold) -> dict[str, float]:
    """Scores over papers that were read again, without what their readers differ on."""
    twice = {c.paper for c in known if c.again}
    settled = [i for i, c in enumerate(known) if c.again and set(c.again) == {c.gold}]
    differ = {(c.paper, c.mechanism) for c in known if c.again and set(c.again) != {c.gold}}
    true = {k: v for k, v in gold.items() if k[0] in twice and k not in differ}
    return scores(said_of([known[i] for i in settled], [said[i] for i in settled]), true)


def classes(known: Sequence[Case], said: Sequence[str], gold: Gold) -> dict[str, list[int]]:
    """Papers told rightly to take a side, told so, and taking one, for each mechanism.

    Shows F1 too, the worst first.
    """
    mine = {(c.paper, c.mechanism) for c, s in zip(known, said, strict=True) if s in SIDES}
    theirs = {k for k, v in gold.items() if v in SIDES}
    rows, found = [], {}
    for name in sorted({m for _, m in mine | theirs}):
        a, b = ({k for k in keys if k[1] == name} for keys in (mine, theirs))
        rows.append((ratio(2 * len(a & b), len(a) + len(b)), name, len(a), len(b)))
        found[name] = [len(a & b), len(a), len(b)]
    print("side F1 by mechanism: F1, said, labelled")
    for value, name, said_, labelled in sorted(rows):
        print(f"  {name:28s} {value:.2f} {said_:4d} {labelled:4d}")
    return found


def write(trainer: Trainer, card: dict[str, Any]) -> None:
    """Train on all and write both files."""
    rows = np.arange(len(trainer.known))
    trained = trainer.train(rows)
    limits = thresholds(trainer.known, trainer.cross_validated(rows, 0), trainer.unnamed)
    words = trainer.words
    kept = [
        [i for i in range(size) if any(trained.whole[m][g][i] for m in MODELS)]
        for g, size in enumerate(words.sizes)
    ]
    named = [words.vocabulary[g][i] for g, chosen in enumerate(kept) for i in chosen]
    table = [
        [trained.whole[m][g][i] for m in MODELS] for g, chosen in enumerate(kept) for i in chosen
    ]
    np.savez_compressed(
        WORDS,
        words=np.frombuffer("\n".join(named).encode(), dtype=np.uint8),
        sizes=np.array([len(chosen) for chosen in kept], dtype=np.int32),
        weights=np.array(table, dtype=np.int8),
        scales=np.array([trained.scales[m] for m in MODELS], dtype=np.float64),
    )
    numbers = {**trained.numbers, "thresholds": limits, "card": card | {"words": len(named)}}
    NUMBERS.write_text(json.dumps(numbers, indent=1) + "\n")
    print(f"wrote {NUMBERS.relative_to(ROOT)} and {WORDS.relative_to(ROOT)}: {limits}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--more", type=Path, nargs="+", default=[], help="further labels")
    parser.add_argument("--again", type=Path, help="further readings of the same papers")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    reader = MechanismReader(catalog.load(ROOT / "queries"), Rescorer.of(EMPTY))
    again = readings(options.again) if options.again else {}
    records = read(options.labelled)
    seen = {r["pmid"] for r in records}
    further = [r for path in options.more for r in read(path) if r["pmid"] not in seen]
    known: list[Case] = []
    unnamed: list[Label] = []
    gold: dict[str, Gold] = {}
    for some, first in ((records, True), (further, False)):
        found = cases(some, reader, again, first=first)
        known += found
        unnamed += unnamed_in(some, found, first=first)
        for r in some:
            gold.setdefault(kind_of(r, first=first), {}).update(gold_of([r]))
    trainer = Trainer(known, unnamed)
    print(f"{len(records)} + {len(further)} abstracts, {len(known)} mechanisms found")
    means, sides = report(trainer, gold)
    if options.write:
        card = {
            "trained_on": f"{len(records)} + {len(further)} abstracts, "
            f"{len(known)} mechanisms found in them",
            "strength": STRENGTH,
            "cross_validated": rounded(means[REAL]),
            "cross_validated_on_the_abridged": rounded(means.get(ABRIDGED, {})),
            "cross_validated_on_the_further": rounded(means.get(FURTHER, {})),
            "sides": sides,
        }
        write(trainer, card)
        marks = {fingerprint(r["title"]) for r in (*records, *further)}
        EXAMPLES.write_text("\n".join(sorted(marks)) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
