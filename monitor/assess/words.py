"""Word lists as a reader would write them: words with spaces between."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text; a hyphen or a full stop inside belongs to the word."""
    return frozenset(text.split())
