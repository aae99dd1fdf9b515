"""The publish stage: the store as a static site, written whole or not at all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor import wording
from monitor.catalog import Catalog, Claim, Mechanism
from monitor.model import Bearing, ClaimStatus, Event, FigureCheck, Paper
from monitor.publish import charts, exports, feeds, site, views
from monitor.publish.render import Renderer, static_files
from monitor.publish.site import Written
from monitor.publish.views import ClaimView
from monitor.settings import Settings
from monitor.store import Store, issues, ledger, papers, runs

Progress = Callable[[int, int], None]
#: How the figures of a claim were looked for; the ledger's work, handed in by the caller.
Figures = Callable[[Claim, Sequence[Paper]], Sequence[FigureCheck]]

_PAGE: Final = 150
_EXCLUDED: Final = 300
_FEED: Final = 60


def publish(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    *,
    assessor: str,
    figures: Figures,
    card: Sequence[tuple[str, str]] = (),
    progress: Progress | None = None,
) -> Written:
    """Write the site into `settings.reports_dir`. The same store gives the same bytes.

    `card` are lines of the model card for the methods page. Raises `PublishError`; the site that
    was there before stays.
    """
    build = _Build(store, catalog, settings, assessor, figures, card)
    return site.write(settings.reports_dir, _counted(build.files(), progress))


def _counted(
    files: Iterator[tuple[str, bytes]], progress: Progress | None
) -> Iterator[tuple[str, bytes]]:
    for number, file in enumerate(files, 1):
        yield file
        if progress and number % 100 == 0:
            progress(number, 0)


@dataclass
class _Build:
    store: Store
    catalog: Catalog
    settings: Settings
    assessor: str
    figures: Figures
    card: Sequence[tuple[str, str]]

    def files(self) -> Iterator[tuple[str, bytes]]:
        self.papers = list(papers.wanted(self.store))
        self.by_pmid = {p.article.pmid: p for p in self.papers}
        self.bearings = ledger.bearings(self.store)
        self.balances = ledger.balances(self.store)
        self.events_of: dict[str, list[Event]] = defaultdict(list)
        self.events_by_claim: dict[str, list[Event]] = defaultdict(list)
        self.events = ledger.events(self.store)
        for event in self.events:
            for pmid in event.pmids:
                self.events_of[pmid].append(event)
            if event.claim:
                self.events_by_claim[event.claim].append(event)
        self.receipts = [r for _, r in sorted(runs.last(self.store).items())]
        self.render = Renderer(
            {
                "site": self.settings.site_url,
                "topics": {t.id: t.title for t in self.catalog.topics},
            }
        )
        yield from static_files()
        yield from self._papers()
        yield from self._lists()
        yield from self._claims()
        yield from self._issues()
        yield from self._rest()
        yield from self._exports()
        yield from self._feeds()

    def _papers(self) -> Iterator[tuple[str, bytes]]:
        for paper in self.papers:
            view = views.paper_view(paper, self.events_of[paper.article.pmid], self.catalog)
            yield self.render.page(
                f"papers/{view.file}.html",
                "paper.html",
                v=view,
                show_abstract=self.settings.full_abstracts or paper.article.is_abridged,
            )

    def _lists(self) -> Iterator[tuple[str, bytes]]:
        found = views.lists(self.papers, self.catalog)
        for entries in found.values():
            for name, title, listed in entries:
                yield from self._pages(name, title, listed)
        yield self.render.page("papers/index.html", "papers.html", lists=found)
        self.designs = {name for name, _, _ in found["study design"]}

    def _pages(self, name: str, title: str, listed: Sequence[Paper]) -> Iterator[tuple[str, bytes]]:
        pages = -(-len(listed) // _PAGE)
        for number in range(1, pages + 1):
            part = listed[(number - 1) * _PAGE : number * _PAGE]
            file = name if number == 1 else f"{name}-{number}"
            yield self.render.page(
                f"lists/{file}.html",
                "list.html",
                title=title,
                name=name,
                total=len(listed),
                page=number,
                pages=pages,
                lines=[views.line(p, self.catalog) for p in part],
            )

    def _claims(self) -> Iterator[tuple[str, bytes]]:
        self.claim_views = [self._view(c) for c in self.catalog.claims]
        mechanisms = [self._view(m) for m in self.catalog.mechanisms]
        for about, view in zip(self.catalog.claims, self.claim_views, strict=True):
            yield self._claim_page(view, self._figures(about))
        for view in mechanisms:
            yield self._claim_page(view, ())
        yield self.render.page(
            "claims/index.html",
            "claims.html",
            heading="The claims",
            lead="What one popular article says about low-dose naltrexone and ME/CFS, claim by "
            "claim, and what the literature says to it.",
            views=self.claim_views,
        )
        yield self.render.page(
            "mechanisms/index.html",
            "claims.html",
            heading="The mechanisms",
            lead="How ME/CFS might arise, or how low-dose naltrexone might act: the mechanisms "
            "that papers speak of, and which side they take.",
            views=mechanisms,
        )

    def _view(self, about: Claim | Mechanism) -> ClaimView:
        found: Sequence[Bearing] = self.bearings.get(about.id, ())
        return views.claim_view(
            about,
            found,
            self.balances.get(about.id),
            ledger.history(self.store, about.id),
            self.events_by_claim[about.id],
            self.by_pmid,
            self.catalog,
        )

    def _figures(self, claim: Claim) -> Sequence[FigureCheck]:
        return self.figures(claim, self.papers) if claim.figures else ()

    def _claim_page(self, view: ClaimView, figures: Sequence[FigureCheck]) -> tuple[str, bytes]:
        path = f"{view.folder}/{view.id}.html"
        return self.render.page(path, "claim.html", v=view, figures=figures)

    def _issues(self) -> Iterator[tuple[str, bytes]]:
        self.issues = issues.all_issues(self.store)
        for issue in self.issues:
            yield self.render.page(f"issues/{issue.number}.html", "issue.html", issue=issue)
        yield self.render.page("issues/index.html", "issues.html", issues=self.issues)

    def _rest(self) -> Iterator[tuple[str, bytes]]:
        yield self.render.page(
            "index.html",
            "index.html",
            issue=self.issues[-1] if self.issues else None,
            standings=views.standings(self.claim_views),
            receipts=self.receipts,
            counts=papers.counts(self.store),
            abridged=any(p.article.is_abridged for p in self.papers),
        )
        bars = charts.years(p.article.year for p in self.papers)
        yield self.render.page(
            "map.html",
            "map.html",
            map=views.gap_map(self.bearings, self.catalog),
            years=self.render.part("years.html", bars=bars),
        )
        yield self.render.page(
            "methods.html",
            "methods.html",
            catalog=self.catalog,
            assessor=self.assessor,
            card=self.card,
            statuses=list(ClaimStatus),
            receipts=self.receipts,
        )
        yield self._excluded()
        yield "robots.txt", b"User-agent: *\nAllow: /\n"
        if self.settings.site_url:
            yield self._sitemap()

    def _excluded(self) -> tuple[str, bytes]:
        entries: list[dict[str, Any]] = []
        total = 0
        for paper in papers.excluded(self.store):
            total += 1
            if len(entries) < _EXCLUDED:
                entries.append(
                    {
                        "title": paper.article.title or paper.article.vernacular_title,
                        "url": wording.paper_url(paper.article.pmid),
                        "citation": wording.citation(paper.article),
                        "reasons": [
                            (r.topic, r.reason)
                            for r in paper.assessment.relevance
                            if r.topic in paper.found_by
                        ],
                    }
                )
        return self.render.page("excluded.html", "excluded.html", entries=entries, total=total)

    def _sitemap(self) -> tuple[str, bytes]:
        paths = ["index.html", "map.html", "methods.html"]
        paths += [f"{v.folder}/{v.id}.html" for v in self.claim_views]
        paths += [f"papers/{wording.file_name(p.article.pmid)}.html" for p in self.papers]
        return "sitemap.txt", "".join(f"{self.settings.site_url}{p}\n" for p in paths).encode()

    def _exports(self) -> Iterator[tuple[str, bytes]]:
        for name, ending in (("csv", "csv"), ("jsonl", "jsonl"), ("ris", "ris"), ("bibtex", "bib")):
            text = "".join(exports.FORMATS[name](self.papers))
            yield f"exports/papers.{ending}", text.encode()
        found = [exports.csl(p) for p in self.papers]
        yield "exports/papers.csl.json", json.dumps(found, ensure_ascii=False, indent=1).encode()
        index = [self._searchable(p) for p in self.papers]
        script = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        yield "static/search-index.js", f"window.EVIDENCE_INDEX={script};\n".encode()

    def _searchable(self, paper: Paper) -> dict[str, str]:
        labels = paper.assessment
        mechanisms = (self.catalog.mechanism.get(c.mechanism) for c in labels.claims)
        line = views.line(paper, self.catalog)
        quotes = dict.fromkeys(
            q.text for c in labels.claims if c.stance.takes_side for q in c.quotes
        )
        return {
            "f": line.file,
            "t": line.title,
            "c": " · ".join(x for x in (line.citation, line.design, line.n) if x),
            "a": " ".join(a.last_name or a.collective for a in paper.article.authors[:12]),
            "l": " ".join([line.design, *(m.label for m in mechanisms if m)]),
            "q": " ".join(quotes),
        }

    def _feeds(self) -> Iterator[tuple[str, bytes]]:
        yield self._feed("all", "What changed", self.events)
        for topic in self.catalog.topics:
            mine = [e for e in self.events if self._is_about(e, topic.id)]
            yield self._feed(f"topic-{topic.id}", topic.title, mine)
        titles = {c.id: c.title for c in self.catalog.claims}
        titles |= {m.id: m.label for m in self.catalog.mechanisms}
        for name, title in titles.items():
            yield self._feed(name, title, self.events_by_claim[name])

    def _is_about(self, event: Event, topic: str) -> bool:
        known = (self.by_pmid.get(pmid) for pmid in event.pmids)
        return any(p is not None and topic in p.assessment.topics() for p in known)

    def _feed(self, name: str, title: str, found: Sequence[Event]) -> tuple[str, bytes]:
        path = f"feeds/{name}.xml"
        return path, feeds.atom(title, self.settings.site_url, path, found[:_FEED], None)
