"""An import that is killed, again and again, ends like one that was not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.store import Store, health, imports
from tests.bulk.made import OTHER, WANTED, deletion, dump, record, write, xml


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MONITOR_")}
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=folder,
        env=clean,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def files(folder: Path) -> list[str]:
    """Two files of some megabytes: a dozen batches."""
    rng = random.Random(3)
    paths = []
    for number in (1, 2):
        parts = [
            record(pmid, f"{OTHER if pmid % 9 else WANTED} {number}", pad=500)
            for pmid in rng.sample(range(1, 1200), 700)
        ]
        paths.append(write(folder, f"pubmed21n{number:04d}.xml.gz", xml(*parts, deletion(9, 18))))
    return paths


@pytest.mark.slow
def test_killed_at_random_and_resumed_it_ends_as_if_undisturbed(tmp_path: Path) -> None:
    paths = files(tmp_path)
    stores = []
    for name in ("killed", "perfect"):
        folder = tmp_path / name
        folder.mkdir()
        assert start(folder, "init", ".").wait() == 0
        stores.append(Store(f"sqlite:///{folder / 'monitor.db'}"))
    killed, perfect = stores
    assert start(tmp_path / "perfect", "import", *paths).wait() == 0

    rng, kills, seen = random.Random(11), 0, set()
    while kills < 5:
        with_two = ["--processes", "2"] if kills % 2 else []
        process = start(tmp_path / "killed", "import", *with_two, *paths)
        before = progress(killed)
        deadline = time.monotonic() + 60
        while progress(killed) == before and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)  # killed after it has stored something, so that this ends some day
        time.sleep(rng.uniform(0, 0.2))
        process.kill()
        if process.wait() == 0:
            break
        kills += 1
        seen.add(progress(killed))
    assert kills >= 3
    assert len(seen) >= 3  # it was killed in different places
    assert start(tmp_path / "killed", "import", *paths).wait() == 0
    assert dump(killed) == dump(perfect)
    assert health.faults(killed) == []
    for store in stores:
        store.close()


def progress(store: Store) -> int:
    return sum(counts.read for _, _, counts, _ in imports.files(store))
