"""Commands of the operator: init, demo, status, check, subscribers, db."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from monitor.cli.common import Context, now
from monitor.errors import ConfigurationError, StoreError

_DAILY_OVERDUE: Final = timedelta(hours=50)
_WEEKLY_OVERDUE: Final = timedelta(days=9)
_NUMBERS: Final = ("found", "new", "changed", "excluded", "failed")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(demo)
    app.command()(status)
    app.command()(check)
    people = typer.Typer(help="Readers of the digest.", no_args_is_help=True)
    people.command("add")(subscriber_add)
    people.command("remove")(subscriber_remove)
    people.command("list")(subscriber_list)
    app.add_typer(people, name="subscribers")
    database = typer.Typer(help="The database.", no_args_is_help=True)
    database.command("upgrade")(db_upgrade)
    database.command("check")(db_check)
    app.add_typer(database, name="db")


def init(folder: Annotated[Path, typer.Argument(help="Where to work.")] = Path()) -> None:
    """Make a working folder: settings, queries to edit, and an empty database."""
    from monitor.settings import packaged_queries
    from monitor.store import Store, schema

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "queries").exists():
            shutil.copytree(packaged_queries(), folder / "queries")
        settings = folder / "monitor.toml"
        if not settings.exists():
            settings.touch(mode=0o600)
            settings.write_text(
                _SETTINGS.format(secret=secrets.token_urlsafe(32)), encoding="utf-8"
            )
    except OSError as error:
        raise ConfigurationError(f"{folder}: it cannot be written ({error}).") from error
    schema.upgrade(Store(f"sqlite:///{folder / 'monitor.db'}"))
    print(f"Ready in {folder.resolve()}:")
    print("  monitor.toml   settings: write your address into entrez_email")
    print("  queries/       what to watch: README.md there shows how to change it")
    print("  monitor.db     the database")
    print("Then: monitor check; monitor subscribers add you@example.org; monitor run --once")


_SETTINGS: Final = """\
# Settings of the evidence monitor. Environment variables (MONITOR_...) win over this file.
# All of them, with their defaults: docs/settings.md of the source.

# Your address: NCBI asks every client to send one.
entrez_email = ""

# The public address of the site; links in mails start with it.
site_url = ""

# The mail server. While it is empty, mails are written into ./outbox.
smtp_host = ""
mail_from = "Evidence monitor <monitor@localhost.localdomain>"
operator_email = ""

timezone = "UTC"
harvest_schedule = "daily 05:30"
digest_schedule = "mon 07:00"

# Signs unsubscribe links. Keep it: with another one, old links stop working.
secret_key = "{secret}"
"""


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where to write everything.")] = Path(
        "demo"
    ),
) -> None:
    """Play two weeks of the whole line on the embedded sample: no network, nothing is sent."""
    from monitor.demo import play

    play.play(folder, print)


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show the last harvest of each topic, the store and the digest; exit code 1 when overdue."""
    ctx: Context = context.obj
    found = _status(ctx)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print_status(found)
    if any(t["problem"] for t in found["topics"]):
        raise typer.Exit(1)


def _status(ctx: Context) -> dict[str, Any]:
    from monitor.store import issues, papers, runs
    from monitor.store.codec import encode

    last = runs.last(ctx.store)
    daily = ctx.settings.harvest_schedule.startswith("daily")
    overdue = _DAILY_OVERDUE if daily else _WEEKLY_OVERDUE
    topics: list[dict[str, Any]] = []
    for topic in ctx.catalog.topics:
        receipt = last.get(topic.id)
        good = runs.last_good(ctx.store, topic.id)
        problem = ""
        if receipt is None:
            problem = "never harvested"
        elif receipt.error:
            problem = f"failed: {receipt.error}"
        elif good is None or now() - good.started > overdue:
            problem = "overdue"
        run = json.loads(encode(receipt)) if receipt else None
        topics.append({"topic": topic.id, "problem": problem, "last": run})
    issue = issues.latest(ctx.store)
    return {
        "topics": topics,
        "papers": papers.counts(ctx.store),
        "issue": {"number": issue.number, "made": issue.made.isoformat()} if issue else None,
        "deliveries": issues.delivery_counts(ctx.store),
    }


def _print_status(found: dict[str, Any]) -> None:
    for topic in found["topics"]:
        run = topic["last"] or {}
        said = topic["problem"] or "good"
        when = str(run.get("started", "never"))[:16].replace("T", " ")
        numbers = ", ".join(
            f"{run.get(k, 0)} {k}" for k in ("found", "new", "changed", "excluded", "failed")
        )
        print(f"{topic['topic']}: {said}. Last run {when}: {numbers}")
    print("Papers: " + ", ".join(f"{n} {name}" for name, n in found["papers"].items()))
    issue = found["issue"]
    print(
        f"Digest: issue {issue['number']} of {issue['made'][:10]}" if issue else "Digest: none yet"
    )
    print("Mails: " + ", ".join(f"{n} {state}" for state, n in found["deliveries"].items()))


