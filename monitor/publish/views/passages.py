"""A text of the record with the passages marked that labels rest on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from monitor.model import FieldName, Quote


@dataclass(frozen=True, slots=True)
class FactView:
    """A label of a paper with its passages; `stated` is False when the record does not say.

    `as_for` names a label above that rests on the same passage, so that it is shown only once;
    `whole_title` says that it rests on the title.
    """

    name: str
    value: str
    quotes: tuple[Quote, ...] = ()
    stated: bool = True
    as_for: str = ""
    whole_title: bool = False


def shown_once(facts: Iterable[FactView], title: str) -> Iterator[FactView]:
    """Facts with at most two passages each, none that a reader has just seen."""
    seen: dict[str, str] = {}
    for fact in facts:
        new = tuple(q for q in fact.quotes[:2] if q.text not in seen and q.text != title)
        old = next((seen[q.text] for q in fact.quotes[:2] if q.text in seen), "")
        from_title = any(q.text == title for q in fact.quotes[:2])
        seen |= {q.text: fact.name for q in new}
        yield replace(
            fact,
            quotes=new,
            as_for="" if new else old,
            whole_title=from_title and not new and not old,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text; `facts` names the labels that rest on it, empty for the rest."""

    text: str
    facts: tuple[str, ...] = ()


def marked(text: str, field: FieldName, facts: Iterable[FactView]) -> tuple[Segment, ...]:
    """The text cut where passages begin or end, each piece with the names of its labels.

    A passage that is the whole text marks nothing.
    """
    spans = [
        (q.start, q.end, fact.name)
        for fact in facts
        for q in fact.quotes
        if q.field == field and q.text != text and text[q.start : q.end] == q.text
    ]
    cuts = sorted({0, len(text), *(s for s, _, _ in spans), *(e for _, e, _ in spans)})
    pieces = (Segment(text[start:end], _names(spans, start, end)) for start, end in pairwise(cuts))
    return tuple(_joined(pieces))


def _names(spans: Sequence[tuple[int, int, str]], start: int, end: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for s, e, name in spans if s <= start and end <= e))


def _joined(pieces: Iterable[Segment]) -> list[Segment]:
    """Neighbours that carry the same labels as one."""
    found: list[Segment] = []
    for piece in pieces:
        if found and found[-1].facts == piece.facts:
            found[-1] = Segment(found[-1].text + piece.text, piece.facts)
        else:
            found.append(piece)
    return found
