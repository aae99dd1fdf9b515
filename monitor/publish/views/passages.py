"""A text of the record with the passages marked that labels rest on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitor.model import FieldName, Quote


@dataclass(frozen=True, slots=True)
class FactView:
    """A label of a paper with its passages; `stated` is False when the record does not say."""

    name: str
    value: str
    quotes: tuple[Quote, ...] = ()
    stated: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text; `facts` names the labels that rest on it, empty for the rest."""

    text: str
    facts: tuple[str, ...] = ()


def marked(text: str, field: FieldName, facts: Iterable[FactView]) -> tuple[Segment, ...]:
    """The text cut where passages begin or end, each piece with the names of its labels."""
    spans = [
        (q.start, q.end, fact.name)
        for fact in facts
        for q in fact.quotes
        if q.field == field and text[q.start : q.end] == q.text
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
