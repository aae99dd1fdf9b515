"""Takes the two pictures of the README from the demo: `python deploy/screenshots.py [FOLDER]`.

FOLDER holds a demo that was played (`make demo`); without it one is played. Needs chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from monitor.demo import play

IMAGES = Path(__file__).parent.parent / "docs" / "images"
PAGES = {"site.png": "index.html", "claim.png": "claims/{claim}.html"}


def take(site: Path) -> None:
    """Both pages as a reader at a desk sees them."""
    claims = sorted(p.stem for p in (site / "claims").glob("*.html") if p.stem != "index")
    # The page with the most evidence on it.
    claim = max(claims, key=lambda c: (site / "claims" / f"{c}.html").stat().st_size)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1100, "height": 720}, color_scheme="light")
        for name, path in PAGES.items():
            page.goto((site / path.format(claim=claim)).as_uri())
            page.screenshot(path=IMAGES / name)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take(Path(sys.argv[1]) / "site")
    else:
        with tempfile.TemporaryDirectory() as folder:
            play.play(Path(folder), print)
            take(Path(folder) / "site")
