"""Backups, restoring, and moving a database: what comes out is what went in, or nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.digest import stage as digest_stage
from monitor.errors import StoreError
from monitor.ledger import stage as ledger_stage
from monitor.model import Article, Subscriber
from monitor.settings import Settings
from monitor.store import (
    Store,
    articles,
    backup_files,
    backups,
    copying,
    health,
    notices,
    schema,
    subscribers,
)
from tests.conftest import NOW, revision

Maker = Callable[[], Store]


@pytest.fixture
def filled(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article], tmp_path: Path
) -> Store:
    """A database in which every stage has written."""
    articles.record(store, "ldn", [revision(a) for a in sample[:8]])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    subscribers.add(store, Subscriber(0, "a@example.org", NOW - timedelta(days=1)))
    settings = Settings(outbox_dir=tmp_path / "outbox")
    digest_stage.make_issue(store, catalog, settings, NOW)
    digest_stage.deliver(store, catalog, settings, lambda: NOW)
    notices.add(store, "subject", "µ – ’", NOW)
    return store


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without tables, of each kind that is here."""
    if request.param == "sqlite":
        made = Store(f"sqlite:///{tmp_path / 'other.db'}")
    else:
        made = Store(request.getfixturevalue("database")())
    yield made
    made.close()


def sums(store: Store) -> copying.Sums:
    with copying.snapshot(store) as reader:
        return copying.sums_of(reader)


def test_a_copy_holds_every_row_and_counts_on(filled: Store, empty: Store) -> None:
    copied = copying.copy(filled, empty)
    assert copied == sums(filled) == sums(empty)
    assert copied["article"].rows == 8
    assert copied["delivery"].rows == 1
    assert health.faults(empty) == []
    before = {r.id for r in subscribers.everyone(empty)}
    reader, new = subscribers.add(empty, Subscriber(0, "b@example.org", NOW))
    assert new
    assert reader.id not in before


def test_a_target_that_holds_something_is_left_alone(filled: Store, empty: Store) -> None:
    schema.upgrade(empty)
    notices.add(empty, "mine", "kept", NOW)
    with pytest.raises(StoreError, match="not empty .table operator_notice"):
        copying.copy(filled, empty)
    assert [n[2] for n in notices.waiting(empty)] == ["mine"]
    assert sums(empty)["article"].rows == 0


def test_a_copy_that_fails_leaves_an_empty_target(filled: Store, empty: Store) -> None:
    def broken(done: int, total: int) -> None:
        if done > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy(filled, empty, broken)
    assert all(s.rows == 0 for s in sums(empty).values())
    copying.copy(filled, empty)


def test_a_row_that_was_changed_on_the_way_is_noticed(filled: Store) -> None:
    wanted = sums(filled)
    with filled.write() as session:
        session.connection().exec_driver_sql("UPDATE article SET title = 'x' WHERE pmid = '1'")
        session.connection().exec_driver_sql(
            "UPDATE article SET title = title || '.' WHERE pmid = (SELECT min(pmid) FROM article)"
        )
    with pytest.raises(StoreError, match="table article holds rows that differ"):
        copying.compare(wanted, sums(filled), "here")


def test_a_backup_brings_everything_back(filled: Store, tmp_path: Path) -> None:
    wanted = sums(filled)
    file = tmp_path / "backup.db"
    rows = backups.backup(filled, file)
    assert rows["article"] == 8
    assert file.stat().st_mode & 0o077 == 0
    subscribers.remove(filled, "a@example.org")
    notices.add(filled, "later", "", NOW)
    before = file.read_bytes()
    assert backups.restore(file, filled) == wanted == sums(filled)
    assert file.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir() if "backup" in p.name) == ["backup.db"]
    assert health.faults(filled) == []


def test_a_backup_of_one_kind_is_restored_into_the_other(
    filled: Store, empty: Store, tmp_path: Path
) -> None:
    backups.backup(filled, tmp_path / "backup.db")
    backups.restore(tmp_path / "backup.db", empty)
    assert sums(empty) == sums(filled)


def test_a_backup_is_of_one_moment_while_others_write(filled: Store, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            notices.add(filled, f"notice {number}", "", NOW)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backups.backup(filled, tmp_path / f"{number}.db")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        assert backups.verify(tmp_path / f"{number}.db")["article"] == 8


@pytest.mark.parametrize("damage", ["cut", "zeros", "no database"])
def test_a_damaged_backup_is_refused_and_nothing_changed(
    filled: Store, tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "backup.db"
    backups.backup(filled, file)
    whole = bytearray(file.read_bytes())
    if damage == "cut":
        whole = whole[: len(whole) // 2]
    elif damage == "zeros":
        whole[8192 : len(whole) // 2] = bytes(len(whole) // 2 - 8192)
    else:
        whole = bytearray(b"not a database at all " * 1000)
    file.write_bytes(whole)
    wanted = sums(filled)
    with pytest.raises(StoreError, match=r"backup\.db: it is no sound backup"):
        backups.restore(file, filled)
    assert sums(filled) == wanted


def test_a_backup_of_an_unknown_schema_is_refused(filled: Store, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    backups.backup(filled, file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version"):
        backups.restore(file, filled)


def test_a_file_that_is_there_is_not_written_over(filled: Store, tmp_path: Path) -> None:
    file = tmp_path / "precious.db"
    file.write_text("precious")
    with pytest.raises(StoreError, match="there is such a file already"):
        backups.backup(filled, file)
    assert file.read_text() == "precious"


def test_a_place_that_cannot_be_written_is_told_as_such(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(StoreError, match="the backup cannot be written"):
        backups.backup(filled, tmp_path / "taken" / "monitor.db")


def test_the_oldest_backups_make_room(tmp_path: Path) -> None:
    for day in range(5):
        (tmp_path / backup_files.name(NOW + timedelta(days=day))).write_text("")
    (tmp_path / "mine.db").write_text("")
    gone = backup_files.rotate(tmp_path, keep=2)
    assert [p.name for p in gone] == [backup_files.name(NOW + timedelta(days=d)) for d in range(3)]
    assert backup_files.newest(tmp_path) == tmp_path / backup_files.name(NOW + timedelta(days=4))
    assert (tmp_path / "mine.db").exists()
