"""Disks that are full or read-only, a database that is locked: a sentence, and nothing lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.demo.pubmed import PubMedServer
from monitor.errors import StoreError
from monitor.store import Store, articles, backups, health, notices, schema, sqlite
from tests.conftest import NOW
from tests.end_to_end.conftest import Program


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


class Disk:
    """A small disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, kilobytes: int) -> None:
        assert mount("-o", f"remount,size={kilobytes}k", str(self.folder))

    def read_only(self, yes: bool) -> None:
        assert mount("-o", f"remount,{'ro' if yes else 'rw'}", str(self.folder))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)):
        pytest.skip("a disk can only be mounted by root")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture
def on_disk(disk: Disk, program: Program) -> Program:
    """The program with its database on the small disk, empty."""
    program.use({"MONITOR_DATABASE_URL": f"sqlite:///{disk.folder}/monitor.db"})
    program.run("db", "upgrade")
    return program


def opened(disk: Disk) -> Store:
    return Store(f"sqlite:///{disk.folder}/monitor.db")


def test_a_full_disk_is_told_and_what_was_stored_stays(
    disk: Disk, on_disk: Program, pubmed: PubMedServer
) -> None:
    used = sum(p.stat().st_size for p in disk.folder.iterdir()) // 1024
    disk.size(used + 120)
    out = on_disk.run("harvest", code=1)
    assert "free some space" in out
    assert "Traceback" not in out
    disk.size(64_000)
    assert health.faults(opened(disk)) == []
    on_disk.run("harvest")
    assert len(articles.held(opened(disk))) == 60
    assert "sound" in on_disk.run("db", "check")


def test_a_backup_that_does_not_fit_leaves_nothing_behind(disk: Disk, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/big.db")
    schema.upgrade(store)
    notices.add(store, "long", "x" * 3_000_000, NOW)
    disk.size(1000)
    with pytest.raises(StoreError, match=r"kept\.db: .*(full|space)"):
        backups.backup(store, disk.folder / "kept.db")
    assert list(disk.folder.iterdir()) == []
    store.close()


def test_a_disk_that_cannot_be_written_is_told(disk: Disk, on_disk: Program) -> None:
    disk.read_only(True)
    for command in (("harvest",), ("run", "--once"), ("run", "--job", "backup")):
        out = on_disk.run(*command, code=1)
        assert "writable" in out
        assert "Traceback" not in out
    disk.read_only(False)
    on_disk.run("harvest")
    assert health.faults(opened(disk)) == []


def test_a_locked_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0)
    first, second = (Store(f"sqlite:///{tmp_path}/monitor.db") for _ in range(2))
    schema.upgrade(first)
    with first.write() as session:
        session.connection()  # a write begins with its first statement
        with pytest.raises(StoreError, match="another process holds it; try again"):
            notices.add(second, "subject", "", NOW)
    notices.add(second, "subject", "", NOW)
    assert len(notices.waiting(first)) == 1
    first.close()
    second.close()
