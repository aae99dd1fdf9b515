from __future__ import annotations

import pytest

from monitor.catalog import Figure
from monitor.ledger.figures import FigureReader
from monitor.model import Article

SHARE = Figure(text="94% improved", unit="%", low=94, high=94, about=("improve*",))
RANGE = Figure(text="60-90% of cases", unit="%", low=60, high=90, about=("coagul*",))
DOSE = Figure(text="1 to 4.5 mg", unit="mg", low=1, high=4.5, about=("naltrexone", "LDN"))


def check(figure, *abstracts):
    articles = [
        Article(pmid=str(i + 1), title="A study", abstract=a) for i, a in enumerate(abstracts)
    ]
    found = FigureReader(figure).check(articles)
    for pmid, quote in found.found:
        assert quote.holds(articles[int(pmid) - 1])
    return found


def test_a_figure_that_an_abstract_states_is_found_with_its_passage():
    found = check(SHARE, "We treated many. In all, 94% of patients improved. Nobody fell ill.")
    assert found.verdict == "found"
    assert found.found[0][1].text == "In all, 94% of patients improved."


def test_another_figure_about_the_same_thing_is_different():
    found = check(SHARE, "Of 218 patients, 73.9 % improved.")
    assert found.verdict == "different"
    assert [pmid for pmid, _ in found.found] == ["1"]


def test_a_figure_about_another_thing_is_no_trace():
    assert check(SHARE, "Of the patients, 94% were women.").verdict == "untraced"
    assert check(SHARE).verdict == "untraced"


def test_a_single_share_is_not_the_range_that_was_claimed():
    assert check(RANGE, "Coagulation was abnormal in 79% of cases.").verdict == "different"
    assert check(RANGE, "Coagulation is abnormal in 60-90% of cases.").verdict == "found"
    assert check(RANGE, "Coagulation is abnormal in 60% to 90% of cases.").verdict == "found"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Low-dose naltrexone (4.5 mg) was given.", "found"),
        ("Naltrexone 1.5–3 mg was given.", "found"),
        ("Naltrexone 50 mg was given.", "different"),
        ("Naltrexone 0.1 mg/kg was given.", "untraced"),
        ("Magnesium 4.5 mg was given.", "untraced"),
    ],
)
def test_doses_are_compared_with_the_range(text, verdict):
    assert check(DOSE, text).verdict == verdict


def test_where_the_figure_is_found_others_are_left_out():
    found = check(SHARE, "Here 50% improved.", "Here 94% improved.")
    assert [pmid for pmid, _ in found.found] == ["2"]
