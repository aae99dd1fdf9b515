"""What `monitor import` says while it works, and at the end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.store import Store
from tests.bulk.made import OTHER, deletion, record, write, xml


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["import", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_each_of_several_files_gets_a_line_and_labels_made_on_the_way_are_counted(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_DATABASE_URL", store.url)
    first = write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1), record(2), record(3, OTHER)))
    second = write(tmp_path, "pubmed21n0002.xml.gz", xml(record(4), deletion(1)))
    told = said(second, first)
    speed = re.compile(r", [\d,]+ a second")
    assert [speed.sub(", fast", line) for line in told.splitlines()] == [
        "pubmed21n0001.xml.gz: 3 read, 2 kept, 0 withdrawn, fast",
        "pubmed21n0002.xml.gz: 1 read, 1 kept, 1 withdrawn, fast",
        (
            "4 records read, 3 kept (3 new, 0 changed), 1 left out, 0 older than what is held, "
            "1 withdrawn, 0 bad; 3 labelled on the way, 1 after it, 3 taken into the ledger."
        ),
        "The site does not show this yet: `monitor publish` writes it.",
    ]
    again = said(first, second)
    assert "pubmed21n0001.xml.gz: imported before" in again
    assert "0 labelled on the way, 0 after it" in again
    assert "The site" not in again


def test_one_file_gets_the_summary_only(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_DATABASE_URL", store.url)
    only = write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1)))
    summary, reminder = said(only).splitlines()
    assert summary.startswith("1 records read, 1 kept")
    assert "`monitor publish`" in reminder
