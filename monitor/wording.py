"""Plain sentences computed from labels, the same in mails and on pages. Pure.

Nothing is said that no label holds; what the abstract does not state is left out or named so.
`Words` says them in one language; the functions at the end say them in English, for mails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import NullTranslations
from typing import Final

from babel import Locale
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import format_decimal

from monitor.catalog import Catalog
from monitor.model import (
    Article,
    Assessment,
    ClaimStatus,
    Direction,
    Dose,
    EventKind,
    SampleSize,
    Stance,
)


def to_say(text: str) -> str:
    """Mark a constant for the catalogue of messages; it is translated where it is said."""
    return text


DISCLAIMER: Final = to_say(
    "This is a report of what papers say. It is not medical advice, and no reason to start, "
    "change or stop a treatment."
)
NO_ABSTRACT: Final = to_say("No abstract, so no conclusion.")
ABRIDGED: Final = to_say("Demonstration: abridged in our own words; not the abstract of the paper.")
ABRIDGED_SHORT: Final = to_say("abridged in our own words")
RETRACTED: Final = to_say("This paper was retracted. It supports nothing.")
NOT_STATED: Final = to_say("Not stated in the abstract")

#: PubMed's codes for a language that is not known, and for several.
_NO_TONGUE: Final = frozenset({"und", "mul"})
_UNFIT: Final = re.compile(r"[^0-9A-Za-z.-]+")
_RESULT: Final = {
    Direction.POSITIVE: to_say("The abstract reports a positive result."),
    Direction.NULL: to_say("The abstract reports no difference."),
    Direction.NEGATIVE: to_say("The abstract reports a result against."),
    Direction.MIXED: to_say("The abstract reports mixed results."),
}
_STATUS: Final = {
    ClaimStatus.SUPPORTED: to_say("Supported"),
    ClaimStatus.CONTESTED: to_say("Contested"),
    ClaimStatus.CONTRADICTED: to_say("Contradicted"),
    ClaimStatus.THIN: to_say("Thin"),
    ClaimStatus.UNTRACED: to_say("Untraced"),
}
_STATUS_MEANS: Final = {
    ClaimStatus.SUPPORTED: to_say(
        "Independent groups report results in favour; little speaks against."
    ),
    ClaimStatus.CONTESTED: to_say("Results point both ways."),
    ClaimStatus.CONTRADICTED: to_say("The stronger results speak against it."),
    ClaimStatus.THIN: to_say("Too few or too weak results to say."),
    ClaimStatus.UNTRACED: to_say("No paper that we hold takes a side on it."),
}
#: How sure one may be, by status: always the same words.
_CERTAINTY: Final = {
    ClaimStatus.SUPPORTED: to_say("likely"),
    ClaimStatus.CONTESTED: to_say("disputed"),
    ClaimStatus.CONTRADICTED: to_say("unlikely"),
    ClaimStatus.THIN: to_say("very uncertain"),
    ClaimStatus.UNTRACED: to_say("not known"),
}
_STANCE: Final = {
    Stance.SUPPORTS: to_say("supports"),
    Stance.REFUTES: to_say("speaks against"),
    Stance.MIXED: to_say("mixed"),
    Stance.MENTIONS: to_say("mentions"),
}
_EVENT: Final = {
    EventKind.PAPER_ADDED: to_say("New paper"),
    EventKind.DESIGN_CHANGED: to_say("Study design changed"),
    EventKind.ABSTRACT_ARRIVED: to_say("Abstract arrived"),
    EventKind.CORRECTED: to_say("Corrected"),
    EventKind.CONCERN_RAISED: to_say("Expression of concern"),
    EventKind.RETRACTED: to_say("Retracted"),
    EventKind.WITHDRAWN: to_say("Withdrawn from PubMed"),
    EventKind.PUBLISHED_AS: to_say("Preprint published"),
    EventKind.FIRST_RANDOMIZED: to_say("First randomised result"),
    EventKind.FIRST_REFUTING: to_say("First result against"),
    EventKind.SECOND_GROUP: to_say("Second independent group"),
    EventKind.LARGEST: to_say("Largest so far"),
    EventKind.STATUS_CHANGED: to_say("Status changed"),
    EventKind.EVIDENCE_WITHDRAWN: to_say("Evidence withdrawn"),
    EventKind.TRIAL_REPORTED: to_say("Registered trial reported"),
}
#: How sure a design label is, in words that are always the same.
_SURE: Final = (
    (0.9, to_say("clear")),
    (0.7, to_say("likely")),
    (0.5, to_say("uncertain")),
    (0.0, to_say("very uncertain")),
)
#: Designs whose sample may be animals, samples or studies: only a number is told.
_NOT_PEOPLE: Final = frozenset(
    "animal in_vitro in_silico methods_development meta_analysis systematic_review "
    "scoping_review evidence_summary guideline_consensus narrative_review hypothesis other".split()
)
_SIDES: Final = {
    Stance.SUPPORTS: to_say("Reports support for: %(what)s."),
    Stance.REFUTES: to_say("Speaks against: %(what)s."),
    Stance.MIXED: to_say("Mixed on: %(what)s."),
}


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


@lru_cache(maxsize=20_000)
def _day(when: date, locale: Locale) -> str:
    return format_date(when, "long", locale=locale)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said to readers, in one language.

    `language` is a tag such as "en" or "pt-BR"; dates and numbers follow it. What the catalogue of
    messages does not translate is said in English.
    """

    language: str = "en"
    translations: NullTranslations = field(default_factory=NullTranslations)

    @property
    def locale(self) -> Locale:
        """Babel's locale; English is British, as our texts are."""
        return _locale("en-GB" if self.language == "en" else self.language)

    @property
    def direction(self) -> str:
        """Direction of its script, "ltr" or "rtl"."""
        return str(self.locale.text_direction)

    def say(self, text: str, /, **values: object) -> str:
        """A message in this language, with values for its %(names)s."""
        found = self.translations.gettext(text) if text else ""
        return found % values if values else found

    def say_many(self, one: str, many: str, n: int, /, **values: object) -> str:
        """A message in the right number, with n as %(num)s and values for its other names."""
        found = self.translations.ngettext(one, many, n)
        return found % {"num": self.number(n), **values}

    def day(self, when: date | datetime) -> str:
        """A date in full: 9 March 2026."""
        return _day(when.date() if isinstance(when, datetime) else when, self.locale)

    def tongue(self, code: str) -> str:
        """The name of a language by its code in PubMed, "spa"; empty where it is not known."""
        tag = get_global("language_aliases").get(code, code)
        return str(self.locale.languages.get(tag, "")) if code not in _NO_TONGUE else ""

    def number(self, n: int) -> str:
        """A whole number with thousands apart: 127,117."""
        return f"{n:,}" if self.language == "en" else format_decimal(n, locale=self.locale)

    def status(self, value: ClaimStatus) -> str:
        """A status as a word for readers."""
        return self.say(_STATUS[value])

    def status_means(self, value: ClaimStatus) -> str:
        """What a status means, in a sentence."""
        return self.say(_STATUS_MEANS[value])

    def certainty(self, value: ClaimStatus) -> str:
        """The fixed word for how sure a claim of this status is."""
        return self.say(_CERTAINTY[value])

    def stance(self, value: Stance) -> str:
        """A stance as a verb for readers."""
        return self.say(_STANCE[value])

    def event(self, kind: EventKind) -> str:
        """A kind of event as a heading."""
        return self.say(_EVENT[kind])

    def sure(self, confidence: float) -> str:
        """A calibrated probability as one of four fixed words."""
        return self.say(next(word for least, word in _SURE if confidence >= least))

    def paper_link(self, sentence: str, title: str, *, first: bool) -> str:
        """Words of a link to a paper of an event: its title, unless the sentence says it."""
        if title[:30].lower() not in sentence.lower():
            return title
        return self.say("The paper") if first else self.say("The linked record")

    def citation(self, article: Article) -> str:
        """First author, journal and year, as much as the record holds."""
        names = [a.name for a in article.authors if a.name]
        people = "".join(names[:1])
        if len(names) > 1:
            people = self.say("%(name)s and others", name=people)
        return ". ".join(p for p in (people.rstrip("."), source(article)) if p)

    def summarise(self, article: Article, assessment: Assessment, catalog: Catalog) -> str:
        """One or two plain sentences about a paper, from its labels alone."""
        if article.is_retracted:
            return self.say(RETRACTED)
        parts = [self._what(assessment, catalog)]
        if not article.abstract:
            return f"{parts[0]}. {self.say(NO_ABSTRACT)}"
        if assessment.sample_size:
            parts.append(self._size(assessment.sample_size, assessment.design.id))
        if assessment.populations:
            parts.append(self._few(self.say(f.value) for f in assessment.populations))
        if assessment.doses:
            doses = self._few(dose(d) for d in assessment.doses)
            parts.append(self.say("naltrexone %(dose)s", dose=doses))
        sentence = ", ".join(p for p in parts if p) + "."
        result = self.say(_RESULT.get(assessment.result.direction, ""))
        more = [result, self._sides(assessment, catalog)]
        return " ".join([sentence, *(m for m in more if m)])

    def _size(self, size: SampleSize, design: str) -> str:
        if size.planned:
            return self.say_many(
                "%(num)s participant planned", "%(num)s participants planned", size.n
            )
        if design in _NOT_PEOPLE:
            return f"n = {self.number(size.n)}"
        return self.say_many("%(num)s participant", "%(num)s participants", size.n)

    def _what(self, assessment: Assessment, catalog: Catalog) -> str:
        found = catalog.design.get(assessment.design.id)
        label = self.say(found.label) if found else self.say("Study of unclear design")
        unsure = assessment.design.confidence < _SURE[2][0]
        return self.say("%(design)s (uncertain)", design=label) if unsure and found else label

    def _sides(self, assessment: Assessment, catalog: Catalog) -> str:
        said: dict[Stance, list[str]] = {}
        for claim in assessment.claims:
            found = catalog.mechanism.get(claim.mechanism)
            if found and claim.stance.takes_side:
                said.setdefault(claim.stance, []).append(inline(self.say(found.label)))
        return " ".join(self.say(_SIDES[s], what=self._few(names)) for s, names in said.items())

    def _few(self, values: Iterable[str], most: int = 3) -> str:
        listed = list(dict.fromkeys(values))
        more = len(listed) - most
        shown = ", ".join(listed[:most])
        if more <= 0:
            return shown
        return self.say_many(
            "%(listed)s and %(num)s more", "%(listed)s and %(num)s more", more, listed=shown
        )


