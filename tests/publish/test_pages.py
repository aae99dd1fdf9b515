"""Pages, feeds and exports from a real store."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
import rispy
from pybtex.database import parse_string

from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.ledger import stage as ledger_stage
from monitor.ledger.status import Tally
from monitor.model import Article, Author, Journal, Link, Paper, PublicationType
from monitor.publish import exports
from monitor.publish import stage as publish_stage
from monitor.publish.views.moves import Weigh
from monitor.settings import Settings
from monitor.store import Store, papers
from tests.publish.conftest import Publish

EVIL = Article(
    "123456",
    '<script>alert(1)</script> "Low-dose naltrexone" & </title> in ME/CFS',
    "Ten patients with ME/CFS took low-dose naltrexone <script>alert(2)</script>. Fatigue improved.",
    authors=(Author(last_name="O'<b>Brien", initials="X"),),
    journal=Journal("J & <i>Sons</i>"),
)


def test_a_script_in_a_title_is_text_on_every_page(publish: Publish) -> None:
    site = publish(EVIL)
    pages = [p.read_text(encoding="utf-8") for p in site.rglob("*.html")]
    assert any("&lt;script&gt;alert(1)" in page for page in pages)
    for page in pages:
        assert "<script>alert" not in page
        assert "<b>Brien" not in page
    index = (site / "static" / "search-index.js").read_text(encoding="utf-8")
    assert json.loads(index.removeprefix("window.EVIDENCE_INDEX=").rstrip(";\n"))


def test_a_retracted_paper_has_a_banner_and_counts_for_nothing(
    publish: Publish, sample: list[Article]
) -> None:
    paper = next(a for a in sample if a.pmid == "36015078")
    gone = replace(paper, publication_types=(PublicationType("Retracted Publication"),))
    site = publish(gone)
    assert "This paper was retracted" in (site / "papers/36015078.html").read_text()
    claim = (site / "mechanisms/coagulation.html").read_text()
    assert "Counts for nothing" in claim


def test_every_wanted_paper_has_a_page_and_stands_in_a_list(publish: Publish, store: Store) -> None:
    site = publish()
    listed = "".join(p.read_text() for p in (site / "lists").glob("design-*.html"))
    for paper in papers.wanted(store):
        name = f"papers/{paper.article.pmid}.html"
        assert (site / name).exists()
        assert name in listed


def test_every_claim_and_mechanism_has_a_page(publish: Publish, catalog: Catalog) -> None:
    site = publish()
    for claim in catalog.claims:
        assert (site / "claims" / f"{claim.id}.html").exists()
    for mechanism in catalog.mechanisms:
        assert (site / "mechanisms" / f"{mechanism.id}.html").exists()
    assert (
        "No abstract that we hold states this figure"
        in (site / "claims" / "case-94.html").read_text()
    )


def test_the_same_store_gives_the_same_bytes(
    publish: Publish, store: Store, catalog: Catalog, assessor: Assessor, tmp_path: Path
) -> None:
    first = publish()
    settings = Settings(reports_dir=tmp_path / "again")
    publish_stage.publish(
        store,
        catalog,
        settings,
        assessor=assessor.version,
        figures=ledger_stage.check_figures,
        weigh=ledger_stage.weigher(catalog),
    )
    names = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert names
    for name in names:
        assert (first / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_every_issue_is_a_page_and_an_entry(publish: Publish) -> None:
    site = publish()
    feed = feedparser.parse((site / "feeds" / "issues.xml").read_bytes())
    assert not feed.bozo
    pages = {p.name for p in (site / "issues").glob("[0-9]*.html")}
    assert pages
    assert {e.id.rpartition("/")[2] for e in feed.entries} == pages
    assert feed.entries[0].title == "Issue 1: the state of the evidence"
    assert "feeds/issues.xml" in (site / "issues" / "index.html").read_text()


def test_feeds_parse_and_name_every_event_once(publish: Publish) -> None:
    site = publish()
    feed = feedparser.parse((site / "feeds" / "all.xml").read_bytes())
    assert not feed.bozo
    ids = [e.id for e in feed.entries]
    assert ids
    assert len(ids) == len(set(ids))


def wanted(store: Store) -> list[Paper]:
    return list(papers.wanted(store))


def test_exports_are_read_by_the_programs_they_are_for(publish: Publish, store: Store) -> None:
    publish(EVIL)
    found = wanted(store)
    titles = {p.article.title for p in found}
    rows = list(csv.DictReader(io.StringIO("".join(exports.as_csv(found)))))
    assert {r["title"] for r in rows} == titles
    assert len([json.loads(line) for line in exports.jsonl(found)]) == len(found)
    references = rispy.loads("".join(exports.ris(found)))
    assert len(references) == len(found)
    library = parse_string("".join(exports.bibtex(found)), "bibtex")
    assert len(library.entries) == len(found)


def test_a_cell_never_starts_a_formula(store: Store, publish: Publish) -> None:
    publish(replace(EVIL, title="=HYPERLINK(1) low-dose naltrexone in ME/CFS"))
    rows = csv.DictReader(io.StringIO("".join(exports.as_csv(wanted(store)))))
    assert any(r["title"].startswith("'=HYPERLINK") for r in rows)


def test_a_build_on_top_of_an_old_one_gives_the_bytes_of_a_fresh_one(
    publish: Publish, store: Store, catalog: Catalog, assessor: Assessor, tmp_path: Path
) -> None:
    site = publish()
    linked = Link("CommentOn", "123456")
    later = replace(EVIL, pmid="123457", title="Low-dose naltrexone in ME/CFS", links=(linked,))
    publish(later)
    before = (site / "papers/123457.html").read_bytes()
    publish(EVIL)
    assert (site / "papers/123457.html").read_bytes() != before  # its comment has a page now
    publish(folder="fresh")
    names = {p.relative_to(site) for p in site.rglob("*") if p.is_file()}
    assert names == {
        p.relative_to(tmp_path / "fresh") for p in (tmp_path / "fresh").rglob("*") if p.is_file()
    }
    for name in names:
        assert (site / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes(), name


def test_where_a_claim_would_stand_is_computed_only_when_its_papers_change(
    publish: Publish, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def weigher(catalog: Catalog) -> Weigh:
        def weigh(claim: str) -> Tally:
            asked.append(claim)
            return Tally(claim)

        return weigh

    monkeypatch.setattr(ledger_stage, "weigher", weigher)
    publish()
    assert sorted(asked) == sorted([*catalog.claim, *catalog.mechanism])
    asked.clear()
    publish()
    assert asked == []
    publish(replace(EVIL, title="Low-dose naltrexone blocks Toll-like receptor 4 in ME/CFS"))
    assert 0 < len(asked) < len(catalog.claims)


def test_a_memo_that_cannot_be_read_is_made_again(publish: Publish, tmp_path: Path) -> None:
    site = publish()
    before = {p: p.read_bytes() for p in site.rglob("*") if p.is_file()}
    (tmp_path / ".site.build" / "memo.db").write_bytes(b"no database at all" * 100)
    publish()
    assert {p: p.read_bytes() for p in site.rglob("*") if p.is_file()} == before
