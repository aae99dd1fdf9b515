"""What an operator is told, and what happens, after rules or queries changed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from monitor.model import ClaimStatus
from monitor.store import ledger
from tests.end_to_end.conftest import Program


def test_after_an_upgrade_check_tells_of_old_labels_and_reassess_renews_them(
    program: Program,
) -> None:
    program.run("harvest")
    assert "labels: good, by these rules and queries" in program.run("check")
    balances = ledger.balances(program.store)
    claim, before = next((c, b) for c, b in balances.items() if b.status is ClaimStatus.THIN)
    with closing(sqlite3.connect(program.folder / "monitor.db")) as connection, connection:
        connection.execute("UPDATE assessment SET assessor = 'old' WHERE pmid < '2'")
        old = connection.execute("SELECT count(*) FROM assessment WHERE assessor = 'old'")
        (count,) = old.fetchone()
        connection.execute(
            "UPDATE claim SET data = json_set(data, '$.reason', 'As it was said of old.',"
            " '$.status', 'contested', '$.supports', 99) WHERE id = ?",
            [claim],
        )
        connection.execute(
            "UPDATE claim_history SET status = 'contested',"
            " data = json_set(data, '$.status', 'contested')"
            " WHERE claim = ?",
            [claim],
        )
    said = program.run("check")
    assert f"note: {count} papers are labelled by older rules or queries" in said
    assert "`monitor reassess`" in said
    said = program.run("reassess")
    assert f"{count} records labelled" in said
    assert "1 claim told anew by the rules and in the words of this version." in said
    assert ledger.balances(program.store)[claim] == before
    assert "labels: good" in program.run("check")
    assert "0 records labelled, 0 papers" in program.run("reassess")

    told = json.loads(program.run("claims", claim, "--json"))["history"]
    assert told[-1]["cause"] == ""
    assert f"(changed rules) thin: {before.reason}" in program.run("claims", claim)
    program.run("publish")
    (page,) = (program.folder / "reports").glob(f"*/{claim}.html")
    assert "Our rules changed." in page.read_text()


def test_queries_that_are_changed_back_give_the_labels_that_they_gave(program: Program) -> None:
    program.run("harvest")
    before = labels(program)
    cues = program.folder / "queries" / "topics" / "ldn.toml"
    text = cues.read_text()
    cues.write_text(text.replace('title = "', 'title = "Other '))
    assert "records labelled" in program.run("reassess")
    assert labels(program) != before
    cues.write_text(text)
    assert "papers are labelled by older rules or queries" in program.run("check")
    said = program.run("reassess")
    assert f"{len(before)} records labelled, {len(before)} papers" in said
    assert labels(program) == before
    assert "labels: good" in program.run("check")
    assert "sound" in program.run("db", "check")
    assert "0 records labelled, 0 papers" in program.run("reassess")


def labels(program: Program) -> list[tuple[str, int]]:
    """The current labels of each paper, by number."""
    query = "SELECT pmid, assessment_id FROM article WHERE version_id IS NOT NULL ORDER BY pmid"
    with closing(sqlite3.connect(program.folder / "monitor.db")) as connection:
        return [(str(pmid), int(number)) for pmid, number in connection.execute(query)]
