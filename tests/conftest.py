"""Fixtures that several rooms use: a real store, the real catalog, the sample as articles."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import catalog as catalogs
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.demo.sample import DEMO_WEEK_1, sample_revisions
from monitor.harvest import changes
from monitor.harvest.records import Parsed, read_records
from monitor.model import Article, Revision
from monitor.settings import packaged_queries
from monitor.store import Store, schema

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    schema.upgrade(made)
    yield made
    made.close()


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return catalogs.load(packaged_queries())


@pytest.fixture(scope="session")
def assessor(catalog: Catalog) -> Assessor:
    return Assessor(catalog)


@pytest.fixture(scope="session")
def sample() -> list[Article]:
    """The papers of the embedded sample as they are in the first week."""
    parsed = (
        next(iter(read_records(io.BytesIO(b"<PubmedArticleSet>" + r.xml + b"</PubmedArticleSet>"))))
        for r in sample_revisions()
        if r.visible_from <= DEMO_WEEK_1
    )
    return [p.article for p in parsed if isinstance(p, Parsed)]


def revision(article: Article, when: datetime = NOW, before: Article | None = None) -> Revision:
    changed, told = changes.compare(before, article)
    return Revision(article, b"<x/>", changes.digest(article), when, changed, told)
