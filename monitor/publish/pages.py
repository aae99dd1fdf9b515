"""All pages of the site: path, template, and the values it shows. Pure.

A page of a paper is a function of the paper, its events and which papers have pages; all others are
functions of `Contents`, which holds papers only as lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from monitor.catalog import Catalog, Claim, Mechanism
from monitor.model import (
    Balance,
    Bearing,
    ClaimStatus,
    Event,
    FigureCheck,
    Issue,
    Paper,
    Receipt,
    Stance,
)
from monitor.publish import charts
from monitor.publish.views import lists as list_views
from monitor.publish.views.claims import ClaimView, claim_view
from monitor.publish.views.lines import Line
from monitor.publish.views.lists import ListView
from monitor.publish.views.maps import gap_map
from monitor.publish.views.methods import Excluded
from monitor.publish.views.moves import Weigh
from monitor.publish.views.papers import paper_view
from monitor.publish.views.start import direct_list, start
from monitor.publish.views.trials import trials
from monitor.wording import Words

#: Papers left out on a page of that list.
_EXCLUDED: Final = 150


@dataclass(frozen=True, slots=True)
class Page:
    """A page before it is rendered."""

    path: str
    template: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Contents:
    """What all pages but those of papers are made of.

    `lines` are the papers that some topic wants; `figures` holds the figures of claims as they were
    looked for; `counts` are numbers of papers by kind; `card` are lines of the model card.
    """

    catalog: Catalog
    words: Words
    lines: Sequence[Line]
    bearings: Mapping[str, Sequence[Bearing]]
    balances: Mapping[str, Balance]
    histories: Mapping[str, Sequence[tuple[datetime, str, Balance]]]
    events: Mapping[str, Sequence[Event]]
    figures: Mapping[str, Sequence[FigureCheck]]
    weigh: Weigh
    issues: Sequence[Issue] = ()
    receipts: Sequence[Receipt] = ()
    excluded: Sequence[Excluded] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    assessor: str = ""
    card: Sequence[tuple[str, str, str]] = ()
    operator: str = ""
    abridged: bool = False

    @cached_property
    def by_pmid(self) -> dict[str, Line]:
        """Lines by key of the paper."""
        return {x.pmid: x for x in self.lines}


def paper_page(
    paper: Paper,
    events: Sequence[Event],
    catalog: Catalog,
    words: Words,
    *,
    held: Collection[str],
    show_abstract: bool,
) -> Page:
    """The page of one paper; `held` are the keys of papers that have a page."""
    view = paper_view(paper, events, catalog, words, held=held, show_abstract=show_abstract)
    return Page(f"papers/{view.line.file}.html", "paper.html", {"v": view})


def pages(contents: Contents) -> Iterator[Page]:
    """All pages but those of papers."""
    claims = [_claim(contents, c) for c in contents.catalog.claims]
    mechanisms = [_claim(contents, m) for m in contents.catalog.mechanisms]
    for view in (*claims, *mechanisms):
        yield Page(f"{view.folder}/{view.id}.html", "claim.html", {"v": view})
    yield Page("claims/index.html", "claims.html", {"views": claims})
    yield Page("mechanisms/index.html", "mechanisms.html", {"views": mechanisms})
    yield from _lists(contents)
    yield from _issues(contents)
    yield from _others(contents, claims)
    yield from _excluded(contents)


def _claim(contents: Contents, about: Claim | Mechanism) -> ClaimView:
    return claim_view(
        about,
        contents.bearings.get(about.id, ()),
        contents.balances.get(about.id),
        contents.histories.get(about.id, ()),
        contents.events.get(about.id, ()),
        contents.figures.get(about.id, ()),
        contents.by_pmid,
        contents.catalog,
        contents.weigh,
        contents.words,
    )


def all_lists(contents: Contents) -> Iterator[ListView]:
    """Every list of papers that has pages: by facet, by claim, by cell of the map."""
    catalog, words = contents.catalog, contents.words
    for facet in list_views.facets(contents.lines, catalog, words):
        yield from facet.lists
    direct = direct_list(contents.lines, catalog, words)
    if direct:
        yield direct
    yield from list_views.bearing_lists(catalog.claims, contents.bearings, contents.by_pmid, words)
    shown = gap_map(contents.bearings, contents.by_pmid, catalog, words)
    yield from list_views.cell_lists(shown, contents.by_pmid, catalog, words)


def _lists(contents: Contents) -> Iterator[Page]:
    found = list_views.facets(contents.lines, contents.catalog, contents.words)
    yield Page("papers/index.html", "papers.html", {"facets": found, "total": len(contents.lines)})
    for listed in all_lists(contents):
        sides = dict(listed.stances)
        for number in range(1, listed.pages + 1):
            values = {"v": listed, "at": number, "sides": sides}
            yield Page(f"lists/{listed.name(number)}.html", "list.html", values)


def _issues(contents: Contents) -> Iterator[Page]:
    for issue in contents.issues:
        yield Page(f"issues/{issue.number}.html", "issue.html", {"issue": issue})
    yield Page("issues/index.html", "issues.html", {"issues": contents.issues})


def _others(contents: Contents, claims: Sequence[ClaimView]) -> Iterator[Page]:
    catalog, words, lines = contents.catalog, contents.words, contents.lines
    view = start(claims, lines, catalog, words)
    yield Page(
        "index.html",
        "index.html",
        {
            "v": view,
            "issue": contents.issues[-1] if contents.issues else None,
            "receipts": contents.receipts,
            "counts": contents.counts,
            "abridged": contents.abridged,
        },
    )
    yield Page(
        "map.html",
        "map.html",
        {
            "map": gap_map(contents.bearings, contents.by_pmid, catalog, words),
            "bars": charts.years(x.year for x in lines),
        },
    )
    yield Page("trials.html", "trials.html", {"v": trials(lines, catalog, words)})
    yield Page(
        "methods.html",
        "methods.html",
        {
            "catalog": catalog,
            "assessor": contents.assessor,
            "card": contents.card,
            "operator": contents.operator,
            "statuses": list(ClaimStatus),
            "stances": list(Stance),
            "receipts": contents.receipts,
        },
    )


def _excluded(contents: Contents) -> Iterator[Page]:
    found = contents.excluded
    pages = max(1, -(-len(found) // _EXCLUDED))
    for number in range(1, pages + 1):
        entries = found[(number - 1) * _EXCLUDED : number * _EXCLUDED]
        name = "excluded.html" if number == 1 else f"excluded-p{number}.html"
        values = {"entries": entries, "total": len(found), "at": number, "pages": pages}
        yield Page(name, "excluded.html", values)
