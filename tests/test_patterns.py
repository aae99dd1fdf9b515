"""The cue language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cues import CueError, parse
from monitor.patterns import Matcher, longest


def found(cue: str, text: str) -> list[str]:
    return [text[h.start : h.end] for h in Matcher([("x", cue)]).find(text)]


@pytest.mark.parametrize(
    ("cue", "text", "hits"),
    [
        (
            "chronic fatigue",
            "Chronic-fatigue, chronic (fatigue).",
            ["Chronic-fatigue", "chronic (fatigue"],
        ),
        ("chronic fatigue", "chronic. Fatigue", []),
        ("chronic fatigue", "chronic, fatigue", []),
        ("mitochondri*", "Mitochondrial and mitochondria", ["Mitochondrial", "mitochondria"]),
        ("CFS", "CFS cfs", ["CFS"]),
        ("TRPM3", "trpm3 TRPM3", ["TRPM3"]),
        ("NK cell*", "NK cells and nk cells", ["NK cells"]),
        ("(mice|rat model)", "a rat model of mice", ["rat model", "mice"]),
        ("failed ~2 improve*", "failed to really improve", ["failed to really improve"]),
        ("failed ~1 improve*", "failed to really improve", []),
        ("failed ~3 improve*", "failed. Then improved", []),
        ("4.5 mg", "14.5 mg or 4.5 mg", ["4.5 mg"]),
        ("natural killer (cell*|)", "natural killer", ["natural killer"]),
    ],
)
def test_a_cue_matches_what_a_reader_would_expect(cue: str, text: str, hits: list[str]) -> None:
    assert found(cue, text) == hits


@pytest.mark.parametrize(
    ("cue", "said"),
    [
        ("", "match nothing"),
        ("(a|", "without a closing"),
        ("a)", "closing bracket"),
        ("a|b", "inside brackets"),
        ("~3 a", "both sides"),
        ("a ~3", "both sides"),
        ("a ~99 b", "between"),
        ("a * b", "stands alone"),
        ("(a|b|)", "match nothing"),
    ],
)
def test_a_cue_that_cannot_be_read_says_why(cue: str, said: str) -> None:
    with pytest.raises(CueError, match=said):
        parse(cue)


@given(st.text(max_size=300))
def test_offsets_are_those_of_the_text_and_nothing_breaks(text: str) -> None:
    matcher = Matcher([("a", "a*"), ("b", "the ~3 of"), ("c", "(x|y) z"), ("d", "İ")])
    for hit in matcher.find(text):
        assert 0 <= hit.start < hit.end <= len(text)


def test_the_longest_hit_of_a_key_is_kept() -> None:
    matcher = Matcher([("k", "natural killer"), ("k", "natural killer cells")])
    assert [h.end for h in longest(matcher.find("natural killer cells"))] == [20]
