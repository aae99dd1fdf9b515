"""Failures of a database in sentences for the operator; the database's library is not needed."""

from __future__ import annotations

from monitor.errors import StoreError
from monitor.store.migrations import HEAD


def sentence(url: str, cause: BaseException) -> str:
    """What happened, by what the database's driver says, and what to do."""
    said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    lower = said.lower()
    for words, advice in (
        ("locked", "another process holds it; try again when that one is done"),
        ("disk is full", "free some space; nothing was lost"),
        ("disk i/o error", "the disk is full, or fails: free some space, or see the system's log"),
        ("full", "free some space; nothing was lost"),
        ("readonly", "make the file and its folder writable for this user"),
        ("read-only", "make the database writable for this user"),
        ("unable to open", "check that the folder exists and is writable, and its disk too"),
        ("malformed", "restore it from a backup"),
        ("not a database", "MONITOR_DATABASE_URL names another kind of file"),
        ("no such table", "run `monitor db upgrade`"),
        ("permission denied", "the user of MONITOR_DATABASE_URL must own the database"),
        ('role "', "mend the user in MONITOR_DATABASE_URL"),
        ('database "', "create the database, or mend MONITOR_DATABASE_URL"),
        ("authentication failed", "mend the password (MONITOR_DATABASE_URL or PGPASSFILE)"),
        ("does not exist", "run `monitor db upgrade`"),
        ("connection", "check that the database server is running and reachable"),
    ):
        if words in lower:
            return f"{url}: {said}: {advice}."
    return f"{url}: {said}."


def is_missing_table(cause: BaseException) -> bool:
    """Whether a driver says that there is no such table."""
    words = str(cause).lower()
    return "no such table" in words or ('relation "' in words and "does not exist" in words)


def require_current(url: str, found: str | None) -> None:
    """Raise `StoreError` unless this schema is the one that this version was made for."""
    if found == HEAD:
        return
    if found is None:
        place = "; is this the folder of `monitor init`?" if url.startswith("sqlite") else "."
        raise StoreError(f"{url} holds no tables yet: run `monitor db upgrade`{place}")
    raise StoreError(
        f"{url} is at schema {found}, this version needs {HEAD}: "
        "back it up, then run `monitor db upgrade` (or install the newer version)."
    )
