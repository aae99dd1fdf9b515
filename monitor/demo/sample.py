"""The embedded sample as PubMed XML: real papers, abstracts abridged in our own words.

What is real and what is not stands in sample/README.md. The XML follows the order of elements of
NLM's DTD (pubmed_250101), so that it can stand in for an efetch answer.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any, Final

from lxml import etree

#: The two days on which the demo harvests.
DEMO_WEEK_1: Final = date(2026, 3, 2)
DEMO_WEEK_2: Final = date(2026, 3, 9)
ABRIDGED: Final = "Abridged in our own words for the demonstration; not the abstract of the paper."

_RETRACTED, _RETRACTION = "20798047", "22203980"
_CORRECTED, _ERRATUM = "40703261", "40901516"
_PREPRINT, _JOURNAL_VERSION = "40778181", "40903540"
_ABSTRACT_ARRIVES = "37653608"
_INDEXING_ARRIVES = "33925784"
#: What happens to records of the first week in the second, by PMID: changes to their facts.
_LATER: Final[dict[str, dict[str, Any]]] = {
    _RETRACTED: {
        "types+": [["Retracted Publication", "D016441"]],
        "links+": [["RetractionIn", _RETRACTION, "Proc Natl Acad Sci U S A. 2012;109(1):346"]],
    },
    _CORRECTED: {"links+": [["ErratumIn", _ERRATUM, "Front Med (Lausanne). 2025"]]},
    _PREPRINT: {"links+": [["UpdateIn", _JOURNAL_VERSION, "npj Metab Health Dis. 2025"]]},
    _ABSTRACT_ARRIVES: {},
    _INDEXING_ARRIVES: {},
}
_CATEGORY: Final = {
    "BACKGROUND": "BACKGROUND",
    "INTRODUCTION": "BACKGROUND",
    "OBJECTIVE": "OBJECTIVE",
    "METHODS": "METHODS",
    "METHODS AND ANALYSIS": "METHODS",
    "RESULTS": "RESULTS",
    "FINDINGS": "RESULTS",
    "CONCLUSIONS": "CONCLUSIONS",
    "INTERPRETATION": "CONCLUSIONS",
}

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class SampleRevision:
    """One revision of one record, and the day from which PubMed would show it."""

    pmid: str
    xml: bytes
    visible_from: date


def sample_revisions() -> list[SampleRevision]:
    """All revisions, first those of the first harvest, then those of the second week."""
    facts, abstracts = _load()
    return [*_first(facts, abstracts), *_second(facts, abstracts)]


def _load() -> tuple[dict[str, Facts], dict[str, Any]]:
    folder = resources.files("monitor.demo") / "sample"
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    abstracts = tomllib.loads((folder / "abridged.toml").read_text(encoding="utf-8"))
    return facts, abstracts


def _first(facts: Mapping[str, Facts], abstracts: Mapping[str, Any]) -> Iterator[SampleRevision]:
    for pmid, record in facts.items():
        created = date.fromisoformat(record["created"])
        shown: Facts = record
        abstract = abstracts.get(pmid)
        if pmid == _ABSTRACT_ARRIVES:
            abstract = None
        if pmid == _INDEXING_ARRIVES:
            unindexed = {
                "mesh": [],
                "types": [["Journal Article", "D016428"]],
                "status": "Publisher",
            }
            shown = {**record, **unindexed}
        yield SampleRevision(pmid, _xml(pmid, shown, abstract, revised=created), created)


def _second(facts: Mapping[str, Facts], abstracts: Mapping[str, Any]) -> Iterator[SampleRevision]:
    day = DEMO_WEEK_2 - timedelta(days=3)
    for pmid, change in _LATER.items():
        record = dict(facts[pmid])
        for name in ("types", "links"):
            record[name] = [*record[name], *change.get(f"{name}+", [])]
        xml = _xml(pmid, record, abstracts.get(pmid), revised=day)
        yield SampleRevision(pmid, xml, day)


def _xml(pmid: str, facts: Facts, abstract: Mapping[str, Any] | None, revised: date) -> bytes:
    root = etree.Element("PubmedArticle")
    citation = _sub(root, "MedlineCitation", Status=facts["status"], Owner="NLM")
    if facts["indexing"]:
        citation.set("IndexingMethod", facts["indexing"])
    _sub(citation, "PMID", pmid, Version="1")
    _day(_sub(citation, "DateRevised"), revised)
    _article(_sub(citation, "Article", PubModel="Print-Electronic"), facts, abstract)
    journal = _sub(citation, "MedlineJournalInfo")
    _sub(journal, "MedlineTA", facts["abbreviation"] or facts["journal"])
    _optional(journal, "NlmUniqueID", facts["nlm_id"])
    _links(citation, facts)
    if facts["mesh"]:
        headings = _sub(citation, "MeshHeadingList")
        for name, ui in facts["mesh"]:
            heading = _sub(headings, "MeshHeading")
            _sub(heading, "DescriptorName", name, UI=ui, MajorTopicYN="N")
    _pubmed_data(_sub(root, "PubmedData"), pmid, facts)
    return etree.tostring(root, encoding="utf-8")


def _article(article: etree._Element, facts: Facts, abstract: Mapping[str, Any] | None) -> None:
    journal = _sub(article, "Journal")
    if facts["issn"]:
        _sub(journal, "ISSN", facts["issn"], IssnType="Electronic")
    issue = _sub(journal, "JournalIssue", CitedMedium="Internet")
    _optional(issue, "Volume", facts["volume"])
    _optional(issue, "Issue", facts["issue"])
    _sub(_sub(issue, "PubDate"), "Year", str(facts["year"]))
    _sub(journal, "Title", facts["journal"])
    _optional(journal, "ISOAbbreviation", facts["abbreviation"])
    _sub(article, "ArticleTitle", facts["title"])
    if facts["pages"]:
        _sub(_sub(article, "Pagination"), "MedlinePgn", facts["pages"])
    if facts["doi"]:
        _sub(article, "ELocationID", facts["doi"], EIdType="doi", ValidYN="Y")
    if abstract:
        _abstract(_sub(article, "Abstract"), abstract)
    if facts["authors"]:
        _authors(_sub(article, "AuthorList", CompleteYN="N"), facts)
    _sub(article, "Language", facts["language"])
    types = _sub(article, "PublicationTypeList")
    for name, ui in facts["types"]:
        _sub(types, "PublicationType", name, UI=ui)
    _optional(article, "VernacularTitle", facts["vernacular"])


def _abstract(element: etree._Element, abstract: Mapping[str, Any]) -> None:
    for label, text in abstract.get("sections", ()):
        category = _CATEGORY.get(label, "UNASSIGNED")
        _sub(element, "AbstractText", text, Label=label, NlmCategory=category)
    if "text" in abstract:
        _sub(element, "AbstractText", abstract["text"])
    _sub(element, "CopyrightInformation", ABRIDGED)


def _authors(element: etree._Element, facts: Facts) -> None:
    for person in facts["authors"]:
        author = _sub(element, "Author", ValidYN="Y")
        _sub(author, "LastName", person["last"])
        _optional(author, "ForeName", person["fore"])
        _optional(author, "Initials", person["initials"])
        if person.get("orcid"):
            _sub(author, "Identifier", person["orcid"], Source="ORCID")
        if person.get("affiliation"):
            _sub(_sub(author, "AffiliationInfo"), "Affiliation", person["affiliation"])


def _links(citation: etree._Element, facts: Facts) -> None:
    if not facts["links"]:
        return
    links = _sub(citation, "CommentsCorrectionsList")
    for kind, pmid, source in facts["links"]:
        link = _sub(links, "CommentsCorrections", RefType=kind)
        _sub(link, "RefSource", source)
        if pmid:
            _sub(link, "PMID", pmid, Version="1")


def _pubmed_data(element: etree._Element, pmid: str, facts: Facts) -> None:
    history = _sub(element, "History")
    created = date.fromisoformat(facts["created"])
    for status in ("entrez", "pubmed", "medline"):
        _day(_sub(history, "PubMedPubDate", PubStatus=status), created)
    _sub(element, "PublicationStatus", "ppublish")
    ids = _sub(element, "ArticleIdList")
    _sub(ids, "ArticleId", pmid, IdType="pubmed")
    for kind in ("doi", "pmc"):
        if facts[kind]:
            _sub(ids, "ArticleId", facts[kind], IdType=kind)


def _sub(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> Any:
    element = etree.SubElement(parent, tag, {k: v for k, v in attributes.items() if v})
    element.text = text
    return element


def _optional(parent: etree._Element, tag: str, text: str) -> None:
    if text:
        _sub(parent, tag, text)


def _day(element: etree._Element, day: date) -> None:
    for tag, value in (("Year", day.year), ("Month", day.month), ("Day", day.day)):
        _sub(element, tag, str(value) if tag == "Year" else f"{value:02d}")
