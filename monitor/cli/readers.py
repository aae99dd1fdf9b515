"""Commands for the readers of the digest: subscribers add, remove, list."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.common import Context, now
from monitor.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    people = typer.Typer(help="Readers of the digest.", no_args_is_help=True)
    people.command("add")(add)
    people.command("remove")(remove)
    people.command("list")(show)
    app.add_typer(people, name="subscribers")


def add(
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


def remove(context: typer.Context, email: str) -> None:
    """Remove a reader for good, with all traces of what was sent."""
    from monitor.store import subscribers

    if not subscribers.remove(context.obj.store, email):
        raise ConfigurationError(f"{email}: no reader has this address.")
    print(f"{email}: removed")


def show(context: typer.Context) -> None:
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
