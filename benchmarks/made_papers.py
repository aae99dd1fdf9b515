"""Made-up papers with plausible labels, the same ones every time: a corpus to time pages on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from monitor.catalog import Catalog
from monitor.ledger import stage as ledger_stage
from monitor.model import (
    Article,
    Assessment,
    Author,
    Dates,
    DesignLabel,
    DesignSource,
    Direction,
    Dose,
    Fact,
    FieldName,
    Journal,
    Level,
    MechanismClaim,
    MeshHeading,
    Quote,
    Relevance,
    Result,
    Revision,
    SampleSize,
    Stance,
)
from monitor.store import Store, articles, assessments

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
ASSESSOR = "made"
STANCES = (Stance.SUPPORTS,) * 5 + (Stance.MENTIONS,) * 6 + (Stance.REFUTES, Stance.MIXED)
WORDS = (
    "fatigue patients controls marker serum cells response exertion cognition sleep pain symptom "
    "severity cohort infection immune plasma oxygen function activity stress inflammation muscle "
    "blood nerve receptor virus antibody lactate energy rest quality scale change baseline"
).split()
PEOPLE = ("ME/CFS", "long COVID", "fibromyalgia", "healthy people")
_SYLLABLES = [c + v for c in "bdfgklmnprstv" for v in "aeiou"]


def fill(store: Store, catalog: Catalog, first: int, many: int) -> None:
    """Put papers number `first` to `first + many` into the store, labelled and in the ledger."""
    numbers = range(first, first + many)
    for start in range(0, many, 500):
        made = [paper(n, catalog) for n in numbers[start : start + 500]]
        revisions = [Revision(a, b"<made/>" * 200, f"{a.pmid:>032}", NOW, (), ()) for a, _ in made]
        articles.record(store, "me-cfs", revisions)
        labels = {a.pmid: label for a, label in made}
        waiting = assessments.outstanding(store, ASSESSOR, 1000)
        assessments.record(store, [(v, labels[a.pmid]) for v, a in waiting], NOW)
    ledger_stage.update(store, catalog, NOW)


def paper(number: int, catalog: Catalog) -> tuple[Article, Assessment]:
    """Paper number `number`: an abstract of 1,500 letters or so, and labels that quote it."""
    chance = random.Random(number)
    created = date(2000, 1, 1) + timedelta(days=number * 26 // 40)
    sentences = [_sentence(chance) for _ in range(12)]
    article = Article(
        pmid=str(10_000_000 + number),
        title=f"{_sentence(chance)[:-1]} in chronic fatigue syndrome",
        abstract=" ".join(sentences),
        authors=tuple(_author(chance) for _ in range(chance.randint(2, 10))),
        journal=Journal(
            f"Journal of {_name(chance)} Medicine", f"J {_name(chance)}", "1234-5678",
            volume=str(chance.randint(1, 60)), issue=str(chance.randint(1, 12)), pages="101-110",
        ),
        dates=Dates(created=created),
        doi=f"10.9999/made.{number}",
        languages=("eng",),
        keywords=tuple(chance.sample(WORDS, 5)),
        mesh=tuple(MeshHeading(w.capitalize(), f"D{i:06}") for i, w in enumerate(WORDS[:8])),
    )  # fmt: skip
    return article, _labels(article, sentences, chance, catalog)


def _labels(
    article: Article, sentences: Sequence[str], chance: random.Random, catalog: Catalog
) -> Assessment:
    quotes = list(_quotes(article, sentences))
    names = [m.id for m in catalog.mechanisms]
    chosen = {names[min(int(chance.expovariate(0.15)), len(names) - 1)] for _ in range(3)}
    ldn = chance.random() < 0.05
    level = Level.CORE if chance.random() < 0.7 else Level.RELATED
    return Assessment(
        pmid=article.pmid,
        assessor=ASSESSOR,
        relevance=(
            Relevance("me-cfs", level, (quotes[0],), "the title names it"),
            Relevance("ldn", Level.CORE if ldn else Level.OFF),
        ),
        design=_design(chance, catalog, quotes[1]),
        claims=tuple(
            MechanismClaim(m, chance.choice(STANCES), (chance.choice(quotes),))
            for m in sorted(chosen)
        ),
        sample_size=SampleSize(chance.randint(10, 400), (quotes[2],)),
        doses=(Dose(4.5, "4.5 mg", (quotes[3],), low=True),) if ldn else (),
        populations=(Fact(chance.choice(PEOPLE), (quotes[4],)),),
        outcomes=(Fact("Chalder fatigue scale", (quotes[5],)),),
        registrations=(Fact(f"NCT{article.pmid}", (quotes[6],)),) if chance.random() < 0.03 else (),
        result=Result(chance.choice(list(Direction)), (quotes[7],)),
    )


def _design(chance: random.Random, catalog: Catalog, quote: Quote) -> DesignLabel:
    design = chance.choice(catalog.designs).id
    return DesignLabel(design, chance.uniform(0.4, 1), DesignSource.TEXT, (quote,))


def _quotes(article: Article, sentences: Sequence[str]) -> Iterator[Quote]:
    start = 0
    for sentence in sentences:
        yield Quote.of(article, FieldName.ABSTRACT, start, start + len(sentence))
        start += len(sentence) + 1


def _sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(9, 20))).capitalize() + "."


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=3)).capitalize()


def _author(chance: random.Random) -> Author:
    return Author(
        last_name=_name(chance),
        fore_name=_name(chance),
        initials="A",
        affiliations=(f"Department of {_name(chance)}, University of {_name(chance)}.",),
    )
