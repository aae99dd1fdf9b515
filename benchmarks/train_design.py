"""Train the design model; same input, same weights, to the byte.

    python benchmarks/train_design.py --people study_designs.jsonl.gz --readers dev.jsonl \
        --single benchmarks/labels/mecfs_longcovid.jsonl --pubmed a.xml.gz b.xml.gz \
        --date 2026-11-24 [--folds 5] [--trials a.xml.gz] [--out monitor/assess/weights]

`--people` are abstracts with 14 coarse study types, `--readers` ones with our designs, `--single`
labels of one reader by PMID, whose texts are in the files of `--pubmed`; the records there whose
titles and indexing give labels are examples too (silver.py). Needs the extra `train`. It
cross-validates first and writes the numbers to the card. With `--trials` it also looks how well it
finds the randomised trials in those files by the text, on records that people indexed, half of them
at a time by a model that saw none of that half. Without `--out` nothing is written.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize
from design_fit import WEIGHTS, Array, Data, Fit, fit, prepare, softmax
from join_labels import articles_of, joined, labelled
from silver import Example, silver

from monitor import catalog
from monitor.assess.design import LEAST_COMPARED, LEAST_CONFIDENCE, OTHER, compares_with_healthy
from monitor.assess.design_model import calibrated, features, fingerprint
from monitor.assess.design_rules import DesignRules, Place
from monitor.assess.merged import COARSE, MERGED, TREATED_COHORT, merged
from monitor.assess.scores import Confusion, calibration, expected_calibration_error
from monitor.assess.text import read_text
from monitor.assess.truth import without_indexing
from monitor.model import Article

#: Sources that are labelled by reading, and so can be tested on.
BY_HAND = ("readers", "single", "people")
#: At most so many silver examples of one design and source, the first ones: more made it worse.
MOST_SILVER = 250
#: At which the recall of randomised trials is told.
LEAST_PRECISION = 0.90


LIMITS = (
    "Reads English titles and abstracts only, never full texts.",
    "Labels of the silver examples come from titles and from PubMed's indexing, which errs.",
    "People's labels are of neurology and psychiatry papers.",
    "ME/CFS and naltrexone papers are few; most of their labels are by language models.",
    "The papers called hard were chosen because an earlier model was unsure; others are easier.",
    "Cohort, case-control and cross-sectional studies are hard to tell apart from abstracts.",
    "So are narrative reviews and hypotheses; confidence is lower for that reason.",
    "Accuracy on records it was trained on says nothing; the numbers here are cross-validated.",
)


def example(record: dict[str, Any], source: str = "readers") -> Example:
    """A labelled line as an example; coarse study types allow every design that they hold."""
    article = Article(
        pmid=str(record.get("pmid") or record.get("id")),
        title=record["title"] or "",
        abstract=record["abstract"] or "",
    )
    if "study_type" in record:
        acceptable = frozenset(record.get("also_acceptable") or ())
        real = record.get("kind") != "abridged"
        hard = record.get("drawn") == "hard"
        designs = frozenset({record["study_type"]})
        return Example(article, designs, source, acceptable, real, hard=hard)
    group = COARSE[record["label"]]
    return Example(article, MERGED[group], "people")


def few(examples: Iterator[Example]) -> Iterator[Example]:
    """At most `MOST_SILVER` of each design and source, so that common ones do not drown others."""
    seen: Counter[tuple[str, frozenset[str]]] = Counter()
    for one in examples:
        key = (one.source, one.designs)
        seen[key] += 1
        if seen[key] <= MOST_SILVER:
            yield one


def folds(data: Data, number: int) -> Iterator[tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]]:
    """Train and test rows; only examples labelled by hand are tested, spread evenly by label."""
    by_hand = [i for i, s in enumerate(data.source) if s in BY_HAND]
    order = sorted(by_hand, key=lambda i: (data.source[i], data.allowed[i].tobytes(), i))
    for fold in range(number):
        test = np.array(sorted(order[fold::number]))
        held = set(test.tolist())
        yield np.array([i for i in range(len(data.source)) if i not in held]), test


def cross_validate(
    data: Data, classes: Sequence[str], number: int
) -> tuple[dict[str, Any], tuple[float, float]]:
    """Scores of what readers would be told, and what makes a probability a confidence.

    No record is told by a model that saw it, nor its confidence made by one.
    """
    scores = np.zeros_like(data.offset)
    fold_of = np.full(len(data.source), -1)
    for at, (train, test) in enumerate(folds(data, number)):
        scores[test] = fit(data, train).logits(data, test)
        fold_of[test] = at
        print(f"  fold done, {len(test)} tested", flush=True)
    rows = np.flatnonzero(fold_of >= 0).tolist()
    told = {i: Told.of(softmax(scores[i : i + 1])[0], classes) for i in rows}
    for i in rows:
        told[i].rule(compares_with_healthy(read_text(data.examples[i].article)))
    ours = [i for i in rows if data.source[i] in {"readers", "single"}]
    right = {i: told[i].design in data.examples[i].designs for i in ours}
    for at in range(number):
        others = [i for i in ours if fold_of[i] != at]
        by_others = calibrate([(told[i].probability, right[i]) for i in others])
        for i in np.flatnonzero(fold_of == at).tolist():
            told[i].confidence = calibrated(told[i].probability, *by_others)
    readers = [i for i in ours if data.source[i] == "readers"]
    single = [i for i in ours if data.source[i] == "single"]
    report: dict[str, Any] = {
        "folds": number,
        "readers": _scores(data, readers, told),
        "readers_real": _scores(data, [i for i in readers if data.examples[i].real], told),
        "single": _scores(data, [i for i in single if not data.examples[i].hard], told),
        "single_hard": _scores(data, [i for i in single if data.examples[i].hard], told),
        "readers_and_single": _scores(data, ours, told),
        "people_merged": _merged_f1(data, [i for i in rows if data.source[i] == "people"], told),
        "confusion": {
            "readers_and_single": _confused(data, ours, told),
            "people_merged": _merged(
                data, [i for i in rows if data.source[i] == "people"], told
            ).matrix(),
        },
    }
    return report, calibrate([(told[i].probability, right[i]) for i in ours])


@dataclass
class Told:
    """What readers are told: the likeliest design, its group, and how sure."""

    design: str
    group: str
    probability: float
    compared: float
    confidence: float = 0.0

    @classmethod
    def of(cls, probabilities: Array, classes: Sequence[str]) -> Told:
        """A treated cohort is a cohort, with a case series as its second design."""
        chances = dict(zip(classes, probabilities.tolist(), strict=True))
        treated = chances.pop(TREATED_COHORT)
        second = "case_series" if treated > chances["cohort"] else None
        chances["cohort"] += treated
        best = max(chances, key=lambda c: chances[c])
        return cls(best, merged(best, second), chances[best], chances["case_control"])

    def rule(self, healthy: bool) -> None:
        """Apply the ruling on healthy comparators, as DesignReader does."""
        if self.design == "cross_sectional" and healthy and self.compared >= LEAST_COMPARED:
            self.design = "case_control"
            self.group = merged(self.design, None)
            self.probability += self.compared


def calibrate(cases: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and offset in log-odds under which what was right is likeliest."""
    right = np.array([r for _, r in cases], dtype=bool)

    def loss(pair: Array) -> float:
        sure = np.array([calibrated(p, pair[0], pair[1]) for p, _ in cases])
        return float(-np.log(np.where(right, sure, 1.0 - sure) + 1e-9).mean())

    found = scipy.optimize.minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return round(float(found[0]), 4), round(float(found[1]), 4)


