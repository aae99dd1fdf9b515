from __future__ import annotations

from pathlib import Path

import pytest

from monitor import catalog
from monitor.assess.explain import Explainer
from monitor.assess.mechanisms import MechanismReader
from monitor.assess.passages import PassageReader, split_clauses
from monitor.assess.text import read_text
from monitor.cli.claims import _explained
from monitor.lexicon import number
from monitor.model import (
    Article,
    DesignLabel,
    DesignSource,
    FieldName,
    Level,
    Relevance,
    Stance,
)

QUERIES = catalog.load(Path(__file__).parents[2] / "queries")
READER = MechanismReader(QUERIES)

SUPPORTING = (
    "Myalgic encephalomyelitis/chronic fatigue syndrome (ME/CFS) is a chronic illness. "
    "We aimed to compare mitochondrial respiration in patients and controls. "
    "Blood was drawn from 40 patients and 40 healthy controls. "
    "We found that mitochondrial respiration was significantly lower in ME/CFS than in healthy "
    "controls, and ATP production was impaired. "
    "In conclusion, mitochondrial dysfunction is present in ME/CFS."
)
REFUTING = (
    "Mast cells are thought to be involved in long COVID. "
    "We compared tryptase levels of 30 patients with long COVID and 30 healthy controls. "
    "Tryptase did not differ between long COVID and healthy controls, and there was no correlation "
    "of mast cell markers with fatigue. "
    "We found no evidence of mast cell activation in long COVID."
)
PASSING = (
    "ME/CFS is a disabling illness; previous studies have suggested small fibre neuropathy in some. "
    "We asked 200 people with ME/CFS about work. "
    "Most were unable to work full time, and few had help at home. "
    "Employers should know about the illness."
)


def read(title, abstract, design="case_control", topics=()):
    article = Article(pmid="1", title=title, abstract=abstract)
    label = DesignLabel(design, 1.0, DesignSource.TEXT)
    relevance = tuple(Relevance(t, Level.CORE) for t in topics)
    claims = READER.read(article, read_text(article), label, relevance)
    return article, {c.mechanism: c for c in claims}


def test_a_paper_that_finds_the_mechanism_supports_it():
    _, claims = read("Mitochondrial function in ME/CFS", SUPPORTING)
    assert claims["mitochondrial"].stance is Stance.SUPPORTS
    assert not claims["mitochondrial"].reviewed


def test_a_paper_that_finds_no_difference_refutes_it():
    _, claims = read("No sign of mast cell activation in long COVID", REFUTING)
    assert claims["mast_cell"].stance is Stance.REFUTES


def test_what_is_only_background_takes_no_side():
    _, claims = read("Work and ME/CFS: a survey", PASSING, "survey")
    taken = [c for c in claims.values() if c.stance.takes_side]
    assert taken == []


def test_every_quote_is_verbatim_and_shows_the_side_taken():
    for abstract in (SUPPORTING, REFUTING):
        article, claims = read("A comparison in ME/CFS", abstract)
        assert claims
        for claim in claims.values():
            assert claim.quotes
            assert all(q.holds(article) for q in claim.quotes)
    _, claims = read("No sign of mast cell activation in long COVID", REFUTING)
    assert "no evidence" in claims["mast_cell"].quotes[0].text


def test_a_review_supports_only_as_reviewed_support():
    text = (
        "ME/CFS is a multisystem illness. In this review we discuss its causes. Growing evidence "
        "implicates autoimmunity: autoantibodies against adrenergic receptors have been found in "
        "several studies, and autoimmune mechanisms play a key role in ME/CFS. "
        "Autoantibodies may explain many symptoms."
    )
    _, claims = read("Autoimmunity in ME/CFS: a review", text, "narrative_review")
    assert claims["autoimmunity"].stance is Stance.SUPPORTS
    assert claims["autoimmunity"].reviewed


def test_without_an_abstract_there_is_no_conclusion():
    _, claims = read("No mast cell activation in long COVID", "")
    assert {c.stance for c in claims.values()} == {Stance.MENTIONS}


def test_a_protocol_reports_nothing():
    _, claims = read("Mitochondrial function in ME/CFS", SUPPORTING, "protocol")
    assert {c.stance for c in claims.values()} == {Stance.MENTIONS}


