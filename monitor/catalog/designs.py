"""queries/study-designs.toml: the taxonomy of study designs, their tiers, and the rules by text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from monitor.catalog.files import Cue, Entry, Examples, Id, check_examples, read, refuse_twice

#: Tier of what is no evidence of its own (notices, letters, protocols).
NO_TIER = 9


class DesignRule(Entry):
    """Cues in the text that speak for a design, with their weight by place.

    `where` limits the rule to the title, to sentences with a role ("methods"), or nowhere
    ("anywhere"); `unless` cues in the same sentence hold it back; `weight` is log-odds.
    """

    id: Id
    cues: tuple[Cue, ...] = Field(min_length=1)
    traps: tuple[Cue, ...] = ()
    unless: tuple[Cue, ...] = ()
    where: Annotated[str, Field(pattern="^(title|methods|anywhere)$")] = "anywhere"
    weight: float = 1.0
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
    design: tuple[Design, ...] = Field(min_length=1)


def load(path: Path) -> tuple[Design, ...]:
    """All designs in order of precedence. Raises `QueryFileError`."""
    designs = read(path, _File).design
    refuse_twice(path, "design", (d.id for d in designs))
    rules = [(d, r) for d in designs for r in d.rules]
    refuse_twice(path, "rule", (r.id for _, r in rules))
    for design, rule in rules:
        traps = (*rule.traps, *rule.unless)
        check_examples(path, f"{design.id}: rule {rule.id}", rule.cues, traps, rule.examples)
    return designs
