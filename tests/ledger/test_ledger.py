from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import catalog
from monitor.ledger.events import is_news
from monitor.ledger.ledger import Ledger, LedgerPaper, Memory
from monitor.model import (
    Change,
    ClaimStatus,
    Direction,
    EventKind,
    Level,
    Stance,
)

from .made import NOW, article, assessed, paper, retracted

LEDGER = Ledger(catalog.load(Path(__file__).parents[2] / "queries"))
S, R, X, M = Stance.SUPPORTS, Stance.REFUTES, Stance.MIXED, Stance.MENTIONS


class Written:
    """What a database would hold after some steps."""

    def __init__(self):
        self.rows = {}
        self.texts = {}
        self.sums = {}

    def write(self, step):
        self.rows = {k: b for k, b in self.rows.items() if k[1] != step.pmid}
        for claim, bearing in (*step.bearings, *step.moved):
            self.rows[claim, bearing.pmid] = bearing
        self.texts[step.pmid] = step.memory

    def bearings(self, claim):
        return [b for (c, _), b in sorted(self.rows.items()) if c == claim]

    def tally(self, claim):
        return self.sums.get(claim)

    def around(self, claims, pmids):
        mine = {k: b for k, b in self.rows.items() if k[0] in claims}
        groups = {(c, b.group) for (c, p), b in mine.items() if p in pmids and b.group}
        return [(c, b) for (c, p), b in mine.items() if p in pmids or (c, b.group) in groups]

    def memories(self):
        return dict(self.texts)


def run(papers, batch=100):
    """Steps of papers taken in by batches; each batch starts from what was written."""
    return run_in(papers, range(batch, len(papers), batch))


def run_in(papers, cuts, *, summed=True):
    """The same with batches that end at these numbers of papers."""
    written, steps = Written(), []
    bounds = sorted({0, len(papers), *cuts})
    for first, last in pairwise(bounds):
        state = LEDGER.open(written)
        for one in papers[first:last]:
            step = state.apply(one, NOW)
            written.write(step)
            steps.append(step)
        if summed:
            written.sums.update(state.tallies())
    return steps, written


def events(steps, *kinds):
    return [e for s in steps for e in s.events if not kinds or e.kind in kinds]


def keys(steps, *kinds):
    return [e.key for e in events(steps, *kinds)]


def test_a_paper_bears_on_its_mechanism_and_on_the_claims_that_rest_on_it():
    steps, _ = run([paper(1, ("mitochondrial", S))])
    assert {claim for claim, _ in steps[0].bearings} == {"mitochondrial", "cause-mitochondrial"}
    assert {b.claim for b in steps[0].balances} == {"mitochondrial", "cause-mitochondrial"}


def test_a_claim_about_the_drug_counts_only_papers_that_study_the_drug():
    without, _ = run([paper(1, ("nk_cell", S))])
    with_it, _ = run([paper(1, ("nk_cell", S), topics=("ldn",), agent="ldn")])
    assert "ldn-nk" not in dict(without[0].bearings)
    assert dict(with_it[0].bearings)["ldn-nk"].agent == "ldn"


def test_a_cause_of_the_illness_is_not_claimed_by_a_paper_of_another_topic():
    steps, _ = run([paper(1, ("immune_dysfunction", S), topics=("ldn",), agent="ldn")])
    assert "cause-immune" not in dict(steps[0].bearings)


def test_two_mechanisms_that_disagree_make_a_claim_mixed():
    steps, _ = run([paper(1, ("hormonal_other", S), ("hpa_axis", R))])
    assert dict(steps[0].bearings)["cause-hormonal"].stance is X


def test_a_paper_that_no_topic_wants_bears_on_nothing_and_is_not_told():
    steps, _ = run([paper(1, ("nk_cell", S), level=Level.OFF)])
    assert steps[0].bearings == ()
    assert steps[0].events == ()
    assert not steps[0].announced


