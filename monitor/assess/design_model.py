"""The trained part of the design label: a linear model over words, run with numpy.

Pure but for `load`, which reads the weights that the package carries. Words and pairs of words of
title and abstract, weighted by tf-idf, times a matrix; to that come what the rules say and how far
training found them to be off. Trained by benchmarks/train_design.py; weights/design.json is its
card.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from monitor.assess.text import TITLE, Text
from monitor.lexicon import Column, NumberedTokens

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]

_FILE, _CARD, _EXAMPLES = "design.npz", "design.json", "design-trained-on.txt"
#: Before the words of a title.
_TITLE = "t:"
#: More than there can be rows, so that two row numbers make one.
_SHIFT = 20
_STRIDE = 1 << _SHIFT
_UNKNOWN = -1
_REMAINDERS, _PRIME = 1 << 17, 7919
_TRUE = np.ones(1, dtype=np.bool_)
#: Spellings that are one to the model.
_ENDINGS = (("isation", "ization"), ("ised", "ized"), ("ising", "izing"), ("ise", "ize"))


def normal(word: str) -> str:
    """A word as the model knows it: lower case, American -ize, numbers as "0" but 1 as "1"."""
    if word[0].isdigit():
        return word if word == "1" else "0"
    word = word.lower()
    if "is" in word:
        for british, american in _ENDINGS:
            if word.endswith(british):
                return word.removesuffix(british) + american
    return word


def fingerprint(title: str) -> str:
    """A short name for a paper by its title: twelve hexadecimal digits.

    Letter case, punctuation and spaces do not matter, for files of labels differ in those.
    """
    letters = "".join(c for c in title.casefold() if c.isalnum())
    return hashlib.sha256(letters.encode("utf-8")).hexdigest()[:12]


def calibrated(probability: float, slope: float, offset: float) -> float:
    """A probability moved in log-odds: `slope` below 1 makes it less sure either way."""
    kept = min(max(probability, 1e-6), 1.0 - 1e-6)
    return 1.0 / (1.0 + math.exp(-(slope * math.log(kept / (1.0 - kept)) + offset)))


def features(text: Text) -> dict[str, int]:
    """Counts of words and neighbouring pairs; those of the title count once more as "t:…".

    This is what training sees; `DesignModel.logits` gets the same faster, by row numbers.
    """
    counts: dict[str, int] = {}
    title = [normal(t.text) for t in text.title_tokens]
    for name in _grams(title):
        counts[name] = counts.get(name, 0) + 1
        counts[_TITLE + name] = counts.get(_TITLE + name, 0) + 1
    for name in _grams([normal(t.text) for t in text.abstract_tokens]):
        counts[name] = counts.get(name, 0) + 1
    return counts


def _grams(words: Sequence[str]) -> Iterator[str]:
    yield from words
    for first, second in pairwise(words):
        yield first + " " + second


class Vocabulary:
    """Rows of words and pairs. A pair is known only where both of its words are."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        plain = {n: i for i, n in enumerate(names) if " " not in n and not n.startswith(_TITLE)}
        self._title: dict[int, int] = {}
        self._title_pairs: dict[int, int] = {}
        pairs: dict[int, int] = {}
        self._known = Column(lambda word: plain.get(normal(word), _UNKNOWN), np.int64)
        for row, name in enumerate(names):
            titled = name.startswith(_TITLE)
            parts = [plain.get(word, -1) for word in name.removeprefix(_TITLE).split(" ")]
            if min(parts) < 0:
                continue
            if len(parts) > 1:
                (self._title_pairs if titled else pairs)[parts[0] * _STRIDE + parts[1]] = row
            elif titled:
                self._title[parts[0]] = row
        self._pairs = _Rows(pairs)

    def rows(self, text: Text) -> Rows:
        """Rows of a text's words and pairs in no order, as often as they occur.

        Those of the title stand for themselves and once more for the title's.
        """
        title, title_pairs = self.placed(text.title_tokens)
        words, pairs = self.placed(text.abstract_tokens)
        of_title = np.array(self._of_title(title.tolist()), dtype=np.int64)
        every = np.concatenate((title, title_pairs, words, pairs, of_title))
        return every[every >= 0]

    def _of_title(self, words: list[int]) -> list[int]:
        """Rows that a title has besides those of any text; few words are quick to walk through."""
        rows = [self._title.get(word, _UNKNOWN) for word in words]
        for first, second in pairwise(words):
            if first >= 0 and second >= 0:
                rows.append(self._title_pairs.get(first * _STRIDE + second, _UNKNOWN))
        return rows

    def placed(self, tokens: NumberedTokens) -> tuple[Rows, Rows]:
        """For each word its row, and that of the pair it makes with the next; below 0 for none."""
        whole = tokens if tokens.whole is None else tokens.whole
        known: tuple[Rows, Rows] | None = whole.found.get(self)
        if known is None:
            known = whole.found[self] = self._placed(cast("NumberedTokens", whole))
        words, pairs = known
        first, last = tokens.first, tokens.first + len(tokens.words)
        return words[first:last], pairs[first:last]

    def _placed(self, tokens: NumberedTokens) -> tuple[Rows, Rows]:
        words = self._known.of(tokens)
        known = words >= 0
        both = known[:-1] & known[1:]
        both[[at - 1 for at in tokens.parts if 0 < at < len(words)]] = False  # another text's word
        firsts = both.nonzero()[0]
        found, rows = self._pairs.of(words[firsts] * _STRIDE + words[firsts + 1])
        pairs = np.full(len(words), _UNKNOWN)
        pairs[firsts[found]] = rows
        return words, pairs


