"""queries/mechanisms.toml: the classes of claimed mechanisms, their cues and traps."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from monitor.catalog.files import Cue, Entry, Examples, Id, check_examples, read, refuse_twice


class Mechanism(Entry):
    """One class of mechanism.

    `cues` name it by themselves; `weak_cues` only beside a cue or as what a sentence is about;
    `traps` are phrases in which a cue means something else. `plain` explains it to a reader in a
    sentence; `describes` says what the class holds; `trap_note` why the traps are there.
    """

    id: Id
    label: str
    plain: str
    describes: str = ""
    named_in_article: bool = False
    cues: tuple[Cue, ...] = Field(min_length=1)
    weak_cues: tuple[Cue, ...] = ()
    traps: tuple[Cue, ...] = ()
    trap_note: str = ""
    treatments: tuple[Cue, ...] = ()
    examples: Examples


class _File(Entry):
    mechanism: tuple[Mechanism, ...] = Field(min_length=1)


def load(path: Path) -> tuple[Mechanism, ...]:
    """All mechanisms in the order of the file. Raises `QueryFileError`."""
    mechanisms = read(path, _File).mechanism
    refuse_twice(path, "mechanism", (m.id for m in mechanisms))
    for m in mechanisms:
        check_examples(path, m.id, (*m.cues, *m.weak_cues), m.traps, m.examples)
    return mechanisms
