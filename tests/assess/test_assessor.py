from __future__ import annotations

import dataclasses
import gc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import catalog
from monitor.assess.answer import answer
from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog, Correction
from monitor.errors import QueryFileError
from monitor.model import (
    Article,
    DesignSource,
    Direction,
    Level,
    MeshHeading,
    PublicationType,
    Quote,
)

QUERIES = Path(__file__).parents[2] / "queries"


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalog.load(QUERIES)


@pytest.fixture(scope="module")
def assessor(known: Catalog) -> Assessor:
    return Assessor(known)


TRIAL = Article(
    pmid="1",
    title="Low-dose naltrexone for chronic fatigue syndrome: a randomised controlled trial",
    abstract=(
        "BACKGROUND: Chronic fatigue syndrome has no treatment. METHODS: Sixty adults who met the "
        "Canadian Consensus Criteria were randomly assigned to naltrexone 4.5 mg daily (n = 30) or "
        "placebo (n = 30) for 12 weeks. The primary outcome was fatigue. The trial is registered "
        "(NCT01234567). RESULTS: Fatigue did not differ between the groups (p = 0.6). CONCLUSION: "
        "Naltrexone was not effective."
    ),
)


def every_quote(value: object) -> Iterator[Quote]:
    if isinstance(value, Quote):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from every_quote(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from every_quote(item)


@pytest.mark.parametrize(
    ("title", "abstract", "level"),
    [
        (
            "Vaccines",
            "BACKGROUND: All fear it. Some get long COVID. RESULTS: Nobody fell ill. None died.",
            Level.OFF,
        ),
        ("Vaccines", "BACKGROUND: All. RESULTS: Two had long COVID. None died.", Level.RELATED),
        ("Jobs", "The year-long COVID-19 wave cost jobs.", Level.OFF),
        ("Jobs", "Long COVID cost jobs.", Level.RELATED),
        (
            "Lungs of children with COVID-19",
            "We saw them six months after discharge.",
            Level.RELATED,
        ),
        ("Lungs of children with COVID-19", "We saw them on the ward.", Level.OFF),
        ("Post-viral fatigue", "Rest is advised.", Level.CORE),
        ("Post-viral fatigue: a lesson for long COVID", "Rest is advised.", Level.RELATED),
    ],
)
def test_long_covid_is_a_neighbour_where_a_paper_has_to_do_with_it(
    assessor: Assessor, title: str, abstract: str, level: Level
) -> None:
    found = assessor.assess(Article(pmid="1", title=title, abstract=abstract))
    assert found.level("me-cfs") is level


def test_a_trial_is_read_as_a_reader_would_read_it(assessor: Assessor) -> None:
    found = assessor.assess(TRIAL)
    assert found.design.id == "randomized_controlled_trial"
    assert found.design.source is DesignSource.TEXT
    assert found.design.confidence > 0.8
    assert found.level("ldn") is Level.CORE
    assert found.level("me-cfs") is Level.CORE
    assert found.sample_size is not None
    assert found.sample_size.n == 60
    assert [(d.mg, d.low) for d in found.doses] == [(4.5, True)]
    assert [f.value for f in found.case_definitions] == ["ccc"]
    assert found.pem_required is not None
    assert found.pem_required.value
    assert [f.value for f in found.registrations] == ["NCT01234567"]
    assert "placebo" in [f.value for f in found.comparators]
    assert "12 weeks" in [f.value for f in found.durations]
    assert found.result.direction is Direction.NULL


def test_every_label_of_a_trial_has_its_words(assessor: Assessor) -> None:
    found = assessor.assess(TRIAL)
    quotes = list(every_quote(found))
    assert all(q.holds(TRIAL) for q in quotes)
    assert found.design.quotes
    assert found.sample_size is not None
    assert "Sixty adults" in found.sample_size.quotes[0].text


FRAGMENTS = (
    "Natural killer cells", "mitochondrial respiration", "microglia (TSPO)", "low-dose naltrexone",
    "ME/CFS", "long COVID", "did not differ", "was reduced", "no evidence of", "but", "whereas",
    "; ", ", ", ". ", ".", "\n", "METHODS: ", "RESULTS:", "Although", "4.5 mg", "n = 60",
    "randomised", "µ-opioid", "İ", "\u2009", "(", ")", "patients", "healthy controls", "may",
)  # fmt: skip


@given(
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), max_size=60), st.text(max_size=40)
)
@settings(max_examples=80, deadline=None)
def test_whatever_the_text_every_quote_is_verbatim(
    assessor: Assessor, parts: list[str], title: str
) -> None:
    article = Article(pmid="1", title=title, abstract=" ".join(parts))
    for quote in every_quote(assessor.assess(article)):
        assert quote.holds(article)


