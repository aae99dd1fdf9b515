"""The page of data and feeds. Pure."""

from __future__ import annotations

from typing import Any, Final

from monitor.catalog import Catalog
from monitor.wording import Words, to_say

#: Files of all papers: (file, name, what it is good for).
_FILES: Final = (
    ("papers.csv", "CSV", to_say("a spreadsheet")),
    ("papers.ris", "RIS", to_say("Zotero, EndNote, Mendeley")),
    ("papers.bib", "BibTeX", to_say("LaTeX, JabRef")),
    ("papers.csl.json", "CSL-JSON", to_say("Pandoc, Zotero")),
    (
        "papers.jsonl",
        "JSON lines",
        to_say("programs: every label with its passages, a line a paper"),
    ),
    (
        "evidence-monitor.db",
        "SQLite",
        to_say("a database of papers, claims and their history; opens in Datasette"),
    ),
)


def data(catalog: Catalog, words: Words) -> dict[str, Any]:
    """What can be downloaded, and whose feeds there are."""
    claims = ((c.id, words.say(c.title)) for c in catalog.claims)
    mechanisms = ((m.id, words.say(m.label)) for m in catalog.mechanisms)
    return {
        "files": [(file, name, words.say(use)) for file, name, use in _FILES],
        "about": [*claims, *mechanisms],
    }
