"""Commands on SQLite do without the packages of PostgreSQL; a PostgreSQL URL says what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_WITHOUT = (
    "import sys; sys.modules |= dict.fromkeys(('psycopg', 'procrastinate'));"
    "from monitor.cli import main; main()"
)


def _without_postgresql(
    folder: Path, *arguments: str, url: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT, *arguments],
        cwd=folder,
        env={"MONITOR_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_sqlite_is_checked_without_the_driver_of_postgresql(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    for arguments in (["db", "upgrade"], ["check"], ["worker"]):
        done = _without_postgresql(tmp_path, *arguments, url=url)
        assert "Unexpected" not in done.stderr
    assert "the queue needs PostgreSQL" in done.stderr
    done = _without_postgresql(tmp_path, "check", url=url)
    assert (done.returncode, "database: good" in done.stdout) == (0, True)


def test_postgresql_without_its_driver_says_what_to_install(tmp_path: Path) -> None:
    for command in (["check"], ["status"], ["worker"]):
        done = _without_postgresql(tmp_path, *command, url="postgresql://u@127.0.0.1/m")
        assert done.returncode == 2, done.stderr
        assert "pip install 'evidence-monitor[" in done.stderr
