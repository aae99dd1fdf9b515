"""Each way in which PubMed was seen to fail is recognised; none is taken for silence."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date

import pytest

from monitor.demo.pubmed import PubMedServer, Response
from monitor.errors import PubMedError, PubMedRefusedError
from monitor.harvest.entrez import Patience, PubMed
from monitor.harvest.records import Parsed
from tests.demo.test_pubmed_server import record
from tests.fakes.pubmed import FAULTS, Scripted, impolite

KEY = "0123456789abcdef0123456789abcdef0123"
QUICK = Patience(attempts=4, deadline=20, first_pause=0.001, longest_pause=0.01)


class NoWait:
    """A limiter that does not wait, and counts."""

    calls = 0

    def acquire(self) -> None:
        self.calls += 1


@pytest.fixture
def server() -> Iterator[PubMedServer]:
    with PubMedServer(today=date(2024, 6, 1)) as running:
        for pmid in range(1, 8):
            running.add(record(pmid, f"naltrexone {pmid}"))
        yield running


@pytest.fixture
def pubmed(server: PubMedServer) -> Iterator[PubMed]:
    client = PubMed(server.url, "me@example.org", NoWait(), api_key=KEY, patience=QUICK)
    yield client
    client.close()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_passing_failure_of_search_is_tried_again(
    name: str, server: PubMedServer, pubmed: PubMed
) -> None:
    server.fault = Scripted([name, name])
    assert pubmed.search("naltrexone").count == 7
    assert pubmed.requests == 3


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"bad gateway"}))
def test_a_passing_failure_of_fetch_is_tried_again(
    name: str, server: PubMedServer, pubmed: PubMed
) -> None:
    server.fault = Scripted([name])
    assert len(pubmed.fetch(["1", "2"])) == 2


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_lasting_failure_is_an_error_and_never_nothing(
    name: str, server: PubMedServer, pubmed: PubMed
) -> None:
    server.fault = Scripted([name] * 20)
    with pytest.raises(PubMedError, match="no usable answer|could not deliver") as failed:
        pubmed.search("naltrexone")
    assert KEY not in str(failed.value)
    assert "203.0.113.7" not in str(failed.value)


def test_a_batch_that_is_too_much_is_halved(server: PubMedServer, pubmed: PubMed) -> None:
    server.fault = Scripted(["bad gateway"])
    found = pubmed.fetch([str(p) for p in range(1, 8)])
    assert {r.article.pmid for r in found if isinstance(r, Parsed)} == set("1234567")
    assert pubmed.requests == 3


def test_half_an_answer_is_no_answer(server: PubMedServer, pubmed: PubMed) -> None:
    whole = server.answer  # the first answer is cut in the middle of a record
    half = b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version='1'>1</PMID>"
    server.fault = lambda request, number: Response(200, half) if number == 1 else None
    assert len(pubmed.fetch(["1", "2"])) == 2
    assert whole is not None
    assert pubmed.requests == 2


def test_what_pubmed_does_not_hold_is_left_out(pubmed: PubMed) -> None:
    assert pubmed.fetch(["999"]) == []
    assert len(pubmed.fetch(["1", "999"])) == 1


def test_a_wrong_request_is_refused_at_once(pubmed: PubMed) -> None:
    with pytest.raises(PubMedRefusedError, match="Empty term"):
        pubmed.search("")
    assert pubmed.requests == 1


def test_an_unknown_field_is_told(pubmed: PubMed) -> None:
    assert pubmed.search("naltrexone[tiabb]").fields_unknown == ("tiabb",)


def test_an_unknown_phrase_is_a_warning(server: PubMedServer, pubmed: PubMed) -> None:
    server.unknown = frozenset({"naltrexon"})
    assert pubmed.search("naltrexon OR naltrexone").warnings == ("PhraseNotFound: naltrexon",)


def test_it_is_polite_and_keeps_the_key_out_of_urls_and_logs(
    server: PubMedServer, pubmed: PubMed, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        pubmed.search("naltrexone")
        pubmed.fetch(["1"])
    assert impolite(server, per_second=100) == []
    assert all(r.method == "POST" and not r.query_string for r in server.requests)
    assert server.requests[0].parameters["api_key"] == KEY
    assert KEY not in caplog.text
