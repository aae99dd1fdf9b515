"""Fixtures that several rooms use: a real store, the real catalog, the sample as articles."""

from __future__ import annotations

import io
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from monitor import catalog as catalogs
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.demo.sample import DEMO_WEEK_1, sample_revisions
from monitor.harvest import changes
from monitor.harvest.records import Parsed, read_records
from monitor.model import Article, Revision
from monitor.settings import packaged_queries
from monitor.store import Store, schema

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command run in this process sets up logging for a stream that is closed after it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. One a process: Playwright keeps an event loop running in this thread."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: apt-get install chromium")
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def in_a_thread(work: Callable[[], object]) -> None:
    """Do something in a thread of its own, where no event loop runs; its fault is ours."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as fault:  # noqa: BLE001 - handed on
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
