"""The cue language of queries/*.toml. Pure; `patterns.py` finds cues in texts.

A cue is a few words, written as a reader would say them:

- ``chronic fatigue syndrome``  words in this order; between them a space, a hyphen, a slash or a
  bracket, but no comma, colon or end of a sentence;
- ``mitochondri*``              a word that starts so;
- ``(mice|mouse|rat model)``    one of these;
- ``failed ~3 improve*``        at most three words in between, within the sentence;
- ``natural killer (cell|)``    an empty alternative makes a part optional.

Case does not matter, except for a word with two capitals or a capital and a digit (``CFS``,
``TRPM3``): that must be written so in the text. Numbers keep their decimals (``4.5 mg``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: A word of a text or a cue; "4.5" and "3,925" are one each.
WORD = r"[^\W_]+(?:[.,·][0-9]+)*"
_CUE_PART = re.compile(rf"~(\d+)|([()|])|({WORD})(\*?)|(\S)")
_MAX_GAP = 12
_MAX_VARIANTS = 400


class CueError(ValueError):
    """A cue that cannot be read; the message says which one and why."""


@dataclass(frozen=True, slots=True)
class Gap:
    """At most so many words of any kind."""

    words: int


Part = str | Gap
Phrase = tuple[Part, ...]


def _is_acronym(word: str) -> bool:
    capitals = sum(c.isupper() for c in word)
    return capitals >= 2 or (capitals == 1 and any(c.isdigit() for c in word))  # noqa: PLR2004


def _symbol(word: str, *, prefix: bool) -> str:
    """How a word of a cue is looked up: "=" exact case, "*" beginning, "" any case."""
    if prefix:
        return "*" + word.lower()
    return "=" + word if _is_acronym(word) else word.lower()


def parse(cue: str) -> list[Phrase]:
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
        if isinstance(variant[0], Gap) or isinstance(variant[-1], Gap):
            raise CueError(f"{cue!r}: a gap needs a word on both sides")
    return list(dict.fromkeys(variants))


def _alternatives(
    cue: str, parts: Sequence[re.Match[str]], at: int, depth: int
) -> tuple[list[Phrase], int]:
    done: list[Phrase] = []
    current: list[Phrase] = [()]
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


def _part(cue: str, gap: str | None, word: str | None, star: str, stray: str | None) -> Part | None:
    if gap is not None:
        if not 1 <= int(gap) <= _MAX_GAP:
            raise CueError(f"{cue!r}: a gap is between ~1 and ~{_MAX_GAP}")
        return Gap(int(gap))
    if word is not None:
        return _symbol(word, prefix=bool(star))
    if stray in {"*", "~"}:
        raise CueError(f"{cue!r}: {stray!r} stands alone")
    return None  # hyphens, slashes, quotation marks: the same as a space
