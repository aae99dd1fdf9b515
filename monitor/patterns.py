"""Words of a text, and a matcher for many cues at once. Pure.

The language of cues is that of `cues.py`. All cues of a catalog go into one trie over words, and
matchers that read the same texts share one trie (`Pool`), so that a text is read once however many
cues and readers there are. Offsets are those of the text as given: nothing is case-folded or
normalised.

How it is quick: a text is split into words and what stands between them by one regular expression;
each distinct word is turned once into a small number that stands for the parts of cues it fits;
what is done for every word after that is a look-up of its number.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, KeysView, Sequence
from functools import partial
from itertools import accumulate
from operator import itemgetter
from threading import Lock
from typing import Generic, NamedTuple, TypeVar, cast, overload

from monitor.cues import WORD, Gap, parse

Key = TypeVar("Key", bound=Hashable)

_WORD = re.compile(f"({WORD})")
#: The same for texts of which no letter or digit lies beyond Latin-1: a table instead of questions.
_LATIN = "".join(c for c in map(chr, range(256)) if c.isalnum())
_LATIN_WORD = re.compile(f"([{_LATIN}]+(?:[.,·][0-9]+)*)")
_BEYOND = re.compile("[^\x00-\xff\u2000-\u206f\u2200-\u22ff]")
_BREAK = re.compile(r"[.,:;!?\n]")
_STOP = re.compile(r"[.;!?\n]")
#: Words and gaps remembered; hostile text must not fill the memory.
_MOST_REMEMBERED = 200_000
#: What stands between two words: a phrase goes on, only a distance goes on, or nothing does.
_JOINED, _BROKEN, _STOPPED = 0, 1, 2
#: The number of words that are in no cue, and that of the end of a text.
_UNKNOWN, _END = 0, -1
_HEAD = 3
_by_place = itemgetter(0, 1)


class Token(NamedTuple):
    """A word of a text: `text[start:end]`."""

    text: str
    start: int
    end: int


class Hit(NamedTuple, Generic[Key]):
    """A place where a cue matched: `text[start:end]`."""

    key: Key
    start: int
    end: int


# What Token(...) and Hit(...) do in the end, without a function of Python in between.
_token = partial(tuple.__new__, Token)
_hit = partial(tuple.__new__, Hit)


class _Kinds(dict[str, int]):
    """What stands between two words, by its text."""

    def __missing__(self, between: str) -> int:
        if len(self) > _MOST_REMEMBERED:
            self.clear()
        kind = _STOPPED if _STOP.search(between) else _BROKEN if _BREAK.search(between) else _JOINED
        self[between] = kind
        return kind


_KINDS = _Kinds()


class Tokens(Sequence[Token]):
    """The words of a text in order, with what a matcher asks of them. Made by `tokenize`.

    `words`, `starts` and `ends` are those of the tokens, which are made only when asked for.
    `kinds[i]` tells what stands before word `i`, `until[i]` is the first word after word `i` that a
    distance no longer reaches. `found` remembers what pools found.
    """

    __slots__ = ("ends", "found", "kinds", "starts", "until", "words")

    def __init__(
        self, words: list[str], starts: list[int], ends: list[int], kinds: list[int]
    ) -> None:
        self.words, self.starts, self.ends, self.kinds = words, starts, ends, kinds
        self.until: list[int] = []
        for at, kind in enumerate(kinds):
            if kind == _STOPPED:
                self.until += [at] * (at - len(self.until))
        self.found: dict[Pool, list[list[Hit[Hashable]]]] = {}

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[Token]:
        return map(_token, zip(self.words, self.starts, self.ends, strict=True))

    @overload
    def __getitem__(self, at: int) -> Token: ...
    @overload
    def __getitem__(self, at: slice) -> list[Token]: ...
    def __getitem__(self, at: int | slice) -> Token | list[Token]:
        if isinstance(at, slice):
            return list(
                map(_token, zip(self.words[at], self.starts[at], self.ends[at], strict=True))
            )
        return Token(self.words[at], self.starts[at], self.ends[at])


def tokenize(text: str) -> Tokens:
    """Words of a text with their offsets; "4.5" and "3,925" are one word each."""
    latin = text.isascii() or _BEYOND.search(text) is None
    parts = (_LATIN_WORD if latin else _WORD).split(text)
    bounds = list(accumulate(map(len, parts)))
    kinds = list(map(_KINDS.__getitem__, parts[0::2]))
    kinds[0] = kinds[-1] = _STOPPED
    return Tokens(parts[1::2], bounds[0:-1:2], bounds[1::2], kinds)


class _Node:
    """A place in the trie. `outs` are (matcher, key) pairs of cues that end here.

    `words` and `gaps` lead on by parts of cues; `next` and `over` are the same by the numbers of
    words: to the nodes that follow, and to those at a distance, each with how far it may be.
    `reach` is the longest distance, `distant` the keys of `over`.
    """

    __slots__ = ("distant", "gaps", "next", "outs", "over", "reach", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.gaps: dict[int, _Node] = {}
        self.outs: list[tuple[int, Hashable]] = []
        self.next: dict[int, tuple[_Node, ...]] | None = None
        self.over: dict[int, tuple[tuple[int, _Node], ...]] | None = None
        self.distant: KeysView[int] = _NOTHING
        self.reach = 0


_NOTHING: KeysView[int] = {}.keys()
_Following = tuple[_Node, ...]
#: Start and end of a place, and the (matcher, key) pairs of the cues that are there.
_Found = tuple[int, int, list[tuple[int, Hashable]]]


class _Numbers(dict[str, int]):
    """Numbers of words: equal for words that fit the same parts of cues, 0 for those in none.

    `leads` gives for a number what follows at the root of the trie.
    """

    def __init__(self, root: _Node) -> None:
        super().__init__()
        self._lock = Lock()
        self._numbers: dict[tuple[str, ...], int] = {(): _UNKNOWN}
        self._nodes = _nodes(root)
        self._holders: dict[str, list[_Node]] = {}
        for node in self._nodes:
            node.reach = max(node.gaps, default=0)
            node.next = {} if node.words else None
            node.over = {} if node.gaps else None
            if node.over is not None:
                node.distant = node.over.keys()  # a view: it sees what is added later
            for part in dict.fromkeys(
                [*node.words, *(p for g in node.gaps.values() for p in g.words)]
            ):
                self._holders.setdefault(part, []).append(node)
        self._root = root
        self.leads: dict[int, _Following | dict[int, _Following]] = {}
        self._heads: dict[str, list[tuple[str, str]]] = {}
        self._short: list[tuple[str, str]] = []
        for part in self._holders:
            if part[0] == "*":
                prefix = part[1:]
                heads = self._heads.setdefault(prefix[:_HEAD], [])
                (heads if len(prefix) >= _HEAD else self._short).append((prefix, part))

    def __missing__(self, word: str) -> int:
        lower = word.lower()
        parts = [p for p in (lower, "=" + word) if p in self._holders]
        for prefix, part in (*self._short, *self._heads.get(lower[:_HEAD], ())):
            if lower.startswith(prefix):
                parts.append(part)
        with self._lock:
            if len(self) > _MOST_REMEMBERED:
                self.clear()
            number = self[word] = self._number(tuple(parts))
        return number

    def _number(self, parts: tuple[str, ...]) -> int:
        """The number of a set of parts; a new one is made known to every node that it leads on."""
        known = self._numbers.get(parts)
        if known is not None:
            return known
        number = len(self._numbers)
        for node in dict.fromkeys(n for p in parts for n in self._holders[p]):
            following = tuple(node.words[p] for p in parts if p in node.words)
            if following and node.next is not None:
                node.next[number] = following
            distant = tuple(
                (width, after.words[p])
                for width, after in node.gaps.items()
                for p in parts
                if p in after.words
            )
            if distant and node.over is not None:
                node.over[number] = distant
            if node is self._root:
                self.leads[number] = _lead(following)
        self._numbers[parts] = number
        return number


def _lead(nodes: _Following) -> _Following | dict[int, _Following]:
    """Where cues go on that start with a word: only what may follow it, where that is all.

    The last node comes first, as it does from a stack.
    """
    first = nodes[0]
    if len(nodes) == 1 and not first.outs and not first.gaps and first.next is not None:
        return first.next
    return nodes[::-1]


def _share(node: _Node, known: dict[Hashable, _Node]) -> _Node:
    """The same trie with equal branches made one: an eighth of the nodes, so that they stay near.

    "(a|b) ~3 (c|d)" stands for four phrases; what follows on "a" and on "b" is the same.
    """
    for branch in (node, *node.gaps.values()):
        branch.words = {part: _share(n, known) for part, n in branch.words.items()}
    gaps = ((g, part, id(n)) for g, after in node.gaps.items() for part, n in after.words.items())
    words = frozenset((part, id(n)) for part, n in node.words.items())
    return known.setdefault((tuple(node.outs), words, frozenset(gaps)), node)


def _nodes(root: _Node) -> list[_Node]:
    found: dict[_Node, None] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found[node] = None
        stack.extend(node.words.values())
        for after in node.gaps.values():
            stack.extend(after.words.values())
    return list(found)


class Pool:
    """The cues of many matchers in one trie. Matchers are added first and used then.

    What the pool finds is remembered with the tokens of a text, for each of its matchers. Safe to
    share between threads once all matchers are there.
    """

    def __init__(self) -> None:
        self._root = _Node()
        self._size = 0
        self._numbers: _Numbers | None = None

    def add(self, cues: Iterable[tuple[Hashable, str]]) -> int:
        """Add a matcher's cues; its number in the pool. Raises `CueError` for a bad cue."""
        if self._numbers is not None:
            raise RuntimeError("a pool that has been used takes no more cues")
        for key, cue in cues:
            for phrase in parse(cue):
                node = self._root
                for part in phrase:
                    if isinstance(part, Gap):
                        node = node.gaps.setdefault(part.words, _Node())
                    else:
                        node = node.words.setdefault(part, _Node())
                if (self._size, key) not in node.outs:
                    node.outs.append((self._size, key))
        self._size += 1
        return self._size - 1

    def find(self, tokens: Tokens) -> list[list[Hit[Hashable]]]:
        """Hits of each matcher, by start, then end."""
        known = tokens.found.get(self)
        if known is None:
            known = tokens.found[self] = self._find(tokens)
        return known

    def _find(self, tokens: Tokens) -> list[list[Hit[Hashable]]]:
        if self._numbers is None:
            self._root = _share(self._root, {})
            self._numbers = _Numbers(self._root)
        numbers = list(map(self._numbers.__getitem__, tokens.words))
        numbers.append(_END)
        found: list[_Found] = []
        for at, nodes in enumerate(map(self._numbers.leads.get, numbers)):
            if nodes is None:
                continue
            if isinstance(nodes, dict):  # most cues begin with a word that alone says nothing
                following = nodes.get(numbers[at + 1])
                if following is not None and tokens.kinds[at + 1] == _JOINED:
                    _walk(tokens, numbers, at, [(at + 1, n) for n in following], found)
            else:
                _begin(tokens, numbers, at, nodes, found)
        found.sort(key=_by_place)
        return self._hits(found)

    def _hits(self, found: list[_Found]) -> list[list[Hit[Hashable]]]:
        """Hits of each matcher, each once; `found` is in order."""
        hits: list[list[Hit[Hashable]]] = [[] for _ in range(self._size)]
        before = (-1, -1)
        for start, end, outs in found:
            again, before = before == (start, end), (start, end)
            for matcher, key in outs:
                hit = _hit((key, start, end))
                if not again or not _is_last(hits[matcher], hit):
                    hits[matcher].append(hit)
        return hits


