"""What a driver says, told with what to do about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.errors import StoreError
from monitor.store import Store, faults


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("disk I/O error", "the disk is full, or fails"),
        ("database is locked", "another process holds it"),
        ('relation "article" does not exist', "run `monitor db upgrade`"),
        ("permission denied for schema public", "must own the database"),
        ('FATAL:  password authentication failed for user "m"', "mend the password"),
        ("connection to server failed: Connection refused", "is running and reachable"),
    ],
)
def test_a_fault_is_told_with_what_to_do(said: str, advice: str) -> None:
    assert advice in faults.sentence("postgresql://u@host/m", RuntimeError(said))


@pytest.mark.parametrize(
    ("user", "name", "advice"),
    [("nobody", "", "mend the user"), ("postgres", "nix", "create the database")],
)
def test_a_user_or_database_that_is_not_there_is_no_database_without_tables(
    database: Callable[[], str], user: str, name: str, advice: str
) -> None:
    url = database().replace("postgres@", f"{user}@") + name
    store = Store(url)
    with pytest.raises(StoreError, match=advice):
        store.require_current()
    store.close()
