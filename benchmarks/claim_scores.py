"""Scores of claims: what is said of papers, by a program or a reader, against labels."""

from __future__ import annotations

from claim_cases import AGAINST, NOTED, SIDES, Gold


def ratio(part: float, whole: float) -> float:
    """A share, rounded; 0 of nothing."""
    return round(part / whole, 3) if whole else 0.0


def scores(said: Gold, gold: Gold) -> dict[str, float]:
    """Precision, recall and F1 over (paper, mechanism); stance over pairs that both found."""
    found: dict[str, float] = {}
    for name, stances in (("side", SIDES), ("against", AGAINST), ("found", NOTED)):
        a, b = ({k for k, v in labels.items() if v in stances} for labels in (said, gold))
        hit = len(a & b)
        found[f"{name} precision"] = ratio(hit, len(a))
        found[f"{name} recall"] = ratio(hit, len(b))
        found[f"{name} F1"] = ratio(2 * hit, len(a) + len(b))
    both = [(said[k], v) for k, v in gold.items() if k in said]
    sided = [(a, b) for a, b in both if a in SIDES and b in SIDES]
    found["stance exact (both found)"] = ratio(sum(a == b for a, b in both), len(both))
    found["stance exact (both take a side)"] = ratio(sum(a == b for a, b in sided), len(sided))
    return found


def show(title: str, values: dict[str, float]) -> None:
    """Print scores, one a line."""
    print(title)
    for name, value in values.items():
        print(f"  {name:34s} {value:.3f}")
