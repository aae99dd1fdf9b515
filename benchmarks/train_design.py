"""Train the design model; same input, same weights, to the byte.

    python benchmarks/train_design.py --people study_designs.jsonl.gz --readers dev.jsonl \
        --single benchmarks/labels/mecfs_longcovid.jsonl --pubmed a.xml.gz b.xml.gz \
        --date 2026-11-24 [--folds 5] [--trials a.xml.gz] [--out monitor/assess/weights]

`--people` are abstracts with 14 coarse study types, `--readers` ones with our designs, `--single`
labels of one reader by PMID, whose texts are in the files of `--pubmed`; the records there whose
titles and indexing give labels are examples too (silver.py). Needs the extra `train`. It
cross-validates first and writes the numbers to the card. With `--trials` it also trains without any
record of those files, and looks how well it finds the randomised trials in them, by the text, on
records that people indexed. Without `--out` nothing is written.
"""

from __future__ import annotations

import argparse
import io
import json
import math
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
import scipy.sparse as sp
from join_labels import articles_of, joined, labelled
from silver import Example, silver
from sklearn.feature_selection import chi2

from monitor import catalog
from monitor.assess.design import LEAST_CONFIDENCE, OTHER
from monitor.assess.design_model import features, fingerprint
from monitor.assess.design_rules import PLACE_SHARE, DesignRules, Place
from monitor.assess.merged import COARSE, MERGED, TREATED_COHORT, merged
from monitor.assess.scores import calibration, expected_calibration_error
from monitor.assess.text import read_text
from monitor.assess.truth import without_indexing
from monitor.model import Article

Array = npt.NDArray[np.float64]

VOCABULARY = 30_000
LEAST_TEXTS = 4
#: Strength of the pull to zero, for words and for corrections of rules.
PULL_WORDS = 2.0e-5
PULL_RULES = 1.0e-3
#: What one example of a source weighs. People's labels count most, the indexer's least.
WEIGHTS = {"readers": 6.0, "single": 5.0, "people": 1.5, "title": 0.2, "indexer": 0.12}
#: Sources that are labelled by reading, and so can be tested on.
BY_HAND = ("readers", "single", "people")
#: At most so many silver examples of one design and source, the first ones: more made it worse.
MOST_SILVER = 250
STEPS = 60


LIMITS = (
    "Reads English titles and abstracts only, never full texts.",
    "Labels of the silver examples come from titles and from PubMed's indexing, which errs.",
    "People's labels are of neurology and psychiatry papers.",
    "ME/CFS and naltrexone papers are few; most of their labels are by language models.",
    "Cohort, case-control and cross-sectional studies are hard to tell apart from abstracts.",
    "So are narrative reviews and hypotheses; confidence is lower for that reason.",
    "Accuracy on records it was trained on says nothing; the numbers here are cross-validated.",
)


@dataclass
class Data:
    """Examples as matrices: words, rules, the rules' own scores, and the designs allowed."""

    words: list[dict[str, int]]
    rules: sp.csr_matrix
    offset: Array
    allowed: npt.NDArray[np.bool_]
    weight: Array
    source: list[str]
    examples: Sequence[Example]


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
        return Example(article, frozenset({record["study_type"]}), source, acceptable, real)
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


def prepare(examples: Sequence[Example], rules: DesignRules, classes: Sequence[str]) -> Data:
    column = {c: i for i, c in enumerate(classes)}
    rows, cols = [], []
    offset = np.zeros((len(examples), len(classes)))
    allowed = np.zeros((len(examples), len(classes)), dtype=bool)
    words = []
    for i, one in enumerate(examples):
        text = read_text(one.article)
        words.append(features(text))
        for found in rules.find(text):
            rows.append(i)
            cols.append(found.rule * len(Place) + list(Place).index(found.place))
            score = rules.rules[found.rule].weight * PLACE_SHARE[found.place]
            offset[i, column[rules.designs[found.rule]]] += score
        for design in one.designs:
            allowed[i, column[design]] = True
    shape = (len(examples), len(rules.rules) * len(Place))
    matrix = sp.csr_matrix((np.ones(len(rows)), (rows, cols)), shape=shape)
    matrix.data[:] = 1.0
    weight = np.array([WEIGHTS[e.source] for e in examples])
    sources = [e.source for e in examples]
    return Data(words, matrix, offset, allowed, weight, sources, examples)


def choose_words(data: Data, chosen: npt.NDArray[np.int_]) -> dict[str, int]:
    """The words that tell designs apart best, in alphabetical order."""
    texts = Counter(word for i in chosen for word in data.words[i])
    known = sorted(w for w, n in texts.items() if n >= LEAST_TEXTS and "\n" not in w)
    index = {w: i for i, w in enumerate(known)}
    matrix = counts(data, chosen, index)
    matrix.data[:] = 1.0
    target = data.allowed[chosen].argmax(axis=1)
    scores = np.nan_to_num(chi2(matrix, target)[0])
    best = {known[j] for j in np.argsort(-scores, kind="stable")[:VOCABULARY]}
    # A pair is looked up by its words, so both must be known; so must a title's word.
    usable = (w for w in best if all(part in best for part in w.removeprefix("t:").split(" ")))
    return {w: i for i, w in enumerate(sorted(usable))}


