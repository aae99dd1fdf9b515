"""The audit fails for a vulnerability, and only for that."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "deploy" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package(name: str, *vulnerabilities: str, skipped: bool = False) -> dict[str, object]:
    if skipped:
        return {"name": name, "skip_reason": "not found"}
    vulns = [{"id": v, "fix_versions": ["2.0"]} for v in vulnerabilities]
    return {"name": name, "version": "1.0", "vulns": vulns}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([package("a"), package("b")], 0, "2 packages checked, none vulnerable"),
        ([package("a", "CVE-1"), package("b")], 1, "a 1.0: CVE-1, mended in 2.0"),
        ([package("a", skipped=True)], 0, "NOT CHECKED"),
        ([package("a", "CVE-1"), package("b", skipped=True)], 1, "unknown to the service: b"),
    ],
)
def test_what_pip_audit_found_is_judged(
    audit: ModuleType, packages: list[dict[str, object]], code: int, said: str
) -> None:
    found, lines = audit.judge(0, json.dumps({"dependencies": packages}), "")
    assert found == code
    assert said in "\n".join(lines)


def test_no_network_is_no_failure_and_any_other_failure_is(audit: ModuleType) -> None:
    assert audit.judge(1, "", "ConnectionError: cannot reach the service")[0] == 0
    assert audit.judge(1, "", "requirements.txt: no such file")[0] == 1


@pytest.mark.parametrize("name", ["build", "run", "dev"])
def test_every_dependency_is_pinned_by_version_and_hash(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n", "", text).strip())
    assert len(entries) > 5
    for entry in entries:
        assert re.match(r"[\w.-]+(\[[\w, -]+\])?==[\w.]+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]


def test_the_scan_for_secrets_finds_one(tmp_path: Path) -> None:
    leak = tmp_path / "settings.py"
    leak.write_text('password = "Tr0ub4dor&3-correct-horse"\n')  # a made-up one
    hook = [sys.executable, "-m", "detect_secrets.pre_commit_hook", str(leak)]
    done = subprocess.run(hook, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Secret Keyword" in done.stdout
