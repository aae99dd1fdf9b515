"""PubMed XML → `Article`, `Deletion` or `BadRecord`: streaming and pure.

Nothing is resolved over the network, no DTD is loaded, entities are not expanded. Each record is
read by itself: one that cannot be read is a value, and the rest go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import IO, Final

from lxml import etree

from monitor.errors import RecordError
from monitor.harvest import dates
from monitor.harvest.markup import flatten
from monitor.model import (
    Accession,
    Article,
    Author,
    BadRecord,
    Dates,
    Deletion,
    Grant,
    Journal,
    Link,
    MeshHeading,
    MeshQualifier,
    OtherAbstract,
    PublicationType,
    Section,
    SectionCategory,
    Substance,
)

_RECORDS: Final = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
_ROOTS: Final = {"PubmedArticleSet", "PubmedBookArticleSet", *_RECORDS}
_CATEGORIES: Final = {c.value.upper(): c for c in SectionCategory}
_BY_LABEL: Final = (
    ("BACKGROUND", SectionCategory.BACKGROUND),
    ("INTRODUCTION", SectionCategory.BACKGROUND),
    ("CONTEXT", SectionCategory.BACKGROUND),
    ("OBJECTIVE", SectionCategory.OBJECTIVE),
    ("AIM", SectionCategory.OBJECTIVE),
    ("PURPOSE", SectionCategory.OBJECTIVE),
    ("METHOD", SectionCategory.METHODS),
    ("DESIGN", SectionCategory.METHODS),
    ("MATERIAL", SectionCategory.METHODS),
    ("PARTICIPANT", SectionCategory.METHODS),
    ("PATIENT", SectionCategory.METHODS),
    ("SETTING", SectionCategory.METHODS),
    ("INTERVENTION", SectionCategory.METHODS),
    ("RESULT", SectionCategory.RESULTS),
    ("FINDING", SectionCategory.RESULTS),
    ("CONCLUSION", SectionCategory.CONCLUSIONS),
    ("INTERPRETATION", SectionCategory.CONCLUSIONS),
    ("DISCUSSION", SectionCategory.CONCLUSIONS),
    ("IMPLICATION", SectionCategory.CONCLUSIONS),
)


__all__ = ["BadRecord", "Deletion", "Parsed", "Record", "TruncatedError", "read_records"]


class TruncatedError(RecordError):
    """The XML ended, or broke, before its end; the records before that were read."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record as read, with the XML it was read from."""

    article: Article
    xml: bytes


Record = Parsed | Deletion | BadRecord


