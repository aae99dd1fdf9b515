"""Rows → page values: everything that a page shows, decided before it is rendered. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor import wording
from monitor.catalog import Catalog, Claim, Mechanism
from monitor.model import (
    Article,
    Assessment,
    Balance,
    Bearing,
    ClaimStatus,
    DesignSource,
    Dose,
    Event,
    Fact,
    Paper,
    Quote,
    Stance,
)
from monitor.publish import exports

_SOURCE: Final = {
    DesignSource.INDEXER: "by PubMed's indexing",
    DesignSource.TEXT: "by the text",
    DesignSource.BOTH: "by the text and PubMed's indexing",
    DesignSource.NONE: "",
}
_SIDES: Final = (Stance.SUPPORTS, Stance.REFUTES, Stance.MIXED, Stance.MENTIONS)
#: Words at the top of the start page, by status.
_HEADINGS: Final = (
    ("What several groups report", (ClaimStatus.SUPPORTED,)),
    ("What is disputed", (ClaimStatus.CONTESTED, ClaimStatus.CONTRADICTED)),
    ("What is early", (ClaimStatus.THIN,)),
    ("What is not known", (ClaimStatus.UNTRACED,)),
)


@dataclass(frozen=True, slots=True)
class FactView:
    """A label of a paper with its passages; `value` is "Not stated …" when there is none."""

    name: str
    value: str
    quotes: tuple[Quote, ...] = ()


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
    """The page of a paper."""

    paper: Paper
    file: str
    citation: str
    url: str
    design: str
    design_describes: str
    design_source: str
    sure: str
    cannot_show: str
    indexer: tuple[str, ...]
    summary: str
    facts: tuple[FactView, ...]
    claims: tuple[ClaimOfPaper, ...]
    events: tuple[Event, ...]
    bibtex: str
    ris: str

    @property
    def article(self) -> Article:
        """The article itself."""
        return self.paper.article


@dataclass(frozen=True, slots=True)
class Line:
    """A paper in a list."""

    file: str
    title: str
    citation: str
    design: str
    n: str
    retracted: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class BearingLine:
    """A paper on the page of a claim."""

    line: Line
    stance: Stance
    quotes: tuple[Quote, ...]
    reviewed: bool
    withdrawn: bool
    agent: str
    group: str
    abridged: bool


@dataclass(frozen=True, slots=True)
class ClaimView:
    """The page of a claim or a mechanism."""

    id: str
    folder: str
    title: str
    says: str
    status: ClaimStatus
    balance: Balance
    best_for: str
    best_against: str
    sides: tuple[tuple[Stance, tuple[BearingLine, ...]], ...]
    history: tuple[tuple[datetime, str, Balance], ...]
    events: tuple[Event, ...]
    notes: tuple[tuple[str, str], ...]
    would_change: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the evidence gap map."""

    supports: int = 0
    refutes: int = 0
    mixed: int = 0

    @property
    def total(self) -> int:
        """Papers that take a side."""
        return self.supports + self.refutes + self.mixed


@dataclass(frozen=True, slots=True)
class MapView:
    """Mechanisms × designs, papers that take a side."""

    designs: tuple[str, ...]
    rows: tuple[tuple[Mechanism, tuple[Cell, ...]], ...]


def paper_view(paper: Paper, events: Sequence[Event], catalog: Catalog) -> PaperView:
    """The page of one paper."""
    article, labels = paper.article, paper.assessment
    design = catalog.design.get(labels.design.id)
    return PaperView(
        paper=paper,
        file=wording.file_name(article.pmid),
        citation=wording.citation(article),
        url=wording.paper_url(article.pmid),
        design=design.label if design else "Unclear",
        design_describes=design.describes if design else "",
        design_source=_SOURCE[labels.design.source],
        sure=wording.sure(labels.design.confidence),
        cannot_show=design.cannot_show if design else "",
        indexer=tuple(_design(catalog, d) for d in labels.design.indexer),
        summary=wording.summarise(article, labels, catalog),
        facts=tuple(_facts(labels, has_abstract=bool(article.abstract))),
        claims=tuple(_claims(labels, catalog)),
        events=tuple(events),
        bibtex="".join(exports.bibtex([paper])).strip(),
        ris="".join(exports.ris([paper])).strip(),
    )


