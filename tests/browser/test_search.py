"""Search and filters in the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


def titles(page: Page) -> list[str]:
    return page.locator("#found li > a").all_inner_texts()


def test_a_word_finds_papers_and_leads_to_them(open_page: Open) -> None:
    page = open_page("index.html")
    page.get_by_role("searchbox").fill("naltrexone")
    expect(page.locator("#found li").first).to_be_visible()
    assert any("naltrexone" in title.lower() for title in titles(page))
    page.locator("#found li > a").first.click()
    assert "/papers/" in page.url
    assert page.locator("h1").is_visible()


def test_what_is_found_is_announced(open_page: Open) -> None:
    page = open_page("papers/index.html")
    page.get_by_role("searchbox").fill("zzzzqqqq")
    expect(page.get_by_role("status")).to_have_text("Nothing found.")
    assert titles(page) == []


def test_filters_narrow_what_is_found(open_page: Open) -> None:
    page = open_page("papers/index.html")
    page.get_by_role("searchbox").fill("fatigue")
    expect(page.locator("#found li").first).to_be_visible()
    before = page.get_by_role("status").inner_text()
    page.get_by_role("combobox", name="Study design").select_option(label="Case-control comparison")
    expect(page.get_by_role("status")).not_to_have_text(before)
    labels = page.locator("#found .by").all_inner_texts()
    assert labels
    assert all("case-control" in text.lower() for text in labels)


def test_a_filter_alone_lists_papers(open_page: Open) -> None:
    page = open_page("papers/index.html")
    page.get_by_role("combobox", name="Side taken").select_option(index=2)
    expect(page.locator("#found li").first).to_be_visible()


def test_the_keyboard_is_enough(open_page: Open) -> None:
    page = open_page("index.html")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("naltrexone")
    expect(page.locator("#found li").first).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#found') !== null")
    page.keyboard.press("Enter")
    page.wait_for_url("**/papers/**")
