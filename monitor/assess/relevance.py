"""How much of a paper is about a topic: core, related or off, with the passage. Pure.

The rules stand in queries/topics/*.toml and are tried in order; the first that applies decides. A
name in a list is not a topic, so a rule may ask for the title, or for several sentences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from monitor.assess.text import Sentence, Text
from monitor.catalog import Catalog, RelevanceRule, Topic
from monitor.model import Article, FieldName, Level, Quote, Relevance, SectionCategory
from monitor.patterns import Hit, Matcher, Pool

_QUOTES = 2
_MOST_LETTERS = 400
_NONE: frozenset[int] = frozenset()


class _Use(IntEnum):
    CUE = 0
    TRAP = 1
    REQUIRED = 2
    UNWANTED = 3


_Rule = tuple[int, int]
_Key = tuple[_Use, _Rule]
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Found:
    """Hits of one text by rule and use."""

    sentence: Sentence | None
    spans: Mapping[_Key, list[_Span]]

    def cues(self, rule: _Rule) -> list[_Span]:
        """Places where a cue of the rule stands outside its traps."""
        traps = self.spans.get((_Use.TRAP, rule), ())
        return [
            (start, end)
            for start, end in self.spans.get((_Use.CUE, rule), ())
            if not any(s <= start and end <= e for s, e in traps)
        ]


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
        found = list(self._sentences(text))
        # All keywords in one go: no cue goes on over the end of a line.
        hits = self._matcher.find(text.keywords, text.keyword_tokens)
        keywords = [_Found(None, _by_key(hits))] if hits else []
        # Most papers say nothing to most topics: only those with a cue or a heading are judged.
        spoken = {number for f in (*found, *keywords) for _, (number, _) in f.spans}
        for heading in article.mesh:
            spoken |= self._by_heading.get(heading.name, _NONE)
        judged = list(self._off)
        for number in spoken:
            judged[number] = self._judge(number, self._topics[number], article, found, keywords)
        return tuple(judged)

    def may_speak(self, article: Article) -> bool:
        """Whether `read` could find anything: quick, for it asks for words and headings only."""
        if any(heading.name in self._by_heading for heading in article.mesh):
            return True
        texts = (article.title, article.abstract, "\n".join(article.keywords))
        return any(self._matcher.find(text) for text in texts if text)

    def _sentences(self, text: Text) -> Iterable[_Found]:
        for name in (FieldName.TITLE, FieldName.ABSTRACT):
            hits = self._matcher.find(text.field(name), text.tokens(name))
            if not hits:
                continue
            at = 0
            for sentence in text.sentences:
                if sentence.field is not name:
                    continue
                while at < len(hits) and hits[at][1] < sentence.start:
                    at += 1
                first, end = at, sentence.end
                while at < len(hits) and hits[at][1] < end:
                    at += 1
                if at > first:
                    yield _Found(sentence, _by_key(hits[first:at]))

    def _judge(
        self,
        number: int,
        topic: Topic,
        article: Article,
        found: list[_Found],
        keywords: list[_Found],
    ) -> Relevance:
        present = {key for f in (*found, *keywords) for use, key in f.spans if use is _Use.CUE}
        for at, rule in enumerate(topic.rules):
            key = (number, at)
            if key not in present and not rule.mesh:
                continue  # most rules of most papers
            if not _allowed(rule, key, found, keywords):
                continue
            if _indexed(rule, article):
                return Relevance(topic.id, rule.level, (), rule.reason)
            places = [f for f in found if _counts(rule, f.sentence) and f.cues(key)]
            named = len(places)
            if rule.where == "anywhere":
                named += any(f.cues(key) for f in keywords)
            if rule.cues and named >= rule.at_least:
                return Relevance(topic.id, rule.level, _quotes(article, places, key), rule.reason)
        return self._off[number]


def _cues(topics: Iterable[Topic]) -> Iterable[tuple[_Key, str]]:
    for number, topic in enumerate(topics):
        for at, rule in enumerate(topic.rules):
            for use, cues in (
                (_Use.CUE, rule.cues),
                (_Use.TRAP, rule.traps),
                (_Use.REQUIRED, rule.requires),
                (_Use.UNWANTED, rule.unless),
            ):
                yield from (((use, (number, at)), cue) for cue in cues)


def _by_key(hits: Iterable[Hit[_Key]]) -> dict[_Key, list[_Span]]:
    spans: dict[_Key, list[_Span]] = defaultdict(list)
    for key, start, end in hits:
        spans[key].append((start, end))
    return spans


def _allowed(rule: RelevanceRule, key: _Rule, found: list[_Found], keywords: list[_Found]) -> bool:
    texts = [*found, *keywords]
    if rule.requires and not any((_Use.REQUIRED, key) in f.spans for f in texts):
        return False
    return not (rule.unless and any((_Use.UNWANTED, key) in f.spans for f in texts))


def _indexed(rule: RelevanceRule, article: Article) -> bool:
    return any(h.name in rule.mesh and (h.major or not rule.major) for h in article.mesh)


def _counts(rule: RelevanceRule, sentence: Sentence | None) -> bool:
    """Whether a sentence stands where the rule looks."""
    if sentence is None:
        return False
    if sentence.field is FieldName.TITLE:
        return True
    if rule.where == "title":
        return False
    if rule.where == "prominent":
        at_an_end = sentence.position in {0.0, 1.0}
        return at_an_end or sentence.role is SectionCategory.OBJECTIVE
    if rule.where == "own":
        return sentence.role is not SectionCategory.BACKGROUND
    return True


def _quotes(article: Article, places: list[_Found], key: _Rule) -> tuple[Quote, ...]:
    quotes = []
    for found in places[:_QUOTES]:
        sentence = found.sentence
        assert sentence is not None
        start, end = sentence.start, sentence.end
        if end - start > _MOST_LETTERS:
            start, end = found.cues(key)[0]
        quotes.append(Quote.of(article, sentence.field, start, end))
    return tuple(quotes)
