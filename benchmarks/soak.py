"""Two simulated years of scheduled work with a thousand restarts; see `tests/soak.py`.

    python benchmarks/soak.py [--days 730] [--restarts 1000] [--seed 1]

Exit code 1 when anything was lost, told twice, or is unsound at the end. `--restarts 0` is one
process for all the time, whose memory bears all that its jobs leave behind.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

import structlog

from monitor import catalog as catalogs
from monitor.assess.assessor import Assessor
from monitor.settings import packaged_queries

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.soak import Report, Soak


def show(report: Report) -> None:
    print(
        f"{report.looks} looks, {dict(report.jobs)}, {report.restarts} restarts, "
        f"{report.kills} of them kills, {report.megabytes[-1]:.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--restarts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    structlog.configure(processors=[structlog.processors.JSONRenderer()], logger_factory=_silent)
    catalog = catalogs.load(packaged_queries())
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        report = Soak(
            Path(name),
            catalog,
            Assessor(catalog),
            days=options.days,
            restarts=options.restarts,
            seed=options.seed,
        ).run(show)
    show(report)
    print(
        f"{report.days} days in {time.monotonic() - started:.0f} s: {report.jumps} clock jumps, "
        f"{report.servers} restarts of the database, {report.full} full disk; {report.papers} "
        f"papers, {report.issues} issues, {report.mails} mails; the nearest "
        f"two issues {report.nearest.total_seconds() / 3600:.0f} hours apart"
    )
    quarters = ", ".join(f"{mean(part):.0f}" for part in _quarters(report.megabytes))
    print(f"memory, mean of each quarter: {quarters} MB; at most {max(report.megabytes):.0f} MB")
    for fault in report.faults:
        print(f"FAULT: {fault}")
    sys.exit(1 if report.faults else 0)


def _quarters(values: list[float]) -> list[list[float]]:
    size = -(-len(values) // 4)
    return [values[i : i + size] for i in range(0, len(values), size)]


def _silent(*_arguments: object) -> structlog.ReturnLogger:
    return structlog.ReturnLogger()


if __name__ == "__main__":
    main()
