"""The database commands as an operator types them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from monitor.demo.pubmed import PubMedServer
from monitor.store import articles
from tests.end_to_end.conftest import Program


def test_a_backup_is_made_kept_and_restored(program: Program, pubmed: PubMedServer) -> None:
    program.use({"MONITOR_BACKUP_KEEP": "1"})
    program.run("harvest")
    held = articles.held(program.store)
    program.run("db", "backup", "first.db")
    assert "there is such a file already" in program.run("db", "backup", "first.db", code=1)
    assert "verified" in program.run("db", "backup")
    (kept,) = (program.folder / "backups").iterdir()
    with program.store.write() as session:
        session.connection().exec_driver_sql("DELETE FROM article_topic")
    program.run("db", "restore", str(kept), code=130)  # nobody said yes
    assert "verified" in program.run("db", "restore", str(kept), "--yes")
    assert articles.held(program.store, "me-cfs") | articles.held(program.store, "ldn") == held
    assert "sound" in program.run("db", "check")


def test_a_database_that_is_not_sound_is_code_1_with_record_and_cause(program: Program) -> None:
    program.run("harvest")
    with closing(sqlite3.connect(program.folder / "monitor.db")) as connection, connection:
        connection.execute("UPDATE article SET data = '{' WHERE pmid = '20798047'")
        connection.execute("ALTER TABLE article DROP COLUMN journal")
    out = program.run("db", "check", code=1)
    assert "sqlite:///monitor.db: article 20798047: data cannot be read: " in out
    assert "journal" in out
    assert "Traceback" not in out


def test_a_database_is_moved(program: Program) -> None:
    program.run("subscribers", "add", "reader@example.org")
    assert "complete and verified" in program.run("db", "copy", "monitor.db", "moved.db")
    assert "not empty" in program.run("db", "copy", "monitor.db", "moved.db", code=1)
    program.use({"MONITOR_DATABASE_URL": "sqlite:///moved.db"})
    assert "reader@example.org" in program.run("subscribers", "list")
