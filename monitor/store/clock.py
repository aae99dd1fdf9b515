"""Whether the time that we are told can be true, by the times that the database holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from monitor.errors import ClockError
from monitor.store import issues, runs
from monitor.store.engine import Store

#: The start of every sentence about a wrong clock, so that a receipt can be told by it.
WRONG: Final = "the clock of this machine"
_SLACK: Final = timedelta(hours=1)
_LONG: Final = timedelta(days=400)
_ADVICE: Final = "Set the clock (timedatectl), then run this again; nothing was written."


def require_true(store: Store, now: datetime) -> None:
    """Raise `ClockError` when an issue made now would bear a date that cannot be.

    That is: before the last issue, more than a year after the last harvest, or while PubMed's
    clock disagrees with ours.
    """
    issue = issues.latest_made(store)
    if issue is not None and now < issue[1] - _SLACK:
        raise ClockError(
            f"{WRONG} says {now:%Y-%m-%d %H:%M} UTC, and the last issue was made on "
            f"{issue[1]:%Y-%m-%d %H:%M} UTC. {_ADVICE}"
        )
    last = list(runs.last(store).values())
    for receipt in last:
        if receipt.error.startswith(WRONG):
            raise ClockError(f"{receipt.error} {_ADVICE}")
    if last and now - max(r.started for r in last) > _LONG:
        raise ClockError(
            f"{WRONG} says {now:%Y-%m-%d}, more than a year after the last harvest. If that is "
            f"right, run `monitor harvest` first: it compares with PubMed's clock. {_ADVICE}"
        )
