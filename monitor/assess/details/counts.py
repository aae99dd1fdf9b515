"""Numbers of a text that may count the people of the study, each with what tells of it. Pure.

Most of them count something else, or other people; which one to believe is for `ranking.py` to
say, by the features of each. "138 HCW", "859" of "859/2456", "n = 30", "24 interviews".
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from monitor.assess.details.contexts import names_control, said
from monitor.assess.details.mentions import Mention, is_counted, mentions
from monitor.assess.details.numbers import Number, may_begin, whole_numbers
from monitor.assess.details.people import BREAKING, PEOPLE, is_unit, is_year
from monitor.assess.text import ABSTRACT, FIELDS, TITLE, Sentence, Text
from monitor.assess.words import word_set
from monitor.lexicon import NumberedTokens, Words
from monitor.model import SectionCategory
from monitor.splitting import STOPPED, Tokens

NUMBERS = Words(may_begin)
#: What a number may count that stands for people, or that is easily taken for them.
_NOUNS = PEOPLE | word_set(
    "samples interviews questionnaires responses records studies trials articles papers surveys "
    "eyes tumors tumours tumor autopsies hospitalizations pairs dyads families households episodes "
    "admissions deliveries pregnancies sera clinicians surgeons applicants staff hcw pes swabs "
    "specimens procedures operations schools hospitals centers centres countries genes proteins "
    "metabolites items symptoms posts tweets data datasets groups arms cells mice rats animals"
)
_CONTROLS = word_set("control controls volunteers donors hc hcs")
_SEXES = word_set("female females male males women men woman girls boys")
#: Words that are told as they stand: just before a number, before an "of", and after its noun.
_NEXT_BEFORE = {
    w: f"next before: {w}"
    for w in word_set("of the from in on with for and to a these our among n all")
}
_BEFORE_OF = {
    w: f"before of: {w}"
    for w in word_set(
        "total out one cohort sample data each consisted series subset number group rest"
    )
}
_AFTER_NOUN = {
    w: f"next after: {w or 'nothing'}"
    for w in word_set(
        "with were was who in from had completed and participated included to aged of underwent "
        "met responded reported at"
    )
    | {""}
}
_COUNTED = {w: f"noun: {w or 'none'}" for w in _NOUNS | {""}}
_BEFORE_YEAR = word_set("of the in from and")
#: What before a number says that it is the end of a range, a bound or a part of a name.
_NOT_BEFORE = frozenset("-–.±<>≥≤$#^_:\u2011")
_NOT_AFTER = frozenset("%–±°")
_SHARE_AFTER = re.compile(r"\s*[\[(,;]{0,2}\s*\d+(?:[.·]\d+)?\s?%")
_SHARE_BEFORE = re.compile(r"%[\s,;:(\[]*(?:[nN]\s*=\s*)?$")
_OVER = re.compile(r"\d\s?/\s?$")
_UNDER = re.compile(r"\s?/\s?\d")
_YEARS = range(1950, 2031)
#: Numbers in brackets up to this one are those of a list: "(2) patients".
_MOST_LISTED = 12
_LEAST_BARE = 12
#: The noun is looked for so many words on; a word further on says nothing of the number's noun.
_NOUN_WITHIN, _CONTROL_WITHIN = 8, 7
#: Hostile text must not take for ever.
_MOST_IN_SENTENCE, _MOST_IN_TEXT = 14, 60
_MAGNITUDES = (10, 30, 100, 400, 2_000, 20_000, 200_000)
_BELOW = (*(f"below {most}" for most in _MAGNITUDES), "more")
_QUARTERS = tuple(f"place: {i}" for i in range(5))
_LAST_QUARTER = 4
_ROLES = {role: f"role: {role.value}" for role in SectionCategory}
_HYPHENS = frozenset("-\u2011")
_TO_UNITS = frozenset({"", "-", "\u2011"})
_OPENING, _CLOSING, _SLASHES = frozenset("(["), frozenset(")]"), frozenset("/ ")
_PARTS = frozenset({"before: whom", "before: part"})
_NEAR = 12


@dataclass(slots=True, eq=False)
class Count:
    """A number that may count people: `value`, at `start`..`end`, its noun up to `noun_end`.

    `place` is the number of its sentence. `said` are the lists of `contexts.py` around it.
    `people` says that it counts people by its noun or as "n = 30", `control` that these are
    compared with; `part`, that they are some of others; `inside`, that it stands in brackets.
    `features` are what is known of it without regard to the other numbers of the text.
    """

    value: int
    start: int
    end: int
    noun_end: int
    sentence: Sentence
    place: int
    noun: str
    said: set[str]
    by_n: bool
    inside: bool
    share: bool
    people: bool
    control: bool
    part: bool
    mention: Mention | None
    features: list[str] = field(default_factory=list)


def magnitude(value: int) -> str:
    """About how many, in a word."""
    return _BELOW[bisect_right(_MAGNITUDES, value)]


def counts(text: Text, *, review: bool) -> list[Count]:
    """Numbers of a text that may count people, in order.

    Of a review only sums over its studies are mentions of people.
    """
    found: list[Count] = []
    sentences = text.sentences
    begin = [s.start if s.field is ABSTRACT else -1 for s in sentences]
    for name in FIELDS:
        starts = text.tokens(name).starts
        inside: dict[int, list[int]] = {}
        for place in _places(text.field(name), text.tokens(name)):
            at = 0 if name is TITLE else bisect_right(begin, starts[place]) - 1
            if at >= 0 and sentences[at].field is name and starts[place] < sentences[at].end:
                inside.setdefault(at, []).append(place)
        for at, places in inside.items():
            found += _Sentence(text, sentences[at], at).counts(places, review=review)
            if len(found) >= _MOST_IN_TEXT:
                return found
    return found


def _places(field: str, tokens: NumberedTokens) -> list[int]:
    """Words with which a number may begin that is no share, no bound and no part of a name."""
    words, starts, ends = tokens.words, tokens.starts, tokens.ends
    stop = len(field)
    return [
        at
        for at in NUMBERS.places(tokens)
        if (starts[at] == 0 or field[starts[at] - 1] not in _NOT_BEFORE)
        and (ends[at] == stop or field[ends[at]] not in _NOT_AFTER)
        and "." not in words[at]
        and words[at] != "0"
    ]


class _Sentence:
    """A sentence, while its numbers are read."""

    def __init__(self, text: Text, sentence: Sentence, place: int) -> None:
        self._field = text.field(sentence.field)
        self._tokens = text.tokens(sentence.field)
        self._sentence, self._place = sentence, place
        self._first = bisect_left(self._tokens.starts, sentence.start)
        self._stop = bisect_right(self._tokens.ends, sentence.end, self._first)

    def counts(self, places: list[int], *, review: bool) -> list[Count]:
        """Those of the numbers that begin in these places that may count people."""
        tokens = self._tokens
        numbers = [
            n
            for n in whole_numbers(self._field, tokens, places, self._stop)
            if n.value > 1 and self._possible(n)
        ][:_MOST_IN_SENTENCE]
        if not numbers:
            return []
        told = mentions(self._field, tokens, self._sentence, numbers, review=review)
        by_start = {m.start: m for m in told}
        found = []
        for number in numbers:
            mention = by_start.get(number.start)
            at = _noun(tokens, number, self._stop)
            if mention is not None or self._bare_possible(number, at):
                found.append(self._count(number, mention, at))
        return found

    def _bare_possible(self, number: Number, noun: int) -> bool:
        """Whether a number that is no mention may count people after all.

        Of those without a noun that are small, or in brackets and no part of a fraction, next to
        none does.
        """
        field, start, end = self._field, number.start, number.end
        if field[end : end + 1] in _HYPHENS:
            return False
        if noun or is_counted(field[max(self._sentence.start, start - _NEAR) : start]):
            return True
        if number.value < _LEAST_BARE:
            return False
        in_fraction = field[end : end + 1] == "/" or field[start - 1 : start] == "/"
        return in_fraction or not _in_brackets(field, self._sentence.start, start)

    def _possible(self, number: Number) -> bool:
        """Whether it may count people; one before a hyphen only does where people follow."""
        field = self._field
        start, end, following = number.start, number.end, number.last + 1
        before = field[start - 1 : start] if start else ""
        if before == ":" and field[max(0, start - 2) : start].lower() != "n:":
            return False
        listed = before in _OPENING and number.value <= _MOST_LISTED
        if before.isalpha() or (listed and field[end : end + 1] in _CLOSING):
            return False
        if field[end : end + 2] == " %" or is_year(field, number):
            return False
        if following >= self._stop:
            return True
        if not is_unit(self._tokens.words[following].lower()):
            return True
        return field[end : self._tokens.starts[following]].strip() not in _TO_UNITS

    def _count(self, number: Number, mention: Mention | None, at: int) -> Count:
        field, sentence, tokens = self._field, self._sentence, self._tokens
        start, end = number.start, number.end
        noun = tokens.words[at].lower() if at else ""
        around = said(tokens, self._first, number, self._stop, at)
        near = field[max(sentence.start, start - _NEAR) : start]
        by_n = is_counted(near)
        inside = _in_brackets(field, sentence.start, start)
        share = ("%" in field[end : end + 16] and _SHARE_AFTER.match(field, end) is not None) or (
            "%" in near and _SHARE_BEFORE.search(near) is not None
        )
        control = noun in _CONTROLS or (
            "after: control" in around
            and any(map(names_control, tokens.words[number.last + 1 :][:_CONTROL_WITHIN]))
        )
        count = Count(
            number.value, start, end, mention.end if mention else end, sentence, self._place,
            noun, around, by_n, inside, share,
            people=mention is not None or noun in PEOPLE or by_n,
            control=control,
            part=share or (inside and not by_n) or not _PARTS.isdisjoint(around),
            mention=mention,
        )  # fmt: skip
        count.features += sorted(around)
        _add_flags(count)
        self._add_words(count.features, number, at, noun)
        if "/" in near[-3:] and _OVER.search(near):
            count.features.append("under another")
        if field[end : end + 1] in _SLASHES and _UNDER.match(field, end):
            count.features.append("over another")
        return count

    def _add_words(self, features: list[str], number: Number, at: int, noun: str) -> None:
        """Features of single words: the noun, and those next to number and noun."""
        words = self._tokens.words
        first, before = self._first, number.first - 1
        features.append(_COUNTED[noun])
        last = words[before].lower() if before >= first else ""
        if before < first:
            features.append("opens")
        if last in _NEXT_BEFORE:
            features.append(_NEXT_BEFORE[last])
        if last == "of" and before > first:
            word = words[before - 1].lower()
            features.append(_BEFORE_OF.get(word, "before of: other"))
        if noun:
            following = words[at + 1].lower() if at + 1 < self._stop else ""
            features.append(_AFTER_NOUN.get(following, "next after: other"))
        if not words[number.first][0].isdigit():
            features.append("in words")
        elif number.value in _YEARS and words[number.first].isdigit():
            features.append("like a year")
            features.append(f"like a year after: {last if last in _BEFORE_YEAR else 'other'}")


def _add_flags(count: Count) -> None:
    features, sentence, mention = count.features, count.sentence, count.mention
    features.append(_ROLES[sentence.role])
    features.append(magnitude(count.value))
    if sentence.field is TITLE:
        features.append("in the title")
    else:
        features.append(_QUARTERS[int(sentence.position * _LAST_QUARTER)])
    for flag, name in (
        (count.by_n, "n ="),
        (count.by_n and count.inside, "n = in brackets"),
        (count.by_n and "before: patients" in count.said, "n = of patients"),
        (count.inside, "in brackets"),
        (count.share, "share"),
        (count.people, "people"),
        (count.control, "control"),
        (count.part, "part"),
        (count.noun in _SEXES, "sex"),
    ):
        if flag:
            features.append(name)
    if mention is not None:
        features.append("mention")
        for flag, name in (
            (mention.part, "mention of a part"),
            (mention.remained, "mention of those left"),
            (mention.screened, "mention of those screened"),
            (mention.kept, "mention of those who took part"),
        ):
            if flag:
                features.append(name)


def _in_brackets(field: str, start: int, at: int) -> bool:
    """Whether a bracket is open at a place of a sentence that begins at `start`."""
    depth = field.count("(", start, at) - field.count(")", start, at)
    return depth + field.count("[", start, at) - field.count("]", start, at) > 0


def _noun(tokens: Tokens, number: Number, stop: int) -> int:
    """Which word after a number it counts; 0 where it counts none that is known."""
    words, kinds = tokens.words, tokens.kinds
    first = number.last + 1
    for i in range(first, min(stop, first + _NOUN_WITHIN)):
        word = words[i].lower()
        if kinds[i] == STOPPED or word in BREAKING:
            break
        if word in _NOUNS:
            return i
    return 0
