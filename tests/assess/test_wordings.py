from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor import catalog
from monitor.assess.evidence import Evidence
from monitor.assess.explain import Explainer
from monitor.assess.mechanisms import MechanismReader
from monitor.assess.text import read_text
from monitor.assess.wordings import GROUPS, MODELS, PaperWords, WordWeights, grouped, load
from monitor.model import Article, DesignLabel, DesignSource

QUERIES = catalog.load(Path(__file__).parents[2] / "queries")
READER = MechanismReader(QUERIES)
STUDY = DesignLabel("case_control", 1.0, DesignSource.NONE)
TITLE = "Cortisol and Cytokines in Myalgic Encephalomyelitis"
ABSTRACT = (
    "The stress axis is thought to matter. We measured cortisol and cytokines in 30 patients. "
    "Morning cortisol was lower than in controls, but cytokines did not differ. "
    "Blunted cortisol may explain fatigue in ME/CFS."
)
PAPER = Article(pmid="1", title=TITLE, abstract=ABSTRACT)


def evidence_of(paper: Article, mechanism: str) -> tuple[Evidence, PaperWords]:
    text = read_text(paper)
    return READER.paper(text, STUDY).evidence[mechanism], PaperWords.of(text)


def weights(**by_group: dict[str, int]) -> WordWeights:
    """Weights that speak for a side, by group; a weight of 1 is worth 1."""
    chosen = [sorted(by_group.get(g, {}).items()) for g in GROUPS]
    rows = [[w, *[0] * (len(MODELS) - 1)] for group in chosen for _, w in group]
    return WordWeights.of(
        {
            "words": np.frombuffer("\n".join(w for g in chosen for w, _ in g).encode(), np.uint8),
            "sizes": np.array([len(g) for g in chosen]),
            "weights": np.array(rows, dtype=np.int8),
            "scales": np.ones((len(MODELS), len(GROUPS))),
        }
    )


@pytest.mark.parametrize("mechanism", ["hpa_axis", "immune_dysfunction"])
@pytest.mark.parametrize("model", MODELS)
def test_the_quick_sum_is_that_of_the_words_that_are_explained(mechanism: str, model: str) -> None:
    evidence, words = evidence_of(PAPER, mechanism)
    known, _ = load()
    quick = known.logit(model, known.sums(evidence, words))
    told = sum(part for _, part in known.contributions(model, grouped(evidence, words)))
    assert quick == pytest.approx(told)
    assert quick != 0


def test_a_word_counts_only_near_its_mechanism() -> None:
    known = weights(near={"fatigue": 5})
    spoken_of, words = evidence_of(PAPER, "hpa_axis")
    other, _ = evidence_of(PAPER, "immune_dysfunction")
    assert known.logit("side", known.sums(spoken_of, words)) > 0
    assert known.logit("side", known.sums(other, words)) == 0


def test_a_word_of_the_title_can_speak_to_one_mechanism_alone() -> None:
    known = weights(subject={"hpa_axis cytokines": -3})
    spoken_of, words = evidence_of(PAPER, "hpa_axis")
    other, _ = evidence_of(PAPER, "immune_dysfunction")
    assert known.logit("side", known.sums(spoken_of, words)) < 0
    assert known.logit("side", known.sums(other, words)) == 0


def test_regressions_do_not_leak_into_each_other() -> None:
    known = weights(paper={"fatigue": -127, "cortisol": 50, "patients": -1})
    evidence, words = evidence_of(PAPER, "hpa_axis")
    sums = known.sums(evidence, words)
    assert known.logit("side", sums) < 0
    assert [known.logit(m, sums) for m in MODELS[1:]] == [0.0] * (len(MODELS) - 1)


def test_letter_case_of_words_does_not_matter() -> None:
    loud = Article(pmid="1", title=TITLE, abstract=ABSTRACT.replace("Blunted", "BLUNTED"))
    known = weights(near={"blunted": 5}, own={"blunted": 2})
    first, again = (
        known.logit("side", known.sums(*evidence_of(paper, "hpa_axis"))) for paper in (PAPER, loud)
    )
    assert first == again


def test_words_are_explained_beside_numbers() -> None:
    explanation = Explainer(QUERIES, READER).explain(PAPER, read_text(PAPER), STUDY)
    verdict = next(v for v in explanation.verdicts if v.mechanism == "hpa_axis")
    names = [name for name, _ in verdict.weighed]
    assert any(name.split(": ")[0] in GROUPS for name in names)
    assert any(": " not in name for name in names)
