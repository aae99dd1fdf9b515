"""Schedules in words, "daily 05:30", "mon 07:00" or "monthly 03:10", in the operator's zone. Pure.

A time that the clock jumps over in spring is taken an hour later, one that comes twice in autumn
counts once, the first time: each schedule has one moment a day, a week or a month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from monitor.errors import ConfigurationError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHEN: Final = re.compile(rf"(daily|monthly|{'|'.join(_DAYS)}) ([01]?\d|2[0-3]):([0-5]\d)")
#: A quarter of the time from one moment to the next.
_APART: Final = {"daily": timedelta(hours=6), "monthly": timedelta(days=7)}
_APART_WEEKLY: Final = timedelta(hours=42)
_MOST: Final = 33  # days from one moment of a monthly schedule to the next, and a bit


@dataclass(frozen=True, slots=True)
class Schedule:
    """A day ("daily", "monthly": the first, or a weekday) and a time, in a zone."""

    day: str
    at: time
    zone: ZoneInfo

    def last(self, now: datetime) -> datetime:
        """The newest moment that is not after `now`, in UTC."""
        today = now.astimezone(self.zone).date()
        for back in range(-1, _MOST):
            day = today - timedelta(days=back)
            if self._is_day(day) and (moment := self._moment(day)) <= now:
                return moment
        raise AssertionError("unreachable: every schedule has a moment a month")

    def next(self, now: datetime) -> datetime:
        """The first moment after `now`, in UTC."""
        today = now.astimezone(self.zone).date()
        for ahead in range(-1, _MOST):
            day = today + timedelta(days=ahead)
            if self._is_day(day) and (moment := self._moment(day)) > now:
                return moment
        raise AssertionError("unreachable: every schedule has a moment a month")

    @property
    def apart(self) -> timedelta:
        """How far apart two runs are at least, for which one caught up late stands for the next."""
        return _APART.get(self.day, _APART_WEEKLY)

    def _is_day(self, day: date) -> bool:
        if self.day == "daily":
            return True
        return day.day == 1 if self.day == "monthly" else _DAYS[day.weekday()] == self.day

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, self.at, self.zone).astimezone(UTC)


def parse(text: str, zone: str, setting: str) -> Schedule:
    """A schedule from its words. Raises `ConfigurationError` that names the setting."""
    found = _WHEN.fullmatch(" ".join(text.lower().split()))
    if not found:
        raise ConfigurationError(
            f'MONITOR_{setting}: {text!r} is not like "daily 05:30", "mon 07:00" or '
            '"monthly 03:10".'
        )
    day, hour, minute = found.groups()
    return Schedule(day, time(int(hour), int(minute)), ZoneInfo(zone))
