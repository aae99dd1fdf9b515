from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ledger.status import Tally, balance, points
from monitor.model import ClaimStatus, Stance

from .made import bearing

S, R, X, M = Stance.SUPPORTS, Stance.REFUTES, Stance.MIXED, Stance.MENTIONS


def status(*bearings):
    return balance("nk_cell", bearings).status


def test_a_claim_on_which_no_paper_takes_a_side_is_untraced():
    assert status() is ClaimStatus.UNTRACED
    assert status(bearing(1, M), bearing(2, M)) is ClaimStatus.UNTRACED


def test_reviews_alone_leave_a_claim_thin_and_are_counted_apart():
    found = balance("nk_cell", [bearing(i, reviewed=True) for i in range(9)])
    assert found.status is ClaimStatus.THIN
    assert (found.supports, found.reviews, found.groups_for) == (0, 9, 0)
    assert "reviews" in found.reason


def test_many_papers_of_one_group_are_thin():
    found = balance("nk_cell", [bearing(i, group="Crumb C (1)") for i in range(8)])
    assert found.status is ClaimStatus.THIN
    assert found.groups_for == 1


def test_three_case_control_studies_of_three_groups_support():
    assert status(bearing(1), bearing(2)) is ClaimStatus.THIN
    assert status(bearing(1), bearing(2), bearing(3)) is ClaimStatus.SUPPORTED


def test_one_against_in_four_groups_contests_and_one_in_eleven_does_not():
    four = [bearing(i) for i in range(4)]
    assert status(*four, bearing(9, R)) is ClaimStatus.CONTESTED
    eleven = [bearing(i) for i in range(11)]
    assert status(*eleven, bearing(99, R)) is ClaimStatus.SUPPORTED


def test_a_randomised_trial_against_contests_what_weaker_designs_support():
    eleven = [bearing(i, n=20) for i in range(20)]
    trial = bearing(99, R, design="randomized_controlled_trial", tier=2, n=50)
    found = balance("nk_cell", [*eleven, trial])
    assert found.status is ClaimStatus.CONTESTED
    assert "strongest design" in found.reason
    assert found.best_against == "randomized_controlled_trial"


def test_nearly_all_against_contradicts():
    assert status(*(bearing(i, R) for i in range(4))) is ClaimStatus.CONTRADICTED


def test_mixed_results_weigh_on_both_sides():
    assert status(*(bearing(i, X) for i in range(4))) is ClaimStatus.CONTESTED


def test_withdrawn_papers_are_listed_and_count_for_nothing():
    found = balance("xmrv", [bearing(1, withdrawn=True), bearing(2, withdrawn=True)])
    assert found.status is ClaimStatus.UNTRACED
    assert (found.supports, found.withdrawn, found.participants_for) == (0, 2, 0)
    assert "withdrawn" in found.reason


def test_participants_are_added_up_by_side():
    found = balance("nk_cell", [bearing(1, n=30), bearing(2, n=None), bearing(3, R, n=12)])
    assert (found.participants_for, found.participants_against) == (30, 12)


@pytest.mark.parametrize(
    ("bearings", "said"),
    [
        ([bearing(1)], "One paper, which supports it."),
        ([bearing(1, R)], "One paper, which goes against it."),
        ([bearing(1, X)], "One paper, with a mixed result."),
        ([bearing(1), bearing(2)], "2 papers by 2 independent groups, both in favour."),
        ([bearing(i, R, group="a") for i in range(3)], "3 papers by one group, all against it."),
        (
            [bearing(1), bearing(2), bearing(3, R)],
            "3 papers by 3 independent groups: 2 in favour, 1 against it.",
        ),
        (
            [bearing(1, X, group="a"), bearing(2, group="a"), bearing(3, R)],
            "3 papers by 2 independent groups: 1 in favour, 1 against it, 1 with a mixed result.",
        ),
    ],
)
def test_the_reason_gives_the_counts_in_plain_words(bearings, said):
    assert balance("nk_cell", bearings).reason.startswith(said + " ")


def test_where_the_weight_lies_is_not_said_twice():
    all_for = [bearing(i, tier=2) for i in range(5)]
    assert balance("x", all_for).reason == "5 papers by 5 independent groups, all in favour."
    nearly = [*all_for, bearing(9, R, tier=5)]
    assert balance("x", nearly).reason.endswith(" Nearly all the weight is in favour.")


@pytest.mark.parametrize(
    ("number", "said"), [(1, "Only one review takes a side"), (2, "Only 2 reviews take a side")]
)
def test_reviews_alone_are_counted_in_the_right_number(number, said):
    reviews = [bearing(i, reviewed=True) for i in range(number)]
    assert balance("x", reviews).reason == f"{said} on it, and no study."


def test_a_context_claim_takes_no_side_and_says_so():
    found = balance("misdiagnosis", [bearing(1, M)], takes_no_side=True)
    assert found.status is ClaimStatus.UNTRACED
    assert found.reason == "One paper speaks of it; no side is taken."


@pytest.mark.parametrize(
    ("tier", "n", "expected"),
    [(1, None, 4), (2, 99, 4), (2, 100, 5), (3, 500, 4), (4, 20, 2), (5, 500, 1), (9, 500, 0)],
)
def test_points_go_by_tier_and_size(tier, n, expected):
    assert points(bearing(1, tier=tier, n=n)) == expected


BEARINGS = st.lists(
    st.builds(
        bearing,
        st.integers(1, 10_000),
        st.sampled_from(list(Stance)),
        group=st.sampled_from("abcd"),
        tier=st.sampled_from([1, 2, 3, 4, 5, 9]),
        n=st.sampled_from([None, 12, 150]),
        reviewed=st.booleans(),
        withdrawn=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda b: b.pmid,
)


@given(BEARINGS, st.randoms(use_true_random=False))
def test_a_balance_does_not_depend_on_the_order_of_papers(bearings, chance):
    shuffled = bearings[:]
    chance.shuffle(shuffled)
    assert balance("x", shuffled) == balance("x", bearings)


@given(BEARINGS, BEARINGS)
def test_what_was_added_and_taken_away_leaves_no_trace(stay, go):
    known = {b.pmid for b in stay}
    tally = Tally("x")
    for one in [*stay, *(b for b in go if b.pmid not in known)]:
        tally.add(one)
    for one in go:
        if one.pmid not in known:
            tally.remove(one)
    assert tally.balance() == balance("x", stay)
