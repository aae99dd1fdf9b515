"""Reading the site as people do: any light, any width, with or without scripts, on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import PHONE, Open
from tests.browser.pages import PAGES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_violation(open_page: Open, path: str, scheme: str) -> None:
    page = open_page(path, color_scheme=scheme)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways_on_the_smallest_phone(open_page: Open, path: str) -> None:
    page = open_page(path, viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_dark_is_dark_and_light_is_light(open_page: Open) -> None:
    def brightness(scheme: str) -> int:
        page = open_page("index.html", color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        if re.search(r", 0\)$", colour):
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(n) for n in re.findall(r"\d+", colour)[:3])

    assert brightness("dark") < 200
    assert brightness("light") > 500


def test_from_the_start_to_a_claim_a_paper_its_passage_and_pubmed(open_page: Open) -> None:
    page = open_page("index.html", viewport=PHONE)
    page.locator("main a[href^='claims/']:not([href$='index.html'])").first.click()
    assert "/claims/" in page.url
    heading = page.locator("h1").inner_text()
    assert heading
    page.goto(page.url.replace(page.url.rsplit("/", 1)[1], "griffith-study.html"))
    page.locator("main a[href*='papers/']").first.click()
    assert "/papers/" in page.url
    passage = page.locator("blockquote p").first
    assert passage.is_visible()
    assert len(passage.inner_text()) > 20
    link = page.get_by_role("link", name="PubMed", exact=True)
    assert re.fullmatch(
        r"https://pubmed\.ncbi\.nlm\.nih\.gov/\d+/", link.get_attribute("href") or ""
    )


@pytest.mark.parametrize("path", PAGES)
def test_every_page_reads_without_scripts(open_page: Open, path: str) -> None:
    page = open_page(path, java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert len(page.locator("main").inner_text()) > 100
    assert not page.locator("form.search").is_visible()  # what cannot work is not shown


def test_without_scripts_every_paper_is_reached_by_lists(open_page: Open, demo: Path) -> None:
    page = open_page("papers/index.html", java_script_enabled=False)
    page.locator("a[href*='lists/topic-']").first.click()
    listed = page.locator("main a[href*='papers/']").count()
    assert listed > 5
    page.locator("main ul.lines a[href*='papers/']").first.click()
    assert page.locator("h1").is_visible()
    assert len(list((demo / "papers").glob("*.html"))) > listed


def test_a_claim_prints_as_one_good_page(open_page: Open, tmp_path: Path) -> None:
    page = open_page("claims/griffith-study.html", color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("nav").first.is_visible()
    assert page.locator("h1").is_visible()
    pdf = page.pdf(format="A4")
    (tmp_path / "claim.pdf").write_bytes(pdf)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


def test_a_page_keeps_to_its_policy(chromium: Browser, demo: Path) -> None:
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        page.goto(f"file://{demo}/{path}")
    context.close()
    assert said == []
