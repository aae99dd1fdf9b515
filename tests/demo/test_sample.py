"""The embedded sample is what its README says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from lxml import etree

from monitor.demo.sample import ABRIDGED, DEMO_WEEK_1, DEMO_WEEK_2, sample_revisions

ORDER = [
    "PMID", "DateRevised", "Article", "MedlineJournalInfo", "CommentsCorrectionsList",
    "MeshHeadingList",
]  # fmt: skip


def revisions() -> list[tuple[str, etree._Element]]:
    return [(r.pmid, etree.fromstring(r.xml)) for r in sample_revisions()]


def test_there_are_sixty_real_papers_or_more() -> None:
    pmids = Counter(r.pmid for r in sample_revisions())
    assert len(pmids) >= 60
    assert all(pmid.isdigit() for pmid in pmids)
    assert sorted(n for n in pmids.values() if n > 1) == [2, 2, 2, 2, 2]


def test_every_abstract_says_that_it_is_abridged() -> None:
    for pmid, root in revisions():
        abstract = root.find(".//Abstract")
        if abstract is not None:
            assert abstract.findtext("CopyrightInformation") == ABRIDGED, pmid
            assert len(" ".join(abstract.itertext())) > 150, pmid


def test_the_elements_stand_in_the_order_of_the_dtd() -> None:
    for pmid, root in revisions():
        tags = [child.tag for child in root[0]]
        assert tags == sorted(tags, key=ORDER.index), pmid


def test_there_is_news_in_both_weeks() -> None:
    week = timedelta(days=7)
    days = [r.visible_from for r in sample_revisions()]
    assert sum(DEMO_WEEK_1 - week < day <= DEMO_WEEK_1 for day in days) >= 3
    assert sum(DEMO_WEEK_1 < day <= DEMO_WEEK_2 for day in days) >= 8


def test_the_kinds_that_readers_should_meet_are_there() -> None:
    types: Counter[str] = Counter()
    links: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    without = 0
    for _, root in revisions():
        types.update(e.text or "" for e in root.iterfind(".//PublicationType"))
        links.update(e.get("RefType", "") for e in root.iterfind(".//CommentsCorrections"))
        languages.update(e.text or "" for e in root.iterfind(".//Language"))
        without += root.find(".//Abstract") is None
    wanted = {
        "Randomized Controlled Trial", "Systematic Review", "Case Reports", "Preprint", "Letter",
        "Clinical Trial Protocol", "Retracted Publication", "Retraction of Publication",
        "Published Erratum", "Review",
    }  # fmt: skip
    assert wanted <= set(types)
    assert {"RetractionIn", "RetractionOf", "ErratumIn", "UpdateIn"} <= set(links)
    assert len(languages) >= 2
    assert without >= 4


def test_no_two_abstracts_share_a_sentence() -> None:
    seen: dict[str, str] = {}
    for pmid, root in revisions():
        for element in root.iterfind(".//AbstractText"):
            for sentence in (element.text or "").split(". "):
                if len(sentence) > 60:
                    assert seen.setdefault(sentence, pmid) == pmid
