"""What a new revision of a record changed, and which of it readers should be told. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Final

from monitor.model import Article, Change, EventKind, Link

#: Fields whose change alone is noise: PubMed touches them without saying anything new.
_NOISE: Final = frozenset({"dates", "version", "copyright", "sections"})
_CORRECTIONS: Final = ("ErratumIn", "CorrectedandRepublishedIn")


def digest(article: Article) -> str:
    """SHA-256 (hex) of the record as we read it; noise and reference lists do not count."""
    parts = [f"{name}={getattr(article, name)!r}" for name in _names()]
    parts.append(f"published={article.dates.published!r} {article.dates.electronic!r}")
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _names() -> list[str]:
    return [f.name for f in fields(Article) if f.name not in _NOISE]


def compare(
    before: Article | None, after: Article, *, is_back: bool = False
) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """(names of the fields that differ, changes that readers may be told of).

    With `is_back`, PubMed had withdrawn the record: its status differs, if nothing else.

    A first revision (`before` None) has no changed fields; what it already is (retracted, of
    concern) is a change, so that a paper that was retracted before we knew it is shown as such.
    """
    if before is None:
        return (), tuple(_standing(after))
    changed = tuple(n for n in _names() if getattr(before, n) != getattr(after, n))
    if before.dates.published != after.dates.published:
        changed = (*changed, "published")
    if is_back and "status" not in changed:
        changed = (*changed, "status")
    known = {(c.kind, c.other, c.detail) for c in _standing(before)}
    new = [c for c in _standing(after) if (c.kind, c.other, c.detail) not in known]
    if after.is_retracted and before.is_retracted:
        new = [c for c in new if c.kind is not EventKind.RETRACTED]
    if not before.abstract and after.abstract:
        new.append(Change(EventKind.ABSTRACT_ARRIVED))
    return changed, tuple(new)


def _standing(article: Article) -> list[Change]:
    found: list[Change] = []
    if article.is_retracted:
        link = next(iter(article.linked("RetractionIn", "RetractedandRepublishedIn")), Link(""))
        found.append(Change(EventKind.RETRACTED, link.source, link.pmid))
    for kind, names in (
        (EventKind.CONCERN_RAISED, ("ExpressionOfConcernIn",)),
        (EventKind.CORRECTED, _CORRECTIONS),
    ):
        found += [Change(kind, link.source, link.pmid) for link in article.linked(*names)]
    if article.has_type("Preprint"):
        found += [
            Change(EventKind.PUBLISHED_AS, link.source, link.pmid)
            for link in article.linked("UpdateIn")
        ]
    return found
