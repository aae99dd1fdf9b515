"""queries/study-designs.toml: the taxonomy of study designs, their tiers, and the rules by text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from monitor.catalog.files import Cue, Entry, Examples, Id, check_examples, read, refuse_twice
from monitor.errors import QueryFileError
from monitor.patterns import Matcher

#: Tier of what is no evidence of its own (notices, letters, protocols).
NO_TIER = 9


class DesignRule(Entry):
    """Cues in the text that speak for a design, with their weight by place.

    `where` limits the rule to the title, to the abstract's sentences on methods, or not at all
    ("anywhere"); `starts` to the very beginning of the title. `unless` cues in the same sentence
    hold it back; `weight` is log-odds.
    """

    id: Id
    cues: tuple[Cue, ...] = Field(min_length=1)
    traps: tuple[Cue, ...] = ()
    unless: tuple[Cue, ...] = ()
    where: Annotated[str, Field(pattern="^(title|methods|anywhere)$")] = "anywhere"
    weight: Annotated[float, Field(ge=-10, le=20)] = 1.0
    starts: bool = False
    examples: Examples


class Design(Entry):
    """One study design: what it is called, how strong, what it cannot show, who names it how.

    `tier` is 1 (strongest) to 5, or 9 for what is no evidence of its own. `publication_types` and
    `mesh` are the indexer's names. Order in the file is precedence.
    """

    id: Id
    label: str
    plural: str
    tier: Annotated[int, Field(ge=1, le=9)]
    describes: str
    cannot_show: str
    publication_types: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    rules: tuple[DesignRule, ...] = Field(default=(), alias="rule")


class _File(Entry):
    elsewhere: tuple[Cue, ...] = ()
    design: tuple[Design, ...] = Field(min_length=1)


def load_elsewhere(path: Path) -> tuple[str, ...]:
    """Cues of sentences that do not speak of the paper's own study. Raises `QueryFileError`."""
    return read(path, _File).elsewhere


def load(path: Path) -> tuple[Design, ...]:
    """All designs in order of precedence. Raises `QueryFileError`."""
    designs = read(path, _File).design
    refuse_twice(path, "design", (d.id for d in designs))
    rules = [(d, r) for d in designs for r in d.rules]
    refuse_twice(path, "rule", (r.id for _, r in rules))
    for design, rule in rules:
        name = f"{design.id}: rule {rule.id}"
        held = Matcher((True, cue) for cue in rule.unless)
        kept = [s for s in rule.examples.no_match if not held.find(s)]
        for sentence in rule.examples.match:
            if held.find(sentence):
                raise QueryFileError(f"{path}: {name}: `unless` holds back {sentence!r}.")
        examples = Examples.model_construct(match=rule.examples.match, no_match=tuple(kept))
        check_examples(path, name, rule.cues, rule.traps, examples)
    return designs
