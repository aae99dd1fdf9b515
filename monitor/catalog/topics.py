"""queries/topics/*.toml: what to watch, one file a topic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from monitor.catalog.files import Cue, Entry, Examples, Id, check_examples, read, refuse_twice
from monitor.errors import QueryFileError
from monitor.model import Level


class Seed(Entry):
    """A paper that the operator names: by PMID, or as a citation when PubMed does not hold it."""

    pmid: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}$")] | None = None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    title: str = ""
    authors: tuple[str, ...] = ()
    journal: str = ""
    year: int | None = None
    note: str = ""

    @model_validator(mode="after")
    def _identified(self) -> Seed:
        if self.pmid is None and not (self.doi and self.title and self.journal and self.year):
            raise ValueError("a seed needs a pmid, or doi, title, journal and year")
        return self

    @property
    def key(self) -> str:
        """Key of the paper in the store."""
        return self.pmid or f"doi:{self.doi}"


class RelevanceRule(Entry):
    """A rule that gives a level when a cue is found outside its traps, and says why in words.

    `where` limits the text: the title; "prominent", the title, the first and the last sentence and
    those on the objective; "own", the title and all that is not background; "text", title and
    abstract; "anywhere", keywords too. `at_least` is the number of sentences that must hold a cue.
    `requires` names cues of which one must stand anywhere in title, abstract or keywords; `unless`
    cues that must not. `mesh` gives the level by MeSH heading too, with `major` only where it is a
    major topic of the paper.
    Rules are tried in the order of the file; the first that applies decides.
    """

    id: Id
    level: Level
    reason: str
    cues: tuple[Cue, ...] = ()
    traps: tuple[Cue, ...] = ()
    requires: tuple[Cue, ...] = ()
    unless: tuple[Cue, ...] = ()
    mesh: tuple[str, ...] = ()
    major: bool = False
    where: Annotated[str, Field(pattern="^(title|prominent|own|text|anywhere)$")] = "anywhere"
    at_least: Annotated[int, Field(ge=1, le=9)] = 1
    examples: Examples | None = None

    @model_validator(mode="after")
    def _complete(self) -> RelevanceRule:
        if not self.cues and not self.mesh:
            raise ValueError("a rule needs cues or mesh")
        if self.cues and self.examples is None:
            raise ValueError("a rule with cues needs examples.match and examples.no_match")
        return self


class Topic(Entry):
    """A topic: its query in PubMed's syntax, its seeds, and what makes a paper part of it.

    `agent` marks topics about a drug: claims of their papers carry it (naltrexone: "ldn").
    """

    id: Id
    title: str = Field(min_length=1)
    query: str = Field(min_length=1)
    description: str = ""
    agent: str | None = None
    seeds: tuple[Seed, ...] = Field(default=(), alias="seed")
    rules: tuple[RelevanceRule, ...] = Field(default=(), alias="rule")

    @property
    def term(self) -> str:
        """The query on one line, without comments (lines that start with #)."""
        lines = (line.strip() for line in self.query.splitlines())
        return " ".join(line for line in lines if line and not line.startswith("#"))


def load(folder: Path) -> tuple[Topic, ...]:
    """All topics, by id. Raises `QueryFileError`."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise QueryFileError(f"{folder}: no topic there; add one as README.md in queries/ shows.")
    return tuple(_topic(path) for path in paths)


def _topic(path: Path) -> Topic:
    topic = read(path, Topic)
    if topic.id != path.stem:
        raise QueryFileError(
            f"{path}: id is {topic.id!r}; it must be the file's name, {path.stem!r}."
        )
    if topic.term.count("(") != topic.term.count(")"):
        raise QueryFileError(f"{path}: query: opening and closing brackets do not match.")
    refuse_twice(path, "rule", (r.id for r in topic.rules))
    refuse_twice(path, "seed", (s.key for s in topic.seeds))
    for rule in topic.rules:
        if rule.examples:
            check_examples(path, f"rule {rule.id}", rule.cues, rule.traps, rule.examples)
    return topic
