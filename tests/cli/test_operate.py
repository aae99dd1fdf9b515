"""`monitor init` and `monitor check`: a folder to work in, and what is wrong there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def test_what_holds_addresses_and_keys_is_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (
        ["init", "."],
        ["subscribers", "add", "reader@example.org"],
        ["db", "backup", "b.db"],
    ):
        assert CliRunner().invoke(app, words).exit_code == 0
    for name in ("monitor.db", "monitor.toml", "b.db"):
        assert mode(tmp_path / name) == "-rw-------"


def test_again_it_leaves_everything_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", "."]).exit_code == 0
    (tmp_path / "monitor.db").chmod(0o660)  # a group shares it
    before = (tmp_path / "monitor.toml").read_text()
    assert CliRunner().invoke(app, ["init", "."]).exit_code == 0
    assert (tmp_path / "monitor.toml").read_text() == before
    assert mode(tmp_path / "monitor.db") == "-rw-rw----"


def test_check_names_the_queries_that_are_not_as_this_version_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", "."]).exit_code == 0
    assert "other than this version" not in CliRunner().invoke(app, ["check"]).stdout
    with (tmp_path / "queries" / "cues.toml").open("a") as file:
        file.write("# edited\n")
    told = CliRunner().invoke(app, ["check"]).stdout
    assert "queries: other than this version brings (edited, or older): cues.toml\n" in told


def test_check_reads_the_schedules_that_only_the_daemon_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", "."]).exit_code == 0
    monkeypatch.setenv("MONITOR_BACKUP_SCHEDULE", "daily 25:00")
    done = CliRunner().invoke(app, ["check"])
    assert "MONITOR_BACKUP_SCHEDULE: 'daily 25:00' is not like" in str(done.exception)
