"""Who was studied, against whom or what, for how long, and by which measures. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from monitor.assess.text import ABSTRACT, FIELDS, TITLE, Sentence, Text, by_sentence
from monitor.lexicon import Words
from monitor.model import Article, Fact, Quote, SectionCategory
from monitor.patterns import Matcher, Pool

_ROLES = frozenset(
    {
        SectionCategory.METHODS,
        SectionCategory.OBJECTIVE,
        SectionCategory.RESULTS,
        SectionCategory.UNASSIGNED,
    }
)


class _Kind(StrEnum):
    POPULATION = "population"
    COMPARATOR = "comparator"
    OUTCOME = "outcome"


_Key = tuple[_Kind, str]

#: Cues in the language of `monitor.patterns`; the value is what readers see.
_CUES: tuple[tuple[_Kind, str, tuple[str, ...]], ...] = (
    (
        _Kind.POPULATION,
        "ME/CFS",
        ("ME/CFS", "CFS/ME", "CFS", "chronic fatigue syndrome", "myalgic encephal*"),
    ),
    (
        _Kind.POPULATION,
        "long COVID",
        ("long (covid|haul*)", "post covid", "post covid-19 (condition|syndrome)", "PASC",
         "post-acute sequelae"),
    ),
    (_Kind.POPULATION, "fibromyalgia", ("fibromyalgia",)),
    (_Kind.POPULATION, "Crohn's disease", ("crohn*",)),
    (_Kind.POPULATION, "multiple sclerosis", ("multiple sclerosis",)),
    (_Kind.POPULATION, "Gulf War illness", ("gulf war (illness|veterans|syndrome)",)),
    (
        _Kind.POPULATION,
        "children or adolescents",
        ("(children|adolescents|paediatric|pediatric|youth)",),
    ),
    (_Kind.POPULATION, "chronic pain", ("chronic pain",)),
    (_Kind.POPULATION, "POTS", ("postural (orthostatic|) tachycardia", "POTS")),
    (_Kind.COMPARATOR, "placebo", ("placebo",)),
    (
        _Kind.COMPARATOR,
        "healthy controls",
        (("(healthy|sedentary|non-fatigued|nonfatigued|normal) ~4 (controls|control|subjects|"
         "volunteers|individuals|people|participants)"), "(HC|HCs)"),
    ),
    (
        _Kind.COMPARATOR,
        "usual care",
        ("(usual|standard|routine) (medical|) care", "treatment as usual"),
    ),
    (_Kind.COMPARATOR, "waiting list", ("(wait|waiting) list",)),
    (_Kind.COMPARATOR, "sham treatment", ("sham",)),
    (_Kind.COMPARATOR, "other patients", ("(disease|patient|ill) controls",)),
    (
        _Kind.OUTCOME,
        "primary outcome",
        (("(primary|main|co-primary) (efficacy|clinical|study|) (outcome|outcomes|endpoint|"
         "endpoints|end point|end points)"),),
    ),
    (
        _Kind.OUTCOME,
        "secondary outcome",
        (("secondary (efficacy|clinical|study|) (outcome|outcomes|endpoint|endpoints|end point|"
         "end points)"),),
    ),
    (_Kind.OUTCOME, "SF-36", ("(SF|RAND) 36", "SF36", "short form (36|health)")),
    (_Kind.OUTCOME, "Chalder Fatigue Scale", ("chalder",)),
    (_Kind.OUTCOME, "Fatigue Severity Scale", ("fatigue severity scale", "FSS")),
    (
        _Kind.OUTCOME,
        "Multidimensional Fatigue Inventory",
        ("multidimensional fatigue inventory", "MFI"),
    ),
    (_Kind.OUTCOME, "Modified Fatigue Impact Scale", ("modified fatigue impact scale", "MFIS")),
    (_Kind.OUTCOME, "DePaul Symptom Questionnaire", ("depaul", "DSQ")),
    (_Kind.OUTCOME, "Bell disability scale", ("bell (disability|score|scale)",)),
    (
        _Kind.OUTCOME,
        "Fibromyalgia Impact Questionnaire",
        ("fibromyalgia impact questionnaire", "(FIQ|FIQR)"),
    ),
    (
        _Kind.OUTCOME,
        "cardiopulmonary exercise test",
        ("cardiopulmonary exercise test*", "(CPET|CPETs)"),
    ),
    (_Kind.OUTCOME, "six-minute walk", ("(six|6) (min|minute) walk*",)),
    (_Kind.OUTCOME, "tilt test", ("tilt (table|) test*",)),
    (_Kind.OUTCOME, "handgrip strength", ("(hand|) grip strength", "handgrip strength")),
)  # fmt: skip
#: The order in which facts are told.
_ORDER: dict[_Key, int] = {(kind, value): i for i, (kind, value, _) in enumerate(_CUES)}

_LENGTH = (
    r"(?:\d+(?:[.-]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|"
    r"twenty-four)[ -](?:days?|weeks?|months?|years?)"
)
_DURATION = re.compile(
    rf"\b(?:for|over|during|after|following|of|at|a) (?:a (?:period|follow-up) of |the |an? |"
    rf"additional )?({_LENGTH})\b|\b({_LENGTH}) (?:of )?(?:treatment|intervention|therapy|"
    r"follow-?up|trial|course|programme?)",
    re.IGNORECASE,
)
_TIME = re.compile("day|week|month|year", re.IGNORECASE)
_TIMES = Words(lambda words: _TIME.search(words) is not None, by_part=True)
# For sentences in small letters: patterns that need not ask for the case are far quicker.
_UNIT = re.compile(r"\b(?:day|week|month|year)")
_TREATED = re.compile(
    r"\b(?:treat|receiv|took|taking|administ|follow|interven|therap|trial|weekly|daily|program|"
    r"placebo|dose|infusi)"
)
_ILL_FOR = re.compile(
    r"\b(?:ill(?:ness)?|disease|symptom\w*|sick|aged?|old|history)\b", re.IGNORECASE
)
_MOST = 4
_SHOWN = 260


@dataclass(frozen=True, slots=True)
class Groups:
    """Facts on the people, the comparison, the time and the measures of a study."""

    populations: tuple[Fact, ...] = ()
    comparators: tuple[Fact, ...] = ()
    durations: tuple[Fact, ...] = ()
    outcomes: tuple[Fact, ...] = ()


class GroupReader:
    """Reads `Groups`. Immutable; one serves all threads."""

    def __init__(self, pool: Pool | None = None) -> None:
        self._matcher: Matcher[_Key] = Matcher(
            (((kind, value), cue) for kind, value, cues in _CUES for cue in cues), pool
        )

    def read(self, article: Article, text: Text) -> Groups:
        """What title, aim, methods and results name; background and conclusions do not count."""
        found: dict[_Key, Fact] = {}
        for name in FIELDS:
            for key, start, end in self._matcher.bare(text.tokens(name)):
                if key in found or (name is TITLE and key[0] is _Kind.OUTCOME):
                    continue
                sentence = text.sentence_at(name, start)
                if sentence is not None and (name is TITLE or sentence.role in _ROLES):
                    found[key] = Fact(key[1], (_quote(article, sentence, start, end),))
        found = {key: found[key] for key in sorted(found, key=_ORDER.__getitem__)}
        return Groups(
            populations=_of(_Kind.POPULATION, found),
            comparators=_of(_Kind.COMPARATOR, found),
            durations=_durations(article, text),
            outcomes=_of(_Kind.OUTCOME, found),
        )


def _of(kind: _Kind, found: dict[_Key, Fact]) -> tuple[Fact, ...]:
    return tuple(fact for (of, _), fact in found.items() if of is kind)


def _durations(article: Article, text: Text) -> tuple[Fact, ...]:
    """How long people were treated or followed; not how long they had been ill."""
    found: dict[str, Fact] = {}
    for sentence in _with_times(text):
        if sentence.field is ABSTRACT and sentence.role not in _ROLES:
            continue
        words = text.of(sentence)
        lower = words.lower()
        if not _UNIT.search(lower) or not _TREATED.search(lower):
            continue
        for match in _DURATION.finditer(words):
            if _ILL_FOR.search(words, max(0, match.start() - 25), match.end() + 12):
                continue
            length = match[1] or match[2]
            start = sentence.start + match.start()
            quote = Quote.of(article, sentence.field, start, sentence.start + match.end())
            found.setdefault(length.lower().replace("-", " "), Fact(length, (quote,)))
    return tuple(found.values())[:_MOST]


def _with_times(text: Text) -> Iterator[Sentence]:
    """Sentences with a word for a length of time."""
    for name in FIELDS:
        tokens = text.tokens(name)
        times = [(None, tokens.starts[at], tokens.ends[at]) for at in _TIMES.places(tokens)]
        for sentence, _ in by_sentence(text, name, times):
            yield sentence


def _quote(article: Article, sentence: Sentence, start: int, end: int) -> Quote:
    """The sentence where it is short, else the words of the cue."""
    if sentence.end - sentence.start <= _SHOWN:
        return Quote.of(article, sentence.field, sentence.start, sentence.end)
    return Quote.of(article, sentence.field, start, end)
