from __future__ import annotations

import dataclasses
import json
import math
from datetime import date
from pathlib import Path

import pytest

from monitor import catalog
from monitor.assess.assessor import Assessor
from monitor.assess.design_model import fingerprint, load
from monitor.assess.evaluate import as_json, evaluate
from monitor.assess.report import as_text
from monitor.assess.rescorer import Rescorer
from monitor.assess.scores import (
    Confusion,
    calibration,
    expected_calibration_error,
    wilson,
)
from monitor.assess.truth import from_articles, from_json_lines
from monitor.catalog import Catalog, Correction
from monitor.errors import RecordError
from monitor.model import Article, MeshHeading, PublicationType

QUERIES = Path(__file__).parents[2] / "queries"


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalog.load(QUERIES)


@pytest.fixture(scope="module")
def assessor(known: Catalog) -> Assessor:
    return Assessor(known)


def line(**changes: object) -> str:
    record: dict[str, object] = {
        "id": "1",
        "pmid": None,
        "title": "Low-dose naltrexone for fibromyalgia: a randomised controlled trial",
        "abstract": "Sixty women were randomly assigned to naltrexone 4.5 mg or placebo.",
        "study_type": "randomized_controlled_trial",
        "relevance": "core",
        "mechanisms": [],
        "n": 60,
    }
    return json.dumps(record | changes)


def test_wilson_intervals_are_those_of_the_book() -> None:
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0)


