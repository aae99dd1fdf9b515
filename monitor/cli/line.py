"""Commands of the line: harvest, reassess, publish."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.common import (
    Context,
    bring_up_to_date,
    counted,
    now,
    progress,
    remind_to_publish,
    run_id,
)
from monitor.errors import ConfigurationError, PubMedError

if TYPE_CHECKING:
    from monitor.catalog import Topic

TopicId = Annotated[str | None, typer.Option("--topic", help="Only this topic, by its id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (harvest, reassess, publish):
        app.command()(command)


def harvest(
    context: typer.Context,
    topic: TopicId = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Ask for this day and later, not since the last run."
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave the work to `monitor worker`, a job a topic.")
    ] = False,
) -> None:
    """Ask PubMed for new and changed papers, label them, and bring the ledger up to date.

    Without --topic and --since it counts as a run of the schedule's harvest (--full: re-reading).
    """
    from monitor.model import JobName

    ctx: Context = context.obj
    if queue:
        from monitor.cli.worker import queue_harvest

        queue_harvest(ctx, topic, since.date() if since else None, full=full)
        return
    require_address(ctx)
    whole = topic is None and since is None
    job = JobName.REREAD if full else JobName.HARVEST
    with counted(ctx, job if whole else None):
        failed = harvest_topics(ctx, topic, since.date() if since else None, full=full)
        assessed, taken = bring_up_to_date(ctx, now())
        print(f"{assessed} records labelled, {taken} papers taken into the ledger.")
        remind_to_publish(taken)
        raise_failed(failed)


def raise_failed(topics: Sequence[str]) -> None:
    """Raise `PubMedError` that names the topics whose harvest failed, if any."""
    if topics:
        raise PubMedError(f"the harvest of {', '.join(topics)} failed; `monitor status` says why.")


def require_address(ctx: Context) -> None:
    """Raise `ConfigurationError` unless NCBI can be told whom to write to."""
    if not ctx.settings.entrez_email:
        raise ConfigurationError(
            "MONITOR_ENTREZ_EMAIL is not set: NCBI asks every client to say whom to write to."
        )


def chosen(ctx: Context, topic: str | None) -> tuple[Topic, ...]:
    """The topic of an id, or all. Raises `ConfigurationError` for an id that is none."""
    topics = ctx.catalog.topics
    if topic is None:
        return topics
    if topic not in ctx.catalog.topic:
        known = ", ".join(t.id for t in topics)
        raise ConfigurationError(f"there is no topic {topic!r}; there are: {known}.")
    return (ctx.catalog.topic[topic],)


def harvest_topics(
    ctx: Context, topic: str | None, since: date | None, *, full: bool = False
) -> list[str]:
    """Harvest one topic or all, print a line for each; ids of those that failed."""
    from monitor.harvest import stage
    from monitor.harvest.entrez import PubMed
    from monitor.store.limiter import SlotLimiter

    topics = chosen(ctx, topic)
    settings = ctx.settings
    ctx.log()  # stamina tells of every new try
    require_address(ctx)
    key = settings.entrez_api_key.get_secret_value() if settings.entrez_api_key else None
    limiter = SlotLimiter(ctx.store, "pubmed", 9.5 if key else 2.8)
    pubmed = PubMed(settings.entrez_url, settings.entrez_email, limiter, api_key=key, clock=now)
    try:
        with progress("Harvesting") as show:
            receipts = stage.harvest(
                ctx.store, pubmed, topics, now, since=since, full=full, progress=show
            )
    finally:
        pubmed.close()
    for r in receipts:
        print(
            f"{r.topic}: {r.state.value}: {r.found} found, {r.known} known, {r.new} new, "
            f"{r.changed} changed, {r.failed} failed, {r.requests} requests, {r.seconds:.1f} s"
        )
        if r.error:
            print(f"{r.topic}: {r.error}", file=sys.stderr)
    return [r.topic for r in receipts if r.error]


def reassess(context: typer.Context) -> None:
    """Label again what an older version of the rules labelled; PubMed is not asked."""
    assessed, taken = bring_up_to_date(context.obj, now())
    print(f"{assessed} records labelled, {taken} papers taken into the ledger.")
    remind_to_publish(taken)


def publish(context: typer.Context) -> None:
    """Write the site into MONITOR_REPORTS_DIR."""
    ctx: Context = context.obj
    bring_up_to_date(ctx, now())
    publish_site(ctx)


def publish_site(ctx: Context) -> None:
    """Write the site and say what was written."""
    from monitor.assess.card import model_card
    from monitor.ledger.stage import check_figures, weigher
    from monitor.publish import stage
    from monitor.store import jobs

    with jobs.tracked(ctx.store, "publish", run_id(), now), progress("Publishing") as show:
        written = stage.publish(
            ctx.store,
            ctx.catalog,
            ctx.settings,
            assessor=ctx.assessor.version,
            figures=check_figures,
            weigh=weigher(ctx.catalog),
            card=model_card(),
            progress=show,
        )
    where = ctx.settings.reports_dir / "index.html"
    print(f"Site: {written.files} files, {written.changed} changed: {where}")
