"""Numbers that count people, one mention each, and what the words around them say of them. Pure.

"30 patients", "n = 30", "30 with ME/CFS" after patients were named, "10 ME/CFS, 8 long COVID and 10
healthy controls", "50 were included" after 58 were referred.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.assess.details.numbers import Number, may_begin, whole_numbers
from monitor.assess.text import Sentence, Text
from monitor.assess.words import word_set
from monitor.lexicon import Words
from monitor.splitting import Token

_NUMBERS = Words(may_begin)
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
# But for _PER_CENT and _N_EQUALS, all up to _SENT_BEFORE are for words in small letters: patterns
# that need not ask for the case are far quicker.
_TOTAL_BEFORE = re.compile(
    r"\b(?:total(?: sample)?(?: size)?(?: of| n| was|:)?|overall,?|totall?ing|altogether|sample "
    r"(?:size )?(?:of|was|comprised|consisted of)|in all,?|included a total of|cohort of|sample "
    r"included|completed by|made up of|series of|final sample(?: of)?)"
    r"[\s(]*(?:unweighted\s*)?(?:n\s*=\s*)?$"
)
_ACTION_BEFORE = re.compile(
    r"\b(?:included|recruited|enrolled|studied|analy[sz]ed|evaluated|assessed|examined|randomi[sz]ed"
    r"|surveyed|interviewed|applied to|reviewed|followed(?: up)?|reassessed|involved|involving|"
    r"comprising|data|dataset|compared|in|from)"
    r"(?:\s+(?:data|responses|records|samples|of|from|the|a|cohort|sample|up|on|selected))*\s*$"
)
_ANALYSED_AFTER = re.compile(
    r"\b(?:(?:were|was) (?:finally |ultimately )?"
    r"(?:included (?:in|for) (?:[a-z-]+ ){0,4}?(?:[a-z]+-)*(?:analys[ie]s|study)|"
    r"analy[sz]ed|reassessed|evaluable)|"
    r"met (?:the |all )?(?:study |selection |inclusion |eligibility )+criteria|"
    r"completed (?:the|all|both|two)|in the (?:final )?analys[ie]s)"
)
_DONE_AFTER = re.compile(
    r"\b(?:(?:were|was) (?:also )?"
    r"(?:included|enrolled|recruited|randomi[sz]ed|studied|examined|assessed|"
    r"evaluated|interviewed|tested|randomly|invited to|divided|compared|applied)|"
    r"identified|participated|took part|completed|responded|responding|underwent|performed|involved|"
    r"(?:were|was) analy[sz]ed)"
)
_SCREENED_AFTER = re.compile(
    r"\b(?:(?:were|was) (?:screened|approached|invited|contacted|"
    r"assessed for eligibility|eligible|excluded|lost)|dropped out|declined|withdrew|died|"
    r"did not (?:respond|participate|meet|complete|attend|consent|agree|return|take|want|wish|have))"
)
_PART_BEFORE = re.compile(
    r"\b(?:of (?:whom|these|those|which|them)|among (?:these|them|whom)|remaining|other|only|"
    r"another|additional|excluding|after excluding|affects?|affecting|estimated|at least|"
    r"sub-?(?:sample|group|set|cohort|study) of|"
    r"\S\s+of the)[\s,(]*$"
)
_PER_CENT = re.compile(
    r"^\s*[,(;\[]?\s*\d+(?:[.·]\d+)?\s*%(?!\s*(?:\(|of |wo?men|fe?male|response|white|girls|boys))"
)
_PREVALENCE = re.compile(r"\b(?:per|million|billion|worldwide|1 in|one in|out of every)\b")
_N_EQUALS = re.compile(r"\b[nN](?:</i>)?[\s\u200b]*[=:][\s\u200b]*$")
#: "(51.9%, n = 41)": a share of the people, not a group.
_SHARE_BEFORE = re.compile(r"%\s*[,;(\[]\s*[nN]\s*[=:]\s*$")
_SAMPLE_SIZE = re.compile(r"\bsample size (?:of|was|is|were|:)\s*(?:n\s*=\s*)?$", re.IGNORECASE)
#: What makes a number a name: "group 2 patients", "time point 2, participants".
_NUMBERED = re.compile(
    r"\b(?:groups?|clusters?|phase|points?|stages?|types?|grade|waves?|visits?|rounds?|levels?|"
    r"models?|tables?|cohorts?|arms?|time|class|step|part|day|week|month|year|aim|version)\s+$",
    re.IGNORECASE,
)
_MOST_NUMBERED = 12
_EQUALS = frozenset("=:")
_SENT_BEFORE = re.compile(
    r"\b(?:distributed to|sent to|invited|mailed to|e-?mailed to|approached|contacted|screened)"
    r"(?: a total of| to)?\s*$"
)
_BREAKING = word_set(
    "in of were was had with for from to that which by at on the is are have has did who per or "
    "between after before than"
)
_AHEAD = 10
_NEAR = 90
_RANGE = re.compile(r"\s*[-–]\s*\d")
#: "33 who recovered", "34 without infection", after another group was counted.
_ELLIPSIS = re.compile(r" (?:with|without|who|whose|from) [\w/-]+")
_AFTER_A_GROUP = re.compile(r"(?:,|\band|,\s*and|\bto|\bwith|\bversus|\bvs\.?)\s*$")
#: "50 were included", "536 (62.9%) responding", "26 completed", "488 of whom completed".
_REMAINED = re.compile(
    r"\s*(?P<share>\([^()]{1,80}\)\s*)?(?:of (?:whom|them|these|those)\b[^.;]{0,30}?)?"
    r"(?:(?:were|was) (?:finally |ultimately |eventually )?(?:included|analy[sz]ed|evaluated|"
    r"enrolled|evaluable|assessed|studied)|met (?:the )?(?:inclusion )?criteria|completed|complete surveys|respond(?:ed|ing)|"
    r"participated|took part|provided data|who completed)\b"
)
#: What tells that those before it are the ones the study is about.
_KEPT = re.compile(
    r"\b(?:(?:were|was|be) (?:[a-z]+ly )?(?:included|analy[sz]ed|evaluated|evaluable|enrolled|"
    r"assessed|studied|interviewed|recruited|followed)|met (?:the |all )?(?:[a-z]+ )?criteria|"
    r"(?<!were )(?<!was )completed|participated|took part|respond(?:ed|ing)|provided|remained)\b"
)
_KEPT_WHOM = re.compile(
    r"\b(?:(?:were|was) (?:[a-z]+ly )?(?:included|analy[sz]ed|evaluable|enrolled)|"
    r"met (?:the |all )?(?:[a-z]+ )?criteria|completed|participated|took part|respond(?:ed|ing))\b"
)
_OUT_OF = re.compile(
    r"\s*(?:\([^()]{1,40}\)\s*)?(?:[a-z-]+ ){0,2}?(?:out )?of (?:the |a total of |all |our )?"
    r"(?P<whole>\d[\d,\u2009\u202f ]*)(?<=\d)(?P<after>[^;]{0,300})"
)
_OUT_OF_BEFORE = re.compile(
    r"\d\)?\s+(?:[a-z]+ )?(?:\([^()]{1,30}\) )?(?:out )?of (?:the |a total of |all |our )?$"
)
_WHOM_BEFORE = re.compile(r"\b(?:of|among) (?:whom|which|these|those|them),?\s+$")
_AFTER_EXCLUDING = re.compile(r"\b(?:after|following) (?:the )?exclu[a-z]+\b[^.;]*$")
#: "Of the 70 patients who completed": not all of them.
_NARROWED = re.compile(r" (?:who|with|that|whose)\b")
_BRACKETS = re.compile(r"\([^()]*\)")
_LISTED = re.compile(
    r"\s+(?P<words>[^,;.()]{2,40}?)\s*(?:,|,?\s+and|\s+vs\.?|\s+versus|"
    r"\s+(?:matched|compared) (?:with|to))\s*$"
)
_CONTROL = re.compile(
    r"\b(?:controls?|healthy|volunteers?|donors?|uninfected|comparators?|HCs?)\b", re.IGNORECASE
)
#: "150 consecutive, hospitalized patients": one more word for the same people comes.
_DESCRIBES = re.compile(r"(?:secutive|lected|race|ïve|naive|dult|ealthy|tructured|accinated)$")
_SHORT_NAME = re.compile(r"\([A-Z][A-Za-z+/-]{1,8}\)")
_LEADING_BRACKET = re.compile(r"\s*\((?:[^()]|\([^()]*\))*\)")
_STUDIES_BEFORE = re.compile(r"\b(?:articles|studies|publications|trials|papers|reports) \($")
_STOP, _COMMA = re.compile(r";|\.(?!\d)"), re.compile(r"[;,]|\.(?!\d)")
#: "After exclusions, 1979 women were included".
_COUNTED_AFTER = re.compile(r" (?:patients|participants|women|men|adults|people|subjects) were\b")
_YEARS = range(1900, 2040)


@dataclass(frozen=True, slots=True)
class Mention:
    """A number of people; `score` says how likely it is the whole, `counted` that it is "n = 30".

    `total` is said to be the whole, `part` a part of it; `screened` people did not take part;
    `remained` are those of a group before that did, `kept` are said to have taken part.
    """

    value: int
    start: int
    end: int
    score: float
    total: bool = False
    part: bool = False
    counted: bool = False
    screened: bool = False
    remained: bool = False
    kept: bool = False


def mentions(text: Text, sentence: Sentence, *, review: bool) -> list[Mention]:
    """Mentions of people in a sentence, in order; of a review only sums over its studies."""
    words = text.tokens(sentence.field)
    first, last = text.span(sentence)
    places = _NUMBERS.inside(words, first, last)
    if not places:
        return []
    field, tokens = text.field(sentence.field), words[first:last]
    found: list[Mention] = []
    numbers = list(whole_numbers(field, tokens, [at - first for at in places]))
    listed = _listed(field, tokens, numbers)
    for number in numbers:
        mention = _mention(field, tokens, sentence, number, found, listed)
        if mention is None:
            continue
        before = field[max(sentence.start, number.start - 60) : number.start]
        if review and not _in_studies(before, field[mention.end :]):
            continue
        found.append(mention)
    return found


def _mention(
    field: str,
    tokens: Sequence[Token],
    sentence: Sentence,
    number: Number,
    earlier: Sequence[Mention],
    listed: dict[int, int],
) -> Mention | None:
    before = field[max(sentence.start, number.start - 60) : number.start]
    by_n = before.rstrip(" \u200b\u2009\u202f\u00a0")[-1:] in _EQUALS and _N_EQUALS.search(before) is not None
    last = earlier[-1].end if earlier else sentence.start
    remained = False
    end = number.end if by_n else _people_end(field, tokens, number) or listed.get(number.start)
    if not by_n and " of " in field[number.end : number.end + 60] and _is_kept(field, number):
        end = end or number.end
        remained = True
    if end is None and _SAMPLE_SIZE.search(before):
        end = number.end
    if end is None and earlier:
        end = _elliptic_end(field, last, number)
    if end is None and not _in_a_name(field, number):
        match = _REMAINED.match(field, number.end)
        if match and (earlier or (match["share"] and "%" in match["share"])):
            remained = number.value < max((m.value for m in earlier), default=number.value + 1)
        end = number.end if remained else None
    elif end is not None and earlier and not by_n and _WHOM_BEFORE.search(before):
        whole = max(m.value for m in earlier)
        remained = number.value < whole and _soon(_KEPT_WHOM, field[end : sentence.end], 60)
    if end is None or (by_n and _RANGE.match(field, number.end)):
        return None
    if not by_n and "million" in field[number.start : number.end].lower():
        return None  # as many as have an illness, not as were studied
    if number.value == 1 and not by_n and field[number.end : end].strip().startswith("control"):
        return None  # "Group 1 control"
    mention = _judged(field, sentence, number, end, by_n=by_n)
    if mention is None:
        return None
    between = field[last : number.start]
    opened = field[sentence.start : number.start]
    inside = opened.count("(") > opened.count(")")
    if not by_n and earlier and between.count("(") > between.count(")"):
        mention = replace(mention, part=True, score=mention.score - 2.0)
    elif inside and not by_n and earlier and _of_a_group(earlier[-1]) and ")" not in between:
        mention = replace(mention, part=True, score=mention.score - 2.0)  # "(n = 12; 10 women)"
    if remained:  # surer than those they remained of
        score = max([mention.score, *(m.score + 0.3 for m in earlier)])
        mention = replace(mention, remained=True, part=False, score=score)
    return mention


def _listed(field: str, tokens: Sequence[Token], numbers: Sequence[Number]) -> dict[int, int]:
    """Ends of numbers whose noun stands at the end of a list, by where they start.

    "10 ME/CFS (ICC), 8 long COVID, and 10 healthy controls": ten, eight and ten people.
    """
    found: dict[int, int] = {}
    numbers = [number for number in numbers if not _in_a_name(field, number)]
    for number, following in zip(reversed(numbers[:-1]), reversed(numbers[1:]), strict=True):
        if following.start not in found and _people_end(field, tokens, following) is None:
            continue
        between = field[number.end : following.start]
        match = _LISTED.fullmatch(_BRACKETS.sub("", between))
        if match is None or _is_year(field, number):
            continue
        words = match["words"].lower().split()
        if words and not any(w in _NOT_PEOPLE or w in _BREAKING or w[0].isdigit() for w in words):
            found[number.start] = number.end + len(match["words"]) + 1
    return found


def _is_kept(field: str, number: Number) -> bool:
    """Whether those who took part are told of all: "74 of the 86 children completed it"."""
    match = _OUT_OF.match(field, number.end)
    if match is None or _in_a_name(field, number):
        return False
    whole = int(re.sub(r"\D", "", match["whole"])[:12])
    if number.value >= whole:
        return False
    after = _BRACKETS.sub("", match["after"]).partition(". ")[0]
    return _KEPT.search(after[:140].lower()) is not None


def _of_a_group(mention: Mention) -> bool:
    return mention.counted or mention.part


def is_comparison(words: str) -> bool:
    """Whether words name a group that others are compared with."""
    return _CONTROL.search(words) is not None


def _elliptic_end(field: str, last: int, number: Number) -> int | None:
    """Where "30 with ME/CFS" ends after "30 patients with post-COVID condition,"."""
    between = field[last : number.start]
    if len(between) > _NEAR or not _AFTER_A_GROUP.search(between):
        return None
    match = _ELLIPSIS.match(field, number.end)
    return match.end() if match else None


def _judged(
    field: str, sentence: Sentence, number: Number, end: int, *, by_n: bool
) -> Mention | None:
    before = field[max(sentence.start, number.start - 60) : number.start]
    after = field[end : sentence.end]
    of_the = before == "Of the " and _NARROWED.match(after) is not None
    share = _PER_CENT.search(after) is not None or (
        by_n and _SHARE_BEFORE.search(before) is not None
    )
    before, after = before.lower(), after.lower()
    if _PREVALENCE.search(before[-25:]) or _PREVALENCE.search(after[:25]):
        return None
    if after.startswith(" ("):
        bracket = _LEADING_BRACKET.match(after)
        after = after[bracket.end() :] if bracket else after
    score = 0.4 if by_n else 0.8
    total = _TOTAL_BEFORE.search(before) is not None
    part = _PART_BEFORE.search(before) is not None and not by_n
    part |= of_the or _STUDIES_BEFORE.search(before) is not None
    if total:
        score += 2.0
    elif _ACTION_BEFORE.search(before):
        score += 1.0
    screened = _soon(_SCREENED_AFTER, after, 60, _COMMA) or _SENT_BEFORE.search(before) is not None
    out_of = _OUT_OF_BEFORE.search(before) is not None
    if out_of and not by_n:
        part, score = True, score - 1.0
    if not part and _AFTER_EXCLUDING.search(field[sentence.start : number.start].lower()):
        score += 1.0
    kept = _soon(_KEPT, after, 110)
    if screened:
        score -= 2.5
    elif _soon(_ANALYSED_AFTER, after, 90):
        score += 2.2
    elif _soon(_DONE_AFTER, after, 110):
        score += 1.6
    if share:
        score -= 2.2
    if part:
        score -= 1.5
    return Mention(number.value, number.start, end, score, total, part or share, by_n, screened, kept=kept)


def _soon(pattern: re.Pattern[str], words: str, most: int, stop: re.Pattern[str] = _STOP) -> bool:
    """Whether it comes within so many letters, and before the statement ends."""
    match = pattern.search(words, 0, most + 60)
    return match is not None and match.start() <= most and not stop.search(words, 0, match.start())


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
    after, value = field[number.end : number.end + 1], number.value
    if after in "-‐‑" and after:
        return _of_so_many(tokens, number)
    listed = after in ")]" and not (field[number.start - 1] == "(" and value > _MOST_NUMBERED)
    listed |= after == "," and value <= _MOST_NUMBERED
    if (after in "%–/±." or listed) and after:
        return None
    if _in_a_name(field, number) or _is_year(field, number):
        return None
    if value <= _MOST_NUMBERED and _NUMBERED.search(
        field[max(0, number.start - 12) : number.start]
    ):
        return None
    first = number.last + 1
    for i in range(first, min(first + _AHEAD, len(tokens))):
        if _closed(field, tokens, i, first):
            return None
        word = tokens[i].text.lower()
        if word in _PEOPLE:
            following = tokens[i + 1] if i + 1 < len(tokens) else None
            owned = field[tokens[i].end : tokens[i].end + 2] in {"'s", "’s"}
            if owned and value <= _MOST_NUMBERED:
                return None  # "two children's hospitals"
            if (
                following is not None
                and word in _SINGULAR
                and following.text.lower() in _NO_PEOPLE_AFTER
            ):
                return None
            if following is None or following.text.lower() not in _PEOPLE:
                return tokens[i].end
            gap = field[tokens[i].end : following.start]
            return tokens[i].end if gap.strip(" -") else following.end
        of_a_name = field[tokens[i].start - 1] == "-" and i > first  # "30 COVID-19 patients"
        if word == "of" and tokens[i - 1].text == "sequelae":
            continue
        if word in _NOT_PEOPLE or word in _BREAKING or (word[0].isdigit() and not of_a_name):
            return None
        if i <= first + 1 and (end := _illness_as_people(field, tokens, i)) is not None:
            return end
    return None


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
        return not described and "-" not in gap and tokens[at].text.lower() not in {"sex", "gender", "and"}
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


def _is_year(field: str, number: Number) -> bool:
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


def _in_a_name(field: str, number: Number) -> bool:
    """Whether the number is the second half of a range or a part of a name ("COVID-19")."""
    return number.start > 0 and field[number.start - 1] in "-–/.±<>≥≤~$#^_:"
