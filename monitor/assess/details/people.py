"""The noun for people that a number counts, if it counts people at all. Pure.

"30 patients", "150 consecutive, hospitalized patients", "41-patient", "15 ME/CFS"; but not "2020",
"group 2 patients", "(1) adults", "two control cohorts" or "COVID-19 patients".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.assess.details.numbers import Number
from monitor.assess.words import word_set
from monitor.splitting import Token

_PEOPLE = word_set(
    "patient patients participant participants subject subjects individual individuals adult "
    "adults people persons person women men woman man control controls cases volunteers children "
    "adolescents respondents students veterans survivors females males female male hc hcs donors "
    "enrollees responders responses residents workers girls boys twins probands outpatients "
    "inpatients athletes nurses professionals officers caregivers carers infants "
    "adolescent consumers youth comparators employees citizens "
    "mothers parents seniors teenagers civilians users convalescents hygienists physicians "
    "hvs members carriers recipients hcw hcws insurants beneficiaries pupils teachers dentists "
    "siblings sisters brothers sufferers experts pwh plwh pwlc cyp smokers pensioners"
)
#: Nouns that may stand before another: "two control cohorts" are no two controls.
_SINGULAR = word_set("control patient participant subject adult case member")
_NO_PEOPLE_AFTER = word_set(
    "cohorts cohort populations sets areas conditions interviews visits experiments representatives"
)
#: Illness names that stand for people: "15 ME/CFS and 15 LC".
_AS_PEOPLE = re.compile(
    r"(?:pw)?(?:ME/CFS|CFS/ME|MECFS|CFS|LC|PCC|PASC|FM|HC|HCs|[Ll]ong[- ](?:COVID|Covid|covid))$"
)
_NOT_PEOPLE = word_set(
    "years year months month weeks week days day hours hour minutes min h mg g kg ml μg µg mm cm "
    "times items studies trials articles papers rcts countries centers centres sites hospitals "
    "clinics sessions visits points point percent genes proteins snps metabolites symptoms "
    "questions domains databases groups arms subgroups clusters components controls-only weekly "
    "schools samples eyes muscles joints lesions species records reports loci variants beats"
)

#: What makes a number a name: "group 2 patients", "time point 2, participants".
_NUMBERED = re.compile(
    r"\b(?:groups?|clusters?|phase|points?|stages?|types?|grade|waves?|visits?|rounds?|levels?|"
    r"models?|tables?|cohorts?|arms?|time|class|step|part|day|week|month|year|aim|version)\s+$",
    re.IGNORECASE,
)
_MOST_NUMBERED = 12
_BREAKING = word_set(
    "in of were was had with for from to that which by at on the is are have has did who per or "
    "between after before than"
)
_AHEAD = 10
#: "150 consecutive, hospitalized patients": one more word for the same people comes.
_DESCRIBES = re.compile(r"(?:secutive|lected|race|ïve|naive|dult|ealthy|tructured|accinated)$")
_SHORT_NAME = re.compile(r"\([A-Z][A-Za-z+/-]{1,8}\)")
#: "After exclusions, 1979 women were included".
_COUNTED_AFTER = re.compile(r" (?:patients|participants|women|men|adults|people|subjects) were\b")
_YEARS = range(1900, 2040)


def people_end(field: str, tokens: Sequence[Token], number: Number) -> int | None:
    """Where the noun for people ends that the number counts; None when it counts another thing."""
    after = field[number.end : number.end + 1]
    if after and after in "-\u2010\u2011":
        return _of_so_many(tokens, number)
    if (after and after in "%–/±.") or _names(field, number, after):
        return None
    first = number.last + 1
    for i in range(first, min(first + _AHEAD, len(tokens))):
        if _closed(field, tokens, i, first):
            return None
        word = tokens[i].text.lower()
        if word in _PEOPLE:
            return _noun_end(field, tokens, i, number)
        if word == "of" and tokens[i - 1].text == "sequelae":
            continue
        of_a_name = field[tokens[i].start - 1] == "-" and i > first  # "30 COVID-19 patients"
        if word in _NOT_PEOPLE or word in _BREAKING or (word[0].isdigit() and not of_a_name):
            return None
        if i <= first + 1 and (end := _illness_as_people(field, tokens, i)) is not None:
            return end
    return None


def _names(field: str, number: Number, after: str) -> bool:
    """Whether the number is a name or a year: "(1) adults", "group 2 patients", "in 2020"."""
    if in_a_name(field, number) or is_year(field, number):
        return True
    small = number.value <= _MOST_NUMBERED
    if after and after in ")]" and (small or field[number.start - 1] != "("):
        return True
    before = field[max(0, number.start - 12) : number.start]
    return small and (after == "," or _NUMBERED.search(before) is not None)


def ends_a_noun(word: str) -> bool:
    """Whether a word, in small letters, cannot stand between a number and its noun for people."""
    return word in _NOT_PEOPLE or word in _BREAKING or word[0].isdigit()


def _noun_end(field: str, tokens: Sequence[Token], at: int, number: Number) -> int | None:
    """Where a noun for people ends, and None where it only describes another noun."""
    end = tokens[at].end
    if field[end : end + 2] in {"'s", "’s"} and number.value <= _MOST_NUMBERED:
        return None  # "two children's hospitals"
    if at + 1 == len(tokens):
        return end
    following = tokens[at + 1]
    word = following.text.lower()
    if word in _PEOPLE:
        return end if field[end : following.start].strip(" -") else following.end
    if word in _NO_PEOPLE_AFTER and tokens[at].text.lower() in _SINGULAR:
        return None
    return end


def _of_so_many(tokens: Sequence[Token], number: Number) -> int | None:
    """Where "41-patient" ends."""
    at = number.last + 1
    if at < len(tokens) and tokens[at].start == number.end + 1 and tokens[at].text in _SINGULAR:
        return tokens[at].end
    return None


def _closed(field: str, tokens: Sequence[Token], at: int, first: int) -> bool:
    """Whether punctuation before a word ends the phrase that the number opened."""
    gap = field[tokens[at - 1].end : tokens[at].start]
    if "." in gap:
        return not (tokens[at - 1].text.isupper() and len(tokens[at - 1].text) == 1)
    if "," in gap and at > first:
        described = _DESCRIBES.search(tokens[at - 1].text) is not None
        return (
            not described
            and "-" not in gap
            and tokens[at].text.lower() not in {"sex", "gender", "and"}
        )
    if "(" in gap and _SHORT_NAME.match(field, tokens[at].start - 1):
        return False
    return any(c in gap for c in ";:%=±(")


def _illness_as_people(field: str, tokens: Sequence[Token], at: int) -> int | None:
    """Where "ME/CFS" or "LC" ends that stands for people; None when it only describes a noun."""
    last = at
    if not _AS_PEOPLE.fullmatch(tokens[at].text):
        last = at + 1
        if last >= len(tokens) or not _AS_PEOPLE.fullmatch(
            field[tokens[at].start : tokens[last].end]
        ):
            return None
    if last + 1 < len(tokens):
        gap = field[tokens[last].end : tokens[last + 1].start]
        following = tokens[last + 1].text.lower()
        if not gap.strip() and following not in {"and", "versus", "vs", "were", "to", "with", "or"}:
            return tokens[last + 1].end if following in _PEOPLE else None
        if gap.startswith("/"):
            return None
    return tokens[last].end


def is_year(field: str, number: Number) -> bool:
    """Whether the number is a year of the calendar."""
    return (
        number.value in _YEARS
        and not field[: number.start].endswith("total of ")
        and not _COUNTED_AFTER.match(field, number.end)
        and field[number.start : number.end].isdigit()
        and re.search(
            r"(?:\b(?:in|to|and|from|since|until|between|of|early|late|by|through|during|January|"
            r"February|March|April|May|June|July|August|September|October|November|December)|[,-])"
            r"\s*$",
            field[max(0, number.start - 12) : number.start],
        )
        is not None
    )


def in_a_name(field: str, number: Number) -> bool:
    """Whether the number is the second half of a range or a part of a name ("COVID-19")."""
    return number.start > 0 and field[number.start - 1] in "-–/.±<>≥≤~$#^_:"
