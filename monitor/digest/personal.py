"""One reader's part of an issue. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from monitor.model import (
    EventKind,
    Issue,
    Notice,
    PaperItem,
    Subscriber,
)

HIGHLIGHTS: Final = 5
#: More papers than this are left to the site.
LISTED: Final = 30
_ALWAYS: Final = frozenset({EventKind.RETRACTED, EventKind.WITHDRAWN, EventKind.CONCERN_RAISED})


@dataclass(frozen=True, slots=True)
class Group:
    """Papers of one design."""

    design: str
    cannot_show: str
    papers: tuple[PaperItem, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What one reader gets of an issue."""

    issue: Issue
    corrections: tuple[Notice, ...]
    changes: tuple[Notice, ...]
    highlights: tuple[PaperItem, ...]
    groups: tuple[Group, ...]
    papers: int
    unlisted: int

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell but the receipt."""
        return not (self.papers or self.corrections or self.changes or self.issue.first)

    def shown(self) -> tuple[str, ...]:
        """PMIDs of the papers that this view shows."""
        listed = [p.pmid for g in self.groups for p in g.papers]
        return tuple(dict.fromkeys([*listed, *(p.pmid for p in self.highlights)]))


def view(issue: Issue, reader: Subscriber, told: Collection[str] = ()) -> View:
    """The reader's part: papers and changes by choice, corrections also of papers in `told`.

    A retraction, withdrawal or concern about a paper that the reader was shown is told whatever
    the choices. Highlights are at most five: the strongest design first, then the larger study,
    then the one that takes a side; papers that are no evidence of their own never.
    """
    papers = [p for p in issue.papers if _wants(reader, p.topics, p.mechanisms, p.tier)]
    highlights = sorted(
        (p for p in papers if p.news and p.tier <= 5),  # noqa: PLR2004 - the weakest tier
        key=lambda p: (p.tier, -(p.n or 0), not p.mechanisms, p.pmid),
    )[:HIGHLIGHTS]
    few = len(papers) <= HIGHLIGHTS
    listed = papers[:LISTED]
    return View(
        issue=issue,
        corrections=tuple(n for n in issue.corrections if _concerns(reader, n, told)),
        changes=tuple(n for n in issue.changes if _wants(reader, n.topics, n.mechanisms, 0)),
        highlights=() if few else tuple(highlights),
        groups=tuple(_groups(listed)),
        papers=len(papers),
        unlisted=len(papers) - len(listed),
    )


def _concerns(reader: Subscriber, notice: Notice, told: Collection[str]) -> bool:
    if notice.kind in _ALWAYS and any(pmid in told for pmid, _ in notice.papers):
        return True
    return _wants(reader, notice.topics, notice.mechanisms, 0)


def _wants(
    reader: Subscriber, topics: tuple[str, ...], mechanisms: tuple[str, ...], tier: int
) -> bool:
    if reader.topics and topics and not set(reader.topics) & set(topics):
        return False
    if reader.mechanisms and not set(reader.mechanisms) & set(mechanisms):
        return False
    return tier <= reader.max_tier


def _groups(papers: list[PaperItem]) -> list[Group]:
    return [
        Group(label, items[0].cannot_show, tuple(items))
        for label, same in groupby(papers, key=lambda p: p.design_label)
        if (items := list(same))
    ]
