"""A rate limit that threads and processes share through the database."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import case

from monitor.store.engine import Store
from monitor.store.rows import insert, table
from monitor.store.tables import RequestSlotRow


class SlotLimiter:
    """Hands out start times at least `1 / per_second` seconds apart, and sleeps until each.

    One row a server name; the database makes the next slot in one statement. `clock` gives seconds
    since the epoch.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        per_second: float,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._name, self._step = store, name, 1.0 / per_second
        self._clock, self._sleep = clock, sleep

    def acquire(self) -> None:
        """Wait for the next slot."""
        now = self._clock()
        with self._store.write() as session:
            statement = insert(session, RequestSlotRow).values(
                name=self._name, free_at=now + self._step
            )
            free_at = table(RequestSlotRow).c.free_at
            # A slot far ahead of the clock was left by a clock that has since been set back.
            taken = case((free_at > now + 60, now), (free_at > now, free_at), else_=now)
            statement = statement.on_conflict_do_update(
                index_elements=["name"], set_={"free_at": taken + self._step}
            ).returning(free_at)
            slot = float(session.connection().execute(statement).scalar_one())
        if (wait := slot - self._step - now) > 0:
            self._sleep(wait)


def once(store: Store, name: str, now: float, seconds: float) -> bool:
    """Whether this may happen now: True once in `seconds` for a name, whoever asks first.

    `now` is seconds since the epoch; the row is taken and judged in one statement.
    """
    with store.write() as session:
        statement = insert(session, RequestSlotRow).values(name=name, free_at=now + seconds)
        free_at = table(RequestSlotRow).c.free_at
        statement = statement.on_conflict_do_update(
            index_elements=["name"], set_={"free_at": now + seconds}, where=free_at <= now
        ).returning(free_at)
        return session.connection().execute(statement).first() is not None


def hold(store: Store, name: str, until: float) -> None:
    """Keep a name that `once` gave from being given again before a moment."""
    slot = table(RequestSlotRow)
    with store.write() as session:
        statement = slot.update().where(slot.c.name == name).values(free_at=until)
        session.connection().execute(statement)


def forget_before(store: Store, prefix: str, moment: float) -> None:
    """Forget names with this beginning whose time is over at `moment`."""
    slot = table(RequestSlotRow)
    with store.write() as session:
        mine = slot.c.name.startswith(prefix, autoescape=True)
        session.connection().execute(slot.delete().where(mine, slot.c.free_at <= moment))
