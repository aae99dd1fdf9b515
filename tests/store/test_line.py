"""Assess, ledger, digest and publish over each database: the same papers, the same answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from alembic import command

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.digest import stage as digest_stage
from monitor.digest.delivery import Outcome
from monitor.ledger import stage as ledger_stage
from monitor.model import Article, Subscriber
from monitor.publish import stage as publish_stage
from monitor.settings import Settings
from monitor.store import Store, articles, health, issues, ledger, papers, schema, subscribers
from tests.conftest import NOW, revision


def test_the_line_over_this_database(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article], tmp_path: Path
) -> None:
    articles.record(store, "ldn", [revision(a) for a in sample])
    assert assess_stage.assess(store, assessor, NOW) == len(sample)
    assert ledger_stage.update(store, catalog, NOW) == len(sample)
    assert ledger_stage.update(store, catalog, NOW) == 0
    settings = Settings(reports_dir=tmp_path / "site", outbox_dir=tmp_path / "outbox")
    subscribers.add(store, Subscriber(0, "a@example.org", NOW - timedelta(days=1)))
    made = digest_stage.make_issue(store, catalog, settings, NOW)
    assert made is not None
    assert digest_stage.deliver(store, catalog, settings, lambda: NOW) == {Outcome.SENT: 1}
    written = publish_stage.publish(
        store,
        catalog,
        settings,
        assessor=assessor.version,
        figures=ledger_stage.check_figures,
        weigh=ledger_stage.weigher(catalog),
    )
    assert written.files > 150
    assert health.faults(store) == []
    assert issues.untold(store) == []
    assert papers.counts(store)["articles"] == len(sample)
    stands = ledger.balances(store)
    assert stands == ledger.balances_as_of(store, NOW)
    newest = [p.article.dates.created for p in papers.wanted(store)]
    assert newest == sorted(newest, key=lambda d: str(d or ""), reverse=True)
    assert subscribers.remove(store, "a@example.org")
    assert issues.delivery_counts(store)["sent"] == 0


def test_the_ledger_is_the_same_in_batches_of_any_size(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article]
) -> None:
    ordered = sorted(sample, key=lambda a: (str(a.dates.created or ""), len(a.pmid), a.pmid))
    for at in range(0, len(ordered), 17):
        articles.record(store, "ldn", [revision(a) for a in ordered[at : at + 17]])
        assess_stage.assess(store, assessor, NOW)
        ledger_stage.update(store, catalog, NOW)
    in_parts = {e.key for e in ledger.events(store)}
    stands = ledger.balances(store)
    with store.write() as session:
        for name in ("issue_event", "event_paper", "event", "bearing", "claim", "claim_history"):
            session.connection().exec_driver_sql(f"DELETE FROM {name}")
        session.connection().exec_driver_sql("DELETE FROM ledger_paper")
    ledger_stage.update(store, catalog, NOW)
    assert {e.key for e in ledger.events(store)} == in_parts
    assert ledger.balances(store) == stands


def test_sums_of_claims_are_made_anew_after_a_migration_and_tell_the_same(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article]
) -> None:
    articles.record(store, "ldn", [revision(a) for a in sample[:30]])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    groups = {(c, b.pmid): b.group for c, found in ledger.bearings(store).items() for b in found}
    sums = ledger.tallies(store)
    assert all(sums.values())
    settings = schema.config()
    with store.engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0003")
    schema.upgrade(store)
    assert set(ledger.tallies(store).values()) == {""}
    with store.read() as session:
        rows = session.connection().exec_driver_sql("SELECT claim, pmid, group_name FROM bearing")
        assert {(claim, pmid): name for claim, pmid, name in rows} == groups
    articles.record(store, "ldn", [revision(a) for a in sample[30:]])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    weigh = ledger_stage.weigher(catalog)
    for claim, stands in ledger.balances(store).items():
        scale = weigh(claim)
        for bearing in ledger.bearings(store, [claim])[claim]:
            scale.add(bearing)
        assert scale.balance() == stands
    assert any(ledger.tallies(store).values())
    ledger.record(store, [], NOW)
    assert set(ledger.tallies(store).values()) == {""}