def read_records(source: IO[bytes]) -> Iterator[Record]:
    """Records of a PubMed XML stream in its order; memory does not grow with the stream.

    Raises `TruncatedError` at the place where the XML breaks, and `RecordError` when the stream
    holds no PubMed records at all.
    """
    events = etree.iterparse(
        source,
        events=("start", "end"),
        tag=tuple(_ROOTS),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    seen = False
    try:
        for event, element in events:
            seen = True
            if event == "start" or element.tag not in _RECORDS:
                continue
            yield from _read(element)
            _forget(element)
    except etree.XMLSyntaxError as error:
        if not seen:
            raise RecordError(f"no PubMed XML: {error.msg}.") from error
        raise TruncatedError(f"the XML breaks off: {error.msg}.") from error
    if not seen:
        raise RecordError("no PubMed XML: there is no PubmedArticleSet in it.")


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _read(element: etree._Element) -> Iterable[Record]:
    if element.tag == "DeleteCitation":
        return [Deletion(p) for e in element.iterfind("PMID") if (p := (e.text or "").strip())]
    xml = etree.tostring(element, encoding="utf-8", with_tail=False)
    number = element.find("MedlineCitation/PMID")
    if number is None:
        number = element.find("BookDocument/PMID")
    pmid = (number.text or "").strip() if number is not None else ""
    if not pmid.isdigit():
        return [BadRecord("the record has no PMID", None, xml)]
    try:
        version = int(number.get("Version") or 1) if number is not None else 1
        book = element.tag == "PubmedBookArticle"
        article = _book(element, pmid, version) if book else _article(element, pmid, version)
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        return [BadRecord(f"the record cannot be read ({error})", pmid, xml)]
    if not article.title and not article.abstract and not article.vernacular_title:
        return [BadRecord("the record has neither title nor abstract", pmid, xml)]
    return [Parsed(article, xml)]


_NOTHING: Final = etree.Element("Nothing")


def _article(root: etree._Element, pmid: str, version: int) -> Article:
    citation = root.find("MedlineCitation")
    if citation is None:
        citation = _NOTHING
    article = citation.find("Article")
    if article is None:
        article = _NOTHING
    data = root.find("PubmedData")
    if data is None:
        data = _NOTHING
    abstract, sections = _abstract(article.find("Abstract"))
    ids = {
        e.get("IdType"): (e.text or "").strip() for e in data.iterfind("ArticleIdList/ArticleId")
    }
    locations = {
        e.get("EIdType"): (e.text or "").strip()
        for e in article.iterfind("ELocationID")
        if e.get("ValidYN") != "N"
    }
    return Article(
        pmid=pmid,
        version=version,
        title=flatten(article.find("ArticleTitle")),
        abstract=abstract,
        sections=sections,
        vernacular_title=flatten(article.find("VernacularTitle")),
        other_abstracts=tuple(_other_abstracts(citation)),
        authors=_people(article, "AuthorList/Author"),
        investigators=_people(citation, "InvestigatorList/Investigator"),
        journal=_journal(citation, article),
        dates=_dates(citation, article, data),
        publication_types=_types(article.iterfind("PublicationTypeList/PublicationType")),
        mesh=tuple(_mesh(e) for e in citation.iterfind("MeshHeadingList/MeshHeading")),
        keywords=_keywords(citation),
        substances=tuple(_substance(e) for e in citation.iterfind("ChemicalList/Chemical")),
        accessions=tuple(_accessions(article)),
        links=tuple(_links(citation)),
        grants=tuple(
            Grant(
                e.findtext("GrantID") or "", e.findtext("Agency") or "", e.findtext("Country") or ""
            )
            for e in article.iterfind("GrantList/Grant")
        ),
        languages=tuple((e.text or "").strip() for e in article.iterfind("Language")),
        status=citation.get("Status") or "",
        indexing_method=citation.get("IndexingMethod") or "",
        publication_model=article.get("PubModel") or "",
        publication_status=data.findtext("PublicationStatus") or "",
        doi=ids.get("doi") or locations.get("doi") or "",
        pmcid=ids.get("pmc") or "",
        pii=ids.get("pii") or locations.get("pii") or "",
        conflict_of_interest=flatten(citation.find("CoiStatement")),
        copyright=flatten(article.find("Abstract/CopyrightInformation")),
    )


def _book(root: etree._Element, pmid: str, version: int) -> Article:
    document = root.find("BookDocument")
    if document is None:
        raise ValueError("a book record without BookDocument")
    book = document.find("Book")
    if book is None:
        book = _NOTHING
    abstract, sections = _abstract(document.find("Abstract"))
    ids = {
        e.get("IdType"): (e.text or "").strip()
        for e in document.iterfind("ArticleIdList/ArticleId")
    }
    title = flatten(document.find("ArticleTitle")) or flatten(book.find("BookTitle"))
    history = root.find("PubmedBookData")
    return Article(
        pmid=pmid,
        version=version,
        title=title,
        abstract=abstract,
        sections=sections,
        authors=_people(document, "AuthorList/Author") or _people(book, "AuthorList/Author"),
        journal=Journal(
            title=flatten(book.find("BookTitle")) or flatten(book.find("CollectionTitle")),
            country=flatten(book.find("Publisher/PublisherLocation")),
        ),
        dates=Dates(
            created=_history(history, "entrez"),
            entered=_history(history, "pubmed"),
            mesh=_history(history, "medline"),
            revised=dates.whole(document.find("DateRevised")),
            published=dates.partial(book.find("PubDate")),
            electronic=dates.partial(document.find("ContributionDate")),
        ),
        publication_types=_types(document.iterfind("PublicationType")),
        keywords=_keywords(document),
        languages=tuple((e.text or "").strip() for e in document.iterfind("Language")),
        status="Book",
        publication_status=root.findtext("PubmedBookData/PublicationStatus") or "",
        doi=ids.get("doi") or "",
        pmcid=ids.get("pmc") or "",
        copyright=flatten(document.find("Abstract/CopyrightInformation")),
        is_book=True,
    )


def _abstract(element: etree._Element | None) -> tuple[str, tuple[Section, ...]]:
    if element is None:
        return "", ()
    parts: list[str] = []
    sections: list[Section] = []
    at = 0
    for part in element.iterfind("AbstractText"):
        text = flatten(part)
        if not text:
            continue
        label = " ".join((part.get("Label") or "").split())
        prefix = f"{label}: " if label else ""
        start = at + len(prefix)
        sections.append(Section(label, _category(part, label), start, start + len(text)))
        parts.append(prefix + text)
        at = start + len(text) + 1
    return "\n".join(parts), tuple(sections)


def _category(part: etree._Element, label: str) -> SectionCategory:
    given = _CATEGORIES.get((part.get("NlmCategory") or "").upper(), SectionCategory.UNASSIGNED)
    if given is not SectionCategory.UNASSIGNED or not label:
        return given
    upper = label.upper()
    return next((c for word, c in _BY_LABEL if word in upper), SectionCategory.UNASSIGNED)


def _other_abstracts(citation: etree._Element) -> Iterator[OtherAbstract]:
    for element in citation.iterfind("OtherAbstract"):
        text, _ = _abstract(element)
        if text:
            yield OtherAbstract(element.get("Type") or "", element.get("Language") or "", text)


def _people(parent: etree._Element, path: str) -> tuple[Author, ...]:
    return tuple(_person(e) for e in parent.iterfind(path))


def _person(element: etree._Element) -> Author:
    # One pass over the children: papers have many authors, and looking up each part by its path
    # took a quarter of the time of a whole record.
    found: dict[str, str] = {}
    affiliations: list[str] = []
    for child in element:
        tag = child.tag
        if tag == "AffiliationInfo":
            affiliations += [flatten(e) for e in child.iterfind("Affiliation") if len(e) or e.text]
        elif tag == "Identifier":
            if child.get("Source") == "ORCID":
                found["orcid"] = _orcid(child.text or "")
        elif tag in _NAME_PARTS:
            found[_NAME_PARTS[str(tag)]] = flatten(child)
    return Author(affiliations=tuple(affiliations), **found)


_NAME_PARTS: Final = {
    "LastName": "last_name",
    "ForeName": "fore_name",
    "Initials": "initials",
    "Suffix": "suffix",
    "CollectiveName": "collective",
}


def _orcid(text: str) -> str:
    digits = "".join(c for c in text.upper() if c.isdigit() or c == "X")
    if len(digits) != 16:  # noqa: PLR2004 - an ORCID iD has 16 characters
        return ""
    return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


def _journal(citation: etree._Element, article: etree._Element) -> Journal:
    journal = article.find("Journal")
    if journal is None:
        journal = _NOTHING
    info = citation.find("MedlineJournalInfo")
    if info is None:
        info = _NOTHING
    return Journal(
        title=flatten(journal.find("Title")),
        abbreviation=flatten(journal.find("ISOAbbreviation")) or flatten(info.find("MedlineTA")),
        issn=(journal.findtext("ISSN") or "").strip(),
        issn_linking=(info.findtext("ISSNLinking") or "").strip(),
        nlm_id=(info.findtext("NlmUniqueID") or "").strip(),
        country=flatten(info.find("Country")),
        volume=flatten(journal.find("JournalIssue/Volume")),
        issue=flatten(journal.find("JournalIssue/Issue")),
        pages=flatten(article.find("Pagination/MedlinePgn")),
    )


def _dates(citation: etree._Element, article: etree._Element, data: etree._Element) -> Dates:
    found: dict[str | None, date | None] = {}
    for element in data.iterfind("History/PubMedPubDate"):
        found.setdefault(element.get("PubStatus"), dates.whole(element))
    return Dates(
        created=found.get("entrez"),
        entered=found.get("pubmed"),
        mesh=found.get("medline"),
        revised=dates.whole(citation.find("DateRevised")),
        completed=dates.whole(citation.find("DateCompleted")),
        published=dates.partial(article.find("Journal/JournalIssue/PubDate")),
        electronic=dates.partial(article.find("ArticleDate")),
        received=found.get("received"),
        accepted=found.get("accepted"),
        pmc_release=found.get("pmc-release"),
    )


def _history(data: etree._Element | None, status: str) -> date | None:
    if data is None:
        return None
    return dates.whole(data.find(f"History/PubMedPubDate[@PubStatus='{status}']"))


def _types(elements: Iterable[etree._Element]) -> tuple[PublicationType, ...]:
    return tuple(PublicationType(flatten(e), e.get("UI") or "") for e in elements)


def _mesh(element: etree._Element) -> MeshHeading:
    name = element.find("DescriptorName")
    if name is None:
        name = _NOTHING
    return MeshHeading(
        name=flatten(name),
        ui=name.get("UI") or "",
        major=name.get("MajorTopicYN") == "Y",
        qualifiers=tuple(
            MeshQualifier(flatten(q), q.get("UI") or "", q.get("MajorTopicYN") == "Y")
            for q in element.iterfind("QualifierName")
        ),
    )


def _keywords(parent: etree._Element) -> tuple[str, ...]:
    found = (flatten(e) for e in parent.iterfind("KeywordList/Keyword"))
    return tuple(dict.fromkeys(word for word in found if word))


def _substance(element: etree._Element) -> Substance:
    name = element.find("NameOfSubstance")
    number = (element.findtext("RegistryNumber") or "").strip()
    return Substance(flatten(name), (name.get("UI") or "") if name is not None else "", number)


def _accessions(article: etree._Element) -> Iterator[Accession]:
    for bank in article.iterfind("DataBankList/DataBank"):
        name = flatten(bank.find("DataBankName"))
        for number in bank.iterfind("AccessionNumberList/AccessionNumber"):
            yield Accession(name, (number.text or "").strip())


def _links(citation: etree._Element) -> Iterator[Link]:
    for element in citation.iterfind("CommentsCorrectionsList/CommentsCorrections"):
        kind = element.get("RefType") or ""
        if kind != "Cites":
            yield Link(
                kind=kind,
                pmid=(element.findtext("PMID") or "").strip() or None,
                source=flatten(element.find("RefSource")),
                note=flatten(element.find("Note")),
            )
