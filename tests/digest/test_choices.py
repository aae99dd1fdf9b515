"""What each reader gets: by choice, once a week or a month, and whatever must be told."""

from __future__ import annotations

import email
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email import policy

import pytest

from monitor.catalog import Catalog
from monitor.digest import stage
from monitor.digest.issue import compose, merge
from monitor.digest.personal import LISTED, view
from monitor.digest.transport import Outcome
from monitor.model import (
    Article,
    EventKind,
    Link,
    Notice,
    PublicationType,
    Receipt,
    RunState,
    Subscriber,
)
from monitor.settings import Settings
from monitor.store import Store, issues, subscribers
from tests.conftest import NOW
from tests.digest.made import READER, WEEK, issue, item, message, part

RETRACTED = Notice(EventKind.RETRACTED, "It was retracted.", (("1", "P"), ("9", "Notice")))


def receipt(topic: str = "ldn", error: str = "", **more: object) -> Receipt:
    state = RunState.FAILED if error else RunState.GOOD
    made = Receipt(topic, "a\n query", "h", state, NOW, NOW, NOW.date(), NOW.date(), error=error)
    return replace(made, **more)


def test_a_reader_who_wants_little_is_told_when_nothing_fits() -> None:
    made = issue(papers=(item("1", topics=("ldn",), tier=4),), receipts=(receipt(),))
    found = message(made, replace(READER, max_tier=2))
    assert "a quiet week, nothing new" in found["Subject"]
    assert "Nothing new that fits your choices was found" in part(found, "plain")
    assert "Nothing new that fits your choices was found" in part(found, "html")


def test_a_quiet_week_with_a_failed_search_is_no_silence() -> None:
    failed = receipt(error="PubMed did not answer")
    made = issue(receipts=(failed,), failures=(failed,))
    for kind in ("plain", "html"):
        text = part(message(made), kind)
        assert "ran as it should" not in text
        assert "this silence may mean nothing" in text
        assert text.lower().count("failed") >= 2


def test_a_week_without_a_search_is_no_quiet_week() -> None:
    found = message(issue())
    assert "no search was run" in found["Subject"]
    for kind in ("plain", "html"):
        text = part(found, kind)
        assert "this silence means nothing" in text
        assert "ran as it should" not in text


def test_a_failure_that_was_made_up_for_is_named_too() -> None:
    runs = [receipt(error="no"), receipt(found=7, new=2), receipt(found=8, new=1, failed=3)]
    made = compose([], {}, {}, runs, issue(number=1), _catalog(), NOW, NOW + timedelta(days=1))
    (summed,) = made.receipts
    assert (summed.runs, summed.found, summed.new, summed.failed) == (3, 15, 3, 3)
    text = " ".join(part(message(made), "plain").split())
    assert "3 searches" in text
    assert "15 found in all, 3 new" in text
    assert "the search of 2 March 2026 FAILED" in text
    assert "Next search: 3 March 2026, 06:00 (UTC)" in text
    assert "PubMed was asked: a query" in text


def _catalog() -> Catalog:
    return None  # type: ignore[return-value]  # an issue without papers asks it nothing


def test_dates_come_in_the_readers_language_and_zone() -> None:
    late = NOW.replace(hour=23)
    made = issue(until=late, next_run=late)
    finn = replace(READER, locale="fi", timezone="Europe/Helsinki")
    assert "3. maaliskuuta 2026, 01:00 (Europe/Helsinki)" in part(message(made, finn), "plain")
    assert '<span lang="fi">3. maaliskuuta 2026</span>' in part(message(made, finn), "html")


def test_a_retraction_of_what_was_shown_comes_first_and_is_always_told() -> None:
    other = Notice(EventKind.CORRECTED, "Another was corrected.", (("5", "Q"),), topics=("ldn",))
    made = issue(corrections=(other, replace(RETRACTED, topics=("me-cfs",))))
    choosy = replace(READER, topics=("ldn",), mechanisms=(), max_tier=1)
    assert [n.kind for n in view(made, choosy).corrections] == [EventKind.CORRECTED]
    found = view(made, choosy, told={"1"}).corrections
    assert [n.kind for n in found] == [EventKind.RETRACTED, EventKind.CORRECTED]


def test_a_notice_that_a_retraction_names_is_no_paper_of_its_own() -> None:
    made = issue(corrections=(RETRACTED,), papers=(item("9", tier=9), item("2", tier=9)))
    assert [p.pmid for g in view(made, READER).groups for p in g.papers] == ["2"]
    assert set(view(made, READER).shown()) == {"1", "2", "9"}


def test_of_many_papers_old_ones_give_way_to_news() -> None:
    old = tuple(item(f"1{n:03}", tier=1, news=False) for n in range(LISTED))
    new = tuple(item(f"2{n:03}", tier=5) for n in range(LISTED))
    made = issue(papers=(*old, *new))
    mine = view(made, READER)
    assert {p.pmid for g in mine.groups for p in g.papers} == {p.pmid for p in new}
    assert (mine.papers, mine.unlisted) == (2 * LISTED, LISTED)


