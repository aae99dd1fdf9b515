"""The operator's mail: what it holds, how often it comes, and that readers never get it."""

from __future__ import annotations

import email
from collections import namedtuple
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.digest import operator
from monitor.digest.operator import tell_operator
from monitor.errors import MailError
from monitor.settings import Settings
from monitor.store import Store, notices
from tests.conftest import NOW
from tests.digest.made import add_readers
from tests.fakes.smtp import MailServer

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it


@pytest.fixture
def known(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(
        update={
            "operator_email": "op@example.org",
            "timezone": "Europe/Helsinki",
            "reports_dir": tmp_path / "reports",
        }
    )


def mails(settings: Settings) -> list[EmailMessage]:
    found = []
    for path in sorted(settings.outbox_dir.glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def test_all_that_waits_comes_in_one_mail_with_times_of_the_operators_zone(
    store: Store, known: Settings
) -> None:
    add_readers(store, "reader@example.org")
    notices.add(store, "the harvest of ldn failed", "PubMed did not answer — twice.", NOW)
    notices.add(store, "a query changed its meaning", "ldn: now read as …", NOW)
    assert tell_operator(store, known, NOW)
    (mail,) = mails(known)
    assert mail["To"] == "op@example.org"
    assert mail["Subject"] == "Evidence monitor: the harvest of ldn failed, and 1 more"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"]
    text = mail.get_content()
    assert "2026-03-02 08:00 Europe/Helsinki: the harvest of ldn failed" in text
    assert "PubMed did not answer — twice." in text
    assert "now read as …" in text
    assert "reader@example.org" not in text


def test_one_mail_a_day_and_what_came_meanwhile_comes_tomorrow(
    store: Store, known: Settings
) -> None:
    for hour in range(72):
        notices.add(store, f"notice {hour}", "why", NOW)
        tell_operator(store, known, NOW + timedelta(hours=hour))
    days = [
        mail["Date"].datetime.astimezone(ZoneInfo(known.timezone)).date() for mail in mails(known)
    ]
    assert len(days) == len(set(days)) == 4
    assert all(mail["To"] == "op@example.org" for mail in mails(known))


def test_the_same_thing_waits_once(store: Store, known: Settings) -> None:
    for _ in range(5):
        notices.add(store, "deliver failed", "the server is not there", NOW)
    tell_operator(store, known, NOW)
    (mail,) = mails(known)
    assert mail.get_content().count("deliver failed") == 1


def test_nobody_is_told_without_an_operator_or_without_news(store: Store, known: Settings) -> None:
    assert not tell_operator(store, known, NOW)
    notices.add(store, "harvest failed", "why", NOW)
    assert not tell_operator(store, known.model_copy(update={"operator_email": ""}), NOW)
    assert not known.outbox_dir.exists()


def test_a_disk_that_is_nearly_full_is_told(
    store: Store, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 499 * 1024 * 1024
    monkeypatch.setattr(operator.shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - free, free))
    assert not tell_operator(store, known.model_copy(update={"low_disk_mb": 0}), NOW)
    assert not tell_operator(store, known.model_copy(update={"low_disk_mb": 499}), NOW)
    assert tell_operator(store, known, NOW)
    (mail,) = mails(known)
    assert "the disk is nearly full" in mail.get_content()
    assert "499 MB are free" in mail.get_content()


def test_what_the_server_did_not_take_waits(store: Store, known: Settings) -> None:
    notices.add(store, "harvest failed", "why", NOW)
    with MailServer(refuse=lambda _: "450 later") as server:
        smtp = known.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        )
        with pytest.raises(MailError, match="not taken"):
            tell_operator(store, smtp, NOW)
        assert len(notices.waiting(store)) == 1
        server.refuse = lambda _: None
        assert tell_operator(store, smtp, NOW)
    assert notices.waiting(store) == []
