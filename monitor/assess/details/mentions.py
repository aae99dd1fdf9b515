"""Numbers that count people, one mention each, and what the words around them say of them. Pure.

"30 patients", "n = 30", "30 with ME/CFS" after patients were named, "10 ME/CFS, 8 long COVID and 10
healthy controls", "50 were included" after 58 were referred.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.assess.details.numbers import Number
from monitor.assess.details.people import ends_a_noun, in_a_name, is_year, people_end
from monitor.assess.text import Sentence
from monitor.splitting import Tokens

# But for _PER_CENT and _N_EQUALS, patterns are for words in small letters: those that need not ask
# for the case are far quicker.
_PART_BEFORE = re.compile(
    r"\b(?:of (?:whom|these|those|which|them)|among (?:these|them|whom)|remaining|other|only|"
    r"another|additional|excluding|after excluding|affects?|affecting|estimated|at least|"
    r"sub-?(?:sample|group|set|cohort|study) of|"
    r"\S\s+of the)[\s,(]*$"
)
_SCREENED_AFTER = re.compile(
    r"\b(?:(?:were|was) (?:screened|approached|invited|contacted|"
    r"assessed for eligibility|eligible|excluded|lost)|dropped out|declined|withdrew|died|"
    r"did not (?:respond|participate|meet|complete|attend|consent|agree|return|take|want|wish))"
)
_SENT_BEFORE = re.compile(
    r"\b(?:distributed to|sent to|invited|mailed to|e-?mailed to|approached|contacted|screened)"
    r"(?: a total of| to)?\s*$"
)
#: Ends of what stands before a number that these two may match; all others are passed over quickly.
_PART_ENDS = tuple(
    "whom these those which them remaining other only another additional excluding affects affect "
    "affecting estimated least of the".split()
)
_SENT_ENDS = ("to", "of", "invited", "approached", "contacted", "screened")
_PER_CENT = re.compile(
    r"^\s*[,(;\[]?\s*\d+(?:[.·]\d+)?\s*%(?!\s*(?:\(|of |wo?men|fe?male|response|white|girls|boys))"
)
_PREVALENCE = re.compile(r"\b(?:per|million|billion|worldwide|1 in|one in|out of every)\b")
_N_EQUALS = re.compile(r"\b[nN](?:</i>)?[\s\u200b]*[=:][\s\u200b]*$")
#: "(51.9%, n = 41)": a share of the people, not a group.
_SHARE_BEFORE = re.compile(r"%\s*[,;(\[]\s*[nN]\s*[=:]\s*$")
_SAMPLE_SIZE = re.compile(r"\bsample size (?:of|was|is|were|:)\s*(?:n\s*=\s*)?$", re.IGNORECASE)
_EQUALS = frozenset("=:")
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
#: "Of the 70 patients who completed": not all of them.
_NARROWED = re.compile(r" (?:who|with|that|whose)\b")
_BRACKETS = re.compile(r"\([^()]*\)")
_LISTED = re.compile(
    r"\s+(?P<words>[^,;.()]{2,40}?)\s*(?:,|,?\s+and|\s+vs\.?|\s+versus|"
    r"\s+(?:matched|compared) (?:with|to))\s*$"
)
_LEADING_BRACKET = re.compile(r"\s*\((?:[^()]|\([^()]*\))*\)")
_STUDIES_BEFORE = re.compile(r"\b(?:articles|studies|publications|trials|papers|reports) \($")
_STOP, _COMMA = re.compile(r";|\.(?!\d)"), re.compile(r"[;,]|\.(?!\d)")
#: Letters that are looked at before and after a number.
_BEFORE, _AFTER = 60, 300


@dataclass(slots=True)
class Mention:
    """A number of people; `end` is where their noun ends, `counted` says that it is "n = 30".

    `part` is a part of another number; `remained` are those of a group before that took part;
    `kept` are said to have taken part, `screened` people not to have.
    """

    value: int
    start: int
    end: int
    part: bool = False
    counted: bool = False
    remained: bool = False
    kept: bool = False
    screened: bool = False


def mentions(
    field: str, tokens: Tokens, sentence: Sentence, numbers: Sequence[Number], *, review: bool
) -> list[Mention]:
    """Mentions of people among the numbers of a sentence; of a review only sums over its studies.

    `tokens` are those of the whole `field`.
    """
    stop = bisect_right(tokens.ends, sentence.end, numbers[-1].last) if numbers else 0
    ends = [people_end(field, tokens, stop, n) for n in numbers]
    if len(numbers) > 1:
        _add_listed(field, numbers, ends)
    found: list[Mention] = []
    for number, noun in zip(numbers, ends, strict=True):
        before = field[max(sentence.start, number.start - _BEFORE) : number.start]
        mention = _mention(field, sentence, number, before, found, noun)
        if mention is None:
            continue
        if review and not _in_studies(before, field[mention.end : mention.end + _BEFORE]):
            continue
        found.append(mention)
    return found


def is_counted(before: str) -> bool:
    """Whether a number is "n = 30", by what stands before it."""
    return (
        before.rstrip(" \u200b\u2009\u202f\u00a0")[-1:] in _EQUALS
        and _N_EQUALS.search(before) is not None
    )


def _mention(
    field: str,
    sentence: Sentence,
    number: Number,
    before: str,
    earlier: Sequence[Mention],
    noun: int | None,
) -> Mention | None:
    if is_counted(before):
        if _RANGE.match(field, number.end):
            return None
        return _judged(field, sentence, number, before, number.end, by_n=True)
    end, remained = _counted_end(field, sentence, number, before, earlier, noun)
    if end is None or "million" in field[number.start : number.end].lower():
        return None  # as many as have an illness, not as were studied
    mention = _judged(field, sentence, number, before, end, by_n=False)
    if mention is None or remained:
        if mention is not None:
            mention.part, mention.remained = False, True
        return mention
    if earlier:
        between = field[earlier[-1].end : number.start]
        inside = between.count("(") > between.count(")")
        if not inside and _of_a_group(earlier[-1]) and ")" not in between:
            opened = field[sentence.start : number.start]
            inside = opened.count("(") > opened.count(")")  # "(n = 12; 10 women)"
        mention.part = mention.part or inside
    return mention


def _counted_end(
    field: str,
    sentence: Sentence,
    number: Number,
    before: str,
    earlier: Sequence[Mention],
    noun: int | None,
) -> tuple[int | None, bool]:
    """Where the people end that a number counts, and whether they are those left of others."""
    if " of " in field[number.end : number.end + 60] and _is_kept(field, number):
        return noun or number.end, True
    if noun is None and "size" in before and _SAMPLE_SIZE.search(before):
        return number.end, False
    if noun is None and earlier:
        noun = _elliptic_end(field, earlier[-1].end, number)
    if noun is None:
        remained = _remained(field, number, earlier)
        return number.end if remained else None, remained
    if not earlier or not _WHOM_BEFORE.search(before):
        return noun, False
    whole = max([m.value for m in earlier])
    return noun, number.value < whole and _soon(_KEPT_WHOM, field[noun : sentence.end], 60)


def _remained(field: str, number: Number, earlier: Sequence[Mention]) -> bool:
    """Whether a bare number is that of people left of those before: "50 were included"."""
    if in_a_name(field, number):
        return False
    match = _REMAINED.match(field, number.end)
    if match is None or not (earlier or (match["share"] and "%" in match["share"])):
        return False
    return number.value < max((m.value for m in earlier), default=number.value + 1)


def _add_listed(field: str, numbers: Sequence[Number], ends: list[int | None]) -> None:
    """Fill in ends of numbers whose noun stands at the end of a list.

    "10 ME/CFS (ICC), 8 long COVID, and 10 healthy controls": ten, eight and ten people.
    """
    following = -1
    for at in range(len(numbers) - 1, -1, -1):
        number = numbers[at]
        if in_a_name(field, number):
            continue
        if following >= 0 and ends[at] is None and ends[following] is not None:
            between = field[number.end : numbers[following].start]
            match = _LISTED.fullmatch(_BRACKETS.sub("", between) if "(" in between else between)
            if match is not None and not is_year(field, number):
                words = match["words"].lower().split()
                if words and not any(map(ends_a_noun, words)):
                    ends[at] = number.end + len(match["words"]) + 1
        following = at


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


def _elliptic_end(field: str, last: int, number: Number) -> int | None:
    """Where "30 with ME/CFS" ends after "30 patients with post-COVID condition,"."""
    match = _ELLIPSIS.match(field, number.end)
    if match is None or number.start - last > _NEAR:
        return None
    return match.end() if _AFTER_A_GROUP.search(field[last : number.start]) else None


def _judged(
    field: str, sentence: Sentence, number: Number, before: str, end: int, *, by_n: bool
) -> Mention | None:
    after = field[end : min(sentence.end, end + _AFTER)]
    of_the = before == "Of the " and _NARROWED.match(after) is not None
    share = ("%" in after[:20] and _PER_CENT.search(after) is not None) or (
        by_n and "%" in before and _SHARE_BEFORE.search(before) is not None
    )
    before, after = before.lower(), after.lower()
    if _PREVALENCE.search(f"{before[-25:]}|{after[:25]}"):
        return None
    if after.startswith(" ("):
        bracket = _LEADING_BRACKET.match(after)
        after = after[bracket.end() :] if bracket else after
    tail = before.rstrip(" ,(")
    part = not by_n and tail.endswith(_PART_ENDS) and _PART_BEFORE.search(before) is not None
    part |= of_the or (before.endswith(" (") and _STUDIES_BEFORE.search(before) is not None)
    if not by_n and " of " in before[-20:] and _OUT_OF_BEFORE.search(before):
        part = True
    kept = _soon(_KEPT, after, 110)
    screened = _soon(_SCREENED_AFTER, after, 60, _COMMA) or (
        tail.endswith(_SENT_ENDS) and _SENT_BEFORE.search(before) is not None
    )
    return Mention(
        number.value, number.start, end, part or share, by_n, kept=kept, screened=screened
    )


def _soon(pattern: re.Pattern[str], words: str, most: int, stop: re.Pattern[str] = _STOP) -> bool:
    """Whether it comes within so many letters, and before the statement ends."""
    match = pattern.search(words, 0, most + 60)
    return match is not None and match.start() <= most and not stop.search(words, 0, match.start())


def _in_studies(before: str, after: str) -> bool:
    """Whether a review's number is the sum over its studies, not that of one of them."""
    words = before + " " + after
    return bool(
        re.search(
            r"\b(?:total|involving|comprising|with|including|included|participants|analy[sz]ing)\b",
            words,
        )
    )
