"""The digest: what is told, to whom, once; the mail itself; the way to the server."""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from monitor import wording
from monitor.assess import stage as assess_stage
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.digest import mail, stage
from monitor.digest.delivery import Mailer
from monitor.digest.mail import Personal
from monitor.digest.personal import HIGHLIGHTS, view
from monitor.digest.rendering import Rendered, Renderer, Sender
from monitor.digest.transport import Outcome
from monitor.errors import ConfigurationError, MailError
from monitor.ledger import stage as ledger_stage
from monitor.model import (
    Article,
    Event,
    EventKind,
    Issue,
    Link,
    Notice,
    PaperItem,
    PublicationType,
    Receipt,
    RunState,
    Subscriber,
)
from monitor.settings import Settings
from monitor.store import Store, articles, issues, notices, runs, subscribers
from monitor.tokens import Signer
from tests.conftest import NOW, revision
from tests.fakes.smtp import MailServer

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


def test_a_quiet_week_says_so() -> None:
    made = issue()
    assert view(made, READER).is_quiet
    found = message(made)
    assert "a quiet week" in found["Subject"]
    assert "Nothing new was found" in part(found, "plain")


def test_a_failed_search_is_named_and_is_not_silence() -> None:
    receipt = Receipt(
        "ldn", "q", "h", RunState.FAILED, NOW, NOW, NOW.date(), NOW.date(), error="no"
    )
    found = message(issue(receipts=(receipt,)))
    assert "a search failed" in found["Subject"]
    assert "FAILED" in part(found, "plain")


def test_a_reader_gets_what_was_chosen() -> None:
    papers = (item("1", topics=("ldn",), tier=2), item("2", topics=("me-cfs",)), item("3", tier=5))
    made = issue(papers=papers)
    assert view(made, READER).papers == 3
    assert view(made, replace(READER, topics=("ldn",))).shown() == ("1", "3")
    assert view(made, replace(READER, max_tier=2)).shown() == ("1",)
    assert view(made, replace(READER, mechanisms=("nk_cell",))).shown() == ()


def test_a_retraction_reaches_whoever_was_shown_the_paper() -> None:
    notice = Notice(EventKind.RETRACTED, "It was retracted.", (("1", "P"),), topics=("me-cfs",))
    made = issue(corrections=(notice,))
    choosy = replace(READER, topics=("ldn",))
    assert view(made, choosy).corrections == ()
    assert view(made, choosy, told={"1"}).corrections == (notice,)


def test_highlights_are_few_and_the_strongest_come_first() -> None:
    papers = (*tuple(item(str(i), tier=4, n=i) for i in range(10)), item("99", tier=1))
    found = view(issue(papers=papers), READER).highlights
    assert len(found) == HIGHLIGHTS
    assert [p.pmid for p in found[:3]] == ["99", "9", "8"]


def test_more_than_thirty_papers_are_left_to_the_site() -> None:
    made = issue(papers=tuple(item(str(i)) for i in range(45)))
    assert view(made, READER).unlisted == 15
    found = message(made, site="https://example.org/")
    assert "And 15 more" in part(found, "html")
    assert len(part(found, "html")) < 100_000


def test_what_a_title_holds_is_text_and_puts_no_header_in() -> None:
    made = issue(papers=(item("1", title=EVIL, summary=EVIL, passage=EVIL),))
    found = message(made)
    assert found["Bcc"] is None
    html = part(found, "html")
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_headers_that_mail_programs_need_are_whole() -> None:
    long = "https://example.org/u/" + "x" * 150
    content = raw(issue(), leave=long)
    found = message(issue(), leave=long)
    assert f"List-Unsubscribe: <{long}>\r\n".encode() in content
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["List-Id"] == "Evidence monitor <digest.example.org>"
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in content.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 78


WORDS = st.text(max_size=40) | st.sampled_from(
    ["=?utf-8?q?x?=", "α\u2028b", "\r\nBcc: x@y.org", "ж" * 80]
)


@hypothesis_settings(deadline=None)
@given(st.lists(WORDS, max_size=6).map(" ".join))
def test_a_subject_in_any_script_survives_and_puts_no_header_in(name: str) -> None:
    shown = Rendered(view(issue(), READER), name, "text", None)
    content = mail.make_mail(shown, sender(), Personal("r@example.org", "<x@example.org>"))
    parsed = email.message_from_bytes(content, policy=policy.default)
    assert set(parsed.keys()) <= KNOWN
    assert len(set(parsed.keys())) == len(parsed.keys())
    clean = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in name)
    assert str(parsed["Subject"] or "").split() == clean.split()


@hypothesis_settings(deadline=None, max_examples=50)
@given(st.text(max_size=60), st.text(max_size=60))
def test_names_and_titles_put_no_header_in(name: str, title: str) -> None:
    made = issue(papers=(item("1", title=title, summary=title, passage=title),))
    try:
        who = sender(address=Settings(mail_from=f"{name} <m@example.org>").mail_from)
    except ValidationError:
        assert set(name) & {*"<>\x7f", *map(chr, range(32))}
        return
    renderer = Renderer(who, can_leave=False, can_choose=False)
    reader = Personal("r@example.org", "<x@example.org>")
    content = mail.make_mail(renderer.render(made, READER, frozenset()), who, reader)
    parsed = email.message_from_bytes(content, policy=policy.default)
    assert set(parsed.keys()) <= KNOWN
    assert isinstance(parsed, EmailMessage)
    assert [a.addr_spec for a in parsed["From"].addresses] == ["m@example.org"]
    assert not parsed.defects
    assert [p.get_content_type() for p in parsed.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


KNOWN = frozenset(
    "From To Subject Date Message-ID References List-Id List-Unsubscribe List-Unsubscribe-Post "
    "Auto-Submitted Precedence MIME-Version Content-Type Content-Transfer-Encoding".split()
)


def test_text_only_readers_get_no_html() -> None:
    assert message(issue(), replace(READER, text_only=True)).get_content_type() == "text/plain"


def test_the_same_issue_is_the_same_bytes() -> None:
    made = issue(papers=(item(),))
    assert raw(made) == raw(made)


def test_the_mail_loads_nothing_and_says_it_is_no_advice() -> None:
    html = part(message(issue(papers=(item(),))), "html")
    assert "<img" not in html
    assert "http-equiv" not in html
    assert 'lang="en"' in html
    assert wording.DISCLAIMER in html


def test_an_abridged_passage_is_marked() -> None:
    found = message(issue(papers=(item(passage="Our words.", abridged=True),)))
    for kind in ("plain", "html"):
        assert "abridged in our own words" in " ".join(part(found, kind).split())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(outbox_dir=tmp_path / "outbox", mail_from="Monitor <m@example.org>")


@pytest.fixture
def told(
    store: Store, catalog: Catalog, assessor: Assessor, sample: list[Article]
) -> Callable[[list[Article], datetime], None]:
    """Takes articles through assess and ledger."""

    def take(found: list[Article], when: datetime) -> None:
        known = articles.articles(store, [a.pmid for a in found])
        articles.record(store, "ldn", [revision(a, when, known.get(a.pmid)) for a in found])
        assess_stage.assess(store, assessor, when)
        ledger_stage.update(store, catalog, when)

    take(sample, NOW)
    return take


def add_readers(store: Store, *addresses: str) -> None:
    for address in addresses:
        subscribers.add(store, Subscriber(0, address, NOW - WEEK))


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
    site = Settings.model_validate(
        {"site_url": "https://example.org/ldn", "secret_key": "0123456789abcdef"}
    )
    assert Mailer(store, catalog, site).leave(READER).startswith("https://example.org/ldn/u/")


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
