"""Sums that are kept beside a claim: the ledger must say the same with them as without."""

from __future__ import annotations

import json
import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.ledger.claims import ClaimState
from monitor.ledger.ledger import LedgerPaper
from monitor.model import Stance
from tests.ledger.made import NOW, article, assessed, retracted
from tests.ledger.test_ledger import LEDGER, Written, run_in

MECHANISMS = ("nk_cell", "sleep", "hpa_axis", "hormonal_other")
DESIGNS = ("case_control", "randomized_controlled_trial", "narrative_review", "in_vitro")


def restless(seed):
    """60 papers of few authors; half of them come again with other labels, authors or withdrawn."""
    chance = random.Random(seed)
    labels = {}
    papers = []
    for _ in range(60):
        pmid = chance.randint(1, 35)
        names = [f"{chance.choice('ABCDEFGHIJKLMN')}uthor A" for _ in range(chance.randint(0, 3))]
        make = retracted if chance.random() < 0.1 else article
        one = make(pmid, authors=names, created=date(2026, 1, 1 + pmid % 28))
        chosen = chance.sample(MECHANISMS, chance.randint(0, 3))
        claims = [(m, chance.choice(list(Stance))) for m in chosen]
        size, design = chance.choice([0, 40, 150]), chance.choice(DESIGNS)
        made = assessed(one, claims, n=size, design=design)
        papers.append(LedgerPaper(one, made, before=labels.get(pmid)))
        labels[pmid] = made
    return papers


@given(st.integers(0, 10_000), st.sets(st.integers(1, 59), max_size=20))
@settings(max_examples=40, deadline=None)
def test_papers_that_change_move_the_same_with_sums_kept_and_added_up_anew(seed, cuts):
    papers = restless(seed)
    kept, with_sums = run_in(papers, cuts)
    anew, without = run_in(papers, cuts, summed=False)
    assert kept == anew
    assert with_sums.rows == without.rows
    state, plain = LEDGER.open(with_sums), LEDGER.open(without)
    for claim in with_sums.sums:
        assert state.claim(claim).partial
        assert state.claim(claim).standing() == plain.claim(claim).standing()


def test_only_the_groups_that_a_paper_moves_are_read():
    asked = []

    class Watched(Written):
        def bearings(self, claim):
            raise AssertionError(claim)

        def around(self, claims, pmids):
            asked.append(sorted(pmids))
            return super().around(claims, pmids)

    def made(pmid, name):
        one = article(pmid, authors=[name])
        return LedgerPaper(one, assessed(one, [("nk_cell", Stance.SUPPORTS)]))

    _, written = run_in([made(1, "Ackroyd A"), made(2, "Bellweather B"), made(3, "Crumb C")], ())
    watched = Watched()
    watched.rows, watched.texts, watched.sums = written.rows, written.texts, written.sums
    state = LEDGER.open(watched)
    state.apply(made(4, "Dunwich D"), NOW)
    assert asked == []
    state.apply(made(5, "Crumb C"), NOW)
    assert asked == [["3"]]
    assert set(state.claim("nk_cell").bearings) == {"3", "4", "5"}
    assert state.claim("nk_cell").standing().balance.groups_for == 4


@pytest.mark.parametrize("rules", ["0", ""])
def test_sums_by_other_rules_are_not_used(rules):
    data = json.loads(ClaimState.of("nk_cell", ()).to_text())
    assert ClaimState.of_text("nk_cell", json.dumps(data)) is not None
    assert ClaimState.of_text("nk_cell", json.dumps(data | {"rules": rules})) is None


def test_a_paper_that_nobody_signed_is_restored_alone():
    one = article(1)
    _, written = run_in([LedgerPaper(one, assessed(one, [("sleep", Stance.REFUTES)]))], ())
    again = LedgerPaper(one, assessed(one), before=assessed(one))
    step = LEDGER.open(written).apply(again, NOW)
    (balance,) = [b for b in step.balances if b.claim == "sleep"]
    assert balance.refutes == 0
