"""What leaves the site for other programs: exports of lists, feeds, meta tags, site map."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
import rispy
from lxml import etree, html
from pybtex.database import parse_string

from monitor.catalog import Catalog
from monitor.model import (
    Article,
    Assessment,
    Author,
    Dates,
    DesignLabel,
    DesignSource,
    Journal,
    Paper,
    PartialDate,
)
from monitor.publish import exports, metadata, sitemap
from monitor.publish.views.lists import PAGE, ListView
from tests.conftest import NOW
from tests.publish.conftest import Publish

ARTICLE = Article(
    "31415926",
    "Fatigue & {braces} 100% of \\patients_with_ME/CFS: a study of #1",
    authors=(
        Author("van der Meer", "Jos W M", "JWM"),
        Author("O'Brien", "Ann", "A"),
        Author("Madonna"),
        Author(collective="ME/CFS Study Group, and Friends"),
    ),
    journal=Journal(
        "Journal of Fatigue", "J Fatigue", "1234-5678", volume="7", issue="2", pages="101-10"
    ),
    dates=Dates(published=PartialDate(2021, 3, 5)),
    doi="10.1000/j_fatigue.7",
    languages=("eng",),
    keywords=("fatigue", "naltrexone"),
)
PAPER = Paper(
    ARTICLE,
    Assessment("31415926", "test", (), DesignLabel("cohort", 0.9, DesignSource.TEXT)),
    NOW,
    ("me-cfs",),
    seed=False,
    gone=False,
)


def test_every_page_of_a_list_can_be_taken_along_in_five_formats(publish: Publish) -> None:
    site = publish()
    for page in (site / "lists").glob("*.html"):
        tree = html.fromstring(page.read_bytes())
        files = [f for f in tree.xpath("//main//a/@href") if "exports/" in f]
        assert [Path(f).name.split(".", 1)[1] for f in files] == [
            "csv",
            "json",
            "ris",
            "bib",
            "csl.json",
        ]
        listed = len({str(h) for h in tree.xpath("//main//ul[@class='lines']//a/@href")})
        texts = [(page.parent / f).read_text(encoding="utf-8") for f in files]
        assert len(list(csv.DictReader(io.StringIO(texts[0])))) == listed, page.name
        assert len(json.loads(texts[1])) == listed
        assert len(rispy.loads(texts[2])) == listed
        assert len(parse_string(texts[3], "bibtex").entries) == listed
        assert len(json.loads(texts[4])) == listed


def test_bibtex_keeps_names_and_signs() -> None:
    (entry,) = parse_string("".join(exports.bibtex([PAPER])), "bibtex").entries.values()
    people = entry.persons["author"]
    assert [str(p) for p in people[:2]] == ["van der Meer, Jos W M", "O'Brien, Ann"]
    assert people[3].last_names == ["{ME/CFS Study Group, and Friends}"]
    assert entry.fields["title"].startswith(
        r"{Fatigue \& \{braces\} 100\% of \textbackslash{}patients\_"
    )
    assert entry.fields["pages"] == "101--10"


def test_ris_is_read_back_with_every_field() -> None:
    (entry,) = rispy.loads("".join(exports.ris([PAPER])))
    assert entry["title"] == ARTICLE.title
    assert entry["authors"][0] == "van der Meer, Jos W M"
    assert (entry["year"], entry["volume"], entry["number"]) == ("2021", "7", "2")
    assert (entry["start_page"], entry["end_page"]) == ("101", "10")
    assert entry["doi"] == ARTICLE.doi


def zotero(tags: list[tuple[str, str]]) -> dict[str, object]:
    """An item as Zotero's Embedded Metadata translator reads it from Highwire tags."""
    fields = {
        "citation_title": "title", "citation_publication_date": "date", "citation_volume": "volume",
        "citation_journal_title": "publicationTitle", "citation_issue": "issue", "citation_doi": "DOI",
        "citation_journal_abbrev": "journalAbbreviation", "citation_public_url": "url",
        "citation_language": "language", "citation_issn": "ISSN",
    }  # fmt: skip
    item: dict[str, object] = {f: c for n, c in tags for t, f in fields.items() if n == t}
    item["itemType"] = "journalArticle" if "publicationTitle" in item else "webpage"
    creators = []
    for _, content in (t for t in tags if t[0] == "citation_author"):
        names = [n.strip() for n in content.split(";")]
        comma = content.split(",")
        if len(names) == 1 and len(comma) > 1 and all(" " in n.strip() for n in comma[:2]):
            names = [n.strip() for n in comma]  # two people, it thinks
        creators += names
    item["creators"] = creators
    pages = [c for n, c in tags if n in {"citation_firstpage", "citation_lastpage"}]
    item["pages"] = "-".join(pages)
    item["extra"] = "".join(f"PMID: {c}" for n, c in tags if n == "citation_pmid")
    return item


