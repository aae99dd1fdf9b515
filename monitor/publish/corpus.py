"""The papers of the site: a light value of each, the records only of those that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.catalog import Catalog, Claim
from monitor.model import Event, FigureCheck, Paper
from monitor.publish import exports
from monitor.publish.digests import digest
from monitor.publish.memo import Memo
from monitor.publish.site import Site
from monitor.publish.views.lines import Line, line
from monitor.store import Store, papers, publication
from monitor.store.codec import decode, encode
from monitor.wording import Words

#: How the figures of a claim were looked for; the ledger's work, handed in by the caller.
Figures = Callable[[Claim, Sequence[Paper]], Sequence[FigureCheck]]

#: Pieces of text that are kept of every paper, by name.
PIECES: Final = tuple(exports.FORMS)
_PART: Final = 250


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept of a paper: its line, records it links to, figures of claims that it states."""

    line: Line
    linked: tuple[str, ...]
    figures: tuple[tuple[str, tuple[FigureCheck, ...]], ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A paper whose page must be made anew, with its events, newest first."""

    paper: Paper
    events: Sequence[Event]


class Corpus:
    """Reads the papers in parts; after `read`, `lines` holds all of them, newest first."""

    def __init__(
        self,
        store: Store,
        memo: Memo,
        site: Site,
        catalog: Catalog,
        words: Words,
        figures: Figures,
        stamp: str,
    ) -> None:
        self._store, self._memo, self._site, self._words = store, memo, site, words
        self._catalog, self._figures, self._stamp = catalog, figures, stamp
        self.digests = publication.digests(store)
        self._events = publication.event_digests(store)
        self._checks: dict[str, list[tuple[FigureCheck, ...]]] = {}
        self.lines: dict[str, Line] = {}

    def read(self) -> Iterator[tuple[str, str, Changed | None]]:
        """Every paper as (path of its page, inputs of it, the paper when it must be made anew)."""
        kept = self._memo.digests()
        self._memo.drop(kept.keys() - self.digests.keys())
        keys = list(self.digests)
        for start in range(0, len(keys), _PART):
            yield from self._read(keys[start : start + _PART], kept)

    def _read(
        self, keys: Sequence[str], kept: Mapping[str, str]
    ) -> Iterator[tuple[str, str, Changed | None]]:
        same = [key for key in keys if kept.get(key) == self.digests[key]]
        texts = self._memo.values(same)
        known = dict(zip(texts, decode(list[_Known], f"[{','.join(texts.values())}]"), strict=True))
        pages = {k: self._page(k, known[k]) for k in known}
        wanted = [k for k in keys if k not in known or not self._site.holds(*pages[k])]
        changed = {p.article.pmid: p for p in papers.some(self._store, wanted)}
        events = publication.events_of(self._store, wanted)
        new = {k: self._know(p) for k, p in changed.items() if k not in known}
        self._memo.put((k, self.digests[k], encode(new[k]), _pieces(changed[k])) for k in new)
        for key in keys:
            found = known.get(key) or new.get(key)
            if found is None:  # withdrawn from us since the digests were read
                continue
            self.lines[key] = found.line
            for claim, checks in found.figures:
                self._checks.setdefault(claim, []).append(checks)
            path, inputs = pages.get(key) or self._page(key, found)
            anew = Changed(changed[key], events.get(key, ())) if key in changed else None
            yield path, inputs, anew

    def _know(self, paper: Paper) -> _Known:
        checked = (
            (c.id, tuple(f for f in self._figures(c, [paper]) if f.found))
            for c in self._catalog.claims
            if c.figures
        )
        linked = (link.pmid for link in paper.article.links if link.pmid)
        return _Known(
            line=line(paper, self._catalog, self._words),
            linked=tuple(dict.fromkeys(linked)),
            figures=tuple((claim, found) for claim, found in checked if found),
        )

    def _page(self, key: str, known: _Known) -> tuple[str, str]:
        held = [k for k in known.linked if k in self.digests]
        inputs = digest(self._stamp, self.digests[key], self._events.get(key, ""), *held)
        return f"papers/{known.line.file}.html", inputs

    def inputs(self, keys: Sequence[str]) -> str:
        """A digest of these papers, in this order."""
        return digest(self._stamp, *map(self.digests.__getitem__, keys))

    def figures(self, claim: Claim) -> tuple[FigureCheck, ...]:
        """The figures of a claim, looked for in all papers."""
        if not claim.figures:
            return ()
        found = self._checks.get(claim.id, ())
        return tuple(
            _joined(none, [c for checks in found for c in checks if c.figure == none.figure])
            for none in self._figures(claim, ())
        )


def _joined(none: FigureCheck, found: Sequence[FigureCheck]) -> FigureCheck:
    """One check of many papers: where some state the figure itself, the others do not matter."""
    for verdict in ("found", "different"):
        passages = [p for c in found if c.verdict == verdict for p in c.found]
        if passages:
            return FigureCheck(none.figure, verdict, tuple(dict.fromkeys(passages)))
    return none


def _pieces(paper: Paper) -> dict[str, str]:
    return {name: form.one(paper) for name, form in exports.FORMS.items()}
