"""Where a paper leads to: its record, full text, registrations, comments, versions. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from monitor import wording
from monitor.model import Article, Paper
from monitor.wording import Words, to_say

_REGISTRIES: Final = (
    (re.compile(r"^NCT\d{8}$"), "https://clinicaltrials.gov/study/{}"),
    (re.compile(r"^ISRCTN\d+$"), "https://www.isrctn.com/{}"),
    (
        re.compile(r"^\d{4}-\d{6}-\d{2}$"),
        "https://www.clinicaltrialsregister.eu/ctr-search/search?query={}",
    ),
    (re.compile(r"^ACTRN\d+p?$"), "https://anzctr.org.au/{}.aspx"),
    (re.compile(r"^DRKS\d+$"), "https://drks.de/search/en/trial/{}"),
)
_PROSPERO: Final = re.compile(r"^(?:CRD)?(42\d{8,11})$")
#: What a linked record is to this one, by PubMed's RefType.
_RELATED: Final = {
    "RetractionIn": to_say("Notice of its retraction"),
    "RetractedandRepublishedIn": to_say("Retracted and published again as"),
    "RetractedandRepublishedFrom": to_say("Published again in place of"),
    "ExpressionOfConcernIn": to_say("Expression of concern about it"),
    "ErratumIn": to_say("Correction of it"),
    "CorrectedandRepublishedIn": to_say("Corrected and published again as"),
    "CorrectedandRepublishedFrom": to_say("Corrected version of"),
    "UpdateIn": to_say("Newer version, or the journal's version of this preprint"),
    "UpdateOf": to_say("Earlier version, or the preprint of it"),
    "RepublishedIn": to_say("Published again as"),
    "RepublishedFrom": to_say("Published before as"),
    "CommentIn": to_say("Comment on it"),
    "CommentOn": to_say("It comments on"),
    "ErratumFor": to_say("It corrects"),
    "RetractionOf": to_say("It retracts"),
    "ExpressionOfConcernFor": to_say("It voices concern about"),
    "SummaryForPatientsIn": to_say("Summary for patients"),
    "OriginalReportIn": to_say("Original report"),
    "AssociatedPublication": to_say("Published together with it"),
    "AssociatedDataset": to_say("Its data"),
}


@dataclass(frozen=True, slots=True)
class Related:
    """A linked record. `file` is its page here, `url` where it is elsewhere; both may be empty."""

    what: str
    text: str
    file: str = ""
    url: str = ""


def outward(paper: Paper) -> Iterator[tuple[str, str]]:
    """Words and address of the record, its DOI, its free full text, its registrations."""
    article, labels = paper.article, paper.assessment
    if article.pmid.isdigit():
        yield "PubMed", wording.paper_url(article.pmid)
    if article.doi:
        yield "DOI", f"https://doi.org/{article.doi}"
    if article.pmcid:
        yield "PMC", f"https://pmc.ncbi.nlm.nih.gov/articles/{article.pmcid}/"
    facts = (*labels.registrations, *labels.review_registrations)
    for value in dict.fromkeys(f.value for f in facts):
        if address := registry_url(value):
            yield value, address


def registry_url(registration: str) -> str:
    """Where a registration can be read; empty where its registry has no such addresses."""
    for pattern, address in _REGISTRIES:
        if pattern.match(registration):
            return address.format(registration)
    if found := _PROSPERO.match(registration):
        return f"https://www.crd.york.ac.uk/prospero/display_record.php?RecordID={found[1]}"
    return ""


def related(article: Article, held: Collection[str], words: Words) -> tuple[Related, ...]:
    """Linked records in a fixed order; `held` are the keys of papers that have a page here."""
    order = {kind: i for i, kind in enumerate(_RELATED)}
    found = [link for link in article.links if link.kind in order]
    return tuple(
        Related(
            words.say(_RELATED[link.kind]),
            link.source or (f"PMID {link.pmid}" if link.pmid else link.note),
            file=wording.file_name(link.pmid) if link.pmid and link.pmid in held else "",
            url=wording.paper_url(link.pmid) if link.pmid else "",
        )
        for link in sorted(found, key=lambda link: order[link.kind])
    )
