"""PubMed's side: what a record says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class FieldName(StrEnum):
    """Field of an article that can be quoted."""

    TITLE = "title"
    ABSTRACT = "abstract"


class SectionCategory(StrEnum):
    """Role of a passage of the abstract; the values are PubMed's NlmCategory, in lower case."""

    BACKGROUND = "background"
    OBJECTIVE = "objective"
    METHODS = "methods"
    RESULTS = "results"
    CONCLUSIONS = "conclusions"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as PubMed prints it: a year, perhaps a month and a day; `text` is the original.

    `text` keeps what the parts cannot hold ("2013 Jan-Mar", "Winter 1998").
    """

    year: int
    month: int | None = None
    day: int | None = None
    text: str = ""

    @property
    def first_day(self) -> date:
        """The earliest day this date can mean; for sorting only."""
        return date(self.year, self.month or 1, self.day or 1)

    def __str__(self) -> str:
        if self.text:
            return self.text
        parts = [f"{self.year:04d}", *(f"{p:02d}" for p in (self.month, self.day) if p)]
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of `Article.abstract`: `abstract[start:end]` is its text, without the label."""

    label: str
    category: SectionCategory
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OtherAbstract:
    """An abstract that is not the main one: another language, or plain language."""

    kind: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Author:
    """One author; `collective` is set, and the names empty, for a group."""

    last_name: str = ""
    fore_name: str = ""
    initials: str = ""
    suffix: str = ""
    collective: str = ""
    orcid: str = ""
    affiliations: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Family name and initials as PubMed prints them, or the name of the group."""
        return self.collective or f"{self.last_name} {self.initials or self.fore_name}".strip()


@dataclass(frozen=True, slots=True)
class Journal:
    """Journal and place in it. `nlm_id` is NlmUniqueID."""

    title: str = ""
    abbreviation: str = ""
    issn: str = ""
    issn_linking: str = ""
    nlm_id: str = ""
    country: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""


@dataclass(frozen=True, slots=True)
class PublicationType:
    """Publication type by name and MeSH unique id ("Randomized Controlled Trial", "D016449")."""

    name: str
    ui: str = ""


@dataclass(frozen=True, slots=True)
class MeshQualifier:
    """Subheading of a MeSH heading."""

    name: str
    ui: str = ""
    major: bool = False


@dataclass(frozen=True, slots=True)
class MeshHeading:
    """MeSH descriptor with its qualifiers; `major` is MajorTopicYN of the descriptor itself."""

    name: str
    ui: str = ""
    major: bool = False
    qualifiers: tuple[MeshQualifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Substance:
    """Chemical or supplementary concept, with its registry number ("0" means none)."""

    name: str
    ui: str = ""
    registry_number: str = ""


@dataclass(frozen=True, slots=True)
class Accession:
    """Data bank accession as the record gives it ("ClinicalTrials.gov", "NCT00568555")."""

    bank: str
    number: str


@dataclass(frozen=True, slots=True)
class Link:
    """CommentsCorrections entry; `kind` is PubMed's RefType. `pmid` may be missing."""

    kind: str
    pmid: str | None = None
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dates:
    """All dates of a record, each with PubMed's meaning.

    `created` is Create Date [crdt] (PubStatus "entrez"), `entered` Entry Date [edat] ("pubmed"),
    `mesh` MeSH Date [mhda] ("medline"); `published` the issue's PubDate; `electronic` ArticleDate.
    """

    created: date | None = None
    entered: date | None = None
    mesh: date | None = None
    revised: date | None = None
    completed: date | None = None
    published: PartialDate | None = None
    electronic: PartialDate | None = None
    received: date | None = None
    accepted: date | None = None
    pmc_release: date | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Funding as the record gives it."""

    number: str
    agency: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    r"""What PubMed says about one PMID at one revision.

    `abstract` joins the abstract's sections with "\n", each labelled one as "LABEL: text";
    `sections` says where each text stands in it. Titles and abstracts are plain text in NFC: inline
    markup is gone, sub- and superscripts are Unicode (or `^(…)`, `_(…)` where Unicode has none).
    """

    pmid: str
    title: str
    abstract: str = ""
    version: int = 1
    sections: tuple[Section, ...] = ()
    vernacular_title: str = ""
    other_abstracts: tuple[OtherAbstract, ...] = ()
    authors: tuple[Author, ...] = ()
    investigators: tuple[Author, ...] = ()
    journal: Journal = Journal()
    dates: Dates = Dates()
    publication_types: tuple[PublicationType, ...] = ()
    mesh: tuple[MeshHeading, ...] = ()
    keywords: tuple[str, ...] = ()
    substances: tuple[Substance, ...] = ()
    accessions: tuple[Accession, ...] = ()
    links: tuple[Link, ...] = ()
    grants: tuple[Grant, ...] = ()
    languages: tuple[str, ...] = ()
    status: str = ""
    indexing_method: str = ""
    publication_model: str = ""
    publication_status: str = ""
    doi: str = ""
    pmcid: str = ""
    pii: str = ""
    conflict_of_interest: str = ""
    copyright: str = ""
    is_book: bool = False

    @property
    def year(self) -> int | None:
        """Year of publication: the issue's, else the electronic one, else of Create Date."""
        for when in (self.dates.published, self.dates.electronic):
            if when is not None:
                return when.year
        return self.dates.created.year if self.dates.created else None

    def field(self, name: FieldName) -> str:
        """Text of the field that a `Quote` names."""
        return self.title if name is FieldName.TITLE else self.abstract

    def has_type(self, *names: str) -> bool:
        """Whether the indexer or the publisher gave one of these publication types."""
        return any(t.name in names for t in self.publication_types)

    @property
    def is_retracted(self) -> bool:
        """Whether PubMed marks this paper as retracted: by type, or by a link, with PMID or not."""
        return self.has_type("Retracted Publication") or bool(
            self.linked("RetractionIn", "RetractedandRepublishedIn")
        )

    @property
    def is_abridged(self) -> bool:
        """Whether the abstract is our own abridgement (the embedded sample), not the paper's."""
        return self.copyright.startswith("Abridged in our own words")

    def linked(self, *kinds: str) -> tuple[Link, ...]:
        """Links of these RefTypes."""
        return tuple(link for link in self.links if link.kind in kinds)


@dataclass(frozen=True, slots=True)
class Deletion:
    """PubMed withdrew this record (DeleteCitation). Its history is kept."""

    pmid: str


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be used, as a value: which one, why, and its XML for the operator."""

    reason: str
    pmid: str | None = None
    xml: bytes = b""
