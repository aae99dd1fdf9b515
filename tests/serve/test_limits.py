"""Rate limits: how much, how long to wait, and how much memory."""

from __future__ import annotations

import pytest

from monitor.serve.limits import Limit, Limiter


class _Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    clock = _Clock()
    limiter = Limiter(Limit(per_minute=6, burst=3), clock)
    assert [limiter.take("a") for _ in range(3)] == [0, 0, 0]
    assert limiter.take("a") == pytest.approx(10)
    assert limiter.take("b") == 0
    clock.at = 10
    assert limiter.take("a") == 0
    assert limiter.take("a") > 0


def test_waiting_is_not_made_longer_by_asking() -> None:
    clock = _Clock()
    limiter = Limiter(Limit(per_minute=6, burst=1), clock)
    limiter.take("a")
    for second in range(1, 10):
        clock.at = float(second)
        assert limiter.take("a") > 0
    clock.at = 10
    assert limiter.take("a") == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    clock = _Clock()
    clock.at = 100
    limiter = Limiter(Limit(per_minute=60, burst=1), clock)
    limiter.take("a")
    clock.at = 0
    assert limiter.take("a") > 0


def test_memory_is_bounded_whoever_asks() -> None:
    limiter = Limiter(Limit(per_minute=60, burst=1), _Clock(), remembered=100)
    for number in range(1000):
        limiter.take(f"client {number}")
    assert len(limiter) == 100
    assert limiter.take("client 999") > 0
