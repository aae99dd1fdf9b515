"""Sentences of events on pages: what they name is a link, and is named once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model import Event, EventKind, Issue, Notice
from monitor.publish.views import told
from monitor.wording import Words
from tests.conftest import NOW

WHERE = {"infection": ("Infection as the trigger", "mechanisms/infection.html")}
LONG = "A title that is so long that a sentence cuts it somewhere"


def linked(view: told.Told) -> list[tuple[str, str]]:
    return [(p.text, p.href) for p in view.pieces if p.href]


def test_a_title_in_a_sentence_is_the_link_to_its_paper_even_when_cut_short() -> None:
    notice = Notice(
        EventKind.RETRACTED,
        "“A title that is so long …” was retracted (J Test. 2012).",
        (("1", LONG), ("2", "Notice of retraction")),
    )
    view = told.told(notice, WHERE)
    assert "".join(p.text for p in view.pieces) == notice.sentence
    assert linked(view) == [("A title that is so long …", "papers/1.html")]
    assert view.papers == (("papers/2.html", "Notice of retraction"),)


def test_a_claim_at_the_start_of_a_sentence_is_the_link_to_its_page() -> None:
    sentence = "Infection as the trigger: the balance moved from thin evidence to supported."
    notice = Notice(EventKind.STATUS_CHANGED, sentence, (("1", LONG),), claim="infection")
    view = told.told(notice, WHERE)
    assert "".join(p.text for p in view.pieces) == sentence
    assert linked(view) == [("Infection as the trigger", "mechanisms/infection.html")]
    assert view.papers == (("papers/1.html", LONG),)


@pytest.mark.parametrize("quoted", ["", "…", "Another title"])
def test_a_quotation_that_is_no_title_of_its_papers_is_no_link(quoted: str) -> None:
    view = told.told(Notice(EventKind.CORRECTED, f"“{quoted}” was corrected.", (("1", LONG),)), {})
    assert linked(view) == []
    assert view.papers == (("papers/1.html", LONG),)


def test_the_start_page_tells_a_paper_once_and_counts_what_it_leaves_out() -> None:
    def about(key: str, kind: EventKind) -> Notice:
        return Notice(kind, f"{kind} of {key}", ((key, f"Title {key}"),))

    issue = replace(
        Issue(2, NOW, NOW, NOW, first=False),
        corrections=(
            about("1", EventKind.RETRACTED),
            about("1", EventKind.EVIDENCE_WITHDRAWN),
            about("2", EventKind.CORRECTED),
        ),
        changes=tuple(about(str(n), EventKind.SECOND_GROUP) for n in range(5)),
    )
    view = told.latest(issue, {})
    assert [t.notice.papers[0][0] for t in view.corrections] == ["1", "2"]
    assert len(view.corrections) + len(view.changes) + view.hidden == 8
    assert view.hidden > 0
    assert told.issue_view(issue, {}).hidden == 0


def test_on_its_own_page_a_paper_is_not_named_again() -> None:
    def event(kind: EventKind, sentence: str) -> Event:
        return Event(str(kind), kind, NOW, sentence, ("1",))

    shown = told.of_paper(
        [
            event(EventKind.PAPER_ADDED, f"New: “{LONG}” (Cohort study)."),
            event(EventKind.CORRECTED, f"“{LONG}” was corrected."),
            event(EventKind.SECOND_GROUP, "NK cells: a second group, “Somebody else”."),
        ],
        LONG,
        Words(),
    )
    assert [e.sentence for e in shown] == [
        "This paper was corrected.",
        "NK cells: a second group, “Somebody else”.",
    ]
