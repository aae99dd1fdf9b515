"""Labelled records for `monitor evaluate`: JSON lines, or PubMed's own publication types. Pure.

A JSON line of the shared format has `study_type`, `relevance`, `mechanisms`, `n` and so on; a key
that is missing was not labelled and is not scored. A line with `label` instead has one of the 14
coarse study types, scored by their nine groups. Of PubMed records only the types are taken as
truth, and the assessor is shown the record without its indexing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.assess.merged import COARSE
from monitor.assess.pointed import Pointed, pointed
from monitor.errors import RecordError
from monitor.model import Article

#: Stands for "this key was not labelled", which is not "none".
UNLABELLED: Any = object()

_TAG = re.compile(r"</?(?:b|i|u|em|sup|sub|strong)>")
#: Publication types that settle a design, by the id of the design; the first that applies counts.
_TYPES: tuple[tuple[str, str], ...] = (
    ("Retraction of Publication", "retraction_notice"),
    ("Published Erratum", "erratum"),
    ("Expression of Concern", "expression_of_concern"),
    ("Clinical Trial Protocol", "protocol"),
    ("Meta-Analysis", "meta_analysis"),
    ("Systematic Review", "systematic_review"),
    ("Randomized Controlled Trial", "randomized_controlled_trial"),
    ("Practice Guideline", "guideline_consensus"),
    ("Case Reports", "case_report"),
    ("News", "news"),
    ("Editorial", "editorial"),
    ("Review", "narrative_review"),
)


@dataclass(frozen=True, slots=True)
class Truth:
    """A record with what is right about it. What was not labelled is `UNLABELLED`."""

    article: Article
    design: str | None = None
    also_acceptable: tuple[str, ...] = ()
    coarse: str | None = None
    relevance: str | None = None
    n: Any = UNLABELLED
    criteria: Any = UNLABELLED
    pem_required: Any = UNLABELLED
    dose: Any = UNLABELLED
    result: str | None = None
    mechanisms: Mapping[str, str] | None = None
    passages: Mapping[str, Pointed] = field(default_factory=dict)
    hard: bool = False
    kind: str = field(default="abstract")


def from_json_lines(lines: Iterable[str], name: str = "file") -> Iterator[Truth]:
    """Labelled records of JSON lines. Raises `RecordError` naming the line that cannot be read."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _truth(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(
                f"{name}: line {number} is no labelled record ({error}); "
                "see docs/accuracy.md for the format."
            ) from error


def _truth(record: dict[str, Any]) -> Truth:
    article = Article(
        pmid=str(record.get("pmid") or record.get("id") or ""),
        title=_flat(record["title"] or ""),
        abstract=_flat(record.get("abstract") or ""),
    )
    if "study_type" not in record and "label" in record:
        return Truth(article, coarse=COARSE[record["label"]])
    mechanisms = record.get("mechanisms")
    criteria = record.get("criteria", UNLABELLED)
    passages = {m["id"]: pointed(m, article) for m in mechanisms or ()}
    return Truth(
        article,
        design=record.get("study_type"),
        also_acceptable=tuple(record.get("also_acceptable") or ()),
        relevance=record.get("relevance"),
        n=record.get("n", UNLABELLED),
        criteria=criteria if criteria is UNLABELLED else frozenset(criteria or ()),
        pem_required=record.get("pem_required", UNLABELLED),
        dose=record.get("ldn_dose", UNLABELLED),
        result=record.get("result_direction"),
        mechanisms=None if mechanisms is None else {m["id"]: m["stance"] for m in mechanisms},
        passages={name: p for name, p in passages.items() if p is not None},
        hard=bool(record.get("hard")),
        kind=record.get("kind", "abstract"),
    )


def _flat(text: str) -> str:
    """The text without inline tags, as the harvest flattens it."""
    return _TAG.sub("", text)


def from_articles(articles: Iterable[Article]) -> Iterator[Truth]:
    """PubMed records with publication types as truth; the assessor sees them without indexing.

    A record without a type that settles its design counts as "unsettled": it is there to show what
    is wrongly given one of the designs that PubMed does have a type for.
    """
    for article in articles:
        types = {t.name for t in article.publication_types}
        design = next((d for name, d in _TYPES if name in types), "unsettled")
        yield Truth(without_indexing(article), design=design)


def without_indexing(article: Article) -> Article:
    """The record as it looks before anybody indexed it."""
    return replace(article, publication_types=(), mesh=(), indexing_method="")


#: Designs that publication types can tell, for records whose truth is those.
SETTLED = frozenset(design for _, design in _TYPES)
