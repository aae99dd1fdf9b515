"""Times the site on made-up papers: built anew, after new papers, and the search in a browser.

    python benchmarks/publish.py [--papers 15000] [--new 20] [--database FILE] [--folder DIR]
                                 [--chromium PATH]

Making the papers takes longer than the site: `--database` keeps them in a file, or brings a
database of your own, of which a copy is used. Each build is a process of its own. Seconds are of
the processor, and stand beside those of a reference in the same run: reading and decoding every
paper once. Ends with code 1 when a page is heavier than it may be.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import made_papers
from playwright.sync_api import sync_playwright

from monitor import catalog as catalogs
from monitor.ledger.stage import check_figures, weigher
from monitor.publish import stage
from monitor.settings import Settings
from monitor.store import Store, papers, schema

ROOT = Path(__file__).parents[1]
#: Bytes that a page, and the start page, may have.
MOST, START = 200_000, 60_000
WORDS = ("fat", "fatigue", "lactate cohort", "case-control")
Result = dict[str, float]


def timed(work: Callable[[], object]) -> Result:
    start, wall = time.process_time(), time.perf_counter()
    work()
    return {"seconds": time.process_time() - start, "wall": time.perf_counter() - wall}


def build(database: Path, site: Path) -> Result:
    """One build in this process: what a command or a schedule would do."""
    store, catalog = Store(f"sqlite:///{database}"), catalogs.load(ROOT / "queries")
    settings = Settings.model_validate(
        {"reports_dir": site, "site_url": "https://monitor.example/"}
    )

    def work() -> None:
        stage.publish(
            store,
            catalog,
            settings,
            assessor=made_papers.ASSESSOR,
            figures=check_figures,
            weigh=weigher(catalog),
        )

    found = timed(work)
    found["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def apart(database: Path, site: Path) -> Result:
    """The same in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--build", str(database), str(site)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Result = json.loads(done.stdout)
    return found


def fill(path: Path, first: int, many: int) -> None:
    store = Store(f"sqlite:///{path}")
    schema.upgrade(store)
    made_papers.fill(store, catalogs.load(ROOT / "queries"), first, many)
    store.close()


def told(name: str, found: Result, reference: float) -> str:
    memory = f", peak {found['megabytes']:.0f} MB" if "megabytes" in found else ""
    return (
        f"{name:<34} {found['seconds']:7.1f} s of the processor, ratio "
        f"{found['seconds'] / reference:5.1f} ({found['wall']:.0f} s by the clock){memory}"
    )


def sizes(site: Path) -> bool:
    """Tell the sizes; whether every page is as light as it must be."""
    found = {p.relative_to(site).as_posix(): p.stat().st_size for p in site.rglob("*.*")}
    pages = {n: s for n, s in found.items() if n.endswith(".html")}
    heaviest = max(pages, key=lambda n: pages[n])
    print(f"files {len(found):,}, {sum(found.values()) / 1e6:.0f} MB, {len(pages):,} of them pages")
    print(f"start page {pages['index.html'] / 1e3:.1f} KB")
    print(f"heaviest page {pages[heaviest] / 1e3:.1f} KB ({heaviest})")
    for name in ("static/search-index.js", "exports/evidence-monitor.db"):
        print(f"{name} {found[name] / 1e6:.1f} MB")
    heavy = sorted(n for n, size in pages.items() if size > MOST)
    for name in heavy:
        print(f"too heavy: {name}, {pages[name] / 1e3:.1f} KB")
    return not heavy and pages["index.html"] <= START


def search(site: Path, chromium: str) -> None:
    """From the last key to the first line found, in the page itself, by its own clock."""
    script = """(word) => new Promise((done) => {
        const field = document.querySelector("form.search input");
        const found = document.querySelector("#found");
        field.value = "";
        field.dispatchEvent(new Event("input"));
        const start = performance.now();
        const watch = new MutationObserver(() => {
            if (found.firstChild) { watch.disconnect(); done(performance.now() - start); }
        });
        watch.observe(found, {childList: true});
        field.value = word;
        field.dispatchEvent(new Event("input"));
    })"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"file://{site}/index.html")
        page.locator("form.search input").focus()
        # The page's own policy forbids evaluating text, as `wait_for_function` would.
        while not page.evaluate("() => Boolean(window.EVIDENCE_INDEX)"):
            page.wait_for_timeout(100)
        for when in ("while the index is sorted in", "after that"):
            spent = [page.evaluate(script, word) for word in WORDS]
            print(f"search, {when}: " + ", ".join(f"{s:.0f} ms" for s in spent))
            page.wait_for_selector("form.search[data-sorted]", timeout=300_000, state="attached")
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=15_000)
    parser.add_argument("--new", type=int, default=20)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        work = folder / "work.db"
        kept = options.database or folder / "made.db"
        if not kept.exists():
            fill(kept, 0, options.papers)
        shutil.copy(kept, work)
        store = Store(f"sqlite:///{work}")
        schema.upgrade(store)
        many = papers.counts(store)["wanted"]
        reference = timed(lambda: sum(1 for _ in papers.wanted(store)))["seconds"]
        store.close()
        site = folder / "site"
        print(f"{many:,} papers; reading them all takes {reference:.1f} s, ratio 1.0")
        print(told("built anew", apart(work, site), reference))
        print(told("again, nothing changed", apart(work, site), reference))
        fill(work, options.papers, options.new)
        print(told(f"after {options.new} new papers", apart(work, site), reference))
        light = sizes(site)
        if options.chromium:
            search(site, options.chromium)
        else:
            print("search not timed: no Chromium")
    return 0 if light else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        print(json.dumps(build(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        sys.exit(main())
