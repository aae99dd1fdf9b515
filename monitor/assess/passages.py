"""`Text` → clauses, each with what its words do: which mechanisms it names, what it denies. Pure.

One pass of one matcher over title and abstract finds the cues of all mechanisms and of all groups
of queries/cues.toml. A denial reaches as far as its clause: "pain was lower, but sleep was not"
says two things. What stands in brackets is denied in passing only. Cues inside a trap do not count.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache, partial
from typing import NamedTuple

from monitor.assess.text import FIELDS, TITLE, Sentence, Text
from monitor.catalog import Catalog
from monitor.lexicon import NumberedTokens, Words
from monitor.model import SectionCategory
from monitor.patterns import BareHit, Matcher, Pool

#: Groups that tell a positive finding; inside a denial they are part of it.
FINDINGS = frozenset({"change", "relation", "benefit"})
DENIAL = "null"
_PLANS = frozenset({"future", "aim"})
#: Roles of sentences that tell what the paper itself found.
OWN = frozenset({SectionCategory.RESULTS, SectionCategory.CONCLUSIONS})

#: Where a clause ends by its punctuation. Each begins with one known letter: that is found quickly.
_PUNCTUATED = (
    re.compile(r";\s"),
    re.compile(r":\s(?=[a-z(])"),
    re.compile(r",\s(?=and\s(?:no|not)\s)"),
)
_CONJUNCTIONS = frozenset({"but", "whereas", "although", "though", "however", "while"})
#: Words after which another thing is set apart, up to the next comma: "lactate was higher without
#: any change in pyruvate", "in patients, irrespective of age, cortisol was lower".
_APART = re.compile(r"without|(?:independent|regardless|irrespective|instead) of\b|rather than\b")
_APART_WORDS = {"without", "independent", "regardless", "irrespective", "rather", "instead"}
_JOINING = Words((_CONJUNCTIONS | _APART_WORDS).__contains__)
#: "patients with and without fatigue" sets nothing apart.
_TOGETHER = (" and ", " or ", " vs ", " versus ")
_FAR = 150
_SUBORDINATORS = ("Although", "While", "Despite", "Whereas", "Even though", "Though")
_SUBORDINATE = re.compile("(?:" + "|".join(_SUBORDINATORS) + r")\b")
_COMMA = re.compile(r",\s(?![^()]*\))")
#: Sets of marks remembered; hostile text must not fill the memory.
_MOST_REMEMBERED = 10_000


class Kind(StrEnum):
    """What a list of cues in queries/ is for."""

    CUE = "cue"
    WEAK = "weak cue"
    TREATMENT = "treatment"
    TRAP = "trap"
    GROUP = "group"
    GROUP_TRAP = "trap of a group"


_GROUP = Kind.GROUP
_Span = tuple[int, int]


class Rule(NamedTuple):
    """A list of cues in queries/: of a mechanism, or of a cue group."""

    kind: Kind
    id: str

    @property
    def is_trap(self) -> bool:
        """Whether its cues hold others back."""
        return self.kind in {Kind.TRAP, Kind.GROUP_TRAP}

    @property
    def of_group(self) -> bool:
        """Whether it belongs to a cue group rather than to a mechanism."""
        return self.kind in {Kind.GROUP, Kind.GROUP_TRAP}


class Mention(NamedTuple):
    """A mechanism's cue in a text: `field[start:end]`; `kind` is cue, weak cue or treatment."""

    mechanism: str
    kind: Kind
    start: int
    end: int


# What Mention(...) does in the end, without a function of Python in between.
_mention = partial(tuple.__new__, Mention)


@dataclass(slots=True, eq=False)
class Clause:
    """A part of a sentence in which a denial holds: `field[start:end]` of the sentence's field.

    `marks` are the cue groups found in the clause, `around` those of the whole sentence; `findings`
    are the places of positive findings and denials in the clause, in order. Not to be changed; it
    is not frozen because that makes thousands of them slow to build.

    What follows from the marks: `denied`, it states a null result or denies something; `finding`,
    it states a positive finding and denies nothing; `plan`, it says what is to be done or asked,
    and reports nothing; `fresh`, it is neither known before nor still to be done; `own`, it tells
    what this paper found, by its place or by its words.
    """

    sentence: Sentence
    start: int
    end: int
    marks: frozenset[str]
    around: frozenset[str]
    mentions: tuple[Mention, ...]
    findings: tuple[tuple[int, int], ...] = ()
    denied: bool = field(init=False)
    finding: bool = field(init=False)
    plan: bool = field(init=False)
    fresh: bool = field(init=False)
    own: bool = field(init=False)

    def __post_init__(self) -> None:
        self.denied, self.finding, self.plan, self.fresh = _told(self.marks)
        sentence = self.sentence
        self.own = sentence.role in OWN or "own_finding" in self.around or sentence.field is TITLE


