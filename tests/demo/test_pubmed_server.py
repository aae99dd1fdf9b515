"""The small PubMed answers as the real one was seen to answer."""

from __future__ import annotations

import gzip
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import date

import pytest
from lxml import etree

from monitor.demo.pubmed import PubMedServer


def record(pmid: int, title: str, created: str = "2024/01/02", **more: str) -> bytes:
    year, month, day = created.split("/")
    mesh = "".join(
        f"<MeshHeading><DescriptorName>{h}</DescriptorName></MeshHeading>"
        for h in more.get("mesh", "").split(";")
        if h
    )
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{pmid}</PMID>
<DateRevised><Year>{year}</Year><Month>{month}</Month><Day>{day}</Day></DateRevised>
<Article><Journal><JournalIssue><PubDate><Year>{year}</Year></PubDate></JournalIssue>
<Title>Journal of Tests</Title></Journal><ArticleTitle>{title}</ArticleTitle>
<Abstract><AbstractText>{more.get("abstract", "")}</AbstractText></Abstract></Article>
<MeshHeadingList>{mesh}</MeshHeadingList>
<KeywordList><Keyword>{more.get("keyword", "")}</Keyword></KeywordList></MedlineCitation>
<PubmedData><History><PubMedPubDate PubStatus="entrez"><Year>{year}</Year><Month>{month}</Month>
<Day>{day}</Day></PubMedPubDate></History></PubmedData></PubmedArticle>""".encode()


@pytest.fixture
def server() -> Iterator[PubMedServer]:
    with PubMedServer(today=date(2024, 6, 1)) as running:
        yield running


def ask(server: PubMedServer, endpoint: str, **parameters: str) -> bytes:
    body = urllib.parse.urlencode({"db": "pubmed", **parameters}).encode()
    with urllib.request.urlopen(server.url + endpoint + ".fcgi", body) as answer:
        return answer.read()


def ids(server: PubMedServer, term: str, **parameters: str) -> list[str]:
    root = etree.fromstring(ask(server, "esearch", term=term, **parameters))
    return [e.text for e in root.iterfind("IdList/Id")]


def test_words_phrases_and_operators_are_read_from_left_to_right(server: PubMedServer) -> None:
    server.add(record(1, "Chronic fatigue syndrome in adults"))
    server.add(record(2, "Fatigue, chronic, in a syndrome"))
    server.add(record(3, "Low-dose naltrexone", keyword="fibromyalgia"))
    assert ids(server, '"chronic fatigue syndrome"[tiab]') == ["1"]
    assert ids(server, "chronic fatigue syndrome") == ["2", "1"]
    assert ids(server, '"chronic fatigue syndrome"[tiab:~2]') == ["2", "1"]
    assert ids(server, "fatigu*[ti] NOT adults[ti]") == ["2"]
    assert ids(server, "fatigue[tiab] OR naltrexone[tiab] AND fibromyalgia[tiab]") == ["3"]
    assert ids(server, "fatigue[tiab] OR (naltrexone[tiab] AND adults[tiab])") == ["2", "1"]
    assert ids(server, '"low dose naltrexone"[tiab]') == ["3"]


def test_mesh_is_the_whole_heading(server: PubMedServer) -> None:
    server.add(record(1, "One", mesh="Fatigue Syndrome, Chronic"))
    server.add(record(2, "Two", mesh="Fatigue"))
    assert ids(server, '"Fatigue Syndrome, Chronic"[Mesh]') == ["1"]
    assert ids(server, "fatigue[mesh]") == ["2"]


def test_date_ranges_and_uid_ranges(server: PubMedServer) -> None:
    for pmid, created in ((1, "2024/01/01"), (2, "2024/02/15"), (3, "2024/03/01")):
        server.add(record(pmid, "naltrexone", created))
    assert ids(server, "naltrexone AND 2024/01/15:2024/02/28[crdt]") == ["2"]
    assert ids(server, "naltrexone AND 2024/02:2024/03[crdt]") == ["3", "2"]
    assert ids(server, "naltrexone AND 1:2[uid]") == ["2", "1"]
    window = {"datetype": "edat", "mindate": "2024/01/01", "maxdate": "2024/01/02"}
    assert ids(server, "naltrexone", **window) == []
    assert ids(server, "naltrexone", mindate="2024/01/01") == ["3", "2", "1"]


def test_twenty_ids_unless_more_are_asked_for(server: PubMedServer) -> None:
    for pmid in range(1, 31):
        server.add(record(pmid, "naltrexone"))
    assert len(ids(server, "naltrexone")) == 20
    assert len(ids(server, "naltrexone", retmax="1000")) == 30
    assert ids(server, "naltrexone", retmax="5", retstart="28") == ["2", "1"]


def test_past_the_ceiling_is_an_error_in_a_good_answer(server: PubMedServer) -> None:
    server.add(record(1, "naltrexone"))
    answer = ask(server, "esearch", term="naltrexone", retstart="9999")
    assert "cannot be larger than 9998" in etree.fromstring(answer).findtext("ERROR", "")


def test_an_unknown_field_is_ignored_and_named(server: PubMedServer) -> None:
    server.add(record(1, "naltrexone"))
    root = etree.fromstring(ask(server, "esearch", term="naltrexone[tiabb]"))
    assert root.findtext("Count") == "1"
    assert root.findtext("ErrorList/FieldNotFound") == "tiabb"


def test_a_record_shows_its_revision_of_the_day_and_can_go(server: PubMedServer) -> None:
    server.add(record(1, "First words"), date(2024, 1, 1))
    server.add(record(1, "Second thoughts"), date(2024, 6, 8))
    server.delete(1, date(2024, 6, 20))
    assert b"First words" in ask(server, "efetch", id="1", retmode="xml")
    assert ids(server, "second") == []
    server.today = date(2024, 6, 8)
    assert b"Second thoughts" in ask(server, "efetch", id="1", retmode="xml")
    assert ids(server, "first") == []
    server.today = date(2024, 6, 20)
    assert b"is not available" in ask(server, "efetch", id="1", retmode="xml")


def test_efetch_keeps_the_order_and_leaves_out_what_it_lacks(server: PubMedServer) -> None:
    server.add(record(1, "One"))
    server.add(record(2, "Two"))
    root = etree.fromstring(ask(server, "efetch", id="2,77,1", retmode="xml"))
    assert [e.text for e in root.iterfind(".//PMID")] == ["2", "1"]


def test_too_many_requests_are_refused_in_json() -> None:
    with PubMedServer(today=date(2024, 6, 1), limit=3) as server:
        for _ in range(3):
            ask(server, "esearch", term="naltrexone")
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(server, "esearch", term="naltrexone")
        assert refused.value.code == 429
        assert refused.value.headers["Retry-After"] == "2"
        assert json.load(refused.value)["error"] == "API rate limit exceeded"
        time.sleep(1.01)
        ask(server, "esearch", term="naltrexone")


def test_answers_are_compressed_when_asked(server: PubMedServer) -> None:
    server.add(record(1, "One"))
    url = server.url + "efetch.fcgi?db=pubmed&id=1&retmode=xml"
    asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert b"<PMID" in gzip.decompress(answer.read())
