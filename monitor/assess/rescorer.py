"""Weighs the evidence for a mechanism: two small logistic regressions, their weights a JSON file.

`side` gives the probability that the paper takes a side, `against` that a side taken goes against
the mechanism, wholly or in part. benchmarks/train_claims.py makes the file and writes beside the
weights what they were trained on. No result depends on anything but the numbers given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from math import exp
from typing import Any

_FILE = "mechanism-claims.json"


@dataclass(frozen=True)
class Logistic:
    """A logistic regression over named numbers; names without a weight count for nothing."""

    bias: float
    weights: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Probability in 0..1."""
        weights = self.weights
        total = self.bias + sum(
            weights.get(name, 0.0) * value for name, value in features.items() if value
        )
        return 1 / (1 + exp(-max(-50.0, min(50.0, total))))

    def contributions(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        """What each number adds to the log-odds, the largest first."""
        parts = [(name, self.weights.get(name, 0.0) * value) for name, value in features.items()]
        return sorted((p for p in parts if p[1]), key=lambda p: (-abs(p[1]), p[0]))


@dataclass(frozen=True)
class Rescorer:
    """Both regressions, and from which probability on a label is given.

    `version` is a short hash of the weights file, "" for weights that came from elsewhere.
    """

    side: Logistic
    against: Logistic
    side_from: float
    against_from: float
    mention_from: float
    version: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any], version: str = "") -> Rescorer:
        """Read the values of the weights file."""
        thresholds = data["thresholds"]
        return cls(
            side=Logistic(data["side"]["bias"], data["side"]["weights"]),
            against=Logistic(data["against"]["bias"], data["against"]["weights"]),
            side_from=thresholds["side"],
            against_from=thresholds["against"],
            mention_from=thresholds["mention"],
            version=version,
        )

    @classmethod
    def load(cls) -> Rescorer:
        """Read the weights that come with the program."""
        text = files("monitor.assess").joinpath("weights", _FILE).read_text(encoding="utf-8")
        return cls.of(json.loads(text), hashlib.sha256(text.encode()).hexdigest()[:8])
