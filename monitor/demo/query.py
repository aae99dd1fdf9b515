"""A subset of PubMed's query language, evaluated over an `Index`.

Phrases in quotation marks, field tags, truncation, proximity (`"a b"[tiab:~2]`), ranges, brackets,
and AND, OR, NOT read from left to right, as PubMed reads them. An unknown field is ignored and
reported; a phrase that nothing holds is reported too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from monitor.demo.index import Document, Index, words

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<open>\()|(?P<close>\))|
        (?P<quoted>"[^"]*")\s*(?P<qtag>\[[^\]]*\])?|
        (?P<range>[\d/]+\s*:\s*[\d/]+)\s*(?P<rtag>\[[^\]]*\])?|
        (?P<word>[^\s()\[\]"]+)\s*(?P<wtag>\[[^\]]*\])?
    )""",
    re.VERBOSE,
)
_TEXT: Final = {
    "tiab": "tiab", "title/abstract": "tiab", "tw": "all", "text word": "all", "all": "all",
    "all fields": "all", "ti": "ti", "title": "ti", "ot": "tiab", "ad": "all", "affiliation": "all",
}  # fmt: skip
_SETS: Final[dict[str, Callable[[Document], frozenset[str]]]] = {
    "mesh": lambda d: d.mesh, "mesh terms": lambda d: d.mesh, "mh": lambda d: d.mesh,
    "majr": lambda d: d.mesh, "mesh:noexp": lambda d: d.mesh,
    "pt": lambda d: d.types, "publication type": lambda d: d.types,
    "nm": lambda d: d.substances, "substance name": lambda d: d.substances,
    "ta": lambda d: d.journal, "journal": lambda d: d.journal,
    "au": lambda d: d.authors, "author": lambda d: d.authors,
    "la": lambda d: d.languages, "language": lambda d: d.languages,
}  # fmt: skip
_DATES: Final[dict[str, Callable[[Document], date | None]]] = {
    "crdt": lambda d: d.created, "date - create": lambda d: d.created,
    "edat": lambda d: d.entered, "date - entry": lambda d: d.entered,
    "lr": lambda d: d.revised, "date - last revision": lambda d: d.revised,
    "mdat": lambda d: d.revised, "date - modification": lambda d: d.revised,
    "dp": lambda d: d.published, "pdat": lambda d: d.published,
    "date - publication": lambda d: d.published,
}  # fmt: skip
_UID: Final = {"uid", "pmid"}
_STOP_WORDS: Final = frozenset(
    "a about again all almost also although always among an and another any are as at be because "
    "been before being between both but by can could did do does done due during each either "
    "enough especially etc for found from further had has have having here how however i if in "
    "into is it its itself just kg km made mainly make may mg might ml mm most mostly must nearly "
    "neither no nor obtained of often on our overall perhaps pmid quite rather really regarding "
    "seem seen several should show showed shown shows significantly since so some such than that "
    "the their theirs them then there therefore these they this those through thus to upon use "
    "used using various very was we were what when which while with within without would".split()
)


class QueryError(ValueError):
    """A query that cannot be read at all (brackets)."""


@dataclass
class Answer:
    """What a query found, and what PubMed would say about it."""

    numbers: set[int]
    translation: str
    fields_not_found: list[str] = field(default_factory=list)
    phrases_not_found: list[str] = field(default_factory=list)
    quoted_not_found: list[str] = field(default_factory=list)


def search(index: Index, query: str, today: date, unknown: frozenset[str] = frozenset()) -> Answer:
    """Documents that match on a day. Raises `QueryError` for unbalanced brackets.

    `unknown` are words that PubMed's own phrase index lacks: phrases with them are reported as not
    found; one that merely this small part of PubMed lacks is not reported.
    """
    reader = _Reader(index, query, unknown)
    numbers, translation = reader.expression(depth=0)
    answer = reader.answer
    answer.numbers = numbers & index.visible(today)
    answer.translation = translation
    return answer


@dataclass(frozen=True)
class _Term:
    text: str
    tag: str
    quoted: bool


