"""The digest stage: make the next issue, then deliver what is pending.

An issue and its deliveries are one transaction, with Message-IDs fixed. A delivery is marked as
sent after the server took it: killed in between, it is sent again under the same Message-ID.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final

from monitor.catalog import Catalog
from monitor.digest import confirmation, delivery, mail
from monitor.digest.delivery import Outcome
from monitor.digest.issue import compose
from monitor.digest.personal import view
from monitor.errors import ConfigurationError, MailError
from monitor.model import Delivery, Event, Issue, Paper, Receipt, Subscriber
from monitor.settings import Settings
from monitor.store import Store, issues, notices, papers, runs, subscribers
from monitor.store import ledger as ledger_rows
from monitor.tokens import CONFIRM_PATH, LEAVE_PATH, Signer

_LEASE_SECONDS: Final = 600
_SUSPEND_AFTER: Final = 3
_PAUSES: Final = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240, 720, 1440, 1440, 1440))
_MONTH: Final = timedelta(days=27)
_BATCH: Final = 100
_QUIET_FOR: Final = timedelta(hours=20)


def make_issue(store: Store, catalog: Catalog, settings: Settings, now: datetime) -> Issue | None:
    """Freeze the next issue with its deliveries.

    None when another process was faster, when nothing was harvested yet, or when the last issue is
    of today and there is nothing to tell: a second "quiet week" on one day would be noise.
    """
    issue, events = next_issue(store, catalog, now)
    if not events and (issue.since is None or now - issue.since < _QUIET_FOR):
        return None
    sender = sender_of(settings, catalog)
    pending = [
        (reader.id, mail.message_id(issue.number, issue.made, reader.id, sender.domain))
        for reader in subscribers.everyone(store)
        if _is_due(reader, issue)
    ]
    made = issues.create(store, issue, [e.key for e in events], pending)
    return issue if made else None


def next_issue(store: Store, catalog: Catalog, now: datetime) -> tuple[Issue, list[Event]]:
    """The issue that would be made now, and the events it tells; nothing is written."""
    before = issues.latest(store)
    events = issues.untold(store)
    named = {pmid for event in events for pmid in event.pmids}
    known = {p.article.pmid: p for p in papers.some(store, sorted(named))}
    receipts = _receipts(store, before, known.values())
    balances = ledger_rows.balances(store)
    return compose(events, known, balances, receipts, before, catalog, now), events


def _receipts(store: Store, before: Issue | None, known: Iterable[Paper]) -> list[Receipt]:
    """The last run of each topic since the last issue, with what relevance left out of it."""
    del known
    last: dict[str, Receipt] = {}
    for receipt in runs.since(store, before.until if before else None):
        kept = last.get(receipt.topic)
        new = receipt.new + (kept.new if kept else 0)
        changed = receipt.changed + (kept.changed if kept else 0)
        last[receipt.topic] = replace(receipt, new=new, changed=changed)
    left_out = Counter(
        topic
        for paper in papers.excluded(store)
        if before is None or paper.first_seen > before.until
        for topic in paper.found_by
    )
    return [replace(r, excluded=left_out[t]) for t, r in sorted(last.items())]


def _is_due(reader: Subscriber, issue: Issue) -> bool:
    if not reader.confirmed or reader.suspended:
        return False
    if not reader.monthly or issue.first:
        return True
    # A monthly reader gets the first issue of each month.
    return issue.since is None or issue.since.month != issue.until.month


def sender_of(settings: Settings, catalog: Catalog) -> mail.Sender:
    """Who sends, and how topics and mechanisms are called."""
    return mail.Sender(
        address=settings.mail_from,
        site_url=settings.site_url,
        topics={t.id: t.title for t in catalog.topics},
        mechanisms={m.id: m.label for m in catalog.mechanisms},
    )


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


def deliver(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    now: Callable[[], datetime],
    *,
    progress: Callable[[int, int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[Outcome, int]:
    """Send what is pending and due; how many mails had which outcome.

    Raises `MailError` when the server cannot be used at all; the mails wait.
    """
    done: Counter[Outcome] = Counter()
    pending = issues.due(store, now(), _BATCH)
    if not pending:
        return dict(done)
    frozen: dict[int, Issue | None] = {}
    pause = 60.0 / settings.smtp_rate if settings.smtp_host else 0.0
    with delivery.transport(settings) as out:
        while pending:
            for one in pending:
                if not issues.lease(store, one.id, now(), _LEASE_SECONDS):
                    continue
                issue = frozen.setdefault(one.issue, issues.get(store, one.issue))
                if issue is not None:
                    done[_send(store, catalog, settings, one, issue, out, now)] += 1
                    sleep(pause)
                if progress:
                    progress(done.total(), 0)
            pending = issues.due(store, now(), _BATCH)
    return dict(done)


def _send(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    one: Delivery,
    issue: Issue,
    out: delivery.Transport,
    now: Callable[[], datetime],
) -> Outcome:
    told = issues.shown(store, one.subscriber.id)
    mine = view(issue, one.subscriber, told)
    message = make_message(settings, catalog, issue, one.subscriber, one.message_id, told)
    sender = parseaddr(settings.mail_from)[1]
    name = f"issue-{issue.number:04d}-{one.subscriber.id}"
    outcome, said = out.send(sender, one.subscriber.email, name, mail.as_bytes(message))
    if outcome is Outcome.SENT:
        issues.mark_sent(store, one.id, now(), mine.shown())
    elif outcome is Outcome.LATER and one.attempts < len(_PAUSES):
        issues.postpone(store, one.id, now() + _PAUSES[one.attempts], said)
    elif issues.mark_failed(store, one.id, said, suspend_after=_SUSPEND_AFTER):
        notices.add(
            store,
            "a subscriber was suspended",
            f"Subscriber {one.subscriber.id} was refused {_SUSPEND_AFTER} times, last with: {said}",
            now(),
        )
    return outcome


def make_message(
    settings: Settings,
    catalog: Catalog,
    issue: Issue,
    reader: Subscriber,
    message_id: str,
    told: Iterable[str] = (),
) -> EmailMessage:
    """The mail of an issue for a reader."""
    return mail.make_message(
        view(issue, reader, set(told)),
        reader,
        sender_of(settings, catalog),
        message_id,
        unsubscribe_address(settings, reader),
    )


def unsubscribe_address(settings: Settings, reader: Subscriber) -> str:
    """Where a reader leaves: the site's one-click address, or a mail to the operator."""
    if settings.site_url.startswith("https://") and settings.secret_key:
        signer = Signer(settings.secret_key.get_secret_value())
        return f"{settings.site_url}{LEAVE_PATH}{signer.leave(reader)}"
    address = settings.operator_email or parseaddr(settings.mail_from)[1]
    return f"mailto:{address}?subject=unsubscribe" if address else ""


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
    name = f"confirm-{now:%Y%m%d%H%M%S%f}"
    sender = parseaddr(settings.mail_from)[1]
    with delivery.transport(settings) as out:
        outcome, said = out.send(sender, reader.email, name, mail.as_bytes(message))
    if outcome is not Outcome.SENT:
        raise MailError(f"the mail that asks to confirm was not taken: {said}.")


