"""What was left out, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitor import wording
from monitor.catalog import Catalog
from monitor.model import Paper
from monitor.publish.views.lines import title
from monitor.wording import Words


@dataclass(frozen=True, slots=True)
class Excluded:
    """A paper that a search found and a rule left out; `reasons` are (topic, rule in words)."""

    title: str
    url: str
    citation: str
    reasons: tuple[tuple[str, str], ...]


def excluded(papers: Iterable[Paper], catalog: Catalog, words: Words) -> Iterator[Excluded]:
    """Papers that no topic wants, each with the reasons of the topics that found it."""
    titles = {t.id: words.say(t.title) for t in catalog.topics}
    for paper in papers:
        yield Excluded(
            title(paper, words),
            wording.paper_url(paper.article.pmid),
            words.citation(paper.article),
            tuple(
                (titles.get(r.topic, r.topic), words.say(r.reason))
                for r in paper.assessment.relevance
                if r.topic in paper.found_by
            ),
        )
