"""The docs name every command and setting, and nothing in the project names what it must not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from monitor.cli import app
from monitor.settings import Settings

ROOT = Path(__file__).parent.parent


def test_every_setting_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    for name in Settings.model_fields:
        assert f"`MONITOR_{name.upper()}`" in text


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    for name in get_command(app).commands:  # type: ignore[attr-defined]
        assert f"monitor {name}" in text


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "queries/README.md"])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    place = ROOT / name
    for link in re.findall(r"\]\(([^)#]+)\)", place.read_text()):
        if not link.startswith("http"):
            assert (place.parent / link).exists(), link


def test_no_file_names_a_registry_or_a_home_folder() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    names = [n for n in listed.split("\0") if n and not n.endswith((".npz", ".gz"))]
    banned = re.compile(
        r"pypi\.org/simple|files\.pythonhosted|registry\.npmjs|--index-url|/home/\w"
    )
    for name in names:
        path = ROOT / name
        if path != Path(__file__) and path.is_file():
            assert not banned.search(path.read_text(encoding="utf-8", errors="ignore")), name
