"""How many people a study analysed. Pure.

Every number that counts people is a mention. Within a sentence, mentions that name groups ("30
patients and 30 controls") are added up, unless one of them is the sum of the others. Of all
readings the best placed wins: totals and analysed people before enrolled ones, methods and results
before background. A paper that studies nobody itself (a narrative review, a letter) has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.assess.details.numbers import Number, whole_numbers
from monitor.assess.text import Sentence, Text
from monitor.assess.words import word_set
from monitor.model import Article, DesignLabel, FieldName, Quote, SampleSize, SectionCategory
from monitor.patterns import Token

#: Designs whose numbers of people are other people's.
_NOBODY = word_set(
    "narrative_review hypothesis comment_letter editorial news erratum retraction_notice "
    "expression_of_concern guideline_consensus conference_report animal in_silico evidence_summary "
    "mendelian_randomization"
)
_REVIEWS = word_set("meta_analysis systematic_review scoping_review")
_PEOPLE = word_set(
    "patient patients participant participants subject subjects individual individuals adult "
    "adults people persons person women men woman man control controls cases volunteers children "
    "adolescents respondents students veterans survivors females males female male hc hcs donors "
    "enrollees responders responses residents workers girls boys twins probands outpatients "
    "inpatients athletes nurses professionals officers caregivers carers infants "
    "adolescent consumers youth comparators employees citizens "
    "mothers parents seniors teenagers civilians users"
)
#: Illness names that stand for people: "15 ME/CFS and 15 LC".
_AS_PEOPLE = re.compile(r"(?:pw)?(?:ME/CFS|CFS/ME|MECFS|CFS|LC|PCC|PASC|FM|HC|HCs)$")
_NOT_PEOPLE = word_set(
    "years year months month weeks week days day hours hour minutes min h mg g kg ml μg µg mm cm "
    "times items studies trials articles papers rcts countries centers centres sites hospitals "
    "clinics sessions visits points point percent genes proteins snps metabolites symptoms "
    "questions domains databases groups arms subgroups clusters components controls-only weekly "
    "schools samples eyes muscles joints lesions species records reports loci variants beats"
)
_TOTAL_BEFORE = re.compile(
    r"\b(?:total(?: sample)?(?: size)?(?: of| n| was|:)?|overall,?|totall?ing|altogether|sample "
    r"(?:size )?(?:of|was|comprised|consisted of)|in all,?|included a total of|cohort of|sample "
    r"included|completed by|made up of|final sample(?: of)?)"
    r"[\s(]*(?:unweighted\s*)?(?:n\s*=\s*)?$",
    re.IGNORECASE,
)
_ACTION_BEFORE = re.compile(
    r"\b(?:included|recruited|enrolled|studied|analy[sz]ed|evaluated|assessed|examined|randomi[sz]ed"
    r"|surveyed|interviewed|applied to|reviewed|followed(?: up)?|reassessed|involved|involving|"
    r"comprising|data|dataset|compared|in|from)"
    r"(?:\s+(?:data|responses|records|samples|of|from|the|a|cohort|sample|up|on|selected))*\s*$",
    re.IGNORECASE,
)
_ANALYSED_AFTER = re.compile(
    r"^[^.;]{0,90}?\b(?:(?:were|was) (?:finally |ultimately )?(?:included in (?:the |our )?"
    r"(?:final |present |this )?(?:analys[ie]s|study)|analy[sz]ed|reassessed|evaluable)|"
    r"completed (?:the|all|both|two)|in the (?:final )?analys[ie]s)",
    re.IGNORECASE,
)
_DONE_AFTER = re.compile(
    r"^[^.;]{0,110}?\b(?:(?:were|was) (?:also )?(?:included|enrolled|recruited|randomi[sz]ed|"
    r"studied|examined|assessed|evaluated|interviewed|tested|randomly|invited to|divided|"
    r"compared|applied)|participated|took part|completed|responded|responding|underwent|"
    r"performed|involved|(?:were|was) analy[sz]ed)",
    re.IGNORECASE,
)
_SCREENED_AFTER = re.compile(
    r"^[^.;,]{0,60}?\b(?:(?:were|was) (?:screened|approached|invited|contacted|assessed for "
    r"eligibility|eligible|excluded|lost)|dropped out|declined|withdrew|did not|died)",
    re.IGNORECASE,
)
_PART_BEFORE = re.compile(
    r"\b(?:of (?:whom|these|those|which|them)|among (?:these|them|whom)|remaining|other|only|"
    r"another|additional|excluding|after excluding|affects?|affecting|estimated|of the)[\s,(]*$",
    re.IGNORECASE,
)
_PER_CENT = re.compile(
    r"^\s*[,(;]?\s*\d+(?:[.·]\d+)?\s*%(?!\s*(?:\(|of |wo?men|fe?male|response|white|girls|boys))"
)
_PREVALENCE = re.compile(
    r"\b(?:per|million|billion|worldwide|1 in|one in|out of every)\b", re.IGNORECASE
)
_N_EQUALS = re.compile(r"\b[nN](?:</i>)?\s*[=:]\s*$")
#: Words between two mentions that make the second a part of the first.
_SUBSET = re.compile(
    r"\b(?:of (?:whom|these|those|which|them)|among (?:these|them|whom|which)|including|"
    r"exclud\w+|select(?:ing|ed)|comprising|consisting)\b|, with\b|, who\b",
    re.IGNORECASE,
)
_OF_WHOM = re.compile(r"\b(?:of|among) (?:whom|these|those|which|them)\b", re.IGNORECASE)
_SENT_BEFORE = re.compile(
    r"\b(?:distributed to|sent to|invited|mailed to|e-?mailed to|approached|contacted|screened)"
    r"(?: a total of| to)?\s*$",
    re.IGNORECASE,
)
_BREAKING = word_set(
    "in of were was had with for from to that which by at on the is are have has did who per or "
    "between after before than"
)
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
_AHEAD = 10
_LEAST_GROUPS = 2
_FAR = 130
_NEAR = 60
_SHORT = 12
_RANGE = re.compile(r"\s*[-–]\s*\d")
_WITH = re.compile(r" with [\w/-]+")
_YEARS = range(1900, 2040)
_ROLE_SCORE = {
    SectionCategory.METHODS: 3.0,
    SectionCategory.RESULTS: 2.6,
    SectionCategory.OBJECTIVE: 2.2,
    SectionCategory.UNASSIGNED: 2.2,
    SectionCategory.CONCLUSIONS: 0.8,
    SectionCategory.BACKGROUND: 0.3,
}
_TITLE_SCORE = 2.0


@dataclass(frozen=True, slots=True)
class _Mention:
    """A number of people; `score` says how likely it is the whole, `counted` that it is "n = 30".

    `total` is said to be the whole, `part` a part of it; `screened` people did not take part.
    """

    value: int
    start: int
    end: int
    score: float
    total: bool = False
    part: bool = False
    counted: bool = False
    screened: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    value: int
    start: int
    end: int
    score: float
    sentence: Sentence


def read_sample_size(article: Article, text: Text, design: DesignLabel) -> SampleSize | None:
    """People analysed, groups added up; planned ones for a protocol; None where it is not said."""
    if design.id in _NOBODY:
        return None
    if design.id == "case_report":
        found = _one_patient(article, text)
        if found is not None:
            return found
    readings = [r for sentence in text.sentences for r in _readings(text, sentence, design.id)]
    if not readings:
        return None
    best = max(readings, key=lambda r: (r.score, r.value))
    quote = Quote.of(article, best.sentence.field, best.start, best.end)
    return SampleSize(best.value, (quote,), planned=design.id == "protocol")


def _one_patient(article: Article, text: Text) -> SampleSize | None:
    for sentence in text.sentences:
        match = _ONE_PATIENT.search(text.field(sentence.field), sentence.start, sentence.end)
        if match:
            quote = Quote.of(article, sentence.field, match.start(), match.end())
            return SampleSize(1, (quote,))
    return None


def _readings(text: Text, sentence: Sentence, design: str) -> Iterator[_Reading]:
    mentions = list(_mentions(text, sentence, design))
    if not mentions:
        return
    base = _TITLE_SCORE
    if sentence.field is FieldName.ABSTRACT:
        base = _ROLE_SCORE[sentence.role]
    field = text.field(sentence.field)
    for run in _runs(field, mentions):
        value, score = _sum(run)
        if value > 0:
            yield _Reading(value, run[0].start, run[-1].end, base + score, sentence)


def _sum(run: Sequence[_Mention]) -> tuple[int, float]:
    """What a run of mentions amounts to, and how much that is worth."""
    if len(run) == 1:
        return run[0].value, run[0].score
    values = [m.value for m in run]
    if len(run) > _LEAST_GROUPS and values[0] == sum(values[1:]):
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


def _runs(field: str, mentions: Sequence[_Mention]) -> Iterator[list[_Mention]]:
    """Mentions that stand together and are joined by "and", a comma or a bracket.

    What is said to be a part of the mention before it, or was only screened, starts a run anew.
    """
    run = [mentions[0]]
    for mention in mentions[1:]:
        last = run[-1]
        between = field[last.end : mention.start]
        joined = len(between) <= _FAR and _JOINED.search(between) and not mention.total
        if ";" in between and not mention.counted:
            joined = None  # another statement, not another group
        subset = _OF_WHOM if mention.counted else _SUBSET
        if joined and (subset.search(between) or last.screened or mention.screened):
            joined = None
        if joined and _again(field, last, mention):
            run = [mention]
            continue
        if joined:
            run.append(mention)
        else:
            yield run
            run = [mention]
    yield run


def _again(field: str, first: _Mention, second: _Mention) -> bool:
    """Whether both count the same bare noun, so that the second replaces the first.

    "Data of 281 patients, and 279 patients were included", but not two groups told at length.
    """
    if second.start - first.end > _SHORT:
        return False
    one = field[first.start : first.end].split()
    two = field[second.start : second.end].split()
    return len(one) == len(two) == 2 and one[1] == two[1] and second.value < first.value  # noqa: PLR2004


def _mentions(text: Text, sentence: Sentence, design: str) -> Iterator[_Mention]:
    field = text.field(sentence.field)
    tokens = text.tokens_of(sentence)
    last = sentence.start
    for number in whole_numbers(field, tokens):
        before = field[max(sentence.start, number.start - 60) : number.start]
        by_n = _N_EQUALS.search(before) is not None
        end = number.end if by_n else _people_end(field, tokens, number)
        if end is None and last > sentence.start:
            end = _elliptic_end(field, last, number)
        if end is None or (by_n and _RANGE.match(field, number.end)):
            continue
        mention = _judged(field, sentence, number, end, by_n=by_n)
        if mention is None or (design in _REVIEWS and not _in_studies(before, field[end:])):
            continue
        between = field[last : number.start]
        if not by_n and last > sentence.start and between.count("(") > between.count(")"):
            mention = replace(mention, part=True, score=mention.score - 2.0)
        yield mention
        last = end


def _elliptic_end(field: str, last: int, number: Number) -> int | None:
    """Where "30 with ME/CFS" ends after "30 patients with post-COVID condition,"."""
    between = field[last : number.start]
    if len(between) > _NEAR or not re.search(r"(?:,|\band|,\s*and)\s*$", between):
        return None
    match = _WITH.match(field, number.end)
    return match.end() if match else None


def _judged(
    field: str, sentence: Sentence, number: Number, end: int, *, by_n: bool
) -> _Mention | None:
    before = field[max(sentence.start, number.start - 60) : number.start]
    after = field[end : sentence.end]
    if _PREVALENCE.search(before[-25:]) or _PREVALENCE.search(after[:25]):
        return None
    score = 0.4 if by_n else 0.8
    total = _TOTAL_BEFORE.search(before) is not None
    part = _PART_BEFORE.search(before) is not None and not by_n
    if total:
        score += 2.0
    elif _ACTION_BEFORE.search(before):
        score += 1.0
    screened = _SCREENED_AFTER.search(after) is not None or _SENT_BEFORE.search(before) is not None
    if screened:
        score -= 2.5
    elif _ANALYSED_AFTER.search(after):
        score += 2.2
    elif _DONE_AFTER.search(after):
        score += 1.6
    share = _PER_CENT.search(after) is not None
    if share:
        score -= 2.2
    if part:
        score -= 1.5
    return _Mention(number.value, number.start, end, score, total, part or share, by_n, screened)


def _in_studies(before: str, after: str) -> bool:
    """Whether a review's number is the sum over its studies, not that of one of them."""
    words = before + " " + after[:60]
    return bool(
        re.search(
            r"\b(?:total|involving|comprising|with|including|included|participants|analy[sz]ing)\b",
            words,
        )
    )


