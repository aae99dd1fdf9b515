"""Words as numbers: the same words, offsets and hits as without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import lexicon
from monitor.lexicon import Column, Sieve, Words, number
from monitor.patterns import Matcher, Pool
from monitor.splitting import tokenize

#: Letters, digits, what joins them and what parts them; of other scripts and beyond the first plane.
_LETTERS = st.sampled_from("aBm1250.,· \n:;!?-_/()²٣ß漢\u2009≥İ\ud800\U0001f600")
_CUES = (
    ("a", "a"), ("b", "a b"), ("c", "a ~3 b"), ("d", "(a|b) ~12 (c|d)"), ("e", "c* (d|e)"),
    ("f", "a ~2 b ~4 d e"), ("g", "B2 ~1 c"), ("h", "e ~5 e"), ("i", "b c d"), ("j", "d ~4 a"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _arrays_for_short_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "_SHORT", 1)
    monkeypatch.setattr(lexicon, "_FEW", 1)


@given(st.text(_LETTERS, max_size=40))
def test_numbered_words_are_those_of_the_plain_way(text: str) -> None:
    plain, numbered = tokenize(text), number(text)
    assert numbered.words == plain.words
    assert (numbered.starts, numbered.ends) == (plain.starts, plain.ends)
    assert (numbered.kinds, numbered.until) == (plain.kinds, plain.until)
    assert [numbered.lexicon.words[i] for i in numbered.ids] == plain.words


def test_words_without_a_space_between_are_two() -> None:
    assert number("at 4.5mg a day, 12.5mg.7 at most").words[1:3] == ["4.5", "mg"]


@given(
    st.lists(st.sampled_from("a b c cc d e x B2 , . ( -".split()), min_size=2, max_size=60).map(
        " ".join
    )
)
def test_a_sieve_misses_no_cue(text: str) -> None:
    sifted = Matcher(_CUES, Pool(Sieve)).find(text, number(text))
    assert sifted == Matcher(_CUES).find(text)


def test_a_sieve_passes_few_words_in_vain() -> None:
    text = "x a x x x c x e x x c d x. a. b c, d"
    sieve_of: list[Sieve] = []

    def make(numbers: lexicon.Numbers) -> Sieve:
        sieve_of.append(Sieve(numbers))
        return sieve_of[0]

    cues = [("k", "a ~3 b"), ("l", "c d"), ("m", "e")]
    Matcher(cues, Pool(make)).find(text, number(text))
    sifted = sieve_of[0](number(text))
    assert list(sifted.places) == [10]
    assert list(sifted.complete) == [7]
    assert not any(sifted.far)


def test_a_full_lexicon_is_left_and_columns_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    column, long = Column(len, lexicon.np.int64), Words(lambda w: len(w) > 3)
    before = number("one three")
    assert column.of(before).tolist() == [3, 5]
    monkeypatch.setattr(lexicon, "_MOST_REMEMBERED", 0)
    after = number("seven two")
    assert after.lexicon is not before.lexicon
    assert column.of(after).tolist() == [5, 3]
    assert column.of(before).tolist() == [3, 5]
    assert long.places(after) == [0]
    assert long.inside(before, 1, 2) == [1]
