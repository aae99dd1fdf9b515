"""An issue made again, sent again, tried out: what stays the same, and what is written down."""

from __future__ import annotations

import email
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from pydantic import SecretStr, ValidationError

from monitor.catalog import Catalog
from monitor.digest import stage
from monitor.digest.delivery import Mailer
from monitor.digest.transport import Outcome
from monitor.errors import ConfigurationError
from monitor.model import Article, Subscriber
from monitor.settings import Settings
from monitor.store import Store, issues, subscribers
from tests.conftest import NOW
from tests.digest.made import WEEK, part
from tests.fakes.smtp import MailServer

READERS = (
    Subscriber(0, "all@example.org", NOW - WEEK),
    Subscriber(0, "some@example.org", NOW - WEEK, topics=("ldn",), locale="de", max_tier=4),
    Subscriber(0, "text@example.org", NOW - WEEK, text_only=True, timezone="Europe/Helsinki"),
    Subscriber(0, "month@example.org", NOW - WEEK, monthly=True, mechanisms=("nk_cell",)),
)


@pytest.fixture
def site(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "site_url": "https://example.org/ldn/",
            "secret_key": SecretStr("0123456789abcdef"),
            "subscribe_link": True,
        }
    )


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(
        ["openssl", "genrsa", "-traditional", "-out", path, "2048"], check=True, capture_output=True
    )
    return path.read_text()


@pytest.fixture(params=["plain", "signed"])
def signed(request: pytest.FixtureRequest, site: Settings) -> Settings:
    if request.param == "plain":
        return site
    pem = request.getfixturevalue("key")
    return site.model_copy(update={"dkim_selector": "s1", "dkim_key": SecretStr(pem)})


def sent(settings: Settings) -> Iterator[tuple[int, int, bytes]]:
    """Issue, subscriber and content of every mail in the outbox."""
    for path in sorted(settings.outbox_dir.glob("issue-*.eml")):
        _, number, reader = path.stem.split("-")
        yield int(number), int(reader), path.read_bytes()


def test_an_issue_made_again_from_the_database_is_the_same_byte_for_byte(
    store: Store,
    catalog: Catalog,
    signed: Settings,
    sample: list[Article],
    told: Callable[[list[Article], datetime], None],
) -> None:
    for reader in READERS:
        subscribers.add(store, reader)
    for week in range(6):
        when = NOW + week * WEEK
        if week == 2:
            paper = next(a for a in sample if a.pmid == "20798047")
            told([replace(paper, title="Another title of the paper, corrected")], when)
        stage.make_issue(store, catalog, signed, when, when + timedelta(days=1))
        stage.deliver(store, catalog, signed, lambda at=when: at)
    before = list(sent(signed))
    assert len(before) == 3 * 6 + 2
    again = Store(store.url)
    mailer = Mailer(again, catalog, signed)
    for number, reader, content in before:
        delivery = issues.of_reader(again, number, reader)
        assert delivery is not None
        _, made = mailer.mail(delivery)
        assert _unsigned(made) == _unsigned(content)
    again.close()


def _unsigned(content: bytes) -> bytes:
    """The mail below its signature, which holds the moment of signing."""
    if not content.startswith(b"DKIM-Signature:"):
        return content
    return content[content.index(b"\r\nFrom:") + 2 :]