class _Reader:
    def __init__(self, index: Index, query: str, unknown: frozenset[str]) -> None:
        self._index = index
        self._unknown = unknown
        self._tokens = _tokens(query)
        self._at = 0
        self.answer = Answer(set(), "")

    def expression(self, depth: int) -> tuple[set[int], str]:
        found: set[int] | None = None
        translation = ""
        operator = "AND"
        while self._at < len(self._tokens):
            part = self._tokens[self._at]
            self._at += 1
            if part == ")":
                if depth == 0:
                    raise QueryError("a closing bracket without an opening one")
                return found or set(), translation
            if part in {"AND", "OR", "NOT"}:
                operator = str(part)
                continue
            if part == "(":
                here, said = self.expression(depth + 1)
                said = f"({said})"
            elif isinstance(part, _Term):
                here, said = self._term(part)
            else:
                continue
            found = here if found is None else _combine(found, here, operator)
            translation = f"{translation} {operator} {said}" if translation else said
            operator = "AND"
        if depth:
            raise QueryError("an opening bracket without a closing one")
        return found or set(), translation

    def _term(self, term: _Term) -> tuple[set[int], str]:
        tag, _, distance = term.tag.partition(":~")
        known = tag in _TEXT or tag in _SETS or tag in _DATES or tag in _UID
        if not known:
            self.answer.fields_not_found.append(term.tag)
            tag = "all"
        text = term.text.lower()
        found = self._lookup(text, tag, distance)
        if not found and self._unknown.intersection(words(text)):
            target = self.answer.quoted_not_found if term.quoted else self.answer.phrases_not_found
            target.append(f'"{text}"[{tag}]' if term.quoted else text)
        return found, _said(text, tag, distance)

    def _lookup(self, text: str, tag: str, distance: str) -> set[int]:
        if tag in _UID:
            return self._range(text, _number, lambda d: d.pmid)
        if tag in _DATES:
            return self._dates(text, _DATES[tag])
        if tag in _SETS:
            return self._members(text, _SETS[tag])
        truncated = text.endswith("*")
        phrase = words(text)
        if not phrase:
            return set()
        if distance:
            return self._index.near(_TEXT[tag], phrase, int(distance))
        if len(phrase) == 1 and phrase[0] in _STOP_WORDS:
            return set(range(len(self._index.documents)))
        return self._index.phrase(_TEXT[tag], phrase, truncated=truncated)

    def _members(self, text: str, of: Callable[[Document], frozenset[str]]) -> set[int]:
        wanted = " ".join(words(text))
        if text.endswith("*"):
            return {i for i, d in self._index.where() if any(v.startswith(wanted) for v in of(d))}
        return {i for i, d in self._index.where() if wanted in of(d)}

    def _range(
        self, text: str, read: Callable[[str], int], of: Callable[[Document], int]
    ) -> set[int]:
        low, _, high = text.partition(":")
        first, last = read(low), read(high or low)
        return {i for i, d in self._index.where() if first <= of(d) <= last}

    def _dates(self, text: str, of: Callable[[Document], date | None]) -> set[int]:
        low, _, high = text.partition(":")
        first, last = day(low, end=False), day(high or low, end=True)
        if first is None or last is None:
            return set()
        return {i for i, d in self._index.where() if (on := of(d)) and first <= on <= last}


def day(text: str, *, end: bool) -> date | None:
    """First or last day of YYYY, YYYY/MM or YYYY/MM/DD; None when it is none of these."""
    parts = [p for p in text.strip().split("/") if p]
    if not parts or not all(p.isdigit() for p in parts) or len(parts) > 3:  # noqa: PLR2004
        return None
    numbers = [int(p) for p in parts]
    for last in (31, 30, 29, 28) if end else (1,):
        filled = (
            [*numbers, 12 if end else 1, last][:3] if len(numbers) == 1 else [*numbers, last][:3]
        )
        try:
            return date(min(filled[0], 9999), *filled[1:])
        except ValueError:
            continue
    return None


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _combine(left: set[int], right: set[int], operator: str) -> set[int]:
    if operator == "OR":
        return left | right
    return left - right if operator == "NOT" else left & right


def _said(text: str, tag: str, distance: str) -> str:
    name = {"tiab": "Title/Abstract", "mesh": "MeSH Terms", "all": "All Fields"}.get(tag, tag)
    if tag in _DATES or tag in _UID:
        first, _, last = text.partition(":")
        return f"{first}:{last}[{name}]" if last else f"{first}[{name}]"
    return f'"{text}"[{name}{":~" + distance if distance else ""}]'


def _tokens(query: str) -> list[str | _Term]:
    found: list[str | _Term] = []
    at = 0
    while at < len(query.rstrip()):
        m = _TOKEN.match(query, at)
        if m is None:
            at += 1
            continue
        at = m.end()
        if m["open"] or m["close"]:
            found.append(m["open"] or m["close"])
        elif m["quoted"] is not None:
            found.append(_Term(m["quoted"][1:-1], _tag(m["qtag"]), quoted=True))
        elif m["range"]:
            found.append(_Term(re.sub(r"\s", "", m["range"]), _tag(m["rtag"]), quoted=False))
        elif m["word"] in {"AND", "OR", "NOT"} and not m["wtag"]:
            found.append(m["word"])
        else:
            found.append(_Term(m["word"], _tag(m["wtag"]), quoted=False))
    return _joined(found)


def _joined(tokens: list[str | _Term]) -> list[str | _Term]:
    """Words in a row before a tag are one phrase of that field: chronic fatigue[tiab]."""
    done: list[str | _Term] = []
    for token in tokens:
        if isinstance(token, _Term) and token.tag and not token.quoted:
            text = token.text
            while done and isinstance(done[-1], _Term) and not done[-1].tag and not done[-1].quoted:
                text = f"{done.pop().text} {text}"  # type: ignore[union-attr]  # a _Term, see above
            done.append(_Term(text, token.tag, quoted=False))
        else:
            done.append(token)
    return [_Term(t.text, t.tag or "all", t.quoted) if isinstance(t, _Term) else t for t in done]


def _tag(text: str | None) -> str:
    return text[1:-1].strip().lower() if text else ""
