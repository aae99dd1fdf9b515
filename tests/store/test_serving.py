"""What the web service asks of the store, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.ledger import stage as ledger_stage
from monitor.model import Article, Receipt, RunState, Stance, Subscriber
from monitor.serve.context import Web
from monitor.settings import Settings
from monitor.store import Store, articles, limiter, listing, numbers, papers, runs, subscribers
from monitor.store.listing import Place, Wanted
from monitor.tokens import Signer
from tests.conftest import NOW, revision
from tests.serve.conftest import SECRET, SITE, ask


def _run(store: Store, topic: str, state: RunState, hours: int) -> None:
    at = NOW + timedelta(hours=hours)
    receipt = Receipt(
        topic=topic, query="q", query_hash="h", state=state, started=at,
        finished=at + timedelta(minutes=5), since=at.date(), until=at.date(),
    )  # fmt: skip
    runs.finish(store, runs.start(store, receipt), receipt, {})


def test_pages_and_filters_are_the_same_on_each_database(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article]
) -> None:
    assert listing.page(store, Wanted(), None, 5) == []
    assert listing.last_change(store) is None
    articles.record(store, "ldn", [revision(a) for a in sample])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    everything = list(papers.wanted(store))
    order = [p.article.pmid for p in everything]
    found: list[str] = []
    after: Place | None = None
    while part := listing.page(store, Wanted(), after, 11):
        found += [x.paper.article.pmid for x in part]
        after = part[-1].place
    assert found == order
    for wanted, right in (
        (Wanted(topic="me-cfs"), [p for p in everything if "me-cfs" in p.assessment.topics()]),
        (Wanted(year=2013), [p for p in everything if p.article.year == 2013]),
        (
            Wanted(stance=Stance.SUPPORTS),
            [p for p in everything if any(c.stance == "supports" for c in p.assessment.claims)],
        ),
        (
            Wanted(mechanism="nk_cell"),
            [p for p in everything if any(c.mechanism == "nk_cell" for c in p.assessment.claims)],
        ),
        (Wanted(mechanism="nk%cell"), []),
        (Wanted(changed_since=NOW), everything),
        (Wanted(changed_since=NOW + timedelta(seconds=1)), []),
    ):
        got = [x.paper.article.pmid for x in listing.page(store, wanted, None, 500)]
        assert got == [p.article.pmid for p in right], wanted
    first = listing.one(store, order[0])
    assert first is not None
    assert (first.paper.article.pmid, first.changed) == (order[0], NOW)
    assert listing.one(store, "999") is None
    assert listing.page(store, Wanted(), Place(date(1700, 1, 1), "1"), 5) == []
    assert listing.last_change(store) == NOW


def test_counts_for_those_who_watch(store: Store) -> None:
    _run(store, "ldn", RunState.GOOD, 0)
    _run(store, "ldn", RunState.FAILED, 24)
    _run(store, "ldn", RunState.FAILED, 48)
    _run(store, "me-cfs", RunState.FAILED, 0)
    found = numbers.harvest_runs(store)
    assert found["ldn"].last_good == NOW + timedelta(minutes=5)
    assert found["ldn"].ended == {"good": 1, "failed": 2}
    assert found["me-cfs"].last_good is None
    subscribers.add(store, Subscriber(0, "a@example.org", NOW))
    subscribers.add(store, Subscriber(0, "b@example.org", NOW, suspended=True))
    assert numbers.subscribers(store) == {"confirmed": 1, "unconfirmed": 0, "suspended": 1}
    assert numbers.untold(store) == 0
    assert numbers.last_issue(store) is None
    assert numbers.database_bytes(store) > 10_000


def test_something_happens_once_in_its_time_whoever_asks(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(limiter.once, store, "confirm:x", 1000.0, 60.0) for _ in range(8)]
        assert sorted(a.result() for a in asked) == [False] * 7 + [True]
    assert not limiter.once(store, "confirm:x", 1059.0, 60.0)
    assert limiter.once(store, "confirm:y", 1059.0, 60.0)
    assert limiter.once(store, "confirm:x", 1060.0, 60.0)
    limiter.forget_before(store, "confirm:", 1119.0)
    assert not limiter.once(store, "confirm:x", 1100.0, 60.0)
    assert limiter.once(store, "confirm:y", 1100.0, 60.0)


def test_the_service_answers_over_each_database(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article], tmp_path: Path
) -> None:
    articles.record(store, "ldn", [revision(a) for a in sample[:20]])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    settings = Settings.model_validate(
        {"site_url": SITE, "secret_key": SECRET, "outbox_dir": tmp_path / "outbox"}
    )
    client = ask(Web(settings, store, catalog, now=lambda: NOW))
    first = client.get("/api/v1/papers?limit=3").json()
    assert len(first["papers"]) == 3
    following = client.get(f"/api/v1/papers?limit=3&cursor={first['next']}").json()
    assert not {p["pmid"] for p in first["papers"]} & {p["pmid"] for p in following["papers"]}
    for path, code in (
        ("papers?changed_since=2026-03-02T06:00:00Z&stance=supports&year=2020", 200),
        (f"papers/{first['papers'][0]['pmid']}", 200),
        ("papers/1%00", 404),
        ("claims?as_of=0001-01-01", 200),
        ("claims?as_of=9999-12-31", 200),
        ("claims/nk_cell?as_of=2026-03-02", 200),
        ("issues/999999999", 404),
        ("issues", 200),
        ("papers?changed_since=9999-12-31T23:59:59Z", 200),
        ("papers?changed_since=0001-01-01T00:00:00Z", 200),
    ):
        assert client.get(f"/api/v1/{path}").status_code == code, path
    assert "monitor_up 1.0" in client.get("/metrics").text
    assert client.get("/healthz").json()["checks"][0]["status"] == "pass"
    signer = Signer(SECRET)
    joins = Subscriber(0, "a@example.org", NOW)
    assert client.post(f"/c/{signer.confirm(joins, NOW)}").status_code == 200
    (reader,) = subscribers.everyone(store)
    chosen = client.post(f"/p/{signer.choices(reader)}", data={"often": "monthly"})
    assert "Saved" in chosen.text
    gone = client.post(f"/u/{signer.leave(reader)}", data={"List-Unsubscribe": "One-Click"})
    assert gone.status_code == 200
    assert subscribers.everyone(store) == []
