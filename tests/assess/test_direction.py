"""The direction of the main result, and the passages that show it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import catalog
from monitor.assess.details.direction import DirectionReader
from monitor.assess.details.direction_weights import FILE, LEARNT, DirectionWeights, features
from monitor.assess.passages import PassageReader
from monitor.assess.text import read_text
from monitor.model import Article, DesignLabel, DesignSource, Direction, Result

QUERIES = catalog.load(Path(__file__).parents[2] / "queries")
PASSAGES = PassageReader(QUERIES)
READER = DirectionReader(PASSAGES)
TRIAL, STUDY = "randomized_controlled_trial", "case_control"
#: A finding in the conclusion, and a denial that only the results tell.
HALF_TOLD = (
    "RESULTS: Pain and fatigue did not differ between the groups. No effect on sleep was seen. "
    "Steps a day increased with the drug. "
    "CONCLUSION: The drug increased activity, but not all symptoms improved."
)
_SCRAPS = (
    "RESULTS: ", "CONCLUSION: ", "METHODS: ", "The drug reduced fatigue. ", "Pain did not differ. ",
    "No effect was seen; ", "but sleep was unchanged. ", "However, ", "More work is needed. ",
    "The illness worsened. ", "NCT01234567. ", "the of and in. ", "\n", ". ",
)  # fmt: skip


def paper(abstract: str, title: str = "A study") -> Article:
    return Article(pmid="1", title=title, abstract=abstract)


def read(article: Article, design: str = TRIAL, reader: DirectionReader = READER) -> Result:
    found = reader.read(article, read_text(article), DesignLabel(design, 0.9, DesignSource.TEXT))
    assert all(q.holds(article) for q in found.quotes)
    assert bool(found.quotes) is (found.direction is not Direction.NOT_STATED)
    return found


def always(direction: Direction, passages: PassageReader = PASSAGES) -> DirectionReader:
    """A reader whose weights tell but one direction."""
    bias = [int(d is direction) for d in LEARNT]
    return DirectionReader(passages, DirectionWeights({}, bias))


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("CONCLUSION: The drug reduced fatigue.", Direction.POSITIVE),
        ("CONCLUSION: The drug did not reduce fatigue.", Direction.NULL),
        (
            "CONCLUSION: Fatigue was lower with the drug. Pain did not differ between the groups.",
            Direction.MIXED,
        ),
        ("CONCLUSION: The exercise programme worsened fatigue.", Direction.NEGATIVE),
    ],
)
def test_the_conclusion_tells_the_direction(text: str, direction: Direction) -> None:
    found = read(paper("METHODS: The adults of the trial were treated. " + text))
    assert found.direction is direction


def test_a_denial_beside_a_finding_is_not_passed_over() -> None:
    without = DirectionReader(PassageReader(replace(QUERIES, mechanisms=())))
    assert read(paper(HALF_TOLD), STUDY, without).direction is Direction.POSITIVE
    found = read(paper(HALF_TOLD), STUDY)
    assert found.direction is Direction.MIXED
    assert "not all symptoms" in found.quotes[0].text


def test_a_mixed_result_shows_what_is_denied_and_what_is_found() -> None:
    article = paper(
        "RESULTS: Pain did not differ between the groups. CONCLUSION: The drug reduced fatigue."
    )
    denied, claimed = read(article, STUDY, always(Direction.MIXED)).quotes
    assert (denied.text, claimed.text) == (
        "Pain did not differ between the groups.",
        "The drug reduced fatigue.",
    )


def test_no_abstract_no_conclusion() -> None:
    assert read(paper("")).direction is Direction.NOT_STATED


def test_a_protocol_has_no_result() -> None:
    article = paper("CONCLUSION: The drug will reduce the fatigue of the patients.")
    found = read(article, "protocol", always(Direction.POSITIVE))
    assert found.direction is Direction.NOT_STATED


@pytest.mark.parametrize(
    ("design", "text", "direction"),
    [
        (TRIAL, "The exercise programme worsened fatigue.", Direction.NEGATIVE),
        (TRIAL, "The drug was not superior to placebo in relieving pain.", Direction.NULL),
        ("single_arm_trial", "The drug reduced fatigue.", Direction.POSITIVE),
        ("meta_analysis", "The exercise programme worsened fatigue.", Direction.NEGATIVE),
    ],
)
def test_trials_stay_with_the_rules_whatever_the_weights_say(
    design: str, text: str, direction: Direction
) -> None:
    assert (
        read(paper(f"CONCLUSION: {text}"), design, always(Direction.MIXED)).direction is direction
    )


def test_without_cues_for_clauses_the_rules_tell() -> None:
    none = PassageReader(replace(QUERIES, mechanisms=()))
    article = paper("CONCLUSION: The drug reduced fatigue.")
    assert read(article, STUDY, always(Direction.NULL, none)).direction is Direction.POSITIVE
    assert read(article, STUDY, always(Direction.NULL)).direction is Direction.NULL


@given(st.lists(st.sampled_from(_SCRAPS), max_size=12).map("".join), st.sampled_from(LEARNT))
@settings(max_examples=200, deadline=None)
def test_whatever_is_told_has_a_passage(abstract: str, direction: Direction) -> None:
    for title in ("", "A study", "No effect of the drug"):
        for design in (TRIAL, STUDY):
            read(paper(abstract, title), design, always(direction))


def test_a_paper_is_told_alike_every_time() -> None:
    article = paper(HALF_TOLD)
    clauses = PASSAGES.read(read_text(article))
    names = features(Direction.POSITIVE, STUDY, clauses)
    assert len(names) == len(set(names))
    assert READER.weights.best(names) is READER.weights.best(names[::-1])
    assert read(article, STUDY) == read(article, STUDY)


def test_what_moved_a_direction_is_explained() -> None:
    design = DesignLabel(STUDY, 0.9, DesignSource.TEXT)
    first, *others = READER.explain(read_text(paper(HALF_TOLD)), design, 4)
    assert first.direction is Direction.MIXED
    assert len(first.weighed) == 4
    assert first.probability > max(other.probability for other in others)
    assert sum(w.probability for w in (first, *others)) == pytest.approx(1)
    assert READER.explain(read_text(paper("")), design, 4) == []
    trial = DesignLabel(TRIAL, 0.9, DesignSource.TEXT)
    assert READER.explain(read_text(paper(HALF_TOLD)), trial, 4) == []


def test_the_weights_that_are_shipped_are_few_and_know_every_direction() -> None:
    text = files("monitor.assess").joinpath("weights", FILE).read_text(encoding="utf-8")
    data = json.loads(text)
    assert len(data["bias"]) == len(LEARNT)
    assert {len(row) for row in data["weights"].values()} == {len(LEARNT)}
    assert data["card"]["features"] == len(data["weights"])
