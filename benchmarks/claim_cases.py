"""Labelled papers as cases to learn claims from: a mechanism, its evidence, what readers say."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from monitor.assess.evidence import against_features, side_features
from monitor.assess.mechanisms import MechanismReader, silent
from monitor.assess.text import read_text
from monitor.assess.wordings import Grouped, PaperWords, grouped
from monitor.model import Article, DesignLabel, DesignSource

SIDES, AGAINST = ("supports", "refutes", "mixed"), ("refutes", "mixed")
NOTED = (*SIDES, "mentions")
#: Kinds of papers, each of which is scored apart.
REAL, ABRIDGED, FURTHER = "first file, real", "first file, abridged", "further files"

Record = dict[str, Any]
#: The stance by paper and mechanism.
Gold = dict[tuple[str, str], str]
#: What further readers say of a paper, by PMID: for each the stance by mechanism.
Readings = Mapping[str, Sequence[Mapping[str, str]]]


class Label(NamedTuple):
    """A label of a paper; `first` says that the paper is of the first file."""

    paper: str
    stance: str
    first: bool


@dataclass(frozen=True)
class Case:
    """A mechanism found in a labelled paper: what speaks for a label, and the readers' ("" none).

    `gold` is what the first reader says and `again` what others say; `kind` is that of the paper;
    `silent` says that it cannot take a side.
    """

    paper: str
    mechanism: str
    gold: str
    again: tuple[str, ...]
    kind: str
    silent: bool
    side: dict[str, float]
    against: dict[str, float]
    words: Grouped

    @property
    def first(self) -> bool:
        """Whether the paper is of the first file."""
        return self.kind in {REAL, ABRIDGED}

    def share(self, stances: Collection[str]) -> float:
        """How many of the readings say one of these, from 0 to 1; the first counts twice."""
        said = (self.gold, self.gold, *self.again)
        return sum(stance in stances for stance in said) / len(said)


def read(path: Path) -> list[Record]:
    """Records of a file that `monitor evaluate` reads."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{"id": r["pmid"], "kind": "abstract"} | r for r in records]


def readings(path: Path) -> Readings:
    """What others said of the papers: a reading of a paper a line."""
    found: dict[str, list[dict[str, str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        r = json.loads(line)
        found.setdefault(r["pmid"], []).append({m["id"]: m["stance"] for m in r["mechanisms"]})
    return found


def kind_of(record: Record, *, first: bool) -> str:
    """The kind of a paper by the file it is of."""
    if not first:
        return FURTHER
    return ABRIDGED if record["kind"] == "abridged" else REAL


def gold_of(records: Sequence[Record]) -> Gold:
    """The first readers' labels."""
    return {(r["id"], m["id"]): m["stance"] for r in records for m in r["mechanisms"]}


def unnamed_in(records: Sequence[Record], known: Sequence[Case], *, first: bool) -> list[Label]:
    """Labels of mechanisms that no cue names."""
    named = {(c.paper, c.mechanism) for c in known}
    return [
        Label(paper, stance, first)
        for (paper, mechanism), stance in gold_of(records).items()
        if (paper, mechanism) not in named
    ]


def cases(
    records: Sequence[Record], reader: MechanismReader, again: Readings, *, first: bool
) -> list[Case]:
    """What the program finds in the papers, given the readers' design."""
    found = []
    for r in records:
        article = Article(pmid=r["pmid"] or "1", title=r["title"], abstract=r["abstract"] or "")
        text = read_text(article)
        paper = reader.paper(text, DesignLabel(r["study_type"], 1.0, DesignSource.NONE))
        words = PaperWords.of(text)
        gold = {m["id"]: m["stance"] for m in r["mechanisms"]}
        found += [
            Case(
                paper=r["id"],
                mechanism=name,
                gold=gold.get(name, ""),
                again=tuple(said.get(name, "") for said in again.get(r["pmid"], ())),
                kind=kind_of(r, first=first),
                silent=bool(silent(paper, name)),
                side=side_features(evidence, paper),
                against=against_features(evidence, paper),
                words=grouped(evidence, words),
            )
            for name, evidence in paper.evidence.items()
        ]
    return found
