"""Which days to ask for, and how to split what is too much. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from monitor.model import Receipt

#: Days that the next search overlaps the last: PubMed back-dates, and days end at another hour.
OVERLAP: Final = timedelta(days=7)
#: PubMed's first day; its Create Dates do not go further back.
FIRST_DAY: Final = date(1900, 1, 1)
_LAST_PMID: Final = 99_999_999


@dataclass(frozen=True, slots=True)
class Window:
    """Days to ask for, both included. `everything` asks without dates: the first, or a full run."""

    since: date
    until: date
    everything: bool = False


def next_window(
    last: Receipt | None, query_hash: str, today: date, *, since: date | None, full: bool
) -> Window:
    """The window of the next run.

    Everything, for a first run, a full re-read, or a query that is not the one of the last good
    run; else from `OVERLAP` before the end of that run. An explicit `since` is taken as it is.
    """
    if since is not None:
        return Window(min(since, today), today)
    if full or last is None or last.query_hash != query_hash:
        return Window(FIRST_DAY, today, everything=True)
    return Window(min(last.until, today) - OVERLAP, today)


def created(term: str, window: Window) -> str:
    """The query narrowed to records created in the window."""
    return f"({term}) AND {_range(window)}[crdt]"


def revised(term: str, window: Window) -> str:
    """The query narrowed to records last revised in the window."""
    return f"({term}) AND {_range(window)}[lr]"


def _range(window: Window) -> str:
    return f"{window.since:%Y/%m/%d}:{window.until + timedelta(days=1):%Y/%m/%d}"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a search: days of Create Date, and PMIDs when one day is still too much."""

    since: date
    until: date
    first: int = 1
    last: int = _LAST_PMID

    def narrow(self, term: str) -> str:
        """The query narrowed to this part."""
        days = f"{self.since:%Y/%m/%d}:{self.until:%Y/%m/%d}[crdt]"
        if (self.first, self.last) == (1, _LAST_PMID):
            return f"({term}) AND {days}"
        return f"({term}) AND {days} AND {self.first}:{self.last}[uid]"

    def halves(self) -> tuple[Part, Part] | None:
        """Two parts that cover this one without overlap; None when it is a single PMID of a day."""
        if self.since < self.until:
            middle = self.since + (self.until - self.since) // 2
            return (
                Part(self.since, middle, self.first, self.last),
                Part(middle + timedelta(days=1), self.until, self.first, self.last),
            )
        if self.first < self.last:
            cut = (self.first + self.last) // 2
            return (
                Part(self.since, self.until, self.first, cut),
                Part(self.since, self.until, cut + 1, self.last),
            )
        return None