def _people_end(field: str, tokens: Sequence[Token], number: Number) -> int | None:
    """Where the noun for people ends that the number counts; None when it counts another thing."""
    after = field[number.end : number.end + 1]
    if (after in "%-–/±." and after) or _in_a_name(field, number) or _is_year(field, number):
        return None
    first = number.last + 1
    for i in range(first, min(first + _AHEAD, len(tokens))):
        if _closed(field, tokens, i, first):
            return None
        word = tokens[i].text.lower()
        if word in _PEOPLE:
            following = tokens[i + 1] if i + 1 < len(tokens) else None
            if following is None or following.text.lower() not in _PEOPLE:
                return tokens[i].end
            gap = field[tokens[i].end : following.start]
            return tokens[i].end if gap.strip(" -") else following.end
        if word in _NOT_PEOPLE or (word in _BREAKING) or word[0].isdigit():
            return None
        if i <= first + 1 and (end := _illness_as_people(field, tokens, i)) is not None:
            return end
    return None


def _closed(field: str, tokens: Sequence[Token], at: int, first: int) -> bool:
    """Whether punctuation before a word ends the phrase that the number opened."""
    gap = field[tokens[at - 1].end : tokens[at].start]
    if "." in gap:
        return not (tokens[at - 1].text.isupper() and len(tokens[at - 1].text) == 1)
    if "," in gap and at > first:
        return "-" not in gap and tokens[at].text.lower() not in {"sex", "gender", "and"}
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


def _is_year(field: str, number: Number) -> bool:
    return (
        number.value in _YEARS
        and field[number.start : number.end].isdigit()
        and re.search(
            r"(?:\b(?:in|to|and|from|since|until|between|of|early|late|by|through|during|January|"
            r"February|March|April|May|June|July|August|September|October|November|December)|[,-])"
            r"\s*$",
            field[max(0, number.start - 12) : number.start],
        )
        is not None
    )


def _in_a_name(field: str, number: Number) -> bool:
    """Whether the number is the second half of a range or a part of a name ("COVID-19")."""
    return number.start > 0 and field[number.start - 1] in "-–/.±<>≥≤~$#^_"
