"""What a job is, and whether there can be a queue; needs nothing of the extra.

The queue is procrastinate over our database, in a schema of its own: its tables are not ours and
stay out of migrations, copies and checks of the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import Any, Final

from sqlalchemy import make_url

from monitor.errors import ConfigurationError

SCHEMA: Final = "monitor_queue"
_TO_FIX: Final = "install the extra: pip install 'evidence-monitor[queue]'"


@dataclass(frozen=True, slots=True)
class Job:
    """A job to be done: name of the function, its arguments, and `key`: what it works on.

    Of jobs of one name and key one runs at a time, and one at most waits. `extends` are the
    arguments that a waiting one takes over from this one: it then does what both asked for.
    """

    name: str
    arguments: Mapping[str, Any]
    key: str
    extends: Mapping[str, Any] = field(default_factory=dict)


class Put(StrEnum):
    """What became of a job that was to be put into the queue."""

    QUEUED = "queued"
    EXTENDED = "extended"  # one that waited took over its arguments
    WAITED = "waited"  # one that waited does the same


def require(url: str) -> None:
    """Raise `ConfigurationError` unless the database is PostgreSQL and the extra is there."""
    if make_url(url).get_backend_name() != "postgresql":
        raise ConfigurationError(
            "the queue needs PostgreSQL: MONITOR_DATABASE_URL is SQLite, which has one writer. "
            "`monitor db copy` moves it over; without a queue the same work runs in one process."
        )
    if not installed():
        raise ConfigurationError(f"the queue needs procrastinate: {_TO_FIX}.")


def installed() -> bool:
    """Whether the extra is there."""
    return find_spec("procrastinate") is not None


def conninfo(url: str) -> str:
    """A database URL as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def options() -> str:
    """Options of a connection that sees the queue's schema and no other."""
    return f"-c search_path={SCHEMA}"
