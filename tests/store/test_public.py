"""The copy of the database for readers: all we know of papers, nothing of people."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

from sqlmodel import SQLModel

from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.digest import stage as digest_stage
from monitor.ledger import stage as ledger_stage
from monitor.model import Article, Author, Subscriber
from monitor.settings import Settings
from monitor.store import Store, articles, notices, public, subscribers
from tests.conftest import NOW, revision

#: Decided one by one; a new table belongs into one of the two.
SHOWN = set(
    "article article_version article_topic assessment bearing claim claim_history event event_paper "
    "harvest_run issue issue_event".split()
)
KEPT_IN = set(
    "bad_record ledger_paper unobtainable subscriber delivery request_slot operator_notice".split()
)
ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+\.[\w.-]+")


def fill(store: Store, sample: list[Article], catalog: Catalog, assessor: Assessor) -> None:
    first, *rest = sample
    address = "Somewhere. Electronic address: a.b@clinic.example.org."
    author = Author(last_name="Someone", initials="A", affiliations=(address,))
    papers = [replace(first, authors=(author,)), *rest]
    subscribers.add(store, Subscriber(0, "secret.reader@example.org", NOW, topics=("ldn",)))
    articles.record(store, "me-cfs", [revision(a) for a in papers])
    assess_stage.assess(store, assessor, NOW)
    ledger_stage.update(store, catalog, NOW)
    digest_stage.make_issue(store, catalog, Settings(), NOW)
    notices.add(store, "about secret.reader@example.org", "a body", NOW)


def test_it_holds_no_address_and_no_table_of_readers(
    store: Store, sample: list[Article], catalog: Catalog, assessor: Assessor, tmp_path: Path
) -> None:
    fill(store, sample, catalog, assessor)
    path = tmp_path / "readers.db"
    public.write(store, path, abstracts=False)
    assert ADDRESS.findall(path.read_bytes()) == []
    with sqlite3.connect(path) as copy:
        names = {n for (n,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == SHOWN


def test_every_table_was_decided_on() -> None:
    assert set(SQLModel.metadata.tables) >= SHOWN
    assert set(SQLModel.metadata.tables) >= KEPT_IN


def test_whole_abstracts_stay_out_unless_the_operator_shows_them(
    store: Store, sample: list[Article], catalog: Catalog, assessor: Assessor, tmp_path: Path
) -> None:
    fill(store, sample, catalog, assessor)
    shown, hidden = tmp_path / "shown.db", tmp_path / "hidden.db"
    public.write(store, shown, abstracts=True)
    public.write(store, hidden, abstracts=False)
    have = "SELECT count(*) FROM article WHERE json_extract(data, '$.abstract') > ''"
    xml = "SELECT count(*) FROM article_version WHERE length(xml) > 0"
    with sqlite3.connect(hidden) as copy:
        assert copy.execute(have).fetchone() == (0,)
        assert copy.execute(xml).fetchone() == (0,)
    with sqlite3.connect(shown) as copy:
        assert copy.execute(have).fetchone() == (sum(1 for a in sample if a.abstract),)


def test_its_views_answer_questions_in_words(
    store: Store, sample: list[Article], catalog: Catalog, assessor: Assessor, tmp_path: Path
) -> None:
    fill(store, sample, catalog, assessor)
    path = tmp_path / "readers.db"
    public.write(store, path, abstracts=False)
    with sqlite3.connect(path) as copy:
        copy.row_factory = sqlite3.Row
        paper = copy.execute("SELECT * FROM paper WHERE pmid = '36015078'").fetchone()
        claims = copy.execute("SELECT * FROM mechanism_claim WHERE pmid = '36015078'").fetchall()
        statuses = copy.execute("SELECT status, reason FROM claim_status").fetchall()
        assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
    assert paper["design"]
    assert {c["mechanism"] for c in claims} >= {"coagulation"}
    assert all(c["quote"] for c in claims)
    assert statuses
    assert all(s["reason"] for s in statuses)


def test_the_same_database_gives_the_same_bytes(
    store: Store, sample: list[Article], catalog: Catalog, assessor: Assessor, tmp_path: Path
) -> None:
    fill(store, sample, catalog, assessor)
    for name in ("one.db", "two.db"):
        public.write(store, tmp_path / name, abstracts=False)
    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "two.db").read_bytes()
