"""`monitor demo` is what a newcomer sees first."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from monitor.demo.play import play
from monitor.errors import ConfigurationError


class Links(HTMLParser):
    """Collects links, anchors and what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.add(found["id"] or "")
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        if tag in {"script", "img", "iframe"} and found.get("src"):
            self.loads.append(found["src"] or "")
        if tag == "link" and found.get("rel") == "stylesheet":
            self.loads.append(found["href"] or "")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    play(folder, lambda line: None)
    return folder


def read(page: Path) -> Links:
    links = Links()
    links.feed(page.read_text(encoding="utf-8"))
    return links


def test_it_shows_two_issues_and_the_site(demo: Path) -> None:
    assert sorted(p.name for p in (demo / "mails").iterdir()) == [
        "issue-0001-1.eml",
        "issue-0001-1.html",
        "issue-0002-1.eml",
        "issue-0002-1.html",
    ]
    assert (demo / "site" / "index.html").exists()
    assert (demo / "monitor.db").exists()


def test_every_link_within_the_site_leads_somewhere(demo: Path) -> None:
    site = demo / "site"
    pages = {page: read(page) for page in site.rglob("*.html")}
    assert len(pages) > 100
    for page, found in pages.items():
        for link in [*found.links, *found.loads]:
            if link.startswith(("https://", "mailto:")):
                continue
            target, anchor = urldefrag(link)
            place = (page.parent / unquote(target)).resolve() if target else page
            assert place.exists(), f"{page.name}: {link}"
            if anchor:
                assert anchor in pages[place].ids, f"{page.name}: {link}"


def test_pages_load_nothing_from_elsewhere_and_run_no_inline_script(demo: Path) -> None:
    for page in (demo / "site").rglob("*.html"):
        assert not any(load.startswith("http") for load in read(page).loads)
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in text
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|\sstyle=", text), page


def test_every_page_and_mail_with_an_abridged_passage_says_so(demo: Path) -> None:
    for page in (demo / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "From the abstract" in text:
            assert "abridged in our own words" in text, page
    for mail in (demo / "mails").glob("*.html"):
        assert "abridged in our own words" in mail.read_text(encoding="utf-8")


def test_the_donor_nephrectomy_is_not_taken_for_naltrexone(demo: Path) -> None:
    assert not (demo / "site" / "papers" / "32721258.html").exists()


def test_pages_are_small(demo: Path) -> None:
    assert (demo / "site" / "index.html").stat().st_size < 60_000
    for page in (demo / "site").rglob("*.html"):
        assert page.stat().st_size < 200_000, page
    for mail in (demo / "mails").glob("*.html"):
        assert mail.stat().st_size < 100_000


def test_played_again_it_starts_anew_and_touches_nothing_else(demo: Path, tmp_path: Path) -> None:
    play(demo, lambda line: None)
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(ConfigurationError, match="does not touch it"):
        play(tmp_path, lambda line: None)
    assert (tmp_path / "mine.txt").exists()
