"""Writes docs/commands.md from the program itself: `python deploy/write_commands.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from monitor.cli import app

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
HEAD = """# Commands

Each tells more with `--help`. Exit code 0 is good, 1 a failure that was told in a sentence, 2 wrong
use or settings. Before the command: `--config FILE` (settings file instead of ./monitor.toml),
`--debug` (show the traceback of a failure), `--version`. This page is written by `make commands`.
"""


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name, command) of every command below this one."""
    for sub, found in sorted(getattr(command, "commands", {}).items()):
        if getattr(found, "commands", None):
            yield from commands(found, f"{name} {sub}")
        elif not found.hidden:
            yield f"{name} {sub}", found


def section(name: str, command: Any) -> str:
    """What a command does, and its arguments and options."""
    words = " ".join((command.help or "").split())
    lines = [f"\n## `{name}`\n", words, ""]
    for one in command.params:
        if getattr(one, "hidden", False):
            continue
        label = (
            ", ".join(one.opts)
            if one.param_type_name == "option"
            else (one.metavar or one.name).upper()
        )
        said = getattr(one, "help", "") or ""
        lines.append(f"- `{label}`{': ' + said if said else ''}")
    return "\n".join(lines).rstrip() + "\n"


def page() -> str:
    """The whole page."""
    return HEAD + "".join(section(n, c) for n, c in commands(get_command(app), "monitor"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
