"""Commands for whole files: import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.common import Context, bring_up_to_date, now, progress, remind_to_publish
from monitor.errors import ConfigurationError, RecordError

if TYPE_CHECKING:
    from monitor.bulk.importer import Report

Files = Annotated[
    list[str], typer.Argument(help="PubMed XML: .xml, .xml.gz, or - for standard input.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_files)


def import_files(
    context: typer.Context,
    files: Files,
    everything: Annotated[
        bool, typer.Option("--all", help="Keep what no topic wants too.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Work on so many processes.")] = 1,
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave the work to `monitor worker`, a job a file.")
    ] = False,
) -> None:
    """Take PubMed XML into the store: what a topic wants, or all.

    NLM's baseline and update files are taken in the order of their numbers, their MD5 is verified
    when FILE.md5 is beside them, and what they delete is marked as withdrawn. An import that was
    stopped goes on where it was when it is started again.
    """
    ctx: Context = context.obj
    if queue:
        from monitor.cli.worker import queue_import

        queue_import(ctx, files, keep_all=everything)
        return
    report = _import(ctx, files, processes, keep_all=everything)
    assessed, taken = bring_up_to_date(ctx, now())
    _say(report, assessed, taken)


def _import(ctx: Context, files: list[str], processes: int, *, keep_all: bool) -> Report:
    from monitor.bulk.importer import Importer, in_order, reading, silent, take_apart
    from monitor.bulk.reader import Reader

    reader = Reader(ctx.assessor, keep_all=keep_all)
    ordered = in_order(files)
    told = say_file if len(ordered) > 1 else silent
    if processes > 1 and files.count("-"):
        raise ConfigurationError("standard input is read by one process: leave out --processes.")
    if not ctx.store.is_sqlite and processes > 1 and len(files) > 1:
        ctx.store.close()  # a forked process must not share our connection
        return take_apart(ctx.settings.url, reader, now, processes, ordered, told)
    ctx.store.close()
    pool = reading(reader, processes)
    try:
        with progress("Importing") as show:
            return Importer(ctx.store, reader, now, pool, progress=show).take_all(ordered, told)
    finally:
        pool.close()


def say_file(path: str, report: Report) -> None:
    """A line for a file, when it is done."""
    found = report.counts
    name = Path(path).name
    if report.known:
        print(f"{name}: imported before", flush=True)
        return
    rate = f", {found.read / report.seconds:,.0f} a second" if report.seconds > 0 else ""
    fault = ", then it could not be read" if report.faults else ""
    print(
        f"{name}: {found.read} read, {found.kept} kept, {found.deleted} withdrawn{rate}{fault}",
        flush=True,
    )


def _say(report: Report, assessed: int, taken: int) -> None:
    found = report.counts
    print(
        f"{found.read} records read, {found.kept} kept ({found.new} new, {found.changed} "
        f"changed), {found.left_out} left out, {found.older} older than what is held, "
        f"{found.deleted} withdrawn, {found.bad} bad; {found.new + found.changed} labelled on the "
        f"way, {assessed} after it, {taken} taken into the ledger."
    )
    remind_to_publish(taken)
    if report.known:
        files = "1 file was" if report.known == 1 else f"{report.known} files were"
        print(f"{files} imported before, and not read again.")
    for fault in report.faults:
        print(fault, file=sys.stderr)
    if report.faults:
        number = len(report.faults)
        files = "1 file" if number == 1 else f"{number} files"
        raise RecordError(
            f"{files} could not be read whole, see above. What stood before the fault is stored."
        )
