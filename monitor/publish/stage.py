"""The publish stage: the store as a static site, written whole or not at all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from monitor.catalog import Catalog
from monitor.model import Event
from monitor.publish import exports, feeds, language, memo, site
from monitor.publish.corpus import PIECES, Changed, Corpus, Figures
from monitor.publish.pages import Contents, pages, paper_page
from monitor.publish.render import Renderer, static_files
from monitor.publish.site import File, Written
from monitor.publish.sitemap import robots, sitemap
from monitor.publish.stamp import stamp
from monitor.publish.views import search
from monitor.publish.views.methods import excluded
from monitor.publish.views.moves import Weigh
from monitor.settings import Settings
from monitor.store import Store, issues, ledger, papers, public, publication, runs
from monitor.wording import Words

Progress = Callable[[int, int], None]
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

    `weigh` gives a scale that tells where a claim would stand with other papers; `card` are lines
    of the model card for the methods page. Raises `PublishError`; the site that was there before
    stays.
    """
    words = language.words(settings.language, settings.translations_dir)
    made_by = stamp(catalog, settings, words)
    with (
        _seldom_collected(),
        site.opened(settings.reports_dir) as folder,
        memo.opened(folder.room, made_by, PIECES) as kept,
    ):
        corpus = Corpus(store, kept, folder, catalog, words, figures, made_by)
        build = _Build(
            store,
            catalog,
            settings,
            assessor,
            weigh,
            card,
            words,
            corpus,
            kept,
            folder.room,
            made_by,
        )
        return folder.write(_counted(build.files(), progress))


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let the garbage collector look less often: it would walk all lines again and again."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _counted(files: Iterator[File], progress: Progress | None) -> Iterator[File]:
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
    weigh: Weigh
    card: Sequence[tuple[str, str, str]]
    words: Words
    corpus: Corpus
    memo: memo.Memo
    room: Path
    stamp: str

    def files(self) -> Iterator[File]:
        found: list[str] = []
        for file in self._files():
            yield file
            if file.path.endswith(".html") and file.path != "404.html":
                found.append(file.path)
        yield File.of("robots.txt", robots(self.settings.site_url))
        if self.settings.site_url:
            for path, content in sitemap(self.settings.site_url, found):
                yield File.of(path, content)

    def _files(self) -> Iterator[File]:
        self.render = Renderer(
            self.words,
            {
                "site": self.settings.site_url,
                "subscribe": self.settings.subscribe_link,
                "topics": {t.id: self.words.say(t.title) for t in self.catalog.topics},
                "meta": (),
            },
        )
        yield from (File.of(*file) for file in static_files())
        for path, inputs, changed in self.corpus.read():
            yield self._paper(path, inputs, changed)
        contents = self._contents()
        yield from map(self.render.file, pages(contents))
        yield self._index(contents)
        yield from self._exports(contents)
        yield from self._feeds(contents)
        yield File("exports/evidence-monitor.db", self._database)

    def _database(self) -> Path:
        copy = self.room / "readers.db"
        public.write(self.store, copy, abstracts=self.settings.full_abstracts)
        return copy

    def _paper(self, path: str, inputs: str, changed: Changed | None) -> File:
        def make() -> bytes:
            assert changed is not None, path
            page = paper_page(
                changed.paper,
                changed.events,
                self.catalog,
                self.words,
                held=self.corpus.digests,
                show_abstract=self.settings.full_abstracts or changed.paper.article.is_abridged,
                site=self.settings.site_url,
            )
            return self.render.render(page)

        return File(path, make, inputs)

    def _contents(self) -> Contents:
        about = [c.id for c in self.catalog.claims] + [m.id for m in self.catalog.mechanisms]
        left_out = excluded(papers.excluded(self.store), self.catalog, self.words)
        lines = list(self.corpus.lines.values())
        found = publication.bearings(self.store)
        return Contents(
            catalog=self.catalog,
            words=self.words,
            lines=lines,
            bearings={claim: mine for claim, (_, mine) in found.items()},
            bearing_digests={claim: digest for claim, (digest, _) in found.items()},
            balances=ledger.balances(self.store),
            histories=publication.status_changes(self.store),
            events={a: ledger.events(self.store, claim=a) for a in about},
            figures={c.id: self.corpus.figures(c) for c in self.catalog.claims if c.figures},
            weigh=self.weigh,
            issues=issues.all_issues(self.store),
            receipts=[r for _, r in sorted(runs.last(self.store).items())],
            excluded=list(left_out),
            counts=papers.counts(self.store),
            assessor=self.assessor,
            card=self.card,
            operator=self.settings.operator_name,
            abridged=any(line.abridged for line in lines),
            digests=self.corpus.digests,
            stamp=self.stamp,
        )

    def _index(self, contents: Contents) -> File:
        def make() -> bytes:
            return search.script(contents.lines, self.catalog, self.words).encode()

        inputs = self.corpus.inputs([line.pmid for line in contents.lines])
        return File("static/search-index.js", make, inputs)

    def _exports(self, contents: Contents) -> Iterator[File]:
        """Every list in every format; a format at a time, so that only its pieces are in memory."""
        everything = [line.pmid for line in contents.lines]
        keys = {"papers": everything}
        for listed in contents.lists:
            for number in range(1, listed.pages + 1):
                stem, lines = listed.export(number)
                keys.setdefault(stem, [line.pmid for line in lines])
        inputs = {stem: self.corpus.inputs(found) for stem, found in keys.items()}
        for name, form in exports.FORMS.items():
            pieces = self.memo.pieces(name)
            for stem, found in keys.items():
                content = _joined(form, pieces, found)
                yield File(f"exports/{stem}.{form.ending}", content, inputs[stem])
        content = _joined(exports.JSON_LINES, self.memo.pieces("json"), everything)
        yield File("exports/papers.jsonl", content, inputs["papers"])

    def _feeds(self, contents: Contents) -> Iterator[File]:
        newest = list(islice(publication.events(self.store), _FEED))
        yield self._feed("all", "What changed", newest)
        for topic, found in self._events_by_topic().items():
            yield self._feed(f"topic-{topic}", self.catalog.topic[topic].title, found)
        titles = {c.id: c.title for c in self.catalog.claims}
        titles |= {m.id: m.label for m in self.catalog.mechanisms}
        for name, title in titles.items():
            yield self._feed(name, title, contents.events[name])
        path, made = "feeds/issues.xml", list(reversed(contents.issues))[:_FEED]
        yield File.of(path, feeds.of_issues("The digest", self.settings.site_url, path, made))

    def _events_by_topic(self) -> dict[str, list[Event]]:
        """The newest events of each topic; reading ends when all have enough."""
        found: dict[str, list[Event]] = {t.id: [] for t in self.catalog.topics}
        lines = self.corpus.lines
        for event in publication.events(self.store):
            topics = {t for pmid in event.pmids if pmid in lines for t in lines[pmid].topics}
            for topic in topics & found.keys():
                found[topic].append(event)
            if all(len(events) >= _FEED for events in found.values()):
                break
        return found

    def _feed(self, name: str, title: str, found: Sequence[Event]) -> File:
        path = f"feeds/{name}.xml"
        feed = feeds.atom(title, self.settings.site_url, path, found[:_FEED], None)
        return File.of(path, feed)


def _joined(form: exports.Form, pieces: dict[str, str], keys: Sequence[str]) -> Callable[[], bytes]:
    return lambda: form.whole(map(pieces.__getitem__, keys)).encode()
