"""A store with the sample taken in, and settings that write into a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.ledger import stage as ledger_stage
from monitor.model import (
    Article,
)
from monitor.settings import Settings
from monitor.store import Store, articles
from tests.conftest import NOW, revision


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(outbox_dir=tmp_path / "outbox", mail_from="Monitor <m@example.org>")


@pytest.fixture
def told(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article]
) -> Callable[[list[Article], datetime], None]:
    """Takes articles through assess and ledger."""

    def take(found: list[Article], when: datetime) -> None:
        known = articles.articles(store, [a.pmid for a in found])
        articles.record(store, "ldn", [revision(a, when, known.get(a.pmid)) for a in found])
        assess_stage.assess(store, assessor, when)
        ledger_stage.update(store, catalog, when)

    take(sample, NOW)
    return take