def test_a_paper_about_neither_the_illness_nor_the_drug_takes_no_side():
    text = SUPPORTING.replace("ME/CFS", "thalassaemia").replace(
        "Myalgic encephalomyelitis/chronic fatigue syndrome", "Inherited anaemia"
    )
    _, claims = read("Mitochondrial function in thalassaemia", text)
    assert {c.stance for c in claims.values()} <= {Stance.MENTIONS}


COHORT = (
    "We followed 400 people after glandular fever and 400 neighbours who were never infected. "
    "{illness} developed significantly more often after infection than among the uninfected, and "
    "the risk was higher after severe infection. "
    "In conclusion, {illness} is triggered by infection."
)


@pytest.mark.parametrize(("illness", "sided"), [("ME/CFS", True), ("Long COVID", False)])
def test_infection_is_a_claim_only_where_the_illness_is_not_defined_by_one(illness, sided):
    _, claims = read(f"Risk of {illness} after infection", COHORT.format(illness=illness), "cohort")
    found = claims.get("infection")
    assert (found is not None and found.stance is Stance.SUPPORTS) is sided
    assert sided or found is None or found.stance is Stance.MENTIONS


def test_claims_carry_the_agent_of_the_topic_that_the_paper_is_at_the_core_of():
    _, claims = read("Mitochondrial function in ME/CFS", SUPPORTING, topics=("ldn",))
    assert claims["mitochondrial"].agent == "ldn"
    _, claims = read("Mitochondrial function in ME/CFS", SUPPORTING, topics=("me-cfs",))
    assert claims["mitochondrial"].agent is None


def test_a_cue_inside_a_trap_names_no_mechanism():
    text = SUPPORTING.replace("mitochondrial respiration", "walking speed").replace(
        "mitochondrial dysfunction", "slowness"
    )
    text = text.replace("ATP production was", "NKT cells and the NK1 receptor were")
    _, claims = read("Walking in ME/CFS", text)
    assert "nk_cell" not in claims


def test_a_denial_reaches_no_farther_than_its_clause():
    text = "Cortisol was lower in ME/CFS, but lactate did not differ from healthy controls."
    article = Article(pmid="1", title="A comparison", abstract=text)
    clauses = PassageReader(QUERIES).read(read_text(article))
    by_mechanism = {m.mechanism: "null" in c.marks for c in clauses for m in c.mentions}
    assert by_mechanism["hpa_axis"] is False
    assert by_mechanism["energy_metabolism"] is True


def test_a_denial_in_brackets_is_said_in_passing():
    text = "Cortisol was lower in ME/CFS (age did not affect it)."
    article = Article(pmid="1", title="A comparison", abstract=text)
    clauses = PassageReader(QUERIES).read(read_text(article))
    assert all("null" not in c.marks for c in clauses)


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Pain fell, but sleep did not.", ["Pain fell, ", "but sleep did not."]),
        ("Although pain fell, sleep did not.", ["Although pain fell, ", "sleep did not."]),
        ("Pain fell; sleep did not.", ["Pain fell; ", "sleep did not."]),
        ("Pain fell.", ["Pain fell."]),
        (
            "In patients, irrespective of age, cortisol fell without any change in sleep.",
            [
                "In patients, ",
                "irrespective of age, ",
                "cortisol fell ",
                "without any change in sleep.",
            ],
        ),
        ("Pain rather than mood fell.", ["Pain ", "rather than mood fell."]),
        ("People with and without pain slept.", ["People with and without pain slept."]),
        ("It was an independent predictor.", ["It was an independent predictor."]),
    ],
)
def test_clauses_are_cut_where_a_sentence_turns(sentence, parts):
    clauses = split_clauses(sentence, number(sentence), [(0, len(sentence))])
    assert [sentence[s:e] for s, e in clauses[0]] == parts


def test_what_is_set_apart_ends_with_its_sentence():
    whole = "Lactate rose without a change in pyruvate. In patients, cortisol was lower."
    end = whole.index(" In")
    clauses = split_clauses(whole, number(whole), [(0, end), (end + 1, len(whole))])
    assert [[whole[a:b] for a, b in part] for part in clauses] == [
        ["Lactate rose ", "without a change in pyruvate."],
        ["In patients, cortisol was lower."],
    ]


