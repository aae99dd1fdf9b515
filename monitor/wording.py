"""Plain sentences computed from labels, the same in mails and on pages. Pure.

Nothing is said that no label holds; what the abstract does not state is left out or named so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from monitor.catalog import Catalog
from monitor.model import Article, Assessment, ClaimStatus, Direction, Dose, EventKind, Stance

DISCLAIMER: Final = (
    "This is a report of what papers say. It is not medical advice, and no reason to start, "
    "change or stop a treatment."
)
NO_ABSTRACT: Final = "No abstract, so no conclusion."
ABRIDGED: Final = "Demonstration: abridged in our own words; not the abstract of the paper."
ABRIDGED_SHORT: Final = "abridged in our own words"
RETRACTED: Final = "This paper was retracted. It supports nothing."
NOT_STATED: Final = "Not stated in the abstract"

_UNFIT: Final = re.compile(r"[^0-9A-Za-z.-]+")
_RESULT: Final = {
    Direction.POSITIVE: "The abstract reports a result in favour.",
    Direction.NULL: "The abstract reports no difference.",
    Direction.NEGATIVE: "The abstract reports a result against.",
    Direction.MIXED: "The abstract reports mixed results.",
}
_STATUS: Final = {
    ClaimStatus.SUPPORTED: "Supported",
    ClaimStatus.CONTESTED: "Contested",
    ClaimStatus.CONTRADICTED: "Contradicted",
    ClaimStatus.THIN: "Thin",
    ClaimStatus.UNTRACED: "Untraced",
}
_STATUS_MEANS: Final = {
    ClaimStatus.SUPPORTED: "Independent groups report results in favour; little speaks against.",
    ClaimStatus.CONTESTED: "Results point both ways.",
    ClaimStatus.CONTRADICTED: "The stronger results speak against it.",
    ClaimStatus.THIN: "Too few or too weak results to say.",
    ClaimStatus.UNTRACED: "No paper that we hold bears on it.",
}
_STANCE: Final = {
    Stance.SUPPORTS: "supports",
    Stance.REFUTES: "speaks against",
    Stance.MIXED: "mixed",
    Stance.MENTIONS: "mentions",
}
_EVENT: Final = {
    EventKind.PAPER_ADDED: "New paper",
    EventKind.DESIGN_CHANGED: "Study design changed",
    EventKind.ABSTRACT_ARRIVED: "Abstract arrived",
    EventKind.CORRECTED: "Corrected",
    EventKind.CONCERN_RAISED: "Expression of concern",
    EventKind.RETRACTED: "Retracted",
    EventKind.WITHDRAWN: "Withdrawn from PubMed",
    EventKind.PUBLISHED_AS: "Preprint published",
    EventKind.FIRST_RANDOMIZED: "First randomised result",
    EventKind.FIRST_REFUTING: "First result against",
    EventKind.SECOND_GROUP: "Second independent group",
    EventKind.LARGEST: "Largest so far",
    EventKind.STATUS_CHANGED: "Status changed",
    EventKind.EVIDENCE_WITHDRAWN: "Evidence withdrawn",
    EventKind.TRIAL_REPORTED: "Registered trial reported",
}
#: How sure a design label is, in words that are always the same.
_SURE: Final = ((0.9, "clear"), (0.7, "likely"), (0.5, "uncertain"), (0.0, "very uncertain"))


def status(value: ClaimStatus) -> str:
    """A status as a word for readers."""
    return _STATUS[value]


def status_means(value: ClaimStatus) -> str:
    """What a status means, in a sentence."""
    return _STATUS_MEANS[value]


def stance(value: Stance) -> str:
    """A stance as a verb for readers."""
    return _STANCE[value]


def event(kind: EventKind) -> str:
    """A kind of event as a heading."""
    return _EVENT[kind]


def file_name(key: str) -> str:
    """File name of a paper's page, without its ending: the PMID, or the DOI made fit for files."""
    return _UNFIT.sub("-", key)