def test_a_paper_is_announced_once():
    one = paper(1, ("nk_cell", S))
    first, written = run([one])
    assert keys(first, EventKind.PAPER_ADDED) == ["paper_added:1"]
    assert first[0].announced
    again = dataclasses.replace(one, before=one.assessment, announced=True)
    assert LEDGER.open(written).apply(again, NOW).events == ()


@pytest.mark.parametrize("design", ["protocol", "editorial", "comment_letter"])
def test_who_reports_no_result_takes_no_side_on_anything(design):
    more = {"topics": ("ldn",), "doses": [(None, 4.5)], "direction": Direction.POSITIVE}
    claim = ("tlr4_glia", Stance.SUPPORTS)
    for made, sides in ((design, {Stance.MENTIONS}), ("case_control", {Stance.SUPPORTS})):
        text = "Low-dose naltrexone in fibromyalgia."
        planned = article(1, abstract=text)
        labels = assessed(planned, [claim], design=made, **more)
        steps, _ = run([LedgerPaper(planned, labels, news=True)])
        found = dict(steps[0].bearings)
        assert {"ldn-dose", "ldn-uses"} <= found.keys()
        assert {b.stance for b in found.values()} == sides


def test_doses_in_the_range_support_the_dose_claim_and_low_doses_outside_go_against_it():
    for doses, stance in (
        ([(None, 4.5)], S),
        ([(1.0, 4.5)], S),
        ([(None, 6.0)], R),
        ([(3.0, 6.0)], X),
        ([(None, 4.5), (None, 6.0)], X),
    ):
        steps, _ = run([paper(1, topics=("ldn",), doses=doses)])
        assert dict(steps[0].bearings)["ldn-dose"].stance is stance, doses


def test_the_study_that_the_article_names_is_found_by_its_number():
    one = article(34326841)
    steps, _ = run([LedgerPaper(one, assessed(one, [("calcium_trpm3", S)], topics=("ldn",)))])
    assert dict(steps[0].bearings)["griffith-study"].stance is S


def test_uses_of_the_drug_follow_the_result_of_the_study():
    one = article(1, abstract="Low-dose naltrexone was given in fibromyalgia. Pain did not fall.")
    labels = assessed(one, topics=("ldn",), direction=Direction.NULL)
    steps, _ = run([LedgerPaper(one, labels)])
    bearing = dict(steps[0].bearings)["ldn-uses"]
    assert bearing.stance is R
    assert all(q.holds(one) for q in bearing.quotes)


def test_a_context_claim_lists_papers_and_takes_no_side():
    one = article(1, abstract="Many patients with ME/CFS are misdiagnosed.")
    steps, _ = run([LedgerPaper(one, assessed(one))])
    assert dict(steps[0].bearings)["misdiagnosis"].stance is M
    balance = {b.claim: b for b in steps[0].balances}["misdiagnosis"]
    assert "no side is taken" in balance.reason


def test_first_randomised_and_first_refuting_results_are_told_once():
    trial = {"design": "randomized_controlled_trial"}
    steps, _ = run(
        [
            paper(1, ("nk_cell", S), authors=("Ackroyd A",)),
            paper(2, ("nk_cell", R), authors=("Crumb C",), **trial),
            paper(3, ("nk_cell", R), authors=("Dunwich D",), **trial),
        ]
    )
    assert keys(steps, EventKind.FIRST_RANDOMIZED) == ["first_randomized:nk_cell:2"]
    assert keys(steps, EventKind.FIRST_REFUTING) == ["first_refuting:nk_cell:2"]


def test_a_second_group_is_told_and_a_second_paper_of_the_same_group_is_not():
    steps, _ = run(
        [
            paper(1, ("nk_cell", S), authors=("Ackroyd A", "Crumb C")),
            paper(2, ("nk_cell", S), authors=("Bellweather B", "Crumb C")),
            paper(3, ("nk_cell", S), authors=("Dunwich D", "Early E")),
        ]
    )
    assert keys(steps, EventKind.SECOND_GROUP) == ["second_group:nk_cell:3"]