def _facts(labels: Assessment, *, has_abstract: bool) -> Iterable[FactView]:
    missing = wording.NOT_STATED if has_abstract else "No abstract"
    size = labels.sample_size
    if size:
        n = wording.number(size.n) + (" planned" if size.planned else "")
        yield FactView("Participants", n, size.quotes)
    else:
        yield FactView("Participants", missing)
    yield _listed("Who was studied", labels.populations, missing)
    if labels.doses:
        yield FactView("Naltrexone dose", _doses(labels.doses), _quotes_of(labels.doses))
    yield _listed("Compared with", labels.comparators, missing)
    yield _listed("Case definition", labels.case_definitions, missing)
    if labels.pem_required is not None:
        said = "Required" if labels.pem_required.value else "Not required"
        yield FactView("Post-exertional malaise", said, labels.pem_required.quotes)
    if labels.durations:
        yield _listed("Duration", labels.durations, missing)
    if labels.outcomes:
        yield _listed("Measured with", labels.outcomes, missing)
    result = labels.result.direction.value.replace("_", " ")
    shown = missing if result == "not stated" else result.capitalize()
    yield FactView("Main result, as the abstract states it", shown, labels.result.quotes)
    if labels.registrations or labels.review_registrations:
        found = (*labels.registrations, *labels.review_registrations)
        yield _listed("Registered as", found, missing)


def _doses(doses: Sequence[Dose]) -> str:
    return ", ".join(dict.fromkeys(wording.dose(d) for d in doses))


def _quotes_of(doses: Sequence[Dose]) -> tuple[Quote, ...]:
    return tuple(dict.fromkeys(q for d in doses for q in d.quotes))


def _listed(name: str, facts: Sequence[Fact], missing: str) -> FactView:
    value = ", ".join(dict.fromkeys(f.value for f in facts)) or missing
    return FactView(name, value, tuple(dict.fromkeys(q for f in facts for q in f.quotes)))


def _claims(labels: Assessment, catalog: Catalog) -> Iterable[ClaimOfPaper]:
    for claim in sorted(labels.claims, key=lambda c: (_SIDES.index(c.stance), c.mechanism)):
        if claim.mechanism in catalog.mechanism:
            yield ClaimOfPaper(
                mechanism=catalog.mechanism[claim.mechanism],
                stance=claim.stance,
                agent=claim.agent or "",
                reviewed=claim.reviewed,
                quotes=claim.quotes,
            )


def _design(catalog: Catalog, design: str) -> str:
    return catalog.design[design].label if design in catalog.design else design


def line(paper: Paper, catalog: Catalog) -> Line:
    """A paper in a list."""
    labels = paper.assessment
    return Line(
        file=wording.file_name(paper.article.pmid),
        title=paper.article.title or paper.article.vernacular_title,
        citation=wording.citation(paper.article),
        design=_design(catalog, labels.design.id),
        n=f"n = {wording.number(labels.sample_size.n)}" if labels.sample_size else "",
        retracted=paper.article.is_retracted,
        gone=paper.gone,
    )


