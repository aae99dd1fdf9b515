"""An issue that was caught up late, shortly before the next one is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner

from monitor.catalog import Catalog
from monitor.cli import app
from monitor.digest import stage
from monitor.model import Article
from monitor.schedule.times import parse
from monitor.settings import Settings
from monitor.store import Store, issues

Told = Callable[[list[Article], datetime], None]

SUNDAYS = parse("sun 02:45", "Europe/Berlin", "DIGEST_SCHEDULE")
SATURDAY = datetime(2026, 12, 5, 15, tzinfo=UTC)
SUNDAY = SUNDAYS.next(SATURDAY)


def news(sample: list[Article], pmid: str) -> list[Article]:
    return [replace(sample[0], pmid=pmid, title=f"{sample[0].title} {pmid}")]


def test_what_comes_right_after_a_late_issue_waits_for_the_one_after(
    store: Store, catalog: Catalog, settings: Settings, sample: list[Article], told: Told
) -> None:
    assert SATURDAY + timedelta(hours=11) > SUNDAY
    assert stage.make_issue(store, catalog, settings, SATURDAY, apart=SUNDAYS.apart)
    told(news(sample, "90000001"), SUNDAY)
    waiting = issues.untold(store)
    assert waiting
    assert not stage.make_issue(store, catalog, settings, SUNDAY, apart=SUNDAYS.apart)
    assert issues.untold(store) == waiting
    after = stage.make_issue(
        store, catalog, settings, SUNDAY + timedelta(days=7), apart=SUNDAYS.apart
    )
    assert after is not None
    assert [p.pmid for p in after.papers] == ["90000001"]


@pytest.mark.parametrize(("command", "made"), [(("run", "--job", "digest"), 1), (("digest",), 2)])
def test_the_schedule_leaves_out_what_a_hand_does_not(
    command: tuple[str, ...],
    made: int,
    store: Store,
    sample: list[Article],
    told: Told,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", store.url)
    monkeypatch.setenv("MONITOR_DIGEST_SCHEDULE", "sun 02:45")
    said = []
    for moment in (SATURDAY, SUNDAY):
        told(news(sample, f"9000000{moment.day}"), moment)
        with time_machine.travel(moment, tick=False):
            said.append(CliRunner().invoke(app, list(command)))
    assert [s.exit_code for s in said] == [0, 0], said[-1].output
    assert len(issues.all_issues(store)) == made
    assert ("stands for this one" in said[-1].output) is (made == 1)