@lru_cache(maxsize=_MOST_REMEMBERED)
def _told(marks: frozenset[str]) -> tuple[bool, bool, bool, bool]:
    """What follows from the marks of a clause alone: few sets of them make up most clauses."""
    denied = DENIAL in marks or ("null_weak" in marks and "patients_vs_controls" in marks)
    finding = not denied and not FINDINGS.isdisjoint(marks)
    plan = not _PLANS.isdisjoint(marks) and "report" not in marks
    return denied, finding, plan, "background" not in marks and not plan


def rules_of(catalog: Catalog) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Every list of cues that is looked for in a text, with its cues."""
    for mechanism in catalog.mechanisms:
        yield Rule(Kind.CUE, mechanism.id), mechanism.cues
        yield Rule(Kind.WEAK, mechanism.id), mechanism.weak_cues
        yield Rule(Kind.TREATMENT, mechanism.id), mechanism.treatments
        yield Rule(Kind.TRAP, mechanism.id), mechanism.traps
    for group in catalog.cues:
        yield Rule(Kind.GROUP, group.id), group.cues
        yield Rule(Kind.GROUP_TRAP, group.id), group.traps


#: What a clause says: marks in bits, mentions, findings.
_Read = tuple[int, tuple[Mention, ...], tuple[_Span, ...]]
_EMPTY: _Read = 0, (), ()


class _Marks(dict[int, frozenset[str]]):
    """Sets of cue groups by the sum of their bits: few sets make up most clauses."""

    def __init__(self, bits: Mapping[str, int]) -> None:
        super().__init__()
        self.bits = bits

    def __missing__(self, marks: int) -> frozenset[str]:
        if len(self) > _MOST_REMEMBERED:
            self.clear()
        found = self[marks] = frozenset(group for group, bit in self.bits.items() if bit & marks)
        return found


class PassageReader:
    """Finds every cue of a catalog in a text, in one pass."""

    def __init__(self, catalog: Catalog, pool: Pool | None = None) -> None:
        # Cue groups tell what is said of mechanisms: without these there is nothing to look for.
        rules = list(rules_of(catalog)) if catalog.mechanisms else []
        self._rules = tuple(rule for rule, _ in rules)
        # Keys are numbers of rules: they are hashed for every hit, and numbers are quick to hash.
        self._matcher = Matcher(
            ((i, cue) for i, (_, cues) in enumerate(rules) for cue in cues), pool
        )
        self._trap_of = _traps(self._rules)
        bits = {group.id: 1 << i for i, group in enumerate(catalog.cues)}
        self._marks = _Marks(bits)
        self._bits = [bits[r.id] if r.kind is _GROUP else 0 for r in self._rules]
        self._findings = sum(bits[group] for group in FINDINGS & bits.keys())
        self._plain = sum(bits.values()) - self._findings - bits.get(DENIAL, 0)
        self._cues = {i for i, r in enumerate(self._rules) if r.kind is Kind.CUE}
        self._names = {i for i, r in enumerate(self._rules) if not r.of_group and not r.is_trap}
        self.has_cues = bool(rules)

    def may_name(self, text: Text) -> bool:
        """Whether a mechanism has a cue of its own, or any in the title: most papers stop here."""
        title, body = (self._matcher.bare(text.tokens(name)) for name in FIELDS)
        return any(key in self._names for key, _, _ in title) or any(
            key in self._cues for key, _, _ in body
        )

    def read(self, text: Text) -> tuple[Clause, ...]:
        """All clauses of title and abstract, in order; worked out once for a text."""
        known: tuple[Clause, ...] | None = text.title_tokens.found.get(self)
        if known is None:
            known = text.title_tokens.found[self] = self._read(text)
        return known

    def _read(self, text: Text) -> tuple[Clause, ...]:
        found: list[Clause] = []
        for name in FIELDS:
            whole = text.field(name)
            if whole:
                tokens = text.tokens(name)
                hits = self._outside_traps(self._matcher.bare(tokens))
                sentences = [s for s in text.sentences if s.field is name]
                parts = split_clauses(whole, tokens, [(s.start, s.end) for s in sentences])
                found += self._clauses(whole, zip(sentences, parts, strict=True), hits)
        return tuple(found)

    def _outside_traps(self, hits: list[BareHit[int]]) -> list[BareHit[int]]:
        trap_of = self._trap_of
        traps: dict[int, list[_Span]] = {}
        for key, start, end in hits:
            if trap_of[key] == key:
                traps.setdefault(key, []).append((start, end))
        if not traps:
            return hits
        # A trap stands in itself: it goes with what it holds back.
        return [
            hit
            for hit in hits
            if (trap := trap_of[hit[0]]) not in traps
            or not any(s <= hit[1] and hit[2] <= e for s, e in traps[trap])
        ]

    def _clauses(
        self,
        whole: str,
        sentences: Iterable[tuple[Sentence, list[_Span]]],
        hits: list[BareHit[int]],
    ) -> Iterator[Clause]:
        sets, at, count = self._marks, 0, len(hits)
        for sentence, spans in sentences:
            parts, around = [], 0
            for start, end in spans:
                while at < count and hits[at][1] < start:
                    at += 1
                first = at
                while at < count and hits[at][1] < end:
                    at += 1
                marks, mentions, findings = (
                    self._read_clause(whole, start, hits[first:at]) if at > first else _EMPTY
                )
                around |= marks
                parts.append((start, end, marks, mentions, findings))
            for start, end, marks, mentions, findings in parts:
                yield Clause(sentence, start, end, sets[marks], sets[around], mentions, findings)

    def _read_clause(self, whole: str, start: int, hits: list[BareHit[int]]) -> _Read:
        """Marks (in bits), mentions and findings; a finding inside a denial is part of it."""
        bits, plain, telling = self._bits, self._plain, self._findings
        marks = 0
        mentions, denials, positive = [], [], []
        for key, at, end in hits:
            bit = bits[key]
            if bit & plain:
                marks |= bit
            elif bit & telling:
                positive.append((bit, at, end))
            elif not bit:
                kind, name = self._rules[key]
                mentions.append(_mention((name, kind, at, end)))
            elif not _aside(whole, start, at):
                marks |= bit
                denials.append((at, end))
        findings = denials[:]
        for bit, at, end in positive:
            if not denials or not any(s <= at < e for s, e in denials):
                marks |= bit
                findings.append((at, end))
        findings.sort()
        return marks, tuple(mentions), tuple(findings)


def _traps(rules: tuple[Rule, ...]) -> list[int]:
    """For each rule the number of the rule that holds its traps; a trap is its own."""
    number = {(r.of_group, r.id): i for i, r in enumerate(rules) if r.is_trap}
    return [number[r.of_group, r.id] for r in rules]


def _aside(whole: str, start: int, at: int) -> bool:
    """Whether an offset stands in brackets, which were opened after `start`."""
    return whole.count("(", start, at) > whole.count(")", start, at)


def split_clauses(
    text: str, tokens: NumberedTokens, sentences: Sequence[_Span]
) -> list[list[_Span]]:
    """Clauses of each sentence, as offsets; in order, none of them blank.

    `tokens` are the words of the text, `sentences` lie in it in order, apart from each other.
    """
    cuts = _cuts(text, tokens, [end for _, end in sentences])
    found = []
    at = 0
    for start, end in sentences:
        while at < len(cuts) and cuts[at] <= start:
            at += 1
        first = at
        while at < len(cuts) and cuts[at] < end:
            at += 1
        inside = cuts[first:at]
        if text.startswith(_SUBORDINATORS, start) and _SUBORDINATE.match(text, start):
            comma = _COMMA.search(text, start, end)
            if comma:
                inside = sorted({*inside, comma.end()})
        found.append(_between(text, start, end, inside) if inside else [(start, end)])
    return found


def _cuts(text: str, tokens: NumberedTokens, ends: Sequence[int]) -> list[int]:
    """Where clauses begin within sentences: after punctuation, and with a conjunction.

    `ends` are those of the sentences, in order.
    """
    cuts = {match.end() for end in _PUNCTUATED for match in end.finditer(text)}
    for place in _JOINING.places(tokens):
        start, end = tokens.starts[place], tokens.ends[place]
        if not (text[start - 1 : start].isspace() and text[end : end + 1].isspace()):
            continue
        if text[start:end] in _CONJUNCTIONS:
            cuts.add(start)
        elif _APART.match(text, start) and not text.endswith(_TOGETHER, 0, start):
            cuts.add(start)
            at = bisect_left(ends, end)
            comma = text.find(", ", end, min(end + _FAR, *ends[at : at + 1]))
            if comma > 0:
                cuts.add(comma + 2)
    return sorted(cuts)


def _between(text: str, start: int, end: int, cuts: list[int]) -> list[_Span]:
    found = []
    for cut in (*cuts, end):
        if text[start:cut].strip():
            found.append((start, cut))
            start = cut
    return found
