"""Commands for the database: db upgrade, check, backup, restore, copy."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.common import Context, now, progress, run_id
from monitor.errors import MonitorError, StoreError

if TYPE_CHECKING:
    from monitor.model import JobState

Confirmed = Annotated[
    bool, typer.Option("--yes", help="Replace what the database holds without asking.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    database = typer.Typer(
        help="The database: schema, soundness, backups, moving.", no_args_is_help=True
    )
    for command in (upgrade, check, backup, restore, copy):
        database.command()(command)
    app.add_typer(database, name="db")


def upgrade(context: typer.Context) -> None:
    """Bring the database to the schema of this version (makes the tables when there are none)."""
    from monitor.store import schema

    before, after = schema.upgrade(context.obj.unchecked_store)
    print(f"schema {before or 'none'} -> {after}")
    _upgrade_queue(context.obj)


def _upgrade_queue(ctx: Context) -> None:
    """The tables of the queue too, where there can be one."""
    from monitor.queue import app

    if ctx.unchecked_store.is_sqlite or not app.installed():
        return
    from monitor.queue import schema as queue_schema

    before, after = queue_schema.upgrade(ctx.settings.url)
    print(f"queue {before or 'none'} -> {after}")


def check(context: typer.Context) -> None:
    """Check the database; exit code 1 when it is not sound.

    Looks for: another schema, broken pages and rows, references to nothing, quotes that their
    paper no longer holds. Each fault is a line on standard error: database, record, cause. Nothing
    is changed.
    """
    from monitor.store import health, schema

    store = context.obj.store
    faults = [*schema.differences(store), *health.faults(store)]
    for fault in faults:
        print(f"{store.url}: {fault}", file=sys.stderr)
    if faults:
        raise StoreError(
            f"{store.url}: {len(faults)} faults, see above; restore a backup (monitor db restore), "
            "or mend the records."
        )
    print(f"{store.url}: sound, {health.size(store)} papers checked")


def backup(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Where to write it. Default: a new file in MONITOR_BACKUP_DIR, "
            "where only the newest MONITOR_BACKUP_KEEP stay.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a backup while everything runs, and verify it.

    The backup is one SQLite file, also of a PostgreSQL database. It holds the readers' addresses.
    Without FILE it counts as a run of the schedule's backup.
    """
    from monitor.model import JobState

    ctx: Context = context.obj
    if file is not None:
        make_backup(ctx, file)
        return
    started = now()
    try:
        make_backup(ctx)
    except MonitorError as error:
        _note(ctx, started, JobState.FAILED, str(error))
        raise
    _note(ctx, started, JobState.GOOD)


def _note(ctx: Context, started: datetime, state: JobState, error: str = "") -> None:
    """Write the run down, where that can be done: an older schema is backed up too."""
    from monitor.model import JobName, JobRun
    from monitor.store import jobs
    from monitor.store.migrations import HEAD

    store = ctx.unchecked_store
    try:
        if store.revision() == HEAD:
            jobs.note(store, JobRun(JobName.BACKUP, run_id(), state, started, now(), error))
    except StoreError as fault:
        print(f"note: the run could not be written down: {fault}", file=sys.stderr)


def make_backup(ctx: Context, file: Path | None = None) -> None:
    """Write a backup into a file, or into the folder of the settings; there the oldest go."""
    from monitor.store import backup_files, backups

    folder, keep = ctx.settings.backup_dir, ctx.settings.backup_keep
    target = file or folder / backup_files.name(now())
    with progress("Backing up") as show:
        rows = backups.backup(ctx.unchecked_store, target, show)
    print(f"{target}: verified, {sum(rows.values())} rows, {target.stat().st_size / 1e6:.1f} MB")
    if file is None:
        for old in backup_files.rotate(folder, keep):
            print(f"{old}: removed, {keep} newer ones are there")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `monitor db backup` wrote.")],
    yes: Confirmed = False,
) -> None:
    """Put a backup in the place of everything that the database holds now.

    One transaction: when anything fails, the database holds what it held. Stop `monitor run`
    before. Readers who left after the backup was made are in it: see docs/recover.md.
    """
    from monitor.store import backups, locks
    from monitor.store.health import size

    store = context.obj.unchecked_store
    if store.revision() is not None and size(store) and not yes:
        typer.confirm(f"{store.url} holds {size(store)} papers. Replace everything?", abort=True)
    with locks.required(store, locks.LEADER), locks.required(store, locks.WORK):
        with progress("Restoring") as show:
            sums = backups.restore(file, store, show)
        total = sum(found.rows for found in sums.values())
    print(f"{store.url}: restored from {file}, {total} rows, verified")


def copy(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="URL of the database to read, or a SQLite file.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="URL of an empty database, or a new SQLite file.")
    ],
) -> None:
    """Copy a database into an empty one: SQLite or PostgreSQL, in either direction.

    Both are read and written in one transaction; rows and checksums are compared at the end. Set
    MONITOR_DATABASE_URL to the new one afterwards. A password may stand in PGPASSFILE.
    """
    from monitor.store import Store, copying

    del context
    ends = [Store(_url(end)) for end in (source, target)]
    with progress("Copying") as show:
        sums = copying.copy(ends[0], ends[1], show)
    for name, found in sums.items():
        print(f"{name}: {found.rows} rows, checksum {found.checksum:064x}"[:60])
    print(f"{ends[1].url}: complete and verified")


def _url(end: str) -> str:
    if "://" in end:
        return end
    if not Path(end).parent.is_dir():
        raise StoreError(f"{end}: its folder does not exist.")
    return f"sqlite:///{end}"
