"""Sentences of events as pages tell them: what they name is a link, once. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor import wording
from monitor.catalog import Catalog
from monitor.model import Event, EventKind, Issue, Notice
from monitor.wording import Words

_QUOTED: Final = re.compile(r"“([^”]*)”")
#: On the start page; the issue holds all.
_CORRECTIONS: Final = 2
_CHANGES: Final = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a sentence; `href` is a page from the top of the site, or ""."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A notice: its sentence with links, and papers that the sentence does not name."""

    notice: Notice
    pieces: tuple[Piece, ...]
    papers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class IssueView:
    """What an issue tells; `hidden` counts notices that are left to the page of the issue."""

    corrections: tuple[Told, ...]
    changes: tuple[Told, ...]
    hidden: int = 0


def places(catalog: Catalog) -> dict[str, tuple[str, str]]:
    """Title as events say it, in English, and page of every claim and mechanism, by id."""
    claims = {c.id: (c.title, f"claims/{c.id}.html") for c in catalog.claims}
    mechanisms = {m.id: (m.label, f"mechanisms/{m.id}.html") for m in catalog.mechanisms}
    return mechanisms | claims


def told(notice: Notice, where: Mapping[str, tuple[str, str]]) -> Told:
    """A notice with links to the papers and the claim that its sentence names."""
    pieces, named = [], set()
    for piece in _papers(notice):
        named.add(piece.href)
        pieces.append(piece)
    title, page = where.get(notice.claim or "", ("", ""))
    if title and pieces and pieces[0].text.startswith(f"{title}: "):
        pieces[:1] = [Piece(title, page), Piece(pieces[0].text.removeprefix(title))]
    rest = tuple((_page(key), name) for key, name in notice.papers if _page(key) not in named)
    return Told(notice, tuple(pieces), rest)


def _page(key: str) -> str:
    return f"papers/{wording.file_name(key)}.html"


def _papers(notice: Notice) -> Iterator[Piece]:
    """The sentence cut at titles in quotation marks that are those of its papers."""
    at = 0
    for hit in _QUOTED.finditer(notice.sentence):
        key = next((k for k, title in notice.papers if _same(hit[1], title)), "")
        if key:
            yield Piece(notice.sentence[at : hit.start(1)])
            yield Piece(hit[1], _page(key))
            at = hit.end(1)
    yield Piece(notice.sentence[at:])


def issue_view(issue: Issue, where: Mapping[str, tuple[str, str]]) -> IssueView:
    """All of an issue."""
    return IssueView(
        tuple(told(n, where) for n in issue.corrections),
        tuple(told(n, where) for n in issue.changes),
    )


def latest(issue: Issue, where: Mapping[str, tuple[str, str]]) -> IssueView:
    """The first few notices for the start page: one a paper that was corrected, one a claim."""
    corrections = _once(issue.corrections, lambda n: n.papers[:1] or n.sentence)[:_CORRECTIONS]
    changes = _once(issue.changes, lambda n: n.claim or n.sentence)[:_CHANGES]
    return IssueView(
        tuple(told(n, where) for n in corrections),
        tuple(told(n, where) for n in changes),
        len(issue.corrections) + len(issue.changes) - len(corrections) - len(changes),
    )


def _once(notices: Iterable[Notice], key: Callable[[Notice], object]) -> list[Notice]:
    """The first notice of each key."""
    first: dict[object, Notice] = {}
    for notice in notices:
        first.setdefault(key(notice), notice)
    return list(first.values())


def of_paper(events: Sequence[Event], title: str, words: Words) -> tuple[Event, ...]:
    """Events on the page of their paper: it need not be named again, nor its finding told twice."""
    this = words.say("this paper")

    def named(hit: re.Match[str]) -> str:
        return this if _same(hit[1], title) else hit[0]

    return tuple(
        replace(e, sentence=_upper(_QUOTED.sub(named, e.sentence)))
        for e in events
        if e.kind is not EventKind.PAPER_ADDED
    )


def _same(quoted: str, title: str) -> bool:
    start = quoted.rstrip(" ….").lower()
    return bool(start) and title.lower().startswith(start)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
