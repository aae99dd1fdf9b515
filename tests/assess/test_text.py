from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.assess.language import language_of
from monitor.assess.text import read_text, split_sentences
from monitor.model import Article, FieldName, Section, SectionCategory
from monitor.splitting import tokenize


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Scores fell (p < 0.05 vs. baseline) in both groups.",
        "Smith et al. found nothing of the kind.",
        "Stool held more S. aureus and E. coli than before.",
        "Some drugs, e.g. Naltrexone, were stopped.",
        "Sleep (approx. 7.5 h) was kept, i.e. Nights were quiet.",
        "The mean was 4.5 mg per day in the U.S. National sample.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert sentences(text) == [text]


def test_sentences_end_where_a_reader_would_end_them() -> None:
    text = "We looked at 30 adults. They tired easily! Why? mTOR was low. Vitamin C. The end."
    assert sentences(text) == [
        "We looked at 30 adults.",
        "They tired easily!",
        "Why?",
        "mTOR was low.",
        "Vitamin C.",
        "The end.",
    ]


def test_a_lost_space_after_a_full_stop_still_ends_the_sentence() -> None:
    assert sentences("Sleep was poor.Pain was worse.") == ["Sleep was poor.", "Pain was worse."]


@given(st.text(max_size=600))
@settings(max_examples=200, deadline=None)
def test_sentences_are_in_order_and_hold_everything_but_space(text: str) -> None:
    spans = split_sentences(text)
    at, rest = 0, ""
    for start, end in spans:
        assert at <= start < end <= len(text)
        rest += text[at:start]
        at = end
    assert not (rest + text[at:]).strip()


def labelled() -> Article:
    parts = [
        ("BACKGROUND", SectionCategory.BACKGROUND, "Exertion harms. Nobody knows why."),
        ("METHODS", SectionCategory.METHODS, "Ten adults walked."),
        ("WHAT WE SAW", SectionCategory.RESULTS, "They were slower."),
    ]
    abstract, sections = "", []
    for label, category, text in parts:
        abstract += ("\n" if abstract else "") + label + ": "
        sections.append(Section(label, category, len(abstract), len(abstract) + len(text)))
        abstract += text
    return Article(pmid="1", title="A walk", abstract=abstract, sections=tuple(sections))


def test_labels_are_no_part_of_a_sentence_and_give_the_role() -> None:
    text = read_text(labelled())
    assert text.structured
    assert [
        (text.of(s), s.role.value) for s in text.sentences if s.field is FieldName.ABSTRACT
    ] == [
        ("Exertion harms.", "background"),
        ("Nobody knows why.", "background"),
        ("Ten adults walked.", "methods"),
        ("They were slower.", "results"),
    ]


def test_labels_in_running_text_are_found_too() -> None:
    abstract = (
        "Background: Exertion harms the patients of the study. METHODS: Ten of the adults walked. "
        "Results: They were slower than the others. CONCLUSION: Walking is hard for the patients."
    )
    text = read_text(Article(pmid="1", title="", abstract=abstract))
    assert [s.role.value for s in text.sentences] == [
        "background",
        "methods",
        "results",
        "conclusions",
    ]
    assert not any("METHODS" in text.of(s) or "CONCLUSION" in text.of(s) for s in text.sentences)


def test_without_labels_roles_follow_words_and_order() -> None:
    abstract = (
        "Exertion intolerance remains a poorly known disorder. We aimed to investigate its cause. "
        "Thirty adults were recruited and underwent a walking test. Oxygen use was significantly "
        "lower in patients (p < 0.01). These findings suggest that muscles may be at fault."
    )
    text = read_text(Article(pmid="1", title="Walking", abstract=abstract))
    assert [s.role.value for s in text.sentences[1:]] == [
        "background",
        "objective",
        "methods",
        "results",
        "conclusions",
    ]
    assert not text.structured


def test_the_sentence_at_a_place_is_found_and_labels_are_in_none() -> None:
    text = read_text(labelled())
    at = text.abstract.index("Ten adults")
    found = text.sentence_at(FieldName.ABSTRACT, at + 3)
    assert found is not None
    assert [t.text for t in text.tokens_of(found)] == ["Ten", "adults", "walked"]
    assert text.sentence_at(FieldName.ABSTRACT, text.abstract.index("METHODS")) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "German",
            "Die Patienten wurden mit einer neuen Therapie behandelt und nicht befragt von uns",
        ),
        (
            "Spanish",
            "Los pacientes con fatiga se trataron en el hospital y una parte no por la noche",
        ),
        ("Chinese", "患者接受了治疗并且症状得到了改善研究结果显示没有差异"),
        ("Russian", "Пациенты получали лечение и симптомы уменьшились у всех"),
        ("English", "The patients were treated with a new therapy and were asked by us"),
        ("English", "THE PATIENTS WERE TREATED WITH A NEW THERAPY AND WERE ASKED BY US"),
    ],
)
def test_the_language_is_told(language: str, text: str) -> None:
    assert language_of(tokenize(text), text) == language


def test_an_abstract_in_another_language_is_not_read() -> None:
    abstract = "Die Patienten wurden mit einer neuen Therapie behandelt und nicht befragt von uns."
    text = read_text(Article(pmid="1", title="[A therapy].", abstract=abstract))
    assert not text.language_ok
    assert text.abstract == ""
    assert [s.field for s in text.sentences] == [FieldName.TITLE]
