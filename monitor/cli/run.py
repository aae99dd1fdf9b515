"""The command `run`: everything once, one job, or by schedule for good."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final
from uuid import uuid4

import typer

from monitor.cli.common import Context, bring_up_to_date, counted, now
from monitor.cli.database import make_backup
from monitor.cli.line import harvest_topics, publish_site, raise_failed
from monitor.cli.mails import deliver, leave_to_workers, send_digest
from monitor.errors import ConfigurationError, MailError, PubMedError

if TYPE_CHECKING:
    from monitor.model import JobName

_OPERATOR_EVERY: Final = timedelta(hours=20)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do everything once, now, and end.")] = False,
    job: Annotated[
        str | None,
        typer.Option(
            help="Do one job of the schedule, now, and end (for timers): "
            "harvest, reread, digest, deliver or backup.",
            show_default=False,
        ),
    ] = None,
    queue: Annotated[
        bool,
        typer.Option(
            "--queue",
            help="Have `monitor worker` harvest and send: a job a topic, a job 100 mails.",
        ),
    ] = False,
    tied: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Keep running: harvest, re-read, digest, deliver and back up by the schedules.

    One process a database leads; others wait and take over. Each job runs as a process of its own,
    is cut off after MONITOR_JOB_MINUTES, and when it fails the operator is told, it is tried again,
    and the other jobs go on. SIGTERM ends everything within ten seconds.

    With --queue workers harvest and send, on any number of machines (PostgreSQL); this
    process waits for the harvest, keeps the ledger, makes the issues and writes the site.
    """
    ctx: Context = context.obj
    if queue:
        from monitor.queue import app

        app.require(ctx.settings.url)
    if job is not None:
        _one(ctx, job, tied, queue=queue)
    elif once:
        _once(ctx, queue=queue)
    else:
        _serve(ctx, queue=queue)


def _once(ctx: Context, *, queue: bool) -> None:
    """Everything; each part counts as a run of its job, and a failed harvest stops no other."""
    from monitor.model import JobName

    failed: list[str] = []
    try:
        with counted(ctx, JobName.HARVEST):
            failed = _harvested(ctx, full=False, queue=queue)
            bring_up_to_date(ctx, now())
            raise_failed(failed)
    except PubMedError:
        if not failed:
            raise
    with counted(ctx, JobName.DIGEST):
        send_digest(ctx, queue=queue)
    publish_site(ctx)
    raise_failed(failed)


def _harvested(ctx: Context, *, full: bool, queue: bool) -> list[str]:
    if queue:
        from monitor.cli.worker import harvest_by_workers

        return harvest_by_workers(ctx, full=full)
    return harvest_topics(ctx, None, None, full=full)


def _one(ctx: Context, name: str, tied: str, *, queue: bool) -> None:
    """One job; `tied` is the run id of the process that started us and writes down how it ends."""
    import structlog

    from monitor.model import JobName
    from monitor.schedule import child
    from monitor.store import jobs

    if name not in _JOBS:
        raise ConfigurationError(f"there is no job {name!r}; there are: {', '.join(_JOBS)}.")
    job = JobName(name)
    run_id = tied or uuid4().hex[:8]
    ctx.log()
    structlog.contextvars.bind_contextvars(job=job.value, run=run_id)
    if tied:
        child.tie()
        _JOBS[name](ctx, queue)
        return
    with jobs.tracked(ctx.store, job.value, run_id, now):
        _JOBS[name](ctx, queue)


def _harvest(ctx: Context, queue: bool, *, full: bool = False) -> None:
    failed = _harvested(ctx, full=full, queue=queue)
    bring_up_to_date(ctx, now())
    publish_site(ctx)
    raise_failed(failed)


def _digest(ctx: Context, queue: bool) -> None:
    bring_up_to_date(ctx, now())
    try:
        send_digest(ctx, scheduled=True, queue=queue)
    except MailError:
        publish_site(ctx)  # the issue is made, and the mails wait
        raise
    publish_site(ctx)


def _deliver(ctx: Context, queue: bool) -> None:
    if queue:
        leave_to_workers(ctx, now())
    else:
        deliver(ctx)


#: What each job does; the second argument says whether workers harvest and send.
_JOBS: Final[dict[str, Callable[[Context, bool], None]]] = {
    "harvest": _harvest,
    "reread": lambda ctx, queue: _harvest(ctx, queue, full=True),
    "digest": _digest,
    "deliver": _deliver,
    "backup": lambda ctx, _: make_backup(ctx),
}


def _serve(ctx: Context, *, queue: bool) -> None:
    from monitor.cli.logs import passed_on
    from monitor.schedule import child
    from monitor.schedule.daemon import Daemon
    from monitor.schedule.ping import ping

    settings = ctx.settings
    say = passed_on(settings, ctx.log())
    program = [sys.executable, "-m", "monitor"]
    if ctx.config:
        program += ["--config", str(ctx.config)]

    def perform(job: JobName, run_id: str, stop: Callable[[], bool]) -> child.Ended:
        command = [*program, "run", "--job", job.value, "--tied", run_id]
        command += ["--queue"] * queue
        return child.run(command, settings.job_minutes * 60, stop, say)

    def well() -> None:
        if settings.ping_url:
            ping(settings.ping_url)

    Daemon(settings, ctx.store, now, perform, mails=lambda: mails_wait(ctx), ping=well).serve()


def mails_wait(ctx: Context) -> bool:
    """Whether `deliver` would have something to do."""
    from monitor.store import issues, notices, subscribers

    store, when = ctx.store, now()
    if issues.due(store, when, 1):
        return True
    issue = issues.latest_made(store)
    if issue is not None and subscribers.joined_since(store, issue[1]):
        return True
    if not ctx.settings.operator_email or not notices.waiting(store):
        return False
    last = notices.last_mailed(store)
    return last is None or when - last >= _OPERATOR_EVERY
