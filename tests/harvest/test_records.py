"""PubMed XML, whatever it holds, becomes an article or says why not."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from monitor.errors import RecordError
from monitor.harvest import dates
from monitor.harvest.markup import flatten
from monitor.harvest.records import (
    BadRecord,
    Deletion,
    Parsed,
    Record,
    TruncatedError,
    read_records,
)
from monitor.model import FieldName, Quote, SectionCategory

RICH = """<PubmedArticle><MedlineCitation Status="MEDLINE" IndexingMethod="Curated">
<PMID Version="2">123</PMID>
<DateRevised><Year>2024</Year><Month>02</Month><Day>03</Day></DateRevised>
<Article PubModel="Print"><Journal><ISSN IssnType="Print">1234-5678</ISSN><JournalIssue>
<Volume>7</Volume><PubDate><MedlineDate>2013 Jan-Mar</MedlineDate></PubDate></JournalIssue>
<Title>Journal of Tests</Title></Journal>
<ArticleTitle>CO<sub>2</sub> at 10<sup>-3</sup> and <i>x</i><sup>q!</sup></ArticleTitle>
<ELocationID EIdType="doi" ValidYN="Y">10.1000/test</ELocationID>
<Abstract><AbstractText Label="OBJECTIVE" NlmCategory="OBJECTIVE">To   see.</AbstractText>
<AbstractText Label="Patients and methods">We <b>looked</b>.</AbstractText>
<AbstractText>Free text.</AbstractText></Abstract>
<AuthorList><Author><LastName>Müller</LastName><ForeName>Ada</ForeName><Initials>A</Initials>
<Identifier Source="ORCID">https://orcid.org/0000-0002-1825-0097</Identifier>
<AffiliationInfo><Affiliation>Here.</Affiliation></AffiliationInfo></Author>
<Author><CollectiveName>The Group</CollectiveName></Author></AuthorList>
<Language>ger</Language><DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName>
<AccessionNumberList><AccessionNumber>NCT00000001</AccessionNumber></AccessionNumberList>
</DataBank></DataBankList>
<PublicationTypeList><PublicationType UI="D016449">Randomized Controlled Trial</PublicationType>
</PublicationTypeList><VernacularTitle>Auf Deutsch</VernacularTitle></Article>
<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>J. 2024</RefSource>
</CommentsCorrections></CommentsCorrectionsList>
<MeshHeadingList><MeshHeading><DescriptorName UI="D1" MajorTopicYN="Y">Fatigue</DescriptorName>
<QualifierName UI="Q1" MajorTopicYN="N">therapy</QualifierName></MeshHeading></MeshHeadingList>
<OtherAbstract Type="plain-language-summary" Language="eng"><AbstractText>Plainly.</AbstractText>
</OtherAbstract><KeywordList><Keyword>rest</Keyword></KeywordList>
<CoiStatement>None.</CoiStatement></MedlineCitation>
<PubmedData><History><PubMedPubDate PubStatus="entrez"><Year>2013</Year><Month>4</Month>
<Day>31</Day></PubMedPubDate><PubMedPubDate PubStatus="pubmed"><Year>2013</Year><Month>4</Month>
<Day>2</Day></PubMedPubDate></History><ArticleIdList><ArticleId IdType="pmc">PMC1</ArticleId>
</ArticleIdList></PubmedData></PubmedArticle>"""


def read(body: str) -> list[Record]:
    whole = f"<?xml version='1.0'?>\n<PubmedArticleSet>{body}</PubmedArticleSet>"
    return list(read_records(io.BytesIO(whole.encode())))


def one(body: str = RICH) -> Parsed:
    (record,) = read(body)
    assert isinstance(record, Parsed)
    return record


def test_a_record_keeps_what_it_says() -> None:
    a = one().article
    assert (a.pmid, a.version, a.status, a.indexing_method) == ("123", 2, "MEDLINE", "Curated")
    assert a.title == "CO₂ at 10⁻³ and x^(q!)"
    assert a.abstract == "OBJECTIVE: To see.\nPatients and methods: We looked.\nFree text."
    assert [(s.category, a.abstract[s.start : s.end]) for s in a.sections] == [
        (SectionCategory.OBJECTIVE, "To see."),
        (SectionCategory.METHODS, "We looked."),
        (SectionCategory.UNASSIGNED, "Free text."),
    ]
    assert a.authors[0].orcid == "0000-0002-1825-0097"
    assert a.authors[0].affiliations == ("Here.",)
    assert a.authors[1].name == "The Group"
    assert (a.vernacular_title, a.languages) == ("Auf Deutsch", ("ger",))
    assert a.other_abstracts[0].text == "Plainly."
    assert a.accessions[0].number == "NCT00000001"
    assert a.mesh[0].qualifiers[0].name == "therapy"
    assert (a.doi, a.pmcid, a.keywords) == ("10.1000/test", "PMC1", ("rest",))
    assert a.conflict_of_interest == "None."


def test_a_retraction_without_pmid_is_a_retraction() -> None:
    a = one().article
    assert a.links[0].pmid is None
    assert a.is_retracted


def test_dates_that_cannot_be_are_no_dates() -> None:
    found = one().article.dates
    assert found.created is None  # 31 April
    assert found.entered == date(2013, 4, 2)
    assert found.published is not None
    assert (found.published.year, str(found.published)) == (2013, "2013 Jan-Mar")


def test_the_xml_is_kept_as_it_was() -> None:
    assert etree.fromstring(one().xml).findtext(".//PMID") == "123"


@pytest.mark.parametrize(
    ("xml", "year", "text"),
    [
        ("<Year>2020</Year><Month>Mar</Month><Day>5</Day>", 2020, "2020-03-05"),
        ("<Year>2020</Year><Season>Winter</Season>", 2020, "2020 Winter"),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", 1998, "1998 Dec-1999 Jan"),
        ("<Year>2020</Year><Month>02</Month><Day>31</Day>", 2020, "2020-02"),
    ],
)
def test_partial_dates(xml: str, year: int, text: str) -> None:
    found = dates.partial(etree.fromstring(f"<PubDate>{xml}</PubDate>"))
    assert found is not None
    assert (found.year, str(found)) == (year, text)


def test_one_bad_record_does_not_stop_the_others() -> None:
    bad = "<PubmedArticle><MedlineCitation><Article/></MedlineCitation></PubmedArticle>"
    empty = '<PubmedArticle><MedlineCitation><PMID Version="1">9</PMID></MedlineCitation></PubmedArticle>'
    found = read(
        bad + RICH + empty + "<DeleteCitation><PMID>5</PMID><PMID>6</PMID></DeleteCitation>"
    )
    assert [type(r) for r in found] == [BadRecord, Parsed, BadRecord, Deletion, Deletion]
    assert isinstance(found[2], BadRecord)
    assert (found[2].pmid, found[2].reason) == ("9", "the record has neither title nor abstract")


def test_a_book_is_read() -> None:
    a = one(
        """<PubmedBookArticle><BookDocument><PMID Version="1">77</PMID><Book><BookTitle>A book
        </BookTitle><PubDate><Year>2019</Year></PubDate></Book><Abstract><AbstractText>About.
        </AbstractText></Abstract></BookDocument><PubmedBookData/></PubmedBookArticle>"""
    ).article
    assert a.is_book
    assert (a.title, a.year, a.abstract) == ("A book", 2019, "About.")


def test_a_broken_end_gives_what_came_before_it() -> None:
    body = f"<PubmedArticleSet>{RICH}<PubmedArticle><Medline".encode()
    records = read_records(io.BytesIO(body))
    assert isinstance(next(records), Parsed)
    with pytest.raises(TruncatedError, match="breaks off"):
        list(records)


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"{}", b"<?xml version='1.0'?>"])
def test_what_is_no_pubmed_xml_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(RecordError, match="no PubMed XML"):
        list(read_records(io.BytesIO(body)))


def test_an_xml_bomb_and_a_file_entity_do_nothing(tmp_path: object) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
        '<!ENTITY f SYSTEM "file:///etc/passwd">]><PubmedArticleSet><PubmedArticle>'
        '<MedlineCitation><PMID Version="1">1</PMID><Article><ArticleTitle>T &b; &f;'
        "</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    (record,) = read_records(io.BytesIO(bomb.encode()))
    assert isinstance(record, Parsed)
    assert record.article.title == "T"


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60))
def test_every_quote_of_an_article_is_verbatim(text: str) -> None:
    element = etree.Element("ArticleTitle")
    element.text = text + "end"
    body = f"""<PubmedArticle><MedlineCitation><PMID Version="1">1</PMID><Article>
    {etree.tostring(element, encoding="unicode")}</Article></MedlineCitation></PubmedArticle>"""
    article = one(body).article
    for start in range(0, len(article.title), 7):
        quote = Quote.of(article, FieldName.TITLE, start, len(article.title))
        assert quote.holds(article)
        assert quote.text == article.title[start:]


def test_markup_that_has_no_unicode_is_written_out() -> None:
    xml = "<t>a<sup>Ω!</sup>b<sub>max</sub> c<sup>®</sup> d<math><mi>x</mi></math></t>"
    assert flatten(etree.fromstring(xml)) == "a^(Ω!)bₘₐₓ c® dx"
