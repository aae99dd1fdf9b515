"""When a schedule of the settings is due: "daily 05:30", "mon 07:00", "monthly 03:10". Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHEN: Final = re.compile(rf"(daily|monthly|{'|'.join(_DAYS)}) ([01]?\d|2[0-3]):([0-5]\d)")


def parse(schedule: str) -> tuple[str, int, int]:
    """Day ("daily", "monthly" or a weekday's three letters), hour and minute.

    Raises `ValueError`.
    """
    found = _WHEN.fullmatch(schedule.strip().lower())
    if not found:
        raise ValueError(f'{schedule!r} is not like "daily 05:30", "mon 07:00" or "monthly 03:10"')
    day, hour, minute = found.groups()
    return day, int(hour), int(minute)


def following(schedule: str, zone: str, now: datetime) -> datetime:
    """The first moment after `now` at which a schedule is due, by the clocks of a time zone."""
    day, hour, minute = parse(schedule)
    here = now.astimezone(ZoneInfo(zone))
    for ahead in range(33):
        date = here.date() + timedelta(days=ahead)
        due = datetime(date.year, date.month, date.day, hour, minute, tzinfo=ZoneInfo(zone))
        kinds = {"daily", _DAYS[date.weekday()], "monthly" if date.day == 1 else ""}
        if due > now and day in kinds:
            return due
    raise AssertionError("33 days hold each weekday and a first of the month")  # pragma: no cover
