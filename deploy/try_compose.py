"""Runs compose.yaml as its comment says, and plays operator and reader on it.

    python deploy/try_compose.py

Asks for a Docker engine with compose 2.24 or later, and for the ports 8000 and 8025. All happens on
a copy of the source, in a compose project of its own, which is taken away at the end with its
volumes. PubMed is the small one of the demo (deploy/trial/): what is real depends on the day.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

SOURCE = Path(__file__).parent.parent
SITE, MAILS = "http://localhost:8000", "http://localhost:8025"
READER = "reader@example.org"
STOP_SECONDS = 10
LOOK = "for tool in pip pip3 gcc cc make git; do command -v $tool; done; true"
WORKERS = 2
NEWS = ("37832757", "39374820", "40903540")  # what trial/pubmed.py holds back


class Compose:
    """A compose project in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        names = ["compose", "-p", "monitor-trial", "-f", "compose.yaml"]
        self._start = ["docker", *names, "-f", "deploy/trial/compose.yaml", "--profile", "queue"]

    def __call__(self, *arguments: str, **environ: str) -> str:
        """Run it; what it printed. Ends the trial when it fails."""
        done = subprocess.run(
            [*self._start, *arguments],
            cwd=self._folder,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def monitor(self, *arguments: str) -> str:
        """A command of the program, in the container that keeps the schedule."""
        return self("exec", "-T", "monitor", "monitor", *arguments)

    def status(self) -> dict[str, Any]:
        """What `monitor status` tells."""
        said = self("exec", "-T", "monitor", "sh", "-c", "monitor status --json || true")
        found: dict[str, Any] = json.loads(said)
        return found

    def health(self, service: str) -> str:
        """What its health check found."""
        found: str = self.inspect(service)["State"]["Health"]["Status"]
        return found

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        number = self("ps", "-a", "-q", service).split()[0]
        told = subprocess.run(
            ["docker", "inspect", number], capture_output=True, text=True, check=True
        )
        found: dict[str, Any] = json.loads(told.stdout)[0]
        return found


class Fields(HTMLParser):
    """The hidden fields of a form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a hidden field."""
        told = dict(attrs)
        if tag == "input" and told.get("type") == "hidden":
            self.found[told["name"] or ""] = told["value"] or ""


def until(true: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Wait for it; what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := true():
                print(f"ok  {what}", flush=True)
                return found
        except (OSError, ValueError):
            pass
        time.sleep(1)
    raise SystemExit(f"not in {seconds:.0f} s: {what}")


def holds(true: object, what: str) -> None:
    """End the trial unless it is so."""
    if not true:
        raise SystemExit(f"NOT SO: {what}")
    print(f"ok  {what}", flush=True)


def ask(url: str, **form: str) -> str:
    """A page, or the answer to a form."""
    with urlopen(url, urlencode(form).encode() if form else None, timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def mails(subject: str) -> list[str]:
    """The texts of the caught mails to the reader with this in their subject, latest first."""
    found = json.loads(ask(f"{MAILS}/api/v1/messages"))["messages"]
    wanted = [m["ID"] for m in found if subject in m["Subject"] and m["To"][0]["Address"] == READER]
    return [json.loads(ask(f"{MAILS}/api/v1/message/{number}"))["Text"] for number in wanted]


def volumes() -> set[str]:
    """Every volume of the engine."""
    return set(subprocess.check_output(["docker", "volume", "ls", "-q"], text=True).split())


def prepare(folder: Path) -> tuple[str, str]:
    """A copy of the source with .env and secrets; the two secrets."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=SOURCE, text=True)
    for name in listed.split("\0"):
        if (SOURCE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, folder / name)
    (folder / ".env").write_text("MONITOR_ENTREZ_EMAIL=you@example.org\n")
    (folder / "secrets").mkdir(mode=0o700)
    made = secrets.token_hex(24), secrets.token_hex(32)
    for name, secret in zip(("postgres", "key"), made, strict=True):
        (folder / "secrets" / name).write_text(secret + "\n")
        (folder / "secrets" / name).chmod(0o644)
    return made


def starts(compose: Compose) -> None:
    """All come up, the first harvest finds papers, the site is there."""
    compose("up", "-d", "--build", "monitor", "web", "mails", "pubmed")
    until(lambda: compose.status()["jobs"]["harvest"]["state"] == "good", "the first harvest")
    holds(compose.status()["database"].startswith("postgresql"), "the database is PostgreSQL")
    holds("Evidence monitor" in ask(f"{SITE}/papers/"), "the site is served")
    for service in ("monitor", "web"):
        until(lambda s=service: compose.health(s) == "healthy", f"{service} is healthy")


def is_shut_in(compose: Compose, hidden: tuple[str, str]) -> None:
    """No container of ours can do more than it must, and none tells a secret."""
    for service in ("monitor", "web"):
        told = compose.inspect(service)
        holds(told["HostConfig"]["ReadonlyRootfs"], f"{service}: read-only")
        proc = compose("exec", "-T", service, "cat", "/proc/1/status")
        holds(re.search(r"Uid:\s+10001", proc), f"{service}: runs as 10001")
        holds(re.search(r"CapBnd:\s+0+\n", proc), f"{service}: no capability")
        tools = compose("exec", "-T", service, "sh", "-c", LOOK)
        holds(not tools, f"{service}: no pip, no compiler")
        holds(not any(s in json.dumps(told) for s in hidden), f"{service}: no secret in inspect")
    logs = compose("logs")
    holds(not any(s in logs for s in hidden), "no secret in the logs")


def has_a_reader(compose: Compose) -> None:
    """Someone subscribes, confirms, and gets the news of the next harvest."""
    form = Fields(ask(f"{SITE}/subscribe")).found
    time.sleep(3)  # who is quicker is no person
    ask(f"{SITE}/subscribe", **form, email=READER, often="weekly")
    text = until(lambda: mails("onfirm"), "the mail to confirm")[0]
    link = re.search(rf"{SITE}/\S+", text)[0]  # type: ignore[index]
    ask(link, **Fields(ask(link)).found, sent="1")
    holds(READER in compose.monitor("subscribers", "list"), "the reader is subscribed")
    compose.monitor("digest")
    compose("kill", "-s", "USR1", "pubmed")
    until(lambda: "3 new" in compose.monitor("harvest"), "a harvest finds what came out", 10)
    compose.monitor("digest")
    text = until(lambda: mails("3 papers"), "the digest")[0]
    holds(all(pmid in text for pmid in NEWS), "the digest tells of them")
    compose.monitor("publish")
    holds(all(ask(f"{SITE}/papers/{pmid}.html") for pmid in NEWS), "the site tells of them")


def keeps_its_data(compose: Compose) -> None:
    """Stopped in time and with code 0, it goes on where it was."""
    before = compose.status()["papers"]
    for service in ("monitor", "web"):
        start = time.monotonic()
        compose("stop", service)
        took = time.monotonic() - start
        code = compose.inspect(service)["State"]["ExitCode"]
        holds(took < STOP_SECONDS and code == 0, f"{service} stopped in {took:.1f} s, code {code}")
    before_down = volumes()
    compose("down")
    compose("up", "-d", "monitor", "web", "mails", "pubmed")
    holds(volumes() == before_down, "no volume is left behind")
    until(lambda: compose.status()["papers"] == before, "the papers are kept")
    holds(READER in compose.monitor("subscribers", "list"), "the reader is kept")


def has_workers(compose: Compose) -> None:
    """Two workers do the harvest between them."""
    compose("up", "-d", "--scale", f"worker={WORKERS}", RUN_OPTIONS="--queue")
    until(lambda: compose.status()["queue"]["workers"] == WORKERS, "two workers are seen")
    compose.monitor("harvest", "--queue")
    until(
        lambda: compose.status()["jobs"].get("worker-harvest", {}).get("state") == "good",
        "workers harvested",
    )
    holds(not compose.status()["problems"], "status names no problem")


def is_at_home_alone() -> None:
    """The image without compose, on SQLite: what it prints can be piped on."""
    volume = "monitor-trial-alone"
    shut_in = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "-v", f"{volume}:/data"]
    start = ["docker", "run", "--rm", *shut_in, "evidence-monitor"]
    try:
        subprocess.run([*start, "subscribers", "add", READER], check=True, capture_output=True)
        told = subprocess.run([*start, "status", "--json"], capture_output=True, check=False)
        holds(json.loads(told.stdout)["readers"] == 1, "alone: the volume keeps, stdout is JSON")
    finally:
        subprocess.run(["docker", "volume", "rm", volume], check=True, capture_output=True)


def main() -> None:
    """The whole trial."""
    with tempfile.TemporaryDirectory() as name:
        compose = Compose(Path(name))
        hidden = prepare(Path(name))
        try:
            starts(compose)
            is_shut_in(compose, hidden)
            has_a_reader(compose)
            keeps_its_data(compose)
            has_workers(compose)
            is_at_home_alone()
        except SystemExit:
            sys.stderr.write(compose("logs", "--tail", "40"))
            raise
        finally:
            compose("down", "--volumes", "--timeout", "10")


if __name__ == "__main__":
    main()
