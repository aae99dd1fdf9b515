"""Numbers as abstracts write them: digits with separators, or words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from monitor.splitting import Tokens

_UNITS = {
    word: value
    for value, word in enumerate(
        (
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
            "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
            "eighteen", "nineteen",
        )
    )
}  # fmt: skip
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
_TIMES = {"thousand": 1_000, "million": 1_000_000}
_HUNDRED = 100
_WORDS = frozenset({*_UNITS, *_TENS})
#: As they may be written: most words of a text are none, and are told so without being lowered.
_SPELT = frozenset(s for w in _WORDS for s in (w, w.capitalize(), w.upper()))
_GROUPED = re.compile(r"\d{1,3}(?:[,.·]\d{3})+")


def may_begin(word: str) -> bool:
    """Whether a number may begin with this word."""
    return word in _SPELT or word[0].isdigit()


class Number(NamedTuple):
    """A whole number in a text: tokens `first`..`last`, at `start`..`end`."""

    value: int
    first: int
    last: int
    start: int
    end: int


def whole_numbers(
    text: str, tokens: Tokens, places: Iterable[int] | None = None, stop: int | None = None
) -> Iterator[Number]:
    """All whole numbers of a text, in order. "4.5" is none, "3,925" and "25 409" are one each.

    `places` are the words with which one may begin, where they are known; none goes on to the word
    `stop` or beyond it.
    """
    words = tokens.words
    stop = len(words) if stop is None else stop
    if places is None:
        places = [at for at, word in enumerate(words) if may_begin(word)]
    last = -1
    for at in places:
        if at <= last:
            continue
        found = (_words if words[at] in _SPELT else _digits)(text, tokens, at, stop)
        if found is not None:
            yield found
            last = found.last


def _digits(text: str, tokens: Tokens, at: int, stop: int) -> Number | None:
    words, starts, ends = tokens.words, tokens.starts, tokens.ends
    word, last = words[at], at
    if word.isdigit() and word.isascii():
        digits = word
        while len(digits) <= 6 and _goes_on(text, tokens, last, stop):  # noqa: PLR2004 - a million
            last += 1
            digits += words[last]
    elif "." not in word and _GROUPED.fullmatch(word):
        digits = re.sub(r"\D", "", word)
    else:
        return None
    value = int(digits[:12])
    if last + 1 < stop and text[ends[last] : starts[last + 1]].isspace():
        times = _TIMES.get(words[last + 1].lower(), 1)
        value, last = value * times, last + (times > 1)
    return Number(value, at, last, starts[at], ends[last])


def _goes_on(text: str, tokens: Tokens, at: int, stop: int) -> bool:
    """Whether "25" is followed by a thin or plain space and three digits: "25 409"."""
    if at + 1 >= stop:
        return False
    following = tokens.words[at + 1]
    return (
        len(following) == 3  # noqa: PLR2004 - thousands
        and following.isdigit()
        and following.isascii()
        and len(tokens.words[at]) <= 3  # noqa: PLR2004
        and text[tokens.ends[at] : tokens.starts[at + 1]] in {"\u2009", "\u202f", "\u00a0", " "}
    )


def _words(text: str, tokens: Tokens, at: int, stop: int) -> Number | None:
    """Numbers below a million in words: "thirty-eight", "one thousand and twenty"."""
    total, thousands, last = 0, 0, at - 1
    i = at
    while i < stop:
        word = tokens.words[i].lower()
        gap = text[tokens.ends[i - 1] : tokens.starts[i]] if i > at else ""
        if gap.strip(" -\u2010\u2011"):
            break
        if word in _TENS and total % _HUNDRED == 0:
            total += _TENS[word]
        elif word in _UNITS and (total % 10 == 0 or last < at) and not (total and word == "zero"):
            total += _UNITS[word]
        elif word == "hundred" and 0 < total < 10:  # noqa: PLR2004
            total *= _HUNDRED
        elif word == "thousand" and total and not thousands:
            total, thousands = 0, total * _TIMES[word]
        elif word == "and" and last >= at and total % _HUNDRED == 0 and (total or thousands):
            i += 1
            continue
        else:
            break
        last = i
        i += 1
    if last < at:
        return None
    return Number(thousands + total, at, last, tokens.starts[at], tokens.ends[last])
