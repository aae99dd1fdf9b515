"""The mail itself: what it says, its headers, its two parts."""

from __future__ import annotations

import email
from dataclasses import replace
from email import policy
from email.message import EmailMessage

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor import wording
from monitor.digest import mail
from monitor.digest.mail import Personal
from monitor.digest.personal import HIGHLIGHTS, view
from monitor.digest.rendering import Rendered, Renderer
from monitor.model import (
    EventKind,
    Notice,
    Receipt,
    RunState,
)
from monitor.settings import Settings
from tests.conftest import NOW
from tests.digest.made import (
    EVIL,
    READER,
    issue,
    item,
    message,
    part,
    raw,
    sender,
)


def test_a_quiet_week_says_so() -> None:
    good = Receipt("ldn", "q", "h", RunState.GOOD, NOW, NOW, NOW.date(), NOW.date())
    made = issue(receipts=(good,))
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
    papers = (*tuple(item(str(i), tier=4, n=i) for i in range(20)), item("99", tier=1))
    found = view(issue(papers=papers), READER).highlights
    assert len(found) == HIGHLIGHTS
    assert [p.pmid for p in found[:3]] == ["99", "19", "18"]
    assert len(view(issue(papers=papers[:7]), READER).highlights) == 2
    assert view(issue(papers=papers[:2]), READER).highlights == ()
    weak = tuple(item(str(i), tier=9) for i in range(9))
    old = tuple(item(str(i), tier=1, news=False) for i in range(9, 18))
    assert view(issue(papers=(*weak, *old)), READER).highlights == ()


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
