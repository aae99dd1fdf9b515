"""The program on PostgreSQL, with workers as processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.demo.pubmed import PubMedServer
from tests.end_to_end.conftest import Program, pubmed
from tests.store.conftest import database, postgresql

__all__ = ["database", "postgresql", "pubmed"]


@pytest.fixture
def program(tmp_path: Path, pubmed: PubMedServer, database: Callable[[], str]) -> Program:
    made = Program(tmp_path)
    made.use(
        {
            "MONITOR_DATABASE_URL": database(),
            "MONITOR_ENTREZ_URL": pubmed.url,
            "MONITOR_ENTREZ_EMAIL": "test@example.org",
            "MONITOR_WORKER_TIMEOUT": "6",
        }
    )
    made.run("db", "upgrade")
    return made
