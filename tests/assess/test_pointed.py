"""Whether the quote that is shown is a passage that readers pointed at."""

from __future__ import annotations

import pytest

from monitor.assess.pointed import Pointed, Shown, Span, pointed, shown
from monitor.model import Article, FieldName, Quote, Stance

ABSTRACT = "Cortisol was lower in patients. Cytokines did not differ. We need more trials."
PAPER = Article(pmid="1", title="Cortisol", abstract=ABSTRACT)
FIRST, SECOND, LAST = (
    Span(FieldName.ABSTRACT, ABSTRACT.index(s), ABSTRACT.index(s) + len(s))
    for s in (
        "Cortisol was lower in patients.",
        "Cytokines did not differ.",
        "We need more trials.",
    )
)


def quote(span: Span) -> Quote:
    return Quote.of(PAPER, span.field, span.start, span.end)


def test_offsets_are_taken_as_they_stand() -> None:
    label = {"id": "hpa_axis", "stance": "supports", "for": [["abstract", 0, 31]], "against": []}
    assert pointed(label, PAPER) == Pointed((FIRST,), ())


def test_a_quote_is_found_though_spaces_differ_and_words_are_left_out() -> None:
    label = {"id": "a", "stance": "refutes", "quote": "cytokines did  not differ"}
    found = pointed(label, PAPER)
    assert found is not None
    assert found.opposing[0].shows(SECOND)
    label["quote"] = "Cortisol was lower … need more trials"
    found = pointed(label, PAPER)
    assert found is not None
    assert [span.shows(s) for span, s in zip(found.opposing, (FIRST, LAST), strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("words", ["", "Cortisol was higher", "not"])
def test_words_that_do_not_stand_there_point_at_nothing(words: str) -> None:
    assert pointed({"id": "a", "stance": "supports", "quote": words}, PAPER) is None


def test_a_quote_shows_a_passage_or_another_one() -> None:
    passages = Pointed((FIRST, LAST), (SECOND,))
    assert shown([quote(FIRST)], Stance.SUPPORTS, passages) == (Shown(any=True, first=True),)
    assert shown([quote(LAST)], Stance.SUPPORTS, passages) == (Shown(any=True, first=False),)
    assert shown([quote(SECOND)], Stance.SUPPORTS, passages) == (Shown(any=False, first=False),)
    assert shown([quote(SECOND)], Stance.REFUTES, passages) == (Shown(any=True, first=True),)
    assert shown([], Stance.SUPPORTS, passages) == ()


def test_a_mixed_claim_has_a_quote_for_either_side() -> None:
    passages = Pointed((FIRST,), (SECOND,))
    both = shown([quote(FIRST), quote(LAST)], Stance.MIXED, passages)
    assert both == (Shown(any=True, first=True), Shown(any=False, first=False))
    unsided = Pointed((SECOND,), (SECOND,), sided=False)
    assert shown([quote(FIRST), quote(SECOND)], Stance.MIXED, unsided) == (
        Shown(any=True, first=True),
    )


def test_part_of_a_sentence_shows_it_and_a_neighbour_does_not() -> None:
    part = Span(FieldName.ABSTRACT, FIRST.start + 5, FIRST.end)
    assert part.shows(FIRST)
    assert not part.shows(SECOND)
    assert not part.shows(Span(FieldName.TITLE, FIRST.start, FIRST.end))