def claim_view(
    about: Claim | Mechanism,
    bearings: Sequence[Bearing],
    balance: Balance | None,
    history: Sequence[tuple[datetime, str, Balance]],
    events: Sequence[Event],
    papers: Mapping[str, Paper],
    catalog: Catalog,
) -> ClaimView:
    """The page of a claim of the source article, or of a mechanism."""
    is_claim = isinstance(about, Claim)
    stands = balance or Balance(
        about.id, ClaimStatus.UNTRACED, wording.status_means(ClaimStatus.UNTRACED)
    )
    lines = [
        _bearing(b, papers[b.pmid], catalog)
        for b in sorted(bearings, key=lambda b: (b.withdrawn, b.tier, -(b.n or 0), b.pmid))
        if b.pmid in papers
    ]
    return ClaimView(
        id=about.id,
        folder="claims" if is_claim else "mechanisms",
        title=about.title if isinstance(about, Claim) else about.label,
        says=about.says if isinstance(about, Claim) else about.plain,
        status=stands.status,
        balance=stands,
        best_for=_design(catalog, stands.best_for) if stands.best_for else "",
        best_against=_design(catalog, stands.best_against) if stands.best_against else "",
        sides=tuple((s, tuple(x for x in lines if x.stance is s)) for s in _SIDES),
        history=tuple(history),
        events=tuple(events),
        notes=tuple((n.date.isoformat(), n.text) for n in about.notes)
        if isinstance(about, Claim)
        else (),
        would_change=about.would_change if isinstance(about, Claim) else "",
    )


def _bearing(bearing: Bearing, paper: Paper, catalog: Catalog) -> BearingLine:
    return BearingLine(
        line=line(paper, catalog),
        stance=bearing.stance,
        quotes=bearing.quotes,
        reviewed=bearing.reviewed,
        withdrawn=bearing.withdrawn,
        agent=bearing.agent or "",
        group=bearing.group,
        abridged=paper.article.is_abridged,
    )


def gap_map(bearings: Mapping[str, Sequence[Bearing]], catalog: Catalog) -> MapView:
    """The evidence gap map: own data and reviews alike, withdrawn papers left out."""
    count: dict[str, dict[str, Counter[Stance]]] = defaultdict(lambda: defaultdict(Counter))
    used: Counter[str] = Counter()
    for mechanism in catalog.mechanisms:
        for b in bearings.get(mechanism.id, ()):
            if b.stance.takes_side and not b.withdrawn:
                count[mechanism.id][b.design][b.stance] += 1
                used[b.design] += 1
    order = {d.id: (d.tier, i) for i, d in enumerate(catalog.designs)}
    designs = sorted(used, key=lambda d: order.get(d, (99, 0)))
    rows = tuple((m, tuple(_cell(count[m.id][d]) for d in designs)) for m in catalog.mechanisms)
    return MapView(tuple(_design(catalog, d) for d in designs), rows)


def _cell(found: Counter[Stance]) -> Cell:
    return Cell(found[Stance.SUPPORTS], found[Stance.REFUTES], found[Stance.MIXED])


def standings(views: Sequence[ClaimView]) -> tuple[tuple[str, tuple[ClaimView, ...]], ...]:
    """Claims grouped for the start page, empty groups left out."""
    groups = (
        (heading, tuple(v for v in views if v.status in statuses))
        for heading, statuses in _HEADINGS
    )
    return tuple((heading, found) for heading, found in groups if found)


def lists(
    papers: Sequence[Paper], catalog: Catalog
) -> dict[str, list[tuple[str, str, list[Paper]]]]:
    """The lists of the site: (file, title, papers), under the heading of what they are by."""
    by_design: dict[str, list[Paper]] = defaultdict(list)
    by_year: dict[str, list[Paper]] = defaultdict(list)
    by_topic: dict[str, list[Paper]] = defaultdict(list)
    for paper in papers:
        by_design[paper.assessment.design.id].append(paper)
        by_year[str(paper.article.year or "unknown")].append(paper)
        for topic in paper.assessment.topics():
            by_topic[topic].append(paper)
    designs = [d.id for d in catalog.designs if d.id in by_design]
    designs += sorted(set(by_design) - set(designs))
    return {
        "topic": [
            (f"topic-{t.id}", t.title, by_topic[t.id]) for t in catalog.topics if by_topic[t.id]
        ],
        "study design": [
            (f"design-{d.replace('_', '-')}", _plural(catalog, d), by_design[d]) for d in designs
        ],
        "year": [(f"year-{y}", y, by_year[y]) for y in sorted(by_year, reverse=True)],
    }


def _plural(catalog: Catalog, design: str) -> str:
    return catalog.design[design].plural if design in catalog.design else "Unclear design"
