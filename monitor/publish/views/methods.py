"""The methods page: accuracy in words; what was left out, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor import wording
from monitor.catalog import Catalog
from monitor.model import Paper
from monitor.publish.views.lines import title
from monitor.wording import Words, to_say

#: What the numbers of the model cards mean, by their name there; others keep that name.
_NUMBERS: Final = {
    "side precision": to_say("Of the sides that are shown, this share is right (precision)"),
    "side recall": to_say("Of the sides that papers take, this share is found (recall)"),
    "side F1": to_say("Both together (F1)"),
    "against precision": to_say("Results against or mixed: precision"),
    "against recall": to_say("Results against or mixed: recall"),
    "against F1": to_say("Results against or mixed: F1"),
    "stance exact (both found)": to_say("Same stance as the readers, mentions included"),
    "stance exact (both take a side)": to_say("Same stance as the readers, where both see a side"),
    "readers exact, exact": to_say("ME/CFS and naltrexone papers: the very same design, of 29"),
    "readers exact, n": to_say("ME/CFS and naltrexone papers: how many"),
    "readers calibration error, error": to_say("How far stated confidence is off, on average"),
    "people merged, macro": to_say("Neurology and psychiatry papers, nine groups: mean F1"),
    "people merged, accuracy": to_say("Neurology and psychiatry papers: same group"),
    "people merged, animal": to_say("F1: animal studies"),
    "people merged, protocol": to_say("F1: study protocols"),
    "people merged, rct": to_say("F1: randomised trials"),
    "people merged, case report": to_say("F1: case reports"),
    "people merged, other intervention": to_say("F1: other human interventions"),
    "people merged, systematic review": to_say("F1: systematic reviews"),
    "people merged, in vitro": to_say("F1: laboratory studies"),
    "people merged, narrative review": to_say("F1: narrative reviews"),
    "people merged, remaining": to_say("F1: all others"),
}
#: How the measuring was done, rather than what it found.
_HOW: Final = ("folds", "temperature", "readers calibration error, n")
_MEASURED: Final = "cross valid"


@dataclass(frozen=True, slots=True)
class ModelView:
    """A trained model: numbers measured on papers it did not see, and the rest of its card."""

    name: str
    measured: tuple[tuple[str, str], ...]
    card: tuple[tuple[str, str], ...]


def models(card: Iterable[Sequence[str]], words: Words) -> tuple[ModelView, ...]:
    """The models of a card of (model, name, value), in its order."""
    measured: dict[str, list[tuple[str, str]]] = {}
    others: dict[str, list[tuple[str, str]]] = {}
    for model, name, value in card:
        measured.setdefault(model, [])
        others.setdefault(model, [])
        short = name.split(", ", 1)[-1]
        if name.startswith(_MEASURED) and short not in _HOW:
            measured[model].append((words.say(_NUMBERS.get(short, short)), value))
        else:
            others[model].append((name, value))
    return tuple(ModelView(words.say(m), tuple(measured[m]), tuple(others[m])) for m in measured)


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
