"""The threat model names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text()))
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert named
    assert named <= written


def test_every_threat_names_a_test() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    rows = [r for r in text.splitlines() if r.startswith("| ") and not r.startswith("| threat")]
    assert rows
    assert [r for r in rows if "`test_" not in r] == []