def _scores(data: Data, rows: Sequence[int], told: dict[int, Told]) -> dict[str, float]:
    """Share told exactly, share at least acceptable, and whether the confidence means it."""
    exact, fine, cases = 0, 0, []
    for i in rows:
        example, one = data.examples[i], told[i]
        design = one.design if one.confidence >= LEAST_CONFIDENCE else OTHER
        right = design in example.designs
        exact += right
        fine += right or design in example.acceptable
        cases.append((one.confidence, right))
    total = max(len(rows), 1)
    return {
        "n": len(rows),
        "exact": round(exact / total, 4),
        "exact_or_acceptable": round(fine / total, 4),
        "calibration_error": round(expected_calibration_error(calibration(cases)), 4),
    }


def _confused(data: Data, rows: Sequence[int], told: dict[int, Told]) -> dict[str, dict[str, int]]:
    """Papers by true design, then by the one that readers are told."""
    pairs = []
    for i in rows:
        design = told[i].design if told[i].confidence >= LEAST_CONFIDENCE else OTHER
        designs = data.examples[i].designs
        pairs.append((design if design in designs else min(designs), design))
    return Confusion(tuple(pairs)).matrix()


def _merged(data: Data, rows: Sequence[int], told: dict[int, Told]) -> Confusion:
    return Confusion(tuple((merged(min(data.examples[i].designs)), told[i].group) for i in rows))


