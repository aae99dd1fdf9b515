"""Made-up issues, readers and mails."""

from __future__ import annotations

import email
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from typing import Any

from monitor.digest import mail
from monitor.digest.mail import Personal
from monitor.digest.rendering import Renderer, Sender
from monitor.model import (
    Issue,
    PaperItem,
    Subscriber,
)
from monitor.store import Store, subscribers
from tests.conftest import NOW

WEEK = timedelta(days=7)
READER = Subscriber(1, "reader@example.org", NOW)
EVIL = 'Evil <script>alert(1)</script>\r\nBcc: all@example.org "&'


def issue(**more: Any) -> Issue:
    return Issue(
        **({"number": 2, "made": NOW, "since": NOW - WEEK, "until": NOW, "first": False} | more)
    )


def item(pmid: str = "1", **more: Any) -> PaperItem:
    values: dict[str, Any] = {
        "pmid": pmid,
        "title": f"Paper {pmid}",
        "citation": "A. J. 2026",
        "design": "cohort",
        "design_label": "Cohort study",
        "tier": 3,
        "summary": "Cohort study.",
        "cannot_show": "Cause.",
    }
    return PaperItem(**(values | more))


def sender(site: str = "", address: str = "Monitor <m@example.org>") -> Sender:
    return Sender(address, site, {"ldn": "LDN"}, {"nk_cell": "NK cells"}, {"c1"})


def raw(
    made: Issue,
    reader: Subscriber = READER,
    leave: str = "",
    choices: str = "",
    site: str = "",
    told: frozenset[str] = frozenset(),
) -> bytes:
    renderer = Renderer(sender(site), can_leave=bool(leave), can_choose=bool(choices))
    personal = Personal(reader.email, "<x@example.org>", leave=leave, choices=choices)
    return mail.make_mail(renderer.render(made, reader, told), sender(site), personal)


def message(made: Issue, reader: Subscriber = READER, **more: Any) -> EmailMessage:
    parsed = email.message_from_bytes(raw(made, reader, **more), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(found: EmailMessage, kind: str) -> str:
    body = found.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


def add_readers(store: Store, *addresses: str) -> None:
    for address in addresses:
        subscribers.add(store, Subscriber(0, address, NOW - WEEK))
