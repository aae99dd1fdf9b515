"""The outbox: what is pending is rendered, sent, and then marked, one delivery at a time.

A delivery is leased before it is sent, so that two processes never send it at once, and marked
after the server took it: killed in between, it is sent again under the same Message-ID.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Final

from monitor.catalog import Catalog
from monitor.digest import signing, transport
from monitor.digest.issue import merge
from monitor.digest.mail import Personal, make_mail
from monitor.digest.personal import must_tell
from monitor.digest.rendering import Rendered, Renderer, Sender
from monitor.digest.transport import Outcome, Transport
from monitor.errors import MailError, MonitorError
from monitor.model import Delivery, Issue, Subscriber
from monitor.settings import Settings
from monitor.store import Store, issues, notices
from monitor.store.limiter import SlotLimiter
from monitor.tokens import CHOICES_PATH, LEAVE_PATH, Signer

#: Longer than the slowest mail: each step of the talk with a server ends after a minute or five.
LEASE_SECONDS: Final = 900
SUSPEND_AFTER: Final = 3
#: Pauses after a "later": nearly five days in all.
PAUSES: Final = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240, 720, 1440, 1440, 1440, 1440))
_BATCH: Final = 100
#: Of a monthly reader who was away for long, what is older is not made up for.
_MONTH: Final = timedelta(days=38)


class Mailer:
    """Makes the mails of issues out of the store. The same delivery always gives the same mail."""

    def __init__(self, store: Store, catalog: Catalog, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._sender = sender_of(settings, catalog)
        #: The envelope's sender.
        self.address = parseaddr(settings.mail_from)[1]
        self._signer = (
            Signer(settings.secret_key.get_secret_value())
            if settings.serves and settings.secret_key
            else None
        )
        self._renderer = Renderer(
            self._sender,
            can_leave=bool(self.leave(Subscriber(0, "", _ANY_TIME))),
            can_choose=self._signer is not None,
        )
        self._sign = signing.signer(settings)
        self._issues: dict[tuple[int, int], Issue] = {}

    def mail(self, one: Delivery) -> tuple[Rendered, bytes]:
        """What is sent for a delivery, and what of the issue it shows."""
        last = self._issue(one.issue - 1, one.issue)
        issue = last
        if one.subscriber.monthly and one.before is not None:
            issue = self._issue(one.before[0], one.issue)
        told: frozenset[str] = frozenset()
        if issue.corrections:
            told = must_tell(issue, issues.shown(self._store, one.subscriber.id, one.issue))
        before = one.before[1] if one.before else ""
        return self.make(issue, one.subscriber, one.message_id, before=before, told=told)

    def make(
        self,
        issue: Issue,
        reader: Subscriber,
        message_id: str,
        *,
        before: str = "",
        told: frozenset[str] = frozenset(),
    ) -> tuple[Rendered, bytes]:
        """The mail of an issue to a reader under a Message-ID."""
        rendered = self._renderer.render(issue, reader, told)
        personal = Personal(
            recipient=reader.email,
            message_id=message_id,
            before=before,
            leave=self.leave(reader),
            choices=self.choices(reader),
        )
        return rendered, self._sign(make_mail(rendered, self._sender, personal))

    def leave(self, reader: Subscriber) -> str:
        """Where a reader leaves: the site's one-click address, or a mail to the operator.

        The address is the site's only where the settings say that `monitor serve` answers it: a
        link that nobody answers would be worse than a mail that somebody reads.
        """
        settings = self._settings
        if self._signer and settings.site_url.startswith("https://"):
            return f"{settings.site_url}{LEAVE_PATH}{self._signer.leave(reader)}"
        address = settings.operator_email or self.address
        return f"mailto:{address}?subject=unsubscribe" if address else ""

    def choices(self, reader: Subscriber) -> str:
        """Where a reader changes the choices, "" where no web service can be."""
        if self._signer is None:
            return ""
        return f"{self._settings.site_url}{CHOICES_PATH}{self._signer.choices(reader)}"

    def _issue(self, after: int, last: int) -> Issue:
        """The issues above `after` up to `last` as one, as they were frozen."""
        found = self._issues.get((after, last))
        if found is None:
            some = issues.between(self._store, after, last)
            recent = [i for i in some if some[-1].made - i.made < _MONTH]
            found = self._issues[after, last] = merge(recent)
        return found


_ANY_TIME: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def sender_of(settings: Settings, catalog: Catalog) -> Sender:
    """Who sends, and how topics and mechanisms are called."""
    return Sender(
        address=settings.mail_from,
        site_url=settings.site_url,
        topics={t.id: t.title for t in catalog.topics},
        mechanisms={m.id: m.label for m in catalog.mechanisms},
        claims=frozenset(c.id for c in catalog.claims),
        name=settings.digest_name,
    )


def deliver(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    now: Callable[[], datetime],
    *,
    most: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[Outcome, int]:
    """Send what is pending and due, `most` mails at most; how many mails had which outcome.

    Any number of processes may do this at once: each mail is leased by one of them, and they keep
    to the rate of the settings together.

    Raises `MailError` when the server cannot be used at all; the mails wait.
    """
    total = issues.due_count(store, now())
    if not total:
        return {}
    done: Counter[Outcome] = Counter()
    mailer = Mailer(store, catalog, settings)
    pace = _Pace(store, settings.smtp_rate, sleep)
    with transport.transport(settings) as out:
        while pending := issues.due(store, now(), _BATCH):
            for one in pending:
                if most is not None and done.total() >= most:
                    return dict(done)
                if not issues.lease(store, one.id, now(), LEASE_SECONDS):
                    continue
                if settings.smtp_host:
                    pace.wait()
                outcome = _send(store, mailer, one, out, now)
                done[outcome] += 1
                if progress:
                    progress(done.total(), max(total, done.total()))
    return dict(done)


class _Pace:
    """So many mails a minute, all processes together.

    What fits into a second is reserved at once in the database, and spread over it here.
    """

    def __init__(self, store: Store, rate: int, sleep: Callable[[float], None]) -> None:
        self._block = max(1, rate // 60)
        self._step = 60.0 / rate
        self._sleep = sleep
        self._limiter = SlotLimiter(store, "smtp", rate / 60.0 / self._block, sleep=sleep)
        self._left = 0
        self._next = 0.0

    def wait(self) -> None:
        """Wait until the next mail may go."""
        if not self._left:
            self._limiter.acquire()
            self._left, self._next = self._block, time.monotonic()
        self._left -= 1
        if (ahead := self._next - time.monotonic()) > 0:
            self._sleep(ahead)
        self._next += self._step


def _send(
    store: Store,
    mailer: Mailer,
    one: Delivery,
    out: Transport,
    now: Callable[[], datetime],
) -> Outcome:
    try:
        rendered, content = mailer.mail(one)
    except MonitorError:
        issues.release(store, one.id)
        raise
    except Exception as error:  # noqa: BLE001 - one mail that cannot be made holds back nobody
        return _unmade(store, one, error, now())
    address = one.subscriber.email
    name = f"issue-{one.issue:04d}-{one.subscriber.id}"
    try:
        outcome, said = out.send(mailer.address, address, name, content)
    except MailError:
        issues.release(store, one.id)
        raise
    # Servers repeat the address; it is kept in one place only.
    said = re.sub(re.escape(address), "(the address)", said, flags=re.IGNORECASE)
    if outcome is Outcome.SENT:
        issues.mark_sent(store, one.id, now(), rendered.view.shown())
    elif outcome is Outcome.LATER and one.attempts < len(PAUSES):
        issues.postpone(store, one.id, now() + PAUSES[one.attempts], said)
    elif outcome is Outcome.REFUSED:
        if issues.mark_failed(store, one.id, said, suspend_after=SUSPEND_AFTER):
            about = f"Subscriber {one.subscriber.id} was refused {SUSPEND_AFTER} times"
            text = f"{about}, last with: {said}\n`monitor subscribers list` says who it is."
            notices.add(store, "a subscriber was suspended", text, now())
    else:
        issues.mark_failed(store, one.id, said, suspend_after=None)
        text = f"Issue {one.issue}, subscriber {one.subscriber.id}, last with: {said}"
        notices.add(store, "a mail could not be delivered", text, now())
    return outcome


def _unmade(store: Store, one: Delivery, error: Exception, now: datetime) -> Outcome:
    """A mail that cannot be made, through a fault of ours or of what is stored: tried later."""
    said = f"the mail cannot be made ({type(error).__name__})"
    issues.postpone(store, one.id, now + PAUSES[min(one.attempts, len(PAUSES) - 1)], said)
    text = f"Issue {one.issue}, subscriber {one.subscriber.id}: {said}. It is tried again."
    notices.add(store, "a mail cannot be made", text, now)
    return Outcome.LATER
