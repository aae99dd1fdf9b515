"""Words as numbers in arrays, so that readers ask about a whole text at once. Pure.

A lexicon gives each distinct word a number when it is first met. What a reader knows of words (the
row of a weight, whether it is a number) is a column of the lexicon: worked out once for each word,
and then taken for all words of a text by one array operation. Lexicons are bounded: a full one is
left to the texts that hold it, and a new one is begun.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt

from monitor.patterns import Numbers, Sifted, unsifted
from monitor.splitting import BROKEN, JOINED, STOPPED, Tokens, tokenize

Value = TypeVar("Value", bound=np.generic)
Ints = npt.NDArray[np.int64]

#: Words remembered; hostile text must not fill the memory.
_MOST_REMEMBERED = 200_000
#: Texts of fewer words or letters are quicker to walk through than to put into arrays.
_FEW, _SHORT = 40, 300
_BLANK = np.uint16(ord(" "))
#: Between texts that are read together: no cue goes on over the end of a line.
_BETWEEN = "\n"


class Lexicon(dict[str, int]):
    """Numbers of words in the order in which they were met; `words` are the words by number."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._lock = Lock()

    def __missing__(self, word: str) -> int:
        with self._lock:
            number = self.get(word)
            if number is None:
                number = len(self.words)
                self.words.append(word)
                self[word] = number
        return number


class NumberedTokens(Tokens):
    """Tokens whose words have numbers: `lexicon.words[ids[i]]` is word `i`."""

    __slots__ = ("ids", "lexicon")

    def __init__(self, plain: Tokens, lexicon: Lexicon, ids: npt.NDArray[np.intp]) -> None:
        super().__init__(plain.words, plain.starts, plain.ends, plain.kinds, plain.until)
        self.lexicon, self.ids = lexicon, ids


class _Shared:
    """The lexicon that texts are numbered by now."""

    lexicon: ClassVar[Lexicon] = Lexicon()


def number(text: str) -> NumberedTokens:
    """Words of a text with their offsets and numbers: the tokens of `tokenize`."""
    words, starts, ends, kinds, until = _split(text)
    return _numbered(Tokens(words, starts.tolist(), ends.tolist(), kinds.tolist(), until.tolist()))


def number_all(texts: Sequence[str]) -> list[NumberedTokens]:
    """The same for texts that are read together: each is a part of a whole."""
    words, starts, ends, kinds, until = _split(_BETWEEN.join(texts))
    lengths = np.array([len(text) for text in texts])
    begins = np.concatenate(((0,), (lengths + len(_BETWEEN)).cumsum()))
    parts = starts.searchsorted(begins)
    counts = np.diff(parts)
    shift = np.repeat(begins[:-1], counts)
    whole = _numbered(
        Tokens(
            words, (starts - shift).tolist(), (ends - shift).tolist(), kinds.tolist(),
            until.tolist(),
        )
    )  # fmt: skip
    whole.parts = parts.tolist()
    return [_part(whole, i) for i in range(len(texts))]


def _numbered(plain: Tokens) -> NumberedTokens:
    lexicon = _Shared.lexicon
    if len(lexicon) > _MOST_REMEMBERED:
        lexicon = _Shared.lexicon = Lexicon()
    words = plain.words
    return NumberedTokens(
        plain, lexicon, np.fromiter(map(lexicon.__getitem__, words), np.intp, len(words))
    )


def _part(whole: NumberedTokens, number: int) -> NumberedTokens:
    first, last = whole.parts[number : number + 2]
    words, starts, ends = whole.words[first:last], whole.starts[first:last], whole.ends[first:last]
    kinds = whole.kinds[first : last + 1]
    plain = Tokens(words, starts, ends, kinds, [])
    part = NumberedTokens(plain, whole.lexicon, whole.ids[first:last])
    part.whole, part.part, part.first = whole, number, first
    return part


#: What a character is: a letter or digit, an ASCII digit, one of those that may join digits to a
#: word ("4.5"), and what it does between words, as JOINED, BROKEN or STOPPED.
_LETTER, _DIGIT, _JOINER = 1, 2, 4


