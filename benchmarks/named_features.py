"""What the trainers of features with names share: options, one table, numbers that stay."""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy import sparse


def options(about: str | None) -> argparse.Namespace:
    """What a trainer is asked for: labelled files, the day, whether to write the weights."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--more", type=Path, action="append", default=[])
    parser.add_argument("--date", required=True)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def number_of(text: str) -> int:
    """A number by which papers are shared out, the same in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def feature_table(
    rows: Sequence[Mapping[Any, float]], counts: Counter[Any], rarest: int
) -> tuple[list[Any], Any]:
    """Names that `counts` has at least `rarest` times, in order, and a sparse table.

    The table has a row for each of `rows`, which are values by name, and a column a name.
    """
    names = sorted(name for name, times in counts.items() if times >= rarest)
    columns = {name: i for i, name in enumerate(names)}
    starts, where, values = [0], [], []
    for row in rows:
        for name in sorted(row.keys() & columns.keys()):
            where.append(columns[name])
            values.append(row[name])
        starts.append(len(where))
    return names, sparse.csr_matrix((values, where, starts), shape=(len(rows), len(names)))
