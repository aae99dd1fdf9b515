"""The card of the trained models: what they were trained on, and how often they were right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, Final

_MODELS: Final = (
    ("design.json", "Study design"),
    ("mechanism-claims.json", "Mechanism claims"),
    ("quotes.json", "Passages of claims"),
    ("sample-size.json", "Sample size"),
    ("direction.json", "Direction of the main result"),
)
#: Parts of a card that say how the model works inside; weights and rules are in the file itself.
_INSIDE: Final = frozenset(
    {
        "classes",
        "rules",
        "weights",
        "bias",
        "side",
        "against",
        "mixed",
        "noted",
        "thresholds",
        "temperature",
        "calibration",
    }
)


def model_card() -> list[tuple[str, str, str]]:
    """Lines (model, name, value) of all cards, numbers that were measured included.

    The value of "…, confusion, PAPERS" is JSON: numbers of papers by true class, then told class.
    That of "sides, MECHANISM" is too: labelled papers told rightly to take a side, told so, and
    taking one.
    """
    folder = resources.files("monitor.assess") / "weights"
    found: list[tuple[str, str, str]] = []
    for name, title in _MODELS:
        path = folder / name
        if path.is_file():
            card = json.loads(path.read_text(encoding="utf-8"))
            found += [(title, key, value) for key, value in _lines(card)]
    return found


def _lines(card: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in card.items():
        if not prefix and key in _INSIDE:
            continue
        name = f"{prefix}{key}".replace("_", " ")
        if key == "confusion":
            yield from ((f"{name}, {papers}", json.dumps(found)) for papers, found in value.items())
        elif key == "sides":
            yield from ((f"sides, {name}", json.dumps(papers)) for name, papers in value.items())
        elif isinstance(value, Mapping):
            inner = "" if key == "card" else f"{name}, "
            yield from _lines(value, inner)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield name, " · ".join(str(v) for v in value)
        else:
            yield name, str(value)
