"""The words around a mechanism, and what they weigh for its label. Pure but for `load`.

The numbers of `evidence.py` say where a mechanism is named and what its sentences do; words say the
rest: that a review is about pathology and not about care, that a level was "within reference", that
the controls were never infected. They come in groups by where they stand (`GROUPS`), each divided
by the square root of its size, so that a long abstract does not outweigh the sentence.

Weights are small whole numbers: their sums are exact in any order, so the same paper always gets
the same label. A word's weights for all regressions are packed into one number, so that one sum
adds up all of them. benchmarks/train_claims.py makes the weights together with those of
`rescorer.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import chain
from math import sqrt
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from monitor.assess.evidence import Evidence
from monitor.assess.text import ABSTRACT, TITLE, Text
from monitor.lexicon import Column, Ints, NumberedTokens
from monitor.model import FieldName

#: The regressions that words speak to, and where words stand: anywhere in the paper, in its title;
#: in clauses that tell what it found, near the mechanism, in its sentences; the cues that named it;
#: and words of the title that tell something about this mechanism only.
MODELS = ("side", "against", "mixed", "noted")
GROUPS = ("paper", "title", "own", "near", "sentence", "cue", "subject")
_PAPER, _TITLE, _OWN, _NEARBY, _SENTENCE, _CUE, _SUBJECT = range(len(GROUPS))
#: Groups of passages, which are added up word by word once for all mechanisms of a paper.
_RUNNING = (_OWN, _NEARBY, _SENTENCE)
#: Words on either side of a mechanism's name that are near it.
_NEAR = 5
_FILE = "mechanism-words.npz"
#: Between a mechanism and a word of the title.
_OF = " "
#: Bits that a regression has in a packed number, and what makes its part positive.
_BITS = 16
_HALF = 1 << (_BITS - 1)
_ALL_HALVES = sum(_HALF << (_BITS * i) for i in range(len(MODELS)))

#: Words remembered as texts write them; hostile text must not fill the memory.
_MOST_REMEMBERED = 100_000

#: Weights of words, packed; and a sum of them with the number of words that were added.
Table = Mapping[str, int]
Sum = tuple[int, int]
Grouped = tuple[Collection[str], ...]


@dataclass(frozen=True, slots=True)
class PaperWords:
    """The words of a paper by field, as they stand there.

    `sums` remembers what title and paper add up to: it is the same for all mechanisms.
    """

    tokens: Mapping[FieldName, NumberedTokens]
    sums: dict[int, Sum] = field(default_factory=dict)

    @classmethod
    def of(cls, text: Text) -> PaperWords:
        """The words of both fields."""
        return cls({TITLE: text.title_tokens, ABSTRACT: text.abstract_tokens})

    @property
    def title(self) -> list[str]:
        """Words of the title."""
        return self.tokens[TITLE].words

    @property
    def all(self) -> set[str]:
        """Words of title and abstract, each once."""
        return {*self.title, *self.tokens[ABSTRACT].words}

    def inside(self, spans: Iterable[Span]) -> list[str]:
        """Words that begin in the spans."""
        found: list[str] = []
        for name, first, last in self.numbered(spans):
            found += self.tokens[name].words[first:last]
        return found

    def numbered(self, spans: Iterable[Span]) -> list[Span]:
        """Spans of letters as spans of words: the numbers of those that begin there."""
        found = []
        for name, start, end in spans:
            starts = self.tokens[name].starts
            first = bisect_left(starts, start)
            found.append((name, first, bisect_left(starts, end, first)))
        return found

    def near(self, evidence: Evidence) -> list[Span]:
        """Spans of the words before and after each name of a mechanism."""
        found: list[Span] = []
        for clause in evidence.clauses:
            name = clause.sentence.field
            starts = self.tokens[name].starts
            for mechanism, _, start, end in clause.mentions:
                if mechanism == evidence.mechanism:
                    first = bisect_left(starts, start)
                    last = bisect_left(starts, end, first)
                    found.append((name, max(first - _NEAR, 0), first))
                    found.append((name, last, min(last + _NEAR, len(starts))))
        return found


#: Where passages begin and end in a field, in letters or in words.
Span = tuple[FieldName, int, int]


def _own(evidence: Evidence) -> list[Span]:
    return [
        (c.sentence.field, c.start, c.end)
        for clauses in (evidence.clauses, evidence.echoes)
        for c in clauses
        if c.own
    ]


def _sentences(evidence: Evidence) -> list[Span]:
    found: list[Span] = []
    before = None
    for clause in evidence.clauses:
        sentence = clause.sentence
        if sentence is not before:
            found.append((sentence.field, sentence.start, sentence.end))
            before = sentence
    return found


def grouped(evidence: Evidence, words: PaperWords) -> Grouped:
    """The words that speak for or against a label of a mechanism, in the order of `GROUPS`.

    This is what training and explanations see; `WordWeights.sums` adds up the same faster.
    """
    own = words.inside(_own(evidence))
    around = words.inside(_sentences(evidence))
    near = [w for f, first, last in words.near(evidence) for w in words.tokens[f].words[first:last]]
    subject = [evidence.mechanism + _OF + w for w in words.title]
    groups = (words.all, words.title, own, near, around, evidence.cues, subject)
    return tuple(list(map(str.lower, group)) for group in groups)


class _Known(dict[str, int]):
    """Weights of words as texts write them, 0 for unknown ones; each is lowered only once."""

    def __init__(self, weights: Table) -> None:
        super().__init__()
        self.weights = weights

    def __missing__(self, word: str) -> int:
        if len(self) > _MOST_REMEMBERED:
            self.clear()
        weight = self[word] = self.weights.get(word.lower(), 0)
        return weight


class _Together(NamedTuple):
    """What is worked out once for all texts that are read together.

    `running` tells what so many first words add up to, for each of `_RUNNING`: what a passage adds
    up to is a difference of two. `weights` are those of the words for the group "paper", `places`
    are 0, 1, 2…; `last` is room for the place of each word of the lexicon.
    """

    running: list[Callable[[int], int]]
    weights: Ints
    places: Ints
    last: Ints


@dataclass(frozen=True)
class WordWeights:
    """Packed weights by group, those of "subject" by mechanism; and what one is worth.

    `scales` has a row a regression and a column a group.
    """

    tables: tuple[_Known, ...]
    subjects: Mapping[str, _Known]
    scales: Sequence[Sequence[float]]
    _rows: Column[np.int64] = field(init=False)
    _sums: object = field(init=False, default_factory=object)  # stands for them in a text

    def __post_init__(self) -> None:
        tables = [self.tables[group].weights for group in (*_RUNNING, _PAPER)]
        known = {word: row for row, word in enumerate(dict.fromkeys(chain(*tables)), start=1)}
        weights = np.zeros((len(known) + 1, len(tables)), np.int64)  # the first row is for others
        for column, table in enumerate(tables):
            weights[[known[word] for word in table], column] = list(table.values())

        def rows(words: list[str]) -> npt.NDArray[np.int64]:
            return weights[[known.get(word, 0) for word in map(str.lower, words)]]

        of_words = Column(rows, np.int64, at_once=True, width=len(tables))
        object.__setattr__(self, "_rows", of_words)

    def sums(self, evidence: Evidence, words: PaperWords) -> tuple[Sum, ...]:
        """What the words of each group add up to."""
        subject = self.subjects.get(evidence.mechanism, _NOTHING)
        title = words.title
        together = self._together(words.tokens[TITLE])
        own, near, around = together.running
        return (
            self._paper(words, together),
            self._title(words),
            _spans(words, own, words.numbered(_own(evidence))),
            _spans(words, near, words.near(evidence)),
            _spans(words, around, words.numbered(_sentences(evidence))),
            (_sum(self.tables[_CUE], evidence.cues), len(evidence.cues)),
            (_sum(subject, title), len(title)),
        )

    def _paper(self, words: PaperWords, together: _Together) -> Sum:
        """What all words of a paper add up to, each once: where it stands last."""
        found = words.sums.get(_PAPER)
        if found is None:
            title, abstract = words.tokens[TITLE], words.tokens[ABSTRACT]
            its = slice(title.first, title.first + len(title) + len(abstract))  # one after another
            ids, places = _whole(title).ids[its], together.places[its]
            together.last[ids] = places
            once = together.last.take(ids) == places
            total = together.weights[its].dot(once).item()
            found = words.sums[_PAPER] = (total, int(np.count_nonzero(once)))
        return found

    def _title(self, words: PaperWords) -> Sum:
        found = words.sums.get(_TITLE)
        if found is None:
            found = words.sums[_TITLE] = (_sum(self.tables[_TITLE], words.title), len(words.title))
        return found

    def _together(self, tokens: NumberedTokens) -> _Together:
        whole = _whole(tokens)
        found: _Together | None = whole.found.get(self._sums)
        if found is None:
            columns = self._rows.of(whole).T
            running = np.zeros((len(_RUNNING), len(whole) + 1), np.int64)
            np.cumsum(columns[: len(_RUNNING)], axis=1, out=running[:, 1:])
            found = whole.found[self._sums] = _Together(
                [row.item for row in running],
                columns[-1].copy(),
                np.arange(len(whole)),
                np.empty(len(whole.lexicon), np.int64),
            )
        return found

    def logit(self, model: str, sums: tuple[Sum, ...]) -> float:
        """What the words add to the log-odds of a regression."""
        number = MODELS.index(model)
        shift = _BITS * number
        total = 0.0
        for (packed, size), scale in zip(sums, self.scales[number], strict=True):
            if packed:
                total += _part(packed, shift) * scale / sqrt(size)
        return total

    def contributions(self, model: str, groups: Grouped) -> list[tuple[str, float]]:
        """What each word adds to the log-odds, as ("group: word", number), unordered."""
        number = MODELS.index(model)
        found: dict[str, float] = {}
        for i, words in enumerate(groups):
            for word in words:
                table, known = self.tables[i], word
                if i == _SUBJECT:
                    mechanism, _, known = word.partition(_OF)
                    table = self.subjects.get(mechanism, _NOTHING)
                packed = table[known]
                if part := _part(packed, _BITS * number):
                    name = f"{GROUPS[i]}: {word}"
                    adds = part * self.scales[number][i] / sqrt(len(words))
                    found[name] = found.get(name, 0.0) + adds
        return list(found.items())

    @classmethod
    def none(cls) -> WordWeights:
        """Words that say nothing."""
        return cls((_NOTHING,) * len(GROUPS), {}, ((0.0,) * len(GROUPS),) * len(MODELS))

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> WordWeights:
        """Read the arrays of the weights file.

        `words` are all words of all groups in UTF-8, one a line; `sizes` how many are of each
        group; `weights` has a row a word and a column a regression; `scales` a row a regression and
        a column a group.
        """
        words = bytes(arrays["words"]).decode("utf-8").split("\n")
        columns = arrays["weights"].astype(np.int64).T
        packed = sum(column << (_BITS * i) for i, column in enumerate(columns)).tolist()
        ends = np.cumsum(arrays["sizes"]).tolist()
        tables = [
            dict(zip(words[a:b], packed[a:b], strict=True))
            for a, b in zip([0, *ends[:-1]], ends, strict=True)
        ]
        subjects: dict[str, dict[str, int]] = {}
        for name, weight in tables[_SUBJECT].items():
            mechanism, _, word = name.partition(_OF)
            subjects.setdefault(mechanism, {})[word] = weight
        return cls(
            tuple(map(_Known, tables)),
            {name: _Known(table) for name, table in subjects.items()},
            arrays["scales"].tolist(),
        )


def _whole(tokens: NumberedTokens) -> NumberedTokens:
    """All texts that are read together with this one."""
    return cast("NumberedTokens", tokens if tokens.whole is None else tokens.whole)


def _spans(words: PaperWords, upto: Callable[[int], int], spans: list[Span]) -> Sum:
    """What the words of spans add up to; `spans` count in words."""
    total = size = 0
    for name, first, last in spans:
        shift = words.tokens[name].first
        total += upto(last + shift) - upto(first + shift)
        size += last - first
    return total, size


def _part(packed: int, shift: int) -> int:
    """The sum for one regression in a packed one."""
    return ((packed + _ALL_HALVES) >> shift & (2 * _HALF - 1)) - _HALF


def _sum(table: _Known, words: Iterable[str]) -> int:
    return sum(map(table.__getitem__, words))


#: The table of a group without words. A word that is asked for is remembered, with no weight.
_NOTHING = _Known({})


def load() -> tuple[WordWeights, bytes]:
    """The weights that come with the program, and the bytes of their file."""
    path = files("monitor.assess") / "weights" / _FILE
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return WordWeights.of(arrays), path.read_bytes()
