"""`db check`: each kind of damage is found, with the record and the cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.model import Article
from monitor.store import Store, articles, health
from tests.conftest import NOW, revision


@pytest.fixture
def labelled(store: Store, assessor: Assessor, sample: list[Article]) -> Store:
    articles.record(store, "ldn", [revision(a) for a in sample[:6]])
    assess_stage.assess(store, assessor, NOW)
    assert health.faults(store) == []
    return store


def damage(store: Store, *statements: str) -> None:
    """Write past all constraints, as a fault of the disk or of a person would."""
    with store.engine.connect() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
        connection.invalidate()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM article_version WHERE id = 1", "its current revision is not stored"),
        (
            "DELETE FROM article WHERE pmid = (SELECT min(pmid) FROM article)",
            "it refers to article ",
        ),
        (
            "UPDATE article SET version_id = 2 WHERE version_id = 1",
            "its current revision is not stored",
        ),
        ("DELETE FROM assessment WHERE id = 3", "its current labels are not stored"),
        ("UPDATE article SET data = '{' WHERE version_id = 1", ": data cannot be read"),
        ("UPDATE article_version SET changes = '[1]' WHERE id = 2", "article_version 2: changes"),
        ("UPDATE assessment SET data = '' WHERE id = 1", "assessment 1: data cannot be read"),
    ],
)
def test_damage_is_found_with_its_record(labelled: Store, statement: str, said: str) -> None:
    damage(labelled, statement)
    found = health.faults(labelled)
    assert any(said in fault for fault in found), found


def test_broken_xml_is_found(labelled: Store) -> None:
    blob = "x'00ff'" if labelled.is_sqlite else "'\\x00ff'::bytea"
    damage(labelled, f"UPDATE article_version SET xml = {blob} WHERE id = 4")
    assert [f for f in health.faults(labelled) if "article_version 4: xml cannot be read" in f]


def test_a_quote_that_no_longer_matches_is_found(labelled: Store) -> None:
    damage(labelled, "UPDATE article SET data = replace(data, 'altrexone', 'alOxone')")
    assert [f for f in health.faults(labelled) if "a quote no longer matches" in f]


def test_a_page_that_went_bad_is_found_and_nothing_raises(
    assessor: Assessor, sample: list[Article], tmp_path: Path
) -> None:
    from monitor.store import schema

    file = tmp_path / "pages.db"
    store = Store(f"sqlite:///{file}")
    schema.upgrade(store)
    articles.record(store, "ldn", [revision(a) for a in sample])
    store.close()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
        connection.exec_driver_sql("BEGIN")
    store.close()
    whole = bytearray(file.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 8192] = bytes(8192)
    file.write_bytes(whole)
    found = health.faults(Store(f"sqlite:///{file}"))
    assert any("SQLite" in f or "malformed" in f or "cannot be read" in f for f in found)