def test_zotero_saves_a_page_as_the_article() -> None:
    item = zotero(list(metadata.tags(PAPER, "https://x.example/", "papers/31415926.html")))
    assert item == {
        "itemType": "journalArticle",
        "title": ARTICLE.title,
        "creators": [
            "van der Meer, JWM",
            "O'Brien, Ann",
            "Madonna",
            "ME/CFS Study Group and Friends",
        ],
        "publicationTitle": "Journal of Fatigue",
        "journalAbbreviation": "J Fatigue",
        "ISSN": "1234-5678",
        "date": "2021/03/05",
        "volume": "7",
        "issue": "2",
        "pages": "101-10",
        "DOI": "10.1000/j_fatigue.7",
        "language": "eng",
        "url": "https://pubmed.ncbi.nlm.nih.gov/31415926/",
        "extra": "PMID: 31415926",
    }


def test_the_tags_stand_in_the_head_of_the_page(publish: Publish) -> None:
    site = publish(
        ARTICLE, replace(ARTICLE, pmid="2", title='Low-dose naltrexone "quoted" in ME/CFS')
    )
    tree = html.fromstring((site / "papers" / "2.html").read_bytes())
    names = tree.xpath("/html/head/meta[starts-with(@name, 'citation_')]/@name")
    assert names.count("citation_author") == len(ARTICLE.authors)
    (title,) = tree.xpath("//meta[@name='citation_title']/@content")
    assert title == 'Low-dose naltrexone "quoted" in ME/CFS'


def test_feeds_of_topics_claims_and_mechanisms_hold_what_is_theirs(
    publish: Publish,
    catalog: Catalog,
) -> None:
    site = publish()
    names = {p.stem for p in (site / "feeds").glob("*.xml")}
    assert names >= {f"topic-{t.id}" for t in catalog.topics}
    assert names >= {c.id for c in (*catalog.claims, *catalog.mechanisms)}
    for path in (site / "feeds").glob("*.xml"):
        feed = feedparser.parse(path.read_bytes())
        assert not feed.bozo, path.name
        assert feed.feed.title
        assert all(e.title and e.id and e.updated_parsed for e in feed.entries)
    assert feedparser.parse((site / "feeds/topic-ldn.xml").read_bytes()).entries


def test_the_site_map_names_every_page_at_its_public_address() -> None:
    ((path, content),) = sitemap.sitemap(
        "https://x.example/", ["index.html", "papers/doi-1 2.html"]
    )
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    assert path == "sitemap.xml"
    found = etree.fromstring(content).xpath("//s:url/s:loc/text()", namespaces=space)
    assert found == ["https://x.example/index.html", "https://x.example/papers/doi-1%202.html"]
    assert b"Sitemap: https://x.example/sitemap.xml" in sitemap.robots("https://x.example/")
    assert b"Sitemap" not in sitemap.robots("")


def test_a_very_large_site_has_a_map_of_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "_MOST", 2)
    files = dict(sitemap.sitemap("https://x.example/", ["a", "b", "c"]))
    assert sorted(files) == ["sitemap-1.xml", "sitemap-2.xml", "sitemap.xml"]
    assert b"sitemapindex" in files["sitemap.xml"]


@pytest.mark.parametrize("many", [0, 1, PAGE, 2 * PAGE - 1, 2 * PAGE, 7 * PAGE + 3])
def test_pages_of_a_list_hold_every_paper_once(many: int) -> None:
    listed = ListView("l", "L", tuple(range(many)))  # type: ignore[arg-type]
    parts = [listed.page(n) for n in range(1, listed.pages + 1)]
    assert [x for part in parts for x in part] == list(range(many))
    assert all(len(part) == PAGE for part in parts[1:])
    assert len(parts[0]) < 2 * PAGE
    assert len({listed.name(n) for n in range(1, listed.pages + 1)}) == listed.pages


def test_a_page_of_older_papers_stays_when_new_ones_come() -> None:
    before = ListView("l", "L", tuple(range(1000)))  # type: ignore[arg-type]
    after = ListView("l", "L", (*range(-20, 0), *range(1000)))  # type: ignore[arg-type]
    old = {before.name(n): before.page(n) for n in range(2, before.pages + 1)}
    new = {after.name(n): after.page(n) for n in range(2, after.pages + 1)}
    assert old == new
