"""Words of a text, and a matcher for many cues at once. Pure.

The language of cues is that of `cues.py`. All cues of a catalog go into one trie over words, and
matchers that read the same texts share one trie (`Pool`), so that a text is read once however many
cues and readers there are. Offsets are those of the text as given: nothing is case-folded or
normalised.

How it is quick: each distinct word is turned once into a small number that stands for the parts of
cues it fits; what is done for every word after that is a look-up of its number. A pool may be given
a sieve (`lexicon.Sieve`) that tells from the numbers of a whole text where a cue may start at all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, KeysView, Sequence
from operator import itemgetter
from threading import Lock
from typing import Generic, NamedTuple, TypeVar, cast

from monitor.cues import Gap, parse
from monitor.splitting import JOINED, Token, Tokens, tokenize

Key = TypeVar("Key", bound=Hashable)

#: Words remembered; hostile text must not fill the memory.
_MOST_REMEMBERED = 200_000
#: The number of words that are in no cue, and that of the end of a text.
_UNKNOWN, _END = 0, -1
_HEAD = 3
_by_place = itemgetter(0, 1)


class Hit(NamedTuple, Generic[Key]):
    """A place where a cue matched: `text[start:end]`."""

    key: Key
    start: int
    end: int


class _Node:
    """A place in the trie. `outs` are the cues that end here: number of the matcher, and key.

    `words` and `gaps` lead on by parts of cues; `next` and `over` are the same by the numbers of
    words: to the nodes that follow, and to those at a distance, each with how far it may be.
    `reach` is the longest distance, `distant` the keys of `over`.
    """

    __slots__ = ("distant", "gaps", "next", "outs", "over", "reach", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.gaps: dict[int, _Node] = {}
        self.outs: list[_Out] = []
        self.next: dict[int, tuple[_Node, ...]] | None = None
        self.over: _Over | None = None
        self.distant: KeysView[int] = _NOTHING
        self.reach = 0


_NOTHING: KeysView[int] = {}.keys()
_Following = tuple[_Node, ...]
_Over = dict[int, tuple[tuple[int, _Node], ...]]
#: A word with which a cue starts, the word it has come to, and the place in the trie.
_Step = tuple[int, int, _Node]
_Out = tuple[int, Hashable]
#: First and last word of a place, and the cues there.
_Found = tuple[int, int, list[_Out]]
#: Key, start and end of a hit without their names: far quicker to make.
BareHit = tuple[Key, int, int]


class Numbers(dict[str, int]):
    """Numbers of words: equal for words that fit the same parts of cues, 0 for those in none.

    `parts` are those parts by number; it grows with the words that are met. `leads` gives for a
    number what follows at the root of the trie, `alone` the cues that are complete with it.
    """

    def __init__(self, root: _Node) -> None:
        super().__init__()
        self._lock = Lock()
        self._numbers: dict[tuple[str, ...], int] = {(): _UNKNOWN}
        self.parts: list[tuple[str, ...]] = [()]
        self._holders: dict[str, list[_Node]] = {}
        for node in _nodes(root):
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
        self.alone: dict[int, list[_Out]] = {}
        # With the order in which cues that fit the same words are told.
        beginnings = [part[1:] for part in self._holders if part[0] == "*"]
        beginnings.sort(key=lambda b: len(b) >= _HEAD)
        self._beginnings: dict[str, list[tuple[int, str]]] = {}  # by their first letters
        for at, beginning in enumerate(beginnings):
            self._beginnings.setdefault(beginning[:_HEAD], []).append((at, beginning))
        self._heads = sorted({len(head) for head in self._beginnings})

    def __missing__(self, word: str) -> int:
        if len(self) > _MOST_REMEMBERED:
            self.clear()
        number = self[word] = self.look_up(word)
        return number

    def look_up(self, word: str) -> int:
        """The number of a word, which is not remembered."""
        lower = word.lower()
        parts = [p for p in (lower, "=" + word) if p in self._holders]
        fitting = [
            (at, beginning)
            for head in self._heads
            if head <= len(lower)
            for at, beginning in self._beginnings.get(lower[:head], ())
            if lower.startswith(beginning)
        ]
        if fitting:
            fitting.sort()
            parts += ["*" + beginning for _, beginning in fitting]
        if not parts:
            return _UNKNOWN
        with self._lock:
            return self._number(tuple(parts))

    def _number(self, parts: tuple[str, ...]) -> int:
        """The number of a set of parts; a new one is made known to every node that it leads on."""
        known = self._numbers.get(parts)
        if known is not None:
            return known
        number = len(self.parts)
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
                # In the order in which a walk from the root would tell them.
                outs = dict.fromkeys(out for n in reversed(following) for out in n.outs)
                if outs:
                    self.alone[number] = list(outs)
        self.parts.append(parts)
        self._numbers[parts] = number
        return number

    def openings(self) -> dict[str, _Node]:
        """Where cues go on after their first part."""
        return self._root.words


def _lead(nodes: _Following) -> _Following | dict[int, _Following]:
    """Where cues go on that start with a word: only what may come next, where that is all."""
    first = nodes[0]
    if len(nodes) == 1 and not first.gaps and first.next is not None:
        return first.next
    return nodes


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


class Sifted(NamedTuple):
    """Numbers of the words of a text, and the places at which a cue may be.

    `complete` are words that may be a cue alone, `places` those with which a longer one may start.
    `far` has a byte for each word, which is 0 where none that starts there goes on at a distance.
    """

    numbers: list[int]
    complete: Sequence[int]
    places: Sequence[int]
    far: bytes


Sieve = Callable[[Tokens], Sifted]


def unsifted(numbers: list[int]) -> Sifted:
    """All places: for few words, or where nothing tells more."""
    every = range(len(numbers))
    return Sifted(numbers, every, every, b"\1" * len(numbers))


class PlainSieve:
    """Looks at every word."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def __call__(self, tokens: Tokens) -> Sifted:
        """Numbers of the words, and all places."""
        return unsifted(list(map(self._numbers.__getitem__, tokens.words)))


