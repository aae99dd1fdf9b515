"""One view of an issue as subject, text and HTML. Pure: the same view gives the same words.

What readers with the same choices share is rendered once; the links of one reader are put in
last, in place of `LEAVE` and `CHOICES`. Nothing is loaded from outside, nothing tracks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parseaddr
from functools import cache
from html import escape
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import css_inline
from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor import wording
from monitor.digest.personal import LISTED, View, view
from monitor.model import EventKind, Issue, Subscriber

#: Gmail cuts a mail whose HTML is longer than 102 KB.
MOST_BYTES: Final = 100_000
#: In place of a reader's own links, until they are known.
LEAVE: Final = "https://leave.invalid/"
CHOICES: Final = "https://choices.invalid/"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SHORTER: Final = (LISTED, 15, 5, 0)
#: The first issue of a day's schedule and of a month's differ in what a quiet one is called.
_MONTHLY_DAYS: Final = 20
_KEPT: Final = 128
_NEWS: Final = (
    ("randomized_controlled_trial", "randomised trial", "randomised trials"),
    ("meta_analysis", "meta-analysis", "meta-analyses"),
    ("systematic_review", "systematic review", "systematic reviews"),
)


@dataclass(frozen=True, eq=False)
class Sender:
    """Who sends, what the digest is called, and where links lead.

    `claims` are the ids that have a page of their own; the other maps give names to ids.
    """

    address: str
    site_url: str
    topics: Mapping[str, str]
    mechanisms: Mapping[str, str]
    claims: Collection[str] = ()
    name: str = "LDN and ME/CFS"

    @property
    def domain(self) -> str:
        """Domain of Message-IDs and List-Id."""
        return parseaddr(self.address)[1].rpartition("@")[2] or "localhost"


@dataclass(frozen=True, eq=False)
class Rendered:
    """What readers with the same choices share. `html` is None for those who want text only.

    Each is equal to itself alone: what is made from one is found again without reading it.
    """

    view: View
    subject: str
    text: str
    html: str | None


class Renderer:
    """Renders issues for readers, and keeps what the last readers with other choices got."""

    def __init__(self, sender: Sender, *, can_leave: bool, can_choose: bool) -> None:
        self._sender = sender
        self._links = {
            "leave": LEAVE if can_leave else "",
            "choices": CHOICES if can_choose else "",
        }
        self._kept: dict[object, Rendered] = {}

    def render(self, issue: Issue, reader: Subscriber, told: frozenset[str]) -> Rendered:
        """The issue for a reader. `told` are the papers of its corrections that must be told."""
        key = (issue.number, issue.since, issue.made, told, *_choices(reader))
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            found = self._kept[key] = self._fit(issue, reader, told)
        return found

    def _fit(self, issue: Issue, reader: Subscriber, told: frozenset[str]) -> Rendered:
        """As many papers as fit below the size at which mail programs cut."""
        for listed in _SHORTER:
            mine = view(issue, reader, told, listed)
            found = self._words(mine, reader)
            if found.html is None or len(found.html.encode()) < MOST_BYTES:
                break
        return found

    def _words(self, mine: View, reader: Subscriber) -> Rendered:
        said = subject(mine, self._sender.name, reader)
        values = _values(mine, reader, self._sender, said) | self._links
        text = _templates().get_template("issue.txt").render(values, day=_day(reader))
        html = None
        if not reader.text_only:
            marked = _templates().get_template("issue.html").render(values, day=_marked(reader))
            html = _inliner().inline(marked)
        return Rendered(mine, said, text, html)


def _choices(reader: Subscriber) -> tuple[object, ...]:
    return (
        reader.topics,
        reader.mechanisms,
        reader.max_tier,
        reader.text_only,
        reader.locale,
        reader.timezone,
    )


def subject(mine: View, name: str, reader: Subscriber) -> str:
    """Subject with the news in it: week, papers, the strongest designs, retractions."""
    issue = mine.issue
    until = issue.until.astimezone(ZoneInfo(reader.timezone))
    when = f"week {until.isocalendar().week}"
    if _is_monthly(issue):
        when = f"the month to {until.day} {format_date(until, 'MMMM', locale='en')}"
    if issue.first:
        return f"{name}: the state of the evidence, {when}"
    if mine.is_quiet:
        return f"{name}, {when}: {_silence(mine)}"
    parts = [wording.plural(mine.papers, "paper", "papers")] if mine.papers else []
    counted = dict(mine.designs)
    parts += [wording.plural(counted[d], one, many) for d, one, many in _NEWS if d in counted]
    if count := sum(n.kind is EventKind.RETRACTED for n in mine.corrections):
        parts.append(wording.plural(count, "retraction", "retractions"))
    if not parts:
        parts = [wording.plural(len(mine.changes) + len(mine.corrections), "change", "changes")]
    return f"{name}, {when}: " + ", ".join(parts)


def _silence(mine: View) -> str:
    if mine.unsearched:
        return "no search was run"
    if mine.failed:
        return "a search failed"
    return f"a quiet {'month' if _is_monthly(mine.issue) else 'week'}, nothing new"


def preheader(mine: View) -> str:
    """The line that mail programs show beside the subject."""
    if mine.is_quiet and mine.unsearched:
        return "This silence means nothing: PubMed was not asked."
    if mine.is_quiet:
        return "A search failed; the next one makes up for it." if mine.failed else _quiet(mine)
    if mine.corrections:
        return mine.corrections[0].sentence
    if mine.changes:
        return mine.changes[0].sentence
    if mine.groups:
        return mine.groups[0].papers[0].summary
    return "Where the evidence stands." if mine.issue.first else _quiet(mine)


def _quiet(mine: View) -> str:
    fits = " that fits your choices" if mine.choosy else ""
    return f"Nothing new{fits} was found since the last issue."


def _is_monthly(issue: Issue) -> bool:
    return issue.since is not None and (issue.until - issue.since).days >= _MONTHLY_DAYS


def _values(mine: View, reader: Subscriber, sender: Sender, said: str) -> dict[str, Any]:
    issue, site = mine.issue, sender.site_url

    def page(pmid: str) -> str:
        """A paper's own page, or PubMed's where there is no site."""
        return f"{site}papers/{wording.file_name(pmid)}.html" if site else wording.paper_url(pmid)

    def claim_page(claim: str | None) -> str:
        if not site or not claim:
            return ""
        if claim in sender.claims:
            return f"{site}claims/{claim}.html"
        return f"{site}mechanisms/{claim}.html" if claim in sender.mechanisms else ""

    def asked(query: str) -> str:
        """The search on PubMed's site, for whoever wants to run it."""
        return f"https://pubmed.ncbi.nlm.nih.gov/?term={quote(' '.join(query.split()))}"

    return {
        "view": mine,
        "issue": issue,
        "subject": said,
        "preheader": preheader(mine),
        "quiet": _quiet(mine),
        "site": site,
        "archive": f"{site}issues/{issue.number}.html" if site else "",
        "page": page,
        "claim_page": claim_page,
        "asked": asked,
        "topics": sender.topics,
        "wording": wording,
        "zone": reader.timezone,
    }


