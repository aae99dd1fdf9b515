"""The clause that is shown for a claim."""

from __future__ import annotations

from pathlib import Path

from monitor import catalog
from monitor.assess.mechanisms import MechanismReader
from monitor.assess.quoting import AGAINST, FOR, NAMED, Quoter, features
from monitor.assess.text import read_text
from monitor.model import Article, DesignLabel, DesignSource

READER = MechanismReader(catalog.load(Path(__file__).parents[2] / "queries"))
ABSTRACT = (
    "Cortisol is a hormone of the adrenal gland. We measured cortisol in 40 patients with ME/CFS. "
    "Morning cortisol was significantly lower in patients than in controls. "
    "Evening cortisol did not differ between the groups. More work is needed."
)
PAPER = Article(pmid="1", title="Cortisol in ME/CFS", abstract=ABSTRACT)
TEXT = read_text(PAPER)
EVIDENCE = READER.paper(TEXT, DesignLabel("case_control", 1.0, DesignSource.NONE)).evidence[
    "hpa_axis"
]


def shown(quoter: Quoter, side: str) -> str:
    clause = quoter.best(EVIDENCE, side, review=False)
    return TEXT.of(clause.sentence)


def test_each_side_shows_what_says_so() -> None:
    quoter = Quoter.load()
    assert "lower in patients" in shown(quoter, FOR)
    assert "did not differ" in shown(quoter, AGAINST)


def test_without_weights_the_first_clause_is_shown() -> None:
    quoter = Quoter.of({"weights": {}})
    assert {shown(quoter, side) for side in (FOR, AGAINST, NAMED)} == {PAPER.title}


def test_weights_decide() -> None:
    quoter = Quoter.of({"weights": {NAMED: {"says method": 2.0, "title": -1.0, "last": -1.0}}})
    assert "We measured" in shown(quoter, NAMED)


def test_a_review_is_told_from_a_study() -> None:
    clause = EVIDENCE.clauses[0]
    plain, review = (set(features(EVIDENCE, clause, review=r)) for r in (False, True))
    assert plain < review
    assert "review, title" in review
