"""What of the container files can be held without an engine: deploy/try_compose.py runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from monitor.demo.pubmed import PubMedServer

ROOT = Path(__file__).parent.parent
PASSWORD = "not-a-real-one"  # pragma: allowlist secret


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def compose() -> dict[str, Any]:
    found: dict[str, Any] = import_module("yaml").safe_load((ROOT / "compose.yaml").read_text())
    return found


def trial(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "deploy" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def monitor(tmp_path: Path) -> dict[str, str]:
    """An environment in which `monitor` tells its arguments and its umask."""
    program = tmp_path / "bin" / "monitor"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "monitor $*, umask $(umask)"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}


def start(command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=True, umask=0o022
    )


def test_the_engine_is_sent_what_the_image_copies_and_no_secret() -> None:
    copied = {
        source.partition("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile(), re.MULTILINE)
        for source in line.split()[:-1]
    }
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == copied


def test_git_leaves_out_what_the_instructions_write() -> None:
    instructions = (ROOT / "compose.yaml").read_text() + (ROOT / "docs" / "install.md").read_text()
    written = set(re.findall(r"> (\.env|secrets/\w+)", instructions))
    assert written == {".env", "secrets/postgres", "secrets/key"}
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", "/secrets/"} <= set(ignored)


def test_the_image_needs_no_further_one_to_be_built() -> None:
    assert "# syntax=" not in dockerfile()


def test_what_the_image_prints_can_be_piped_on(monitor: dict[str, str]) -> None:
    entry = json.loads(re.findall(r"^ENTRYPOINT (.+)$", dockerfile(), re.MULTILINE)[0])
    done = start([*entry, "status", "--json"], monitor)
    assert done.stdout == "monitor status --json, umask 0022\n"
    assert done.stderr == "monitor db upgrade, umask 0022\n"


@pytest.mark.parametrize("command", ["run", "serve"])
def test_the_password_is_for_its_user_alone_and_the_site_for_all(
    command: str, monitor: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "postgres").write_text(f"{PASSWORD}\n")
    shell, option, script, name = compose()["services"]["monitor"]["entrypoint"]
    script = script.replace("$$", "$").replace("/run/secrets", str(tmp_path))
    done = start([shell, option, script.replace("/tmp/.pgpass", f"{tmp_path}/pgpass"), name, command], monitor)  # fmt: skip
    assert (tmp_path / "pgpass").read_text() == f"postgres:*:*:monitor:{PASSWORD}\n"
    assert (tmp_path / "pgpass").stat().st_mode & 0o777 == 0o600
    upgrade = ["monitor db upgrade, umask 0022"] if command == "run" else []
    assert done.stdout.splitlines() == [*upgrade, f"monitor {command}, umask 0022"]


def test_postgresql_counts_as_healthy_only_when_other_containers_reach_it() -> None:
    """While it is set up it answers on its socket, and then it is started anew."""
    assert compose()["services"]["postgres"]["healthcheck"]["test"][1:4] == ["pg_isready", "-h", "127.0.0.1"]  # fmt: skip


def test_all_containers_of_ours_read_the_same_queries() -> None:
    """They lie in the working folder, /data, when the operator changes them."""
    services = compose()["services"]
    for name in ("monitor", "worker", "web"):
        assert any(v.startswith("data:/data") for v in services[name]["volumes"]), name


def test_the_web_service_has_time_until_the_first_site_is_written() -> None:
    assert compose()["services"]["web"]["healthcheck"]["start_period"] == "30m"


def test_the_trial_lets_papers_of_today_come_out() -> None:
    pubmed, driver = trial("trial/pubmed"), trial("try_compose")
    assert set(driver.NEWS) == pubmed.NEWS
    server = PubMedServer()
    pubmed.come_out(server)
    today = f"{datetime.now(UTC):%Y/%m/%d}"
    found = server.index.documents
    assert len(found) == len(pubmed.NEWS)
    with server:
        ask = import_module("urllib.request").urlopen
        url = f"{server.url}esearch.fcgi?db=pubmed&term=all[sb]&datetype=crdt&mindate={today}&maxdate={today}"
        assert b"<Count>3</Count>" in ask(url, timeout=5).read()
