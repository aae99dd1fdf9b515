"""queries/cues.toml: how a text denies, hedges, speculates, or tells its role; one group a use."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from monitor.catalog.files import Cue, Entry, Examples, Id, check_examples, read, refuse_twice


class CueGroup(Entry):
    """Cues that do the same to a sentence ("null result", "hedge", "future work", "aim")."""

    id: Id
    describes: str
    cues: tuple[Cue, ...] = Field(min_length=1)
    traps: tuple[Cue, ...] = ()
    examples: Examples


class _File(Entry):
    group: tuple[CueGroup, ...] = Field(min_length=1)


def load(path: Path) -> tuple[CueGroup, ...]:
    """All groups in the order of the file. Raises `QueryFileError`."""
    groups = read(path, _File).group
    refuse_twice(path, "group", (g.id for g in groups))
    for g in groups:
        check_examples(path, g.id, g.cues, g.traps, g.examples)
    return groups
