"""Records of the small PubMed, indexed for its query language.

Independent of `monitor.harvest` on purpose: it is the other side of the conversation. A record may
have several revisions, each visible from a day on, and may be gone from a day on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lxml import etree

WORD: Final = re.compile(r"[^\W_]+(?:\.\d+)*")
_APART = " \x1f "  # stands between fields, so that no phrase crosses them
_TEXT_FIELDS: Final = ("all", "tiab", "ti")


def words(text: str) -> list[str]:
    """Words as PubMed sees them: hyphens, slashes and markup end a word, case does not matter."""
    return WORD.findall(text.lower())


@dataclass(slots=True)
class Document:
    """One revision of one record: its XML and what can be searched in it."""

    pmid: int
    xml: bytes
    visible: date
    created: date | None
    entered: date | None
    revised: date | None
    published: date | None
    texts: dict[str, str] = field(default_factory=dict)
    mesh: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    substances: frozenset[str] = frozenset()
    journal: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()


class Index:
    """All revisions, with postings by word and field. Not thread-safe while records are added."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self._postings: dict[str, dict[str, set[int]]] = {f: defaultdict(set) for f in _TEXT_FIELDS}
        self._by_pmid: dict[int, list[int]] = defaultdict(list)
        self._gone: dict[int, date] = {}
        self._visible: tuple[date, frozenset[int]] | None = None

    def add(self, xml: bytes, visible_from: date | None = None) -> int:
        """Add a revision of a record (one PubmedArticle or PubmedBookArticle); its PMID.

        It is visible from `visible_from`, or from its Create Date, or always. Raises `ValueError`
        for XML without a PMID.
        """
        document = _read(xml, visible_from)
        number = len(self.documents)
        self.documents.append(document)
        self._by_pmid[document.pmid].append(number)
        for name in _TEXT_FIELDS:
            for word in set(document.texts[name].split()):
                self._postings[name][word].add(number)
        self._visible = None
        return document.pmid

    def delete(self, pmid: int, on: date) -> None:
        """Let a record be gone from a day on."""
        self._gone[pmid] = on
        self._visible = None

    def current(self, pmid: int, today: date) -> Document | None:
        """The revision of a record that is visible on a day."""
        if pmid in self._gone and self._gone[pmid] <= today:
            return None
        seen = [d for i in self._by_pmid.get(pmid, ()) if (d := self.documents[i]).visible <= today]
        return max(seen, key=lambda d: d.visible) if seen else None

    def gone(self, today: date) -> list[int]:
        """PMIDs that are gone on a day."""
        return sorted(p for p, on in self._gone.items() if on <= today)

    def visible(self, today: date) -> frozenset[int]:
        """Numbers of the documents that are current on a day."""
        if self._visible is None or self._visible[0] != today:
            shown = (self.current(pmid, today) for pmid in self._by_pmid)
            keep = {id(d) for d in shown if d is not None}
            numbers = frozenset(i for i, d in enumerate(self.documents) if id(d) in keep)
            self._visible = (today, numbers)
        return self._visible[1]

    def phrase(self, name: str, phrase: list[str], *, truncated: bool = False) -> set[int]:
        """Documents whose field holds these words in a row; `truncated` opens the last word."""
        postings = self._postings[name]
        if truncated:
            stem = phrase[-1]
            last: set[int] = set().union(*(s for w, s in postings.items() if w.startswith(stem)))
        else:
            last = postings.get(phrase[-1], set())
        found = set(last)
        for word in phrase[:-1]:
            found &= postings.get(word, set())
        if len(phrase) == 1:
            return found
        needle = " " + " ".join(phrase) + ("" if truncated else " ")
        return {i for i in found if needle in self.documents[i].texts[name]}

    def near(self, name: str, phrase: list[str], distance: int) -> set[int]:
        """Documents that hold all words, in any order, with at most `distance` words between."""
        postings = self._postings[name]
        found = set.intersection(*(postings.get(w, set()) for w in phrase))
        return {i for i in found if self._is_near(i, name, phrase, distance)}

    def _is_near(self, number: int, name: str, phrase: list[str], distance: int) -> bool:
        tokens = self.documents[number].texts[name].split()
        span = len(phrase) + distance
        wanted = set(phrase)
        for start, token in enumerate(tokens):
            if token in wanted:
                window = tokens[start : start + span]
                if "\x1f" in window:
                    window = window[: window.index("\x1f")]
                if wanted <= set(window):
                    return True
        return False

    def where(self, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Document]]:
        """Documents with their numbers."""
        for number in range(len(self.documents)) if numbers is None else numbers:
            yield number, self.documents[number]