class Pool:
    """The cues of many matchers in one trie. Matchers are added first and used then.

    What the pool finds is remembered with the tokens of a text, for each of its matchers. Safe to
    share between threads once all matchers are there.
    """

    def __init__(self, sieve: Callable[[Numbers], Sieve] | None = None) -> None:
        self._root = _Node()
        self._size = 0
        self._numbers: Numbers | None = None
        self._make_sieve = sieve or PlainSieve
        self._sieve: Sieve | None = None

    def add(self, cues: Iterable[tuple[Hashable, str]]) -> int:
        """Add a matcher's cues; its number in the pool. Raises `CueError` for a bad cue."""
        if self._numbers is not None:
            raise RuntimeError("a pool that has been used takes no more cues")
        for key, cue in cues:
            out = (self._size, key)
            for phrase in parse(cue):
                node = self._root
                for part in phrase:
                    if isinstance(part, Gap):
                        node = node.gaps.setdefault(part.words, _Node())
                    else:
                        node = node.words.setdefault(part, _Node())
                if out not in node.outs:
                    node.outs.append(out)
        self._size += 1
        return self._size - 1

    def find(self, tokens: Tokens) -> list[list[BareHit[Hashable]]]:
        """Hits of each matcher, by start, then end."""
        whole = tokens if tokens.whole is None else tokens.whole
        known: list[list[list[BareHit[Hashable]]]] | None = whole.found.get(self)
        if known is None:
            known = whole.found[self] = self._find(whole)
        return known[tokens.part]

    def _find(self, tokens: Tokens) -> list[list[list[BareHit[Hashable]]]]:
        """The same for each part of a text."""
        if self._sieve is None or self._numbers is None:
            self._root = _share(self._root, {})
            self._numbers = Numbers(self._root)
            self._sieve = self._make_sieve(self._numbers)
        sifted = self._sieve(tokens)
        numbers = sifted.numbers
        numbers.append(_END)
        alone = self._numbers.alone
        found: list[_Found] = [
            (at, at, alone[numbers[at]]) for at in sifted.complete if numbers[at] in alone
        ]
        found += _walk(tokens, sifted, _starts(tokens, sifted, self._numbers.leads))
        found.sort(key=_by_place)
        return self._hits(found, tokens)

    def _hits(self, found: list[_Found], tokens: Tokens) -> list[list[list[BareHit[Hashable]]]]:
        """Hits of each matcher by part, each once; `found` is in order."""
        starts, ends, parts = tokens.starts, tokens.ends, tokens.parts
        every: list[list[list[BareHit[Hashable]]]] = [
            [[] for _ in range(self._size)] for _ in parts[1:]
        ]
        last_start = last_end = part = -1
        until = 0
        told: list[_Out] = []
        for at, to, outs in found:
            while at >= until:
                part += 1
                until, hits = parts[part + 1], every[part]
            if at == last_start and to == last_end:
                new = [out for out in outs if out not in told]
                told = told + new
            else:
                last_start, last_end = at, to
                new = told = outs
            start, end = starts[at], ends[to]
            for matcher, key in new:
                hits[matcher].append((key, start, end))
        return every


