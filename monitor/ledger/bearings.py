"""How one paper bears on each mechanism and on each claim of claims.toml. Pure.

Mechanisms and claims of kind "mechanism" follow the stance that the assessor read. A dose claim is
about the doses of studies of the drug, a claim about uses about their results illness by illness; a
paper claim only about the papers it names; a figure claim is borne on by studies that state it; a
context claim lists papers and takes no side. A paper that reports no result (a protocol) takes none
on anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from monitor.catalog import Catalog, Claim, ClaimKind
from monitor.ledger.figures import FigureReader
from monitor.ledger.sentences import sentence_around
from monitor.model import (
    NO_RESULTS,
    Article,
    Assessment,
    Bearing,
    Direction,
    Dose,
    FieldName,
    Level,
    MechanismClaim,
    Quote,
    Stance,
)
from monitor.patterns import Matcher

#: Designs whose results are other people's. A meta-analysis counts as data of its own.
_REVIEWS = frozenset(
    "narrative_review systematic_review scoping_review evidence_summary guideline_consensus "
    "hypothesis conference_report".split()
)
_STANCE_OF_RESULT = {
    Direction.POSITIVE: Stance.SUPPORTS,
    Direction.NULL: Stance.REFUTES,
    Direction.NEGATIVE: Stance.REFUTES,
    Direction.MIXED: Stance.MIXED,
    Direction.NOT_STATED: Stance.MENTIONS,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A paper with its labels, as bearings are made from it."""

    article: Article
    assessment: Assessment
    tier: int
    withdrawn: bool = False

    def studies(self, topics: Iterable[str]) -> bool:
        """Whether the paper is at the core of one of these topics."""
        return any(self.assessment.level(t) is Level.CORE for t in topics)

    def touches(self, topics: Iterable[str]) -> bool:
        """Whether one of these topics wants the paper; without topics, any that is watched."""
        wanted = tuple(topics)
        if not wanted:
            return bool(self.assessment.topics())
        return any(self.assessment.level(t) is not Level.OFF for t in wanted)


def _is_superseded(article: Article) -> bool:
    """Whether this is a preprint whose journal version speaks in its place: one thing, not two."""
    return article.has_type("Preprint") and any(link.pmid for link in article.linked("UpdateIn"))


class BearingReader:
    """Makes the bearings of papers on all mechanisms and claims of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.mechanisms = frozenset(m.id for m in catalog.mechanisms)
        self._by_mechanism: dict[str, list[Claim]] = {}
        for claim in catalog.claims:
            if claim.kind is ClaimKind.MECHANISM:
                for mechanism in claim.mechanisms:
                    self._by_mechanism.setdefault(mechanism, []).append(claim)
        self._others = tuple(c for c in catalog.claims if c.kind is not ClaimKind.MECHANISM)
        self._cues = {c.id: Matcher((c.id, cue) for cue in c.cues) for c in self._others if c.cues}
        self._figures = {
            c.id: tuple(FigureReader(f) for f in c.figures)
            for c in self._others
            if c.kind in {ClaimKind.FIGURE, ClaimKind.DOSE}
        }

    def all_of(self, paper: Judged) -> dict[str, Bearing]:
        """Bearings by mechanism and claim id; empty for a paper that no topic wants."""
        if not paper.touches(()):
            return {}
        found: dict[str, Bearing] = {}
        grouped: dict[str, list[MechanismClaim]] = {}
        for label in paper.assessment.claims:
            found[label.mechanism] = _bearing(paper, label.stance, label.quotes, label=label)
            for claim in self._by_mechanism.get(label.mechanism, ()):
                if claim.agent in {None, label.agent} and paper.touches(claim.topics):
                    grouped.setdefault(claim.id, []).append(label)
        for claim_id, labels in grouped.items():
            found[claim_id] = _together(paper, labels)
        for claim in self._others:
            bearing = self._other(claim, paper)
            if bearing is not None:
                found[claim.id] = bearing
        if _is_superseded(paper.article) or paper.assessment.design.id in NO_RESULTS:
            return {c: replace(b, stance=Stance.MENTIONS) for c, b in found.items()}
        return found

    def of(self, claim: str, paper: Judged) -> Bearing | None:
        """How a paper bears on one mechanism or claim; None when it does not."""
        return self.all_of(paper).get(claim)

    def _other(self, claim: Claim, paper: Judged) -> Bearing | None:
        if claim.kind is ClaimKind.PAPER:
            return _named(claim, paper)
        if not paper.touches(claim.topics):
            return None
        if claim.kind is ClaimKind.CONTEXT:
            quotes = self._passages(claim, paper)
            return _bearing(paper, Stance.MENTIONS, quotes) if quotes else None
        if not paper.studies(claim.topics):
            return None
        if claim.kind is ClaimKind.DOSE:
            return self._dose(claim, paper)
        if claim.kind is ClaimKind.FIGURE:
            return self._figure(claim, paper)
        quotes = self._passages(claim, paper)
        if not quotes:
            return None
        result = paper.assessment.result
        return _bearing(paper, _STANCE_OF_RESULT[result.direction], (*result.quotes, *quotes[:1]))

    def _dose(self, claim: Claim, paper: Judged) -> Bearing | None:
        """Doses within the claim's range support it, a low dose outside of it goes against it."""
        doses = [d for d in paper.assessment.doses if not d.per_kg]
        if not doses or not claim.figures:
            return None
        figure = claim.figures[0]
        stances = {_dose_stance(d, figure.low, figure.high) for d in doses} - {Stance.MENTIONS}
        quotes = tuple(q for d in doses for q in d.quotes)
        if len(stances) > 1:
            return _bearing(paper, Stance.MIXED, quotes)
        return _bearing(paper, next(iter(stances), Stance.MENTIONS), quotes)

    def _figure(self, claim: Claim, paper: Judged) -> Bearing | None:
        """A study that states the figure supports the claim; other figures are only listed."""
        found = [f for reader in self._figures[claim.id] for f in reader.find(paper.article)]
        if not found:
            return None
        same = tuple(f.quote for f in found if f.same)
        if same:
            return _bearing(paper, Stance.SUPPORTS, same)
        return _bearing(paper, Stance.MENTIONS, tuple(f.quote for f in found))

    def _passages(self, claim: Claim, paper: Judged) -> tuple[Quote, ...]:
        matcher = self._cues.get(claim.id)
        return tuple(_sentences_with(matcher, paper.article)) if matcher else ()


