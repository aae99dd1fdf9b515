"""The rules of queries/study-designs.toml, applied to one text. Pure.

Position and ownership earn most: a cue in the title tells more than one in the methods, that more
than one in the background; a sentence about others' or future work tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from monitor.assess.text import ABSTRACT, FIELDS, TITLE, Sentence, Text, by_sentence
from monitor.catalog import Catalog, DesignRule
from monitor.model import FieldName, SectionCategory
from monitor.patterns import BareHit, Matcher, Pool

#: Roles in which a sentence mostly speaks of others' work or of what it might mean.
_EDGE = frozenset({SectionCategory.BACKGROUND, SectionCategory.CONCLUSIONS})
_METHODS = frozenset(
    {SectionCategory.METHODS, SectionCategory.OBJECTIVE, SectionCategory.UNASSIGNED}
)


class Place(StrEnum):
    """Where a rule applied, strongest first."""

    TITLE = "title"
    OWN = "own"
    EDGE = "edge"


#: How much of a rule's weight counts at a place.
PLACE_SHARE = {Place.TITLE: 1.0, Place.OWN: 1.0, Place.EDGE: 0.5}
_RANK = {Place.TITLE: 0, Place.OWN: 1, Place.EDGE: 2}


class Finding(NamedTuple):
    """A rule that applied: where it did best, and the words."""

    rule: int
    place: Place
    field: FieldName
    start: int
    end: int
    sentence: Sentence


#: What a list of cues is for, and the number of its rule. Plain numbers: they are asked for often.
_CUE, _TRAP, _UNLESS = range(3)
_Key = tuple[int, int]
_ELSEWHERE = -1


class DesignRules:
    """All design rules of a catalog behind one matcher. `names` and `designs` go by rule number."""

    def __init__(self, catalog: Catalog, pool: Pool | None = None) -> None:
        pairs = [(d.id, r) for d in catalog.designs for r in d.rules]
        self.rules: tuple[DesignRule, ...] = tuple(r for _, r in pairs)
        self.designs: tuple[str, ...] = tuple(d for d, _ in pairs)
        self.names: tuple[str, ...] = tuple(r.id for r in self.rules)
        self._matcher: Matcher[_Key] = Matcher(_keys(self.rules, catalog.elsewhere), pool)

    def find(self, text: Text) -> list[Finding]:
        """Rules that apply to a text, each once, at its best place."""
        best: dict[int, Finding] = {}
        for name in FIELDS:
            hits = self._matcher.bare(text.tokens(name))
            for sentence, inside in by_sentence(text, name, hits):
                for finding in self._in_sentence(sentence, inside):
                    known = best.get(finding.rule)
                    if known is None or _RANK[finding.place] < _RANK[known.place]:
                        best[finding.rule] = finding
        return [best[rule] for rule in sorted(best)]

    def _in_sentence(self, sentence: Sentence, hits: list[BareHit[_Key]]) -> Iterable[Finding]:
        held = {rule for (use, rule), _, _ in hits if use == _UNLESS}
        if _ELSEWHERE in held and sentence.field is ABSTRACT:
            return
        traps = [(rule, start, end) for (use, rule), start, end in hits if use == _TRAP]
        for (use, number), start, end in hits:
            if use != _CUE or number in held:
                continue
            if any(t == number and s <= start and end <= e for t, s, e in traps):
                continue
            place = self._place(number, sentence, start)
            if place is not None:
                yield Finding(number, place, sentence.field, start, end, sentence)

    def _place(self, number: int, sentence: Sentence, start: int) -> Place | None:
        rule = self.rules[number]
        if sentence.field is TITLE:
            if rule.starts and start > sentence.start + 1:  # one bracket may stand before it
                return None
            return None if rule.where == "methods" else Place.TITLE
        if rule.where == "title" or (rule.where == "methods" and sentence.role not in _METHODS):
            return None
        return Place.EDGE if sentence.role in _EDGE else Place.OWN


def _keys(rules: tuple[DesignRule, ...], elsewhere: Iterable[str]) -> Iterable[tuple[_Key, str]]:
    for number, rule in enumerate(rules):
        yield from (((_CUE, number), cue) for cue in rule.cues)
        yield from (((_TRAP, number), cue) for cue in rule.traps)
        yield from (((_UNLESS, number), cue) for cue in rule.unless)
    yield from (((_UNLESS, _ELSEWHERE), cue) for cue in elsewhere)
