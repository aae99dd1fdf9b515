"""The demo's site in a real Chromium, from a folder: no server, and no request leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from monitor.demo.play import play

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
#: Where a reader goes who follows the link of a paper; no page asks it for anything itself.
PUBMED = "https://pubmed.ncbi.nlm.nih.gov/"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    play(folder, lambda _: None)
    return folder / "site"


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, demo: Path) -> Iterator[Open]:
    """Opens a page of the site by its path; options are those of a browser context."""
    contexts: list[BrowserContext] = []
    strange: list[str] = []

    def watch(request: Request) -> None:
        followed = request.is_navigation_request() and request.url.startswith(PUBMED)
        if not followed and not request.url.startswith(("file:", "data:")):
            strange.append(request.url)

    def open_(path: str, **options: object) -> Page:
        context = chromium.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        context.on("request", watch)
        page = context.new_page()
        page.goto(f"file://{demo}/{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert strange == [], "a page of the site asked something of somebody else"
