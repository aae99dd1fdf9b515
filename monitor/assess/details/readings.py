"""Every way in which a text may be read to tell how many people were analysed. Pure.

A reading is one number ("one"), the sum of groups told in one sentence ("sum") or in two ("pair"),
the one patient of a case report ("case"), or that no number is told ("none"). Most are wrong;
`ranking.py` weighs them by their features.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2

from monitor.assess.details.contexts import tells_of_controls
from monitor.assess.details.counts import NUMBERS, Count, magnitude
from monitor.assess.details.groupings import Grouping, groupings
from monitor.assess.details.shares import Share, fitting, shares
from monitor.assess.text import Sentence, Text
from monitor.assess.words import word_set
from monitor.model import FieldName, Quote

#: "Of 64 patients": those who are told next are some of them.
_OPENED = re.compile(
    r"(?:(?:in total|overall|finally|initially|in all),? )?(?:out of|of|among|amongst|from)\b",
    re.IGNORECASE,
)
#: What opens the parts of a whole that was just counted.
_PARTS = re.compile(r"[:;=]|\b(?:including|comprising|consisting|of whom|divided|into)\b")
#: What brings in a group to compare with, in small letters.
_COMPARED = re.compile(
    r"compar\w+ (?:\w+ ){0,3}?(?:with|to|against)|as controls|control group|comparison group|"
    r"controls? (?:group )?(?:\w+ ){0,3}(?:includ|consist|compris|was|were)"
)
_FAR, _NEXT = 4, 2
_MOST_UNITS = 40
_RATIOS, _PAIR_BALANCES = (-5, 3), 3
#: What is said of the people told before or after, if anything.
_OF_OTHERS = frozenset(
    f"{where}: {name}"
    for where in ("before", "after")
    for name in word_set("included analysed completed screened excluded total analysis")
)
_OF_NEXT = _OF_OTHERS | frozenset(
    f"before: {name}" for name in word_set("whom part remaining control compared")
)


_SIZES = ("same", "larger", "smaller")
_LAST = {(size, s): f"last, {size}, {s}" for size in _SIZES for s in sorted(_OF_OTHERS)}
_FOLLOWING = {(size, s): f"next, {size}, {s}" for size in _SIZES for s in sorted(_OF_NEXT)}
_PEOPLE_BEFORE = tuple(f"people before: {i}" for i in range(4))
_TWO = {
    (one, other): f"{'yes' if one else 'no'}, {'yes' if other else 'no'}"
    for one in (False, True)
    for other in (False, True)
}


@dataclass(slots=True, eq=False)
class Reading:
    """A way to read the number of people; `value` is None for "no number is told".

    `features` are its own; those of its `counts` (for "one" and "sum") and of the reading that it
    goes out from (`base`, for "pair") come on top. `quote` is that of a case report.
    """

    kind: str
    value: int | None
    counts: tuple[Count, ...]
    features: list[str]
    base: Reading | None = None
    quote: Quote | None = None


def readings(
    text: Text, counts: Sequence[Count], design: str, one: Reading | None
) -> list[Reading]:
    """All readings of the numbers of a text, that of no number last.

    A reading comes after the one that it goes out from. `one` is that of a case report.
    """
    found = _Readings(text, counts, design).all() if counts else []
    if one is not None:
        found.append(one)
    return [*found, _none(text, counts, design)]


def case(design: str, counts: Sequence[Count], quote: Quote, *, told: bool) -> Reading:
    """That a paper is about one patient; `told` says that the patient is introduced as such."""
    people = min(3, sum(c.people for c in counts))
    features = [f"people: {people}", "introduced" if told else "named"]
    if quote.field is FieldName.TITLE:
        features.append("in the title")
    return Reading("case", 1, (), [*features, design], quote=quote)


def _none(text: Text, counts: Sequence[Count], design: str) -> Reading:
    people = [c for c in counts if c.people]
    features = [
        design,
        "always",
        f"people: {min(4, len(people))}",
        f"numbers: {min(6, len(counts))}",
        f"largest: {magnitude(max((c.value for c in people), default=0))}",
    ]
    if people:
        named = "controls" if tells_of_controls(text.abstract) else "no controls"
        counted = "counted" if any(c.control for c in people) else "not counted"
        features.append(f"{named}, {counted}: {design}")
    if not text.abstract:
        features.append("no abstract")
    return Reading("none", None, (), features)


class _Readings:
    """The readings of one text, while they are made."""

    def __init__(self, text: Text, counts: Sequence[Count], design: str) -> None:
        self._text, self._counts, self._design = text, counts, design
        self._people = [c for c in counts if c.people]
        self._biggest = max([c.value for c in self._people], default=0)
        self._times: dict[int, int] = {}
        self._controls = [c for c in self._people if c.control]
        self._in_place: dict[int, list[Count]] = {}
        for count in counts:
            self._in_place.setdefault(count.place, []).append(count)
            self._times[count.value] = self._times.get(count.value, 0) + 1
        self._groupings: list[Grouping] = []
        self._totals: dict[tuple[int, int], list[tuple[Count, ...]]] = {}
        for in_sentence in self._in_place.values():
            for grouping in groupings(in_sentence) if len(in_sentence) > 1 else ():
                if grouping.is_told_anew(text):
                    continue
                self._groupings.append(grouping)
                key = (grouping.place, grouping.total)
                self._totals.setdefault(key, []).append(grouping.counts)
        values = [*self._times, *[g.total for g in self._groupings]]
        self._shares: list[Share] = []
        if len(values) > 1 and "%" in text.abstract:
            tokens = text.abstract_tokens
            self._shares = shares(text.abstract, tokens, NUMBERS.places(tokens))
        self._fit = fitting(self._shares, values) if self._shares else {}
        self._of_values: dict[tuple[int, bool], list[str]] = {}
        self._brought_in: dict[int, bool] = {}
        self._opened_places: dict[int, bool] = {}
        self._best_fit = max([n for n, _ in self._fit.values()], default=0)

    def all(self) -> list[Reading]:
        """All readings, in an order that depends on nothing but the text."""
        ones = {id(c): self._one(c) for c in self._counts}
        sums = [(g, self._sum(g)) for g in self._groupings]
        units = [ones[id(c)] for c in self._people]
        units += [reading for grouping, reading in sums if grouping.whole]
        return [
            *ones.values(),
            *(reading for _, reading in sums),
            *self._pairs(units[:_MOST_UNITS]),
        ]

    def _value(self, value: int, *, summed: bool) -> list[str]:
        """What the number itself is among the others."""
        known = self._of_values.get((value, summed))
        if known is not None:
            return known
        found: list[str] = []
        if value == self._biggest:
            found += ["largest", f"largest: {self._design}"]
        elif self._biggest:
            low, high = _RATIOS
            ratio = max(low, min(high, round(log2(value / self._biggest))))
            found.append(f"of the largest: 2^{ratio}")
        times = self._times.get(value, 0)
        if times > (0 if summed else 1):
            found.append("told again")
        if times > 2:  # noqa: PLR2004
            found.append("told often")
        if self._shares:
            fit, alone = self._fit.get(value, (0, 0.0))
            if fit:
                found.append(f"shares that fit: {min(4, fit)}")
                found.append(f"shares that fit it alone: {min(3, round(alone))}")
            if self._best_fit > 1:
                found.append("most shares fit" if fit == self._best_fit else "shares fit others")
            else:
                found.append("few shares")
        self._of_values[value, summed] = found
        return found

    def _one(self, count: Count) -> Reading:
        features = [self._design, "always", f"{count.noun or 'none'}: {self._design}"]
        self._add_opened(features, count)
        self._add_others(features, count)
        features += self._value(count.value, summed=False)
        return Reading("one", count.value, (count,), features)

    def _add_opened(self, features: list[str], count: Count) -> None:
        """Whether the sentence says "Of 64 patients, 58 were included", and which of them it is."""
        if not self._is_opened(count):
            return
        others = self._in_place[count.place]
        before = 0 if count is others[0] else 1 if count is others[1] else 2
        if before > 1:
            return
        where = "first after of" if before else "of"
        features.append(where)
        features += [f"{where}, {s}" for s in sorted(count.said) if s.startswith("after")]
        if not before and sum([c.people for c in others]) > 1:
            features.append("of, and others")

    def _is_opened(self, count: Count) -> bool:
        known = self._opened_places.get(count.place)
        if known is None:
            sentence = count.sentence
            field = self._text.field(sentence.field)
            known = _OPENED.match(field, sentence.start, sentence.end) is not None
            self._opened_places[count.place] = known
        return known

    def _add_others(self, features: list[str], count: Count) -> None:
        """What the people told before and after it are."""
        last = following = None
        before, first, more_before, more_after = 0, True, False, False
        place, start, value, role = count.place, count.start, count.value, count.sentence.role
        for other in self._people:
            if other.place < place or (other.place == place and other.start < start):
                last = other
                before += 1
                more_before = more_before or other.value > value
                first = first and other.sentence.role is not role
            elif other is not count:
                if other.place - place > _NEXT:
                    break
                following = following or other
                more_after = more_after or other.value > value
        features.append(_PEOPLE_BEFORE[min(3, before)])
        if first:
            features.append("first of its part")
        if last is not None:
            size = _size(last, count)
            features += [_LAST[size, s] for s in sorted(last.said & _OF_OTHERS)]
            if more_before:
                features.append("more before")
        if following is not None:
            size = _size(following, count)
            features += [_FOLLOWING[size, s] for s in sorted(following.said & _OF_NEXT)]
            if following.control:
                features.append(f"next, {size}, control")
            if following.part:
                features.append(f"next, {size}, part")
            if more_after:
                features.append("more after")

    def _sum(self, grouping: Grouping) -> Reading:
        counts, total = grouping.counts, grouping.total
        features = [self._design, "always", *grouping.features(self._text)]
        others = self._in_place[grouping.place]
        left, told = 0, False
        for other in others:
            if other.value == total:
                told = True
            elif other.people and not other.part and not _holds(counts, other):
                left += 1
        features.append(f"groups left: {min(2, left)}")
        if told:
            features.append("told in the sentence")
        if total in self._times:
            features.append("told somewhere")
        self._add_total(features, counts)
        if counts[0] is others[0] and self._is_opened(counts[0]):
            features.append("opened by of")
        self._add_left(features, counts)
        features += self._value(total, summed=True)
        return Reading("sum", total, counts, features)

    def _add_total(self, features: list[str], counts: Sequence[Count]) -> None:
        """Whether one of them is the sum of others in the sentence, and told as such."""
        for count in counts:
            for parts in self._totals.get((count.place, count.value), ()):
                if not _holds(parts, count):
                    features.append("holds a total")
                    field = self._text.field(count.sentence.field)
                    if parts[0].inside or _PARTS.search(field, count.end, parts[0].start):
                        features.append("holds a total and its parts")
                    return

    def _add_left(self, features: list[str], counts: Sequence[Count]) -> None:
        """Whether controls were counted that are not among these."""
        if self._controls:
            values = {c.value for c in counts}
            if any(c.value not in values for c in self._controls):
                features.append("controls left")

    def _pairs(self, units: Sequence[Reading]) -> Iterator[Reading]:
        """Groups told in two sentences near each other, one of which compares."""
        compares: dict[int, bool] = {}
        for one in units:
            first = one.counts[0]
            for other in units:
                second = other.counts[0]
                apart = second.place - first.place
                if not 0 < apart <= _FAR or first.sentence.field is not second.sentence.field:
                    continue
                for count in (first, second):
                    if count.place not in compares:
                        compares[count.place] = self._compares(count.sentence)
                told = (compares[first.place], compares[second.place])
                by_n = apart <= _NEXT and all(c.by_n for c in (*one.counts, *other.counts))
                if by_n or told[0] or told[1]:
                    yield self._pair(one, other, told)

    def _pair(self, one: Reading, other: Reading, compares: tuple[bool, bool]) -> Reading:
        first, second = one.counts, other.counts
        value, added = one.value or 0, other.value or 0
        controls = (any(c.control for c in first), any(c.control for c in second))
        brought = (self._is_brought_in(first[0]), self._is_brought_in(second[0]))
        either = (controls[0] or brought[0], controls[1] or brought[1])
        low, high = (first[-1].place, first[-1].start), (second[0].place, second[0].start)
        between = sum([low < (c.place, c.start) < high for c in self._people])
        balance = max(-_PAIR_BALANCES, min(_PAIR_BALANCES, round(log2(value / added))))
        features = [
            self._design,
            "always",
            f"apart: {second[0].place - first[0].place}",
            f"groups: {min(2, len(first))} and {min(2, len(second))}",
            f"compare: {_TWO[compares]}",
            f"controls: {_TWO[controls]}",
            f"brought in: {_TWO[brought]}",
            f"either: {_TWO[either]}",
            f"balance: {balance}",
            f"people between: {min(3, between)}",
        ]
        if value == added:
            features.append("same")
        if either[1]:
            features.append(f"controls added: {self._design}")
        if self._is_part(second, value):
            features.append("second is part of first")
        if self._is_part(first, added):
            features.append("first is part of second")
        for counts, which in ((first, "first"), (second, "second")):
            if any(c.part or (c.mention is not None and c.mention.part) for c in counts):
                features.append(f"part {which}")
            if any("before: total" in c.said for c in counts):
                features.append(f"total {which}")
        self._add_left(features, first + second)
        features += self._value(value + added, summed=True)
        return Reading("pair", value + added, first + second, features, one)

    def _compares(self, sentence: Sentence) -> bool:
        """Whether a sentence compares groups or names one that others are compared with."""
        words = self._text.of(sentence)
        return "ompar" in words or tells_of_controls(words)

    def _is_brought_in(self, count: Count) -> bool:
        """Whether the words before a group say that it is there to compare with."""
        known = self._brought_in.get(id(count))
        if known is None:
            field = self._text.field(count.sentence.field)
            words = field[count.sentence.start : count.start].lower()
            known = "c" in words and _COMPARED.search(words) is not None
            self._brought_in[id(count)] = known
        return known

    def _is_part(self, counts: Sequence[Count], whole: int) -> bool:
        """Whether groups that hold one of these add up to the whole."""
        told = self._totals.get((counts[0].place, whole), ())
        return any(_holds(q, c) for q in told for c in counts)


def _holds(counts: Sequence[Count], count: Count) -> bool:
    return any(other is count for other in counts)


def _size(other: Count, count: Count) -> str:
    if other.value == count.value:
        return "same"
    return "larger" if other.value > count.value else "smaller"
