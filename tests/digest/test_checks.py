"""Mails before other judges: a strict HTML parser, another mail parser, what mail programs
support, and a browser that looks at contrast and width, by day and by night.
"""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import html5lib
import pytest

from monitor.digest.mail import Personal, make_mail
from monitor.digest.rendering import Renderer, Sender
from monitor.model import (
    ClaimLine,
    ClaimStatus,
    EventKind,
    Issue,
    Notice,
    Receipt,
    RunState,
    Subscriber,
)
from tests.conftest import NOW
from tests.digest.made import EVIL, READER, issue, item, part

NODE = Path(__file__).parent / "node"
NAME = "Ärzte & Ναλτρεξόνη, „täglich“ 🙂 "

#: What some mail programs lack, and why we use it all the same.
ACCEPTED = {
    "lang attribute": "says nothing there, and helps screen readers elsewhere",
    "role attribute": "says nothing there, and helps screen readers elsewhere",
    "width attribute": "the sheet is as wide as its text then",
    "<body> element": "what it carries stands on the sheet as well",
    "height property": "only of the line that previews show",
    "display:none": "the line that previews show stands above the mail then",
    "overflow": "the same",
    "mailto: links": "only without a site",
    "max-width property": "lines are longer then",
}
#: Programs that must lack nothing but these two.
LARGE = ("apple-mail.macos", "apple-mail.ios", "gmail.desktop-webmail", "outlook.outlook-com")
EVERYWHERE = {"display:none", "overflow", "height property"}


def receipt(**more: Any) -> Receipt:
    made = Receipt("ldn", "q[tiab] AND <x>", "h", RunState.GOOD, NOW, NOW, NOW.date(), NOW.date())
    return replace(made, **more)


def issues_of_all_kinds() -> dict[str, Issue]:
    notice = Notice(EventKind.RETRACTED, f"It was retracted {EVIL}.", (("1", NAME), ("2", "N")))
    change = Notice(EventKind.STATUS_CHANGED, "Moved.", (("3", NAME * 4),), claim="c1")
    papers = tuple(
        item(
            str(n),
            title=f"{NAME * 3}{n}",
            design=("cohort", "randomized_controlled_trial")[n % 2],
            design_label=("Cohort study", "Randomised controlled trial")[n % 2],
            passage=EVIL if n % 2 else "",
            news=n % 3 > 0,
            abridged=n % 4 == 0,
        )
        for n in range(1, 34)
    )
    failed = receipt(state=RunState.FAILED, error="no answer")
    return {
        "full": issue(
            corrections=(notice,),
            changes=(change,) * 10,
            papers=papers,
            receipts=(receipt(runs=7), replace(failed, topic="me-cfs")),
            failures=(replace(failed, topic="me-cfs"),),
            next_run=NOW,
            backlog=200,
        ),
        "quiet": issue(receipts=(receipt(),)),
        "failed": issue(receipts=(failed,), failures=(failed,)),
        "first": issue(
            number=1,
            first=True,
            since=None,
            backlog=12_000,
            evidence=tuple(ClaimLine(f"c{s}", NAME, s, "Why.") for s in ClaimStatus),
        ),
    }


KINDS = tuple(issues_of_all_kinds())


def made(kind: str, reader: Subscriber = READER, site: str = "https://example.org/ldn/") -> bytes:
    sender = Sender(
        "Überblick <m@example.org>", site, {"ldn": "Low-dose naltrexone"}, {}, frozenset({"c1"})
    )
    links = bool(site)
    renderer = Renderer(sender, can_leave=True, can_choose=links)
    leave = f"{site}u/x.y?a=1&b=2" if links else "mailto:m@example.org?subject=unsubscribe"
    choices = f"{site}p/x.y" if links else ""
    personal = Personal(reader.email, "<2@example.org>", "<1@example.org>", leave, choices)
    return make_mail(
        renderer.render(issues_of_all_kinds()[kind], reader, frozenset()), sender, personal
    )


def parsed(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("site", ["https://example.org/ldn/", ""])
def test_the_html_is_valid(kind: str, site: str) -> None:
    reader = replace(READER, locale="fi")
    html = part(parsed(made(kind, reader, site)), "html")
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    levels = [int(e.tag[1]) for e in tree.iter() if e.tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    assert tree.attrib["lang"] == "en"
    for link in tree.iter("a"):
        assert link.attrib["href"].startswith(("https://", "mailto:"))
        assert "".join(link.itertext()).strip()
    assert not {"img", "script", "link", "iframe", "form"} & {e.tag for e in tree.iter()}
    assert "@import" not in html
    assert "url(" not in html


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None or not (NODE / "node_modules").is_dir():
        assert "CI" not in os.environ, "CI installs node and the packages of tests/digest/node"
        pytest.skip("needs node, and npm ci in tests/digest/node")
    return found


def judged(node: str, content: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "mail.eml"
    path.write_bytes(content)
    run = subprocess.run([node, NODE / "check.mjs", path], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("kind", ["full", "first"])
def test_another_parser_reads_the_same(kind: str, node: str, tmp_path: Path) -> None:
    content = made(kind)
    ours, theirs = parsed(content), judged(node, content, tmp_path)
    assert theirs["subject"] == ours["Subject"]
    assert (theirs["from"]["name"], theirs["from"]["address"]) == ("Überblick", "m@example.org")
    assert [a["address"] for a in theirs["to"]] == [READER.email]
    assert (theirs["messageId"], theirs["references"]) == ("<2@example.org>", "<1@example.org>")
    headers = dict(theirs["headers"])
    for name in ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"):
        assert headers[name.lower()] == ours[name]
    assert set(headers) == {name.lower() for name in ours.keys()}  # noqa: SIM118 - a mail
    for theirs_text, kind_of_part in ((theirs["text"], "plain"), (theirs["html"], "html")):
        assert theirs_text.split() == part(ours, kind_of_part).split()


@pytest.mark.parametrize("kind", ["full", "first"])
def test_mail_programs_support_what_the_mail_needs(kind: str, node: str, tmp_path: Path) -> None:
    lacks = judged(node, made(kind), tmp_path)["lacks"]
    assert lacks, "the check itself found nothing at all"
    assert set(lacks) <= set(ACCEPTED)
    for program in LARGE:
        assert {f for f, programs in lacks.items() if program in programs} <= EVERYWHERE


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["full", "first"])
def test_a_mail_can_be_read_by_day_and_by_night_on_a_phone(
    chromium: Any, scheme: str, kind: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(part(parsed(made(kind)), "html"))
    width = page.evaluate("document.documentElement.scrollWidth")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()
    assert width <= 390
    assert asked == []
    assert found.violations_count == 0, found.generate_report()
    assert (sum(int(v) for v in background[4:-1].split(",")) < 200) == (scheme == "dark")