def test_the_largest_study_so_far_is_told_with_both_sizes():
    steps, _ = run(
        [
            paper(1, ("nk_cell", S), authors=("Ackroyd A",), n=30),
            paper(2, ("nk_cell", R), authors=("Crumb C",), n=270),
        ]
    )
    (event,) = events(steps, EventKind.LARGEST)
    assert event.key == "largest:nk_cell:2"
    assert "270 participants, before 30" in event.sentence
    assert "against it" in event.sentence


def test_every_change_of_status_is_told_with_its_cause():
    names = ["Ackroyd A", "Bellweather B", "Crumb C", "Dunwich D"]
    papers = [paper(i + 1, ("nk_cell", S), authors=(n,)) for i, n in enumerate(names)]
    papers.append(paper(9, ("nk_cell", R), authors=("Early E",)))
    steps, _ = run(papers)
    assert keys(steps, EventKind.STATUS_CHANGED) == [
        "status_changed:nk_cell:untraced>thin:1",
        "status_changed:nk_cell:thin>supported:3",
        "status_changed:nk_cell:supported>contested:9",
    ]


def test_a_retraction_takes_the_evidence_back_and_names_the_claims_that_leaned_on_it():
    one = paper(20603638, ("viral_reactivation", S))
    _, written = run([one])
    gone = retracted(20603638)
    later = LedgerPaper(
        gone,
        assessed(gone, [("viral_reactivation", S)]),
        before=one.assessment,
        announced=True,
        changes=(Change(EventKind.RETRACTED, other="99999999"),),
    )
    step = LEDGER.open(written).apply(later, NOW)
    found = {e.kind: e for e in step.events}
    assert found[EventKind.RETRACTED].key == "retracted:20603638"
    assert found[EventKind.RETRACTED].pmids == ("20603638", "99999999")
    lost = found[EventKind.EVIDENCE_WITHDRAWN]
    assert lost.key == "evidence_withdrawn:20603638"
    assert set(lost.detail.split(",")) == {"viral_reactivation", "cause-infection"}
    assert lost.news
    assert dict(step.bearings)["viral_reactivation"].withdrawn
    balance = {b.claim: b for b in step.balances}["viral_reactivation"]
    assert balance.status is ClaimStatus.UNTRACED
    assert (balance.supports, balance.withdrawn) == (0, 1)


def test_a_paper_that_was_retracted_before_we_saw_it_supports_nothing():
    one = retracted(1)
    steps, _ = run([LedgerPaper(one, assessed(one, [("nk_cell", S)]))])
    assert steps[0].balances[0].supports == 0
    assert keys(steps, EventKind.EVIDENCE_WITHDRAWN) == []


def test_a_trial_known_from_its_protocol_is_told_when_it_reports():
    steps, _ = run(
        [
            paper(1, design="protocol", registrations=("NCT05430152",)),
            paper(2, design="randomized_controlled_trial", registrations=("NCT05430152",)),
            paper(3, design="randomized_controlled_trial", registrations=("NCT05430152",)),
        ]
    )
    (event,) = events(steps, EventKind.TRIAL_REPORTED)
    assert event.key == "trial_reported:NCT05430152"
    assert event.pmids == ("2", "1")


def test_a_changed_design_is_told_to_readers_who_knew_the_paper():
    one = paper(1)
    _, written = run([one])
    labels = assessed(one.article, design="randomized_controlled_trial")
    later = LedgerPaper(one.article, labels, before=one.assessment, announced=True)
    (event,) = LEDGER.open(written).apply(later, NOW).events
    assert event.kind is EventKind.DESIGN_CHANGED
    assert not event.news