_LETTERS = np.frombuffer(bytes(map(str.isalnum, map(chr, range(1 << 16)))), np.uint8)
_CLASSES = _LETTERS * np.uint8(_LETTER)
_CLASSES[[ord(c) for c in "0123456789"]] |= _DIGIT
_CLASSES[[ord(c) for c in ".,·"]] |= _JOINER
_RANKS = np.full(1 << 16, JOINED, np.uint8)
_RANKS[[ord(c) for c in ",:"]] = BROKEN
_RANKS[[ord(c) for c in ".;!?\n"]] = STOPPED


class _Split(NamedTuple):
    """What `Tokens` are made of, in arrays."""

    words: list[str]
    starts: Ints
    ends: Ints
    kinds: npt.NDArray[np.uint8]
    until: Ints


def _split(text: str) -> _Split:
    """What `tokenize` says, told by arrays where that is quicker."""
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    if len(text) < _SHORT or len(codes) != len(text):  # or a letter beyond the first plane
        return _tokenized(text)
    classes = _CLASSES.take(codes)
    inside = np.zeros(len(codes) + 2, np.bool_)
    letters = (classes & _LETTER).view(np.bool_)
    inside[1:-1] = letters
    joiners = (classes[1:-1] & _JOINER).nonzero()[0] + 1
    joiners = joiners[letters[joiners - 1] & ((classes[joiners + 1] & _DIGIT) != 0)]
    inside[joiners + 1] = True
    bounds = (inside[1:] != inside[:-1]).nonzero()[0]
    blank = np.where(inside[1:-1], codes, _BLANK)  # for all that is in no word
    cuts = _cuts(classes, joiners)
    if cuts:
        bounds = np.sort(np.concatenate((bounds, cuts, cuts)))
        blank = np.insert(blank, cuts, _BLANK)
    starts, ends = bounds[0::2], bounds[1::2]
    if not len(starts):
        return _tokenized(text)
    ranks = _RANKS.take(codes)
    ranks[joiners] = JOINED
    kinds = np.full(len(starts) + 1, STOPPED, np.uint8)
    kinds[1:-1] = np.maximum.reduceat(ranks[: ends[-1]], ends[:-1]) if len(starts) > 1 else ()
    stops = (kinds == STOPPED).nonzero()[0]
    words = blank.tobytes().decode("utf-16-le", "surrogatepass").split()
    return _Split(words, starts, ends, kinds, np.repeat(stops[1:], np.diff(stops)))


def _tokenized(text: str) -> _Split:
    plain = tokenize(text)
    starts, ends, until = (np.array(a, np.int64) for a in (plain.starts, plain.ends, plain.until))
    return _Split(plain.words, starts, ends, np.array(plain.kinds, np.uint8), until)


def _cuts(classes: npt.NDArray[np.uint8], joiners: npt.NDArray[np.intp]) -> list[int]:
    """Where a word ends and the next begins with nothing between: after the digits of "4.5mg"."""
    if not len(joiners):
        return []
    kinds = classes & (_LETTER | _DIGIT)
    turns = ((kinds[:-1] == _LETTER | _DIGIT) & (kinds[1:] == _LETTER)).nonzero()[0]
    joined = set(joiners.tolist())
    cuts = []
    for turn in turns.tolist():
        at = turn
        while at >= 0 and classes[at] & _DIGIT:
            at -= 1
        if at in joined:
            cuts.append(turn + 1)
    return cuts