def file_name(key: str) -> str:
    """File name of a paper's page, without its ending: the PMID, or the DOI made fit for files."""
    return _UNFIT.sub("-", key)


def source(article: Article) -> str:
    """Journal and year, as much as the record holds."""
    parts = (article.journal.abbreviation or article.journal.title, article.year)
    return ". ".join(str(p).rstrip(".") for p in parts if p)


def paper_url(key: str) -> str:
    """Where a paper is: its PubMed page, or its DOI."""
    if key.isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{key}/"
    return f"https://doi.org/{key.removeprefix('doi:')}"


def inline(label: str) -> str:
    """A label as it stands inside a sentence; "NK cells" stays as it is."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def plural(n: int, one: str, many: str) -> str:
    """A number with the right noun: 1 paper, 2 papers. In English."""
    return f"{number(n)} {one if n == 1 else many}"


def dose(value: Dose) -> str:
    """A dose as "4.5 mg", "1 to 4.5 mg" or "0.1 mg/kg"."""
    unit = "mg/kg" if value.per_kg else "mg"
    if value.mg_min is not None and value.mg_min != value.mg:
        return f"{value.mg_min:g}–{value.mg:g} {unit}"
    return f"{value.mg:g} {unit}"


def passage(assessment: Assessment) -> str:
    """The passage that a summary rests on most: of the result, a side taken, or the design."""
    sides = (c.quotes for c in assessment.claims if c.stance.takes_side)
    for quotes in (assessment.result.quotes, *sides, assessment.design.quotes):
        found = [q for q in quotes if q.field == "abstract"] or list(quotes)
        if found:
            return found[0].text
    return ""


#: The same in English, for mails.
ENGLISH: Final = Words()
status = ENGLISH.status
status_means = ENGLISH.status_means
stance = ENGLISH.stance
event = ENGLISH.event
sure = ENGLISH.sure
number = ENGLISH.number
paper_link = ENGLISH.paper_link
citation = ENGLISH.citation
summarise = ENGLISH.summarise
