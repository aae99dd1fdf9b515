"""`monitor worker`, and what puts jobs into its queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from monitor.cli.bulk import say_file
from monitor.cli.common import Context, bring_up_to_date, now, run_id
from monitor.cli.line import chosen, harvest_topics
from monitor.cli.mails import DELIVERY_BATCH, deliver
from monitor.cli.queueing import put
from monitor.errors import ConfigurationError, PubMedError, RecordError
from monitor.model.job import WORKER, WorkerJob

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.model import JobState

Stop = Callable[[], bool]
_LOOK_SECONDS: Final = 1.0
#: Between two lines of the log that say that nobody does what is waited for.
_WARN_SECONDS: Final = 300.0
#: Parts that workers do within so long of each other are one run in the books.
_ONE_RUN: Final = timedelta(minutes=10)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)


def worker(
    context: typer.Context,
    job: Annotated[
        list[WorkerJob] | None, typer.Option(help="Only jobs of this kind; may be repeated.")
    ] = None,
    drain: Annotated[
        bool, typer.Option("--drain", help="End when no job is left, instead of waiting for more.")
    ] = False,
) -> None:
    """Do the jobs of the queue, one at a time: any number of these, on any machines.

    Jobs are put there by `--queue` of run, harvest, digest and import. Needs PostgreSQL and the
    extra `queue`. When a worker is killed, another one takes its job up after
    MONITOR_WORKER_TIMEOUT.
    """
    from monitor.queue import app

    ctx: Context = context.obj
    ctx.log()
    app.require(ctx.settings.url)
    from monitor.queue import worker

    print(f"Labels by version {ctx.assessor.version}; jobs of {ctx.store.url}")
    worker.run(
        ctx.settings.url,
        _work(ctx),
        failed=lambda name, reason: _tell(ctx, name, reason),
        only=[j.value for j in job] if job else None,
        drain=drain,
        timeout=timedelta(seconds=ctx.settings.worker_timeout),
    )


def queue_harvest(ctx: Context, topic: str | None, since: date | None, *, full: bool) -> None:
    """Put a job for each topic into the queue, and say what became of them.

    A harvest that waits already is turned into one that reads everything (`full`), never dropped.
    """
    from monitor.queue.app import Job, Put

    if since is not None:
        raise ConfigurationError("--since goes without --queue: it is for repairs by hand.")
    topics = [t.id for t in chosen(ctx, topic)]
    extends = {"full": True} if full else {}
    jobs = [Job(WorkerJob.HARVEST, {"topic": t, "full": full}, t, extends) for t in topics]
    found = put(ctx, jobs)
    print(f"{found[Put.QUEUED]} of {len(jobs)} topics queued for `monitor worker`.")
    if extended := found[Put.EXTENDED]:
        print(f"{extended} waited in the queue already, and will now be read in full.")
    if waited := found[Put.WAITED]:
        print(f"{waited} waited in the queue already: nothing to add.")


def harvest_by_workers(ctx: Context, *, full: bool) -> list[str]:
    """Have workers harvest all topics, and wait for them; ids of those that failed.

    Ends when the queue holds no such job any more: without a worker that is never, and the log says
    so. The labels that the workers then make are not waited for: imports may leave more of that
    work all the time.
    """
    from monitor.store import runs

    before = runs.last(ctx.store)
    queue_harvest(ctx, None, None, full=full)
    _wait(ctx)
    after = runs.last(ctx.store)
    return [
        t.id
        for t in ctx.catalog.topics
        if (last := after.get(t.id)) is None
        or last == before.get(t.id)
        or last.error
        or (full and not last.full)
    ]


def _wait(ctx: Context) -> None:
    """Wait for the harvests of the queue; warn when nobody does them."""
    import structlog

    from monitor.queue import state
    from monitor.queue.deferring import unfinished

    ctx.log()
    log, settings = structlog.get_logger(), ctx.settings
    warn_at = time.monotonic() + min(settings.worker_timeout, _WARN_SECONDS)
    while unfinished(settings.url, WorkerJob.HARVEST):
        time.sleep(_LOOK_SECONDS)
        if time.monotonic() < warn_at:
            continue
        warn_at = time.monotonic() + _WARN_SECONDS
        queue = state.look(settings.url, settings.worker_timeout)
        if not queue.waiting.get(WorkerJob.HARVEST):
            continue
        if workers := queue.takers(WorkerJob.HARVEST):
            log.info("the harvest waits", workers=workers, reason=queue.told)
        else:
            log.warning("the harvest waits for a worker", reason=queue.complaint)


def queue_import(ctx: Context, files: list[str], *, keep_all: bool) -> None:
    """Put a job for each file into the queue; workers must see it under the same path."""
    from monitor.bulk.importer import in_order
    from monitor.queue.app import Job, Put

    if "-" in files:
        raise ConfigurationError("standard input cannot be queued: workers read files.")
    paths = [str(Path(f).resolve()) for f in in_order(files)]
    for path in paths:
        if not Path(path).is_file():
            raise RecordError(f"{path}: there is no such file.")
    jobs = [
        Job(WorkerJob.IMPORT, {"path": p, "keep_all": keep_all}, f"{p}{keep_all}") for p in paths
    ]
    print(f"{put(ctx, jobs)[Put.QUEUED]} of {len(jobs)} files queued for `monitor worker`.")


def _work(ctx: Context) -> dict[str, Callable[..., None]]:
    """The functions of the jobs; those of the commands, with what must follow."""

    def harvesting(_stop: Stop, topic: str, *, full: bool) -> None:
        failed = harvest_topics(ctx, topic, None, full=full)
        _queue_update(ctx)
        if failed:
            raise PubMedError(f"the harvest of {topic} failed; its receipt says why.")

    def updating(_stop: Stop) -> None:
        bring_up_to_date(ctx, now())

    def delivering(_stop: Stop) -> None:
        deliver(ctx, most=DELIVERY_BATCH)

    def importing(stop: Stop, path: str, *, keep_all: bool) -> None:
        _import(ctx, stop, path, keep_all=keep_all)
        _queue_update(ctx)

    work: dict[WorkerJob, Callable[..., None]] = {
        WorkerJob.HARVEST: harvesting,
        WorkerJob.UPDATE: updating,
        WorkerJob.DELIVER: delivering,
        WorkerJob.IMPORT: importing,
    }
    return {name: _noted(ctx, name, function) for name, function in work.items()}


def _noted(ctx: Context, name: WorkerJob, function: Callable[..., None]) -> Callable[..., None]:
    """The same, and when it went well it is written down."""
    from monitor.model import JobState

    def do(stop: Stop, **arguments: Any) -> None:
        started = now()
        function(stop, **arguments)
        _note(ctx, name, JobState.GOOD, started)

    return do


def _note(ctx: Context, name: str, state: JobState, started: datetime, error: str = "") -> None:
    """Write down what a worker did; under a name of its own, for it is a part of a job.

    A topic harvested is not the harvest of the schedule, which is all of them.
    """
    from monitor.model import JobRun
    from monitor.store import jobs

    run = JobRun(f"{WORKER}{name}", run_id(), state, started, now(), error)
    jobs.note_part(ctx.store, run, _ONE_RUN)


def _import(ctx: Context, stop: Stop, path: str, *, keep_all: bool) -> None:
    from monitor.bulk.importer import Importer
    from monitor.bulk.reader import Reader

    reader = Reader(ctx.assessor, keep_all=keep_all)
    report = Importer(ctx.store, reader, now, stop=stop).take(path)
    say_file(path, report)
    if report.faults:
        raise RecordError(report.faults[0])


def _queue_update(ctx: Context) -> None:
    """One job labels and keeps the ledger for all that came in meanwhile."""
    from monitor.queue.app import Job

    put(ctx, [Job(WorkerJob.UPDATE, {}, "")])


def _tell(ctx: Context, name: str, reason: str) -> None:
    from monitor.model import JobState
    from monitor.store import notices

    notices.add(ctx.store, f"{name} failed", reason, now())
    _note(ctx, name, JobState.FAILED, now(), reason)
