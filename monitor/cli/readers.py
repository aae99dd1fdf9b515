"""The subscribers commands: add, remove, list, import, export."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.cli.common import Context, now, progress
from monitor.cli.mails import PREVIEW
from monitor.errors import ConfigurationError

if TYPE_CHECKING:
    from monitor.catalog import Catalog
    from monitor.model import Subscriber

_ALL_TIERS: Final = 9
#: Bytes of a mail that hold its headers.
_HEAD: Final = 8192
_COLUMNS: Final = (
    "email",
    "topics",
    "mechanisms",
    "max_tier",
    "monthly",
    "text_only",
    "locale",
    "timezone",
    "joined",
    "confirmed",
    "suspended",
)
_YES: Final = frozenset({"1", "yes", "true"})
_NO: Final = frozenset({"0", "no", "false"})


def register(app: typer.Typer) -> None:
    """Add the commands."""
    people = typer.Typer(help="Readers of the digest.", no_args_is_help=True)
    people.command("add")(add)
    people.command("remove")(remove)
    people.command("list")(list_readers)
    people.command("import")(import_readers)
    people.command("export")(export)
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
    locale: Annotated[str, typer.Option(help="Language of the dates: en, de, fi, fr …")] = "en",
    timezone: Annotated[str, typer.Option(help="For the dates in the mail.")] = "UTC",
) -> None:
    """Add a reader, or change the choices of one."""
    from monitor.model import Subscriber
    from monitor.store import subscribers

    ctx: Context = context.obj
    reader = Subscriber(
        id=0,
        email=email,
        joined=now(),
        topics=tuple(topic or ()),
        mechanisms=tuple(mechanism or ()),
        max_tier=max_tier,
        monthly=monthly,
        text_only=text_only,
        locale=locale,
        timezone=timezone,
    )
    checked = _checked(reader, ctx.catalog)
    _, new = subscribers.add(ctx.store, checked)
    print(f"{checked.email}: {'added' if new else 'changed'}")


def _checked(reader: Subscriber, catalog: Catalog) -> Subscriber:
    """The reader with address, language and zone as they are stored.

    Raises `ConfigurationError` for the first choice that does not exist.
    """
    from monitor import addresses

    for name, given, known in (
        ("topic", reader.topics, catalog.topic),
        ("mechanism", reader.mechanisms, catalog.mechanism),
    ):
        for one in given:
            if one not in known:
                raise ConfigurationError(
                    f"there is no {name} {one!r}; there are: {', '.join(known)}."
                )
    if not 1 <= reader.max_tier <= _ALL_TIERS:
        raise ConfigurationError(f"max_tier {reader.max_tier}: 1 (strongest) to 9 (all) are.")
    return replace(
        reader,
        email=addresses.normal(reader.email),
        locale=_locale(reader.locale),
        timezone=_zone(reader.timezone),
    )


def _locale(name: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(name.replace("-", "_")))
    except (UnknownLocaleError, ValueError) as error:
        raise ConfigurationError(f"locale {name!r}: no such language; de or en_GB is one.") from (
            error
        )


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ConfigurationError(
            f"timezone {name!r}: no such zone; Europe/Berlin is one."
        ) from error


def remove(context: typer.Context, email: str) -> None:
    """Remove a reader for good, with all traces of what was sent."""
    from monitor.store import subscribers

    ctx: Context = context.obj
    reader = subscribers.find(ctx.store, email) or subscribers.find(ctx.store, _normal(email))
    if reader is None or not subscribers.remove(ctx.store, reader.email):
        raise ConfigurationError(f"{email}: no reader has this address.")
    subscribers.scrub(ctx.store)
    for folder in (ctx.settings.outbox_dir, PREVIEW):
        _forget_mails(folder, reader.email)
    print(f"{reader.email}: removed")


def _forget_mails(folder: Path, address: str) -> None:
    """Delete the mails to an address that stand in a folder, and their HTML."""
    line = f"\nTo: {address}\n".encode()
    for mail in folder.glob("*.eml"):
        with mail.open("rb") as file:
            found = line in file.read(_HEAD).replace(b"\r", b"").partition(b"\n\n")[0] + b"\n"
        if found:
            mail.unlink()
            mail.with_suffix(".html").unlink(missing_ok=True)


def _normal(email: str) -> str:
    from monitor import addresses

    try:
        return addresses.normal(email)
    except ConfigurationError:
        return email


def list_readers(context: typer.Context) -> None:
    """List the readers and their choices."""
    from monitor.store import subscribers

    for reader in subscribers.everyone(context.obj.store):
        choices = [
            *reader.topics,
            *reader.mechanisms,
            f"tier {reader.max_tier} and better" if reader.max_tier < _ALL_TIERS else "",
            "monthly" if reader.monthly else "weekly",
            "text only" if reader.text_only else "",
            "suspended" if reader.suspended else "",
            "" if reader.confirmed else "not confirmed",
            f"no. {reader.id}",
        ]
        print(f"{reader.email}: {', '.join(c for c in choices if c)}")


def import_readers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with a column email; - for standard input.")],
) -> None:
    """Add readers, or change their choices, from CSV as `subscribers export` writes it.

    Either all lines are taken or none; every faulty line is named. A column that is missing or
    empty means the default; the moment of joining is now.
    """
    from monitor.store import subscribers

    ctx: Context = context.obj
    readers, faults = _read(file, ctx.catalog)
    if faults:
        for fault in faults:
            print(fault, file=sys.stderr)
        lines = "1 faulty line" if len(faults) == 1 else f"{len(faults)} faulty lines"
        raise ConfigurationError(f"{file}: {lines}, none was taken.")
    new = 0
    with progress("Importing") as show:
        for done, reader in enumerate(readers, 1):
            new += subscribers.add(ctx.store, reader)[1]
            show(done, len(readers))
    print(f"{new} added, {len(readers) - new} changed")


def _read(file: Path, catalog: Catalog) -> tuple[list[Subscriber], list[str]]:
    """Readers of a CSV file, and a sentence for each faulty line."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: it cannot be read ({error}).") from error
    rows = csv.DictReader(text.splitlines(), strict=True)
    unknown = [c for c in rows.fieldnames or () if c not in _COLUMNS]
    if "email" not in (rows.fieldnames or ()) or unknown:
        raise ConfigurationError(
            f"{file}: the first line must name columns, email among them; known are: "
            f"{', '.join(_COLUMNS)}."
        )
    readers: dict[str, Subscriber] = {}
    faults: list[str] = []
    try:
        for row in rows:
            try:
                reader = _checked(_reader(row), catalog)
            except ConfigurationError as error:
                faults.append(f"{file}: line {rows.line_num}: {error}")
            else:
                readers[reader.email] = reader
    except csv.Error as error:
        faults.append(f"{file}: line {rows.line_num}: {error}.")
    return list(readers.values()), faults


