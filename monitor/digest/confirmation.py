"""The mail that asks whether someone wants the digest. Pure."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Final

from monitor.digest.mail import POLICY
from monitor.tokens import CONFIRM_WITHIN

_TEXT: Final = """\
Someone, we hope you, asked for the digest of the evidence monitor to be sent to this address:
what is new in research on low-dose naltrexone and ME/CFS.

To get it, open this link within {days} days and press the button there:

{link}

If it was not you, do nothing. The address was not stored, and no other mail will come.
"""


def make_message(sender: str, recipient: str, link: str, now: datetime) -> EmailMessage:
    """The mail to `recipient`; `link` is the whole address that confirms."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    seed = sha256(f"{recipient}/{now.isoformat()}".encode()).hexdigest()[:20]
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = "Please confirm: digest of the evidence monitor"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<confirm.{seed}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEXT.format(days=CONFIRM_WITHIN.days, link=link), cte="quoted-printable")
    return message