def _sentences_with(matcher: Matcher[str], article: Article) -> Iterator[Quote]:
    """Title or sentences of the abstract in which a cue stands, each once."""
    for field in FieldName:
        text = article.field(field)
        ends = -1
        for hit in matcher.find(text):
            if hit.start < ends:
                continue
            start, ends = sentence_around(text, hit.start)
            yield Quote.of(article, field, start, ends)


def _dose_stance(dose: Dose, low: float, high: float) -> Stance:
    least = dose.mg if dose.mg_min is None else dose.mg_min
    if low <= least and dose.mg <= high:
        return Stance.SUPPORTS
    if dose.low is False and least > high:
        return Stance.MENTIONS  # an ordinary dose, which the claim does not speak of
    if dose.mg < low or least > high:
        return Stance.REFUTES
    return Stance.MIXED


def _named(claim: Claim, paper: Judged) -> Bearing | None:
    """A paper that the claim is about: what it says on the claim's mechanisms."""
    if paper.article.pmid not in claim.papers:
        return None
    labels = [c for c in paper.assessment.claims if c.mechanism in claim.mechanisms]
    if labels:
        return _together(paper, labels)
    title = Quote.of(paper.article, FieldName.TITLE, 0, len(paper.article.title))
    return _bearing(paper, Stance.MENTIONS, (title,))


def _together(paper: Judged, labels: list[MechanismClaim]) -> Bearing:
    """One bearing from several mechanisms: sides outweigh mentions, opposite sides are mixed."""
    sided = [c for c in labels if c.stance.takes_side]
    if not sided:
        quotes = tuple(dict.fromkeys(q for c in labels for q in c.quotes))
        return _bearing(paper, Stance.MENTIONS, quotes, label=labels[0])
    stances = {c.stance for c in sided}
    stance = stances.pop() if len(stances) == 1 else Stance.MIXED
    quotes = tuple(dict.fromkeys(q for c in sided for q in c.quotes))
    return _bearing(paper, stance, quotes, label=sided[0])


def _bearing(
    paper: Judged,
    stance: Stance,
    quotes: Iterable[Quote],
    *,
    label: MechanismClaim | None = None,
) -> Bearing:
    assessment = paper.assessment
    size = assessment.sample_size
    created: date | None = paper.article.dates.created
    design = assessment.design.id
    return Bearing(
        pmid=paper.article.pmid,
        stance=stance,
        design=design,
        tier=paper.tier,
        group="",
        quotes=tuple(quotes),
        n=size.n if size and not size.planned else None,
        created=created,
        agent=label.agent if label else None,
        reviewed=label.reviewed if label else design in _REVIEWS,
        withdrawn=paper.withdrawn,
    )