def _reader(row: dict[str, str | None]) -> Subscriber:
    from monitor.model import Subscriber

    said = {k: (v or "").strip() for k, v in row.items() if k in _COLUMNS}
    if None in row:
        raise ConfigurationError("more values than columns.")
    tier = said.get("max_tier") or "9"
    if not tier.isascii() or not tier.isdigit():
        raise ConfigurationError(f"max_tier {tier!r}: it must be a number, 1 to 9.")
    return Subscriber(
        id=0,
        email=said["email"],
        joined=now(),
        topics=tuple(said.get("topics", "").split()),
        mechanisms=tuple(said.get("mechanisms", "").split()),
        max_tier=int(tier),
        monthly=_flag("monthly", said),
        text_only=_flag("text_only", said),
        locale=said.get("locale") or "en",
        timezone=said.get("timezone") or "UTC",
        confirmed=_flag("confirmed", said, default="yes"),
        suspended=_flag("suspended", said),
    )


def _flag(name: str, said: dict[str, str], default: str = "no") -> bool:
    value = said.get(name, "").lower() or default
    if value not in _YES | _NO:
        raise ConfigurationError(f"{name} {value!r}: it must be yes or no.")
    return value in _YES


def export(context: typer.Context) -> None:
    """Write all readers as CSV to standard output."""
    from monitor.store import subscribers

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for r in subscribers.everyone(context.obj.store):
        writer.writerow(
            (
                r.email,
                " ".join(r.topics),
                " ".join(r.mechanisms),
                r.max_tier,
                _yes(r.monthly),
                _yes(r.text_only),
                r.locale,
                r.timezone,
                r.joined.isoformat(timespec="seconds"),
                _yes(r.confirmed),
                _yes(r.suspended),
            )
        )


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
