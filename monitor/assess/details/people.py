"""The noun for people that a number counts, if it counts people at all. Pure.

"30 patients", "150 consecutive, hospitalized patients", "41-patient", "15 ME/CFS"; but not "2020",
"group 2 patients", "(1) adults", "two control cohorts" or "COVID-19 patients".
"""

from __future__ import annotations

import re

from monitor.assess.details.numbers import Number
from monitor.assess.words import word_set
from monitor.splitting import Tokens

PEOPLE = word_set(
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
#: What counts no person even where people may be counted by it.
_UNITS = _NOT_PEOPLE - word_set(
    "samples eyes records reports studies trials articles papers items visits sessions species "
    "hospitals schools"
) | word_set(
    "year-old yo yrs yr mo wk cmh2o mmhg bpm ml/kg/min percent ci iqr sd se fold x nm nmol pg ng "
    "iu °c hz db kda bp kb p r or hr rr aor january february march april may june july august "
    "september october november december"
)

#: What makes a number a name: "group 2 patients", "time point 2, participants".
_NUMBERED = re.compile(
    r"\b(?:groups?|clusters?|phase|points?|stages?|types?|grade|waves?|visits?|rounds?|levels?|"
    r"models?|tables?|cohorts?|arms?|time|class|step|part|day|week|month|year|aim|version)\s+$",
    re.IGNORECASE,
)
_MOST_NUMBERED = 12
BREAKING = word_set(
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


def people_end(field: str, tokens: Tokens, stop: int, number: Number) -> int | None:
    """Where the noun for people ends that the number counts; None when it counts another thing.

    Words from number `stop` on belong to another sentence.
    """
    after = field[number.end : number.end + 1]
    if after and after in "-\u2010\u2011":
        return _of_so_many(tokens, stop, number)
    if (after and after in "%–/±.") or _names(field, number, after):
        return None
    words = tokens.words
    first = number.last + 1
    for i in range(first, min(first + _AHEAD, stop)):
        if _closed(field, tokens, i, first):
            return None
        word = words[i].lower()
        if word in PEOPLE:
            return _noun_end(field, tokens, i, stop, number)
        if word == "of" and words[i - 1] == "sequelae":
            continue
        of_a_name = field[tokens.starts[i] - 1] == "-" and i > first  # "30 COVID-19 patients"
        if word in _NOT_PEOPLE or word in BREAKING or (word[0].isdigit() and not of_a_name):
            return None
        if i <= first + 1 and (end := _illness_as_people(field, tokens, i, stop)) is not None:
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
    return word in _NOT_PEOPLE or word in BREAKING or word[0].isdigit()


def is_unit(word: str) -> bool:
    """Whether a word, in small letters, says that the number before it counts or measures no one.

    Samples, records and the like are left: who counts them may count people by them.
    """
    return word in _UNITS


def _noun_end(field: str, tokens: Tokens, at: int, stop: int, number: Number) -> int | None:
    """Where a noun for people ends, and None where it only describes another noun."""
    end = tokens.ends[at]
    if field[end : end + 2] in {"'s", "’s"} and number.value <= _MOST_NUMBERED:
        return None  # "two children's hospitals"
    if at + 1 == stop:
        return end
    word = tokens.words[at + 1].lower()
    if word in PEOPLE:
        apart = field[end : tokens.starts[at + 1]].strip(" -")
        return end if apart else tokens.ends[at + 1]
    if word in _NO_PEOPLE_AFTER and tokens.words[at].lower() in _SINGULAR:
        return None
    return end


def _of_so_many(tokens: Tokens, stop: int, number: Number) -> int | None:
    """Where "41-patient" ends."""
    at = number.last + 1
    if at < stop and tokens.starts[at] == number.end + 1 and tokens.words[at] in _SINGULAR:
        return tokens.ends[at]
    return None


def _closed(field: str, tokens: Tokens, at: int, first: int) -> bool:
    """Whether punctuation before a word ends the phrase that the number opened."""
    start = tokens.starts[at]
    gap = field[tokens.ends[at - 1] : start]
    if gap == " ":
        return False
    before = tokens.words[at - 1]
    if "." in gap:
        return not (before.isupper() and len(before) == 1)
    if "," in gap and at > first:
        described = _DESCRIBES.search(before) is not None
        return (
            not described
            and "-" not in gap
            and tokens.words[at].lower() not in {"sex", "gender", "and"}
        )
    if "(" in gap and _SHORT_NAME.match(field, start - 1):
        return False
    return any(c in gap for c in ";:%=±(")


def _illness_as_people(field: str, tokens: Tokens, at: int, stop: int) -> int | None:
    """Where "ME/CFS" or "LC" ends that stands for people; None when it only describes a noun."""
    last, words = at, tokens.words
    if not _AS_PEOPLE.fullmatch(words[at]):
        last = at + 1
        if last >= stop or not _AS_PEOPLE.fullmatch(field[tokens.starts[at] : tokens.ends[last]]):
            return None
    if last + 1 < stop:
        gap = field[tokens.ends[last] : tokens.starts[last + 1]]
        following = words[last + 1].lower()
        if not gap.strip() and following not in {"and", "versus", "vs", "were", "to", "with", "or"}:
            return tokens.ends[last + 1] if following in PEOPLE else None
        if gap.startswith("/"):
            return None
    return tokens.ends[last]


def is_year(field: str, number: Number) -> bool:
    """Whether the number is a year of the calendar."""
    return (
        number.value in _YEARS
        and field[max(0, number.start - 9) : number.start] != "total of "
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
