"""Words of a text and what stands between them. Pure.

A text is split by one regular expression. Offsets are those of the text as given: nothing is
case-folded or normalised.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple, overload

from monitor.cues import WORD

_WORD = re.compile(f"({WORD})")
#: The same for texts of which no letter or digit lies beyond Latin-1: a table instead of questions.
_LATIN = "".join(c for c in map(chr, range(256)) if c.isalnum())
_LATIN_WORD = re.compile(f"([{_LATIN}]+(?:[.,·][0-9]+)*)")
_BEYOND = re.compile("[^\x00-\xff\u2000-\u206f\u2200-\u22ff]")
_BREAK = re.compile(r"[.,:;!?\n]")
_STOP = re.compile(r"[.;!?\n]")
#: Gaps remembered; hostile text must not fill the memory.
_MOST_REMEMBERED = 200_000
#: What stands between two words: a phrase goes on, only a distance goes on, or nothing does.
JOINED, BROKEN, STOPPED = 0, 1, 2


class Token(NamedTuple):
    """A word of a text: `text[start:end]`."""

    text: str
    start: int
    end: int


# What Token(...) does in the end, without a function of Python in between.
_token = partial(tuple.__new__, Token)


class _Kinds(dict[str, int]):
    """What stands between two words, by its text."""

    def __missing__(self, between: str) -> int:
        if len(self) > _MOST_REMEMBERED:
            self.clear()
        kind = STOPPED if _STOP.search(between) else BROKEN if _BREAK.search(between) else JOINED
        self[between] = kind
        return kind


_KINDS = _Kinds()


class Tokens(Sequence[Token]):
    """The words of a text in order, with what a matcher asks of them. Made by `tokenize`.

    `words`, `starts` and `ends` are those of the tokens, which are made only when asked for.
    `kinds[i]` tells what stands before word `i`, `until[i]` is the first word after word `i` that a
    distance no longer reaches. `found` remembers what readers found.

    Texts that are read together are parts of one: then `whole` has the words of all of them, this
    text is part number `part`, and its first word is word `first` there. Offsets are always those
    of the text itself, also in the whole; `parts` are there the first words of all parts, and the
    number of words. What is found in the whole is found for all its parts at once, so that only the
    whole has `until`.
    """

    __slots__ = (
        "ends", "first", "found", "kinds", "part", "parts", "starts", "until", "whole", "words",
    )  # fmt: skip

    def __init__(
        self,
        words: list[str],
        starts: list[int],
        ends: list[int],
        kinds: list[int],
        until: list[int],
    ) -> None:
        self.words, self.starts, self.ends = words, starts, ends
        self.kinds, self.until = kinds, until
        self.found: dict[Hashable, Any] = {}
        self.whole: Tokens | None = None
        self.part = self.first = 0
        self.parts = [0, len(words)]

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[Token]:
        return map(_token, zip(self.words, self.starts, self.ends, strict=True))

    @overload
    def __getitem__(self, at: int) -> Token: ...
    @overload
    def __getitem__(self, at: slice) -> list[Token]: ...
    def __getitem__(self, at: int | slice) -> Token | list[Token]:
        if isinstance(at, slice):
            return list(
                map(_token, zip(self.words[at], self.starts[at], self.ends[at], strict=True))
            )
        return Token(self.words[at], self.starts[at], self.ends[at])


def tokenize(text: str) -> Tokens:
    """Words of a text with their offsets; "4.5" and "3,925" are one word each."""
    latin = text.isascii() or _BEYOND.search(text) is None
    parts = (_LATIN_WORD if latin else _WORD).split(text)
    bounds = list(accumulate(map(len, parts)))
    kinds = list(map(_KINDS.__getitem__, parts[0::2]))
    kinds[0] = kinds[-1] = STOPPED
    return Tokens(parts[1::2], bounds[0:-1:2], bounds[1::2], kinds, _until(kinds))


def _until(kinds: list[int]) -> list[int]:
    """For each word the first one after it that a distance no longer reaches."""
    until: list[int] = []
    for at, kind in enumerate(kinds):
        if kind == STOPPED:
            until += [at] * (at - len(until))
    return until