def _day(reader: Subscriber) -> Callable[..., str]:
    """Dates in the reader's language, times in the reader's zone; English is British, as we are."""
    zone = ZoneInfo(reader.timezone)
    locale = "en_GB" if reader.locale == "en" else reader.locale.replace("-", "_")

    def day(when: date | datetime, *, clock: bool = False) -> str:
        if not isinstance(when, datetime):
            return str(format_date(when, "long", locale=locale))
        here = when.astimezone(zone)
        words = str(format_date(here, "long", locale=locale))
        return f"{words}, {here:%H:%M}" if clock else words

    return day


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __html__(self) -> str:
        """For the templates: not to be escaped again."""
        return str(self)


def _marked(reader: Subscriber) -> Callable[..., _Html]:
    """The same for HTML, with the language marked where it is not that of the mail."""
    day, language = _day(reader), reader.locale.replace("_", "-")

    def marked(when: date | datetime, **more: bool) -> _Html:
        words = escape(day(when, **more))
        if language.partition("-")[0] == "en":
            return _Html(words)
        return _Html(f'<span lang="{escape(language)}">{words}</span>')

    return marked


def _plain(value: Any) -> Any:
    """One line: what a title or a name holds breaks no line, and no mail program."""
    return _CONTROL.sub(" ", value) if type(value) is str else value


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("monitor.digest"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
