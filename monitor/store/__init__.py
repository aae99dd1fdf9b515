"""Store: rows, versions and events; every query and every transaction of the program.

One file a concern; a function is a verb, and a verb is one transaction.
"""

from __future__ import annotations

from monitor.store.engine import Store

__all__ = ["Store"]
