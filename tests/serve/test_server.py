"""The command: a process that listens, answers and ends as it is told."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from monitor.store import Store, schema


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "serve", *arguments],
        cwd=folder,
        env={
            "PATH": "",
            "MONITOR_DATABASE_URL": f"sqlite:///{folder / 'monitor.db'}",
            "MONITOR_LOG_FORMAT": "json",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _get(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert process.poll() is None, process.communicate()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("it does not listen")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    schema.upgrade(store)
    store.close()
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_the_signal_and_ends_well(folder: Path, number: signal.Signals) -> None:
    port = _free_port()
    process = _start(folder, "--port", str(port))
    try:
        _wait_for(port, process)
        code, body = _get(port, "/healthz")
        assert (code, json.loads(body)["status"]) == (503, "fail")
        assert _get(port, "/api/v1/issues") == (200, b'{"issues":[]}')
        process.send_signal(number)
        _, said = process.communicate(timeout=15)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["event"] for line in lines][-1] == "stopped"
    assert [line["status"] for line in lines if line["event"] == "answered"] == [503, 200]


def test_a_port_that_is_taken_is_a_usage_error(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = _start(folder, "--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "cannot be listened on" in said
    assert "Traceback" not in said


def test_without_the_extra_it_says_what_to_install(folder: Path) -> None:
    program = (
        "import sys; sys.modules['starlette'] = None; sys.argv = ['monitor', 'serve'];"
        "from monitor.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "evidence-monitor[web]" in done.stderr
    assert "Traceback" not in done.stderr
