"""After an upgrade claims are told by the rules and in the words of the new version."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import update

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.ledger import stage, status
from monitor.model import Article, ClaimStatus
from monitor.store import Store, articles
from monitor.store import ledger as rows
from monitor.store.codec import encode
from monitor.store.tables import ClaimRow
from tests.conftest import NOW, revision


@pytest.fixture
def taken_in(store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article]) -> Store:
    articles.record(store, "ldn", [revision(a) for a in sample])
    assess_stage.assess(store, assessor, NOW)
    stage.update(store, catalog, NOW)
    return store


def test_what_this_version_told_stays_as_it_is(taken_in: Store, catalog: Catalog) -> None:
    before = rows.balances(taken_in)
    assert stage.restate(taken_in, catalog, NOW) == 0
    rows.record(taken_in, [], NOW)  # the sums are forgotten: they are added up anew
    assert stage.restate(taken_in, catalog, NOW) == 0
    assert rows.balances(taken_in) == before


def test_a_sentence_of_older_words_is_told_in_new_ones_and_is_no_change_of_the_claim(
    taken_in: Store, catalog: Catalog
) -> None:
    claim, before = next(iter(rows.balances(taken_in).items()))
    history = rows.history(taken_in, claim)
    old = encode(replace(before, reason="As it was said of old."))
    with taken_in.write() as session:
        session.exec(update(ClaimRow).where(ClaimRow.id == claim).values(data=old))
    assert stage.restate(taken_in, catalog, NOW) == 1
    assert rows.balances(taken_in)[claim] == before
    assert rows.history(taken_in, claim) == history


def test_a_status_by_new_rules_goes_into_the_history_without_a_paper(
    taken_in: Store, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, before = next(
        (c, b) for c, b in rows.balances(taken_in).items() if b.status is ClaimStatus.THIN
    )
    monkeypatch.setattr(status, "LEAST_GROUPS", 0)
    monkeypatch.setattr(status, "LEAST_POINTS", 0.0)
    assert stage.restate(taken_in, catalog, NOW) >= 1
    after = rows.balances(taken_in)[claim]
    assert after.status is not ClaimStatus.THIN
    assert rows.history(taken_in, claim)[-1] == (NOW, "", after)
    assert replace(after, status=before.status, reason=before.reason) == before
    assert stage.restate(taken_in, catalog, NOW) == 0
