"""Bringing a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from monitor.errors import StoreError
from monitor.store import tables  # noqa: F401 - fills SQLModel.metadata
from monitor.store.engine import Store, sentence
from monitor.store.migrations import HEAD


def config() -> Config:
    """Alembic's configuration, for the packaged migrations."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return found


def upgrade(store: Store) -> tuple[str | None, str]:
    """Migrate to the current schema; (revision before, revision after). Raises `StoreError`."""
    before = store.revision()
    settings = config()
    try:
        with store.engine.begin() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    except CommandError as error:
        raise StoreError(
            f"{store.url} is at schema {before}, which this version does not know "
            f"(it knows up to {HEAD}): install the newer version of the program."
        ) from error
    except DBAPIError as error:
        raise StoreError(sentence(store.url, error)) from error
    return before, HEAD


def differences(store: Store) -> list[str]:
    """How the tables differ from those of this version; empty when they do not."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return [str(d) for d in compare_metadata(context, SQLModel.metadata)]
