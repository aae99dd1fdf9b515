"""The demo's pages pass html-validate, an npm package that .ci/run puts into .venv.

Left out of its rules: titles may be long, since they are those of papers; the search answers while
one types, so its form has no button.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.demo.play import play

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("html-validate.json")
INSTALLED = ROOT / ".venv/html-validate/node_modules/.bin/html-validate"


def test_every_page_is_valid_html(tmp_path: Path) -> None:
    program = shutil.which(INSTALLED)
    if program is None:
        assert not os.environ.get("CI"), f"{INSTALLED} is missing"
        pytest.skip("html-validate is not installed; .ci/run says how")
    play(tmp_path, lambda _: None)
    pages = str(tmp_path / "site/**/*.html")
    command = [program, "--config", CONFIG, "--formatter", "text", pages]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]