def _is_last(hits: list[Hit[Hashable]], wanted: Hit[Hashable]) -> bool:
    """Whether a hit is among the last ones, those at its place."""
    for hit in reversed(hits):
        if hit == wanted:
            return True
        if hit[1] != wanted[1] or hit[2] != wanted[2]:
            break
    return False


def _reach(
    over: dict[int, tuple[tuple[int, _Node], ...]],
    after: int,
    ahead: list[int],
    stack: list[tuple[int, _Node]],
) -> None:
    """Put on the stack what goes on at a distance from a word; `ahead` begins at `after`."""
    for far, number in enumerate(ahead):
        for width, node in over.get(number, ()):
            if far <= width:
                stack.append((after + far, node))


def _begin(
    tokens: Tokens, numbers: list[int], at: int, nodes: _Following, found: list[_Found]
) -> None:
    """The first step of `_walk` from these nodes, without a stack: it is mostly the only one."""
    after = at + 1
    stack: list[tuple[int, _Node]] = []
    for node in nodes:
        if node.outs:
            found.append((tokens.starts[at], tokens.ends[at], node.outs))
        if node.next is not None and tokens.kinds[after] == _JOINED:
            following = node.next.get(numbers[after])
            if following is not None:
                stack = [(after, n) for n in following]
        over = node.over
        if over is not None:
            last, stop = after + node.reach + 1, tokens.until[at]
            ahead = numbers[after : last if last < stop else stop]  # noqa: FURB136 - an inner loop
            if not node.distant.isdisjoint(ahead):
                _reach(over, after, ahead, stack)
        if stack:
            _walk(tokens, numbers, at, stack, found)


