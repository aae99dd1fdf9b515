"""Reading the site as people do: any light, any width, with or without scripts, on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route

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


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_start_to_a_claim_a_paper_its_passage_and_pubmed(
    open_page: Open, scripts: bool
) -> None:
    page = open_page("index.html", viewport=PHONE, java_script_enabled=scripts)
    page.locator("main").get_by_role("link", name="A study of Griffith University").click()
    assert page.url.endswith("/claims/griffith-study.html")
    passage = page.locator("main blockquote p").first.inner_text()
    assert len(passage) > 20
    title = page.locator("main .claim > a").first
    name = title.inner_text()
    title.click()
    assert "/papers/" in page.url
    assert page.locator("h1").inner_text() == name
    assert passage in page.locator("main blockquote p").all_inner_texts()
    pmid = page.url.rsplit("/", 1)[1].removesuffix(".html")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("https://**/*", answer)
    page.get_by_role("link", name="PubMed", exact=True).click(no_wait_after=True)
    page.wait_for_timeout(200)
    assert asked == [f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"]


#: What is pressed and stands alone; links within a sentence are as high as its lines.
_LOW = """() => [...document.querySelectorAll("a, button, summary, input, select")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && box.height && getComputedStyle(e).display !== "inline"
        && !e.closest(".skip, svg") && box.height < 44 - 0.5;
}).map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("path", PAGES)
def test_a_thumb_finds_what_is_to_be_pressed(open_page: Open, path: str) -> None:
    page = open_page(path, viewport=PHONE)
    assert page.evaluate(_LOW) == []


def test_what_a_link_leads_to_inside_a_page_is_there(open_page: Open) -> None:
    page = open_page("claims/ldn-dose.html", viewport=PHONE)
    page.locator(".counts").get_by_role("link", name="Against").click()
    assert page.locator("#refutes").bounding_box()["y"] < PHONE["height"]  # type: ignore[index]


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
