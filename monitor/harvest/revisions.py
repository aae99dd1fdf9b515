"""Records that were read → revisions to store, beside what is stored already. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from monitor.catalog import Seed
from monitor.harvest import changes
from monitor.harvest.records import Parsed
from monitor.model import (
    Article,
    Author,
    Change,
    Dates,
    EventKind,
    Journal,
    Link,
    PartialDate,
    Revision,
)


def newest(records: Iterable[Parsed]) -> dict[str, Parsed]:
    """One record a PMID: of the highest version, and of equal ones the last, as in NLM's files."""
    found: dict[str, Parsed] = {}
    for record in records:
        known = found.get(record.article.pmid)
        if known is None or known.article.version <= record.article.version:
            found[record.article.pmid] = record
    return found


def about(records: Iterable[Parsed]) -> dict[str, list[Link]]:
    """What notices among these records say about other papers, by the PMID of those."""
    found: dict[str, list[Link]] = {}
    for record in records:
        for pmid, link in changes.mirrored(record.article):
            found.setdefault(pmid, []).append(link)
    return found


def revise(
    before: Mapping[str, Article],
    records: Mapping[str, Parsed],
    now: datetime,
    *,
    xml_of: Mapping[str, bytes] | None = None,
) -> list[Revision]:
    """Revisions of these records, and of held papers that a notice among them is about.

    `before` holds what is stored of them and of the PMIDs that `about` names; `xml_of` the XML of
    the latter, which is repeated since their own record did not change. Every record gives a
    revision, also one that brings nothing new: the store knows it by its digest.
    """
    told = about(records.values())
    found = [
        _revision(
            before.get(pmid),
            changes.with_links(
                changes.carried(before.get(pmid), record.article), told.get(pmid, ())
            ),
            record.xml,
            now,
        )
        for pmid, record in records.items()
    ]
    for pmid, links in told.items():
        known = before.get(pmid)
        if known is None or pmid in records:
            continue
        marked = changes.with_links(known, links)
        if marked is not known:
            found.append(_revision(known, marked, (xml_of or {}).get(pmid, b""), now))
    return found


def withdrawn(article: Article, now: datetime) -> Revision:
    """The last revision of a paper that PubMed holds no more: its history is kept."""
    return Revision(
        article=article,
        xml=b"",
        digest=changes.digest(article),
        fetched=now,
        changed=("status",),
        changes=(Change(EventKind.WITHDRAWN),),
        gone=True,
    )


def planted(seed: Seed, now: datetime) -> Revision:
    """A paper that PubMed does not hold, as the operator cited it: no abstract, no conclusion."""
    names = (name.rpartition(" ") for name in seed.authors)
    article = Article(
        pmid=seed.key,
        title=seed.title,
        authors=tuple(Author(last_name=last or more, initials=more) for last, _, more in names),
        journal=Journal(title=seed.journal),
        dates=Dates(published=PartialDate(seed.year) if seed.year else None),
        doi=seed.doi or "",
        status="Not in PubMed",
    )
    return Revision(article=article, xml=b"", digest=changes.digest(article), fetched=now)


def _revision(before: Article | None, after: Article, xml: bytes, now: datetime) -> Revision:
    changed, told = changes.compare(before, after)
    return Revision(
        article=after,
        xml=xml,
        digest=changes.digest(after),
        fetched=now,
        changed=changed,
        changes=told,
    )
