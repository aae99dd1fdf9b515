"""PubMed's dates, with whatever they hold; an impossible date is no date, never an exception."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from lxml import etree

from monitor.model import PartialDate

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_YEAR: Final = re.compile(r"(?<!\d)(1[6-9]\d\d|20\d\d|21\d\d)(?!\d)")
_MONTH: Final = re.compile(r"[A-Za-z]{3,}")


def month(text: str | None) -> int | None:
    """Month 1 to 12 of "03", "3", "Mar" or "March"."""
    if not text:
        return None
    text = text.strip()
    if text.isdigit():
        return int(text) if 1 <= int(text) <= 12 else None  # noqa: PLR2004 - months
    return _MONTHS.get(text[:3].lower())


def whole(element: etree._Element | None) -> date | None:
    """A date with Year, Month and Day (PubMedPubDate, DateRevised ...); the first by default."""
    if element is None:
        return None
    year = element.findtext("Year") or ""
    day = (element.findtext("Day") or "1").strip()
    if not (year.strip().isdigit() and day.isdigit()):
        return None
    try:
        return date(int(year), month(element.findtext("Month")) or 1, int(day) or 1)
    except ValueError:
        return None


def partial(element: etree._Element | None) -> PartialDate | None:
    """A PubDate or ArticleDate: Year, Month, Day, Season, or free MedlineDate ("2013 Jan-Mar")."""
    if element is None:
        return None
    free = (element.findtext("MedlineDate") or "").strip()
    if free:
        return _free(free)
    year = (element.findtext("Year") or "").strip()
    if not year.isdigit():
        return None
    season = (element.findtext("Season") or "").strip()
    number = month(element.findtext("Month"))
    day = (element.findtext("Day") or "").strip()
    found = PartialDate(int(year), number, _day(int(year), number, day))
    return PartialDate(found.year, text=f"{found.year} {season}") if season else found


def _free(text: str) -> PartialDate | None:
    years = _YEAR.search(text)
    if not years:
        return None
    rest = text[years.end() :]
    named = _MONTH.search(rest)
    return PartialDate(int(years[0]), month(named[0]) if named else None, text=text)


def _day(year: int, number: int | None, day: str) -> int | None:
    if number is None or not day.isdigit():
        return None
    try:
        return date(year, number, int(day)).day
    except ValueError:
        return None
