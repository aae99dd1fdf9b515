"""One reader's view of an issue as a mail. Pure: the same view gives the same bytes.

Multipart, each part from its own template; no picture, no tracking, nothing loaded from outside.
Header lines that mail programs must read unfolded stay short (see `_NO_FOLD`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, formataddr, parseaddr
from functools import cache
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

import css_inline
from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor import wording
from monitor.digest.personal import View
from monitor.model import EventKind, Subscriber

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")
POLICY: Final = EmailPolicy(linesep="\r\n", max_line_length=78, cte_type="7bit")


@dataclass(frozen=True)
class Sender:
    """Who sends, and where links lead. `unsubscribe` maps a subscriber to an address or ""."""

    address: str
    site_url: str
    topics: Mapping[str, str]
    mechanisms: Mapping[str, str]

    @property
    def domain(self) -> str:
        """Domain of Message-IDs and List-Id."""
        return parseaddr(self.address)[1].rpartition("@")[2] or "localhost"


def message_id(issue: int, made: datetime, subscriber: int, domain: str) -> str:
    """Message-ID of an issue for a subscriber: fixed before the first try, the same for each."""
    seed = f"{issue}/{made.isoformat()}/{subscriber}".encode()
    return f"<issue-{issue}.{sha256(seed).hexdigest()[:20]}@{domain}>"


def thread_id(issue: int, subscriber: int, domain: str) -> str:
    """An id that all issues of a reader refer to, so that mail programs keep them together."""
    return f"<evidence-monitor.{subscriber}.{'digest' if issue else ''}@{domain}>"


def subject(view: View) -> str:
    """Subject with the news in it: topics, week, papers, the strongest design, retractions."""
    issue = view.issue
    week = issue.until.isocalendar().week
    if issue.first:
        return f"LDN and ME/CFS: the state of the evidence, week {week}"
    if view.is_quiet:
        failed = [r for r in issue.receipts if r.error]
        what = "the search failed" if failed else "a quiet week, nothing new"
        return f"LDN and ME/CFS, week {week}: {what}"
    parts = [wording.plural(view.papers, "paper", "papers")] if view.papers else []
    items = [p for g in view.groups for p in g.papers]
    for design, one, many in _NEWS:
        if count := sum(p.design == design for p in items):
            parts.append(wording.plural(count, one, many))
    if count := sum(n.kind is EventKind.RETRACTED for n in view.corrections):
        parts.append(wording.plural(count, "retraction", "retractions"))
    if not parts:
        parts = [wording.plural(len(view.changes) + len(view.corrections), "change", "changes")]
    return f"LDN and ME/CFS, week {week}: " + ", ".join(parts)


_NEWS: Final = (
    ("randomized_controlled_trial", "randomised trial", "randomised trials"),
    ("meta_analysis", "meta-analysis", "meta-analyses"),
    ("systematic_review", "systematic review", "systematic reviews"),
)


def make_message(
    view: View, reader: Subscriber, sender: Sender, message: str, unsubscribe: str
) -> EmailMessage:
    """The mail. `message` is its Message-ID; `unsubscribe` an https or mailto address, or ""."""
    said = subject(view)
    values = _values(view, reader, sender, unsubscribe, said)
    mail = EmailMessage(policy=POLICY)
    name, address = parseaddr(sender.address)
    mail["From"] = formataddr((_line(name), address))
    mail["To"] = reader.email
    mail["Subject"] = _line(said)
    mail["Date"] = format_datetime(view.issue.made)
    mail["Message-ID"] = message
    mail["References"] = thread_id(view.issue.number, reader.id, sender.domain)
    mail["List-Id"] = f"Evidence monitor <digest.{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Precedence"] = "list"
    if unsubscribe:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        if unsubscribe.startswith("https://"):
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(_templates().get_template("issue.txt").render(values), cte="quoted-printable")
    if not reader.text_only:
        html = _inliner().inline(_templates().get_template("issue.html").render(values))
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{sha256(message.encode()).hexdigest()[:24]}")
    return mail


def _line(text: str) -> str:
    """One line: a title or a name can put no header into a mail."""
    return _CONTROL.sub(" ", text).strip()


def as_bytes(mail: EmailMessage) -> bytes:
    """The mail as it goes over the wire, ASCII only.

    Headers are folded by `email.header`: the newer folding loses spaces of non-ASCII subjects.
    """
    copy = EmailMessage(policy=POLICY)
    copy.set_payload(mail.get_payload())
    lines: list[bytes] = []
    for name, value in mail.items():
        lines.append(f"{name}: {_fold(name, str(value))}\r\n".encode("ascii"))
    whole = mail.as_bytes(policy=SMTP)
    return b"".join(lines) + b"\r\n" + whole.partition(b"\r\n\r\n")[2]


_LINE: Final = 76
_NO_FOLD: Final = frozenset({"List-Unsubscribe", "Message-ID", "References", "List-Id"})


def _fold(name: str, value: str) -> str:
    value = _line(value)
    if name in _NO_FOLD:
        return value
    if value.isascii():
        short = len(name) + len(value) < _LINE
        return value if short else Header(value, header_name=name).encode(linesep="\r\n")
    if name == "From":
        label, address = parseaddr(value)
        return formataddr((label, address))
    return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")


def _values(
    view: View, reader: Subscriber, sender: Sender, unsubscribe: str, said: str
) -> dict[str, Any]:
    zone = ZoneInfo(reader.timezone)
    return {
        "view": view,
        "issue": view.issue,
        "subject": said,
        "reader": reader,
        "site": sender.site_url,
        "topics": sender.topics,
        "mechanisms": sender.mechanisms,
        "unsubscribe": unsubscribe,
        "wording": wording,
        "abridged": any(p.abridged for g in view.groups for p in g.papers),
        "day": lambda when: format_date(
            when.astimezone(zone) if isinstance(when, datetime) else when,
            "long",
            locale=reader.locale.replace("-", "_"),
        ),
    }


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("monitor.digest"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
