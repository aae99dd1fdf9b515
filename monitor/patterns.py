"""The cue language of queries/*.toml, and a matcher for many cues at once. Pure.

A cue is a few words, written as a reader would say them:

- ``chronic fatigue syndrome``  words in this order; between them a space, a hyphen, a slash or a
  bracket, but no comma, colon or end of a sentence;
- ``mitochondri*``              a word that starts so;
- ``(mice|mouse|rat model)``    one of these;
- ``failed ~3 improve*``        at most three words in between, within the sentence;
- ``natural killer (cell|)``    an empty alternative makes a part optional.

Case does not matter, except for a word with two capitals or a capital and a digit (``CFS``,
``TRPM3``): that must be written so in the text. Numbers keep their decimals (``4.5 mg``).

All cues of a catalog go into one trie over words, so that a text is read once however many cues
there are. Offsets are those of the text as given: nothing is case-folded or normalised.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)

_WORD = re.compile(r"[^\W_]+(?:[.,·][0-9]+)*")
_CUE_PART = re.compile(r"~(\d+)|([()|])|([^\W_]+(?:[.,·][0-9]+)*)(\*?)|(\S)")
_BREAK = re.compile(r"[.,:;!?\n]")
_STOP = re.compile(r"[.;!?\n]")
_MAX_GAP = 12
_MAX_VARIANTS = 400
#: Words remembered by a matcher; hostile text must not fill the memory.
_MOST_REMEMBERED = 200_000


class CueError(ValueError):
    """A cue that cannot be read; the message says which one and why."""


class Token(NamedTuple):
    """A word of a text: `text[start:end]`."""

    text: str
    start: int
    end: int


class Hit(NamedTuple, Generic[Key]):
    """A place where a cue matched: `text[start:end]`."""

    key: Key
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Gap:
    words: int


_Part = str | _Gap
_Sequence = tuple[_Part, ...]


def tokenize(text: str) -> list[Token]:
    """Words of a text with their offsets; "4.5" and "3,925" are one word each."""
    make = tuple.__new__  # what Token(...) does in the end; texts have hundreds of words
    return [make(Token, (m[0], *m.span())) for m in _WORD.finditer(text)]


def _is_acronym(word: str) -> bool:
    capitals = sum(c.isupper() for c in word)
    return capitals >= 2 or (capitals == 1 and any(c.isdigit() for c in word))  # noqa: PLR2004


def _symbol(word: str, *, prefix: bool) -> str:
    """How a word of a cue is looked up: "=" exact case, "*" beginning, "" any case."""
    if prefix:
        return "*" + word.lower()
    return "=" + word if _is_acronym(word) else word.lower()


def parse(cue: str) -> list[_Sequence]:
    """All plain sequences that a cue stands for.

    Raises `CueError` for an empty cue, unbalanced brackets, a gap at either end, a stray character
    that can never match, or a cue that stands for too many sequences.
    """
    parts = list(_CUE_PART.finditer(cue))
    variants, rest = _alternatives(cue, parts, 0, depth=0)
    if rest != len(parts):
        raise CueError(f"{cue!r}: a closing bracket without an opening one")
    for variant in variants:
        if not variant:
            raise CueError(f"{cue!r}: it can match nothing at all")
        if isinstance(variant[0], _Gap) or isinstance(variant[-1], _Gap):
            raise CueError(f"{cue!r}: a gap needs a word on both sides")
    return list(dict.fromkeys(variants))


def _alternatives(
    cue: str, parts: Sequence[re.Match[str]], at: int, depth: int
) -> tuple[list[_Sequence], int]:
    done: list[_Sequence] = []
    current: list[_Sequence] = [()]
    while at < len(parts):
        gap, bracket, word, star, stray = parts[at].groups()
        if bracket == ")" and depth == 0:
            break
        at += 1
        if bracket == ")":
            return [*done, *current], at
        if bracket == "|":
            if depth == 0:
                raise CueError(f"{cue!r}: '|' belongs inside brackets")
            done, current = [*done, *current], [()]
            continue
        if bracket == "(":
            inner, at = _alternatives(cue, parts, at, depth + 1)
            current = [a + b for a in current for b in inner]
        else:
            part = _part(cue, gap, word, star, stray)
            if part is not None:
                current = [(*a, part) for a in current]
        if len(current) > _MAX_VARIANTS:
            raise CueError(f"{cue!r}: it stands for more than {_MAX_VARIANTS} phrases")
    if depth:
        raise CueError(f"{cue!r}: an opening bracket without a closing one")
    return [*done, *current], at


def _part(
    cue: str, gap: str | None, word: str | None, star: str, stray: str | None
) -> _Part | None:
    if gap is not None:
        if not 1 <= int(gap) <= _MAX_GAP:
            raise CueError(f"{cue!r}: a gap is between ~1 and ~{_MAX_GAP}")
        return _Gap(int(gap))
    if word is not None:
        return _symbol(word, prefix=bool(star))
    if stray in {"*", "~"}:
        raise CueError(f"{cue!r}: {stray!r} stands alone")
    return None  # hyphens, slashes, quotation marks: the same as a space


class _Node(Generic[Key]):
    __slots__ = ("gaps", "keys", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node[Key]] = {}
        self.gaps: dict[int, _Node[Key]] = {}
        self.keys: list[Key] = []


class Matcher(Generic[Key]):
    """Finds every place of every cue in one pass. Immutable after construction; thread-safe reads.

    `cues` are (key, cue) pairs; one key may have many cues. Raises `CueError` for a bad cue.
    """

    def __init__(self, cues: Iterable[tuple[Key, str]]) -> None:
        self._root: _Node[Key] = _Node()
        self._prefixes: dict[str, None] = {}
        for key, cue in cues:
            for variant in parse(cue):
                self._add(key, variant)
        self._lengths = sorted({len(p) for p in self._prefixes})
        self._symbols: dict[str, tuple[str, ...]] = {}
        self._starts: dict[str, tuple[_Node[Key], ...]] = {}
        self._known = _symbols_of(self._root)

    def _add(self, key: Key, variant: _Sequence) -> None:
        node = self._root
        for part in variant:
            if isinstance(part, _Gap):
                node = node.gaps.setdefault(part.words, _Node())
                continue
            if part.startswith("*"):
                self._prefixes[part[1:]] = None
            node = node.words.setdefault(part, _Node())
        if key not in node.keys:
            node.keys.append(key)

    def _lookup(self, word: str) -> tuple[str, ...]:
        """Symbols that this word can stand for; remembered, since texts repeat their words."""
        lower = word.lower()
        found = [s for s in (lower, "=" + word) if s in self._known]
        for length in self._lengths:
            if length > len(lower):
                break
            if lower[:length] in self._prefixes:
                found.append("*" + lower[:length])
        if len(self._symbols) > _MOST_REMEMBERED:
            self._symbols.clear()
        result = self._symbols[word] = tuple(found)
        return result

    def find(self, text: str, tokens: Sequence[Token] | None = None) -> list[Hit[Key]]:
        """All hits in a text, by start, then end. `tokens` may be given when already at hand."""
        words = tokenize(text) if tokens is None else tokens
        hits: dict[Hit[Key], None] = {}
        starts = self._starts
        for i, word in enumerate(words):
            nodes = starts.get(word[0])
            if nodes is None:
                nodes = self._start_nodes(word[0])
            for node in nodes:
                self._walk(text, words, i, i, node, hits)
        return sorted(hits, key=lambda h: (h.start, h.end))

    def _start_nodes(self, word: str) -> tuple[_Node[Key], ...]:
        """Where cues go on that start with this word; remembered, for most words start none."""
        first = self._root.words
        if len(self._starts) > _MOST_REMEMBERED:
            self._starts.clear()
        nodes = tuple(first[symbol] for symbol in self._lookup(word) if symbol in first)
        self._starts[word] = nodes
        return nodes

    def _walk(
        self,
        text: str,
        words: Sequence[Token],
        start: int,
        at: int,
        node: _Node[Key],
        hits: dict[Hit[Key], None],
    ) -> None:
        for key in node.keys:
            hits[Hit(key, words[start].start, words[at].end)] = None
        if at + 1 >= len(words):
            return
        symbols = self._symbols
        if node.words:
            between = text[words[at].end : words[at + 1].start]
            if between in {" ", "-"} or not _BREAK.search(between):
                word = words[at + 1][0]
                known = symbols.get(word)
                for symbol in self._lookup(word) if known is None else known:
                    if (following := node.words.get(symbol)) is not None:
                        self._walk(text, words, start, at + 1, following, hits)
        for width, after in node.gaps.items():
            last = min(at + 1 + width, len(words) - 1)
            for j in range(at + 1, last + 1):
                between = text[words[j - 1].end : words[j].start]
                if between != " " and _STOP.search(between):
                    break
                word = words[j][0]
                known = symbols.get(word)
                for symbol in self._lookup(word) if known is None else known:
                    if (following := after.words.get(symbol)) is not None:
                        self._walk(text, words, start, j, following, hits)


def _symbols_of(root: _Node[Key]) -> frozenset[str]:
    found: set[str] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        found.update(node.words)
        stack.extend(node.words.values())
        stack.extend(node.gaps.values())
    return frozenset(found)


def longest(hits: Iterable[Hit[Key]]) -> list[Hit[Key]]:
    """Hits that no longer hit of the same key contains."""
    kept: list[Hit[Key]] = []
    furthest: dict[Key, int] = {}
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if hit.end > furthest.get(hit.key, -1):
            furthest[hit.key] = hit.end
            kept.append(hit)
    return kept