def _aside(title, *sentences):
    article = Article(pmid="1", title=title, abstract=" ".join(sentences))
    paper = READER.paper(read_text(article), DesignLabel("cohort", 1.0, DesignSource.NONE))
    return paper.aside


def test_a_paper_on_another_subject_names_the_illness_aside():
    other = "Interleukin-6 after stroke."
    four = ["Strokes are common.", "We measured interleukin-6.", "It was raised."]
    told = _aside(other, *four, "This may matter for ME/CFS.")
    assert told["aside_share"] == pytest.approx(1 / 4)
    assert told["aside_once"]
    assert told["aside_late"]
    often = _aside(other, "ME/CFS is common.", *four, "This may matter for ME/CFS.")
    assert not often["aside_once"]
    assert not often["aside_late"]
    assert _aside("Interleukin-6 in ME/CFS.", *four) == {}


def test_the_same_paper_always_gets_the_same_claims():
    first = read("Mitochondrial function in ME/CFS", SUPPORTING)
    assert read("Mitochondrial function in ME/CFS", SUPPORTING) == first


def test_explaining_shows_what_fired_what_was_held_back_and_the_verdict():
    title = "Walking in ME/CFS"
    abstract = f"{SUPPORTING} NKT cells were counted."
    article = Article(pmid="1", title=title, abstract=abstract)
    text = read_text(article)
    design = DesignLabel("case_control", 1.0, DesignSource.TEXT)
    found = Explainer(QUERIES, READER).explain(article, text, design)
    fired = {(f.rule, f.words.text) for f in found.fired}
    assert ("mitochondrial: cue", "mitochondrial") in fired
    assert all(f.words.holds(article) and f.passage.holds(article) for f in found.fired)
    assert all(f.held_back_by for f in found.held_back)
    verdicts = {v.mechanism: v for v in found.verdicts}
    assert verdicts["mitochondrial"].stance is Stance.SUPPORTS
    assert verdicts["mitochondrial"].weighed


def explained(title, abstract):
    article = Article(pmid="1", title=title, abstract=abstract)
    design = DesignLabel("case_control", 1.0, DesignSource.TEXT)
    return Explainer(QUERIES, READER).explain(article, read_text(article), design)


def test_explaining_shows_what_turned_a_side_against_a_mechanism_and_whether_only_in_part():
    found = explained("No sign of mast cell activation in long COVID", REFUTING)
    verdict = next(v for v in found.verdicts if v.mechanism == "mast_cell")
    assert verdict.stance is Stance.REFUTES
    for weighed in (verdict.weighed_against, verdict.weighed_mixed):
        assert any(": " in name for name, _ in weighed)  # a word and where it stands
    assert max(weight for _, weight in verdict.weighed_against) > 0
    assert verdict.weighed_against != verdict.weighed
    said = "\n".join(_explained(found))
    assert "of a side against: " in said
    assert "of one only in part: " in said


def test_explaining_shows_no_numbers_of_what_was_not_asked():
    found = explained("Mitochondrial function in ME/CFS", SUPPORTING)
    verdict = next(v for v in found.verdicts if v.mechanism == "mitochondrial")
    assert verdict.stance is Stance.SUPPORTS
    assert verdict.weighed_against  # it was asked, and said no
    assert verdict.weighed_mixed == ()
    for verdict in explained("Work in ME/CFS", PASSING).verdicts:
        assert verdict.weighed_against == verdict.weighed_mixed == ()


def test_explaining_names_the_trap_that_held_a_cue_back():
    abstract = "Patients with ME/CFS said that smooth muscle cells were cultured for them."
    article = Article(pmid="1", title="A story of inflammatory bowel disease", abstract=abstract)
    design = DesignLabel("survey", 1.0, DesignSource.TEXT)
    found = Explainer(QUERIES, READER).explain(article, read_text(article), design)
    held = {(f.words.field, f.held_back_by) for f in found.held_back}
    assert (FieldName.ABSTRACT, "smooth muscle*") in held


def test_hostile_text_is_read_in_good_time_and_breaks_nothing():
    for abstract in (
        "(" * 5000,
        "no " * 4000,
        "NK cell " * 3000,
        "𝛽 ME/CFS \x00 mitochondri" * 500,
    ):
        read("x" * 3000, abstract)
