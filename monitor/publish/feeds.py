"""Atom feeds of events and of the digest's issues. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lxml import etree

from monitor import wording
from monitor.model import Event, Issue

_ATOM: Final = "http://www.w3.org/2005/Atom"
#: In ids of a site without an address.
_NOWHERE: Final = "https://example.invalid/"
#: Sentences of an issue that its entry tells.
_TOLD: Final = 5
_OTHER_THAN_XML: Final = {c: None for c in range(32) if c not in {9, 10, 13}}


def atom(
    title: str, site: str, path: str, events: Sequence[Event], updated: datetime | None
) -> bytes:
    """A feed of events, newest first. `site` is the public address or "" (then ids are tags)."""
    feed = _feed(title, site, path, updated or (events[0].at if events else None))
    for event in events:
        entry = _add(feed, "entry")
        _add(entry, "title", f"{wording.event(event.kind)}: {event.sentence}")
        _add(entry, "id", f"{site or _NOWHERE}events/{event.key}")
        _add(entry, "updated", event.at.isoformat())
        _add(entry, "summary", event.sentence)
        for pmid in event.pmids[:1]:
            page = f"{site}papers/{wording.file_name(pmid)}.html"
            where = page if site else wording.paper_url(pmid)
            _add(entry, "link", rel="alternate", href=where)
    return _written(feed)


def of_issues(title: str, site: str, path: str, issues: Sequence[Issue]) -> bytes:
    """A feed of the digest: an entry an issue, newest first, with a link to its page."""
    feed = _feed(title, site, path, issues[0].made if issues else None)
    for issue in issues:
        page = f"issues/{issue.number}.html"
        entry = _add(feed, "entry")
        _add(entry, "title", f"Issue {issue.number}: {_news(issue)}")
        _add(entry, "id", f"{site or _NOWHERE}{page}")
        _add(entry, "updated", issue.made.isoformat())
        told = [n.sentence for n in (*issue.corrections, *issue.changes)]
        _add(entry, "summary", " ".join(told[:_TOLD]) or f"{_news(issue)}.")
        if site:
            _add(entry, "link", rel="alternate", href=f"{site}{page}")
    return _written(feed)


def _news(issue: Issue) -> str:
    if issue.first:
        return "the state of the evidence"
    counted = (
        wording.plural(len(issue.papers), "paper", "papers") if issue.papers else "",
        wording.plural(len(issue.changes), "change", "changes") if issue.changes else "",
        wording.plural(len(issue.corrections), "correction", "corrections")
        if issue.corrections
        else "",
    )
    return ", ".join(c for c in counted if c) or "nothing new"


def _feed(title: str, site: str, path: str, when: datetime | None) -> etree._Element:
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    _add(feed, "title", title)
    _add(feed, "id", f"{site or _NOWHERE}{path}")
    _add(feed, "updated", when.isoformat() if when else "1970-01-01T00:00:00+00:00")
    _add(_add(feed, "author"), "name", "Evidence monitor")
    if site:
        _add(feed, "link", rel="self", href=site + path)
    return feed


def _written(feed: etree._Element) -> bytes:
    return etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _add(
    parent: etree._Element, tag: str, text: str | None = None, **attributes: str
) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    element.text = text.translate(_OTHER_THAN_XML) if text else None
    return element