def test_the_same_article_gets_the_same_labels(assessor: Assessor) -> None:
    assert assessor.assess(TRIAL) == assessor.assess(TRIAL)


def test_the_indexer_and_the_text_together_are_surer(assessor: Assessor) -> None:
    alone = assessor.assess(TRIAL).design
    types = (PublicationType("Randomized Controlled Trial", "D016449"),)
    both = assessor.assess(dataclasses.replace(TRIAL, publication_types=types)).design
    assert both.source is DesignSource.BOTH
    assert both.confidence >= alone.confidence
    assert not both.disagrees


def test_where_the_indexer_disagrees_both_are_shown_and_confidence_falls(
    assessor: Assessor,
) -> None:
    types = (PublicationType("Case Reports", "D002363"),)
    found = assessor.assess(dataclasses.replace(TRIAL, publication_types=types)).design
    assert found.indexer == ("case_report",)
    assert found.disagrees
    assert found.confidence <= assessor.assess(TRIAL).design.confidence


def test_a_headline_alone_is_judged_by_indexing(assessor: Assessor) -> None:
    article = Article(
        pmid="2", title="Fatigue", publication_types=(PublicationType("Case Reports"),)
    )
    found = assessor.assess(article)
    assert found.design.id == "case_report"
    assert found.design.source is DesignSource.INDEXER
    assert found.result.direction is Direction.NOT_STATED
    assert found.sample_size is None
    assert found.notes == ("PubMed holds no abstract; judged by title and indexing only.",)


def test_nothing_to_go_by_is_other_without_confidence(assessor: Assessor) -> None:
    found = assessor.assess(Article(pmid="3", title=""))
    assert (found.design.id, found.design.confidence) == ("other", 0.0)
    assert found.design.source is DesignSource.NONE
    assert found.topics() == ()


def test_a_german_abstract_is_said_to_be_german(assessor: Assessor) -> None:
    article = Article(
        pmid="4",
        title="[Chronic fatigue syndrome: a review].",
        abstract="Die Patienten wurden mit einer neuen Therapie behandelt und nicht von uns befragt.",
        mesh=(MeshHeading("Fatigue Syndrome, Chronic", "D015673", major=True),),
    )
    found = assessor.assess(article)
    assert found.notes == ("The abstract is in German; judged by title and indexing only.",)
    assert found.level("me-cfs") is Level.CORE
    assert all(q.field.value == "title" for q in every_quote(found))


def test_nephrectomy_is_not_naltrexone(assessor: Assessor) -> None:
    article = Article(
        pmid="5",
        title="LDN versus open surgery in kidney donors",
        abstract="Laparoscopic donor nephrectomy (LDN) was compared with open surgery.",
    )
    assert assessor.assess(article).level("ldn") is Level.OFF


def test_cerebrospinal_fluid_is_not_chronic_fatigue(assessor: Assessor) -> None:
    article = Article(
        pmid="6",
        title="CFS leak after surgery of the skull base",
        abstract="Cerebrospinal fluid (CFS) leaked in ten patients.",
    )
    assert assessor.assess(article).level("me-cfs") is Level.OFF


def test_one_name_in_a_list_is_not_core(assessor: Assessor) -> None:
    article = Article(
        pmid="7",
        title="Sleep in heart failure",
        abstract=(
            "Comorbid illness such as asthma, ME/CFS and gout was noted. We measured sleep in the "
            "adults with heart failure. It was short."
        ),
    )
    assert assessor.assess(article).level("me-cfs") is not Level.CORE


def test_a_future_trial_does_not_make_a_trial(assessor: Assessor) -> None:
    article = Article(
        pmid="8",
        title="Sleep and fatigue: a narrative review",
        abstract=(
            "In this review we discuss sleep in the illness. Recent studies have suggested a role "
            "of light. A randomised controlled trial is needed."
        ),
    )
    assert assessor.assess(article).design.id == "narrative_review"


def design_of(assessor: Assessor, title: str, abstract: str) -> tuple[str, str | None]:
    found = assessor.assess(Article(pmid="12", title=title, abstract=abstract)).design
    return found.id, found.secondary


def test_a_healthy_comparator_makes_a_cross_sectional_study_a_comparison(
    assessor: Assessor,
) -> None:
    found, _ = design_of(
        assessor,
        "Grip strength in ME/CFS: a cross-sectional study",
        "In this cross-sectional study we measured the grip strength of 40 patients with ME/CFS "
        "and of 40 matched healthy controls. Strength was lower in patients.",
    )
    assert found == "case_control"
    alone, _ = design_of(
        assessor,
        "Grip strength in ME/CFS: a cross-sectional study",
        "In this cross-sectional study we measured the grip strength of 40 patients with ME/CFS "
        "once. Strength was associated with age. The prevalence of weakness was 30%.",
    )
    assert alone == "cross_sectional"


