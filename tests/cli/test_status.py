"""What `monitor status` says to people; what it knows is tested with the store and the schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.model import JobRun, JobState, Subscriber
from monitor.store import Store, jobs, notices, subscribers


@pytest.fixture(autouse=True)
def work(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", store.url)


def told() -> list[str]:
    return CliRunner().invoke(app, ["status"]).stdout.splitlines()


def test_lines_are_sentences_and_count_in_words(store: Store) -> None:
    now = datetime.now(UTC)
    jobs.note(store, JobRun("harvest", "r", JobState.FAILED, now, now, "PubMed did not answer."))
    subscribers.add(store, Subscriber(0, "r@example.org", now))
    notices.add(store, "harvest failed", "PubMed did not answer.", now)
    lines = told()
    assert "ldn: never harvested" in lines
    (harvest,) = (line for line in lines if line.startswith("Job harvest"))
    assert ": PubMed did not answer; next " in harvest
    assert "Digest: none yet, 1 reader" in lines
    assert lines[-1] == "1 notice waits for the operator's mail"


@pytest.mark.parametrize(("hours", "doubted"), [(1, False), (72, True)])
def test_a_job_that_runs_for_too_long_is_doubted(store: Store, hours: int, doubted: bool) -> None:
    jobs.start(store, "harvest", "r", datetime.now(UTC) - timedelta(hours=hours))
    (line,) = (line for line in told() if line.startswith("Job harvest: running"))
    assert ("it was killed, if nobody does it" in line) is doubted
