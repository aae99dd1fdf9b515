"""The operator's mail: what failed or needs a hand, once a day at most. Never to readers."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from monitor.digest import mail, transport
from monitor.digest.transport import Outcome
from monitor.errors import MailError
from monitor.settings import Settings
from monitor.store import Store, notices

#: Two days may meet at midnight; two mails may not.
_APART: Final = timedelta(hours=12)
_MEGABYTE: Final = 1024 * 1024
_MOST: Final = 50


def tell_operator(store: Store, settings: Settings, now: datetime) -> bool:
    """Mail the operator what waits, once a day at most; whether a mail went out.

    Raises `MailError` when the server did not take it; then it waits on.
    """
    if not settings.operator_email:
        return False
    last = notices.last_mailed(store)
    if last is not None and not _another_day(settings, last, now):
        return False
    _watch_disk(store, settings, now)
    waiting = notices.waiting(store)
    if not waiting:
        return False
    message = _message(settings, waiting, now)
    sender = parseaddr(settings.mail_from)[1]
    with transport.transport(settings) as out:
        name = f"operator-{now:%Y%m%d%H%M%S}"
        outcome, said = out.send(sender, settings.operator_email, name, mail.as_bytes(message))
    if outcome is not Outcome.SENT:
        raise MailError(f"the operator's mail was not taken: {said}.")
    notices.mark_mailed(store, [n for n, *_ in waiting], now)
    return True


def _another_day(settings: Settings, last: datetime, now: datetime) -> bool:
    zone = ZoneInfo(settings.timezone)
    return last.astimezone(zone).date() < now.astimezone(zone).date() and now - last >= _APART


def _message(
    settings: Settings, waiting: list[tuple[int, datetime, str, str]], now: datetime
) -> EmailMessage:
    zone = ZoneInfo(settings.timezone)
    message = EmailMessage(policy=mail.POLICY)
    message["From"] = settings.mail_from
    message["To"] = settings.operator_email
    more = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
    message["Subject"] = f"Evidence monitor: {waiting[0][2]}{more}"
    message["Date"] = format_datetime(now)
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = mail.message_id(waiting[0][0], now, 0, f"operator.{domain}")
    message["Auto-Submitted"] = "auto-generated"
    parts = [
        f"{at.astimezone(zone):%Y-%m-%d %H:%M} {settings.timezone}: {about}\n{body}"
        for _, at, about, body in waiting[:_MOST]
    ]
    if len(waiting) > _MOST:
        parts.append(f"And {len(waiting) - _MOST} more of the like.")
    message.set_content("\n\n".join(parts) + "\n", cte="quoted-printable")
    return message


def _watch_disk(store: Store, settings: Settings, now: datetime) -> None:
    """Note it when the database or the site is about to run out of space."""
    if not settings.low_disk_mb:
        return
    database = store.engine.url.database if store.is_sqlite else None
    for path in {Path(database or ".").resolve().parent, settings.reports_dir.resolve()}:
        there = next(p for p in (path, *path.parents) if p.exists())
        free = shutil.disk_usage(there).free // _MEGABYTE
        if free < settings.low_disk_mb:
            text = (
                f"{path}: {free} MB are free, fewer than the {settings.low_disk_mb} of LOW_DISK_MB."
            )
            notices.add(store, "the disk is nearly full", text, now)