def test_cells_of_patients_in_a_dish_are_a_laboratory_study_and_a_comparison(
    assessor: Assessor,
) -> None:
    found = design_of(
        assessor,
        "Calcium influx in natural killer cells after naltrexone",
        "Natural killer cells of 10 ME/CFS patients and 10 healthy controls were incubated in vitro "
        "with naltrexone for 24 hours, and whole-cell patch-clamp recordings were made.",
    )
    assert found == ("in_vitro", "case_control")


def test_questions_to_patients_are_a_survey_and_a_register_is_not(assessor: Assessor) -> None:
    asked, _ = design_of(
        assessor,
        "Pacing: an online survey of people with ME/CFS",
        "An online questionnaire was completed by 812 people with ME/CFS. Most respondents found "
        "pacing helpful.",
    )
    counted, _ = design_of(
        assessor,
        "Chronic fatigue syndrome and income",
        "We used data of the National Health Interview Survey on 40,000 adults. Weighted prevalence "
        "was 1.3%. In logistic regression low income was associated with the illness.",
    )
    assert (asked, counted) == ("survey", "cross_sectional")


def test_a_curator_has_the_last_word(known: Catalog) -> None:
    corrections = (
        Correction(pmid="1", field="design", value="case_series", reason="Read in full text.",
                   date=date(2026, 1, 2)),
        Correction(pmid="1", field="relevance.ldn", value="off", reason="Read in full text.",
                   date=date(2026, 1, 2)),
        Correction(pmid="1", field="sample_size", value=58, reason="Read in full text.",
                   date=date(2026, 1, 2)),
    )  # fmt: skip
    found = Assessor(dataclasses.replace(known, corrections=corrections)).assess(TRIAL)
    assert found.design.id == "case_series"
    assert found.level("ldn") is Level.OFF
    assert found.sample_size is not None
    assert found.sample_size.n == 58
    assert found.corrected == ("design", "relevance.ldn", "sample_size")


def test_a_correction_that_cannot_be_is_refused(known: Catalog) -> None:
    wrong = Correction(
        pmid="1", field="result", value="splendid", reason="Read in full text.",
        date=date(2026, 1, 2),
    )  # fmt: skip
    assessor = Assessor(dataclasses.replace(known, corrections=(wrong,)))
    with pytest.raises(QueryFileError, match="PMID 1: result cannot be 'splendid'"):
        assessor.assess(TRIAL)


def test_the_answer_has_every_key_of_the_contract(assessor: Assessor) -> None:
    told = answer(assessor.assess(TRIAL))
    assert set(told["relevance"]) == {"ldn", "me-cfs"}
    assert {"id", "confidence", "source", "indexer", "quotes"} <= set(told["design"])
    assert told["sample_size"]["n"] == 60
    assert told["doses"][0]["mg"] == 4.5
    assert told["case_definitions"] == ["ccc"]
    assert told["pem_required"] is True
    assert told["registrations"] == ["NCT01234567"]
    assert told["result"] == "null"
    for quote in told["design"]["quotes"]:
        field = TRIAL.title if quote["field"] == "title" else TRIAL.abstract
        assert field[quote["start"] : quote["end"]] == quote["text"]


WORDS = st.sampled_from(
    "naltrexone ME/CFS patients 4.5 mg n = 30 randomised placebo, (mice) [review] We found. p<0.05 "
    "did not differ; Fukuda criteria NCT01234567 Ã¤Ã¶ � % ± COVID-19 12 weeks 1,000 and".split()
)
NOISE = st.one_of(
    st.text(max_size=300),
    st.lists(WORDS, max_size=120).map(" ".join),
    st.lists(WORDS, max_size=60).map(lambda w: " ".join(w).upper()),
)


@given(title=NOISE, abstract=NOISE)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_judged_without_an_error_and_every_quote_holds(
    assessor: Assessor, title: str, abstract: str
) -> None:
    article = Article(pmid="9", title=title, abstract=abstract)
    found = assessor.assess(article)
    assert 0.0 <= found.design.confidence <= 1.0
    assert all(q.holds(article) for q in every_quote(found))


LETTERS = st.text(alphabet="bcdfghjklmnpqrstvwxzäöüß éàç", min_size=0, max_size=400)


@given(title=LETTERS, abstract=LETTERS)
@settings(max_examples=80, deadline=None)
def test_noise_never_gets_a_confident_design(title: str, abstract: str) -> None:
    found = NOISE_ASSESSOR.assess(Article(pmid="9", title=title, abstract=abstract))
    assert found.design.id == "other" or found.design.confidence < 0.6


NOISE_ASSESSOR = Assessor(catalog.load(QUERIES))


