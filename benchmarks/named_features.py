"""What the trainers of features with names share: one table for all, and numbers that stay."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scipy import sparse


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
