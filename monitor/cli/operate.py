"""Commands of the operator: init, demo, check."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.cli.common import Context
from monitor.errors import ConfigurationError

if TYPE_CHECKING:
    from monitor.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(demo)
    app.command()(check)


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
        (folder / "monitor.db").touch(mode=0o600)  # it will hold the readers' addresses
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


def check(context: typer.Context) -> None:
    """Check settings, queries, database, links, workers; every fault with what to do about it.

    With MONITOR_SITE_URL and MONITOR_SECRET_KEY set, the site is asked whether `monitor serve`
    answers links in mails there; whether mails hold such links MONITOR_SUBSCRIBE_LINK says.
    """
    from monitor.publish import language
    from monitor.schedule import due
    from monitor.settings import SmtpSecurity

    ctx: Context = context.obj
    settings = ctx.settings
    due.schedules(settings)  # each is read when it is needed; here all are
    print("settings: good")
    catalog = ctx.catalog
    print(
        f"queries: good, {len(catalog.topics)} topics, {len(catalog.designs)} designs, "
        f"{len(catalog.mechanisms)} mechanisms, {len(catalog.claims)} claims ({catalog.folder})"
    )
    if other := _other_queries(catalog.folder):
        print(f"queries: other than this version brings (edited, or older): {', '.join(other)}")
    print(f"assessor: good, version {ctx.assessor.version}")
    print(f"database: good, {ctx.store.url}")
    words = language.words(settings.language, settings.translations_dir)
    print(f"language: good, {words.locale.english_name}")
    warnings = []
    if said := _of_the_labels(ctx):
        warnings.append(said)
    if not settings.entrez_email:
        warnings.append("MONITOR_ENTREZ_EMAIL is not set: harvest will refuse to start.")
    if not settings.smtp_host:
        warnings.append(f"MONITOR_SMTP_HOST is not set: mails go into {settings.outbox_dir}.")
    elif settings.smtp_username and settings.smtp_security is SmtpSecurity.NONE:
        warnings.append(
            "MONITOR_SMTP_SECURITY is none: the password goes to the mail server as anyone on the "
            "way can read it. Set starttls or tls."
        )
    if not settings.site_url:
        warnings.append("MONITOR_SITE_URL is not set: mails link to PubMed only.")
    elif not settings.secret_key:
        warnings.append("MONITOR_SECRET_KEY is not set: readers cannot leave with one click.")
    elif said := _of_the_links(settings):
        warnings.append(said)
    if said := _of_the_queue(ctx):
        warnings.append(said)
    for warning in warnings:
        print(f"note: {warning}")


def _other_queries(folder: Path) -> list[str]:
    """The files that are not as this version brings them: `init` copies, an upgrade does not."""
    from monitor.settings import packaged_queries

    packaged = packaged_queries()
    names = sorted(path.relative_to(packaged) for path in packaged.rglob("*.toml"))
    return [
        str(name)
        for name in names
        if (mine := folder / name).is_file() and mine.read_bytes() != (packaged / name).read_bytes()
    ]


def _of_the_labels(ctx: Context) -> str:
    """What is to be said of labels by other rules than the present ones; empty without such."""
    from monitor.store import assessments

    waiting = assessments.count_others(ctx.store, ctx.assessor.version)
    if not waiting:
        print("labels: good, by these rules and queries")
        return ""
    papers = "1 paper is" if waiting == 1 else f"{waiting} papers are"
    return (
        f"{papers} labelled by older rules or queries, or not at all yet: `monitor reassess` "
        "does it now, the next job does by itself."
    )


def _of_the_links(settings: Settings) -> str:
    """What is wrong with the links in mails, or could be better; empty when all is well."""
    from monitor.cli.reach import dead_links

    dead = dead_links(settings)
    if not settings.serves:
        by_mail = f"readers leave by a mail to {settings.operator_email or settings.mail_from}"
        if dead:
            print(f"links in mails: none that need `monitor serve`; {by_mail}")
            return ""
        return (
            f"{by_mail}, though `monitor serve` answers at {settings.site_url}: set "
            "MONITOR_SUBSCRIBE_LINK, and they leave and choose there."
        )
    if dead:
        return (
            f"links in mails, to leave or to choose, find no answer: {dead}. They need "
            "`monitor serve` there with the same MONITOR_SECRET_KEY. Without it unset "
            "MONITOR_SUBSCRIBE_LINK: readers then leave by a mail to you."
        )
    if not settings.site_url.startswith("https://"):
        return "MONITOR_SITE_URL is not https: readers leave by a mail to you."
    print(f"links in mails: good, `monitor serve` answers at {settings.site_url}")
    return ""


def _of_the_queue(ctx: Context) -> str:
    """What is wrong with the queue, where the database has one; empty when nothing is."""
    from monitor.queue.state import look

    queue = look(ctx.settings.url, ctx.settings.worker_timeout)
    if queue.installed and not queue.complaint:
        print(f"queue: {queue.good}")
    return queue.complaint
