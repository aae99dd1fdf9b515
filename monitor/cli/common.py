"""What commands share: options, the open store, the catalog, progress, the clock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor import __version__

if TYPE_CHECKING:
    from monitor.assess.assessor import Assessor
    from monitor.catalog import Catalog
    from monitor.cli.logs import Scrubber
    from monitor.model import JobName
    from monitor.settings import Settings
    from monitor.store import Store

Progress = Callable[[int, int], None]
_PLAIN_STEP = 1000


@dataclass
class Context:
    """One run of the program: its settings, and what is made from them on first use."""

    config: Path | None = None

    @cached_property
    def settings(self) -> Settings:
        """Settings; raises `ConfigurationError`."""
        from monitor import settings

        return settings.load(toml=self.config)

    def log(self) -> Scrubber:
        """Set up logging as the settings say."""
        from monitor.cli import logs

        return logs.configure(self.settings)

    @cached_property
    def catalog(self) -> Catalog:
        """The queries; raises `QueryFileError`."""
        from monitor import catalog

        return catalog.load(self.settings.queries())

    @cached_property
    def store(self) -> Store:
        """The store, at the schema of this version; raises `StoreError`."""
        store = self.unchecked_store
        store.require_current()
        return store

    @cached_property
    def unchecked_store(self) -> Store:
        """The store as it is."""
        from monitor.store import Store

        return Store(self.settings.url)

    @cached_property
    def assessor(self) -> Assessor:
        """The assessor over the catalog."""
        from monitor.assess.assessor import Assessor

        return Assessor(self.catalog)


def now() -> datetime:
    """The time, aware, in UTC; the only clock that commands read."""
    return datetime.now(UTC)


def _version(show: bool) -> None:
    if show:
        print(__version__)
        raise typer.Exit


def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings file instead of ./monitor.toml.", show_default=False),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of a failure.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options before the command."""
    del debug, version
    context.obj = Context(config)


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A progress bar on a terminal, a plain line now and then elsewhere; on standard error."""
    if not sys.stderr.isatty():
        yield _plain(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total or None)


def _plain(what: str) -> Progress:
    last = 0

    def show(done: int, total: int) -> None:
        nonlocal last
        if done - last >= _PLAIN_STEP:
            last = done
            print(f"{what}: {done} of {total}" if total else f"{what}: {done}", file=sys.stderr)

    return show


def run_id() -> str:
    """The id of the job that we are part of, or one of our own."""
    from uuid import uuid4

    import structlog

    return str(structlog.contextvars.get_contextvars().get("run") or uuid4().hex[:8])


@contextmanager
def counted(context: Context, job: JobName | None) -> Iterator[None]:
    """Write work that is done by hand down as a run of the job of the schedule that does as much.

    `job` is None for work that no such job does: nothing is written then.
    """
    from monitor.store import jobs

    if job is None:
        yield
        return
    with jobs.tracked(context.store, job.value, run_id(), now):
        yield


def bring_up_to_date(context: Context, when: datetime) -> tuple[int, int]:
    """Assess and take into the ledger what is outstanding: (revisions assessed, papers taken)."""
    from monitor.assess import stage as assess_stage
    from monitor.ledger import stage as ledger_stage
    from monitor.store import assessments, locks, runs

    def told() -> None:
        print("Waiting: another process labels papers of this database.", file=sys.stderr)

    with locks.waited(context.store, locks.WORK, told=told):
        version = context.assessor.version
        assessed = 0
        if assessments.count_others(context.store, version):
            assessed = assessments.take_back(context.store, version)
            with progress("Assessing") as show:
                assessed += assess_stage.assess(context.store, context.assessor, when, show)
        runs.note_excluded(context.store)
        with progress("Ledger") as show:
            taken = ledger_stage.update(context.store, context.catalog, when, show)
        if anew := ledger_stage.restate(context.store, context.catalog, when):
            claims = "1 claim" if anew == 1 else f"{anew} claims"
            said = f"{claims} told anew by the rules and in the words of this version."
            print(said, file=sys.stderr)
    return assessed, taken


def remind_to_publish(*changed: int) -> None:
    """Say on standard error that the site lags behind, when anything was changed by hand."""
    if any(changed):
        print("The site does not show this yet: `monitor publish` writes it.", file=sys.stderr)
