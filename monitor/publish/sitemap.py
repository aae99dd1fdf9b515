"""Which pages there are, for search engines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

_SPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
#: The protocol allows no more addresses in one file.
_MOST: Final = 50_000


def sitemap(site: str, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Files of (path, content): one, or a list of several for a very large site."""
    parts = [paths[i : i + _MOST] for i in range(0, len(paths), _MOST)]
    if len(parts) == 1:
        yield "sitemap.xml", _file("urlset", "url", site, parts[0])
        return
    names = [f"sitemap-{n}.xml" for n in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        yield name, _file("urlset", "url", site, part)
    yield "sitemap.xml", _file("sitemapindex", "sitemap", site, names)


def robots(site: str) -> bytes:
    """All may read all; with the address of the site map where the site has one."""
    where = f"\nSitemap: {site}sitemap.xml\n" if site else ""
    return f"User-agent: *\nAllow: /\n{where}".encode()


def _file(root: str, entry: str, site: str, paths: Sequence[str]) -> bytes:
    """What quoting leaves of a path needs no escaping; a tree of 18,000 pages takes its time."""
    start = escape(site)
    lines = (f"  <{entry}>\n    <loc>{start}{quote(path)}</loc>\n  </{entry}>\n" for path in paths)
    body = "".join(lines)
    head = "<?xml version='1.0' encoding='utf-8'?>"
    return f'{head}\n<{root} xmlns="{_SPACE}">\n{body}</{root}>\n'.encode()
