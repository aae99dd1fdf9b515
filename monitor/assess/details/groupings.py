"""Numbers of one sentence that may be groups to be added up. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2

from monitor.assess.details.contexts import LISTS
from monitor.assess.details.counts import Count
from monitor.assess.text import Text
from monitor.assess.words import word_set

_MOST_GROUPS = 6
_MOST_LOOSE = 3
_LENGTH = 4
_BALANCES = 5
_WORD = re.compile(r"[a-z/]+|[;,()]")
#: Words and signs between groups that are told as they stand, and lists whose words are told.
_TOLD = word_set(
    "and , ; ( ) with to in of or plus from than including versus vs compared for as while whereas "
    "but who were was had"
)
_LISTED = word_set(
    "included analysed completed screened excluded whom part divided compared time remaining total "
    "planned"
)
_JOINTS = {
    word: (
        *((f"between: {word}",) if word in _TOLD else ()),
        *(f"between, {name}" for name in LISTS.get(word, ()) if name in _LISTED),
    )
    for word in _TOLD | LISTS.keys()
}
_LENGTHS = tuple(f"words between: {i}" for i in range(6))
_ONLY_AND = word_set("and but of whom ,")
_SEXES = word_set("female females male males women men woman girls boys")
_AFTERWARDS = frozenset({"after: analysis", "after: completed"})
#: Ways to pick out numbers of a sentence: those next to each other among those not in brackets,
#: among "n = 30", among mentions of people, among mentions of groups.
_OUTSIDE, _BY_N, _PEOPLE, _GROUPS = "outside", "n =", "people", "groups"
#: Those that, taken as a whole, may be compared with others in another sentence.
_UNITS = frozenset({f"every one of {name}" for name in (_BY_N, _PEOPLE, _GROUPS)})


_SOME = ("none", "some", "all")
_CONTROLS = tuple(f"controls: {some}" for some in _SOME)
_BY_N_SHARES = tuple(f"n =: {some}" for some in _SOME)
_PEOPLE_SHARES = tuple(f"people: {some}" for some in _SOME)
_PARTS = tuple(f"part: {some}" for some in _SOME)
_SEX_SHARES = tuple(f"sexes: {some}" for some in _SOME)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Numbers of a sentence that follow on one another in the `ways` named."""

    counts: tuple[Count, ...]
    ways: frozenset[str]
    total: int
    place: int

    @property
    def whole(self) -> bool:
        """Whether these are all the groups of a sentence."""
        return not _UNITS.isdisjoint(self.ways)

    def is_told_anew(self, text: Text) -> bool:
        """Whether these are no groups but those before and after some were left out.

        "Data of 281 patients, and 279 patients were included"; "60 were screened, 41 took part".
        """
        for i, count in enumerate(self.counts):
            mention = count.mention
            if mention is not None and (mention.screened or (i and mention.remained)):
                return True
        field = text.field(self.counts[0].sentence.field)
        return any(_is_the_same(field, one, other) for one, other in pairwise(self.counts))

    def features(self, text: Text) -> list[str]:
        """What is known of them without regard to other numbers."""
        counts, total = self.counts, self.total
        most = len(counts)
        values = [c.value for c in counts]
        nouns = {c.noun for c in counts}
        largest = max(values)
        found = sorted(self.ways)
        found += [
            f"groups: {most}",
            _CONTROLS[_some([c.control for c in counts])],
            _BY_N_SHARES[_some([c.by_n for c in counts])],
            _PEOPLE_SHARES[_some([c.people for c in counts])],
            _PARTS[_some([c.part for c in counts])],
            f"nouns: {'some' if '' in nouns else 'all'}, {'same' if len(nouns) == 1 else 'other'}",
            f"balance: {min(_BALANCES, round(log2(largest / min(values))))}",
        ]
        if largest * 2 == total:
            found.append("one is the rest")
        if values[0] == largest:
            found.append("largest first")
        if len(set(values)) < most:
            found.append("two are equal")
        if not nouns.isdisjoint(_SEXES):
            found.append(_SEX_SHARES[_some([c.noun in _SEXES for c in counts])])
        self._add_marks(found)
        self._add_joints(found, text)
        return found

    def _add_marks(self, found: list[str]) -> None:
        counts = self.counts
        first, mentioned = counts[0].value, True
        marks: set[str] = set()
        for i, count in enumerate(counts):
            mention = count.mention
            if mention is None:
                mentioned = False
            elif mention.part:
                marks.add("mention of a part")
            if count.inside:
                marks.add("in brackets, n =" if count.by_n else "in brackets")
            if i and not _AFTERWARDS.isdisjoint(count.said):
                marks.add("later those analysed")
            if i and count.part and count.value < first:
                marks.add("later a part")
        if mentioned:
            marks.add("mentions")
        inside = sum([c.inside for c in counts])
        if 0 < inside < len(counts):
            marks.add("some in brackets")
        found += sorted(marks)

    def _add_joints(self, found: list[str], text: Text) -> None:
        """What stands between them, and whether one tells anew how many of the same there are."""
        field = text.field(self.counts[0].sentence.field)
        joints: set[str] = set()
        longest = 0
        for one, other in pairwise(self.counts):
            words = _WORD.findall(field[one.end : other.start].lower())
            for word in words:
                if word in _JOINTS:
                    joints.update(_JOINTS[word])
            longest = max(longest, len(words))
            if one.noun and one.noun == other.noun and other.value < one.value:
                joints.add("fewer of the same")
        found += sorted(joints)
        found.append(_LENGTHS[min(longest // _LENGTH, len(_LENGTHS) - 1)])


def groupings(counts: Sequence[Count]) -> list[Grouping]:
    """All groupings of the numbers of one sentence, in the order of the text."""
    if len(counts) < 2:  # noqa: PLR2004
        return []
    found: dict[tuple[int, ...], set[str]] = {}
    numbered = list(enumerate(counts))
    chosen = {
        _OUTSIDE: [i for i, c in numbered if not c.inside or c.by_n],
        _BY_N: [i for i, c in numbered if c.by_n],
        _PEOPLE: [i for i, c in numbered if c.mention],
        _GROUPS: [
            i for i, c in numbered if c.people and not c.part and not (c.mention and c.mention.part)
        ],
    }
    for name, places in chosen.items():
        most = _MOST_LOOSE if name == _OUTSIDE else _MOST_GROUPS
        for i in range(len(places)):
            for j in range(i + 2, min(len(places), i + most) + 1):
                if name == _OUTSIDE and not any(counts[k].people for k in places[i:j]):
                    continue
                ways = found.setdefault(tuple(places[i:j]), set())
                ways.add(name)
                if j - i == len(places):
                    ways.add(f"every one of {name}")
    return [_grouping([counts[i] for i in key], ways) for key, ways in found.items()]


def _grouping(counts: Sequence[Count], ways: set[str]) -> Grouping:
    return Grouping(tuple(counts), frozenset(ways), sum(c.value for c in counts), counts[0].place)


def _is_the_same(field: str, one: Count, other: Count) -> bool:
    """Whether fewer of the same are told at once, with not a word on how they differ."""
    if one.noun != other.noun or not one.noun or other.value >= one.value:
        return False
    words = _WORD.findall(field[one.end : other.start].lower())
    bare = other.noun_end - other.end == len(other.noun) + 1
    return bare and words[:1] == [one.noun] and _ONLY_AND.issuperset(words[1:])


def _some(flags: list[bool]) -> int:
    """0 for none of them, 1 for some, 2 for all."""
    if True not in flags:
        return 0
    return 1 if False in flags else 2
