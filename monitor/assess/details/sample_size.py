"""How many people a study analysed. Pure.

All numbers that may count people are found (`counts.py`), all ways to read them as the number of
people analysed are listed (`readings.py`), and the likeliest is told (`ranking.py`), which may be
that the text tells none. A paper that studies nobody itself (a narrative review, a letter) has
none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.assess.details.counts import counts
from monitor.assess.details.ranking import Ranking, probabilities
from monitor.assess.details.readings import Reading, case, readings
from monitor.assess.text import Text
from monitor.assess.words import word_set
from monitor.model import Article, DesignLabel, Quote, SampleSize

#: Designs whose numbers of people are other people's.
_NOBODY = word_set(
    "narrative_review hypothesis comment_letter editorial news erratum retraction_notice "
    "expression_of_concern guideline_consensus conference_report animal in_silico evidence_summary "
    "mendelian_randomization"
)
_REVIEWS = word_set("meta_analysis systematic_review scoping_review")
_CASE = "case_report"
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


@dataclass(frozen=True, slots=True)
class Weighed:
    """A number that a paper may be read to tell, None for none; `passages` are where it stands.

    `weighed` are the features that moved its score most, each with what it added.
    """

    n: int | None
    probability: float
    how: str
    passages: tuple[Quote, ...]
    weighed: tuple[tuple[str, float], ...]


class SampleSizeReader:
    """Reads how many people papers analysed. Loading takes a moment; one serves all threads."""

    def __init__(self, ranking: Ranking | None = None) -> None:
        self.ranking = ranking or Ranking.load()

    def read(self, article: Article, text: Text, design: DesignLabel) -> SampleSize | None:
        """People analysed, groups added up; planned ones for a protocol; None if none is told."""
        if design.id in _NOBODY:
            return None
        found = all_readings(article, text, design)
        if len(found) == 1:
            return None
        best = self.ranking.best(found)
        if best.value is None:
            return None
        return SampleSize(best.value, quotes(article, best), planned=design.id == "protocol")

    def explain(
        self, article: Article, text: Text, design: DesignLabel, most: int
    ) -> list[Weighed]:
        """The likeliest numbers with what speaks for each, the likeliest first; `most` of both."""
        found = all_readings(article, text, design)
        scores = self.ranking.scores(found)
        likely = probabilities(found, scores)
        told: list[Weighed] = []
        for value in sorted(likely, key=lambda number: (-likely[number], number or 0))[:most]:
            at = max((s, -i) for i, s in enumerate(scores) if found[i].value == value)[1]
            reading = found[-at]
            weighed = self.ranking.contributions(reading)[:most]
            passages = quotes(article, reading)
            told.append(Weighed(value, likely[value], reading.kind, passages, tuple(weighed)))
        return told


def all_readings(article: Article, text: Text, design: DesignLabel) -> list[Reading]:
    """All ways to read a paper's number of people, that it tells none always among them."""
    if design.id in _NOBODY:
        return readings(text, (), design.id, None)
    numbers = counts(text, review=design.id in _REVIEWS)
    one = None
    if design.id == _CASE:
        introduced = _first(article, text, _ONE_PATIENT)
        quote = introduced or _first(article, text, _ONE_CASE)
        if quote is not None:
            one = case(design.id, numbers, quote, told=introduced is not None)
    return readings(text, numbers, design.id, one)


def quotes(article: Article, reading: Reading) -> tuple[Quote, ...]:
    """The passages where the numbers of a reading stand, one a sentence."""
    if reading.quote is not None:
        return (reading.quote,)
    spans: dict[int, tuple[int, int]] = {}
    for count in reading.counts:
        start, end = spans.get(count.place, (count.start, count.noun_end))
        spans[count.place] = min(start, count.start), max(end, count.noun_end)
    fields = {c.place: c.sentence.field for c in reading.counts}
    return tuple(Quote.of(article, fields[p], a, b) for p, (a, b) in spans.items())


def _first(article: Article, text: Text, pattern: re.Pattern[str]) -> Quote | None:
    for sentence in text.sentences:
        match = pattern.search(text.field(sentence.field), sentence.start, sentence.end)
        if match:
            return Quote.of(article, sentence.field, match.start(), match.end())
    return None
