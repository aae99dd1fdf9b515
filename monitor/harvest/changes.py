"""What a new revision of a record changed, and which of it readers should be told. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Final

from monitor.model import Article, Change, EventKind, Link

#: Fields whose change alone is noise: PubMed touches them without saying anything new.
_NOISE: Final = frozenset({"dates", "version", "copyright", "sections"})
_RETRACTIONS: Final = ("RetractionIn", "RetractedandRepublishedIn")
_TOLD: Final = (
    (EventKind.CONCERN_RAISED, ("ExpressionOfConcernIn",)),
    (EventKind.CORRECTED, ("ErratumIn", "CorrectedandRepublishedIn")),
    (EventKind.PUBLISHED_AS, ("UpdateIn",)),
)
#: How a notice speaks of a paper, and how that paper's own record says the same.
_MIRRORED: Final = {
    "RetractionOf": "RetractionIn",
    "RetractedandRepublishedFrom": "RetractedandRepublishedIn",
    "ExpressionOfConcernFor": "ExpressionOfConcernIn",
    "ErratumFor": "ErratumIn",
    "CorrectedandRepublishedFrom": "CorrectedandRepublishedIn",
    "UpdateOf": "UpdateIn",
}
#: Note of a link that the paper's own record does not have yet.
FROM_NOTICE: Final = "told by the notice; not yet in the paper's own record"


def digest(article: Article) -> str:
    """SHA-256 (hex) of the record as we read it; noise and reference lists do not count."""
    parts = [f"{name}={getattr(article, name)!r}" for name in _names()]
    parts.append(f"published={article.dates.published!r} {article.dates.electronic!r}")
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _names() -> list[str]:
    return [f.name for f in fields(Article) if f.name not in _NOISE]


def compare(before: Article | None, after: Article) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """(names of the fields that differ, changes that readers may be told of).

    A first revision (`before` None) has no changed fields; what it already is (retracted, of
    concern) is a change, so that a paper that was retracted before we knew it is shown as such.
    Fields differ when, and only when, the digests do.
    """
    if before is None:
        return (), tuple(_told(None, after))
    changed = [n for n in _names() if getattr(before, n) != getattr(after, n)]
    if before.dates.published != after.dates.published:
        changed.append("published")
    if before.dates.electronic != after.dates.electronic:
        changed.append("electronic")
    told = list(_told(before, after))
    if not before.abstract and after.abstract:
        told.append(Change(EventKind.ABSTRACT_ARRIVED))
    return tuple(changed), tuple(told)


def _told(before: Article | None, after: Article) -> Iterable[Change]:
    if after.is_retracted and not (before and before.is_retracted):
        link = next(iter(after.linked(*_RETRACTIONS)), Link(""))
        yield Change(EventKind.RETRACTED, link.source, link.pmid)
    for kind, names in _TOLD:
        if kind is EventKind.PUBLISHED_AS and not after.has_type("Preprint"):
            continue
        old = before.linked(*names) if before else ()
        for link in _arrived(old, after.linked(*names)):
            yield Change(kind, link.source, link.pmid)


def _arrived(before: Sequence[Link], after: Sequence[Link]) -> list[Link]:
    """Links that say something new.

    A link is known by its PMID, and by its words only while it has none: PubMed completes the words
    of a link (volume, pages, DOI) and adds its PMID later, and that is no second correction.
    """
    pmids = {link.pmid for link in before if link.pmid}
    words = {link.source for link in before if not link.pmid}
    fresh = [
        link
        for link in after
        if (link.pmid not in pmids if link.pmid else link.source not in words)
    ]
    still = {link.source for link in after if not link.pmid}
    completed = len(words - still)  # each of these had no PMID before and stands otherwise now
    return fresh[completed:]


def mirrored(notice: Article) -> tuple[tuple[str, Link], ...]:
    """(PMID, link that its record should have) of each paper that this record is a notice about.

    PubMed writes both sides, but not always on the same day, and the paper's own record may be
    revised outside a topic's query.
    """
    source = ". ".join(
        part
        for part in (
            notice.journal.abbreviation or notice.journal.title,
            str(notice.dates.published or ""),
        )
        if part
    )
    return tuple(
        (link.pmid, Link(_MIRRORED[link.kind], notice.pmid, source, FROM_NOTICE))
        for link in notice.links
        if link.pmid and link.pmid != notice.pmid and link.kind in _MIRRORED
    )


def with_links(article: Article, links: Iterable[Link]) -> Article:
    """The article with those of the links that its own record does not hold already."""
    added: list[Link] = []
    for link in links:
        known = {(own.kind, own.pmid) for own in (*article.links, *added)}
        if link.kind == "UpdateIn" and not article.has_type("Preprint"):
            continue  # versions of a guideline update each other too; that is no publication
        if (link.kind, link.pmid) not in known:
            added.append(link)
    return replace(article, links=(*article.links, *added)) if added else article


def carried(before: Article | None, after: Article) -> Article:
    """The new revision with what notices told of the one before, until its own record says so."""
    told = [link for link in before.links if link.note == FROM_NOTICE] if before else []
    return with_links(after, told)
