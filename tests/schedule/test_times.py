"""Moments of a schedule, in the operator's zone, through both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigurationError
from monitor.schedule.times import Schedule, parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moments(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    found = []
    while (start := schedule.next(start)) <= end:
        found.append(start)
    return found


def test_weekdays_go_by_name() -> None:
    monday = parse("Mon 07:00", "Europe/Berlin", "DIGEST_SCHEDULE")
    assert monday.last(at("2026-11-24T12:00")) == at("2026-11-23T06:00")
    assert monday.next(at("2026-11-24T12:00")) == at("2026-11-30T06:00")
    sunday = parse("sun 0:05", "America/New_York", "DIGEST_SCHEDULE")
    assert sunday.next(at("2026-11-24T12:00")) == at("2026-11-29T05:05")


def test_a_moment_is_its_own_last_one() -> None:
    daily = parse("daily 05:30", "UTC", "HARVEST_SCHEDULE")
    assert daily.last(at("2026-11-24T05:30")) == at("2026-11-24T05:30")
    assert daily.last(at("2026-11-24T05:29")) == at("2026-11-23T05:30")
    assert daily.next(at("2026-11-24T05:30")) == at("2026-11-25T05:30")


def test_the_zone_decides_which_day_it_is() -> None:
    daily = parse("daily 23:30", "Pacific/Kiritimati", "HARVEST_SCHEDULE")  # UTC+14
    assert daily.last(at("2026-11-24T10:00")) == at("2026-11-24T09:30")


def test_monthly_is_the_first() -> None:
    monthly = parse("monthly 03:10", "UTC", "REREAD_SCHEDULE")
    assert monthly.last(at("2026-03-01T03:09")) == at("2026-02-01T03:10")
    assert monthly.next(at("2026-01-31T00:00")) == at("2026-02-01T03:10")


def test_a_time_that_does_not_exist_in_spring_is_taken_an_hour_later() -> None:
    daily = parse("daily 02:30", "Europe/Berlin", "HARVEST_SCHEDULE")
    found = moments(daily, at("2026-03-27T12:00"), at("2026-03-30T12:00"))
    assert found == [at("2026-03-28T01:30"), at("2026-03-29T01:30"), at("2026-03-30T00:30")]
    assert found[1].astimezone(ZoneInfo("Europe/Berlin")).hour == 3


def test_a_time_that_comes_twice_in_autumn_counts_once() -> None:
    weekly = parse("sun 02:30", "Europe/Berlin", "DIGEST_SCHEDULE")
    found = moments(weekly, at("2026-10-24T12:00"), at("2026-10-26T12:00"))
    assert found == [at("2026-10-25T00:30")]


@pytest.mark.parametrize("text", ["", "hourly 05:30", "daily 24:00", "0 7 * * 1", "mon 7", "mon"])
def test_other_words_name_the_setting(text: str) -> None:
    with pytest.raises(ConfigurationError, match="MONITOR_DIGEST_SCHEDULE"):
        parse(text, "UTC", "DIGEST_SCHEDULE")


@settings(max_examples=200, deadline=None)
@given(
    day=st.sampled_from(["daily", "mon", "sun", "monthly"]),
    minute=st.integers(0, 24 * 60 - 1),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
    now=st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)),
)
def test_no_moment_lies_between_the_last_and_the_next(
    day: str, minute: int, zone: str, now: datetime
) -> None:
    schedule = parse(f"{day} {minute // 60:02}:{minute % 60:02}", zone, "X")
    moment = now.replace(tzinfo=UTC)
    last, following = schedule.last(moment), schedule.next(moment)
    assert last <= moment < following
    assert schedule.next(last) == following
    assert schedule.last(following - timedelta(seconds=1)) == last
    most = {"daily": 1, "monthly": 31}.get(day, 7)
    assert timedelta(days=most) - timedelta(hours=26 if day != "monthly" else 80) < following - last
    assert following - last <= timedelta(days=most, hours=2)


@pytest.mark.parametrize("text", ["daily 02:30", "sun 02:45", "monthly 03:10"])
def test_two_runs_are_apart_by_much_less_than_two_moments(text: str) -> None:
    schedule = parse(text, "Europe/Berlin", "DIGEST_SCHEDULE")
    found = moments(schedule, at("2026-01-01T12:00"), at("2027-02-01T12:00"))
    nearest = min(b - a for a, b in pairwise(found))
    assert timedelta(hours=5) < schedule.apart < nearest / 3
