"""The page of a paper. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from monitor import wording
from monitor.catalog import Catalog, Mechanism
from monitor.model import (
    Article,
    DesignSource,
    Direction,
    Dose,
    Event,
    Fact,
    FieldName,
    Paper,
    Quote,
    Stance,
)
from monitor.publish import exports
from monitor.publish.views import definitions
from monitor.publish.views.limits import not_shown
from monitor.publish.views.lines import Line, design_label, line
from monitor.publish.views.links import Related, outward, related
from monitor.publish.views.passages import FactView, Segment, marked, shown_once
from monitor.publish.views.told import of_paper
from monitor.wording import Words, to_say

_SOURCE: Final = {
    DesignSource.INDEXER: to_say("by PubMed's indexing"),
    DesignSource.TEXT: to_say("by the text"),
    DesignSource.BOTH: to_say("by the text and PubMed's indexing"),
    DesignSource.NONE: "",
}
_DIRECTION: Final = {
    Direction.POSITIVE: to_say("Positive: what was looked for was found"),
    Direction.NULL: to_say("No difference"),
    Direction.NEGATIVE: to_say("Against"),
    Direction.MIXED: to_say("Mixed"),
    Direction.NOT_STATED: "",
}
_ENGLISH: Final = "eng"
_BY_STANCE: Final = (Stance.SUPPORTS, Stance.REFUTES, Stance.MIXED, Stance.MENTIONS)


@dataclass(frozen=True, slots=True)
class Badge:
    """A short label with its definition, and where the methods page explains it."""

    label: str
    means: str
    anchor: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class ClaimOfPaper:
    """A mechanism that a paper names, and the side it takes."""

    mechanism: Mechanism
    stance: Stance
    agent: str
    reviewed: bool
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class PaperView:
    """The page of a paper.

    `not_shown` are sentences on what it does not show; `text` is its abstract cut into marked
    pieces, empty where it may not be shown; `source` is journal and year; `dates` are days of the
    record with what happened; `tongue` is its language when that is not English, or "".
    """

    paper: Paper
    line: Line
    title: tuple[Segment, ...]
    badges: tuple[Badge, ...]
    summary: str
    design_describes: str
    design_source: str
    sure: str
    indexer: tuple[str, ...]
    not_shown: tuple[str, ...]
    design: FactView
    facts: tuple[FactView, ...]
    claims: tuple[ClaimOfPaper, ...]
    text: tuple[Segment, ...]
    source: str
    links: tuple[tuple[str, str], ...]
    related: tuple[Related, ...]
    dates: tuple[tuple[date, str], ...]
    events: tuple[Event, ...]
    cite: tuple[tuple[str, str], ...]
    tongue: str = ""

    @property
    def stated(self) -> tuple[FactView, ...]:
        """Facts that the record states."""
        return tuple(f for f in self.facts if f.stated)

    @property
    def unstated(self) -> tuple[str, ...]:
        """Names of facts that an abstract could state and this one does not."""
        return tuple(f.name for f in self.facts if not f.stated) if self.article.abstract else ()

    @property
    def article(self) -> Article:
        """The article itself."""
        return self.paper.article


def paper_view(
    paper: Paper,
    events: Sequence[Event],
    catalog: Catalog,
    words: Words,
    *,
    held: Collection[str] = (),
    show_abstract: bool = False,
) -> PaperView:
    """The page of one paper; `held` are the keys of papers that have a page."""
    article, labels = paper.article, paper.assessment
    design = catalog.design.get(labels.design.id)
    facts = tuple(_facts(paper, words))
    claims = tuple(_claims(paper, catalog))
    resting = (*facts, *_as_facts(paper, claims, words))
    return PaperView(
        paper=paper,
        line=(shown := line(paper, catalog, words)),
        title=marked(article.title, FieldName.TITLE, resting) or (Segment(shown.title),),
        badges=tuple(_badges(paper, shown, catalog, words)),
        summary=words.summarise(article, labels, catalog),
        design_describes=words.say(design.describes) if design else "",
        design_source=words.say(_SOURCE[labels.design.source]),
        sure=words.sure(labels.design.confidence),
        indexer=tuple(design_label(d, catalog, words) for d in labels.design.indexer),
        not_shown=tuple(not_shown(paper, catalog, words)),
        design=next(shown_once(resting[len(facts) :], article.title)),
        facts=tuple(shown_once(facts, article.title)),
        claims=claims,
        text=marked(article.abstract, FieldName.ABSTRACT, resting) if show_abstract else (),
        source=wording.source(article),
        links=tuple(outward(paper)),
        related=related(article, held, words),
        dates=tuple(_dates(paper, words)),
        events=of_paper(events, article.title, words),
        cite=tuple(_cite(paper)),
        tongue=", ".join(filter(None, map(words.tongue, article.languages)))
        if _ENGLISH not in article.languages
        else "",
    )


def _badges(paper: Paper, shown: Line, catalog: Catalog, words: Words) -> Iterator[Badge]:
    labels = paper.assessment
    if shown.retracted:
        yield Badge(words.say("Retracted"), words.say(wording.RETRACTED), "status", alarm=True)
    if shown.gone:
        means = words.say("PubMed no longer holds this record.")
        yield Badge(words.say("Withdrawn"), means, "status", alarm=True)
    if shown.preprint:
        means = words.say("Put online before other researchers reviewed it.")
        yield Badge(words.say("Preprint"), means, "designs")
    design = catalog.design.get(labels.design.id)
    if design:
        means = words.say(design.describes)
        yield Badge(shown.design_label, means, f"design-{design.id}")
    if shown.n is not None:
        n = words.number(shown.n)
        if shown.planned:
            means = words.say("Participants that the study plans to include.")
            yield Badge(words.say("%(n)s planned", n=n), means, "facts")
        else:
            means = words.say("Participants analysed, all groups together, as the abstract says.")
            yield Badge(f"n = {n}", means, "facts")
    yield from _population_badges(paper, words)
    if shown.doses:
        means = words.say(
            "Dose of naltrexone that the abstract tells of. A report, no recommendation."
        )
        yield Badge(shown.doses[0].text, means, "facts")
    if shown.registrations:
        means = words.say("Registered before or while it ran, so that a change of plan shows.")
        yield Badge(words.say("Registered"), means, "facts")
    if not paper.article.abstract:
        means = words.say(wording.NO_ABSTRACT)
        yield Badge(words.say("No abstract"), means, "limits")


def _population_badges(paper: Paper, words: Words) -> Iterator[Badge]:
    labels = paper.assessment
    for fact in labels.case_definitions[:2]:
        means = definitions.means(fact.value, words)
        yield Badge(definitions.name(fact.value, words), means, "facts")
    if labels.pem_required is not None:
        if labels.pem_required.value:
            yield Badge(
                words.say("PEM required"),
                words.say("Only people with post-exertional malaise could take part."),
                "facts",
            )
        else:
            means = words.say("People without post-exertional malaise could take part.")
            yield Badge(words.say("PEM not required"), means, "facts")


def _facts(paper: Paper, words: Words) -> Iterator[FactView]:
    labels, say = paper.assessment, words.say
    missing = say(wording.NOT_STATED) if paper.article.abstract else say("No abstract")
    size = labels.sample_size
    if size:
        n = words.number(size.n)
        shown = say("%(n)s planned", n=n) if size.planned else n
        yield FactView(say("Participants"), shown, size.quotes)
    else:
        yield FactView(say("Participants"), missing, stated=False)
    yield _listed(say("Who was studied"), labels.populations, missing, words)
    if labels.doses:
        doses = ", ".join(dict.fromkeys(wording.dose(d) for d in labels.doses))
        yield FactView(say("Naltrexone dose"), doses, _quotes_of(labels.doses))
    yield _listed(say("Compared with"), labels.comparators, missing, words)
    defined = [replace(f, value=definitions.name(f.value, words)) for f in labels.case_definitions]
    yield _listed(say("Case definition"), defined, missing, words)
    if labels.pem_required is not None:
        required = say("Required") if labels.pem_required.value else say("Not required")
        yield FactView(say("Post-exertional malaise"), required, labels.pem_required.quotes)
    if labels.durations:
        yield _listed(say("Duration"), labels.durations, missing, words)
    if labels.outcomes:
        yield _listed(say("Measured with"), labels.outcomes, missing, words)
    found = say(_DIRECTION[labels.result.direction])
    name = say("Main result")
    yield FactView(name, found or missing, labels.result.quotes, stated=bool(found))
    if labels.registrations or labels.review_registrations:
        registered = (*labels.registrations, *labels.review_registrations)
        yield _listed(say("Registered as"), registered, missing, words)


def _quotes_of(doses: Sequence[Dose]) -> tuple[Quote, ...]:
    return tuple(dict.fromkeys(q for d in doses for q in d.quotes))


def _listed(name: str, facts: Sequence[Fact], missing: str, words: Words) -> FactView:
    value = ", ".join(dict.fromkeys(words.say(f.value) for f in facts))
    quotes = tuple(dict.fromkeys(q for f in facts for q in f.quotes))
    return FactView(name, value or missing, quotes, stated=bool(value))


def _claims(paper: Paper, catalog: Catalog) -> Iterator[ClaimOfPaper]:
    claims = paper.assessment.claims
    for claim in sorted(claims, key=lambda c: (_BY_STANCE.index(c.stance), c.mechanism)):
        if claim.mechanism in catalog.mechanism:
            yield ClaimOfPaper(
                mechanism=catalog.mechanism[claim.mechanism],
                stance=claim.stance,
                agent=claim.agent or "",
                reviewed=claim.reviewed,
                quotes=claim.quotes,
            )


def _as_facts(paper: Paper, claims: Iterable[ClaimOfPaper], words: Words) -> Iterator[FactView]:
    """Design and mechanisms as facts, so that their passages are marked too."""
    design = paper.assessment.design
    yield FactView(words.say("Study design"), "", design.quotes)
    for claim in claims:
        yield FactView(words.say(claim.mechanism.label), "", claim.quotes)


def _dates(paper: Paper, words: Words) -> Iterator[tuple[date, str]]:
    """Days of the record, oldest first."""
    dates, say = paper.article.dates, words.say
    known = [
        (dates.received, say("The journal received it.")),
        (dates.accepted, say("The journal accepted it.")),
        (dates.created, say("PubMed created the record.")),
        (dates.mesh, say("PubMed indexed it.")),
        (dates.revised, say("PubMed last revised the record.")),
        (paper.first_seen.date(), say("Found here for the first time.")),
    ]
    yield from sorted((when, what) for when, what in known if when)


def _cite(paper: Paper) -> Iterator[tuple[str, str]]:
    yield "BibTeX", "".join(exports.bibtex([paper])).strip()
    yield "RIS", "".join(exports.ris([paper])).strip().replace("\r\n", "\n")
    yield "CSL-JSON", json.dumps(exports.csl(paper), ensure_ascii=False, indent=1)