class _Rows:
    """Rows by a number, looked up for many numbers at once."""

    def __init__(self, rows: dict[int, int]) -> None:
        # The last number is larger than any, so that a search always ends at one.
        ordered = [*sorted(rows), np.iinfo(np.int64).max]
        self._numbers = np.array(ordered, dtype=np.int64)
        self._rows = np.array([rows.get(n, _UNKNOWN) for n in ordered], dtype=np.int64)
        # Most numbers have no row: a table of remainders tells so far quicker than a search.
        self._may_be = np.zeros(_REMAINDERS, dtype=np.bool_)
        self._may_be[_remainders(self._numbers[:-1])] = True

    def of(self, numbers: Rows) -> tuple[Rows, Rows]:
        """Places of those numbers that have a row, and their rows."""
        places = self._may_be[_remainders(numbers)].nonzero()[0]
        wanted = numbers[places]
        at = self._numbers.searchsorted(wanted)
        right = self._numbers[at] == wanted
        return places[right], self._rows[at[right]]


def _remainders(numbers: Rows) -> Rows:
    """Numbers as small ones, with both words of a pair in them."""
    return (numbers + (numbers >> _SHIFT) * _PRIME) & (_REMAINDERS - 1)


@dataclass(frozen=True)
class DesignModel:
    """Weights and what they mean. `classes` are design ids; "cohort+treated" is a cohort too.

    A weight is a row of `weights` times `scale`, by class. They stay bytes, for a paper needs a few
    hundred rows of thousands, and small ones are nearer at hand.

    `rule_weights` maps "rule id@place" to what training adds to the rule's own weight, by class.
    """

    classes: tuple[str, ...]
    vocabulary: Vocabulary
    idf: Floats
    weights: Bytes
    scale: Floats
    bias: Floats
    rule_weights: dict[str, Floats]
    calibration: tuple[float, float]
    version: str
    trained_on: frozenset[str] = frozenset()

    def logits(self, text: Text) -> Floats:
        """Score of each class by words alone."""
        rows = self.vocabulary.rows(text)
        if not rows.size:
            return self.bias.copy()
        rows.sort()
        # Where a row is another than the one before it, and one past the end.
        bounds = np.flatnonzero(np.concatenate((_TRUE, rows[1:] != rows[:-1], _TRUE)))
        ids = rows[bounds[:-1]]
        counts = (bounds[1:] - bounds[:-1]).astype(np.float32)
        row = (1.0 + np.log(counts)) * self.idf[ids]
        row /= math.sqrt(float(row @ row))
        return np.asarray(
            row @ (self.weights.take(ids, axis=0) * self.scale) + self.bias, dtype=np.float32
        )

    def probabilities(self, logits: Floats) -> Floats:
        """Probabilities of the classes, as sure as training left them: surer than they are right.

        `confidence` says how often the likeliest is right.
        """
        powers = np.exp(logits - logits.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    def confidence(self, probability: float) -> float:
        """How often the likeliest class is right at this probability, found by cross-validation."""
        return calibrated(probability, *self.calibration)

    def telling(self, text: Text, label: int, rival: int) -> list[float]:
        """How much the words of each sentence speak for a class against another; for the quotes."""
        title, title_pairs = self.vocabulary.placed(text.title_tokens)
        words, pairs = self.vocabulary.placed(text.abstract_tokens)
        rows = np.concatenate((title, words, title_pairs, pairs))
        told = self._differences(rows, label, rival).tolist()
        scores = []
        for sentence in text.sentences:
            first, last = text.span(sentence)
            at = 0 if sentence.field is TITLE else len(title)
            by_word = sum(told[at + first : at + last])
            at += len(title) + len(words)
            scores.append(by_word + sum(told[at + first : at + max(last - 1, first)]))
        return scores

    def _differences(self, rows: Rows, label: int, rival: int) -> Floats:
        """What each row says for a class against another; nothing where there is none."""
        difference = self.weights[rows, label] * self.scale[label]
        difference -= self.weights[rows, rival] * self.scale[rival]
        return np.asarray(difference * self.idf[rows] * (rows >= 0), dtype=np.float32)


def load() -> DesignModel:
    """The model that the package carries."""
    folder = resources.files("monitor.assess") / "weights"
    examples = (folder / _EXAMPLES).read_text(encoding="ascii").split()
    packed = (folder / _FILE).read_bytes()
    card: dict[str, Any] = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    with (folder / _FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        words = bytes(arrays["vocabulary"]).decode("utf-8").split("\n")
        return DesignModel(
            classes=tuple(card["classes"]),
            vocabulary=Vocabulary(words),
            idf=arrays["idf"].astype(np.float32),
            weights=arrays["weights"],
            scale=arrays["scale"].astype(np.float32),
            bias=arrays["bias"].astype(np.float32),
            rule_weights=dict(zip(card["rules"], arrays["rules"].astype(np.float32), strict=True)),
            calibration=(card["calibration"]["slope"], card["calibration"]["offset"]),
            version=hashlib.sha256(packed).hexdigest()[:8],
            trained_on=frozenset(examples),
        )