def _read(xml: bytes, visible_from: date | None) -> Document:
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    found = root.find(".//PMID")
    if found is None or not (found.text or "").strip().isdigit():
        raise ValueError("a record without PMID")
    created = _history(root, "entrez")
    tiab = [_text(e) for tag in _TIAB for e in root.iterfind(tag)]
    other = [_text(e) for tag in _OTHER for e in root.iterfind(tag)]
    headings = [_text(e) for e in root.iterfind(".//MeshHeading/DescriptorName")]
    titles = [_text(e) for tag in _TITLES for e in root.iterfind(tag)]
    substances = [_text(e) for e in root.iterfind(".//NameOfSubstance")]
    return Document(
        pmid=int((found.text or "").strip()),
        xml=xml,
        visible=visible_from or created or date.min,
        created=created,
        entered=_history(root, "pubmed"),
        revised=_date(root.find(".//DateRevised")) or created,
        published=_published(root),
        texts={
            "tiab": _join(tiab),
            "ti": _join(titles),
            "all": _join([*tiab, *other, *headings, *substances]),
        },
        mesh=frozenset(" ".join(words(h)) for h in headings),
        types=frozenset(" ".join(words(_text(e))) for e in root.iterfind(".//PublicationType")),
        substances=frozenset(" ".join(words(s)) for s in substances),
        journal=frozenset(" ".join(words(_text(e))) for t in _JOURNAL for e in root.iterfind(t)),
        authors=frozenset(_authors(root)),
        languages=frozenset(_text(e).lower() for e in root.iterfind(".//Language")),
    )


_TITLES: Final = (".//ArticleTitle", ".//VernacularTitle", ".//BookDocument/Book/BookTitle")
_TIAB: Final = (*_TITLES, ".//AbstractText", ".//KeywordList/Keyword")
_OTHER: Final = (".//Affiliation", ".//Grant/GrantID", ".//Grant/Agency", ".//CoiStatement",
    ".//CollectiveName", ".//Journal/Title", ".//Author/LastName", ".//AccessionNumber",
    ".//MeshHeading/QualifierName", ".//SupplMeshName", ".//PublicationType")  # fmt: skip
_JOURNAL: Final = (".//Journal/Title", ".//ISOAbbreviation", ".//MedlineTA", ".//ISSN")


def _text(element: etree._Element) -> str:
    # A sub- or superscript ends a word in PubMed.
    return " ".join("\u2009".join(str(t) for t in element.itertext()).split())


def _join(texts: Iterable[str]) -> str:
    return " " + _APART.join(" ".join(words(t)) for t in texts) + " "


def _authors(root: etree._Element) -> Iterator[str]:
    for author in root.iterfind(".//AuthorList/Author"):
        last = " ".join(
            words(author.findtext("LastName") or author.findtext("CollectiveName") or "")
        )
        initials = (author.findtext("Initials") or "").lower()
        yield last
        if initials:
            yield f"{last} {initials}"
            yield f"{last} {initials[0]}"


def _history(root: etree._Element, status: str) -> date | None:
    return _date(root.find(f".//History/PubMedPubDate[@PubStatus='{status}']"))


def _date(element: etree._Element | None) -> date | None:
    if element is None:
        return None
    parts = [element.findtext(tag) or "1" for tag in ("Year", "Month", "Day")]
    try:
        return date(*(int(p) for p in parts))
    except ValueError:
        return None


def _published(root: etree._Element) -> date | None:
    element = root.find(".//JournalIssue/PubDate")
    if element is None:
        return None
    year = re.search(r"\d{4}", " ".join(str(t) for t in element.itertext()))
    return date(int(year[0]), 1, 1) if year else None
