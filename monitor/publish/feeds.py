"""Atom feeds of events. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lxml import etree

from monitor import wording
from monitor.model import Event

_ATOM: Final = "http://www.w3.org/2005/Atom"
_OTHER_THAN_XML: Final = {c: None for c in range(32) if c not in {9, 10, 13}}


def atom(
    title: str, site: str, path: str, events: Sequence[Event], updated: datetime | None
) -> bytes:
    """A feed of events, newest first. `site` is the public address or "" (then ids are tags)."""
    base = site or "https://example.invalid/"
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    _add(feed, "title", title)
    _add(feed, "id", base + path)
    when = updated or (events[0].at if events else None)
    _add(feed, "updated", when.isoformat() if when else "1970-01-01T00:00:00+00:00")
    _add(_add(feed, "author"), "name", "Evidence monitor")
    if site:
        _add(feed, "link", rel="self", href=site + path)
    for event in events:
        entry = _add(feed, "entry")
        _add(entry, "title", f"{wording.event(event.kind)}: {event.sentence}")
        _add(entry, "id", f"{base}events/{event.key}")
        _add(entry, "updated", event.at.isoformat())
        _add(entry, "summary", event.sentence)
        for pmid in event.pmids[:1]:
            page = f"{site}papers/{wording.file_name(pmid)}.html"
            where = page if site else wording.paper_url(pmid)
            _add(entry, "link", rel="alternate", href=where)
    return etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _add(
    parent: etree._Element, tag: str, text: str | None = None, **attributes: str
) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    element.text = text.translate(_OTHER_THAN_XML) if text else None
    return element
