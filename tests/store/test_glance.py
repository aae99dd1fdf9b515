"""The quick look of `monitor status` sees what the store's own functions see, on every database."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.errors import StoreError
from monitor.model import (
    Article,
    BadRecord,
    Issue,
    JobState,
    Receipt,
    RunState,
    Subscriber,
)
from monitor.store import Store, articles, issues, jobs, notices, papers, runs, subscribers
from monitor.store.codec import encode
from monitor.store.glance import glance
from tests.conftest import NOW, revision

HOUR = timedelta(hours=1)
DAY = NOW.date()
RECEIPT = Receipt("ldn", "naltrexone", "q", RunState.RUNNING, NOW, None, DAY, DAY)


def fill(store: Store, assessor: Assessor, sample: list[Article]) -> None:
    """Something in every place at which the glance looks."""
    articles.record(store, "ldn", [revision(a) for a in sample])
    articles.record_bad(store, "ldn", [BadRecord("99", "cut off", b"<x")], NOW)
    assess_stage.assess(store, assessor, NOW)
    for number, (topic, state, error) in enumerate(
        (
            ("ldn", RunState.GOOD, ""),
            ("ldn", RunState.FAILED, "PubMed is away."),
            ("me-cfs", RunState.GOOD, ""),
        )
    ):
        begun = replace(RECEIPT, topic=topic, started=NOW + number * HOUR)
        run = runs.start(store, begun)
        runs.finish(store, run, replace(begun, state=state, error=error, finished=NOW + HOUR), {})
    for job, ended in (("harvest", JobState.FAILED), ("harvest", JobState.GOOD), ("backup", None)):
        number = jobs.start(store, job, "r", NOW)
        if ended:
            jobs.finish(store, number, ended, "", NOW + HOUR)
    for name in "abc":
        subscribers.add(store, Subscriber(0, f"{name}@example.org", NOW, confirmed=name != "c"))
    first, second = (r.id for r in subscribers.everyone(store) if r.confirmed)
    made = Issue(number=1, made=NOW + HOUR, since=None, until=NOW, first=True)
    issues.create(store, made, [], [(first, "<1@x>"), (second, "<2@x>")])
    one, _ = issues.due(store, NOW + 2 * HOUR, 9)
    issues.mark_sent(store, one.id, NOW + 2 * HOUR, [])
    notices.add(store, "harvest: failed", "PubMed is away.", NOW)


def test_it_sees_what_the_store_sees(
    store: Store, assessor: Assessor, sample: list[Article]
) -> None:
    fill(store, assessor, sample)
    seen = glance(store.engine.url.render_as_string(hide_password=False))
    assert (seen.url, seen.schema) == (store.url, store.revision())
    assert seen.receipts == {t: json.loads(encode(r)) for t, r in runs.last(store).items()}
    assert set(seen.receipts) == {"ldn", "me-cfs"}
    assert seen.good == {
        t: r.started for t in ("ldn", "me-cfs") if (r := runs.last_good(store, t)) is not None
    }
    assert seen.good["ldn"] == NOW
    assert seen.jobs == jobs.last(store)
    assert seen.papers == papers.counts(store)
    assert all(seen.papers[k] for k in ("articles", "wanted", "excluded", "unreadable"))
    assert seen.issue == issues.latest_made(store)
    assert (
        seen.deliveries == issues.delivery_counts(store) == {"pending": 1, "sent": 1, "failed": 0}
    )
    assert seen.readers == subscribers.count(store) == 2
    assert seen.notices == len(notices.waiting(store)) == 1


def test_an_empty_database_is_seen_too(store: Store) -> None:
    seen = glance(store.engine.url.render_as_string(hide_password=False))
    assert (seen.receipts, seen.jobs, seen.issue, seen.readers) == ({}, {}, None, 0)


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite:///{}?timeout=5"])
def test_what_cannot_be_looked_at_is_told_alike(url: str, tmp_path: Path) -> None:
    """Through the standard library and through SQLAlchemy."""
    (tmp_path / "text.db").write_text("This is no database at all." * 99, encoding="utf-8")
    for path, said in (
        (tmp_path / "new.db", "holds no tables yet: run `monitor db upgrade`"),
        (tmp_path / "text.db", "MONITOR_DATABASE_URL names another kind of file"),
        (tmp_path / "away" / "new.db", "check that the folder exists"),
    ):
        with pytest.raises(StoreError, match=said):
            glance(url.format(path))


def test_status_needs_no_sqlalchemy(tmp_path: Path) -> None:
    code = (
        "import sys; from monitor.store.glance import glance; from monitor.errors import StoreError\n"
        "try: glance('sqlite:///x.db')\n"
        "except StoreError as e: print(e)\n"
        "print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "holds no tables yet" in done.stdout
    assert done.stdout.endswith("False\n")
