"""Trains the regressions of monitor/assess/rescorer.py and says how well they do.

    python benchmarks/train_claims.py LABELLED.jsonl [--more MORE.jsonl] [--write]

Both files are in the format of `monitor evaluate`; benchmarks/join_labels.py makes MORE.jsonl from
benchmarks/labels/. Only real abstracts are counted; abridged ones are left out altogether. Five
folds by paper (a hash of its id), repeated with other hashes: no paper is judged by weights that
saw it. MORE.jsonl was labelled by one reader only: it counts half in training and is scored apart.
With --write the weights are trained on all and written to monitor/assess/weights/. The same input
gives the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from monitor import catalog
from monitor.assess.evidence import Evidence, Paper, against_features, side_features
from monitor.assess.mechanisms import MechanismReader
from monitor.assess.rescorer import Rescorer
from monitor.assess.text import Text, read_text
from monitor.model import Article, DesignLabel, DesignSource

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "monitor" / "assess" / "weights" / "mechanism-claims.json"
THRESHOLDS = {"side": 0.36, "against": 0.32, "mention": 0.05}
STRENGTH = {"side": 0.03, "against": 0.03}
#: What a paper counts in training that one reader labelled, and no second one checked.
LESS = 0.5
REPEATS = 5
SIDES = ("supports", "refutes", "mixed")
EMPTY: dict[str, Any] = {
    "side": {"bias": 0.0, "weights": {}},
    "against": {"bias": 0.0, "weights": {}},
    "thresholds": THRESHOLDS,
}


@dataclass(frozen=True)
class Case:
    """A mechanism found in a labelled paper, and the label of the readers ("" when none)."""

    paper: str
    mechanism: str
    gold: str
    evidence: Evidence
    all_evidence: Paper
    text: Text
    weight: float = 1.0


def read(path: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        {"id": r["pmid"], "kind": "abstract"} | r for r in records if r.get("kind") != "abridged"
    ]


def cases(
    records: Sequence[dict[str, Any]], reader: MechanismReader, weight: float = 1.0
) -> list[Case]:
    found = []
    for r in records:
        article = Article(pmid=r["pmid"] or "1", title=r["title"], abstract=r["abstract"] or "")
        text = read_text(article)
        paper = reader.paper(text, DesignLabel(r["study_type"], 1.0, DesignSource.NONE))
        gold = {m["id"]: m["stance"] for m in r["mechanisms"]}
        found += [
            Case(r["id"], name, gold.get(name, ""), evidence, paper, text, weight)
            for name, evidence in paper.evidence.items()
        ]
    return found


def fit(
    rows: Sequence[dict[str, float]], wanted: Sequence[bool], strength: float, counts: list[float]
) -> dict[str, Any]:
    """Weights for numbers as they are: scaling is folded in."""
    names = sorted({name for row in rows for name in row})
    table = np.array([[row.get(n, 0.0) for n in names] for row in rows])
    mean, scale = table.mean(axis=0), table.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=strength, max_iter=2000, tol=1e-8)
    model.fit((table - mean) / scale, np.array(wanted), sample_weight=counts)
    weights = model.coef_[0] / scale
    bias = float(model.intercept_[0] - (weights * mean).sum())
    return {
        "bias": round(bias, 5),
        "weights": {n: round(float(w), 5) for n, w in zip(names, weights, strict=True) if w},
    }


def train(known: Sequence[Case]) -> dict[str, Any]:
    side = [side_features(c.evidence, c.all_evidence) for c in known]
    taken = [c for c in known if c.gold in SIDES]
    against = [against_features(c.evidence, c.all_evidence) for c in taken]
    return {
        "side": fit(
            side, [c.gold in SIDES for c in known], STRENGTH["side"], [c.weight for c in known]
        ),
        "against": fit(
            against,
            [c.gold != "supports" for c in taken],
            STRENGTH["against"],
            [c.weight for c in taken],
        ),
        "thresholds": THRESHOLDS,
    }


def judge(unknown: Sequence[Case], weights: dict[str, Any], queries: catalog.Catalog) -> list[str]:
    reader = MechanismReader(queries, Rescorer.of(weights))
    verdicts = (reader.verdict(c.evidence, c.all_evidence, c.text) for c in unknown)
    return ["" if v.stance is None else str(v.stance) for v in verdicts]


def ratio(part: float, whole: float) -> float:
    return round(part / whole, 3) if whole else 0.0


def scores(
    found: Sequence[Case], said: Sequence[str], gold: dict[tuple[str, str], str]
) -> dict[str, float]:
    """Precision, recall and F1 over (paper, mechanism); stance over pairs that both found."""
    mine = {(c.paper, c.mechanism): s for c, s in zip(found, said, strict=True) if s}

    def prf(counts: Callable[[str], bool]) -> tuple[float, float, float]:
        a = {k for k, v in mine.items() if counts(v)}
        b = {k for k, v in gold.items() if counts(v)}
        hit = len(a & b)
        return ratio(hit, len(a)), ratio(hit, len(b)), ratio(2 * hit, len(a) + len(b))

    both = [(mine[k], v) for k, v in gold.items() if k in mine]
    sided = [(a, b) for a, b in both if a in SIDES and b in SIDES]
    side, against = prf(lambda s: s in SIDES), prf(lambda s: s in {"refutes", "mixed"})
    return {
        "side precision": side[0],
        "side recall": side[1],
        "side F1": side[2],
        "against precision": against[0],
        "against recall": against[1],
        "against F1": against[2],
        "stance exact (both found)": ratio(sum(a == b for a, b in both), len(both)),
        "stance exact (both take a side)": ratio(sum(a == b for a, b in sided), len(sided)),
    }


def fold(paper: str, repeat: int) -> int:
    return int(hashlib.sha256(f"{repeat} {paper}".encode()).hexdigest(), 16) % 5


def cross_validate(
    found: Sequence[Case], besides: Sequence[Case], repeat: int, queries: catalog.Catalog
) -> list[str]:
    """What is said of each case by weights of the other folds and of `besides`."""
    said = [""] * len(found)
    for k in range(5):
        weights = train([*(c for c in found if fold(c.paper, repeat) != k), *besides])
        held = [i for i, c in enumerate(found) if fold(c.paper, repeat) == k]
        for i, stance in zip(held, judge([found[i] for i in held], weights, queries), strict=True):
            said[i] = stance
    return said


def first_half(paper: str) -> bool:
    return hashlib.sha256(paper.encode()).digest()[0] % 2 == 0


def show(title: str, values: dict[str, float]) -> None:
    print(title)
    for name, value in values.items():
        print(f"  {name:34s} {value:.3f}")


def gold_of(records: Sequence[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {(r["id"], m["id"]): m["stance"] for r in records for m in r["mechanisms"]}


def report(
    title: str,
    found: Sequence[Case],
    besides: Sequence[Case],
    gold: dict[tuple[str, str], str],
    queries: catalog.Catalog,
) -> tuple[dict[str, float], list[str]]:
    """Show cross-validated scores; the mean of the repeats, and what the first of them said."""
    runs = [cross_validate(found, besides, repeat, queries) for repeat in range(REPEATS)]
    all_scores = [scores(found, said, gold) for said in runs]
    mean = {k: float(np.mean([s[k] for s in all_scores])) for k in all_scores[0]}
    show(f"{title}, 5 folds, mean of {REPEATS} repeats", mean)
    show("  lowest of the repeats", {k: min(s[k] for s in all_scores) for k in mean})
    return mean, runs[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--more", type=Path, help="further labels, of one reader")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--errors", action="store_true", help="show refutes and mixed that fail")
    options = parser.parse_args()
    queries = catalog.load(ROOT / "queries")
    reader = MechanismReader(queries, Rescorer.of(EMPTY))
    records = read(options.labelled)
    further = read(options.more) if options.more else []
    gold = gold_of(records)
    found, besides = cases(records, reader), cases(further, reader, LESS)
    mean, said = report(f"{len(records)} real abstracts", found, besides, gold, queries)
    if further:
        report(f"{len(further)} further", besides, found, gold_of(further), queries)
        show(
            "the further ones, by weights of the first alone",
            scores(besides, judge(besides, train(found), queries), gold_of(further)),
        )
    one = [c for c in found if first_half(c.paper)]
    other = [c for c in found if not first_half(c.paper)]
    rest = {k: v for k, v in gold.items() if not first_half(k[0])}
    show(
        f"trained on one half ({len(one)} cases) and the further ones, read the other",
        scores(other, judge(other, train([*one, *besides]), queries), rest),
    )
    if options.errors:
        for case, stance in zip(found, said, strict=True):
            hard = {"refutes", "mixed"}
            if (case.gold in hard) != (stance in hard):
                print(
                    f"{case.paper} {case.mechanism}: readers {case.gold or '-'}, we {stance or '-'}"
                )
    if options.write:
        card = {
            "trained_on": f"{len(records)} + {len(further)} abstracts, "
            f"{len(found) + len(besides)} mechanisms found in them",
            "strength": STRENGTH,
            "cross_validated": {k: round(v, 3) for k, v in mean.items()},
        }
        weights = train([*found, *besides])
        WEIGHTS.write_text(json.dumps({**weights, "card": card}, indent=1) + "\n")
        print(f"wrote {WEIGHTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
