"""Killed anywhere, run again: nothing is lost and nothing is told twice."""

from __future__ import annotations

import email
import random
from collections import Counter
from email import policy
from pathlib import Path

import pytest

from monitor.demo.pubmed import PubMedServer
from monitor.store import articles, health, issues, ledger
from tests.end_to_end.conftest import TODAY, Program

SEED = 20260302
KILLS = 30


def killed(program: Program, command: str, after: float) -> bool:
    """Start a command and kill it after some seconds; False when it ended before."""
    process = program.start(command)
    try:
        process.communicate(timeout=after)
    except Exception:  # noqa: BLE001 - the time is up: that is the moment to kill it
        process.kill()
        process.communicate()
        return True
    return False


@pytest.mark.slow
def test_thirty_kills_lose_nothing_and_tell_nothing_twice(
    program: Program, pubmed: PubMedServer, tmp_path: Path
) -> None:
    rng = random.Random(SEED)
    for reader in ("a@example.org", "b@example.org", "c@example.org"):
        program.run("subscribers", "add", reader)
    kills = 0
    while kills < KILLS:
        if kills == KILLS // 2:
            pubmed.today = TODAY
        command = rng.choice(["harvest", "harvest", "digest"])
        kills += killed(program, command, rng.uniform(0.3, 4.0))
    pubmed.today = TODAY
    program.run("harvest")
    # A killed process leaves its mail leased for ten minutes: let them pass.
    with program.store.write() as session:
        session.connection().exec_driver_sql("UPDATE delivery SET leased = NULL")
    program.run("digest")

    perfect = Program(tmp_path / "perfect", dict(program.environ))
    perfect.folder.mkdir()
    perfect.run("init", ".")
    perfect.run("harvest")
    assert articles.held(program.store) == articles.held(perfect.store)
    assert health.faults(program.store) == []
    stands = ledger.balances(program.store)
    assert {c: b.status for c, b in stands.items()} == {
        c: b.status for c, b in ledger.balances(perfect.store).items()
    }

    keys = Counter(e.key for e in ledger.events(program.store))
    assert set(keys.values()) == {1}
    added = {e.pmids[0] for e in ledger.events(perfect.store) if e.kind.value == "paper_added"}
    mine = {e.pmids[0] for e in ledger.events(program.store) if e.kind.value == "paper_added"}
    assert added <= mine  # a paper that was retracted meanwhile was told of before
    assert issues.untold(program.store) == []
    listed = Counter(p.pmid for i in issues.all_issues(program.store) for p in i.papers)
    assert set(listed.values()) <= {1}

    made = {i.number for i in issues.all_issues(program.store)}
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in (program.folder / "outbox").glob("*.eml")
    ]
    assert len(mails) == 3 * len(made)
    assert len({m["Message-ID"] for m in mails}) == len(mails)
    assert issues.delivery_counts(program.store) == {"pending": 0, "sent": len(mails), "failed": 0}
