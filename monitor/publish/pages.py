"""All pages of the site: path, template, and the values it shows. Pure.

A page of a paper is a function of the paper, its events and which papers have pages; all others are
functions of `Contents`, which holds papers only as lines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import attrgetter
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
from monitor.publish.digests import digest
from monitor.publish.metadata import tags
from monitor.publish.views import lists as list_views
from monitor.publish.views.claims import ClaimHead, claim_head, claim_view
from monitor.publish.views.data import data
from monitor.publish.views.lines import Line
from monitor.publish.views.lists import Facet, ListView
from monitor.publish.views.maps import MapView, gap_map
from monitor.publish.views.methods import Excluded, models
from monitor.publish.views.moves import Weigh
from monitor.publish.views.papers import paper_view
from monitor.publish.views.reliability import Reliability, reliabilities, reliability_for
from monitor.publish.views.start import direct_list, start
from monitor.publish.views.told import issue_view, latest, places
from monitor.publish.views.trials import STUDIES, registered, trials
from monitor.wording import Words

_KEY: Final = attrgetter("pmid")
#: Rows on a page of what was left out, or of registrations.
_ROWS: Final = 100
#: Rows on a page of the map as a table.
_PAIRS: Final = 400


@dataclass(frozen=True, slots=True)
class Page:
    """A page before it is rendered; `inputs` is a digest of all that it is made of, or "".

    Where it takes long to compute the `values` they are a function, called when the page is made.
    """

    path: str
    template: str
    values: Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    inputs: str = ""

    @property
    def shown(self) -> Mapping[str, Any]:
        """The values, computed if they are not yet."""
        return self.values() if callable(self.values) else self.values


@dataclass(frozen=True)
class Contents:
    """What all pages but those of papers are made of.

    `lines` are the papers that some topic wants; `figures` holds the figures of claims as they were
    looked for; `counts` are numbers of papers by kind; `card` are lines of the model card.
    `digests` are those of all lines, by key, `bearing_digests` those of the bearings, by claim, and
    `stamp` is that of all else that pages depend on.
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
    digests: Mapping[str, str] = field(default_factory=dict)
    bearing_digests: Mapping[str, str] = field(default_factory=dict)
    stamp: str = ""

    @cached_property
    def by_pmid(self) -> dict[str, Line]:
        """Lines by key of the paper."""
        return {x.pmid: x for x in self.lines}

    def made_of(self, lines: Sequence[Line]) -> list[str]:
        """Digests of what papers are made of; the papers themselves where these are not known."""
        if not self.digests:
            return [repr(x) for x in lines]
        return [*map(self.digests.__getitem__, map(_KEY, lines))]  # 200,000 times, so in C

    @cached_property
    def reliability(self) -> dict[str, Reliability]:
        """How often sides were told rightly of labelled papers, by mechanism."""
        return reliabilities(self.card)

    @cached_property
    def map(self) -> MapView:
        """The evidence gap map."""
        return gap_map(self.bearings, self.by_pmid, self.catalog, self.words)

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """Lists by what papers are and say."""
        return list_views.facets(self.lines, self.catalog, self.words)

    @cached_property
    def lists(self) -> tuple[ListView, ...]:
        """Every list of papers that has pages: by facet, by claim, by cell of the map."""
        return tuple(all_lists(self))


def paper_page(
    paper: Paper,
    events: Sequence[Event],
    catalog: Catalog,
    words: Words,
    *,
    held: Collection[str],
    show_abstract: bool,
    site: str = "",
) -> Page:
    """The page of one paper; `held` are the keys of papers that have a page."""
    view = paper_view(paper, events, catalog, words, held=held, show_abstract=show_abstract)
    path = f"papers/{view.line.file}.html"
    return Page(path, "paper.html", {"v": view, "meta": tags(paper, site, path)})


def pages(contents: Contents) -> Iterator[Page]:
    """All pages but those of papers."""
    catalog = contents.catalog
    claims = [_head(contents, c) for c in catalog.claims]
    mechanisms = [_head(contents, m) for m in catalog.mechanisms]
    about: tuple[Claim | Mechanism, ...] = (*catalog.claims, *catalog.mechanisms)
    for entry, head in zip(about, (*claims, *mechanisms), strict=True):
        yield _claim(contents, entry, head)
    statuses = list(ClaimStatus)
    yield Page("claims/index.html", "claims.html", {"views": claims, "statuses": statuses})
    listed = {"views": mechanisms, "statuses": statuses}
    yield Page("mechanisms/index.html", "mechanisms.html", listed)
    yield Page("data.html", "data.html", data(contents.catalog, contents.words))
    yield Page("404.html", "404.html", {})
    yield from _lists(contents)
    yield from _issues(contents)
    yield from _others(contents, claims)
    yield from _cut("excluded", contents.excluded)


def _head(contents: Contents, about: Claim | Mechanism) -> ClaimHead:
    return claim_head(about, contents.balances.get(about.id), contents.words)


