"""Weighs the evidence for a mechanism: four logistic regressions over numbers and words.

`side` gives the probability that the paper takes a side, `against` that a side taken goes against
the mechanism, wholly or in part, `mixed` that it does so only in part, and `noted` that a careful
reader would note the mechanism at all. The weights of numbers are a JSON file, those of words
(`wordings.py`) arrays beside it; benchmarks/train_claims.py makes both and writes down what they
were trained on. No result depends on anything but the numbers and words given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import repeat
from math import exp
from operator import mul
from typing import Any

from monitor.assess import wordings
from monitor.assess.wordings import Sum, WordWeights

_FILE, _EXAMPLES = "mechanism-claims.json", "claims-trained-on.txt"


@dataclass(frozen=True)
class Logistic:
    """A logistic regression over named numbers; names without a weight count for nothing."""

    bias: float
    weights: Mapping[str, float]

    def probability(self, features: Mapping[str, float], besides: float = 0.0) -> float:
        """Probability in 0..1; `besides` is what words add to the log-odds."""
        weights = map(self.weights.get, features, repeat(0.0))  # no loop of Python's: half the time
        total = self.bias + sum(map(mul, weights, features.values()))
        return 1 / (1 + exp(-max(-50.0, min(50.0, total + besides))))

    def contributions(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        """What each number adds to the log-odds, the largest first."""
        parts = [(name, self.weights.get(name, 0.0) * value) for name, value in features.items()]
        return sorted((p for p in parts if p[1]), key=lambda p: (-abs(p[1]), p[0]))


@dataclass(frozen=True)
class Rescorer:
    """The regressions, and from which probability on a label is given.

    `against_from` holds for the probability of a side against the mechanism, which is that of a
    side times that of its being against. `version` is a short hash of the weights files, "" for
    weights that came from elsewhere. `trained_on` are the papers (`design_model.fingerprint`) from
    whose labels claims, their passages, sample sizes and directions were learnt.
    """

    side: Logistic
    against: Logistic
    mixed: Logistic
    noted: Logistic
    side_from: float
    against_from: float
    mention_from: float
    words: WordWeights = field(default_factory=WordWeights.none)
    version: str = ""
    trained_on: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        data: Mapping[str, Any],
        words: WordWeights | None = None,
        version: str = "",
        trained_on: frozenset[str] = frozenset(),
    ) -> Rescorer:
        """Read the values of the weights file."""
        thresholds = data["thresholds"]
        return cls(
            **{m: Logistic(data[m]["bias"], data[m]["weights"]) for m in wordings.MODELS},
            side_from=thresholds["side"],
            against_from=thresholds["against"],
            mention_from=thresholds["mention"],
            words=words or WordWeights.none(),
            version=version,
            trained_on=trained_on,
        )

    @classmethod
    def load(cls) -> Rescorer:
        """Read the weights that come with the program."""
        folder = files("monitor.assess") / "weights"
        text = (folder / _FILE).read_text(encoding="utf-8")
        examples = (folder / _EXAMPLES).read_text(encoding="ascii").split()
        words, packed = wordings.load()
        version = hashlib.sha256(text.encode() + packed).hexdigest()[:8]
        return cls.of(json.loads(text), words, version, frozenset(examples))

    def probability(
        self, model: str, features: Mapping[str, float], words: tuple[Sum, ...]
    ) -> float:
        """Probability by numbers and by sums of words (`WordWeights.sums`) of a regression."""
        regression: Logistic = getattr(self, model)
        return regression.probability(features, self.words.logit(model, words))
