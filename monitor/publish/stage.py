"""The publish stage: the store as a static site, written whole or not at all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor import wording
from monitor.catalog import Catalog, Claim
from monitor.model import Event, FigureCheck, Paper
from monitor.publish import exports, feeds, language, site
from monitor.publish.pages import Contents, pages, paper_page
from monitor.publish.render import Renderer, static_files
from monitor.publish.site import Written
from monitor.publish.views import search
from monitor.publish.views.lines import line
from monitor.publish.views.methods import excluded
from monitor.publish.views.moves import Weigh
from monitor.settings import Settings
from monitor.store import Store, issues, ledger, papers, runs

Progress = Callable[[int, int], None]
#: How the figures of a claim were looked for; the ledger's work, handed in by the caller.
Figures = Callable[[Claim, Sequence[Paper]], Sequence[FigureCheck]]

_FEED: Final = 60


def publish(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    *,
    assessor: str,
    figures: Figures,
    weigh: Weigh,
    card: Sequence[tuple[str, str, str]] = (),
    progress: Progress | None = None,
) -> Written:
    """Write the site into `settings.reports_dir`. The same store gives the same bytes.

    `weigh` computes where a claim would stand with other papers; `card` are lines of the model
    card for the methods page. Raises `PublishError`; the site that was there before stays.
    """
    build = _Build(store, catalog, settings, assessor, figures, weigh, card)
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
    weigh: Weigh
    card: Sequence[tuple[str, str, str]]

    def files(self) -> Iterator[tuple[str, bytes]]:
        self.words = language.words(self.settings.language, self.settings.translations_dir)
        self.papers = list(papers.wanted(self.store))
        self.by_pmid = {p.article.pmid: p for p in self.papers}
        self.events_of: dict[str, list[Event]] = defaultdict(list)
        self.events_by_claim: dict[str, list[Event]] = defaultdict(list)
        self.events = ledger.events(self.store)
        for event in self.events:
            for pmid in event.pmids:
                self.events_of[pmid].append(event)
            if event.claim:
                self.events_by_claim[event.claim].append(event)
        self.render = Renderer(
            self.words,
            {
                "site": self.settings.site_url,
                "topics": {t.id: self.words.say(t.title) for t in self.catalog.topics},
            },
        )
        yield from static_files()
        yield from self._papers()
        contents = self._contents()
        yield from map(self.render.render, pages(contents))
        yield "robots.txt", b"User-agent: *\nAllow: /\n"
        if self.settings.site_url:
            yield self._sitemap()
        yield from self._exports()
        script = search.script(contents.lines, self.catalog, self.words)
        yield "static/search-index.js", script.encode()
        yield from self._feeds()

    def _papers(self) -> Iterator[tuple[str, bytes]]:
        for paper in self.papers:
            page = paper_page(
                paper,
                self.events_of[paper.article.pmid],
                self.catalog,
                self.words,
                held=self.by_pmid,
                show_abstract=self.settings.full_abstracts or paper.article.is_abridged,
            )
            yield self.render.render(page)

    def _contents(self) -> Contents:
        about = [c.id for c in self.catalog.claims] + [m.id for m in self.catalog.mechanisms]
        left_out = excluded(papers.excluded(self.store), self.catalog, self.words)
        return Contents(
            catalog=self.catalog,
            words=self.words,
            lines=[line(p, self.catalog, self.words) for p in self.papers],
            bearings=ledger.bearings(self.store),
            balances=ledger.balances(self.store),
            histories={a: ledger.history(self.store, a) for a in about},
            events=self.events_by_claim,
            figures={c.id: self.figures(c, self.papers) for c in self.catalog.claims if c.figures},
            weigh=self.weigh,
            issues=issues.all_issues(self.store),
            receipts=[r for _, r in sorted(runs.last(self.store).items())],
            excluded=list(left_out),
            counts=papers.counts(self.store),
            assessor=self.assessor,
            card=self.card,
            operator=self.settings.operator_name,
            abridged=any(p.article.is_abridged for p in self.papers),
        )

    def _sitemap(self) -> tuple[str, bytes]:
        paths = ["index.html", "map.html", "trials.html", "methods.html"]
        paths += [f"claims/{c.id}.html" for c in self.catalog.claims]
        paths += [f"mechanisms/{m.id}.html" for m in self.catalog.mechanisms]
        paths += [f"papers/{wording.file_name(p.article.pmid)}.html" for p in self.papers]
        return "sitemap.txt", "".join(f"{self.settings.site_url}{p}\n" for p in paths).encode()

    def _exports(self) -> Iterator[tuple[str, bytes]]:
        for name, ending in (("csv", "csv"), ("jsonl", "jsonl"), ("ris", "ris"), ("bibtex", "bib")):
            text = "".join(exports.FORMATS[name](self.papers))
            yield f"exports/papers.{ending}", text.encode()
        found = [exports.csl(p) for p in self.papers]
        yield "exports/papers.csl.json", json.dumps(found, ensure_ascii=False, indent=1).encode()

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
