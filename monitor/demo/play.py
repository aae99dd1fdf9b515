"""The demo: two weeks of the whole line on the embedded sample, in one folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from monitor import catalog as catalogs
from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.assess.card import model_card
from monitor.demo.pubmed import PubMedServer
from monitor.demo.sample import DEMO_WEEK_1, DEMO_WEEK_2, sample_revisions
from monitor.digest import stage as digest_stage
from monitor.errors import ConfigurationError
from monitor.harvest import stage as harvest_stage
from monitor.harvest.entrez import PubMed
from monitor.ledger import stage as ledger_stage
from monitor.model import Subscriber
from monitor.publish import stage as publish_stage
from monitor.settings import Settings, packaged_queries
from monitor.store import Store, runs, schema, subscribers
from monitor.store.limiter import SlotLimiter

_MARK: Final = ".evidence-monitor-demo"
_READER: Final = "reader@example.org"

Say = Callable[[str], None]


def play(folder: Path, say: Say) -> None:
    """Play the demo into a folder, which is emptied first if it holds an earlier demo.

    Raises `ConfigurationError` when the folder holds something else.
    """
    _empty(folder)
    settings = Settings.model_validate(
        {
            "database_url": f"sqlite:///{folder / 'monitor.db'}",
            "queries_dir": packaged_queries(),
            "reports_dir": folder / "site",
            "outbox_dir": folder / "mails",
            "entrez_email": "demo@example.org",
            "mail_from": "Evidence monitor <monitor@example.org>",
        }
    )
    store = Store(settings.url)
    schema.upgrade(store)
    catalog = catalogs.load(settings.queries())
    assessor = Assessor(catalog)
    subscribers.add(store, Subscriber(0, _READER, _at(DEMO_WEEK_1)))
    with PubMedServer(today=DEMO_WEEK_1) as server:
        revisions = sample_revisions()
        server.add_all((r.xml, r.visible_from) for r in revisions)
        papers = len({r.pmid for r in revisions})
        say(f"A small PubMed with {papers} papers runs on this machine.")
        # The server is ours, so there is nobody to be polite to: 50 requests a second.
        limiter = SlotLimiter(store, "demo", 50)
        pubmed = PubMed(server.url, settings.entrez_email, limiter)
        for number, day in enumerate((DEMO_WEEK_1, DEMO_WEEK_2), 1):
            server.today = day
            say(f"\nWeek {number}, {day:%d %B %Y}")
            _week(store, catalog, assessor, settings, pubmed, day, say)
        pubmed.close()
    written = publish_stage.publish(
        store,
        catalog,
        settings,
        assessor=assessor.version,
        figures=ledger_stage.check_figures,
        weigh=ledger_stage.weigher(catalog),
        card=model_card(),
    )
    store.close()
    say(f"\nSite: {written.files} files. Now open:")
    say(f"  {settings.reports_dir / 'index.html'}   the site")
    for path in sorted(settings.outbox_dir.glob("*.eml")):
        say(f"  {path}   a mail (its HTML part: {path.with_suffix('.html').name})")
    say(f"  {folder / 'monitor.db'}   the database")


def _week(
    store: Store,
    catalog: catalogs.Catalog,
    assessor: Assessor,
    settings: Settings,
    pubmed: PubMed,
    day: date,
    say: Say,
) -> None:
    now = _at(day)

    def clock() -> datetime:
        return now

    for receipt in harvest_stage.harvest(store, pubmed, catalog.topics, clock):
        say(
            f"  harvest {receipt.topic}: {receipt.found} found, {receipt.new} new, "
            f"{receipt.changed} changed, {receipt.failed} failed, {receipt.requests} requests"
        )
    say(f"  assess: {assess_stage.assess(store, assessor, now)} records labelled")
    runs.note_excluded(store)
    say(f"  ledger: {ledger_stage.update(store, catalog, now)} papers taken in")
    issue = digest_stage.make_issue(store, catalog, settings, now)
    if issue:
        say(
            f"  digest: issue {issue.number}, {len(issue.papers)} papers, {len(issue.changes)} "
            f"changes, {len(issue.corrections)} corrections"
        )
    digest_stage.deliver(store, catalog, settings, clock)
    for path in sorted(settings.outbox_dir.glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        html = mail.get_body(("html",)) if isinstance(mail, EmailMessage) else None
        if html is not None:
            path.with_suffix(".html").write_text(html.get_content(), encoding="utf-8")


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise ConfigurationError(
                f"{folder}: it holds other files, so the demo does not touch it; "
                "name an empty folder with --dir."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("The demo empties this folder when it is played again.\n")


def _at(day: date) -> datetime:
    return datetime.combine(day, time(6), UTC)
