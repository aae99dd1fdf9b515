"""The digest: what is told, to whom, once; the mail itself; the way to the server."""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage

import pytest
from pydantic import SecretStr

from monitor.catalog import Catalog
from monitor.digest import stage
from monitor.digest.delivery import Mailer
from monitor.digest.personal import view
from monitor.digest.transport import Outcome
from monitor.errors import ConfigurationError, MailError
from monitor.model import (
    Article,
    Event,
    EventKind,
    Link,
    PublicationType,
    Receipt,
    RunState,
    Subscriber,
)
from monitor.settings import Settings
from monitor.store import Store, issues, notices, runs, subscribers
from monitor.tokens import Signer
from tests.conftest import NOW
from tests.digest.made import (
    READER,
    WEEK,
    add_readers,
    issue,
    part,
)
from tests.fakes.smtp import MailServer


def test_the_first_issue_gives_the_state_of_the_evidence(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    made = stage.make_issue(store, catalog, settings, NOW)
    assert made is not None
    assert made.first
    assert len(made.evidence) == 15
    assert made.backlog > len(made.papers)
    assert made.changes == ()
    assert issues.get(store, 1) == made
    assert issues.untold(store) == []


def test_a_retraction_comes_first_and_takes_its_evidence_along(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    sample: list[Article],
    told: Callable[[list[Article], datetime], None],
) -> None:
    stage.make_issue(store, catalog, settings, NOW)
    paper = next(a for a in sample if a.pmid == "20798047")
    retracted = replace(
        paper,
        publication_types=(*paper.publication_types, PublicationType("Retracted Publication")),
        links=(Link("RetractionIn", None, "PNAS 2012"),),
    )
    told([retracted], NOW + WEEK)
    made = stage.make_issue(store, catalog, settings, NOW + WEEK)
    assert made is not None
    assert [n.kind for n in made.corrections] == [EventKind.RETRACTED, EventKind.EVIDENCE_WITHDRAWN]


def test_mails_go_into_the_folder_once(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    add_readers(store, "a@example.org", "b@example.org")
    stage.make_issue(store, catalog, settings, NOW)
    assert stage.deliver(store, catalog, settings, lambda: NOW) == {Outcome.SENT: 2}
    assert stage.deliver(store, catalog, settings, lambda: NOW) == {}
    assert len(list(settings.outbox_dir.glob("*.eml"))) == 2


def test_killed_between_sending_and_marking_the_same_message_id_goes_again(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    told: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_readers(store, "a@example.org")
    stage.make_issue(store, catalog, settings, NOW)
    with MailServer() as server:
        smtp = settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        )

        class Killed(BaseException):
            pass

        def die(*_: object) -> None:
            raise Killed

        monkeypatch.setattr(issues, "mark_sent", die)
        with pytest.raises(Killed):
            stage.deliver(store, catalog, smtp, lambda: NOW)
        monkeypatch.undo()
        later = NOW + timedelta(hours=1)
        assert stage.deliver(store, catalog, smtp, lambda: later, sleep=lambda s: None) == {
            Outcome.SENT: 1
        }
        ids = {r.message["Message-ID"] for r in server.received}
        assert (len(server.received), len(ids)) == (2, 1)
        assert server.received[0].content == server.received[1].content


def test_refusals_postponements_and_drops_hold_back_nobody_else(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    add_readers(
        store, "bad@example.org", "later@example.org", "drop@example.org", "good@example.org"
    )
    stage.make_issue(store, catalog, settings, NOW)
    answers = {"bad@example.org": "550 no such user", "later@example.org": "451 later"}
    with MailServer(
        refuse=answers.get, drop_after_data=lambda address: address == "drop@example.org"
    ) as server:
        smtp = settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        )
        done = stage.deliver(store, catalog, smtp, lambda: NOW, sleep=lambda s: None)
        assert done == {Outcome.REFUSED: 1, Outcome.LATER: 2, Outcome.SENT: 1}
        assert issues.delivery_counts(store) == {"pending": 2, "sent": 1, "failed": 1}
        server.drop_after_data = lambda address: False
        server.refuse = lambda address: None
        later = NOW + timedelta(minutes=6)
        assert stage.deliver(store, catalog, smtp, lambda: later, sleep=lambda s: None) == {
            Outcome.SENT: 2
        }
        twice = [r for r in server.received if r.recipient == "drop@example.org"]
        assert len({r.message["Message-ID"] for r in twice}) == 1


def test_three_refusals_suspend_and_tell_the_operator(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    add_readers(store, "bad@example.org")
    with MailServer(refuse=lambda address: "550 no") as server:
        smtp = settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        )
        for week in range(3):
            when = NOW + week * WEEK
            stage.make_issue(store, catalog, settings, when)
            stage.deliver(store, catalog, smtp, lambda when=when: when, sleep=lambda s: None)
    assert subscribers.everyone(store)[0].suspended
    (notice,) = notices.waiting(store)
    assert "suspended" in notice[2]
    assert "bad@example.org" not in notice[3]


def test_login_and_a_server_that_is_not_there(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    add_readers(store, "a@example.org")
    stage.make_issue(store, catalog, settings, NOW)
    with MailServer(login=("user", "secret-word")) as server:
        smtp = Settings.model_validate(
            {
                "smtp_host": "127.0.0.1",
                "smtp_port": server.port,
                "smtp_security": "none",
                "smtp_username": "user",
                "smtp_password": "secret-word",
                "mail_from": "m@example.org",
            }
        )
        port = server.port
        assert stage.deliver(store, catalog, smtp, lambda: NOW, sleep=lambda s: None) == {
            Outcome.SENT: 1
        }
    stage.make_issue(store, catalog, settings, NOW + WEEK)
    with pytest.raises(MailError, match=f"127.0.0.1:{port}") as failed:
        stage.deliver(store, catalog, smtp, lambda: NOW + WEEK)
    assert "secret-word" not in str(failed.value)
    assert issues.delivery_counts(store)["pending"] == 1


def test_who_joins_gets_the_latest_issue_and_never_the_backlog(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    for week in range(3):
        stage.make_issue(store, catalog, settings, NOW + week * WEEK)
    subscribers.add(store, Subscriber(0, "new@example.org", NOW + 3 * WEEK))
    assert stage.welcome(store, settings, catalog, NOW + 3 * WEEK) == 1
    done = stage.deliver(store, catalog, settings, lambda: NOW + 3 * WEEK)
    assert done == {Outcome.SENT: 1}
    (path,) = settings.outbox_dir.glob("*.eml")
    assert path.name.startswith("issue-0003")
    stage.welcome(store, settings, catalog, NOW + 3 * WEEK)
    assert stage.deliver(store, catalog, settings, lambda: NOW + 3 * WEEK) == {}


def test_a_delivery_is_leased_to_one_process(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    add_readers(store, "a@example.org")
    stage.make_issue(store, catalog, settings, NOW)
    (one,) = issues.due(store, NOW, 10)
    assert issues.lease(store, one.id, NOW, 600)
    assert not issues.lease(store, one.id, NOW, 600)
    assert issues.due(store, NOW, 10) == []
    assert len(issues.due(store, NOW + timedelta(seconds=601), 10)) == 1


def test_the_same_number_cannot_be_made_twice(store: Store) -> None:
    assert issues.create(store, issue(number=1), [], [])
    assert not issues.create(store, issue(number=1), [], [])


def test_events_are_told_by_one_issue_only(store: Store, told: object) -> None:
    keys = [e.key for e in issues.untold(store)]
    assert issues.create(store, issue(number=1), keys, [])
    assert issues.untold(store) == []
    assert not issues.create(store, issue(number=2), keys[:1], [])


def test_no_issue_is_made_before_anything_was_harvested(
    store: Store, catalog: Catalog, settings: Settings
) -> None:
    assert stage.make_issue(store, catalog, settings, NOW) is None
    assert issues.latest(store) is None


def test_a_second_quiet_issue_of_one_day_is_not_made(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    assert stage.make_issue(store, catalog, settings, NOW) is not None
    assert stage.make_issue(store, catalog, settings, NOW + timedelta(hours=1)) is None
    quiet = stage.make_issue(store, catalog, settings, NOW + WEEK)
    assert quiet is not None
    assert view(quiet, READER).is_quiet


def test_a_preview_writes_nothing(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    before = len(issues.untold(store))
    found = stage.preview(store, catalog, settings, NOW)
    assert list(found) == ["reader@example.org"]
    assert len(issues.untold(store)) == before
    assert issues.latest(store) is None


def test_one_click_unsubscribe_is_signed_and_needs_a_site(store: Store, catalog: Catalog) -> None:
    plain = Settings(mail_from="m@example.org")
    assert Mailer(store, catalog, plain).leave(READER).startswith("mailto:m@example.org")
    files = {"site_url": "https://example.org/ldn", "secret_key": "0123456789abcdef"}
    served = Settings.model_validate(files | {"subscribe_link": True})
    assert Mailer(store, catalog, served).leave(READER).startswith("https://example.org/ldn/u/")
    assert Mailer(store, catalog, served).choices(READER).startswith("https://example.org/ldn/")


def test_on_a_host_of_files_only_no_mail_holds_a_link_that_nobody_answers(
    store: Store, catalog: Catalog
) -> None:
    files = Settings.model_validate(
        {
            "site_url": "https://example.org/ldn",
            "secret_key": "0123456789abcdef",
            "mail_from": "m@example.org",
        }
    )
    mailer = Mailer(store, catalog, files)
    _, content = mailer.make(issue(number=1), READER, "<1@example.org>")
    found = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert found["List-Unsubscribe"] == "<mailto:m@example.org?subject=unsubscribe>"
    assert found["List-Unsubscribe-Post"] is None
    for kind in ("plain", "html"):
        text = part(found, kind)
        assert "mailto:m@example.org?subject=unsubscribe" in text
        assert "example.org/ldn/u/" not in text
        assert "Change what you get" not in text
    assert mailer.choices(READER) == ""


def test_the_operator_is_told_once_a_day(store: Store, settings: Settings) -> None:
    known = settings.model_copy(update={"operator_email": "op@example.org"})
    notices.add(store, "harvest failed", "why", NOW)
    assert stage.tell_operator(store, known, NOW)
    notices.add(store, "again", "why", NOW)
    assert not stage.tell_operator(store, known, NOW + timedelta(hours=2))
    assert stage.tell_operator(store, known, NOW + timedelta(hours=25))


def test_a_receipt_of_every_topic_is_in_the_issue(
    store: Store, catalog: Catalog, settings: Settings, told: object
) -> None:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    receipt = Receipt("ldn", "q", "h", RunState.RUNNING, when, None, when.date(), when.date())
    run = runs.start(store, receipt)
    runs.finish(store, run, replace(receipt, state=RunState.GOOD, finished=when, found=7), {})
    made = stage.make_issue(store, catalog, settings, NOW)
    assert made is not None
    assert [(r.topic, r.found) for r in made.receipts] == [("ldn", 7)]


def test_events_of_papers_that_no_topic_wants_any_more_are_not_told(catalog: Catalog) -> None:
    from monitor.digest.issue import compose

    event = Event("paper_added:9", EventKind.PAPER_ADDED, NOW, "New.", ("9",))
    assert compose([event], {}, {}, [], issue(), catalog, NOW).papers == ()


def test_who_asks_for_the_digest_is_asked_to_confirm_and_not_stored(
    store: Store, settings: Settings
) -> None:
    site = settings.model_copy(
        update={"site_url": "https://example.org/", "secret_key": SecretStr("0123456789abcdef")}
    )
    asked = Subscriber(0, "new@example.org", NOW, topics=("ldn",))
    stage.ask_to_confirm(site, asked, NOW)
    (path,) = settings.outbox_dir.glob("confirm-*.eml")
    found = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert found["To"] == "new@example.org"
    (link,) = re.findall(r"https://example\.org/c/(\S+)", part(found, "plain"))
    assert Signer("0123456789abcdef").confirmed(link, NOW) == asked
    assert subscribers.everyone(store) == []
    with pytest.raises(ConfigurationError):
        stage.ask_to_confirm(settings, asked, NOW)
