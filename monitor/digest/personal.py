"""One reader's part of an issue. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from monitor.digest.issue import in_order
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
_WEAKEST: Final = 5
_ALL_TIERS: Final = 9
_ALWAYS: Final = frozenset({EventKind.RETRACTED, EventKind.WITHDRAWN, EventKind.CONCERN_RAISED})


@dataclass(frozen=True, slots=True)
class Group:
    """Papers of one design."""

    design: str
    cannot_show: str
    papers: tuple[PaperItem, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What one reader gets of an issue.

    `papers` and `designs` count all papers that fit the choices, `groups` hold those that are
    listed; `choosy` says that choices may have left something out.
    """

    issue: Issue
    corrections: tuple[Notice, ...]
    changes: tuple[Notice, ...]
    highlights: tuple[PaperItem, ...]
    groups: tuple[Group, ...]
    papers: int
    unlisted: int
    designs: tuple[tuple[str, int], ...]
    choosy: bool

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell but the receipt."""
        return not (self.papers or self.corrections or self.changes or self.issue.first)

    @property
    def failed(self) -> bool:
        """Whether the last search of a topic failed, so that silence would mean nothing."""
        return any(r.error for r in self.issue.receipts)

    @property
    def unsearched(self) -> bool:
        """Whether PubMed was not asked at all since the issue before."""
        return not self.issue.receipts

    def shown(self) -> tuple[str, ...]:
        """PMIDs of the papers that this view shows, in its list or in its notices."""
        listed = [p.pmid for g in self.groups for p in g.papers]
        named = [pmid for n in (*self.corrections, *self.changes) for pmid, _ in n.papers]
        return tuple(dict.fromkeys([*listed, *(p.pmid for p in self.highlights), *named]))


def view(
    issue: Issue, reader: Subscriber, told: Collection[str] = (), listed: int = LISTED
) -> View:
    """The reader's part: papers and changes by choice, corrections also of papers in `told`.

    A retraction, withdrawal or concern about a paper that the reader was shown is told whatever
    the choices, and first. Of papers that are more than `listed`, those that are old but new to
    us are left out first, then the weakest designs. A journal's notice that a correction already
    names is not listed as a paper again.
    """
    notices = {pmid for n in issue.corrections for pmid, _ in n.papers[1:]}
    papers = [
        p
        for p in issue.papers
        if _wants(reader, p.topics, p.mechanisms, p.tier)
        and not (p.pmid in notices and p.tier > _WEAKEST)
    ]
    shown = sorted(sorted(papers, key=lambda p: not p.news)[:listed], key=in_order)
    corrections = [n for n in issue.corrections if _concerns(reader, n, told)]
    return View(
        issue=issue,
        corrections=tuple(sorted(corrections, key=lambda n: not _about(n, told))),
        changes=tuple(n for n in issue.changes if _wants(reader, n.topics, n.mechanisms, 0)),
        highlights=highlights(papers),
        groups=tuple(_groups(shown)),
        papers=len(papers),
        unlisted=len(papers) - len(shown),
        designs=tuple((d, len(list(g))) for d, g in groupby(papers, key=lambda p: p.design)),
        choosy=bool(reader.topics or reader.mechanisms or reader.max_tier < _ALL_TIERS),
    )


def highlights(papers: Collection[PaperItem]) -> tuple[PaperItem, ...]:
    """One paper in three, at most five, by the rule of docs/methods.md.

    Only news, and only designs that are evidence of their own; the strongest design first, then
    the larger study, then the one that takes a side on a mechanism.
    """
    worth = (p for p in papers if p.news and p.tier <= _WEAKEST)
    order = sorted(worth, key=lambda p: (p.tier, -(p.n or 0), not p.mechanisms, p.pmid))
    return tuple(order[: min(HIGHLIGHTS, len(papers) // 3)])


def must_tell(issue: Issue, told: Collection[str]) -> frozenset[str]:
    """Papers among `told` whose retraction, withdrawal or concern this issue tells."""
    named = {p for n in issue.corrections if n.kind in _ALWAYS for p, _ in n.papers}
    return frozenset(named & set(told))


def _about(notice: Notice, told: Collection[str]) -> bool:
    return notice.kind in _ALWAYS and any(pmid in told for pmid, _ in notice.papers)


def _concerns(reader: Subscriber, notice: Notice, told: Collection[str]) -> bool:
    return _about(notice, told) or _wants(reader, notice.topics, notice.mechanisms, 0)


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