def _starts(
    tokens: Tokens, sifted: Sifted, leads: dict[int, _Following | dict[int, _Following]]
) -> list[_Step]:
    """The first steps of cues of more than one word."""
    kinds, numbers = tokens.kinds, sifted.numbers
    steps: list[_Step] = []
    for at in reversed(sifted.places):  # the last step is taken first
        nodes = leads.get(numbers[at])
        if nodes is None:
            continue
        if isinstance(nodes, dict):  # most cues go on with the next word only
            after = at + 1
            following = nodes.get(numbers[after])
            if following is not None and kinds[after] == JOINED:
                for node in following:
                    steps.append((at, after, node))  # noqa: PERF401 - mostly one
        else:
            for node in nodes:
                steps.append((at, at, node))  # noqa: PERF401 - mostly one
    return steps


def _walk(tokens: Tokens, sifted: Sifted, steps: list[_Step]) -> list[_Found]:
    """All cues of more than one word that go on from these steps, which are used up."""
    kinds, until = tokens.kinds, tokens.until
    numbers, _, _, far_from = sifted
    found: list[_Found] = []
    while steps:
        first, at, node = steps.pop()
        after = at + 1
        if node.outs and at > first:
            found.append((first, at, node.outs))
        onward, over = node.next, node.over
        if onward is not None and kinds[after] == JOINED:
            following = onward.get(numbers[after])
            if following is not None:
                for n in following:
                    steps.append((first, after, n))  # noqa: PERF401 - quicker for one or two
        if over is not None and (at > first or far_from[at]):
            last, stop = after + node.reach + 1, until[at]
            ahead = numbers[after : last if last < stop else stop]  # noqa: FURB136 - an inner loop
            if not node.distant.isdisjoint(ahead):
                for far, number in enumerate(ahead):
                    if number in over:
                        for width, n in over[number]:
                            if far <= width:
                                steps.append((first, after + far, n))
    return found


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
        return [Hit(*hit) for hit in self.bare(words)]

    def bare(self, tokens: Tokens) -> list[BareHit[Key]]:
        """The same in the words of a text, without names for the parts of a hit: quicker."""
        return cast("list[BareHit[Key]]", self._pool.find(tokens)[self._number])


def longest(hits: Iterable[Hit[Key]]) -> list[Hit[Key]]:
    """Hits that no longer hit of the same key contains."""
    kept: list[Hit[Key]] = []
    furthest: dict[Key, int] = {}
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if hit.end > furthest.get(hit.key, -1):
            furthest[hit.key] = hit.end
            kept.append(hit)
    return kept
