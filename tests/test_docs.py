"""The docs name every command and setting, and nothing in the project names what it must not."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

from monitor.cli import app
from monitor.settings import Settings

ROOT = Path(__file__).parent.parent


def test_every_setting_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    for name in Settings.model_fields:
        assert f"`MONITOR_{name.upper()}`" in text


def test_every_command_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    for name, _ in write_commands().commands(get_command(app), "monitor"):
        assert f"## `{name}`" in text, "run `make commands`"


def test_every_metric_is_in_the_docs() -> None:
    source = (ROOT / "monitor" / "serve" / "metrics.py").read_text()
    names = set(re.findall(r'"(monitor_[a-z_]+)"', source))
    assert len(names) > 8
    text = (ROOT / "docs" / "watch.md").read_text()
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_every_page_of_the_docs_is_in_their_table_of_contents() -> None:
    listed = set(re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text()))
    operating = {"install", "configure", "upgrade", "backup", "recover", "topics", "troubleshoot"}
    assert {f"{name}.md" for name in operating} <= listed
    for name in listed:
        assert (ROOT / "docs" / name).exists(), name


def test_the_containers_run_commands_that_exist_and_all_are_shut_in_alike() -> None:
    services = import_module("yaml").safe_load((ROOT / "compose.yaml").read_text())["services"]
    ours = {n: s for n, s in services.items() if s["image"] == services["monitor"]["image"]}
    assert set(ours) == {"monitor", "web", "worker"}
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for service in ours.values():
        command = service["command"]
        words = command.split() if isinstance(command, str) else command
        assert words[0] in commands
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["environment"] == ours["monitor"]["environment"]
    assert ours["worker"]["profiles"] == ["queue"]  # it is for those who run the queue


def test_the_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert len(pictures) == 2
    assert all(p.stat().st_size < 150_000 for p in pictures)


def write_commands() -> ModuleType:
    path = ROOT / "deploy" / "write_commands.py"
    spec = importlib.util.spec_from_file_location("write_commands", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