class Column(Generic[Value]):
    """What `value` says of each word, by the numbers of a lexicon. Safe to share between threads.

    `value` must say the same of the same word for good; `at_once` says that it takes a list. With a
    `width` it says so many things of a word, and there is a row for each.
    """

    def __init__(
        self,
        value: Callable[[Any], Any],
        dtype: type[Value],
        *,
        at_once: bool = False,
        width: int | None = None,
    ) -> None:
        self._value, self._dtype, self._at_once = value, dtype, at_once
        self._shape = () if width is None else (width,)
        self._lock = Lock()
        self._known: tuple[Lexicon, npt.NDArray[Value], int] = (
            Lexicon(), np.empty((0, *self._shape), dtype), 0,
        )  # fmt: skip

    def of(self, tokens: NumberedTokens) -> npt.NDArray[Value]:
        """The values of the words of a text, in order."""
        whole = cast("NumberedTokens", tokens if tokens.whole is None else tokens.whole)
        values: npt.NDArray[Value] | None = whole.found.get(self)
        if values is None:
            values = whole.found[self] = self._of(whole)
        return values[tokens.first : tokens.first + len(tokens.words)]

    def _of(self, tokens: NumberedTokens) -> npt.NDArray[Value]:
        lexicon, values, filled = self._known
        if lexicon is not tokens.lexicon or filled < len(lexicon):
            values = self._fill(tokens.lexicon)
        return values.take(tokens.ids, axis=0)

    def _fill(self, lexicon: Lexicon) -> npt.NDArray[Value]:
        """Values of all words that the lexicon has by now."""
        with self._lock:
            known, values, filled = self._known
            if known is not lexicon:
                values, filled = np.empty((0, *self._shape), self._dtype), 0
            new = lexicon.words[filled:]
            size = filled + len(new)
            if size > len(values):
                grown = np.empty((2 * size, *self._shape), self._dtype)
                grown[:filled] = values[:filled]
                values = grown
            values[filled:size] = self._value(new) if self._at_once else list(map(self._value, new))
            self._known = lexicon, values, size
        return values


class Words:
    """Finds the words of a text of which something holds, such as that they begin with a digit.

    `by_part` says that it holds of a text as soon as it holds of one of its words: then most new
    words are asked about all at once. What all of these know of a word is one column, for a column
    costs the more the more often words are new.
    """

    _all: ClassVar[list[Words]] = []
    _flags: ClassVar[Column[np.int64]]

    def __init__(self, holds: Callable[[str], bool], *, by_part: bool = False) -> None:
        self._holds, self._by_part = holds, by_part
        self._bit = 1 << len(Words._all)
        Words._all.append(self)
        Words._flags = Column(_flags_of(tuple(Words._all)), np.int64, at_once=True)

    def places(self, tokens: NumberedTokens) -> list[int]:
        """Numbers of those words in the text, in order; worked out once for a text."""
        known: list[int] | None = tokens.found.get(self)
        if known is None:
            known = self._places(tokens) if tokens.whole is None else self._in_part(tokens)
            tokens.found[self] = known
        return known

    def _in_part(self, tokens: NumberedTokens) -> list[int]:
        every = self.places(cast("NumberedTokens", tokens.whole))
        shift = tokens.first
        first = bisect_left(every, shift)
        last = bisect_left(every, shift + len(tokens.words), first)
        return [place - shift for place in every[first:last]]

    def _places(self, tokens: NumberedTokens) -> list[int]:
        places: list[int] = (Words._flags.of(tokens) & self._bit).nonzero()[0].tolist()
        return places

    def inside(self, tokens: NumberedTokens, first: int, last: int) -> list[int]:
        """The same for the words `first` to `last`, the last one left out."""
        places = self.places(tokens)
        return places[bisect_left(places, first) : bisect_left(places, last)]


def _flags_of(known: tuple[Words, ...]) -> Callable[[list[str]], list[int]]:
    def flags_of(words: list[str]) -> list[int]:
        flags = [0] * len(words)
        text = "\n".join(words)
        for one in known:
            holds = one._holds  # noqa: SLF001 - one class with them
            if not one._by_part or holds(text):  # noqa: SLF001
                for at, word in enumerate(words):
                    if holds(word):
                        flags[at] |= one._bit  # noqa: SLF001
        return flags

    return flags_of


