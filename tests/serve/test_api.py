"""The JSON API: filters, pages, validators, errors; and that what is described is what is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
from starlette.testclient import TestClient

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.ledger import stage as ledger_stage
from monitor.model import Article, Stance
from monitor.store import Store, articles, ledger, papers
from tests.conftest import NOW, revision

API = "/api/v1/"


def listed(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    """All papers of a query, page by page, by the links that the answers give."""
    found: list[dict[str, Any]] = []
    at = f"{API}papers?{query}"
    while True:
        answer = client.get(at)
        assert answer.status_code == 200, answer.text
        found += answer.json()["papers"]
        if "link" not in answer.headers:
            assert answer.json()["next"] is None
            return found
        at = urljoin(at, answer.headers["link"].partition(">")[0][1:])


def test_pages_hold_every_paper_once_in_the_order_of_the_site(
    full: TestClient, full_store: Store
) -> None:
    wanted = [p.article.pmid for p in papers.wanted(full_store)]
    for limit in (7, 200):
        assert [p["pmid"] for p in listed(full, f"limit={limit}")] == wanted


def test_filters_agree_with_the_labels(
    full: TestClient, full_store: Store, catalog: Catalog
) -> None:
    everything = list(papers.wanted(full_store))
    for topic in catalog.topics:
        mine = {p.article.pmid for p in everything if topic.id in p.assessment.topics()}
        assert {p["pmid"] for p in listed(full, f"topic={topic.id}")} == mine
    for design in {p.assessment.design.id for p in everything}:
        mine = {p.article.pmid for p in everything if p.assessment.design.id == design}
        assert {p["pmid"] for p in listed(full, f"design={design}")} == mine
    for mechanism in list(catalog.mechanism)[::3]:
        for stance in (None, Stance.SUPPORTS, Stance.REFUTES, Stance.MENTIONS):
            mine = {
                p.article.pmid
                for p in everything
                for c in p.assessment.claims
                if c.mechanism == mechanism and stance in {None, c.stance}
            }
            more = f"&stance={stance.value}" if stance else ""
            assert {p["pmid"] for p in listed(full, f"mechanism={mechanism}{more}")} == mine
    against = {
        p.article.pmid
        for p in everything
        if any(c.stance is Stance.REFUTES for c in p.assessment.claims)
    }
    assert {p["pmid"] for p in listed(full, "stance=refutes")} == against
    assert {p["year"] for p in listed(full, "year=2013")} == {2013}


def test_changed_since_gives_what_changed(
    store: Store, client: TestClient, assessor: Assessor, sample: list[Article]
) -> None:
    wanted = [a for a in sample if assessor.assess(a).topics()][:4]
    for number, article in enumerate(wanted):
        when = NOW + timedelta(days=number)
        articles.record(store, "ldn", [revision(article, when)])
        assess_stage.assess(store, assessor, when)
    held = {p["pmid"]: p["changed"] for p in listed(client)}
    assert len(held) == 4
    query = "changed_since=2026-03-04T06:00:00Z"
    assert {p["pmid"] for p in listed(client, query)} == {a.pmid for a in wanted[2:]}
    later = "changed_since=2026-03-04T08:00:00%2B02:00"
    assert listed(client, later) == listed(client, query)
    assert listed(client, "changed_since=2030-01-01T00:00:00Z") == []


def test_a_paper_tells_its_labels_with_their_passages(full: TestClient, full_store: Store) -> None:
    paper = next(p for p in papers.wanted(full_store) if p.assessment.sample_size)
    found = full.get(f"{API}papers/{paper.article.pmid}").json()
    size = found["labels"]["sample_size"]
    assert size["n"] == found["sample_size"]
    for quote in size["quotes"]:
        text = paper.article.abstract if quote["field"] == "abstract" else paper.article.title
        assert text[quote["start"] : quote["end"]] == quote["text"]
    assert found["authors"] == [a.name for a in paper.article.authors]
    assert "abstract" not in found


def test_papers_that_no_topic_wants_are_not_told(
    store: Store, client: TestClient, assessor: Assessor
) -> None:
    other = Article(pmid="5", title="Bridges of steel", abstract="We built bridges of steel.")
    articles.record(store, "ldn", [revision(other)])
    assess_stage.assess(store, assessor, NOW)
    assert listed(client) == []
    assert client.get(f"{API}papers/5").status_code == 404


def test_a_paper_outside_pubmed_is_found_by_its_doi(
    store: Store, client: TestClient, assessor: Assessor, sample: list[Article]
) -> None:
    seed = replace(sample[0], pmid="doi:10.1000/a/b-c")
    articles.record(store, "ldn", [revision(seed)])
    assess_stage.assess(store, assessor, NOW)
    for address in ("papers/doi:10.1000/a/b-c", "papers/doi%3A10.1000%2Fa%2Fb-c"):
        assert client.get(API + address).json()["pmid"] == seed.pmid


def test_a_claim_tells_its_papers_and_history(full: TestClient, full_store: Store) -> None:
    claim, bearings = max(ledger.bearings(full_store).items(), key=lambda item: len(item[1]))
    found = full.get(f"{API}claims/{claim}").json()
    assert {p["pmid"] for p in found["papers"]} == {b.pmid for b in bearings}
    assert found["history"][-1]["reason"] == found["balance"]["reason"]
    assert all(p["title"] for p in found["papers"])
    assert len(full.get(f"{API}claims").json()["claims"]) == 47


def test_a_claim_is_told_as_it_stood(
    store: Store, client: TestClient, catalog: Catalog, assessor: Assessor, sample: list[Article]
) -> None:
    for number, part in enumerate((sample[:30], sample[30:])):
        when = NOW + timedelta(days=7 * number)
        articles.record(store, "ldn", [revision(a, when) for a in part])
        assess_stage.assess(store, assessor, when)
        ledger_stage.update(store, catalog, when)
    moved = [c for c in ledger.balances(store) if len({h[0] for h in ledger.history(store, c)}) > 1]
    assert moved
    for claim in moved:
        now = client.get(f"{API}claims/{claim}").json()
        then = client.get(f"{API}claims/{claim}?as_of=2026-03-02").json()
        balance = ledger.balances_as_of(store, NOW)[claim]
        assert then["balance"]["reason"] == balance.reason
        assert len(then["history"]) < len(now["history"])
        assert {p["pmid"] for p in then["papers"]} <= {a.pmid for a in sample[:30]}
        before = client.get(f"{API}claims/{claim}?as_of=2020-01-01").json()
        assert (before["status"], before["papers"]) == ("untraced", [])
    everything = client.get(f"{API}claims?as_of=2020-01-01").json()["claims"]
    assert {c["status"] for c in everything} == {"untraced"}


def test_an_issue_is_told_as_it_was_frozen(full: TestClient) -> None:
    (line,) = full.get(f"{API}issues").json()["issues"]
    issue = full.get(f"{API}issues/{line['number']}").json()
    assert len(issue["papers"]) == line["papers"]
    assert {r["topic"] for r in issue["receipts"]} == {"ldn", "me-cfs"}
    assert "secret-host" not in full.get(f"{API}issues/1").text


@pytest.mark.parametrize(
    "path", ["papers?limit=3", "claims", "claims/nk_cell", "issues/1", "openapi.json"]
)
def test_an_answer_that_is_known_is_not_sent_again(full: TestClient, path: str) -> None:
    first = full.get(API + path)
    assert first.status_code == 200
    again = full.get(API + path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = {"if-modified-since": first.headers["last-modified"]}
    assert full.get(API + path, headers=since).status_code == 304
    assert full.get(API + path, headers={"if-none-match": '"x"'} | since).status_code == 200
    assert full.head(API + path).headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=1_0", "limit=%201", "limit=1&limit=2", "year=20x6",
        "year=1", "stance=loves", "topic=", "topic=%00", "design=../x", "unknown=1",
        "changed_since=2026-03-02", "changed_since=2026-03-02T06:00:00", "changed_since=now",
        "changed_since=0001-01-01T00:00:00%2B14:00", "cursor=", "cursor=abc", "cursor=%00",
        "cursor=MjAyNi0wMy0wNg", "cursor=" + "A" * 500,
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_reason(full: TestClient, query: str) -> None:
    answer = full.get(f"{API}papers?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == query.partition("=")[0]
    assert fault["reason"]


@pytest.mark.parametrize(
    "path",
    ["nothing", "papers/abc", "papers/999", "papers/1%00", "papers/" + "1" * 400, "claims/nothing",
     "issues/0", "issues/99", "issues/one", "issues/" + "9" * 40, "papers/%F0%9F%92%A9"],
)  # fmt: skip
def test_what_is_not_there_is_told_as_a_problem(full: TestClient, path: str) -> None:
    answer = full.get(API + path)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_only_reading_is_allowed_from_anywhere(full: TestClient) -> None:
    refused = full.post(f"{API}papers")
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert refused.headers["content-type"] == "application/problem+json"
    origin = {"origin": "https://elsewhere.example"}
    answer = full.get(f"{API}papers?limit=1", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    asked = origin | {"access-control-request-method": "GET"}
    assert full.options(f"{API}papers", headers=asked).status_code == 200
    asked["access-control-request-method"] = "POST"
    assert full.options(f"{API}papers", headers=asked).status_code == 400
    assert "access-control-allow-origin" not in full.get("/healthz", headers=origin).headers


def test_a_hostile_record_stays_text(
    store: Store, client: TestClient, assessor: Assessor, catalog: Catalog, sample: list[Article]
) -> None:
    evil = 'Naltrexone</script><script>alert(1)</script>","stance":"refutes","mechanism":"nk_cell'
    record = replace(sample[0], pmid="77", title=evil)
    articles.record(store, "ldn", [revision(record)])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    answer = client.get(f"{API}papers/77")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["title"] == evil
    own = {(c.mechanism, c.stance) for c in assessor.assess(record).claims}
    assert ("nk_cell", Stance.REFUTES) not in own
    assert listed(client, "mechanism=nk_cell&stance=refutes") == []