def counts(data: Data, chosen: npt.NDArray[np.int_], index: dict[str, int]) -> sp.csr_matrix:
    rows, cols, values = [], [], []
    for row, i in enumerate(chosen):
        for word, count in data.words[i].items():
            at = index.get(word)
            if at is not None:
                rows.append(row)
                cols.append(at)
                values.append(1.0 + math.log(count))
    return sp.csr_matrix((values, (rows, cols)), shape=(len(chosen), len(index)))


def weigh(matrix: sp.csr_matrix, idf: Array) -> sp.csr_matrix:
    scaled = matrix @ sp.diags(idf)
    norms = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel())
    return (sp.diags(1.0 / np.maximum(norms, 1e-9)) @ scaled).tocsr()


@dataclass
class Fit:
    """A trained model: weights of words and of rules by class."""

    index: dict[str, int]
    idf: Array
    words: Array
    rules: Array
    bias: Array

    def logits(self, data: Data, chosen: npt.NDArray[np.int_]) -> Array:
        """Scores of the classes for some rows."""
        matrix = weigh(counts(data, chosen, self.index), self.idf)
        scores = matrix @ self.words + data.rules[chosen] @ self.rules
        return np.asarray(scores + self.bias + data.offset[chosen])


def fit(data: Data, chosen: npt.NDArray[np.int_]) -> Fit:
    """Maximum likelihood where an example may allow several designs, pulled to zero."""
    index = choose_words(data, chosen)
    raw = counts(data, chosen, index)
    texts = np.asarray((raw > 0).sum(axis=0)).ravel()
    idf = np.log((1.0 + len(chosen)) / (1.0 + texts)) + 1.0
    matrix = weigh(raw, idf)
    rules, offset = data.rules[chosen], data.offset[chosen]
    allowed, weight = data.allowed[chosen], data.weight[chosen]
    weight = weight / weight.sum()
    v, r, c = matrix.shape[1], rules.shape[1], offset.shape[1]
    both = sp.hstack([matrix, rules]).tocsr()
    turned = both.T.tocsr()
    pull = np.concatenate([np.full(v, PULL_WORDS), np.full(r, PULL_RULES)])[:, None]

    def loss(flat: Array) -> tuple[float, Array]:
        table = flat[: (v + r) * c].reshape(v + r, c)
        scores = both @ table + flat[(v + r) * c :] + offset
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        total = powers.sum(axis=1)
        right = np.where(allowed, powers, 0.0)
        rights = right.sum(axis=1) + 1e-300
        value = -(weight * np.log(rights / total)).sum() + 0.5 * (pull * table**2).sum()
        slope = (powers / total[:, None] - right / rights[:, None]) * weight[:, None]
        grad = turned @ slope + pull * table
        return float(value), np.concatenate([np.asarray(grad).ravel(), slope.sum(axis=0)])

    start = np.zeros((v + r + 1) * c)
    found = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 6}
    ).x
    table = found[: (v + r) * c].reshape(v + r, c)
    return Fit(index, idf, table[:v], table[v:], found[(v + r) * c :])


def softmax(scores: Array, temperature: float) -> Array:
    scaled = scores / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def best_temperature(data: Data, scores: Array, rows: npt.NDArray[np.int_]) -> float:
    """By which to divide the scores so that the labels of these rows are likeliest."""

    def loss(temperature: float) -> float:
        right = np.where(data.allowed[rows], softmax(scores[rows], temperature), 0.0).sum(axis=1)
        return float(-np.log(right + 1e-12).sum())

    return min((round(0.5 + 0.05 * step, 2) for step in range(71)), key=loss)


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
) -> tuple[dict[str, Any], float, Array]:
    scores = np.zeros_like(data.offset)
    fold_of = np.full(len(data.source), -1)
    for at, (train, test) in enumerate(folds(data, number)):
        scores[test] = fit(data, train).logits(data, test)
        fold_of[test] = at
        print(f"  fold done, {len(test)} tested", flush=True)
    rows = np.flatnonzero(fold_of >= 0)
    probabilities = np.zeros_like(scores)
    for at in range(number):  # each fold by the temperature of the others
        test = np.flatnonzero(fold_of == at)
        temperature = best_temperature(data, scores, _ours(data, rows[fold_of[rows] != at]))
        probabilities[test] = softmax(scores[test], temperature)
    temperature = best_temperature(data, scores, _ours(data, rows))
    report: dict[str, Any] = {"folds": number, "temperature": temperature}
    told = as_told(probabilities, classes)
    readers = [i for i in rows.tolist() if data.source[i] == "readers"]
    real = [i for i in readers if data.examples[i].real]
    single = [i for i in rows.tolist() if data.source[i] == "single"]
    report["readers"] = _scores(data, readers, told, classes)
    report["readers_real"] = _scores(data, real, told, classes)
    report["single"] = _scores(data, single, told, classes)
    report["people_merged"] = _merged_f1(data, rows, probabilities, classes)
    return report, temperature, scores


