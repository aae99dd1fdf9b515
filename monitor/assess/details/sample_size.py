"""How many people a study analysed. Pure.

Every number that counts people is a mention. Within a sentence, mentions that name groups ("30
patients and 30 controls") are added up, unless one of them is the sum of the others. Of all
readings the best placed wins: totals and analysed people before enrolled ones, methods and results
before background. A paper that studies nobody itself (a narrative review, a letter) has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.assess.details.mentions import Mention, is_comparison, mentions
from monitor.assess.text import Sentence, Text
from monitor.assess.words import word_set
from monitor.model import Article, DesignLabel, FieldName, Quote, SampleSize, SectionCategory

#: Designs whose numbers of people are other people's.
_NOBODY = word_set(
    "narrative_review hypothesis comment_letter editorial news erratum retraction_notice "
    "expression_of_concern guideline_consensus conference_report animal in_silico evidence_summary "
    "mendelian_randomization"
)
_REVIEWS = word_set("meta_analysis systematic_review scoping_review")
#: Words between two mentions that make the second a part of the first.
_SUBSET = re.compile(
    r"\b(?:of (?:whom|these|those|which|them)|among (?:these|them|whom|which)|including|"
    r"exclud\w+|select(?:ing|ed)|comprising|consisting)\b|, with\b|, who\b",
    re.IGNORECASE,
)
_OF_WHOM = re.compile(r"\b(?:of|among) (?:whom|these|those|which|them)\b", re.IGNORECASE)
_JOINED = re.compile(
    r"\b(?:and|versus|vs|with|to|than|as well as|plus|against|from|over)\b|[,;/&(]", re.IGNORECASE
)
_ONE_PATIENT = re.compile(
    r"\b(?:an?|one|the|our) (?:case of )?(?:an? )?(?:[a-z-]+ ){0,3}?(?:\d{1,3}|[a-z]+(?:-[a-z]+)?)"
    r"[- ](?:years?|yr|months?|weeks?|days?)[- ]old\b[^.;]{0,60}|"
    r"\b(?:an?|one|single) (?:[a-z/-]+ ){0,4}?(?:patient|woman|man|girl|boy|female|male|child|"
    r"infant|adolescent|individual)\b",
    re.IGNORECASE,
)
#: What a report of one case calls its patient where no age is told.
_ONE_CASE = re.compile(
    r"\b(?:(?:the|our|this|a|an) (?:[a-z0-9/-]+ ){0,3}?(?:patient|person|woman|man|boy|girl|child)|"
    r"(?:a|an|one|the|this|our) (?:[a-z-]+ ){0,3}?case|case report)\b(?! series| reports)",
    re.IGNORECASE,
)
#: What opens the parts of a whole that was just counted.
_PARTS = re.compile(r"[(:;=]|\b(?:including|comprising|consisting|of whom|divided)\b")
#: Who "(n = 30)" may count, in the words before it.
_GROUP = re.compile(
    r"\b(?:patients?|participants?|subjects?|individuals?|adults|people|(?:wo)?men|controls?|"
    r"groups?|arms?|cohorts?|volunteers|children|donors|survivors|placebo|me/cfs|cfs|long covid|"
    r"covid|lc|pasc|hc|treatment|sample)\b",
    re.IGNORECASE,
)
_WITHIN_IT = re.compile(
    r"\b(?:includ\w+|compris\w+|consist\w+|divided|(?:of|among) (?:whom|these|them|which))\b"
)
#: What tells that a group is only now brought in, to compare with.
_COMPARED = re.compile(
    r"\b(?:compar(?:ed|ison) (?:to|with|against)|we compared|control group|as controls?|"
    r"comparison group|controls? (?:were|was)|comparators)\b",
    re.IGNORECASE,
)
_CONTROL_GROUP = re.compile(
    r"\b(?:control|comparison|reference) (?:group|cohort|sample)s?\b[^.;,]{0,30}$", re.IGNORECASE
)
_PATIENTS = re.compile(r"\b(?:patients|cases|survivors)$", re.IGNORECASE)
_CONTROLS_BEFORE = 55
_ONE_GROUP = word_set(
    "randomized_controlled_trial protocol single_arm_trial meta_analysis systematic_review "
    "scoping_review survey qualitative case_report measurement_validation"
)
#: "Of 64 patients": those who are told next are some of them.
_OPENED = re.compile(
    r"(?:(?:in total|overall|finally|initially),? )?(?:out of|of|among|amongst|from) "
    r"(?:a total of |the |these |all |our )*",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\([^()]*\)")
_WITHIN = 2
_LEAST_GROUPS = 2
_FAR = 130
_ONLY_AND = re.compile(r"[\s,;]*(?:and|but|of whom)?[\s,]*")
_ROLE_SCORE = {
    SectionCategory.METHODS: 3.0,
    SectionCategory.RESULTS: 2.6,
    SectionCategory.OBJECTIVE: 2.2,
    SectionCategory.UNASSIGNED: 2.2,
    SectionCategory.CONCLUSIONS: 0.8,
    SectionCategory.BACKGROUND: 0.3,
}
_TITLE_SCORE = 2.0
#: "(n = 5)" after a symptom or an organ counts no group.
_NOT_A_GROUP = -3.0


@dataclass(frozen=True, slots=True)
class _Reading:
    value: int
    start: int
    end: int
    score: float
    sentence: Sentence
    groups: int = 1
    total: bool = False
    screened: bool = False


def read_sample_size(article: Article, text: Text, design: DesignLabel) -> SampleSize | None:
    """People analysed, groups added up; planned ones for a protocol; None where it is not said."""
    if design.id in _NOBODY:
        return None
    if design.id == "case_report":
        found = _one_patient(article, text, _ONE_PATIENT)
        if found is not None:
            return found
    readings = [r for sentence in text.sentences for r in _readings(text, sentence, design.id)]
    if not readings:
        told = design.id == "case_report"
        return _one_patient(article, text, _ONE_CASE) if told else None
    best = max(readings, key=lambda r: (r.score, r.value))
    if design.id == "case_control" and _others_uncounted(text, best, readings):
        return None
    counted = [best]
    if design.id not in _ONE_GROUP:
        counted += _comparisons(text, best, readings)
    quotes = tuple(Quote.of(article, r.sentence.field, r.start, r.end) for r in counted)
    return SampleSize(sum(r.value for r in counted), quotes, planned=design.id == "protocol")


def _others_uncounted(text: Text, best: _Reading, readings: Sequence[_Reading]) -> bool:
    """Whether only the patients of a comparison are counted, so that no total can be told."""
    return (
        _of_patients(text, best)
        and not best.total
        and not any(_names_controls(text, r) for r in readings)
        and is_comparison(text.abstract)
    )


def _comparisons(text: Text, best: _Reading, readings: Sequence[_Reading]) -> Iterator[_Reading]:
    """The other side of a comparison whose groups stand in sentences of their own.

    "100 patients were examined. Thirty healthy individuals were included as a control group."
    """
    if best.sentence.field is FieldName.TITLE:
        return
    for reading in readings:
        if reading.sentence is best.sentence and reading.start > best.end:
            between = text.field(best.sentence.field)[best.end : reading.start]
            apart = _names_controls(text, reading) and not _WITHIN_IT.search(between)
            if apart and not reading.screened and reading.value != best.value:
                yield reading
                return
    if best.total and not _of_patients(text, best):
        return
    place = {id(s): i for i, s in enumerate(text.sentences)}
    at = place[id(best.sentence)]
    compared = best.groups == 1 and _names_controls(text, best) and _is_compared(text, best)
    near = [
        r
        for r in readings
        if 0 < (place[id(r.sentence)] - at) * (-1 if compared else 1) <= _WITHIN
        and not r.screened
        and (r.value != best.value or r.groups == best.groups)
        and _is_compared(text, r) is not compared
    ]
    if compared:
        near = [r for r in near if not r.total and not _names_controls(text, r)][-1:]
    elif is_comparison(text.of(best.sentence)):
        near = []
    yield from near[:1]


def _names_controls(text: Text, reading: _Reading) -> bool:
    field = text.field(reading.sentence.field)
    before = field[max(reading.sentence.start, reading.start - _CONTROLS_BEFORE) : reading.start]
    return is_comparison(field[reading.start : reading.end]) or (
        _CONTROL_GROUP.search(before) is not None
    )


def _is_control(field: str, mention: Mention) -> bool:
    return is_comparison(field[mention.start : mention.end])


def _of_patients(text: Text, reading: _Reading) -> bool:
    """Whether a total is one of patients, so that controls come on top of it."""
    words = text.field(reading.sentence.field)[reading.start : reading.end]
    return reading.groups == 1 and _PATIENTS.search(words) is not None


def _is_compared(text: Text, reading: _Reading) -> bool:
    """Whether a reading counts controls that its sentence brings in to compare with."""
    words = text.of(reading.sentence)
    return is_comparison(words) and _COMPARED.search(words) is not None


def _one_patient(article: Article, text: Text, pattern: re.Pattern[str]) -> SampleSize | None:
    for sentence in text.sentences:
        match = pattern.search(text.field(sentence.field), sentence.start, sentence.end)
        if match:
            quote = Quote.of(article, sentence.field, match.start(), match.end())
            return SampleSize(1, (quote,))
    return None


def _readings(text: Text, sentence: Sentence, design: str) -> Iterator[_Reading]:
    found = mentions(text, sentence, review=design in _REVIEWS)
    if not found:
        return
    base = _TITLE_SCORE
    if sentence.field is FieldName.ABSTRACT:
        base = _ROLE_SCORE[sentence.role]
    field = text.field(sentence.field)
    runs = list(_runs(field, found))
    opened = _OPENED.fullmatch(field, sentence.start, found[0].start) is not None
    if opened and "," in field[found[0].end : sentence.end]:
        runs = list(_runs(field, found, opened=True))
    for at, run in enumerate(runs):
        value, score = _sum(field, run)
        if opened and at == 0 and len(runs) > 1 and runs[1][0].kept:
            score -= 2.0  # "Of 64 patients, 58 were included"
        elif opened and at == 0 and len(run) == 1:
            score += 0.8  # what is told next is told of all of these
        if value == 1 and design != "case_report":
            score -= 2.5  # one of them
        if all(m.counted for m in run):
            before = field[max(sentence.start, run[0].start - _FAR) : run[0].start]
            score += 0.0 if _GROUP.search(before) else _NOT_A_GROUP
        if value > 0:
            yield _Reading(
                value, run[0].start, run[-1].end, base + score, sentence,
                groups=sum(not m.part for m in run) or 1,
                total=run[0].total, screened=run[0].screened,
            )  # fmt: skip


def _sum(field: str, run: Sequence[Mention]) -> tuple[int, float]:
    """What a run of mentions amounts to, and how much that is worth."""
    if len(run) == 1:
        return run[0].value, run[0].score
    values = [m.value for m in run]
    parted = _PARTS.search(field, run[0].end, run[1].start) is not None or (
        "," in field[run[0].end : run[1].start] and not any(_is_control(field, m) for m in run[1:])
    )
    if len(run) > _LEAST_GROUPS and parted and values[0] == sum(values[1:]):
        return values[0], run[0].score + 2.0
    if len(run) > _LEAST_GROUPS and values[-1] == sum(values[:-1]):
        return values[-1], run[-1].score + 1.5
    groups = [m for m in run if not m.part]
    if not groups:
        return 0, 0.0
    first, rest = groups[0], groups[1:]
    if rest and not first.counted and all(m.counted for m in rest):
        return first.value, first.score  # "99 women (47 on the drug ...)": the rest are its parts
    best = max(m.score for m in groups)
    return sum(m.value for m in groups), best + (1.6 if rest else 0.0)


def _gap(field: str, start: int, end: int) -> str:
    """What stands between two mentions, without what is said in brackets of the first."""
    between = field[start:end]
    if ")" in between:
        between = _BRACKETS.sub("", between)
        between = between[between.rfind(")") + 1 :]
    return between


def _runs(field: str, found: Sequence[Mention], *, opened: bool = False) -> Iterator[list[Mention]]:
    """Mentions that stand together and are joined by "and", a comma or a bracket.

    What is said to be a part of the mention before it, or was only screened, starts a run anew.
    """
    run = [found[0]]
    for mention in found[1:]:
        last = run[-1]
        told = field[last.end : mention.start]
        between = _gap(field, last.end, mention.start)
        joined = len(between) <= _FAR and (
            len(between) < len(told) or _JOINED.search(between) is not None
        )
        joined = joined and not mention.total
        inside = mention.part and last.counted and ")" not in told  # "(n = 12; 10 women)"
        if opened and last is found[0] and "," in between and not _is_control(field, mention):
            joined = False
        if ";" in between and not mention.counted and not inside:
            joined = False  # another statement, not another group
        subset = _OF_WHOM if mention.counted else _SUBSET
        apart = last.screened or mention.screened or mention.remained
        if joined and (apart or subset.search(between)):
            joined = False
        if joined and _again(field, last, mention):
            run = [mention]
            continue
        if joined:
            run.append(mention)
        else:
            yield run
            run = [mention]
    yield run


def _again(field: str, first: Mention, second: Mention) -> bool:
    """Whether both count the same bare noun, so that the second replaces the first.

    "Data of 281 patients, and 279 patients were included", but not two groups told at length.
    """
    if not _ONLY_AND.fullmatch(field, first.end, second.start):
        return False
    one = field[first.start : first.end].split()
    two = field[second.start : second.end].split()
    return len(one) == len(two) == 2 and one[1] == two[1] and second.value < first.value  # noqa: PLR2004
