from __future__ import annotations

import json
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from monitor import catalog
from monitor.assess.design_model import DesignModel, features, load, normal
from monitor.assess.design_rules import DesignRules, Place
from monitor.assess.merged import COARSE, MERGED, merged
from monitor.assess.text import read_text
from monitor.model import Article

QUERIES = Path(__file__).parents[2] / "queries"


@pytest.fixture(scope="module")
def model() -> DesignModel:
    return load()


@pytest.fixture(scope="module")
def rules() -> DesignRules:
    return DesignRules(catalog.load(QUERIES))


def found(rules: DesignRules, abstract: str, title: str = "") -> dict[str, Place]:
    text = read_text(Article(pmid="1", title=title, abstract=abstract))
    return {rules.designs[f.rule]: f.place for f in rules.find(text)}


def test_training_and_running_see_the_same_words(model: DesignModel) -> None:
    text = read_text(
        Article(
            pmid="1",
            title="Naltrexone in patients: a randomised controlled trial",
            abstract="Sixty patients were randomly assigned to the drug or to placebo. We found it.",
        )
    )
    rows = model.vocabulary.rows(text).tolist()
    names = model.vocabulary.names
    told = {names[row]: n for row, n in Counter(rows).items()}
    wanted = {w: n for w, n in features(text).items() if w in set(names)}
    assert told == wanted
    assert len(told) > 10


def test_spellings_and_numbers_are_one_to_the_model() -> None:
    assert normal("Randomised") == normal("randomized") == "randomized"
    assert normal("250") == "0"
    assert normal("1") == "1"


def test_the_card_says_what_the_model_was_made_of(model: DesignModel) -> None:
    path = resources.files("monitor.assess") / "weights" / "design.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    assert {"trained", "classes", "examples", "cross_validation", "limits"} <= set(card)
    assert tuple(card["classes"]) == model.classes
    assert len(model.version) == 8


def test_every_class_of_the_model_is_a_design_of_the_catalog(model: DesignModel) -> None:
    known = {d.id for d in catalog.load(QUERIES).designs}
    assert {c.split("+")[0] for c in model.classes} == known


def test_probabilities_add_up(model: DesignModel) -> None:
    chances = model.probabilities(model.logits(read_text(Article(pmid="1", title="A trial"))))
    assert np.isclose(chances.sum(), 1.0, atol=1e-5)


def test_a_cue_about_others_work_does_not_count(rules: DesignRules) -> None:
    assert "randomized_controlled_trial" not in found(
        rules, "Larger studies in which patients are randomly assigned to the drug are warranted."
    )
    assert "randomized_controlled_trial" in found(
        rules, "Thirty patients were randomly assigned to the drug."
    )


def test_a_title_counts_more_than_the_text(rules: DesignRules) -> None:
    assert found(rules, "", "Sleep: a case report")["case_report"] is Place.TITLE


def test_a_correction_must_open_the_title(rules: DesignRules) -> None:
    assert "erratum" in found(rules, "", "Correction: sleep in adults")
    assert "erratum" not in found(rules, "", "Sleep after correction of posture")


def test_animals_are_not_randomised_people(rules: DesignRules) -> None:
    told = found(rules, "Adult male rats were randomly divided into two groups.")
    assert "animal" in told
    assert "randomized_controlled_trial" not in told


def test_the_coarse_groups_do_not_overlap() -> None:
    designs = [d for group in MERGED.values() for d in group]
    assert len(designs) == len(set(designs))
    assert set(COARSE.values()) == set(MERGED)
    assert merged("cohort") == "remaining"
    assert merged("cohort", "case_series") == "other_intervention"
    assert merged("erratum") == "remaining"