def test_a_signature_holds_for_all_that_mail_programs_act_on(
    store: Store, catalog: Catalog, site: Settings, key: str, told: object
) -> None:
    public = subprocess.run(
        ["openssl", "rsa", "-pubout"], input=key.encode(), check=True, capture_output=True
    ).stdout
    record = b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])
    settings = site.model_copy(update={"dkim_selector": "s1", "dkim_key": SecretStr(key)})
    subscribers.add(store, READERS[0])
    stage.make_issue(store, catalog, settings, NOW)
    stage.deliver(store, catalog, settings, lambda: NOW)
    ((_, _, content),) = sent(settings)
    asked: list[bytes] = []

    def answer(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    assert dkim.verify(content, dnsfunc=answer)
    assert asked == [b"s1._domainkey.example.org."]
    for name in (b"List-Unsubscribe", b"List-Unsubscribe-Post", b"Subject", b"From"):
        line = b"\r\n" + name + b": "
        assert line in content
        changed = content.replace(line, line + b"x", 1)
        assert not dkim.verify(changed, dnsfunc=answer)


def test_signing_without_a_usable_key_is_refused(store: Store, catalog: Catalog) -> None:
    with pytest.raises(ValidationError, match="dkim_key"):
        Settings.model_validate({"dkim_selector": "s1"})
    bad = Settings.model_validate({"dkim_selector": "s1", "dkim_key": "no key"})
    with pytest.raises(ConfigurationError, match="MONITOR_DKIM_KEY"):
        Mailer(store, catalog, bad)


def test_sent_again_is_the_same_mail_and_only_to_whom_it_failed(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    for reader in READERS[:3]:
        subscribers.add(store, reader)
    stage.make_issue(store, catalog, settings, NOW)
    with MailServer(refuse={"some@example.org": "550 5.1.1 no"}.get) as server:
        smtp = settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        )
        stage.deliver(store, catalog, smtp, lambda: NOW, sleep=lambda _: None)
        server.refuse = lambda _: None
        first = {r.recipient: r.content for r in server.received}
        server.received.clear()
        assert stage.resend(store, NOW) == 1
        done = stage.deliver(store, catalog, smtp, lambda: NOW, sleep=lambda _: None)
        assert (done, [r.recipient for r in server.received]) == (
            {Outcome.SENT: 1},
            ["some@example.org"],
        )
        server.received.clear()
        assert stage.resend(store, NOW) == 0
        assert stage.resend(store, NOW, "all@example.org") == 1
        stage.deliver(store, catalog, smtp, lambda: NOW, sleep=lambda _: None)
        (again,) = server.received
        assert again.content == first["all@example.org"]
    with pytest.raises(ConfigurationError, match="no reader"):
        stage.resend(store, NOW, "nobody@example.org")


def test_nothing_can_be_sent_again_before_the_first_issue(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="no issue"):
        stage.resend(store, NOW)


def test_a_test_goes_to_one_address_and_is_written_down_nowhere(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    subscribers.add(store, READERS[0])
    before = _rows(store)
    subject = stage.send_test(store, catalog, settings, "try@example.org", NOW)
    stage.send_test(store, catalog, settings, "try@example.org", NOW + timedelta(seconds=1))
    assert _rows(store) == before
    found = [
        email.message_from_bytes(p.read_bytes(), policy=policy.default)
        for p in sorted(settings.outbox_dir.glob("test-*.eml"))
    ]
    assert {m["To"] for m in found} == {"try@example.org"}
    assert {m["Subject"] for m in found} == {subject}
    assert len({m["Message-ID"] for m in found}) == 2


def _rows(store: Store) -> list[int]:
    with store.read() as session:
        tables = ("issue", "delivery", "issue_event", "subscriber", "operator_notice")
        return [
            session.connection().exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one()
            for t in tables
        ]


def test_a_preview_is_what_is_then_sent(
    store: Store, catalog: Catalog, site: Settings, told: object
) -> None:
    for reader in READERS:
        subscribers.add(store, reader)
    shown = stage.preview(store, catalog, site, NOW)
    stage.make_issue(store, catalog, site, NOW)
    stage.deliver(store, catalog, site, lambda: NOW)
    mails = {_to(content): content for _, _, content in sent(site)}
    assert set(shown) == set(mails) == {r.email for r in READERS}
    for address, content in shown.items():
        assert _bodies(content) == _bodies(mails[address])


def _to(content: bytes) -> str:
    return str(email.message_from_bytes(content, policy=policy.default)["To"])


def _bodies(content: bytes) -> list[str]:
    mail = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return [part(mail, "plain"), part(mail, "html") if mail.is_multipart() else ""]


def test_links_of_a_reader_stand_in_the_mail(
    store: Store, catalog: Catalog, site: Settings, told: object
) -> None:
    reader, _ = subscribers.add(store, READERS[0])
    stage.make_issue(store, catalog, site, NOW)
    stage.deliver(store, catalog, site, lambda: NOW)
    ((_, _, content),) = sent(site)
    mailer = Mailer(store, catalog, site)
    for body in _bodies(content):
        assert mailer.leave(reader) in body
        assert mailer.choices(reader) in body
        assert ".invalid" not in body
    assert f"List-Unsubscribe: <{mailer.leave(reader)}>\r\n".encode() in content


def test_the_outbox_holds_whole_files_only(
    store: Store, catalog: Catalog, settings: Settings, told: object, tmp_path: Path
) -> None:
    subscribers.add(store, READERS[0])
    stage.make_issue(store, catalog, settings, NOW)
    stage.deliver(store, catalog, settings, lambda: NOW)
    assert [p.name for p in settings.outbox_dir.iterdir()] == ["issue-0001-1.eml"]
