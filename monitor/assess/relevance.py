"""How much of a paper is about a topic: core, related or off, with the passage. Pure.

The rules stand in queries/topics/*.toml and are tried in order; the first that applies decides. A
name in a list is not a topic, so a rule may ask for the title, or for several sentences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from monitor.assess.text import FIELDS, TITLE, Sentence, Text, by_sentence
from monitor.catalog import Catalog, RelevanceRule, Topic
from monitor.model import Article, Level, Quote, Relevance, SectionCategory
from monitor.patterns import Matcher, Pool

_QUOTES = 2
_MOST_LETTERS = 400
_NONE: frozenset[int] = frozenset()
#: What a list of cues is for. Plain numbers: they are hashed for every hit.
_CUE, _TRAP, _REQUIRED, _UNWANTED = range(4)

_Rule = tuple[int, int]
_Key = tuple[int, _Rule]
_Span = tuple[int, int]
#: Start and end of a hit, and its sentence; None in keywords.
_Spot = tuple[int, int, Sentence | None]
#: Hits of a paper by rule and use, in the order of the text, keywords last.
_Found = Mapping[_Key, list[_Spot]]


class RelevanceReader:
    """Judges a paper for every topic of a catalog. Immutable; one serves all threads."""

    def __init__(self, catalog: Catalog, pool: Pool | None = None) -> None:
        self._topics = catalog.topics
        self._off = [
            Relevance(t.id, Level.OFF, (), f"Does not speak of {t.title}.") for t in self._topics
        ]
        self._by_heading: dict[str, set[int]] = defaultdict(set)
        for number, topic in enumerate(self._topics):
            for heading in (name for rule in topic.rules for name in rule.mesh):
                self._by_heading[heading].add(number)
        self._matcher: Matcher[_Key] = Matcher(_cues(catalog.topics), pool)

    def read(self, article: Article, text: Text) -> tuple[Relevance, ...]:
        """Relevance to each topic, in the order of the catalog."""
        found = self._found(text)
        # Most papers say nothing to most topics: only those with a cue or a heading are judged.
        spoken = {number for _, (number, _) in found}
        for heading in article.mesh:
            spoken |= self._by_heading.get(heading.name, _NONE)
        judged = list(self._off)
        for number in spoken:
            judged[number] = self._judge(number, self._topics[number], article, found)
        return tuple(judged)

    def may_speak(self, article: Article) -> bool:
        """Whether `read` could find anything: quick, for it asks for words and headings only."""
        if any(heading.name in self._by_heading for heading in article.mesh):
            return True
        texts = (article.title, article.abstract, "\n".join(article.keywords))
        return any(self._matcher.find(text) for text in texts if text)

    def _found(self, text: Text) -> _Found:
        found: dict[_Key, list[_Spot]] = defaultdict(list)
        for name in FIELDS:
            for sentence, hits in by_sentence(text, name, self._matcher.bare(text.tokens(name))):
                for key, start, end in hits:
                    found[key].append((start, end, sentence))
        # All keywords in one go: no cue goes on over the end of a line.
        for key, start, end in self._matcher.bare(text.keyword_tokens):
            found[key].append((start, end, None))
        return found

    def _judge(self, number: int, topic: Topic, article: Article, found: _Found) -> Relevance:
        for at, rule in enumerate(topic.rules):
            key = (number, at)
            if (_CUE, key) not in found and not rule.mesh:
                continue  # most rules of most papers
            if not _allowed(rule, key, found):
                continue
            if _indexed(rule, article):
                return Relevance(topic.id, rule.level, (), rule.reason)
            places = _places(rule, key, found)
            if rule.cues and len(places) >= rule.at_least:
                return Relevance(topic.id, rule.level, _quotes(article, places), rule.reason)
        return self._off[number]


def _cues(topics: Iterable[Topic]) -> Iterable[tuple[_Key, str]]:
    for number, topic in enumerate(topics):
        for at, rule in enumerate(topic.rules):
            for use, cues in (
                (_CUE, rule.cues),
                (_TRAP, rule.traps),
                (_REQUIRED, rule.requires),
                (_UNWANTED, rule.unless),
            ):
                yield from (((use, (number, at)), cue) for cue in cues)


def _places(rule: RelevanceRule, key: _Rule, found: _Found) -> dict[Sentence | None, _Span]:
    """Sentences where the rule looks with a cue outside its traps, and the first cue of each."""
    traps = found.get((_TRAP, key), ())
    places: dict[Sentence | None, _Span] = {}
    for start, end, sentence in found.get((_CUE, key), ()):
        if sentence in places or not _counts(rule, sentence):
            continue
        if not any(s <= start and end <= e and of is sentence for s, e, of in traps):
            places[sentence] = (start, end)
    return places


def _allowed(rule: RelevanceRule, key: _Rule, found: _Found) -> bool:
    if rule.requires and (_REQUIRED, key) not in found:
        return False
    return not (rule.unless and (_UNWANTED, key) in found)


def _indexed(rule: RelevanceRule, article: Article) -> bool:
    return any(h.name in rule.mesh and (h.major or not rule.major) for h in article.mesh)


def _counts(rule: RelevanceRule, sentence: Sentence | None) -> bool:
    """Whether a sentence stands where the rule looks."""
    if sentence is None:
        return rule.where == "anywhere"
    if sentence.field is TITLE:
        return True
    if rule.where == "title":
        return False
    if rule.where == "prominent":
        at_an_end = sentence.position in {0.0, 1.0}
        return at_an_end or sentence.role is SectionCategory.OBJECTIVE
    if rule.where == "own":
        return sentence.role is not SectionCategory.BACKGROUND
    return True


def _quotes(article: Article, places: Mapping[Sentence | None, _Span]) -> tuple[Quote, ...]:
    quotes: list[Quote] = []
    for sentence, cue in places.items():
        if sentence is not None and len(quotes) < _QUOTES:
            start, end = sentence.start, sentence.end
            if end - start > _MOST_LETTERS:
                start, end = cue
            quotes.append(Quote.of(article, sentence.field, start, end))
    return tuple(quotes)
