"""Numbers that count people, one mention each, and what the words around them say of them. Pure.

"30 patients", "n = 30", "30 with ME/CFS" after patients were named, "10 ME/CFS, 8 long COVID and 10
healthy controls", "50 were included" after 58 were referred.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.assess.details.numbers import Number, may_begin, whole_numbers
from monitor.assess.details.people import ends_a_noun, in_a_name, is_year, people_end
from monitor.assess.text import Sentence, Text
from monitor.lexicon import Words
from monitor.splitting import Token

_NUMBERS = Words(may_begin)
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
    r"identified|participated|took part|completed|responded|responding|underwent|performed|"
    r"involved|"
    r"(?:were|was) analy[sz]ed)"
)
_SCREENED_AFTER = re.compile(
    r"\b(?:(?:were|was) (?:screened|approached|invited|contacted|"
    r"assessed for eligibility|eligible|excluded|lost)|dropped out|declined|withdrew|died|"
    r"did not (?:respond|participate|meet|complete|attend|consent|agree|return|take|want|wish))"
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
_EQUALS = frozenset("=:")
_SENT_BEFORE = re.compile(
    r"\b(?:distributed to|sent to|invited|mailed to|e-?mailed to|approached|contacted|screened)"
    r"(?: a total of| to)?\s*$"
)
_NEAR = 90
_RANGE = re.compile(r"\s*[-–]\s*\d")
#: "33 who recovered", "34 without infection", after another group was counted.
_ELLIPSIS = re.compile(r" (?:with|without|who|whose|from) [\w/-]+")
_AFTER_A_GROUP = re.compile(r"(?:,|\band|,\s*and|\bto|\bwith|\bversus|\bvs\.?)\s*$")
#: "50 were included", "536 (62.9%) responding", "26 completed", "488 of whom completed".
_REMAINED = re.compile(
    r"\s*(?P<share>\([^()]{1,80}\)\s*)?(?:of (?:whom|them|these|those)\b[^.;]{0,30}?)?"
    r"(?:(?:were|was) (?:finally |ultimately |eventually )?(?:included|analy[sz]ed|evaluated|"
    r"enrolled|evaluable|assessed|studied)|met (?:the )?(?:inclusion )?criteria|completed|"
    r"complete surveys|respond(?:ed|ing)|"
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
    r"(?:\d\)?\s+(?:[a-z]+ )?(?:\([^()]{1,30}\) )?(?:out )?|\bout )of "
    r"(?:the |a total of |all |our )?$"
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
_LEADING_BRACKET = re.compile(r"\s*\((?:[^()]|\([^()]*\))*\)")
_STUDIES_BEFORE = re.compile(r"\b(?:articles|studies|publications|trials|papers|reports) \($")
_STOP, _COMMA = re.compile(r";|\.(?!\d)"), re.compile(r"[;,]|\.(?!\d)")


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
    by_n = (
        before.rstrip(" \u200b\u2009\u202f\u00a0")[-1:] in _EQUALS
        and _N_EQUALS.search(before) is not None
    )
    last = earlier[-1].end if earlier else sentence.start
    end, remained = _counted_end(field, tokens, sentence, number, earlier, listed, by_n=by_n)
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


def _counted_end(
    field: str,
    tokens: Sequence[Token],
    sentence: Sentence,
    number: Number,
    earlier: Sequence[Mention],
    listed: dict[int, int],
    *,
    by_n: bool,
) -> tuple[int | None, bool]:
    """Where the people end that a number counts, and whether they are those left of others."""
    if by_n:
        return number.end, False
    before = field[max(sentence.start, number.start - 60) : number.start]
    end = people_end(field, tokens, number) or listed.get(number.start)
    if " of " in field[number.end : number.end + 60] and _is_kept(field, number):
        return end or number.end, True
    if end is None and "size" in before and _SAMPLE_SIZE.search(before):
        return number.end, False
    if end is None and earlier:
        end = _elliptic_end(field, earlier[-1].end, number)
    if end is None:
        remained = _remained(field, number, earlier)
        return number.end if remained else None, remained
    if not earlier or not _WHOM_BEFORE.search(before):
        return end, False
    whole = max(m.value for m in earlier)
    return end, number.value < whole and _soon(_KEPT_WHOM, field[end : sentence.end], 60)


def _remained(field: str, number: Number, earlier: Sequence[Mention]) -> bool:
    """Whether a bare number is that of people left of those before: "50 were included"."""
    if in_a_name(field, number):
        return False
    match = _REMAINED.match(field, number.end)
    if match is None or not (earlier or (match["share"] and "%" in match["share"])):
        return False
    return number.value < max((m.value for m in earlier), default=number.value + 1)


def _listed(field: str, tokens: Sequence[Token], numbers: Sequence[Number]) -> dict[int, int]:
    """Ends of numbers whose noun stands at the end of a list, by where they start.

    "10 ME/CFS (ICC), 8 long COVID, and 10 healthy controls": ten, eight and ten people.
    """
    found: dict[int, int] = {}
    numbers = [number for number in numbers if not in_a_name(field, number)]
    for number, following in zip(reversed(numbers[:-1]), reversed(numbers[1:]), strict=True):
        if following.start not in found and people_end(field, tokens, following) is None:
            continue
        between = field[number.end : following.start]
        match = _LISTED.fullmatch(_BRACKETS.sub("", between))
        if match is None or is_year(field, number):
            continue
        words = match["words"].lower().split()
        if words and not any(ends_a_noun(word) for word in words):
            found[number.start] = number.end + len(match["words"]) + 1
    return found


def _is_kept(field: str, number: Number) -> bool:
    """Whether those who took part are told of all: "74 of the 86 children completed it"."""
    match = _OUT_OF.match(field, number.end)
    if match is None or in_a_name(field, number):
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
        by_n and "%" in before and _SHARE_BEFORE.search(before) is not None
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
    part |= of_the or (before.endswith(" (") and _STUDIES_BEFORE.search(before) is not None)
    if total:
        score += 2.0
    elif _ACTION_BEFORE.search(before):
        score += 1.0
    screened = _soon(_SCREENED_AFTER, after, 60, _COMMA) or _SENT_BEFORE.search(before) is not None
    if not by_n and " of " in before[-20:] and _OUT_OF_BEFORE.search(before):
        part, score = True, score - 1.0
    opened = field[sentence.start : number.start]
    if not part and "xclu" in opened and _AFTER_EXCLUDING.search(opened.lower()):
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
    return Mention(
        number.value, number.start, end, score, total, part or share, by_n, screened, kept=kept
    )


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
