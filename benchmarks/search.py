"""Times the search in the browser: from a letter typed to the first result on the page.

    python benchmarks/search.py [--papers 15000]

Needs Chromium. Lines of made-up papers, the same every time; each query once while the index is
still being sorted in, and once after. Prints milliseconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from made_papers import NOW, paper
from playwright.sync_api import Page, sync_playwright

from monitor import catalog
from monitor.model import Paper
from monitor.publish.pages import Page as SitePage
from monitor.publish.render import Renderer, static_files
from monitor.publish.views import search
from monitor.publish.views.lines import line
from monitor.settings import packaged_queries
from monitor.wording import Words

QUERIES = ("fa", "immune", "serum marker", "fatigue patients controls", "randomised", "imune")
TYPE = """(text) => {
  const field = document.querySelector("#q"), start = performance.now();
  field.value = text;
  field.dispatchEvent(new Event("input"));
  return [performance.now() - start, document.querySelectorAll("#found li").length];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=15_000)
    many = parser.parse_args().papers
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        build(site, many)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            page = browser.new_page()
            page.goto((site / "papers" / "index.html").as_uri())
            while not page.evaluate("!!window.EVIDENCE_INDEX"):
                time.sleep(0.02)
            measure(page, "while sorting in")
            page.wait_for_selector("form[data-sorted=true]", state="attached", timeout=120_000)
            measure(page, "sorted in")
            browser.close()


def build(site: Path, many: int) -> None:
    known, words = catalog.load(packaged_queries()), Words()
    made = (paper(n, known) for n in range(many))
    lines = [
        line(Paper(a, labels, NOW, ("me-cfs",), seed=False, gone=False), known, words)
        for a, labels in made
    ]
    script = search.script(lines, known, words).encode()
    shared = {"site": "", "topics": {}, "meta": ()}
    start = SitePage("papers/index.html", "papers.html", {"facets": (), "total": many})
    files = [*static_files(), ("static/search-index.js", script)]
    for name, content in [*files, (start.path, Renderer(words, shared).render(start))]:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(content)
    print(f"{many:,} papers, index of {len(script) / 1e6:.1f} MB")


def measure(page: Page, when: str) -> None:
    for query in QUERIES:
        took, shown = page.evaluate(TYPE, query)
        print(f"{when:>16}  {query:<28} {took:6.1f} ms  {shown} shown")


if __name__ == "__main__":
    main()