def _ours(data: Data, rows: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """Rows that are labelled with our own designs and are about our subject."""
    return np.array([i for i in rows if data.source[i] in {"readers", "single"}])


def as_told(probabilities: Array, classes: Sequence[str]) -> Array:
    """Probabilities of what readers are told: a treated cohort is a cohort."""
    treated, cohort = classes.index(TREATED_COHORT), classes.index("cohort")
    told = probabilities.copy()
    told[:, cohort] += told[:, treated]
    told[:, treated] = 0.0
    return told


def _scores(
    data: Data, rows: Sequence[int], probabilities: Array, classes: Sequence[str]
) -> dict[str, float]:
    """Share told exactly, share at least acceptable, and whether the confidence means it."""
    told = [
        classes[probabilities[i].argmax()] if probabilities[i].max() >= LEAST_CONFIDENCE else OTHER
        for i in rows
    ]
    right = [d in data.examples[i].designs for i, d in zip(rows, told, strict=True)]
    fine = [
        d in data.examples[i].designs | data.examples[i].acceptable
        for i, d in zip(rows, told, strict=True)
    ]
    cases = [(float(probabilities[i].max()), r) for i, r in zip(rows, right, strict=True)]
    total = max(len(rows), 1)
    return {
        "n": len(rows),
        "exact": round(sum(right) / total, 4),
        "exact_or_acceptable": round(sum(fine) / total, 4),
        "calibration_error": round(expected_calibration_error(calibration(cases)), 4),
    }


def _merged_f1(
    data: Data, rows: npt.NDArray[np.int_], probabilities: Array, classes: Sequence[str]
) -> dict[str, float]:
    groups = list(MERGED)
    of_class = np.array([groups.index(merged(c)) for c in classes])
    own = np.array([i for i in rows if data.source[i] == "people"])
    summed = np.zeros((len(own), len(groups)))
    for column, group in enumerate(of_class):
        summed[:, group] += probabilities[own, column]
    told = summed.argmax(axis=1)
    true = np.array([of_class[data.allowed[i].argmax()] for i in own])
    report = {}
    for at, group in enumerate(groups):
        hit = int(((told == at) & (true == at)).sum())
        report[group] = round(2 * hit / max(int((told == at).sum() + (true == at).sum()), 1), 4)
    report["macro"] = round(sum(report.values()) / len(groups), 4)
    report["accuracy"] = round(float((told == true).mean()), 4)
    return report


def trials(
    given: argparse.Namespace, rules: DesignRules, examples: Sequence[Example], data: Data
) -> dict[str, Any]:
    """How well randomised trials are found in files that the model never saw.

    Only records that people indexed or checked, and the truth is their publication type.
    """
    records = list(articles_of(given.trials))
    papers = [a for a in records if a.mesh and a.indexing_method != "Automated" and a.abstract]
    unseen = {a.pmid for a in records}
    titles = {fingerprint(a.title) for a in papers}
    kept = [
        i
        for i, e in enumerate(examples)
        if e.article.pmid not in unseen and fingerprint(e.article.title) not in titles
    ]
    classes = [*(d.id for d in catalog.load(given.queries).designs), TREATED_COHORT]
    tested = [Example(without_indexing(a), frozenset({"other"}), "readers") for a in papers]
    shown = prepare(tested, rules, classes)
    scores = fit(data, np.array(kept)).logits(shown, np.arange(len(tested)))
    chance = softmax(scores, 1.0)[:, classes.index("randomized_controlled_trial")]
    told = scores.argmax(axis=1) == classes.index("randomized_controlled_trial")
    true = np.array(
        [any(t.name == "Randomized Controlled Trial" for t in a.publication_types) for a in papers]
    )
    for at in np.flatnonzero(told != true):
        print(f"  {'missed' if true[at] else 'taken for a trial'}: {papers[at].pmid}")
    enough = np.sort(chance[true])[::-1][math.ceil(0.98 * true.sum()) - 1]
    return {
        "files": sorted(p.name for p in given.trials),
        "records": len(papers),
        "trials": int(true.sum()),
        "recall": round(float(told[true].mean()), 4),
        "precision": round(float(true[told].mean()), 4),
        "precision_at_recall_0.98": round(float(true[chance >= enough].mean()), 4),
    }


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
    parser.add_argument("--folds", type=int, default=5)
    given = parser.parse_args()
    known = catalog.load(given.queries)
    rules = DesignRules(known)
    classes = [*(d.id for d in known.designs), TREATED_COHORT]
    examples = gathered(given, list(articles_of(given.pubmed)))
    sizes = Counter(e.source for e in examples)
    print(f"{len(examples)} examples: {dict(sizes)}", flush=True)
    data = prepare(examples, rules, classes)
    report, temperature, _ = cross_validate(data, classes, given.folds)
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
        "temperature": temperature,
        "examples": dict(sizes),
        "example_weights": WEIGHTS,
        "trained_on": "design-trained-on.txt: SHA-256 of the titles' letters, twelve digits each",
        "cross_validation": report,
        "limits": LIMITS,
    }
    write(given.out, found, rule_names(rules), card, examples)


if __name__ == "__main__":
    main()
