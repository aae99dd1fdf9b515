"""The program as a user runs it: a process of its own, settings in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from monitor.demo.pubmed import PubMedServer
from monitor.demo.sample import DEMO_WEEK_2, sample_revisions
from monitor.store import Store
from tests.store.conftest import database, postgresql  # noqa: F401 - fixtures


@dataclass
class Program:
    """Runs `monitor` in a folder; `environ` holds its settings."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MONITOR_")}
        return subprocess.Popen(
            [sys.executable, "-m", "monitor", *arguments],
            cwd=self.folder,
            env={**clean, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out + err

    @property
    def store(self) -> Store:
        return Store(f"sqlite:///{self.folder / 'monitor.db'}")

    def use(self, settings: Mapping[str, str]) -> None:
        self.environ |= settings


#: The program reads the real clock, so the sample is moved: its second week ends today.
TODAY = datetime.now(UTC).date()
WEEK_AGO = TODAY - timedelta(days=7)
_MOVE = TODAY - DEMO_WEEK_2


def moved(xml: bytes) -> bytes:
    """A record with all its dates moved."""
    root = etree.fromstring(xml)
    for element in [*root.iter("PubMedPubDate"), *root.iter("DateRevised")]:
        day = date(*(int(element.findtext(t) or 1) for t in ("Year", "Month", "Day"))) + _MOVE
        for tag, value in (("Year", day.year), ("Month", day.month), ("Day", day.day)):
            found = element.find(tag)
            assert found is not None
            found.text = str(value)
    return etree.tostring(root)


@pytest.fixture
def pubmed() -> Iterator[PubMedServer]:
    with PubMedServer(today=WEEK_AGO) as server:
        server.add_all((moved(r.xml), r.visible_from + _MOVE) for r in sample_revisions())
        yield server


@pytest.fixture
def program(tmp_path: Path, pubmed: PubMedServer) -> Program:
    made = Program(tmp_path)
    made.use({"MONITOR_ENTREZ_URL": pubmed.url, "MONITOR_ENTREZ_EMAIL": "test@example.org"})
    made.run("init", ".")
    # init writes an empty address into monitor.toml; the environment wins.
    return made
