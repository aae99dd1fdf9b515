"""Whether the monitor does its work: the database answers, and no topic's harvest is too old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from anyio import fail_after, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from monitor.catalog import Topic
from monitor.errors import StoreError
from monitor.serve.context import Web
from monitor.settings import Settings
from monitor.store import numbers
from monitor.store.migrations import HEAD
from monitor.store.numbers import Runs

#: A database that takes longer does not answer, as far as a health check goes.
_PATIENCE: Final = 10.0
_AGES: Final = {"daily": 50, "monthly": 33 * 24}
_WEEKLY: Final = 9 * 24
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `said` tells strangers nothing about the machine."""

    name: str
    good: bool
    said: str


def max_age(settings: Settings) -> timedelta:
    """How old a last good harvest may be: what is set, or one that was missed and some hours."""
    if settings.health_max_age_hours is not None:
        return timedelta(hours=settings.health_max_age_hours)
    day = settings.harvest_schedule.strip().lower().partition(" ")[0]
    return timedelta(hours=_AGES.get(day, _WEEKLY))


def harvests(
    topics: Sequence[Topic], runs: Mapping[str, Runs], now: datetime, max_age: timedelta
) -> list[Check]:
    """Whether each topic's last good harvest is young enough. Pure."""
    return [_harvest(topic.id, runs.get(topic.id), now, max_age) for topic in topics]


def _harvest(topic: str, runs: Runs | None, now: datetime, max_age: timedelta) -> Check:
    name = f"harvest {topic}"
    if runs is None or runs.last_good is None:
        return Check(name, good=False, said="no good harvest yet")
    age = now - runs.last_good
    hours = int(age.total_seconds() // 3600)
    return Check(name, good=age <= max_age, said=f"the last good harvest is {hours} hours old")


def look(web: Web) -> list[Check]:
    """All checks; a database that fails is a check that failed, not an error."""
    try:
        found = web.store.revision()
        if found != HEAD:
            log.error("schema is not that of this version", found=found, needed=HEAD)
            return [Check("database", good=False, said="its schema is not that of this version")]
        runs = numbers.harvest_runs(web.store)
    except StoreError as error:
        log.warning("store failed", reason=str(error))
        return [Check("database", good=False, said="it cannot be read")]
    good = Check("database", good=True, said="it answers")
    return [good, *harvests(web.catalog.topics, runs, web.now(), max_age(web.settings))]


async def healthz(request: Request) -> Response:
    """200 when all is well, 503 when something is not; what, in JSON."""
    web: Web = request.app.state.web
    try:
        with fail_after(_PATIENCE):
            checks = await to_thread.run_sync(look, web, abandon_on_cancel=True)
    except TimeoutError:
        checks = [Check("database", good=False, said="it does not answer in time")]
    good = all(check.good for check in checks)
    body = {
        "status": "pass" if good else "fail",
        "checks": [
            {"name": c.name, "status": "pass" if c.good else "fail", "detail": c.said}
            for c in checks
        ],
    }
    return JSONResponse(body, 200 if good else 503, headers={"cache-control": "no-store"})