def _walk(
    tokens: Tokens,
    numbers: list[int],
    first: int,
    stack: list[tuple[int, _Node]],
    found: list[_Found],
) -> None:
    """All cues that start with the word `first` and go on from these words and nodes."""
    kinds, until = tokens.kinds, tokens.until
    while stack:
        at, node = stack.pop()
        after = at + 1
        if node.outs:
            found.append((tokens.starts[first], tokens.ends[at], node.outs))
        if node.next is not None and kinds[after] == _JOINED:
            following = node.next.get(numbers[after])
            if following is not None:
                for n in following:
                    stack.append((after, n))  # noqa: PERF401 - quicker for one or two
        over = node.over
        if over is not None:
            last, stop = after + node.reach + 1, until[at]
            ahead = numbers[after : last if last < stop else stop]  # noqa: FURB136 - an inner loop
            if not node.distant.isdisjoint(ahead):
                _reach(over, after, ahead, stack)


class Matcher(Generic[Key]):
    """Finds every place of every cue in one pass. Immutable after construction; thread-safe reads.

    `cues` are (key, cue) pairs; one key may have many cues. Raises `CueError` for a bad cue.
    Matchers that are given the same pool read a text together.
    """

    def __init__(self, cues: Iterable[tuple[Key, str]], pool: Pool | None = None) -> None:
        self._pool = Pool() if pool is None else pool
        self._number = self._pool.add(cues)

    def find(self, text: str, tokens: Sequence[Token] | None = None) -> list[Hit[Key]]:
        """All hits in a text, by start, then end. `tokens` may be given when already at hand."""
        words = tokens if isinstance(tokens, Tokens) else tokenize(text)
        return cast("list[Hit[Key]]", self._pool.find(words)[self._number])


def longest(hits: Iterable[Hit[Key]]) -> list[Hit[Key]]:
    """Hits that no longer hit of the same key contains."""
    kept: list[Hit[Key]] = []
    furthest: dict[Key, int] = {}
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if hit.end > furthest.get(hit.key, -1):
            furthest[hit.key] = hit.end
            kept.append(hit)
    return kept
