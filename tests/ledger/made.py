"""Papers and bearings made for the ledger's tests."""

from __future__ import annotations

from datetime import UTC, date, datetime

from monitor.ledger.groups import Signature
from monitor.ledger.ledger import LedgerPaper
from monitor.model import (
    Article,
    Assessment,
    Author,
    Bearing,
    Dates,
    DesignLabel,
    DesignSource,
    Direction,
    Dose,
    Fact,
    FieldName,
    Level,
    Link,
    MechanismClaim,
    Quote,
    Relevance,
    Result,
    SampleSize,
    Stance,
)

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
TEXT = "Levels were lower in patients with ME/CFS than in healthy controls."


def author(name, orcid="", affiliations=()):
    last, _, initials = name.partition(" ")
    return Author(last_name=last, initials=initials, orcid=orcid, affiliations=affiliations)


def signed(pmid, *names, day=1, **more):
    people = tuple(f"{n.split()[0].lower()} {n.split()[1][0].lower()}" for n in names)
    lead = names[-1] if names else ""
    return Signature(
        pmid=str(pmid),
        created=date(2020, 1, day),
        people=people,
        lead=lead,
        lead_key=people[-1] if people else "",
        **more,
    )


def bearing(
    pmid,
    stance=Stance.SUPPORTS,
    *,
    group=None,
    design="case_control",
    tier=4,
    n=40,
    reviewed=False,
    withdrawn=False,
):
    return Bearing(
        pmid=str(pmid),
        stance=stance,
        design=design,
        tier=tier,
        group=f"group of {pmid}" if group is None else group,
        n=n,
        reviewed=reviewed,
        withdrawn=withdrawn,
    )


def article(pmid, *, abstract=TEXT, authors=(), created=date(2026, 11, 20), **more):
    return Article(
        pmid=str(pmid),
        title=f"Study {pmid} of ME/CFS",
        abstract=abstract,
        authors=tuple(author(a) for a in authors),
        dates=Dates(created=created),
        **more,
    )


def retracted(pmid, **more):
    return article(pmid, links=(Link("RetractionIn", "99999999"),), **more)


def assessed(
    paper,
    claims=(),
    *,
    topics=("me-cfs",),
    design="case_control",
    n=40,
    agent=None,
    registrations=(),
    doses=(),
    direction=Direction.NOT_STATED,
    level=Level.CORE,
):
    quote = Quote.of(paper, FieldName.TITLE, 0, len(paper.title))
    return Assessment(
        pmid=paper.pmid,
        assessor="test",
        relevance=tuple(Relevance(t, level) for t in topics),
        design=DesignLabel(design, 0.9, DesignSource.TEXT),
        claims=tuple(
            MechanismClaim(m, s, (quote,), agent=agent, reviewed=design == "narrative_review")
            for m, s in claims
        ),
        sample_size=SampleSize(n, (quote,)) if n else None,
        doses=tuple(Dose(mg, f"{mg} mg", (quote,), mg_min=least) for least, mg in doses),
        registrations=tuple(Fact(r) for r in registrations),
        result=Result(direction),
    )


def paper(pmid, *claims, authors=(), news=True, created=date(2026, 11, 20), **more):
    made = article(pmid, authors=authors, created=created)
    return LedgerPaper(made, assessed(made, claims, **more), news=news)