def _merged_f1(data: Data, rows: Sequence[int], told: dict[int, Told]) -> dict[str, float]:
    confusion = _merged(data, rows, told)
    report = {c.name: round(c.f1, 4) for c in confusion.classes}
    return report | {
        "n": len(rows),
        "macro": round(confusion.macro_f1, 4),
        "accuracy": round(confusion.accuracy.value or 0.0, 4),
    }


def trials(
    given: argparse.Namespace, rules: DesignRules, examples: Sequence[Example], data: Data
) -> dict[str, Any]:
    """How well randomised trials are found in files, each record by a model that never saw it.

    Only records that people indexed or checked, and the truth is their publication type.
    """
    classes = [*(d.id for d in catalog.load(given.queries).designs), TREATED_COHORT]
    papers = [a for path in given.trials for a in indexed_by_people(path)]
    tested = [Example(without_indexing(a), frozenset({"other"}), "readers") for a in papers]
    shown = prepare(tested, rules, classes)
    scores = np.zeros_like(shown.offset)
    for half in (0, 1):
        rows = np.arange(half, len(papers), 2)
        found = fit(data, unseen(examples, papers[half::2]))
        scores[rows] = found.logits(shown, rows)
    number = classes.index("randomized_controlled_trial")
    chance, said = softmax(scores)[:, number], scores.argmax(axis=1) == number
    true = np.array(
        [any(t.name == "Randomized Controlled Trial" for t in a.publication_types) for a in papers]
    )
    for at in np.flatnonzero(said != true).tolist():
        print(f"  {'missed' if true[at] else 'taken for a trial'}: {papers[at].pmid}")
    kept = np.sort(chance[true])
    precision = [float(true[chance >= c].mean()) for c in kept]
    sound = [i for i, p in enumerate(precision) if p >= LEAST_PRECISION]
    return {
        "files": sorted(p.name for p in given.trials),
        "records": len(papers),
        "trials": int(true.sum()),
        "recall": round(float(said[true].mean()), 4),
        "precision": round(float(true[said].mean()), 4),
        "precision_at_recall_0.98": round(precision[int(0.02 * len(kept))], 4),
        "recall_at_precision_0.90": round(1 - sound[0] / len(kept), 4) if sound else 0.0,
    }


def indexed_by_people(path: Path) -> list[Article]:
    return [
        a for a in articles_of([path]) if a.mesh and a.indexing_method != "Automated" and a.abstract
    ]


def unseen(examples: Sequence[Example], papers: Sequence[Article]) -> npt.NDArray[np.int_]:
    """Rows of the examples that are none of these papers."""
    pmids, titles = {a.pmid for a in papers}, {fingerprint(a.title) for a in papers}
    return np.array(
        [
            i
            for i, e in enumerate(examples)
            if e.article.pmid not in pmids and fingerprint(e.title) not in titles
        ]
    )