def _claim(contents: Contents, about: Claim | Mechanism, head: ClaimHead) -> Page:
    bearings = contents.bearings.get(about.id, ())
    history = contents.histories.get(about.id, ())
    figures = contents.figures.get(about.id, ())

    def values() -> Mapping[str, Any]:
        view = claim_view(
            about,
            head,
            bearings,
            history,
            figures,
            contents.by_pmid,
            contents.catalog,
            contents.weigh,
            contents.words,
            contents.reliability,
        )
        return {"v": view}

    named = [b.pmid for b in bearings]
    named += [cause for _, cause, _ in history]
    named += [pmid for figure in figures for pmid, _ in figure.found]
    lines = [line for pmid in named if (line := contents.by_pmid.get(pmid))]
    inputs = digest(
        contents.stamp,
        repr((head, history, figures, reliability_for(about, contents.reliability))),
        contents.bearing_digests.get(about.id) or repr(bearings),
        *contents.made_of(lines),
    )
    return Page(f"{head.folder}/{head.id}.html", "claim.html", values, inputs)


def all_lists(contents: Contents) -> Iterator[ListView]:
    """Every list of papers that has pages: by facet, by claim, by cell of the map."""
    catalog, words = contents.catalog, contents.words
    for facet in contents.facets:
        yield from facet.lists
    direct = direct_list(contents.lines, catalog, words)
    if direct:
        yield direct
    yield from list_views.bearing_lists(catalog.claims, contents.bearings, contents.by_pmid, words)
    yield from list_views.cell_lists(contents.map, contents.by_pmid, catalog, words)


def _lists(contents: Contents) -> Iterator[Page]:
    values = {"facets": contents.facets, "total": len(contents.lines)}
    yield Page("papers/index.html", "papers.html", values)
    for listed in contents.lists:
        sides = dict(listed.stances)
        for number in range(1, listed.pages + 1):
            yield _list_page(contents, listed, number, sides)


def _list_page(
    contents: Contents, listed: ListView, number: int, sides: Mapping[str, Stance]
) -> Page:
    lines = listed.page(number)
    export, exported = listed.export(number)
    inputs = digest(
        contents.stamp,
        listed.title,
        listed.lead,
        listed.about_title,
        export,
        str(len(exported)),
        str(len(listed.lines) if number == 1 else 0),
        *(listed.name(n) for n in (number - 1, number + 1, listed.pages) if n <= listed.pages),
        *contents.made_of(lines),
        *(map(sides.get, map(_KEY, lines)) if sides else ()),
    )
    values = {"v": listed, "at": number, "sides": sides, "export": export, "many": len(exported)}
    return Page(f"lists/{listed.name(number)}.html", "list.html", values, inputs)


def _issues(contents: Contents) -> Iterator[Page]:
    where = places(contents.catalog)
    for issue in contents.issues:
        inputs = digest(contents.stamp, repr(issue))
        values = {"issue": issue, "v": issue_view(issue, where)}
        yield Page(f"issues/{issue.number}.html", "issue.html", values, inputs)
    yield Page("issues/index.html", "issues.html", {"issues": contents.issues})


def _others(contents: Contents, claims: Sequence[ClaimHead]) -> Iterator[Page]:
    catalog, words, lines = contents.catalog, contents.words, contents.lines
    issue = contents.issues[-1] if contents.issues else None
    yield Page(
        "index.html",
        "index.html",
        {
            "v": start(claims, lines, catalog, words),
            "issue": issue,
            "news": latest(issue, places(catalog)) if issue else None,
            "receipts": contents.receipts,
            "counts": contents.counts,
            "abridged": contents.abridged,
        },
    )
    shown = contents.map
    bars = charts.years(x.year for x in lines)
    yield Page("map.html", "map.html", {"map": shown, "bars": bars})
    yield from _cut("map-table", shown.pairs, _PAIRS)
    dosed = trials(lines, catalog, words)
    yield from _cut("trials", dosed.studies, STUDIES, v=dosed)
    yield from _cut("registered", registered(lines, catalog, words))
    yield Page(
        "methods.html",
        "methods.html",
        {
            "catalog": catalog,
            "assessor": contents.assessor,
            "models": models(
                contents.card, words, {d.id: words.say(d.label) for d in catalog.designs}
            ),
            "reliability": [
                (words.say(m.label), contents.reliability[m.id])
                for m in catalog.mechanisms
                if m.id in contents.reliability
            ],
            "operator": contents.operator,
            "statuses": list(ClaimStatus),
            "stances": list(Stance),
            "receipts": contents.receipts,
        },
    )


def _cut(name: str, found: Sequence[object], rows: int = _ROWS, **more: object) -> Iterator[Page]:
    """A list of other things than papers, in pages of so many rows; `more` stands on all."""
    pages = max(1, -(-len(found) // rows))
    for number in range(1, pages + 1):
        entries = found[(number - 1) * rows : number * rows]
        file = f"{name}.html" if number == 1 else f"{name}-p{number}.html"
        values = {"entries": entries, "total": len(found), "at": number, "pages": pages, **more}
        yield Page(file, f"{name}.html", values)
