"""The digest stage: make the next issue, preview it, try it, send it again.

An issue and its deliveries are one transaction, with Message-IDs fixed; `delivery.py` sends them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from hashlib import sha256
from typing import Final

from monitor.catalog import Catalog
from monitor.digest import confirmation, mail, transport
from monitor.digest.delivery import Mailer, deliver, sender_of
from monitor.digest.issue import compose, merge
from monitor.digest.operator import tell_operator
from monitor.digest.personal import must_tell
from monitor.digest.transport import Outcome
from monitor.errors import ConfigurationError, MailError
from monitor.model import Event, Issue, Receipt, Subscriber
from monitor.settings import Settings
from monitor.store import Store, issues, papers, runs, subscribers
from monitor.store import ledger as ledger_rows
from monitor.tokens import CONFIRM_PATH, Signer

__all__ = [
    "ask_to_confirm",
    "deliver",
    "is_young",
    "make_issue",
    "next_issue",
    "preview",
    "resend",
    "send_test",
    "tell_operator",
    "welcome",
]

_QUIET_FOR: Final = timedelta(hours=20)


def make_issue(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    now: datetime,
    next_run: datetime | None = None,
    *,
    apart: timedelta = timedelta(),
) -> Issue | None:
    """Freeze the next issue with its deliveries. `next_run` is when PubMed is asked again.

    None when another process was faster, when nothing was harvested yet, when the last issue is
    younger than `apart`, or when it is of today and there is nothing to tell: a second "quiet week"
    on one day would be noise. What was not told waits for the next issue.
    """
    if is_young(store, now, apart):
        return None
    issue, events = next_issue(store, catalog, now, next_run)
    if not events and (issue.since is None or now - issue.since < _QUIET_FOR):
        return None
    domain = sender_of(settings, catalog).domain
    pending = [
        (reader.id, mail.message_id(issue.number, issue.made, reader.id, domain))
        for reader in subscribers.everyone(store)
        if _is_due(reader, issue)
    ]
    made = issues.create(store, issue, [e.key for e in events], pending)
    return issue if made else None


def is_young(store: Store, now: datetime, apart: timedelta) -> bool:
    """Whether the last issue is younger than `apart`."""
    last = issues.latest_made(store)
    return last is not None and now - last[1] < apart


def next_issue(
    store: Store, catalog: Catalog, now: datetime, next_run: datetime | None = None
) -> tuple[Issue, list[Event]]:
    """The issue that would be made now, and the events it tells; nothing is written."""
    before = issues.latest(store)
    events = issues.untold(store)
    named = {pmid for event in events for pmid in event.pmids}
    known = {p.article.pmid: p for p in papers.some(store, sorted(named))}
    issue = compose(
        events,
        known,
        ledger_rows.balances(store),
        _receipts(store, before),
        before,
        catalog,
        now,
        next_run,
    )
    return issue, events


def _receipts(store: Store, before: Issue | None) -> Sequence[Receipt]:
    """All runs since the last issue; a run that another process has not ended yet is left out."""
    found = runs.since(store, before.until if before else None)
    return [r for r in found if r.finished is not None or r.error]


def _is_due(reader: Subscriber, issue: Issue) -> bool:
    if not reader.confirmed or reader.suspended:
        return False
    if not reader.monthly or issue.since is None:
        return True
    # A monthly reader gets the first issue of each month, with all since the one before.
    return (issue.since.year, issue.since.month) != (issue.until.year, issue.until.month)


def welcome(store: Store, settings: Settings, catalog: Catalog, now: datetime) -> int:
    """Queue the latest issue for readers who joined since it was made; how many readers."""
    issue = issues.latest(store)
    if issue is None:
        return 0
    domain = sender_of(settings, catalog).domain
    joined = [
        (r.id, mail.message_id(issue.number, issue.made, r.id, domain))
        for r in subscribers.everyone(store)
        if r.joined > issue.made and r.confirmed and not r.suspended
    ]
    issues.add_deliveries(store, issue.number, joined, now)
    return len(joined)


def preview(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    now: datetime,
    next_run: datetime | None = None,
) -> Mapping[str, bytes]:
    """The mails that would be sent now, by address; nothing is written to the database."""
    issue, _ = next_issue(store, catalog, now, next_run)
    readers = [r for r in subscribers.everyone(store) if _is_due(r, issue)]
    if not readers:
        readers = [Subscriber(0, "reader@example.org", now)]
    mailer = Mailer(store, catalog, settings)
    return {r.email: _mail(store, mailer, issue, r) for r in readers}


def _mail(store: Store, mailer: Mailer, issue: Issue, reader: Subscriber) -> bytes:
    """The mail of an issue for which no delivery is stored."""
    before = issues.before(store, reader.id, issue.number)
    if reader.monthly and before:
        issue = merge([*issues.between(store, before[0], issue.number - 1), issue])
    told = must_tell(issue, issues.shown(store, reader.id, issue.number))
    made = mailer.make(
        issue,
        reader,
        mail.message_id(issue.number, issue.made, reader.id, "preview.invalid"),
        before=before[1] if before else "",
        told=told,
    )
    return made[1]


def send_test(
    store: Store, catalog: Catalog, settings: Settings, address: str, now: datetime
) -> str:
    """Send the latest issue, or the one that would be made, to one address; its subject.

    Nothing is recorded, and the Message-ID is another each time. A reader's choices hold, any
    other address gets all. Raises `MailError` when the mail was not taken.
    """
    issue = issues.latest(store) or next_issue(store, catalog, now)[0]
    reader = subscribers.find(store, address) or Subscriber(0, address, now)
    mailer = Mailer(store, catalog, settings)
    domain = sender_of(settings, catalog).domain
    message_id = mail.message_id(issue.number, now, reader.id, f"test.{domain}")
    rendered, content = mailer.make(issue, replace(reader, monthly=False), message_id)
    sender = parseaddr(settings.mail_from)[1]
    with transport.transport(settings) as out:
        name = f"test-{now:%Y%m%d%H%M%S%f}"  # two within a second are two
        outcome, said = out.send(sender, address, name, content)
    if outcome is not Outcome.SENT:
        raise MailError(f"the test was not taken: {said}.")
    return rendered.subject


def resend(store: Store, now: datetime, address: str | None = None) -> int:
    """Make deliveries of the latest issue due again, under their Message-IDs; how many.

    Those that failed; with an address, that reader's alone, also when it was sent. Raises
    `ConfigurationError` when there is no issue or no such reader.
    """
    issue = issues.latest(store)
    if issue is None:
        raise ConfigurationError("there is no issue yet: `monitor digest` makes one.")
    if address is None:
        return issues.reopen(store, issue.number, now)
    reader = subscribers.find(store, address)
    if reader is None:
        raise ConfigurationError(f"{address}: no reader has this address.")
    return issues.reopen(store, issue.number, now, subscriber=reader.id)


def ask_to_confirm(settings: Settings, reader: Subscriber, now: datetime) -> None:
    """Mail the link by which the owner of an address agrees to get the digest.

    Nothing is stored: the link carries address and choices. Raises `ConfigurationError` without
    SITE_URL and SECRET_KEY, `MailError` when the mail was not taken.
    """
    if not settings.site_url or settings.secret_key is None:
        raise ConfigurationError("MONITOR_SITE_URL and MONITOR_SECRET_KEY are needed to subscribe.")
    token = Signer(settings.secret_key.get_secret_value()).confirm(reader, now)
    message = confirmation.make_message(
        settings.mail_from, reader.email, f"{settings.site_url}{CONFIRM_PATH}{token}", now
    )
    # Named by the mailbox too: two who ask at one moment get a mail each.
    name = f"confirm-{now:%Y%m%d%H%M%S}-{sha256(token.encode()).hexdigest()[:16]}"
    sender = parseaddr(settings.mail_from)[1]
    with transport.transport(settings) as out:
        outcome, said = out.send(sender, reader.email, name, mail.as_bytes(message))
    if outcome is not Outcome.SENT:
        raise MailError(f"the mail that asks to confirm was not taken: {said}.")