def write(
    folder: Path,
    found: Fit,
    names: Sequence[str],
    card: dict[str, Any],
    examples: Sequence[Example],
) -> None:
    """Weights as int8 with a scale for each class, the card, and which papers were examples."""
    scale = np.maximum(np.abs(found.words).max(axis=0), 1e-9) / 127.0
    packed = np.rint(found.words / scale).astype(np.int8)
    vocabulary = "\n".join(sorted(found.index, key=found.index.__getitem__)).encode("utf-8")
    arrays = {
        "vocabulary": np.frombuffer(vocabulary, dtype=np.uint8),
        "weights": packed,
        "scale": scale.astype(np.float32),
        "idf": found.idf.astype(np.float16),
        "bias": found.bias.astype(np.float32),
        "rules": found.rules.astype(np.float32),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "design.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.save(buffer, arrays[name], allow_pickle=False)
            info = zipfile.ZipInfo(name + ".npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, buffer.getvalue())
    card["rules"] = list(names)
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    (folder / "design.json").write_text(text, encoding="utf-8")
    marks = sorted({fingerprint(e.title) for e in examples if e.title.strip()})
    (folder / "design-trained-on.txt").write_text("\n".join(marks) + "\n", encoding="ascii")


def rule_names(rules: DesignRules) -> list[str]:
    return [f"{name}@{place.value}" for name in rules.names for place in Place]


def background(records: Sequence[Article], examples: Sequence[Example]) -> list[dict[str, int]]:
    """Words of the records that nobody labelled by hand: none that is tested is among them."""
    tested = frozenset(e.article.pmid for e in examples if e.source in BY_HAND)
    return [features(read_text(a)) for a in records if a.pmid not in tested]


def gathered(given: argparse.Namespace, records: Sequence[Article]) -> list[Example]:
    """All examples: those labelled by hand first."""
    by_hand = [example(r) for path in (given.readers, given.people) for r in labelled(path)]
    known = frozenset(e.article.pmid for e in by_hand)
    labels = (r for path in given.single for r in labelled(path) if r["pmid"] not in known)
    single = sorted(joined(labels, records), key=lambda r: int(r["pmid"]))
    by_hand += [example(r, "single") for r in single]
    unwanted = frozenset(e.article.pmid for e in by_hand)
    return by_hand + list(few(silver(records, unwanted)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--readers", type=Path, required=True)
    parser.add_argument("--single", type=Path, nargs="*", default=[])
    parser.add_argument("--pubmed", type=Path, nargs="*", default=[])
    parser.add_argument("--trials", type=Path, nargs="*", default=[])
    parser.add_argument("--queries", type=Path, default=Path("queries"))
    parser.add_argument("--out", type=Path, help="a folder; without it nothing is written")
    parser.add_argument("--date", type=date.fromisoformat, required=True, help="of the training")
    parser.add_argument("--folds", type=int, default=5, help="0: no cross-validation")
    given = parser.parse_args()
    known = catalog.load(given.queries)
    rules = DesignRules(known)
    classes = [*(d.id for d in known.designs), TREATED_COHORT]
    records = list(articles_of(given.pubmed))
    examples = gathered(given, records)
    sizes = Counter(e.source for e in examples)
    print(f"{len(examples)} examples: {dict(sizes)}", flush=True)
    data = prepare(examples, rules, classes)
    data.background = background(records, examples)
    report: dict[str, Any] = {}
    confidence = (1.0, 0.0)
    if given.folds:
        report, confidence = cross_validate(data, classes, given.folds)
        print(json.dumps(report, indent=1), flush=True)
    if given.trials:
        report["trials"] = trials(given, rules, examples, data)
        print(json.dumps(report["trials"], indent=1), flush=True)
    if given.out is None:
        return
    found = fit(data, np.arange(len(examples)))
    inputs = (given.people, given.readers, *given.single, *given.pubmed)
    card = {
        "name": "study design, linear model over words and pairs of words",
        "trained": given.date.isoformat(),
        "made_with": "benchmarks/train_design.py; same input, same bytes",
        "input": sorted(path.name for path in inputs),
        "classes": classes,
        "calibration": {"slope": confidence[0], "offset": confidence[1]},
        "examples": dict(sizes),
        "example_weights": WEIGHTS,
        "texts_without_label": len(data.background),
        "trained_on": "design-trained-on.txt: SHA-256 of the titles' letters, twelve digits each",
        "cross_validation": report,
        "limits": LIMITS,
    }
    write(given.out, found, rule_names(rules), card, examples)


if __name__ == "__main__":
    main()
