"""How far readers agree on the claims of the same papers: what a program can be asked for.

    python benchmarks/readers.py LABELLED.jsonl READ_AGAIN.jsonl

The second file holds a reading a line, by readers who did not see the labels of the first. Each
reading is scored as `monitor evaluate` scores the program: against the labels of the first file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from claim_cases import AGAINST, NOTED, SIDES, Gold, Record, gold_of, read

from monitor.assess.evidence import REVIEWS


def prf(said: set[object], true: set[object]) -> str:
    """Precision, recall and F1 as text."""
    hit = len(said & true)
    values = (
        hit / max(len(said), 1),
        hit / max(len(true), 1),
        2 * hit / max(len(said | true) + hit, 1),
    )
    return "  ".join(f"{value:.3f}" for value in values)


def show(name: str, pairs: Iterable[tuple[Record, Record]]) -> None:
    """Scores of second readings against the labels of the same papers."""
    said: Gold = {}
    true: Gold = {}
    number = 0
    for number, (label, reading) in enumerate(pairs, start=1):
        said |= {(f"{number}", m): s for (_, m), s in gold_of([reading]).items()}
        true |= {(f"{number}", m): s for (_, m), s in gold_of([label]).items()}
    print(f"{name}: {number} readings; precision, recall, F1")
    for what, stances in (("takes a side", SIDES), ("against", AGAINST), ("found", NOTED)):
        mine, theirs = ({k for k, s in g.items() if s in stances} for g in (said, true))
        print(f"  {what:14s}{prf(set(mine), set(theirs))}")
    both = [said[k] == true[k] for k in said.keys() & true.keys()]
    sided = [
        said[k] == true[k] for k in said.keys() & true.keys() if {said[k], true[k]} <= {*SIDES}
    ]
    print(f"  stance exact: both found {sum(both) / len(both):.3f} of {len(both)}")
    print(f"  stance exact: both take a side {sum(sided) / len(sided):.3f} of {len(sided)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("again", type=Path)
    options = parser.parse_args()
    labels = {r["id"]: r for r in read(options.labelled)}
    lines = options.again.read_text(encoding="utf-8").splitlines()
    readings = [{"id": r.get("id") or r["pmid"]} | r for r in map(json.loads, lines)]
    pairs = [(labels[r["id"]], r) for r in readings if r["id"] in labels]
    show("all", pairs)
    show("reviews", [p for p in pairs if p[0]["study_type"] in REVIEWS])
    show("studies", [p for p in pairs if p[0]["study_type"] not in REVIEWS])


if __name__ == "__main__":
    main()
