"""The design model's fit: examples as matrices, and the weights that make their labels likeliest.

Maximum likelihood over words, pairs of words, rules and hidden subjects, where an example may allow
several designs; joined with a second fit that tells nine coarse groups apart. The hidden subjects
are those of latent semantic analysis (Deerwester et al. 1990): words that stand in the same texts,
labelled or not, lend each other weight. All is linear in the words, and so one table in the end.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.sparse as sp
from silver import Example
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression

from monitor.assess.design_model import features
from monitor.assess.design_rules import PLACE_SHARE, DesignRules, Place
from monitor.assess.text import read_text

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int_]

VOCABULARY = 30_000
LEAST_TEXTS = 4
#: Strength of the pull to zero, for words and for corrections of rules.
PULL_WORDS = 2.0e-5
PULL_RULES = 1.0e-3
#: What one example of a source weighs. People's labels count most, the indexer's least.
WEIGHTS = {"readers": 6.0, "single": 3.5, "people": 1.5, "title": 0.2, "indexer": 0.12}
#: How much the model of the nine groups counts, and how much words and rules count in it.
GROUPS_SHARE, GROUPS_WORDS, GROUPS_RULES = 0.7, 1.4, 0.3
STEPS = 60
#: How many hidden subjects there are, and how large they are beside the words.
SUBJECTS, SUBJECTS_SHARE = 200, 1.0


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
    #: Words of texts without a label, which tell what words go together.
    background: Sequence[dict[str, int]] = ()


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


def choose_words(data: Data, chosen: Rows) -> dict[str, int]:
    """The words that tell designs apart best, in alphabetical order."""
    texts = Counter(word for i in chosen for word in data.words[i])
    known = sorted(w for w, n in texts.items() if n >= LEAST_TEXTS and "\n" not in w)
    index = {w: i for i, w in enumerate(known)}
    matrix = counts([data.words[i] for i in chosen], index)
    matrix.data[:] = 1.0
    target = data.allowed[chosen].argmax(axis=1)
    scores = np.nan_to_num(chi2(matrix, target)[0])
    best = {known[j] for j in np.argsort(-scores, kind="stable")[:VOCABULARY]}
    # A pair is looked up by its words, so both must be known; so must a title's word.
    usable = (w for w in best if all(part in best for part in w.removeprefix("t:").split(" ")))
    return {w: i for i, w in enumerate(sorted(usable))}


def counts(texts: Sequence[dict[str, int]], index: dict[str, int]) -> sp.csr_matrix:
    rows, cols, values = [], [], []
    for row, words in enumerate(texts):
        for word, count in words.items():
            at = index.get(word)
            if at is not None:
                rows.append(row)
                cols.append(at)
                values.append(1.0 + math.log(count))
    return sp.csr_matrix((values, (rows, cols)), shape=(len(texts), len(index)))


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

    def logits(self, data: Data, chosen: Rows) -> Array:
        """Scores of the classes for some rows."""
        matrix = weigh(counts([data.words[i] for i in chosen], self.index), self.idf)
        scores = matrix @ self.words + data.rules[chosen] @ self.rules
        return np.asarray(scores + self.bias + data.offset[chosen])


def subjects(matrix: sp.csr_matrix, background: sp.csr_matrix) -> Array:
    """Hidden subjects of all texts: what a word adds to each, words × subjects.

    Frequent subjects are made smaller, and all so that a labelled text is of length one on average.
    """
    parts = min(SUBJECTS, min(matrix.shape) - 1)
    found = TruncatedSVD(parts, random_state=0, n_iter=3)
    of_texts = found.fit_transform(sp.vstack([background, matrix]).tocsr())
    table = found.components_.T / np.sqrt(np.sqrt((of_texts**2).mean(axis=0)) + 1e-9)
    lengths = np.linalg.norm(matrix @ table, axis=1)
    return np.asarray(SUBJECTS_SHARE * table / lengths.mean())


def likeliest(
    known: Sequence[sp.csr_matrix | Array], pulls: Sequence[float], data: Data, chosen: Rows
) -> tuple[list[Array], Array]:
    """Weights for each of the matrices, and the bias, under which allowed designs are likeliest.

    Each matrix has a row an example and its own pull to zero.
    """
    offset, allowed = data.offset[chosen], data.allowed[chosen]
    weight = data.weight[chosen] / data.weight[chosen].sum()
    turned = [m.T.tocsr() if isinstance(m, sp.csr_matrix) else m.T for m in known]
    ends = np.cumsum([m.shape[1] for m in known])
    pull = np.concatenate([np.full(m.shape[1], p) for m, p in zip(known, pulls, strict=True)])
    classes = offset.shape[1]

    def split(flat: Array) -> tuple[list[Array], Array]:
        table = flat.reshape(-1, classes)
        return np.split(table[:-1], ends[:-1]), table[-1]

    def loss(flat: Array) -> tuple[float, Array]:
        tables, bias = split(flat)
        scores = offset + bias
        for matrix, table in zip(known, tables, strict=True):
            scores = scores + matrix @ table
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        total = powers.sum(axis=1)
        right = np.where(allowed, powers, 0.0)
        rights = right.sum(axis=1) + 1e-300
        whole = np.concatenate(tables)
        value = -(weight * np.log(rights / total)).sum()
        value += 0.5 * (pull[:, None] * whole**2).sum()
        slope = (powers / total[:, None] - right / rights[:, None]) * weight[:, None]
        grad = np.concatenate([np.asarray(t @ slope) for t in turned]) + pull[:, None] * whole
        return float(value), np.concatenate([grad.ravel(), slope.sum(axis=0)])

    start = np.zeros((int(ends[-1]) + 1) * classes)
    found = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 6}
    ).x
    return split(found)


def fit(data: Data, chosen: Rows) -> Fit:
    """Maximum likelihood where an example may allow several designs, pulled to zero."""
    index = choose_words(data, chosen)
    raw = counts([data.words[i] for i in chosen], index)
    texts = np.asarray((raw > 0).sum(axis=0)).ravel()
    idf = np.log((1.0 + len(chosen)) / (1.0 + texts)) + 1.0
    matrix = weigh(raw, idf)
    rules = data.rules[chosen]
    lent = subjects(matrix, weigh(counts(data.background, index), idf))
    hidden = matrix @ lent
    tables, bias = likeliest(
        (matrix, rules, hidden), (PULL_WORDS, PULL_RULES, PULL_WORDS), data, chosen
    )
    own = Fit(index, idf, tables[0] + lent @ tables[2], tables[1], bias)
    people = np.array([data.source[i] == "people" for i in chosen])
    return with_groups(own, matrix[people], rules[people], data.allowed[chosen][people])


def with_groups(
    own: Fit, words: sp.csr_matrix, rules: sp.csr_matrix, allowed: npt.NDArray[np.bool_]
) -> Fit:
    """A fit joined with one that tells the nine groups apart, for the designs of each group.

    The second sees people's labels alone and gives rare groups the same say as common ones. Both
    are linear in the same words, so their sum is one table.
    """
    if not words.shape[0]:
        return own
    known = sp.hstack([words * GROUPS_WORDS, rules * GROUPS_RULES]).tocsr()
    groups = LogisticRegression(C=6.0, class_weight="balanced", max_iter=60)
    groups.fit(known, allowed.argmax(axis=1))  # the first design of a group stands for it
    firsts = {int(first): at for at, first in enumerate(groups.classes_)}
    joined_words, joined_rules, bias = own.words.copy(), own.rules.copy(), own.bias.copy()
    for first, at in firsts.items():
        members = allowed[allowed[:, first]][0]
        coefficients = GROUPS_SHARE * groups.coef_[at]
        v = words.shape[1]
        joined_words[:, members] += GROUPS_WORDS * coefficients[:v, None]
        joined_rules[:, members] += GROUPS_RULES * coefficients[v:, None]
        bias[members] += GROUPS_SHARE * groups.intercept_[at]
    return Fit(own.index, own.idf, joined_words, joined_rules, bias)


def softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
