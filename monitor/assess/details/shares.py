"""Shares in percent that tell of how many people they are shares. Pure.

"47 (76%) were women" fits 62 people and not 207, so a text that counts by percentages says who was
analysed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.assess.details.numbers import Number, whole_numbers
from monitor.splitting import Tokens

#: "47 women (76%": so many words may stand between a number and its share.
_BETWEEN = 3
_OPENING = frozenset("[(,;")
_MOST = 60
#: A share as one word; "0.63,95" is two that ran together.
_PERCENT = re.compile(r"([0-9]{1,3})(?:[.·]([0-9]{1,6}))?")
#: Half a unit of the last digit, and a little for those who round to even or cut off.
_ROUNDED = 0.51


class Share(NamedTuple):
    """So many `people` are `percent` in a hundred, told to so many `decimals`."""

    people: int
    percent: float
    decimals: int


def shares(field: str, tokens: Tokens, places: Iterable[int]) -> list[Share]:
    """Shares of which the number is told, too, in order; `places` are words that begin numbers."""
    found: list[Share] = []
    words, ends = tokens.words, tokens.ends
    stop = len(field)
    for at in places:
        end = ends[at]
        if end == stop or (field[end] != "%" and field[end : end + 2] != " %"):
            continue
        told = _PERCENT.fullmatch(words[at])
        if told is None or len(found) >= _MOST:
            continue
        whole, decimals = told[1], told[2] or ""
        percent = float(f"{whole}.{decimals or 0}")
        people = _before(field, tokens, at) or _after(field, tokens, at)
        if people > 1 and 0 < percent < 100:  # noqa: PLR2004
            found.append(Share(people, percent, len(decimals)))
    return found


def _before(field: str, tokens: Tokens, at: int) -> int:
    """The number of "47 (76%", "47 women (76%" or "47/62 (76%"; 0 where there is none."""
    starts, ends, words = tokens.starts, tokens.ends, tokens.words
    if not at or field[ends[at - 1] : starts[at]].strip()[-1:] not in _OPENING:
        return 0
    for i in range(at - 1, max(at - 2 - _BETWEEN, -1), -1):
        if words[i][0].isdigit():
            over = i > 0 and field[ends[i - 1] : starts[i]] == "/" and words[i - 1][0].isdigit()
            return _whole(field, tokens, i - 1 if over else i)
        if i < at - 1 and field[ends[i] : starts[i + 1]] != " ":
            break
    return 0


def _after(field: str, tokens: Tokens, at: int) -> int:
    """The number of "76% (n = 47" or "76% (47)"; 0 where there is none."""
    starts, ends, words = tokens.starts, tokens.ends, tokens.words
    if at + 2 >= len(words):
        return 0
    gap = field[ends[at] + 1 : starts[at + 1]].strip()
    if words[at + 1] in {"n", "N"}:
        told = gap[-1:] in _OPENING and field[ends[at + 1] : starts[at + 2]].strip() == "="
        return _whole(field, tokens, at + 2) if told else 0
    if gap in {"(", "["} and field[ends[at + 1] : ends[at + 1] + 1] in {")", "]", ";", ",", "/"}:
        return _whole(field, tokens, at + 1)
    return 0


def _whole(field: str, tokens: Tokens, at: int) -> int:
    number: Number | None = next(whole_numbers(field, tokens, (at,)), None)
    return number.value if number is not None else 0


def fitting(known: Sequence[Share], numbers: Iterable[int]) -> dict[int, tuple[int, float]]:
    """How many shares fit each number as their whole, and the same with shared ones divided.

    Numbers that no share fits are left out.
    """
    candidates = sorted(set(numbers))
    found: dict[int, tuple[int, float]] = {}
    for people, percent, decimals in known:
        within = _ROUNDED * 10.0**-decimals
        fit = [n for n in candidates if n > people and abs(100 * people / n - percent) <= within]
        for n in fit:
            count, weight = found.get(n, (0, 0.0))
            found[n] = (count + 1, weight + 1 / len(fit))
    return found
