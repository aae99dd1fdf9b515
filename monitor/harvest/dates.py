"""PubMed's dates, with whatever they hold; an impossible date is no date, never an exception."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from lxml import etree

from monitor.model import PartialDate

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_YEAR: Final = re.compile(r"(?<!\d)(1[6-9]\d\d|20\d\d|21\d\d)(?!\d)", re.ASCII)
_MONTH: Final = re.compile(r"[A-Za-z]{3,}")
#: Longer numbers are no day, month or year; also keeps `int` from minutes of work on a hostile one.
_DIGITS: Final = re.compile(r"\d{1,4}", re.ASCII)


def month(text: str | None) -> int | None:
    """Month 1 to 12 of "03", "3", "Mar" or "March"."""
    text = (text or "").strip()
    number = _number(text)
    if number is not None:
        return number if 1 <= number <= 12 else None  # noqa: PLR2004 - months
    return _MONTHS.get(text[:3].lower())


def whole(element: etree._Element | None) -> date | None:
    """A date with Year, Month and Day (PubMedPubDate, DateRevised ...); the first by default."""
    if element is None:
        return None
    parts = _parts(element)
    return _day_of(parts.get("Year", ""), parts.get("Month", ""), parts.get("Day", ""))


def partial(element: etree._Element | None) -> PartialDate | None:
    """A PubDate or ArticleDate: Year, Month, Day, Season, or free MedlineDate ("2013 Jan-Mar")."""
    if element is None:
        return None
    parts = _parts(element)
    if free := parts.get("MedlineDate"):
        return _free(free)
    year = _number(parts.get("Year", ""))
    if not year:
        return None
    if season := parts.get("Season"):
        return PartialDate(year, text=f"{year} {season}")
    number = month(parts.get("Month"))
    day = _day_of(parts["Year"], str(number), parts["Day"]) if number and "Day" in parts else None
    return PartialDate(year, number, day.day if day else None)


def _parts(element: etree._Element) -> dict[str, str]:
    """Text of each child that has some, by tag."""
    return {
        str(child.tag): text for child in element if (text := " ".join((child.text or "").split()))
    }


@lru_cache(maxsize=8192)
def _day_of(year: str, named: str, day: str) -> date | None:
    # Most of a file's dates occur many times; each is worked out once.
    numbers = (_number(year), month(named) or 1, _number(day or "1"))
    if numbers[0] is None or numbers[2] is None:
        return None
    try:
        return date(numbers[0], numbers[1], numbers[2] or 1)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if _DIGITS.fullmatch(text) else None


def _free(text: str) -> PartialDate | None:
    years = _YEAR.search(text)
    if not years:
        return None
    rest = text[years.end() :]
    named = _MONTH.search(rest)
    return PartialDate(int(years[0]), month(named[0]) if named else None, text=text)
