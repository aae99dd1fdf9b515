"""A paper as lists, charts and the search know it: small enough to keep all of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor import wording
from monitor.catalog import NO_TIER, Catalog
from monitor.model import Direction, Level, Paper, Stance
from monitor.wording import Words

_AUTHORS: Final = 12


@dataclass(frozen=True, slots=True)
class DoseRange:
    """A naltrexone dose in mg, or mg/kg; `low` as `monitor.model.Dose` has it."""

    least: float
    most: float
    per_kg: bool
    low: bool | None

    @property
    def text(self) -> str:
        """The dose with its unit."""
        unit = "mg/kg" if self.per_kg else "mg"
        many = self.least != self.most
        return f"{self.least:g}–{self.most:g} {unit}" if many else f"{self.most:g} {unit}"


@dataclass(frozen=True, slots=True)
class Line:
    """A paper in a list.

    `design` is the id of its study design and `design_label` the words for it; `core` are topics
    that it is about, `topics` all that want it; `sides` are mechanisms with the stance on them.
    `quotes` are passages that take a side; `authors` family names, for the search.
    """

    pmid: str
    file: str
    title: str
    citation: str
    year: int | None
    design: str
    design_label: str
    tier: int
    n: int | None
    planned: bool
    topics: tuple[str, ...]
    core: tuple[str, ...]
    sides: tuple[tuple[str, Stance], ...]
    populations: tuple[str, ...]
    doses: tuple[DoseRange, ...]
    result: Direction
    registrations: tuple[str, ...]
    authors: tuple[str, ...]
    quotes: tuple[str, ...]
    retracted: bool
    gone: bool
    preprint: bool
    abridged: bool

    @property
    def stands(self) -> bool:
        """Whether it was neither retracted nor withdrawn."""
        return not (self.retracted or self.gone)

    @property
    def stances(self) -> tuple[Stance, ...]:
        """The stances it takes on mechanisms, each once, in the order of `Stance`."""
        found = {stance for _, stance in self.sides}
        return tuple(s for s in Stance if s in found)


def line(paper: Paper, catalog: Catalog, words: Words) -> Line:
    """A paper in a list."""
    article, labels = paper.article, paper.assessment
    size = labels.sample_size
    design = catalog.design.get(labels.design.id)
    quotes = (q.text for c in labels.claims if c.stance.takes_side for q in c.quotes[:1])
    return Line(
        pmid=article.pmid,
        file=wording.file_name(article.pmid),
        title=title(paper, words),
        citation=words.citation(article),
        year=article.year,
        design=labels.design.id,
        design_label=design_label(labels.design.id, catalog, words),
        tier=design.tier if design else NO_TIER,
        n=size.n if size else None,
        planned=bool(size and size.planned),
        topics=labels.topics(),
        core=tuple(r.topic for r in labels.relevance if r.level is Level.CORE),
        sides=tuple((c.mechanism, c.stance) for c in labels.claims),
        populations=tuple(dict.fromkeys(f.value for f in labels.populations)),
        doses=tuple(
            dict.fromkeys(
                DoseRange(d.mg if d.mg_min is None else d.mg_min, d.mg, d.per_kg, d.low)
                for d in labels.doses
            )
        ),
        result=labels.result.direction,
        registrations=tuple(dict.fromkeys(f.value for f in labels.registrations)),
        authors=tuple(a.last_name or a.collective for a in article.authors[:_AUTHORS]),
        quotes=tuple(dict.fromkeys(quotes)),
        retracted=article.is_retracted,
        gone=paper.gone,
        preprint=article.has_type("Preprint"),
        abridged=article.is_abridged,
    )


def title(paper: Paper, words: Words) -> str:
    """Title of a paper; a few records of PubMed have none."""
    article = paper.article
    return article.title or article.vernacular_title or words.say("A record without a title")


def design_label(design: str, catalog: Catalog, words: Words) -> str:
    """Words for a study design by its id."""
    found = catalog.design.get(design)
    return words.say(found.label) if found else words.say("Unclear design")
