"""Who was studied, against whom or what, for how long, and by which measures. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.assess.text import Sentence, Text
from monitor.model import Article, Fact, FieldName, Quote, SectionCategory

_ROLES = frozenset(
    {SectionCategory.METHODS, SectionCategory.OBJECTIVE, SectionCategory.RESULTS,
     SectionCategory.UNASSIGNED}
)  # fmt: skip
_POPULATIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ME/CFS", re.compile(r"\bME/CFS\b|\bCFS/ME\b|\bchronic fatigue syndrome\b|\bmyalgic encephal\w+"
                          r"|\bCFS\b")),
    ("long COVID", re.compile(r"\blong[- ]covid\b|\bpost[- ]covid\b[^.]{0,12}|\bPASC\b|"
                              r"\bpost-acute sequelae\b", re.IGNORECASE)),
    ("fibromyalgia", re.compile(r"\bfibromyalgia\b", re.IGNORECASE)),
    ("Crohn's disease", re.compile(r"\bCrohn(?:['’]s)?(?: disease)?\b")),
    ("multiple sclerosis", re.compile(r"\bmultiple sclerosis\b", re.IGNORECASE)),
    ("Gulf War illness", re.compile(r"\bGulf War (?:illness|veterans)\b", re.IGNORECASE)),
    ("children or adolescents", re.compile(r"\b(?:children|adolescents|p(?:a)?ediatric|youth)\b",
                                           re.IGNORECASE)),
    ("chronic pain", re.compile(r"\bchronic pain\b", re.IGNORECASE)),
    ("POTS", re.compile(r"\bpostural (?:orthostatic )?tachycardia\b|\bPOTS\b")),
)  # fmt: skip
_COMPARATORS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("placebo", re.compile(r"\bplacebo\b", re.IGNORECASE)),
    ("healthy controls", re.compile(r"\b(?:healthy|normal|sedentary|non-?fatigued)(?:[ ,-]+[\w-]+){0,4}?"
                                    r"[ ,-]+(?:controls?|subjects|volunteers|individuals|people|"
                                    r"participants)\b|\bHCs?\b")),
    ("usual care", re.compile(r"\b(?:usual|standard|routine)(?: medical)? care\b|\btreatment as usual\b",
                              re.IGNORECASE)),
    ("waiting list", re.compile(r"\bwait(?:ing)?[- ]list\b", re.IGNORECASE)),
    ("sham treatment", re.compile(r"\bsham\b", re.IGNORECASE)),
    ("other patients", re.compile(r"\b(?:disease|patient|ill) controls\b", re.IGNORECASE)),
)  # fmt: skip
_LENGTH = (
    r"(?:\d+(?:[.-]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|"
    r"twenty-four)[ -](?:days?|weeks?|months?|years?)"
)
_DURATION = re.compile(
    rf"\b(?:for|over|during|after|following|of|at|a) (?:a (?:period|follow-up) of |the |an? |"
    rf"additional )?({_LENGTH})(?= (?:of )?(?:treatment|intervention|therapy|follow|trial|study|"
    rf"program|period|course)|\b)|\b({_LENGTH}) (?:of )?(?:treatment|intervention|therapy|follow-?up|"
    r"trial|programme?|course)",
    re.IGNORECASE,
)
_TREATED = re.compile(
    r"\b(?:treat\w*|receiv\w+|took|taking|administered|follow\w*|intervention|therapy|trial|weekly|"
    r"daily|programme?|placebo|dose|infusion)\b",
    re.IGNORECASE,
)
_ILL_FOR = re.compile(
    r"\b(?:ill(?:ness)?|disease|symptom\w*|sick|aged?|old|history)\b", re.IGNORECASE
)
_OUTCOME = re.compile(
    r"\b(?:primary|main|secondary|co-primary)(?: (?:efficacy|clinical|study))? (?:outcomes?|end ?-?points?)"
    r"(?: measures?)?\b",
    re.IGNORECASE,
)
_SCALES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("SF-36", re.compile(r"\b(?:SF|RAND)-?36\b|\bShort[- ]Form[- ](?:36|Health)", re.IGNORECASE)),
    ("Chalder Fatigue Scale", re.compile(r"\bChalder\b|\bCFQ\b")),
    ("Fatigue Severity Scale", re.compile(r"\bFatigue Severity Scale\b|\bFSS\b")),
    ("Multidimensional Fatigue Inventory", re.compile(r"\bMultidimensional Fatigue Inventory\b|"
                                                      r"\bMFI(?:-20)?\b")),
    ("Modified Fatigue Impact Scale", re.compile(r"\bModified Fatigue Impact Scale\b|\bMFIS\b")),
    ("DePaul Symptom Questionnaire", re.compile(r"\bDePaul\b|\bDSQ\b")),
    ("Bell disability scale", re.compile(r"\bBell (?:disability|score|scale)\b", re.IGNORECASE)),
    ("Fibromyalgia Impact Questionnaire", re.compile(r"\bFibromyalgia Impact Questionnaire\b|"
                                                     r"\bFIQR?\b")),
    ("cardiopulmonary exercise test", re.compile(r"\bcardiopulmonary exercise test\w*|\bCPETs?\b",
                                                 re.IGNORECASE)),
    ("six-minute walk", re.compile(r"\b(?:six|6)[- ]min(?:ute)?[- ]walk", re.IGNORECASE)),
    ("tilt test", re.compile(r"\b(?:head-up )?tilt[- ](?:table )?test", re.IGNORECASE)),
    ("handgrip strength", re.compile(r"\b(?:hand ?grip|grip) strength\b", re.IGNORECASE)),
)  # fmt: skip
_MOST = 4
_SHOWN = 260


def populations(article: Article, text: Text) -> tuple[Fact, ...]:
    """Groups of people that title, aim, methods or results name."""
    return tuple(_named(article, text, _POPULATIONS, title=True))


def comparators(article: Article, text: Text) -> tuple[Fact, ...]:
    """What the studied people or treatment were compared with."""
    return tuple(_named(article, text, _COMPARATORS, title=True))


def outcomes(article: Article, text: Text) -> tuple[Fact, ...]:
    """Sentences on primary and secondary outcomes, and the measures that are named."""
    found = []
    for sentence in text.sentences:
        match = _search(text, sentence, _OUTCOME)
        if match and sentence.role in _ROLES and sentence.field is FieldName.ABSTRACT:
            value = match[0].lower().replace(" measures", "").replace(" measure", "")
            found.append(Fact(value, (_quote(article, sentence, match),)))
    return (*found[:2], *_named(article, text, _SCALES, title=False))


def durations(article: Article, text: Text) -> tuple[Fact, ...]:
    """How long people were treated or followed; not how long they had been ill."""
    found: dict[str, Fact] = {}
    for sentence in text.sentences:
        if sentence.field is FieldName.ABSTRACT and sentence.role not in _ROLES:
            continue
        words = text.of(sentence)
        if not _TREATED.search(words):
            continue
        for match in _DURATION.finditer(words):
            nearby = words[max(0, match.start() - 25) : match.end() + 12]
            if _ILL_FOR.search(nearby):
                continue
            length = match[1] or match[2]
            start = sentence.start + match.start()
            quote = Quote.of(article, sentence.field, start, sentence.start + match.end())
            found.setdefault(length.lower().replace("-", " "), Fact(length, (quote,)))
    return tuple(found.values())[:_MOST]


def _named(
    article: Article, text: Text, names: tuple[tuple[str, re.Pattern[str]], ...], *, title: bool
) -> Iterator[Fact]:
    sentences = [
        s
        for s in text.sentences
        if (s.field is FieldName.TITLE and title)
        or (s.field is FieldName.ABSTRACT and s.role in _ROLES)
    ]
    for value, pattern in names:
        if not pattern.search(text.title) and not pattern.search(text.abstract):
            continue
        for sentence in sentences:
            match = _search(text, sentence, pattern)
            if match:
                yield Fact(value, (_quote(article, sentence, match),))
                break


def _search(text: Text, sentence: Sentence, pattern: re.Pattern[str]) -> re.Match[str] | None:
    return pattern.search(text.field(sentence.field), sentence.start, sentence.end)


def _quote(article: Article, sentence: Sentence, match: re.Match[str]) -> Quote:
    """The sentence where it is short, else the words of the match."""
    if sentence.end - sentence.start <= _SHOWN:
        return Quote.of(article, sentence.field, sentence.start, sentence.end)
    return Quote.of(article, sentence.field, match.start(), match.end())
