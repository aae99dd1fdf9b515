"""Every link of the demo's site leads somewhere, and no page is heavy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import etree, html

from monitor.demo.play import play

START, ANY = 60_000, 200_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    play(folder, lambda _: None)
    return folder / "site"


def links(page: Path) -> list[str]:
    tree = html.fromstring(page.read_bytes())
    return [
        str(found)
        for found in tree.xpath("//@href | //@src")
        if not urlsplit(str(found)).scheme  # elsewhere
    ]


@cache
def anchors(page: Path) -> frozenset[str]:
    return frozenset(html.fromstring(page.read_bytes()).xpath("//@id"))


def test_every_internal_link_and_fragment_resolves(demo: Path) -> None:
    seen = 0
    for page in demo.rglob("*.html"):
        for link in links(page):
            seen += 1
            parts = urlsplit(link)
            where = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert where.is_file(), f"{page.relative_to(demo)}: {link}"
            if parts.fragment:
                assert parts.fragment in anchors(where), f"{page.relative_to(demo)}: {link}"
    assert seen > 1000


def test_every_page_is_reached_from_the_start(demo: Path) -> None:
    reached, waiting = set(), [demo / "index.html"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        paths = (urlsplit(link).path for link in links(page))
        targets = ((page.parent / unquote(p)).resolve() for p in paths if p)
        waiting += [t for t in targets if t.suffix == ".html"]
    unlinked = {demo / "404.html"}  # hosts show it for an address that is none
    assert set(demo.rglob("*.html")) - unlinked == reached


def test_no_id_stands_twice_on_a_page(demo: Path) -> None:
    for page in demo.rglob("*.html"):
        ids = html.fromstring(page.read_bytes()).xpath("//@id")
        assert len(ids) == len(set(ids)), page.name


def test_pages_are_light(demo: Path) -> None:
    sizes = {p.relative_to(demo).as_posix(): p.stat().st_size for p in demo.rglob("*.html")}
    assert sizes["index.html"] <= START
    assert max(sizes.values()) <= ANY, max(sizes, key=lambda p: sizes[p])


def test_pages_load_nothing_from_elsewhere(demo: Path) -> None:
    for page in demo.rglob("*.html"):
        tree = html.fromstring(page.read_bytes())
        loaded = tree.xpath("//script/@src | //img/@src | //link[@rel='stylesheet']/@href")
        assert not [u for u in loaded if urlsplit(str(u)).scheme or str(u).startswith("//")]
        assert not tree.xpath("//script[not(@src)] | //style | //@style | //@onclick"), page.name


def test_feeds_are_xml(demo: Path) -> None:
    feeds = list((demo / "feeds").glob("*.xml"))
    assert feeds
    for feed in feeds:
        assert etree.parse(feed).getroot().tag == "{http://www.w3.org/2005/Atom}feed"
