"""`monitor run` as real processes: leader and follower, SIGTERM, hangs, kills."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from monitor.demo.pubmed import PubMedServer, Request, Response
from monitor.model import JobState
from monitor.schedule.ping import ping
from monitor.store import articles, issues, jobs, notices
from tests.end_to_end.conftest import Program
from tests.fakes.pubmed import Scripted

SECONDS = 90


class Running:
    """A `monitor run` and the lines that it logs."""

    def __init__(self, program: Program) -> None:
        self.process = program.start("run")
        self.lines: list[str] = []
        self._queue: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._queue.put(line)

    def wait_for(self, *words: str) -> str:
        """The next line that holds all these words."""
        limit = time.monotonic() + SECONDS
        while time.monotonic() < limit:
            try:
                line = self._queue.get(timeout=1)
            except queue.Empty:
                assert self.process.poll() is None, "".join(self.lines)
                continue
            self.lines.append(line)
            if all(word in line for word in words):
                return line
        raise AssertionError(f"never said {words}:\n{''.join(self.lines)}")


@contextmanager
def running(program: Program) -> Iterator[Running]:
    started = Running(program)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        for pipe in (started.process.stdout, started.process.stderr):
            if pipe is not None:
                pipe.close()


class Hanging:
    """Lets every request wait until `go`."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = threading.Event()

    def __call__(self, request: Request, number: int) -> Response | None:
        self.asked.set()
        self.go.wait(SECONDS)
        return None


@pytest.fixture
def logged(program: Program) -> Program:
    program.use({"MONITOR_LOG_FORMAT": "json"})
    return program


def test_it_harvests_at_once_and_ends_on_sigterm(logged: Program) -> None:
    with running(logged) as daemon:
        daemon.wait_for('"event": "leading"')
        daemon.wait_for('"event": "good"', '"job": "harvest"')
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(timeout=10) == 0
    assert len(articles.held(logged.store)) == 60
    assert (logged.folder / "reports" / "index.html").exists()
    assert issues.latest(logged.store) is None  # its moment has not come
    done = jobs.last(logged.store)
    assert {name: run.state for name, run in done.items()} == {
        "harvest": JobState.GOOD,
        "publish": JobState.GOOD,
    }
    assert done["publish"].run == done["harvest"].run
    for line in daemon.lines:
        assert json.loads(line)["event"]


def test_sigterm_in_the_middle_of_a_job_ends_within_ten_seconds(
    logged: Program, pubmed: PubMedServer
) -> None:
    pubmed.fault = hanging = Hanging()
    with running(logged) as daemon:
        assert hanging.asked.wait(SECONDS)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(timeout=10) == 0
        hanging.go.set()
    assert jobs.last(logged.store)["harvest"].state is JobState.STOPPED
    assert notices.waiting(logged.store) == []


def test_a_job_that_hangs_is_cut_off_and_told(logged: Program, pubmed: PubMedServer) -> None:
    pubmed.fault = hanging = Hanging()
    logged.use({"MONITOR_JOB_MINUTES": "0.1"})
    with running(logged) as daemon:
        daemon.wait_for('"event": "cut off"', "0.1 minutes")
        hanging.go.set()
    assert [n[2] for n in notices.waiting(logged.store)] == ["harvest: cut off"]
    status = json.loads(logged.run("status", "--json", code=1))
    assert status["jobs"]["harvest"]["state"] == "cut off"


def test_a_second_process_waits_and_takes_over_from_a_killed_one(
    logged: Program, pubmed: PubMedServer
) -> None:
    pubmed.fault = hanging = Hanging()
    with running(logged) as first:
        first.wait_for("leading")
        assert hanging.asked.wait(SECONDS)
        children = _children(first.process)
        assert children
        with running(logged) as second:
            second.wait_for("waiting: another process")
            first.process.kill()
            first.process.wait()
            pubmed.fault = None
            hanging.go.set()
            second.wait_for("leading")
            second.wait_for('"event": "good"', '"job": "harvest"')
    assert not any(_alive(child) for child in children)  # the first one's job ended with it
    assert len(articles.held(logged.store)) == 60


def _children(process: subprocess.Popen[str]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task").glob("*/children")  # a job belongs to a thread
    return [int(number) for task in listed for number in task.read_text().split()]


def _alive(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Pinged:
    """A server on loopback that counts."""

    def __init__(self, status: int) -> None:
        found: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found.append(self.path)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.paths = found
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret-place"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_all_is_well_is_told_outside_and_a_deaf_outside_changes_nothing() -> None:
    for status, answer in ((200, True), (500, False)):
        pinged = Pinged(status)
        assert ping(pinged.url) is answer
        assert pinged.paths == ["/secret-place"]
        pinged.close()
    assert ping(pinged.url) is False


def test_the_logs_of_a_whole_line_hold_no_secret_and_no_address(
    logged: Program, pubmed: PubMedServer
) -> None:
    pinged = Pinged(200)
    secrets = {"MONITOR_SECRET_KEY": "key-0123456789abcdef", "MONITOR_ENTREZ_API_KEY": "api-abcdef"}
    logged.use(secrets)
    logged.use(
        {
            "MONITOR_PING_URL": pinged.url,
            "MONITOR_OPERATOR_EMAIL": "operator@example.org",
            "MONITOR_ENTREZ_EMAIL": "asked@example.org",
        }
    )
    logged.run("subscribers", "add", "reader@example.org")
    pubmed.fault = Scripted(["too many requests", "html", None, "server error"])
    said = ""
    with running(logged) as daemon:
        daemon.wait_for('"event": "good"', '"job": "harvest"')
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(timeout=10)
    said += "".join(daemon.lines)
    pinged.close()
    assert pinged.paths == ["/secret-place"]
    for job in ("digest", "deliver", "backup"):
        said += logged.run("run", "--job", job)
    assert "tried again soon" in said  # the faults were logged
    run = json.loads(daemon.lines[-1])["run"]
    assert sum(f'"run": "{run}"' in line for line in daemon.lines) > 4
    for bad in ("reader", "operator@", "asked@", "secret-place", *secrets.values()):
        assert bad not in said
