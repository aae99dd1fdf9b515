"""Small NLM files of our own, and the store on both databases."""

from __future__ import annotations

from tests.store.conftest import database, postgresql, store

__all__ = ["database", "postgresql", "store"]
