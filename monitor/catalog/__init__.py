"""queries/*.toml → `Catalog`: what to watch and how to read it, checked on load.

A wrong file is refused with file, key and reason; nothing starts half-configured.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from monitor.catalog import claims, cues, designs, mechanisms, topics
from monitor.catalog.claims import Claim, ClaimKind, Correction, Figure
from monitor.catalog.cues import CueGroup
from monitor.catalog.designs import NO_TIER, Design, DesignRule
from monitor.catalog.mechanisms import Mechanism
from monitor.catalog.topics import RelevanceRule, Seed, Topic
from monitor.errors import QueryFileError

__all__ = [
    "NO_TIER",
    "Catalog",
    "Claim",
    "ClaimKind",
    "Correction",
    "CueGroup",
    "Design",
    "DesignRule",
    "Figure",
    "Mechanism",
    "RelevanceRule",
    "Seed",
    "Topic",
    "load",
]


@dataclass(frozen=True)
class Catalog:
    """All of queries/. `version` is a short hash of the files that the assessor reads.

    `elsewhere` are cues of sentences that speak of others' or future work (study-designs.toml).
    """

    folder: Path
    version: str
    topics: tuple[Topic, ...]
    designs: tuple[Design, ...]
    mechanisms: tuple[Mechanism, ...]
    cues: tuple[CueGroup, ...]
    claims: tuple[Claim, ...]
    corrections: tuple[Correction, ...]
    elsewhere: tuple[str, ...] = ()

    @cached_property
    def design(self) -> dict[str, Design]:
        """Designs by id."""
        return {d.id: d for d in self.designs}

    @cached_property
    def mechanism(self) -> dict[str, Mechanism]:
        """Mechanisms by id."""
        return {m.id: m for m in self.mechanisms}

    @cached_property
    def cue(self) -> dict[str, CueGroup]:
        """Cue groups by id."""
        return {g.id: g for g in self.cues}

    @cached_property
    def claim(self) -> dict[str, Claim]:
        """Claims by id."""
        return {c.id: c for c in self.claims}

    @cached_property
    def topic(self) -> dict[str, Topic]:
        """Topics by id."""
        return {t.id: t for t in self.topics}

    def tier(self, design: str) -> int:
        """Tier of a design; an unknown one has none."""
        found = self.design.get(design)
        return found.tier if found else NO_TIER


def load(folder: Path) -> Catalog:
    """Read and check a folder of queries. Raises `QueryFileError` for the first fault."""
    if not folder.is_dir():
        raise QueryFileError(f"{folder}: no such folder; `monitor init` makes one.")
    found_topics = topics.load(folder / "topics")
    found_mechanisms = mechanisms.load(folder / "mechanisms.toml")
    return Catalog(
        folder=folder,
        version=_version(folder),
        topics=found_topics,
        designs=designs.load(folder / "study-designs.toml"),
        mechanisms=found_mechanisms,
        cues=cues.load(folder / "cues.toml"),
        claims=claims.load(
            folder / "claims.toml",
            frozenset(m.id for m in found_mechanisms),
            frozenset(t.id for t in found_topics),
        ),
        corrections=claims.load_corrections(folder / "corrections.toml"),
        elsewhere=designs.load_elsewhere(folder / "study-designs.toml"),
    )


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    names = ["study-designs.toml", "mechanisms.toml", "cues.toml", "corrections.toml"]
    paths = [folder / n for n in names] + sorted((folder / "topics").glob("*.toml"))
    for path in paths:
        if path.exists():
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:8]
