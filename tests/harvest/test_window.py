"""Which days are asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.harvest.window import OVERLAP, Part, next_window
from monitor.model import Receipt, RunState

TODAY = date(2026, 3, 2)
LAST = Receipt(
    topic="ldn",
    query="q",
    query_hash="h",
    state=RunState.GOOD,
    started=datetime(2026, 2, 20, tzinfo=UTC),
    finished=None,
    since=date(2026, 2, 1),
    until=date(2026, 2, 20),
)


def test_the_first_run_asks_for_everything() -> None:
    assert next_window(None, "h", TODAY, since=None, full=False).everything


def test_the_next_run_overlaps_the_last() -> None:
    found = next_window(LAST, "h", TODAY, since=None, full=False)
    assert (found.since, found.until, found.everything) == (LAST.until - OVERLAP, TODAY, False)


def test_another_query_asks_for_everything() -> None:
    assert next_window(LAST, "other", TODAY, since=None, full=False).everything


def test_a_clock_that_was_set_back_asks_for_more_and_not_for_less() -> None:
    early = date(2026, 1, 1)
    found = next_window(LAST, "h", early, since=None, full=False)
    assert found.since == early - OVERLAP


@given(
    st.dates(date(1990, 1, 1), date(2026, 1, 1)),
    st.integers(0, 5000),
    st.integers(1, 10**6),
    st.integers(0, 10**7),
)
def test_halves_cover_the_whole_without_overlap(
    since: date, days: int, first: int, more: int
) -> None:
    part = Part(since, since + timedelta(days=days), first, first + more)
    halves = part.halves()
    if halves is None:
        assert (days, more) == (0, 0)
        return
    low, high = halves
    if days:
        assert (low.since, high.until) == (part.since, part.until)
        assert high.since - low.until == timedelta(days=1)
        assert {(low.first, low.last), (high.first, high.last)} == {(part.first, part.last)}
    else:
        assert (low.first, low.last + 1, high.last) == (part.first, high.first, part.last)
