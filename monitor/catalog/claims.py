"""queries/claims.toml and corrections.toml: the claims that the ledger tracks, and overrulings."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from monitor.catalog.files import Cue, Entry, Id, read, refuse_twice
from monitor.errors import QueryFileError

#: What a curator can overrule: "relevance.ldn", "stance.nk_cell", "design" ...
_FIELD = r"^(relevance\.[a-z0-9_-]+|stance\.[a-z0-9_]+|design|sample_size|result|pem_required)$"


class ClaimKind(StrEnum):
    """How papers are found that bear on a claim."""

    MECHANISM = "mechanism"
    DOSE = "dose"
    USES = "uses"
    PAPER = "paper"
    FIGURE = "figure"
    CONTEXT = "context"


class Figure(Entry):
    """A number that the claim states, and how to look for it.

    A sentence speaks of the same thing when it holds one of `about`; its percentages or doses are
    then compared with `low`..`high` (`unit` "%" or "mg").
    """

    text: str
    unit: Annotated[str, Field(pattern="^(%|mg|patients)$")]
    low: float
    high: float
    about: tuple[Cue, ...] = Field(min_length=1)


class Note(Entry):
    """A curator's word, beside what is computed, never instead of it."""

    date: date
    text: str


class Claim(Entry):
    """A claim of the source article. `says` is the claim in our words, never the article's own.

    `mechanisms` and `agent` say which mechanism claims bear on it; `papers` names papers that it
    is about, by key; `populations` and `cues` serve claims about use and context;
    `would_change` says what evidence would move it.
    """

    id: Id
    title: str
    says: str
    kind: ClaimKind
    mechanisms: tuple[str, ...] = ()
    agent: str | None = None
    topics: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    cues: tuple[Cue, ...] = ()
    figures: tuple[Figure, ...] = Field(default=(), alias="figure")
    would_change: str = ""
    notes: tuple[Note, ...] = Field(default=(), alias="note")


class Correction(Entry):
    """A curator overrules one label of one paper; `value` is written as `monitor classify` does."""

    pmid: str
    field: Annotated[
        str,
        Field(
            pattern=r"^(design|relevance\.[a-z0-9_-]+|stance\.[a-z0-9_]+|sample_size|result|pem_required)$"
        ),
    ]
    value: str | int | bool
    reason: str = Field(min_length=10)
    date: date


class _Claims(Entry):
    claim: tuple[Claim, ...] = Field(min_length=1)


class _Corrections(Entry):
    correction: tuple[Correction, ...] = ()


def load(path: Path, mechanisms: frozenset[str], topics: frozenset[str]) -> tuple[Claim, ...]:
    """All claims. Raises `QueryFileError`, also for a mechanism or topic that is not known."""
    claims = read(path, _Claims).claim
    refuse_twice(path, "claim", (c.id for c in claims))
    for claim in claims:
        for kind, names, known in (
            ("mechanism", claim.mechanisms, mechanisms),
            ("topic", claim.topics, topics),
        ):
            for name in names:
                if name not in known:
                    raise QueryFileError(f"{path}: claim {claim.id}: unknown {kind} {name!r}.")
        if claim.id in mechanisms:
            raise QueryFileError(f"{path}: claim {claim.id}: a mechanism has the same id.")
    return claims


def load_corrections(path: Path) -> tuple[Correction, ...]:
    """All corrections; a missing file means none. Raises `QueryFileError`."""
    if not path.exists():
        return ()
    found = read(path, _Corrections).correction
    refuse_twice(path, "correction", (f"{c.pmid} {c.field}" for c in found))
    return found