def test_a_paper_that_changes_sides_leaves_no_trace_of_the_old_one():
    one = paper(1, ("nk_cell", S), ("sleep", S))
    _, written = run([one])
    later = LedgerPaper(
        one.article, assessed(one.article, [("nk_cell", R)]), before=one.assessment, announced=True
    )
    step = LEDGER.open(written).apply(later, NOW)
    balances = {b.claim: b for b in step.balances}
    assert (balances["nk_cell"].supports, balances["nk_cell"].refutes) == (0, 1)
    assert balances["sleep"].status is ClaimStatus.UNTRACED


def test_news_that_a_claim_repeats_one_to_one_is_announced_once():
    steps, _ = run([paper(1, ("mitochondrial", S))])
    told = {e.claim: e.news for e in events(steps, EventKind.STATUS_CHANGED)}
    assert told == {"mitochondrial": False, "cause-mitochondrial": True}


def test_old_papers_move_the_ledger_without_being_news():
    steps, _ = run([paper(1, ("sleep", S), news=False)])
    assert steps[0].events
    assert not any(e.news for e in steps[0].events)


def test_a_paper_is_news_for_thirty_days_after_its_create_date():
    seen = datetime(2026, 11, 24, tzinfo=UTC)
    assert is_news(date(2026, 11, 1), seen, first_harvest=False)
    assert not is_news(date(2026, 9, 1), seen, first_harvest=False)
    assert not is_news(date(2026, 11, 23), seen, first_harvest=True)
    assert not is_news(None, seen, first_harvest=False)


def history():
    """Papers with shared authors, several claims, trials and a retraction."""
    names = ["Ackroyd A", "Bellweather B", "Crumb C", "Dunwich D", "Early E"]
    papers = []
    for i in range(40):
        stance = (S, S, M, R, S, X)[i % 6]
        authors = (names[i % 5], names[(i * 3) % 5], f"Guest{chr(97 + i % 26)} G")
        design = ("case_control", "protocol", "randomized_controlled_trial")[i % 3]
        papers.append(
            paper(
                i + 1,
                ("nk_cell", stance),
                (("sleep", "mitochondrial", "hpa_axis")[i % 3], S),
                authors=authors,
                design=design,
                n=10 + 7 * i % 90,
                registrations=(f"NCT{i // 4:08d}",),
                created=date(2026, 1, 1 + i % 28),
            )
        )
    gone = retracted(5, created=date(2026, 1, 5))
    before = papers[4].assessment
    papers.append(LedgerPaper(gone, assessed(gone, [("nk_cell", S)]), before=before))
    return papers


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_the_same_history_gives_the_same_steps_in_batches_of_any_size(batch):
    whole, expected = run(history())
    parts, written = run(history(), batch)
    assert parts == whole
    assert written.rows == expected.rows


@given(st.sets(st.integers(1, 40), max_size=12))
@settings(max_examples=15, deadline=None)
def test_the_same_history_gives_the_same_steps_however_it_is_cut(cuts):
    whole, expected = run(history())
    parts, written = run_in(history(), cuts)
    assert parts == whole
    assert written.rows == expected.rows


def test_the_ledger_as_written_balances_as_the_one_in_memory():
    _, written = run(history())
    state = LEDGER.open(written)
    for claim, balance in state.balances().items():
        fresh = LEDGER.open(written).claim(claim)
        assert fresh.standing().balance == balance


def test_keys_of_events_are_unique():
    steps, _ = run(history())
    told = keys(steps)
    assert len(told) == len(set(told))


def test_a_memory_survives_being_written_down():
    steps, _ = run([paper(1, ("nk_cell", S), authors=("Ackroyd A",), registrations=("NCT1",))])
    memory = Memory.of_text(steps[0].memory)
    assert memory.claims == ("nk_cell",)
    assert memory.registrations == ("NCT1",)
    assert Memory.of_text(memory.to_text()) == memory


def test_sentences_are_plain_and_name_the_paper():
    steps, _ = run(history())
    for event in events(steps):
        assert event.sentence.endswith((".", "!")), event
        assert event.pmids
