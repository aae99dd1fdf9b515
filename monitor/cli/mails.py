"""The digest command, and what other commands need of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from monitor.cli.common import Context, bring_up_to_date, counted, now, progress, remind_to_publish
from monitor.cli.queueing import put
from monitor.errors import ConfigurationError

#: Mails of one job on the queue.
DELIVERY_BATCH: Final = 100

#: Where `--preview` writes.
PREVIEW: Final = Path("preview")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(digest)


def digest(
    context: typer.Context,
    preview: Annotated[
        bool, typer.Option("--preview", help="Write the mails into ./preview and send nothing.")
    ] = False,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend",
            help="Try the failed mails of the latest issue again; with --to, that reader's mail.",
        ),
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            help="Send the latest issue to this address as a test; nothing is recorded.",
            show_default=False,
        ),
    ] = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave the sending to `monitor worker`.")
    ] = False,
) -> None:
    """Make the next issue and send it, or what is left of earlier ones."""
    from monitor.model import JobName

    ctx: Context = context.obj
    if preview and (resend or to):
        raise ConfigurationError("--preview writes all mails: it goes with no other option.")
    if resend:
        _resend(ctx, to)
        return
    bring_up_to_date(ctx, now())
    if preview:
        _preview(ctx)
    elif to is not None:
        _test(ctx, to)
    else:
        with counted(ctx, JobName.DIGEST):
            made = send_digest(ctx, queue=queue)
        remind_to_publish(made)


def _preview(ctx: Context) -> None:
    from email import message_from_bytes, policy
    from email.message import EmailMessage

    from monitor.digest import stage

    mails = stage.preview(ctx.store, ctx.catalog, ctx.settings, now(), _next_run(ctx, now()))
    for number, content in enumerate(mails.values(), 1):
        path = PREVIEW / f"preview-{number}.eml"
        mail = message_from_bytes(content, policy=policy.default)
        html = mail.get_body(("html",)) if isinstance(mail, EmailMessage) else None
        try:
            PREVIEW.mkdir(exist_ok=True)
            path.write_bytes(content)
            if html is not None:
                path.with_suffix(".html").write_text(html.get_content(), encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"{path}: it cannot be written ({error.strerror}).") from error
        print(f"{path}: {mail['Subject']}")


def _test(ctx: Context, to: str) -> None:
    from monitor import addresses
    from monitor.digest import stage

    address = addresses.normal(to)
    subject = stage.send_test(ctx.store, ctx.catalog, ctx.settings, address, now())
    print(f"{address}: {subject}{_where(ctx)}")


def _resend(ctx: Context, to: str | None) -> None:
    from monitor import addresses
    from monitor.digest import stage
    from monitor.model import JobName

    address = addresses.normal(to) if to is not None else None
    again = stage.resend(ctx.store, now(), address)
    print(f"To be sent again: {again}")
    with counted(ctx, JobName.DELIVER):
        deliver(ctx)


def send_digest(
    ctx: Context, when: datetime | None = None, *, queue: bool = False, scheduled: bool = False
) -> bool:
    """Make the issue, deliver what is pending, tell the operator what waits. True for a new issue.

    By the schedule (`scheduled`), an issue that was caught up shortly before stands for this one.
    """
    from monitor.digest import stage
    from monitor.store import clock as times

    def clock() -> datetime:
        return when or now()

    moment = clock()
    times.require_true(ctx.store, moment)
    apart = _apart(ctx) if scheduled else timedelta()
    young = stage.is_young(ctx.store, moment, apart)
    issue = stage.make_issue(
        ctx.store, ctx.catalog, ctx.settings, moment, _next_run(ctx, moment), apart=apart
    )
    if issue:
        print(
            f"Issue {issue.number}: {len(issue.papers)} papers, {len(issue.changes)} changes, "
            f"{len(issue.corrections)} corrections"
        )
    elif young:
        print("No new issue: the last one was made shortly before, and stands for this one.")
    else:
        print("No new issue: there is nothing to tell yet.")
    if queue:
        leave_to_workers(ctx, moment)
    else:
        deliver(ctx, clock)
    return issue is not None


def _apart(ctx: Context) -> timedelta:
    """How far apart two issues of the schedule are at least."""
    from monitor.schedule.times import parse

    settings = ctx.settings
    return parse(settings.digest_schedule, settings.timezone, "DIGEST_SCHEDULE").apart


def _next_run(ctx: Context, moment: datetime) -> datetime:
    """When PubMed is asked again, for the receipt."""
    from monitor.schedule.times import parse

    settings = ctx.settings
    schedule = parse(settings.harvest_schedule, settings.timezone, "HARVEST_SCHEDULE")
    return schedule.next(moment).astimezone(schedule.zone)


def deliver(ctx: Context, clock: Callable[[], datetime] = now, *, most: int | None = None) -> None:
    """Deliver what is pending, `most` mails at most, and print what became of it."""
    from monitor.digest import stage

    stage.welcome(ctx.store, ctx.settings, ctx.catalog, clock())
    with progress("Sending") as show:
        done = stage.deliver(ctx.store, ctx.catalog, ctx.settings, clock, most=most, progress=show)
    said = ", ".join(f"{n} {outcome.value}" for outcome, n in sorted(done.items())) or "none due"
    print(f"Mails: {said}{_where(ctx)}")
    stage.tell_operator(ctx.store, ctx.settings, clock())


def leave_to_workers(ctx: Context, moment: datetime) -> None:
    """Put a job for every hundred mails into the queue, and tell the operator what waits."""
    from monitor.digest import stage
    from monitor.queue.app import Job, Put
    from monitor.store import issues

    stage.welcome(ctx.store, ctx.settings, ctx.catalog, moment)
    mails = issues.due_count(ctx.store, moment)
    jobs = [Job("deliver", {}, str(n)) for n in range(-(-mails // DELIVERY_BATCH))]
    print(f"Mails: {mails} due, {put(ctx, jobs)[Put.QUEUED]} jobs for `monitor worker`")
    stage.tell_operator(ctx.store, ctx.settings, moment)


def _where(ctx: Context) -> str:
    return "" if ctx.settings.smtp_host else f" (into {ctx.settings.outbox_dir})"