def test_scores_of_a_small_confusion() -> None:
    confusion = Confusion((("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("c", "a")))
    by_name = {c.name: c for c in confusion.classes}
    assert by_name["a"].precision.value == pytest.approx(2 / 3)
    assert by_name["a"].recall.value == pytest.approx(2 / 3)
    assert by_name["b"].f1 == pytest.approx(2 / 3)
    assert by_name["c"].f1 == 0.0
    assert confusion.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert confusion.accuracy.value == 0.6
    assert confusion.matrix()["a"] == {"a": 2, "b": 1}


def test_calibration_error_is_the_distance_between_said_and_right() -> None:
    cases = [(0.95, True)] * 9 + [(0.95, False)] + [(0.55, True)] * 5 + [(0.55, False)] * 5
    error = expected_calibration_error(calibration(cases))
    assert math.isclose(error, 0.05, abs_tol=1e-9)
    assert expected_calibration_error(calibration([])) == 0.0


def test_what_was_not_labelled_is_not_scored(assessor: Assessor) -> None:
    report = evaluate(from_json_lines([line()]), assessor)
    assert report.design.exact.accuracy.hits == 1
    assert report.facts["sample size, exact where stated"].hits == 1
    assert report.facts["case definitions"].total == 0
    assert report.results.pairs == ()
    assert "case definitions" not in as_text(report)


def test_a_missing_number_is_scored_apart_from_a_wrong_one(assessor: Assessor) -> None:
    report = evaluate(from_json_lines([line(n=None), line(n=61), line()]), assessor)
    stated = report.facts["sample size, exact where stated"]
    absent = report.facts["sample size, none where none is stated"]
    assert (stated.hits, stated.total) == (1, 2)
    assert (absent.hits, absent.total) == (0, 1)


def test_claims_that_take_a_side_are_scored_apart(assessor: Assessor) -> None:
    wanted = [
        {"id": "nk_cell", "stance": "refutes"},
        {"id": "viral_infection", "stance": "mentions"},
    ]
    report = evaluate(from_json_lines([line(mechanisms=wanted)]), assessor)
    assert report.mechanisms["named at all"].support == 2
    assert report.mechanisms["takes a side"].support == 1
    assert report.mechanisms["refutes or mixed"].support == 1


def test_papers_that_the_model_learnt_from_do_not_count_as_accuracy(known: Catalog) -> None:
    seen = "Low-Dose Naltrexone for fibromyalgia - a randomised controlled trial."
    marks = frozenset({fingerprint(seen)})
    model = dataclasses.replace(load(), trained_on=marks)
    rescorer = dataclasses.replace(Rescorer.load(), trained_on=marks)
    other = line(id="2", title="Naltrexone and sleep: a randomised controlled trial")
    named = [{"id": "nk_cell", "stance": "mentions"}]
    noted = {"mechanisms": named, "result_direction": "none"}
    other = line(**json.loads(other) | noted)
    records = list(from_json_lines([line(**noted), other]))
    report = evaluate(records, Assessor(known, model, rescorer))
    assert (report.records, report.trained_on, report.claims_trained_on) == (2, 1, 1)
    assert report.mechanisms["named at all"].support == 2
    assert report.unseen_mechanisms["named at all"].support == 1
    assert (len(report.results.pairs), len(report.unseen_results.pairs)) == (2, 1)
    assert len(report.design.exact.pairs) == 2
    assert len(report.unseen.exact.pairs) == 1
    told = as_json(report)
    assert told["trained_on"] == 1
    assert told["design"]["n"] == 2
    assert told["unseen"]["records"] == told["unseen"]["design"]["n"] == 1
    assert told["unseen"]["mechanisms"]["named at all"]["recall"]["total"] == 1
    assert (told["result"]["n"], told["unseen"]["result"]["n"]) == (2, 1)
    text = as_text(report)
    assert "trained on 1 of them" in text
    assert "exact  1.000 (1/1;" in text
    claims_alone = evaluate(records, Assessor(known, model))
    assert claims_alone.claims_trained_on == 0
    assert claims_alone.unseen_mechanisms["named at all"].support == 2


def test_where_all_papers_were_examples_no_accuracy_of_the_design_is_told(known: Catalog) -> None:
    title = json.loads(line())["title"]
    model = dataclasses.replace(load(), trained_on=frozenset({fingerprint(title)}))
    text = as_text(evaluate(from_json_lines([line()]), Assessor(known, model)))
    assert "scored on the other 0 only" in text
    assert "Study design" not in text.replace("the design", "")
    assert "calibration" not in text


def test_the_examples_of_the_shipped_model_are_known(assessor: Assessor) -> None:
    assert len(load().trained_on) > 1000
    assert len(Rescorer.load().trained_on) > 1000
    unknown = Article(pmid="1", title="A title that nobody ever wrote")
    assert not assessor.trained_on(unknown)
    assert not assessor.claims_trained_on(unknown)


def test_coarse_labels_are_scored_by_their_groups(assessor: Assessor) -> None:
    record = {"pmid": "2", "title": "Sleep: a systematic review",
              "abstract": "PubMed and Embase were searched. Twelve studies were included.",
              "label": "Human-systematic-review"}  # fmt: skip
    report = evaluate(from_json_lines([json.dumps(record)]), assessor)
    assert report.design.coarse.pairs == (("systematic_review", "systematic_review"),)
    assert report.design.exact.pairs == ()


def test_publication_types_are_truth_and_are_hidden_from_the_assessor() -> None:
    article = Article(
        pmid="3",
        title="Fatigue",
        publication_types=(PublicationType("Randomized Controlled Trial"),),
        mesh=(MeshHeading("Humans"),),
    )
    truth = next(from_articles([article]))
    assert truth.design == "randomized_controlled_trial"
    assert truth.article.publication_types == ()
    assert truth.article.mesh == ()


def test_what_a_curator_overruled_is_an_error_of_the_assessor(known: Catalog) -> None:
    why = "The title says so, the rules were misled."
    wrong, right = (
        Correction(pmid="7", field=field, value=value, reason=why, date=date(2026, 11, 24))
        for field, value in (("sample_size", 61), ("design", "randomized_controlled_trial"))
    )
    curated = Assessor(dataclasses.replace(known, corrections=(wrong, right)))
    report = evaluate(from_json_lines([line(pmid="7", n=61)]), curated)
    assert report.facts["sample size, exact where stated"].hits == 0
    assert [(o.field, o.said, o.value, o.wrong) for o in report.overruled] == [
        ("sample_size", "60", "61", True),
        ("design", "randomized_controlled_trial", "randomized_controlled_trial", False),
    ]
    assert "7 sample_size: we say 60, 2026-11-24 set to 61: wrong." in as_text(report)
    assert json.loads(json.dumps(as_json(report)))["overruled"][0]["wrong"] is True


def test_a_line_that_is_no_record_is_named() -> None:
    with pytest.raises(RecordError, match=r"labels\.jsonl: line 2 is no labelled record"):
        list(from_json_lines([line(), "{nonsense"], "labels.jsonl"))


def test_the_report_is_plain_json_and_readable_text(assessor: Assessor) -> None:
    report = evaluate(from_json_lines([line(), line(study_type="case_report")]), assessor)
    assert json.loads(json.dumps(as_json(report)))["records"] == 2
    text = as_text(report)
    assert "case_report: 1 randomized_controlled_trial" in text
    assert "expected calibration error" in text