def test_a_mail_stays_below_what_mail_programs_cut() -> None:
    long = "ελληνικά και άλλα " * 60
    made = issue(papers=tuple(item(str(n), title=long, passage=long) for n in range(60)))
    found = message(made, site="https://example.org/")
    html = part(found, "html")
    assert len(html.encode()) < 100_000
    assert "60" in found["Subject"]
    assert "on the site" in html


def test_a_month_is_one_issue_and_withdraws_what_it_announced() -> None:
    claim = Notice(EventKind.STATUS_CHANGED, "One way.", claim="c1")
    first = issue(
        number=2, papers=(item("1"), item("2")), changes=(claim,), receipts=(receipt(new=2),)
    )
    second = issue(
        number=3,
        since=NOW,
        until=NOW + WEEK,
        papers=(item("3", tier=1),),
        changes=(replace(claim, sentence="The other way."),),
        corrections=(RETRACTED,),
        receipts=(receipt(new=1),),
    )
    merged = merge([first, second])
    assert (merged.number, merged.since, merged.until) == (3, first.since, second.until)
    assert [p.pmid for p in merged.papers] == ["3", "2"]
    assert [n.sentence for n in merged.changes] == ["The other way."]
    assert [(r.new, r.runs) for r in merged.receipts] == [(3, 2)]
    assert merge([second]) == second


@pytest.fixture
def weeks(store: Store, catalog: Catalog, settings: Settings) -> Callable[[int], None]:
    """Makes an issue a week from 5 January 2026 on, each with one correction of its own."""

    def make(count: int) -> None:
        start = NOW.replace(month=1, day=5)
        for week in range(count):
            when = start + week * WEEK
            notice = Notice(EventKind.CORRECTED, f"Week {week + 1} was corrected.", ())
            made = issue(
                number=week + 1,
                made=when,
                since=when - WEEK if week else None,
                until=when,
                corrections=(notice,),
            )
            due = [r for r in subscribers.everyone(store) if stage._is_due(r, made)]
            pending = [(r.id, f"<{made.number}.{r.id}@example.org>") for r in due]
            assert issues.create(store, made, [], pending)
            stage.deliver(store, catalog, settings, lambda at=when: at)

    return make


def _mails(settings: Settings, reader: int) -> list[tuple[str, str]]:
    """(References, text) of all mails to a reader, oldest first."""
    found = []
    for path in sorted(settings.outbox_dir.glob(f"issue-*-{reader}.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        found.append((str(mail["References"] or ""), part(mail, "plain")))  # type: ignore[arg-type]
    return found


def test_who_reads_monthly_misses_nothing_and_gets_nothing_twice(
    store: Store, catalog: Catalog, settings: Settings, weeks: Callable[[int], None]
) -> None:
    joined = NOW.replace(year=2025)
    subscribers.add(store, Subscriber(0, "week@example.org", joined))
    subscribers.add(store, Subscriber(0, "month@example.org", joined, monthly=True))
    weeks(10)  # 5 January to 9 March: issues 1 and 5 and 9 open a month
    weekly, monthly = _mails(settings, 1), _mails(settings, 2)
    assert len(weekly) == 10
    assert [r for r, _ in weekly] == ["", *(f"<{n}.1@example.org>" for n in range(1, 10))]
    assert [r for r, _ in monthly] == ["", "<1.2@example.org>", "<5.2@example.org>"]
    told = [[f"Week {n} was" in text for n in range(1, 11)] for _, text in monthly]
    assert [sum(week) for week in zip(*told, strict=True)] == [1] * 9 + [0]
    assert sum(told[1]) == 4
    assert "the month to 2 March" in monthly[2][1]


def test_whoever_was_shown_a_paper_hears_of_its_retraction(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    sample: list[Article],
    told: Callable[[list[Article], datetime], None],
) -> None:
    paper = next(a for a in sample if a.pmid == "20798047")
    made = issue(number=1, papers=(item(paper.pmid, topics=("me-cfs",)),))
    for name in ("saw", "did-not"):
        subscribers.add(store, Subscriber(0, f"{name}@example.org", NOW - WEEK))
    saw = subscribers.everyone(store)[0]
    issues.create(store, made, [e.key for e in issues.untold(store)], [(saw.id, "<1@x.org>")])
    assert stage.deliver(store, catalog, settings, lambda: NOW) == {Outcome.SENT: 1}
    for reader in subscribers.everyone(store):
        subscribers.change(store, replace(reader, topics=("ldn",), mechanisms=("nk_cell",)))
    withdrawn = (*paper.publication_types, PublicationType("Retracted Publication"))
    link = (Link("RetractionIn", None, "PNAS 2012"),)
    told([replace(paper, publication_types=withdrawn, links=link)], NOW + WEEK)
    stage.make_issue(store, catalog, settings, NOW + WEEK)
    stage.deliver(store, catalog, settings, lambda: NOW + WEEK)
    (_, heard), (_, silence) = _mails(settings, 1)[-1], _mails(settings, 2)[-1]
    assert "was retracted" in heard
    assert "was retracted" not in silence