def test_a_very_long_abstract_is_read(assessor: Assessor) -> None:
    article = dataclasses.replace(TRIAL, abstract=(TRIAL.abstract + " ") * 110)
    assert len(article.abstract) > 40_000
    found = assessor.assess(article)
    assert found.design.id == "randomized_controlled_trial"
    assert all(q.holds(article) for q in every_quote(found))


def test_capitals_are_read_like_any_other_text(assessor: Assessor) -> None:
    article = dataclasses.replace(TRIAL, title=TRIAL.title.upper(), abstract=TRIAL.abstract.upper())
    assert assessor.assess(article).design.id == "randomized_controlled_trial"


PLAIN = TRIAL.abstract
for _label in ("BACKGROUND: ", "METHODS: ", "RESULTS: ", "CONCLUSION: "):
    PLAIN = PLAIN.replace(_label, "")


@pytest.mark.parametrize(
    ("abstract", "least"),
    [
        ("", 0.0),
        (PLAIN, 0.6),  # structured, but the labels are lost
        (PLAIN.replace(". ", "."), 0.6),  # and the spaces too
        (PLAIN.upper(), 0.6),
        (PLAIN.encode("utf-8").decode("cp1252", "replace").replace("e", "Ã©"), 0.0),
        ("Les patients ont été traités par la naltrexone et non par nous, dans une étude.", 0.0),
        ("患者はナルトレキソンで治療された。", 0.0),
        ("Пациенты получали налтрексон в течение двенадцати недель.", 0.0),
        (" \n\t ", 0.0),
        ("\x00\ufeff\ud7ff\u202e" * 50, 0.0),
        ("1 2 3 4 5 " * 400, 0.0),
        ("(" * 3000 + "n = 30" + ")" * 3000, 0.0),
    ],
)
def test_bad_abstracts_raise_nothing_and_claim_nothing(
    assessor: Assessor, abstract: str, least: float
) -> None:
    article = Article(pmid="10", title="Naltrexone in daily life", abstract=abstract)
    found = assessor.assess(article)
    assert all(q.holds(article) for q in every_quote(found))
    if least:
        assert found.design.id == "randomized_controlled_trial"
        assert found.design.confidence > least
    else:
        assert found.design.id == "other" or found.design.confidence < 0.8


PIECES = st.sampled_from([TRIAL.abstract, PLAIN, PLAIN.upper(), "Ã¤ � ", "\n\n", "Die Patienten "])


@given(pieces=st.lists(PIECES, max_size=120), cut=st.integers(0, 40_000))
@settings(max_examples=15, deadline=None)
def test_pieces_of_abstracts_up_to_forty_thousand_letters_are_read(
    pieces: list[str], cut: int
) -> None:
    article = Article(pmid="11", title="Naltrexone", abstract="".join(pieces)[:cut])
    found = NOISE_ASSESSOR.assess(article)
    assert all(q.holds(article) for q in every_quote(found))
    assert 0.0 <= found.design.confidence <= 1.0


def test_the_quick_answer_on_topics_is_the_whole_one(
    assessor: Assessor, sample: list[Article]
) -> None:
    strangers = [
        Article(pmid="1", title="Growth of barley on sandy soils"),
        Article(pmid="2", title="Barley", keywords=("low-dose naltrexone",)),
        Article(pmid="3", title="Barley", mesh=(MeshHeading("Naltrexone", "D009271", major=True),)),
    ]
    for article in [*sample, *strangers]:
        assert assessor.topics(article) == assessor.assess(article).topics()
    assert assessor.topics(strangers[0]) == ()


def test_labelling_leaves_the_garbage_collector_as_it_found_it(
    assessor: Assessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    read = assessor._computed
    monkeypatch.setattr(assessor, "_computed", lambda a: seen.append(gc.isenabled()) or read(a))
    assessor.assess(TRIAL)
    assert (seen, gc.isenabled()) == ([False], True)
    gc.disable()
    try:
        assessor.assess(TRIAL)
        assert not gc.isenabled()
    finally:
        gc.enable()
    monkeypatch.setattr(assessor, "_computed", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        assessor.assess(TRIAL)
    assert gc.isenabled()


def test_papers_read_together_get_the_labels_that_each_gets_alone(assessor: Assessor) -> None:
    silent = Article(pmid="2", title="", abstract="")
    foreign = Article(
        pmid="3",
        title="Müdigkeit",
        abstract="Die Patienten wurden mit der Behandlung und den Kontrollen verglichen.",
    )
    beyond = Article(pmid="4", title="Cortisol 𝛽 in ME/CFS", abstract="Cortisol was not lower. 𝛽.")
    papers = [
        TRIAL,
        silent,
        foreign,
        dataclasses.replace(TRIAL, pmid="5", keywords=("CFS",)),
        beyond,
    ] * 9
    assert assessor.assess_all(papers) == [assessor.assess(paper) for paper in papers]
    assert assessor.assess_all([]) == []