#: So many bits stand for the places of the trie to which first words lead. Where two places share
#: one, a word is looked at in vain. One more says that a word is a cue alone.
_BITS = 62
_COMPLETE = 1 << _BITS
#: Gaps of at most so many words are told from wider ones, which find a word more often by chance.
_NARROW = 3
#: Words ahead are taken together by these steps: as many as a gap may have, and one more, which is
#: four for a narrow gap and thirteen for a wide one.
_TO_NARROW, _TO_WIDE = (1, 2), (4, 5)
#: What may follow on a first word: next to it, after a narrow gap, after a wide one.
_WAYS = 3


class Sieve:
    """Tells at which words of a text a cue may start: it misses none, and few others pass.

    Each number of a word has three sets of bits for the places to which it leads from the root, by
    the ways in which cues go on from there, and three for the places at which it goes on. A word
    passes if what may follow on it does follow in the same statement.
    """

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._column = Column(numbers.look_up, np.int64)
        self._bits: dict[str, list[int]] = {}
        self._known: tuple[Ints, int] = (np.zeros((2 * _WAYS, 0), np.int64), 0)
        self._lock = Lock()
        places: dict[int, int] = {}
        for part, node in numbers.openings().items():
            bit = 1 << places.setdefault(id(node), len(places)) % _BITS
            branches = [(0, node.words)] if node.words else []
            branches += [(1 if w <= _NARROW else 2, after.words) for w, after in node.gaps.items()]
            self._add(part, 0, _COMPLETE if node.outs else 0)
            for way, words in branches:
                self._add(part, way, bit)
                for following in words:
                    self._add(following, _WAYS + way, bit)

    def _add(self, part: str, row: int, bit: int) -> None:
        self._bits.setdefault(part, [0] * (2 * _WAYS))[row] |= bit

    def __call__(self, tokens: Tokens) -> Sifted:
        """Numbers of the words, and where a cue may start."""
        if not isinstance(tokens, NumberedTokens):
            return unsifted(list(map(self._numbers.__getitem__, tokens.words)))
        numbers = self._column.of(tokens)
        if len(numbers) < _FEW:
            return unsifted(numbers.tolist())
        onward, to_narrow, to_wide, *follow = self._columns().take(numbers, axis=1)
        kinds = np.frombuffer(bytes(tokens.kinds), np.uint8)
        following, narrow, wide = _following(kinds[1:-1], *follow)
        far = ((to_narrow & narrow) | (to_wide & wide)) != 0
        passed = far | ((onward & following) != 0)
        complete = (onward & _COMPLETE).nonzero()[0]
        return Sifted(
            numbers.tolist(), complete.tolist(), passed.nonzero()[0].tolist(), far.tobytes()
        )

    def _columns(self) -> Ints:
        """The bits of all numbers that are known by now: a column for each, and room for more."""
        columns, filled = self._known
        parts = self._numbers.parts
        if filled < len(parts):
            with self._lock:
                columns, filled = self._known
                size = len(parts)
                if size > columns.shape[1]:
                    columns = np.zeros((2 * _WAYS, 2 * size), np.int64)
                    columns[:, :filled] = self._known[0][:, :filled]
                for column in range(filled, size):
                    for name in parts[column]:
                        columns[:, column] |= self._bits.get(name, 0)
                self._known = columns, size
        return columns


def _following(
    kinds: npt.NDArray[np.uint8], next_to: Ints, narrow: Ints, wide: Ints
) -> tuple[Ints, Ints, Ints]:
    """For each word the bits of the words after it, as far as each way goes.

    `kinds` tell what stands between the words. No way leads out of a statement.
    """
    statements = np.concatenate(((0,), (kinds == STOPPED).cumsum()))
    beside = statements[1:] == statements[:-1]
    following, near, far = np.zeros((_WAYS, len(wide)), np.int64)
    following[:-1] = next_to[1:] * (kinds == JOINED)
    near[:-1], far[:-1] = narrow[1:] * beside, wide[1:] * beside
    for step in _TO_NARROW + _TO_WIDE:
        together = statements[step:] == statements[:-step]
        far[:-step] |= far[step:] * together
        if step in _TO_NARROW:
            near[:-step] |= near[step:] * together
    return following, near, far
