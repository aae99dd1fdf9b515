"""Meta tags (Highwire) by which reference managers and Google Scholar read a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from monitor import wording
from monitor.model import Article, Author, Paper


def tags(paper: Paper, site: str, path: str) -> tuple[tuple[str, str], ...]:
    """Names and contents, in order; empty ones are left out. `site` may be empty."""
    return tuple((name, content) for name, content in _tags(paper.article, site, path) if content)


def _tags(a: Article, site: str, path: str) -> Iterator[tuple[str, str]]:
    yield "citation_title", a.title or a.vernacular_title
    for person in a.authors:
        yield "citation_author", _name(person)
    yield "citation_book_title" if a.is_book else "citation_journal_title", a.journal.title
    yield "citation_journal_abbrev", "" if a.is_book else a.journal.abbreviation
    yield "citation_issn", a.journal.issn
    yield "citation_publication_date", _date(a)
    yield "citation_volume", a.journal.volume
    yield "citation_issue", a.journal.issue
    first, _, last = a.journal.pages.partition("-")
    yield "citation_firstpage", first.strip()
    yield "citation_lastpage", last.strip()
    yield "citation_doi", a.doi
    yield "citation_pmid", a.pmid if a.pmid.isdigit() else ""
    yield "citation_language", a.languages[0] if a.languages else ""
    yield "citation_keywords", "; ".join(a.keywords)
    yield "citation_public_url", wording.paper_url(a.pmid)
    yield "citation_abstract_html_url", site + path if site else ""


def _name(person: Author) -> str:
    """Family name, comma, given names.

    Zotero takes what has a space on both sides of the comma for two people, so "van der Meer, Jos
    W" is given with initials, and the name of a group without commas.
    """
    if person.collective:
        return " ".join(person.collective.replace(",", " ").replace(";", " ").split())
    given = person.fore_name or person.initials
    if " " in person.last_name and " " in given:
        given = person.initials.replace(" ", "") or given.replace(" ", "")
    return f"{person.last_name}, {given}".strip(", ")


def _date(a: Article) -> str:
    when = a.dates.published or a.dates.electronic
    if when is None or when.year != a.year:
        return str(a.year or "")
    parts = [f"{when.year:04d}", *(f"{p:02d}" for p in (when.month, when.day) if p)]
    return "/".join(parts)