def check(context: typer.Context) -> None:
    """Check settings, queries, database and folders; every fault with what to do about it."""
    ctx: Context = context.obj
    settings = ctx.settings
    print("settings: good")
    catalog = ctx.catalog
    print(
        f"queries: good, {len(catalog.topics)} topics, {len(catalog.designs)} designs, "
        f"{len(catalog.mechanisms)} mechanisms, {len(catalog.claims)} claims ({catalog.folder})"
    )
    print(f"assessor: good, version {ctx.assessor.version}")
    print(f"database: good, {ctx.store.url}")
    warnings = []
    if not settings.entrez_email:
        warnings.append("MONITOR_ENTREZ_EMAIL is not set: harvest will refuse to start.")
    if not settings.smtp_host:
        warnings.append(f"MONITOR_SMTP_HOST is not set: mails go into {settings.outbox_dir}.")
    if not settings.site_url:
        warnings.append("MONITOR_SITE_URL is not set: mails link to PubMed only.")
    elif not settings.secret_key:
        warnings.append("MONITOR_SECRET_KEY is not set: readers cannot leave with one click.")
    for warning in warnings:
        print(f"note: {warning}")


def subscriber_add(
    context: typer.Context,
    email: str,
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic; may be repeated.")
    ] = None,
    mechanism: Annotated[
        list[str] | None, typer.Option(help="Only this mechanism; may be repeated.")
    ] = None,
    max_tier: Annotated[int, typer.Option(min=1, max=9, help="Weakest tier of design.")] = 9,
    monthly: Annotated[bool, typer.Option("--monthly", help="Once a month.")] = False,
    text_only: Annotated[bool, typer.Option("--text-only", help="Without HTML.")] = False,
    timezone: Annotated[str, typer.Option(help="For the dates in the mail.")] = "UTC",
) -> None:
    """Add a reader, or change the choices of one."""
    from email_validator import EmailNotValidError, validate_email

    from monitor.model import Subscriber
    from monitor.store import subscribers

    ctx: Context = context.obj
    try:
        address = validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ConfigurationError(f"{email}: not an address ({error})") from error
    for name, given, known in (
        ("topic", topic or [], ctx.catalog.topic),
        ("mechanism", mechanism or [], ctx.catalog.mechanism),
    ):
        for one in given:
            if one not in known:
                raise ConfigurationError(
                    f"there is no {name} {one!r}; there are: {', '.join(known)}."
                )
    reader = Subscriber(
        id=0,
        email=address,
        joined=now(),
        topics=tuple(topic or ()),
        mechanisms=tuple(mechanism or ()),
        max_tier=max_tier,
        monthly=monthly,
        text_only=text_only,
        timezone=_zone(timezone),
    )
    _, new = subscribers.add(ctx.store, reader)
    print(f"{address}: {'added' if new else 'changed'}")


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"--timezone {name}: no such zone; Europe/Berlin is one."
        ) from error


def subscriber_remove(context: typer.Context, email: str) -> None:
    """Remove a reader for good, with all traces of what was sent."""
    from monitor.store import subscribers

    if not subscribers.remove(context.obj.store, email):
        raise ConfigurationError(f"{email}: no reader has this address.")
    print(f"{email}: removed")


def subscriber_list(context: typer.Context) -> None:
    """List the readers and their choices."""
    from monitor.store import subscribers

    for reader in subscribers.everyone(context.obj.store):
        choices = [
            *reader.topics,
            *reader.mechanisms,
            f"tier {reader.max_tier} and better" if reader.max_tier < 9 else "",  # noqa: PLR2004
            "monthly" if reader.monthly else "weekly",
            "suspended" if reader.suspended else "",
            "" if reader.confirmed else "not confirmed",
        ]
        print(f"{reader.email}: {', '.join(c for c in choices if c)}")


def db_upgrade(context: typer.Context) -> None:
    """Bring the database to the schema of this version (makes the tables when there are none)."""
    from monitor.store import schema

    before, after = schema.upgrade(context.obj.unchecked_store)
    print(f"schema {before or 'none'} -> {after}")


def db_check(context: typer.Context) -> None:
    """Check the database: schema, quotes that no longer match, rows without their partners."""
    from monitor.store import health, schema

    store = context.obj.store
    faults = [*schema.differences(store), *health.faults(store)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        raise StoreError(f"{store.url}: {len(faults)} faults, see above.")
    print(f"{store.url}: sound, {health.size(store)} papers checked")
