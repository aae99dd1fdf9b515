"""Our side: the labels of a paper, each with its quotes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.model.article import Article, FieldName

#: Designs that report no result of their own, and therefore take no side on anything.
NO_RESULTS: Final = frozenset(
    "protocol erratum news retraction_notice expression_of_concern editorial comment_letter".split()
)


@dataclass(frozen=True, slots=True, order=True)
class Quote:
    """A verbatim passage: `text == article.field(field)[start:end]`, always."""

    field: FieldName
    start: int
    end: int
    text: str

    @classmethod
    def of(cls, article: Article, field: FieldName, start: int, end: int) -> Quote:
        """Quote a passage of an article; the only way the program makes quotes."""
        return cls(field, start, end, article.field(field)[start:end])

    def holds(self, article: Article) -> bool:
        """Whether the article still says so, word for word."""
        return bool(self.text) and article.field(self.field)[self.start : self.end] == self.text


class Level(StrEnum):
    """How much of a paper is about a topic."""

    CORE = "core"
    RELATED = "related"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Relevance:
    """Relevance of a paper to one topic; `reason` names the rule in words a reader understands."""

    topic: str
    level: Level
    quotes: tuple[Quote, ...] = ()
    reason: str = ""


class DesignSource(StrEnum):
    """Who says so: PubMed's indexer, the text, both, or nobody."""

    INDEXER = "indexer"
    TEXT = "text"
    BOTH = "both"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DesignLabel:
    """Study design; `id` is one of queries/study-designs.toml or "other".

    `confidence` is a calibrated probability in 0..1. `indexer` holds the designs that publication
    types and MeSH name; `disagrees` says that they name others than `id`.
    """

    id: str
    confidence: float
    source: DesignSource
    quotes: tuple[Quote, ...] = ()
    indexer: tuple[str, ...] = ()
    secondary: str | None = None
    disagrees: bool = False


class Stance(StrEnum):
    """What a paper's own result does to a claim."""

    SUPPORTS = "supports"
    REFUTES = "refutes"
    MIXED = "mixed"
    MENTIONS = "mentions"

    @property
    def takes_side(self) -> bool:
        """Whether the paper takes a side, rather than mention the mechanism."""
        return self is not Stance.MENTIONS


@dataclass(frozen=True, slots=True)
class MechanismClaim:
    """A mechanism found in a paper, with the side it takes.

    `agent` is "ldn" when the paper studies naltrexone at low dose, else None. `reviewed` marks a
    review's or hypothesis' argument, which counts apart from own data.
    """

    mechanism: str
    stance: Stance
    quotes: tuple[Quote, ...]
    agent: str | None = None
    reviewed: bool = False
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Participants analysed, groups summed; `planned` for protocols."""

    n: int
    quotes: tuple[Quote, ...]
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Dose:
    """Naltrexone dose in mg (a range's upper end in `mg`); `per_kg` when it is mg/kg.

    `low` is False for a dose above the low range (6 mg), None where that cannot be said.
    """

    mg: float
    text: str
    quotes: tuple[Quote, ...]
    mg_min: float | None = None
    per_kg: bool = False
    low: bool | None = None
    titrated: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A value read from the text, with its passages: population, comparator, duration, outcome."""

    value: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no, with its passages."""

    value: bool
    quotes: tuple[Quote, ...] = ()


class Direction(StrEnum):
    """Direction of the main result, as the abstract states it."""

    POSITIVE = "positive"
    NULL = "null"
    NEGATIVE = "negative"
    MIXED = "mixed"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Result:
    """Main result's direction; `not_stated` has no quotes."""

    direction: Direction
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """All labels of one article revision, made by one version of the rules (`assessor`).

    `notes` are plain sentences about limits ("The abstract is in German; judged by title only.").
    """

    pmid: str
    assessor: str
    relevance: tuple[Relevance, ...]
    design: DesignLabel
    claims: tuple[MechanismClaim, ...] = ()
    sample_size: SampleSize | None = None
    doses: tuple[Dose, ...] = ()
    case_definitions: tuple[Fact, ...] = ()
    pem_required: Flag | None = None
    registrations: tuple[Fact, ...] = ()
    review_registrations: tuple[Fact, ...] = ()
    populations: tuple[Fact, ...] = ()
    comparators: tuple[Fact, ...] = ()
    durations: tuple[Fact, ...] = ()
    outcomes: tuple[Fact, ...] = ()
    result: Result = Result(Direction.NOT_STATED)
    notes: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()

    def level(self, topic: str) -> Level:
        """Relevance to a topic; `off` when the topic was not judged."""
        return next((r.level for r in self.relevance if r.topic == topic), Level.OFF)

    def topics(self) -> tuple[str, ...]:
        """Ids of the topics that want this paper."""
        return tuple(r.topic for r in self.relevance if r.level is not Level.OFF)
