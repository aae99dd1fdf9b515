"""How long the program takes to start, and what it holds in memory while it waits.

    python benchmarks/startup.py [--times 7]

Prints the CPU seconds of commands (the least of some runs: the machine is shared) beside those
of the interpreter alone and of importing SQLAlchemy alone, taken in the same round; and the
resident memory of an idle `monitor run`.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import sqlalchemy.orm'": ["-c", "import sqlalchemy.orm"],
    "monitor --help": ["-m", "monitor", "--help"],
    "monitor status": ["-m", "monitor", "status"],
    "monitor status --json": ["-m", "monitor", "status", "--json"],
}


def seconds(arguments: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds and wall seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall


def idle(folder: Path) -> float:
    """Resident megabytes of a daemon that waits, its jobs being done or failed."""
    daemon = subprocess.Popen(
        [sys.executable, "-m", "monitor", "run"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MONITOR_LOG_FORMAT": "json"},
    )
    assert daemon.stderr is not None
    for line in daemon.stderr:  # the harvest fails: no address is set
        if '"event": "failed"' in line:
            break
    time.sleep(1)
    status = Path(f"/proc/{daemon.pid}/status").read_text(encoding="utf-8")
    daemon.send_signal(signal.SIGTERM)
    daemon.communicate(timeout=10)
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=7)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "monitor", "init", "."], cwd=folder, check=True)
        found: dict[str, list[tuple[float, float]]] = {c: [] for c in COMMANDS}
        for _ in range(times):
            for command, arguments in COMMANDS.items():
                found[command].append(seconds(arguments, folder))
        print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for command, runs in found.items():
            cpu, wall = (min(r[i] for r in runs) for i in (0, 1))
            print(f"{command:36}{cpu:6.2f} s CPU{wall:8.2f} s by the clock")
        print(f"idle `monitor run`: {idle(folder):.0f} MB resident")


if __name__ == "__main__":
    main()
