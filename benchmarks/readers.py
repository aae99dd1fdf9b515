"""How far readers agree on the claims of the same papers: what a program can be asked for.

    python benchmarks/readers.py LABELLED.jsonl READ_AGAIN.jsonl

The second file holds a reading a line, by readers who did not see the labels of the first. Each
reading is scored as `monitor evaluate` scores the program: against the labels of the first file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from claim_cases import Gold, Record, gold_of, read
from claim_scores import scores, show

from monitor.assess.evidence import REVIEWS


def compared(name: str, pairs: Sequence[tuple[Record, Record]]) -> None:
    """Show the scores of second readings against the labels of the same papers."""
    said: Gold = {}
    gold: Gold = {}
    for number, (label, reading) in enumerate(pairs):  # a paper may have been read again twice
        said |= gold_of([reading | {"id": f"{number}"}])
        gold |= gold_of([label | {"id": f"{number}"}])
    show(f"{name}, {len(pairs)} readings", scores(said, gold))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("again", type=Path)
    options = parser.parse_args()
    labels = {r["id"]: r for r in read(options.labelled)}
    lines = options.again.read_text(encoding="utf-8").splitlines()
    readings = [{"id": r.get("id") or r["pmid"]} | r for r in map(json.loads, lines)]
    pairs = [(labels[r["id"]], r) for r in readings if r["id"] in labels]
    compared("all", pairs)
    compared("reviews", [p for p in pairs if p[0]["study_type"] in REVIEWS])
    compared("studies", [p for p in pairs if p[0]["study_type"] not in REVIEWS])


if __name__ == "__main__":
    main()
