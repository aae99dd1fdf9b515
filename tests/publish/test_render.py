"""Templates are compiled once for all builds, and what shows a paper is rendered once."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from monitor.publish.compiled import Compiled

SOURCE = {"page.html": "Hello {{ name }}"}


def said(folder: Path, settings: str = "", **options: object) -> str:
    """What a page says in a process that has compiled nothing yet."""
    environment = Environment(
        loader=DictLoader(SOURCE),
        autoescape=True,
        bytecode_cache=Compiled(settings, folder),
        **options,  # type: ignore[arg-type]
    )
    return environment.get_template("page.html").render(name="you")


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that were compiled."""
    found: list[str] = []
    before = Environment.compile

    def compile_it(self: Environment, source: str, name: str, filename: str | None) -> object:
        found.append(name)
        return before(self, source, name, filename)

    monkeypatch.setattr(Environment, "compile", compile_it)
    return found


def test_a_template_is_compiled_once(tmp_path: Path, compiling: list[str]) -> None:
    assert said(tmp_path / "new") == said(tmp_path / "new") == "Hello you"
    assert compiling == ["page.html"]


def test_other_settings_or_another_source_are_compiled_again(
    tmp_path: Path, compiling: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(tmp_path, "one")
    assert said(tmp_path, "other", variable_start_string="{!") == "Hello {{ name }}"
    monkeypatch.setitem(SOURCE, "page.html", "Goodbye {{ name }}")
    assert said(tmp_path, "other") == "Goodbye you"
    assert len(compiling) == 3


def test_code_that_cannot_be_kept_or_read_is_made_each_time(
    tmp_path: Path, compiling: list[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert said(tmp_path / "file") == said(tmp_path / "file") == "Hello you"
    said(tmp_path)
    (kept,) = tmp_path.glob("*.jinja")
    kept.write_bytes(kept.read_bytes()[:60])
    assert said(tmp_path) == "Hello you"
    assert len(compiling) == 4