def preview(
    store: Store, catalog: Catalog, settings: Settings, now: datetime
) -> Mapping[str, EmailMessage]:
    """What would be sent now, by address; nothing is written to the database."""
    issue, _ = next_issue(store, catalog, now)
    sender = sender_of(settings, catalog)
    readers = [r for r in subscribers.everyone(store) if _is_due(r, issue)]
    if not readers:
        readers = [Subscriber(0, "reader@example.org", now)]
    return {
        r.email: make_message(
            settings,
            catalog,
            issue,
            r,
            mail.message_id(issue.number, issue.made, r.id, sender.domain),
            issues.shown(store, r.id),
        )
        for r in readers
    }


def tell_operator(store: Store, settings: Settings, now: datetime) -> bool:
    """Mail the operator what waits, once a day at most; whether a mail went out."""
    waiting = notices.waiting(store)
    last = notices.last_mailed(store)
    if not waiting or not settings.operator_email:
        return False
    if last is not None and now - last < timedelta(hours=20):
        return False
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = settings.operator_email
    message["Subject"] = f"Evidence monitor: {waiting[0][2]}"
    message["Message-ID"] = mail.message_id(waiting[0][0], now, 0, "operator.localdomain")
    message["Auto-Submitted"] = "auto-generated"
    text = "\n\n".join(
        f"{at:%Y-%m-%d %H:%M} UTC: {about}\n{body}" for _, at, about, body in waiting
    )
    message.set_content(text)
    sender = parseaddr(settings.mail_from)[1]
    with delivery.transport(settings) as out:
        name = f"operator-{now:%Y%m%d%H%M%S}"
        outcome, said = out.send(sender, settings.operator_email, name, mail.as_bytes(message))
    if outcome is not Outcome.SENT:
        raise MailError(f"the operator's mail was not taken: {said}.")
    notices.mark_mailed(store, [n for n, *_ in waiting], now)
    return True