def paper_url(key: str) -> str:
    """Where a paper is: its PubMed page, or its DOI."""
    if key.isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{key}/"
    return f"https://doi.org/{key.removeprefix('doi:')}"


def paper_link(sentence: str, title: str, *, first: bool) -> str:
    """Words of a link to a paper of an event: its title, unless the sentence says it already."""
    if title[:30].lower() not in sentence.lower():
        return title
    return "The paper" if first else "The linked record"


def sure(confidence: float) -> str:
    """A calibrated probability as one of four fixed words."""
    return next(word for least, word in _SURE if confidence >= least)


def number(n: int) -> str:
    """A whole number with thousands apart: 127,117."""
    return f"{n:,}"


def plural(n: int, one: str, many: str) -> str:
    """A number with the right noun: 1 paper, 2 papers."""
    return f"{number(n)} {one if n == 1 else many}"


def dose(value: Dose) -> str:
    """A dose as "4.5 mg", "1 to 4.5 mg" or "0.1 mg/kg"."""
    unit = "mg/kg" if value.per_kg else "mg"
    if value.mg_min is not None and value.mg_min != value.mg:
        return f"{value.mg_min:g} to {value.mg:g} {unit}"
    return f"{value.mg:g} {unit}"


def citation(article: Article) -> str:
    """First author, journal and year, as much as the record holds."""
    names = [a.name for a in article.authors if a.name]
    people = f"{names[0]} and others" if len(names) > 1 else "".join(names[:1])
    parts = (people, article.journal.abbreviation or article.journal.title, article.year)
    return ". ".join(str(p).rstrip(".") for p in parts if p)


def passage(assessment: Assessment) -> str:
    """The passage that a summary rests on most: of the result, a side taken, or the design."""
    sides = (c.quotes for c in assessment.claims if c.stance.takes_side)
    for quotes in (assessment.result.quotes, *sides, assessment.design.quotes):
        found = [q for q in quotes if q.field == "abstract"] or list(quotes)
        if found:
            return found[0].text
    return ""


def summarise(article: Article, assessment: Assessment, catalog: Catalog) -> str:
    """One or two plain sentences about a paper, from its labels alone."""
    if article.is_retracted:
        return RETRACTED
    parts = [_what(assessment, catalog)]
    if not article.abstract:
        return f"{parts[0]}. {NO_ABSTRACT}"
    if assessment.sample_size:
        n = number(assessment.sample_size.n)
        parts.append(f"{n} participants planned" if assessment.sample_size.planned else f"n = {n}")
    if assessment.populations:
        parts.append(_few(f.value for f in assessment.populations))
    if assessment.doses:
        parts.append("naltrexone " + _few(dose(d) for d in assessment.doses))
    sentence = ", ".join(p for p in parts if p) + "."
    more = [_RESULT.get(assessment.result.direction, ""), _sides(assessment, catalog)]
    return " ".join([sentence, *(m for m in more if m)])


def _what(assessment: Assessment, catalog: Catalog) -> str:
    found = catalog.design.get(assessment.design.id)
    label = found.label if found else "Study of unclear design"
    unsure = assessment.design.confidence < _SURE[2][0]
    return f"{label} (uncertain)" if unsure and found else label


def _sides(assessment: Assessment, catalog: Catalog) -> str:
    said: dict[Stance, list[str]] = {}
    for claim in assessment.claims:
        found = catalog.mechanism.get(claim.mechanism)
        if found and claim.stance.takes_side:
            said.setdefault(claim.stance, []).append(found.label.lower())
    verbs = {
        Stance.SUPPORTS: "Reports support for",
        Stance.REFUTES: "Speaks against",
        Stance.MIXED: "Mixed on",
    }
    return " ".join(f"{verbs[s]}: {_few(names)}." for s, names in said.items())


def _few(values: Iterable[str], most: int = 3) -> str:
    listed = list(dict.fromkeys(values))
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
