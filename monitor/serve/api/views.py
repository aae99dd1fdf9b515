"""Rows → answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from monitor import wording
from monitor.catalog import Catalog, Claim, ClaimKind, Mechanism
from monitor.model import Article, Balance, Bearing, ClaimStatus, Event, Issue, Receipt
from monitor.serve.api.models import (
    BearingAnswer,
    ClaimAnswer,
    ClaimDetail,
    EventLine,
    IssueAnswer,
    IssueLine,
    MechanismSide,
    PaperAnswer,
    PaperLine,
    ReceiptAnswer,
    Standing,
)
from monitor.store.listing import Listed

History = Sequence[tuple[datetime, str, Balance]]


def line(listed: Listed, catalog: Catalog) -> PaperLine:
    """A paper in a list."""
    article, labels = listed.paper.article, listed.paper.assessment
    design = catalog.design.get(labels.design.id)
    return PaperLine(
        pmid=article.pmid,
        title=article.title or article.vernacular_title,
        citation=wording.citation(article),
        journal=article.journal.title,
        year=article.year,
        created=article.dates.created,
        doi=article.doi,
        design=labels.design.id,
        design_label=design.label if design else "Unclear",
        design_confidence=labels.design.confidence,
        sample_size=labels.sample_size.n if labels.sample_size else None,
        topics=labels.topics(),
        mechanisms=tuple(
            MechanismSide(mechanism=c.mechanism, stance=c.stance, reviewed=c.reviewed)
            for c in labels.claims
        ),
        result=labels.result.direction,
        retracted=article.is_retracted,
        gone=listed.paper.gone,
        changed=listed.changed,
        url=wording.paper_url(article.pmid),
        page=f"papers/{wording.file_name(article.pmid)}.html",
    )


def paper(listed: Listed, events: Iterable[Event], catalog: Catalog) -> PaperAnswer:
    """A paper with all its labels."""
    article, labels = listed.paper.article, listed.paper.assessment
    design = catalog.design.get(labels.design.id)
    return PaperAnswer(
        **dict(line(listed, catalog)),
        authors=tuple(a.name for a in article.authors),
        publication_types=article.publication_types,
        languages=article.languages,
        pmcid=article.pmcid,
        links=article.links,
        accessions=article.accessions,
        summary=wording.summarise(article, labels, catalog),
        cannot_show=design.cannot_show if design else "",
        labels=labels,
        events=tuple(event(e) for e in events),
    )


def event(found: Event) -> EventLine:
    """An event."""
    return EventLine(
        kind=found.kind,
        at=found.at,
        sentence=found.sentence,
        claim=found.claim,
        pmids=found.pmids,
    )


def claim(about: Claim | Mechanism, balance: Balance | None) -> ClaimAnswer:
    """Where a claim or a mechanism stands; untraced while the ledger knows nothing of it."""
    stands = balance or Balance(
        about.id, ClaimStatus.UNTRACED, wording.status_means(ClaimStatus.UNTRACED)
    )
    if isinstance(about, Claim):
        kind, title, says = about.kind, about.title, about.says
    else:
        kind, title, says = ClaimKind.MECHANISM, about.label, about.plain
    return ClaimAnswer(
        id=about.id, kind=kind, title=title, says=says, status=stands.status, balance=stands
    )


def claim_detail(
    about: Claim | Mechanism,
    balance: Balance | None,
    bearings: Sequence[Bearing],
    articles: Mapping[str, Article],
    history: History,
    events: Iterable[Event],
    as_of: date | None,
) -> ClaimDetail:
    """A claim with its papers, those that count first, the strongest design before the others."""
    ordered = sorted(bearings, key=lambda b: (b.withdrawn, b.tier, -(b.n or 0), b.pmid))
    return ClaimDetail(
        **dict(claim(about, balance)),
        as_of=as_of,
        would_change=about.would_change if isinstance(about, Claim) else "",
        papers=tuple(_bearing(b, articles.get(b.pmid)) for b in ordered),
        history=tuple(
            Standing(at=at, cause=cause, status=then.status, reason=then.reason)
            for at, cause, then in history
        ),
        events=tuple(event(e) for e in events),
    )


def _bearing(found: Bearing, article: Article | None) -> BearingAnswer:
    return BearingAnswer(
        pmid=found.pmid,
        title=(article.title or article.vernacular_title) if article else "",
        stance=found.stance,
        design=found.design,
        tier=found.tier,
        n=found.n,
        group=found.group,
        reviewed=found.reviewed,
        withdrawn=found.withdrawn,
        quotes=found.quotes,
    )


def issue_line(found: Issue) -> IssueLine:
    """An issue in a list."""
    return IssueLine(
        number=found.number,
        made=found.made,
        since=found.since,
        until=found.until,
        first=found.first,
        papers=len(found.papers),
        changes=len(found.changes),
        corrections=len(found.corrections),
    )


def issue(found: Issue) -> IssueAnswer:
    """An issue whole; of its searches what readers see, not what the operator needs."""
    return IssueAnswer(
        number=found.number,
        made=found.made,
        since=found.since,
        until=found.until,
        first=found.first,
        corrections=found.corrections,
        changes=found.changes,
        papers=found.papers,
        evidence=found.evidence,
        receipts=tuple(_receipt(r) for r in found.receipts),
        backlog=found.backlog,
    )


def _receipt(found: Receipt) -> ReceiptAnswer:
    return ReceiptAnswer(
        topic=found.topic,
        state=found.state,
        started=found.started,
        since=found.since,
        until=found.until,
        full=found.full,
        found=found.found,
        new=found.new,
        changed=found.changed,
        excluded=found.excluded,
        failed=found.failed,
    )
