"""The trained part of the design label: a linear model over words, run with numpy.

Pure but for `load`, which reads the weights that the package carries. Words and pairs of words of title and abstract, weighted by tf-idf, times a matrix; to that come
what the rules say and how far training found them to be off. Trained by benchmarks/train_design.py;
weights/design.json is its card.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.assess.text import Text
from monitor.patterns import Token

Floats = npt.NDArray[np.float32]

_FILE, _CARD = "design.npz", "design.json"
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


def features(text: Text) -> dict[str, int]:
    """Counts of words and neighbouring pairs; those of the title count once more as "t:…"."""
    counts: dict[str, int] = {}
    title = [normal(t.text) for t in text.title_tokens]
    for name in _grams(title):
        counts[name] = counts.get(name, 0) + 1
        counts["t:" + name] = counts.get("t:" + name, 0) + 1
    for name in _grams([normal(t.text) for t in text.abstract_tokens]):
        counts[name] = counts.get(name, 0) + 1
    counts["=abstract" if text.abstract_tokens else "=title only"] = 1
    return counts


def _grams(words: Sequence[str]) -> Iterator[str]:
    yield from words
    for first, second in pairwise(words):
        yield first + " " + second


@dataclass(frozen=True)
class DesignModel:
    """Weights and what they mean. `classes` are design ids; "cohort+treated" is a cohort too.

    `rule_weights` maps "rule id@place" to what training adds to the rule's own weight, by class.
    """

    classes: tuple[str, ...]
    vocabulary: dict[str, int]
    idf: Floats
    weights: Floats
    bias: Floats
    rule_weights: dict[str, Floats]
    temperature: float
    version: str

    def logits(self, counts: dict[str, int]) -> Floats:
        """Score of each class by words alone."""
        ids, values = self._vector(counts)
        if not ids:
            return self.bias.copy()
        row = np.asarray(values, dtype=np.float32) * self.idf[ids]
        row /= max(float(np.linalg.norm(row)), 1e-9)
        return np.asarray(row @ self.weights[ids] + self.bias, dtype=np.float32)

    def _vector(self, counts: dict[str, int]) -> tuple[list[int], list[float]]:
        ids: list[int] = []
        values: list[float] = []
        known = self.vocabulary
        for name, count in counts.items():
            at = known.get(name)
            if at is not None:
                ids.append(at)
                values.append(1.0 if count == 1 else 1.0 + math.log(count))
        return ids, values

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated probabilities of the classes."""
        scaled = logits / self.temperature
        powers = np.exp(scaled - scaled.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    def telling(self, tokens: Sequence[Token], label: int, rival: int) -> float:
        """How much the words of a passage speak for a class against another; for the quotes."""
        words = [normal(t.text) for t in tokens]
        ids = [i for name in _grams(words) if (i := self.vocabulary.get(name)) is not None]
        if not ids:
            return 0.0
        columns = self.weights[ids]
        return float(((columns[:, label] - columns[:, rival]) * self.idf[ids]).sum())


def load() -> DesignModel:
    """The model that the package carries."""
    folder = resources.files("monitor.assess") / "weights"
    packed = (folder / _FILE).read_bytes()
    card: dict[str, Any] = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    with (folder / _FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        words = bytes(arrays["vocabulary"]).decode("utf-8").split("\n")
        weights = arrays["weights"].astype(np.float32) * arrays["scale"].astype(np.float32)
        return DesignModel(
            classes=tuple(card["classes"]),
            vocabulary={word: i for i, word in enumerate(words)},
            idf=arrays["idf"].astype(np.float32),
            weights=weights,
            bias=arrays["bias"].astype(np.float32),
            rule_weights=dict(zip(card["rules"], arrays["rules"].astype(np.float32), strict=True)),
            temperature=float(card["temperature"]),
            version=hashlib.sha256(packed).hexdigest()[:8],
        )
