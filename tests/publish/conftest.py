"""The site of the embedded sample, written by the whole line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.digest import stage as digest_stage
from monitor.ledger import stage as ledger_stage
from monitor.model import Article
from monitor.publish import stage as publish_stage
from monitor.settings import Settings
from monitor.store import Store, articles
from tests.conftest import NOW, revision

Publish = Callable[..., Path]


@pytest.fixture
def publish(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article], tmp_path: Path
) -> Publish:
    def run(*more: Article, folder: str = "site") -> Path:
        articles.record(store, "ldn", [revision(a) for a in (*sample, *more)])
        assess_stage.assess(store, assessor, NOW)
        ledger_stage.update(store, catalog, NOW)
        settings = Settings(reports_dir=tmp_path / folder)
        digest_stage.make_issue(store, catalog, settings, NOW)
        publish_stage.publish(
            store,
            catalog,
            settings,
            assessor=assessor.version,
            figures=ledger_stage.check_figures,
            weigh=ledger_stage.weigher(catalog),
        )
        return tmp_path / folder

    return run
