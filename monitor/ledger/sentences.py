"""Sentences of a field, roughly: enough to show a passage, not to judge by it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z(])|\n")


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of sentences: a full stop, a space and a capital end one, so does a line."""
    at = 0
    for match in _END.finditer(text):
        if match.start() > at:
            yield at, match.start()
        at = match.end()
    if at < len(text):
        yield at, len(text)


def sentence_around(text: str, start: int) -> tuple[int, int]:
    """Offsets of the sentence that holds an offset; the whole text when none does."""
    return next((s for s in sentences(text) if s[0] <= start < s[1]), (0, len(text)))
