"""Store: rows, versions and events; every query and every transaction of the program.

One file a concern; a function is a verb, and a verb is one transaction. `Store` is imported on
first use: `glance.py` does without it, and without SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.store.engine import Store

__all__ = ["Store"]


def __getattr__(name: str) -> object:
    if name == "Store":
        from monitor.store.engine import Store  # noqa: PLC0415 - half a second

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
