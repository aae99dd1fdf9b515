"""Passages that readers pointed at for a label, and whether a quote shows one of them. Pure.

A labelled mechanism has offsets (`for`, `against`, as in benchmarks/labels) or a verbatim `quote`,
which is looked for in the text: white space may differ, "…" stands for words left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.model import Article, FieldName, Quote, Stance

_GAP = re.compile(r"\s*(?:\.\.\.|…|\[\.\.\.\])\s*")
_WORD = re.compile(r"\w+|[^\w\s]")
#: Letters of a piece of a quote that is looked for by itself.
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Span:
    """`article.field(field)[start:end]`."""

    field: FieldName
    start: int
    end: int

    def shows(self, other: Span) -> bool:
        """Whether the two are the same passage: half of the shorter one stands in both."""
        if self.field is not other.field:
            return False
        both = min(self.end, other.end) - max(self.start, other.start)
        return both > 0 and 2 * both >= min(self.end - self.start, other.end - other.start)


@dataclass(frozen=True, slots=True)
class Pointed:
    """What carries a label, the most telling passage first.

    `sided` is False where readers gave one quote for a mixed label and did not say which side it
    shows; it then stands on both.
    """

    supporting: tuple[Span, ...] = ()
    opposing: tuple[Span, ...] = ()
    sided: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether a quote shows a passage that readers pointed at, and whether their first one."""

    any: bool
    first: bool


def pointed(label: Mapping[str, Any], article: Article) -> Pointed | None:
    """The passages of a labelled mechanism; None where it has none that can be found."""
    if "for" in label or "against" in label:
        supporting, opposing = (
            tuple(Span(FieldName(f), start, end) for f, start, end in label.get(side) or ())
            for side in ("for", "against")
        )
        return Pointed(supporting, opposing) if supporting or opposing else None
    found = _spans(label.get("quote") or "", article)
    if not found:
        return None
    stance = label["stance"]
    if stance == Stance.MIXED.value:
        return Pointed(found, found, sided=False)
    return Pointed((), found) if stance == Stance.REFUTES.value else Pointed(found)


def _spans(quote: str, article: Article) -> tuple[Span, ...]:
    for name in (FieldName.ABSTRACT, FieldName.TITLE):
        found = []
        for piece in _GAP.split(quote):
            words = _WORD.findall(piece.strip(" \"'"))
            if len("".join(words)) < _SHORTEST:
                continue
            words_in_order = re.compile(r"\s*".join(map(re.escape, words)), re.IGNORECASE)
            match = words_in_order.search(article.field(name))
            if match:
                found.append(Span(name, match.start(), match.end()))
        if found:
            return tuple(found)
    return ()


def shown(quotes: Sequence[Quote], stance: Stance, passages: Pointed) -> tuple[Shown, ...]:
    """What the quotes of a claim show, given that its stance is right: one answer a side.

    A mixed claim has a quote for either side, in this order; one alone stands for both.
    """
    spans = [Span(q.field, q.start, q.end) for q in quotes]
    if not spans:
        return ()
    if stance is Stance.MIXED and not passages.sided:
        best = [_shown(span, passages.supporting) for span in spans]
        return (Shown(any(b.any for b in best), any(b.first for b in best)),)
    sides = {
        Stance.SUPPORTS: ((spans[0], passages.supporting),),
        Stance.REFUTES: ((spans[0], passages.opposing),),
        Stance.MIXED: ((spans[0], passages.supporting), (spans[-1], passages.opposing)),
        Stance.MENTIONS: ((spans[0], passages.supporting),),
    }[stance]
    return tuple(_shown(span, wanted) for span, wanted in sides if wanted)


def _shown(span: Span, wanted: Sequence[Span]) -> Shown:
    return Shown(any(span.shows(w) for w in wanted), span.shows(wanted[0]))
