"""`Article` → `Text`: words, sentences and what each sentence is for. Pure, built once an article.

Everything that reads a paper reads this. Offsets are those of the article's own fields, so that a
sentence, a word or a cue can be quoted as it stands. A sentence never crosses the sections of an
abstract and never holds a section's label.

An abstract that is not in English is not read at all (`language_ok` is False, `abstract` is empty):
rules and model know English only, and a label without understanding would be a guess.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.assess import roles
from monitor.assess.language import language_of
from monitor.assess.words import word_set
from monitor.lexicon import NumberedTokens, number_all
from monitor.model import Article, FieldName, SectionCategory
from monitor.patterns import BareHit, Key
from monitor.splitting import Token

# Names of their own are quicker to look up than members of an enum, and readers ask at every turn.
TITLE, ABSTRACT = FIELDS = FieldName.TITLE, FieldName.ABSTRACT
_UNASSIGNED = SectionCategory.UNASSIGNED

#: Where a sentence may end, and the same in a text of full stops only: what begins with one known
#: letter is found several times as fast.
_END = re.compile(r"[.!?][.!?]*[\"'”’)\]]*(?=\s|$|[A-Z][a-z])")
_FULL_STOP = re.compile(r"\.\.*[\"'”’)\]]*(?=\s|$|[A-Z][a-z])")
_WORD_BEFORE = re.compile(r"(?<![^\W_])([^\W_]++(?:\.[^\W_]++)*)\.$")
_STARTS = re.compile(r"\s*[\"'“‘(\[]*([^\W_]+)?")

#: Words that end with a full stop inside a sentence.
_ABBREVIATIONS = word_set(
    "al approx ca cf co dr eg e.g etc fig figs i.e ie inc incl jr mr mrs ms no nos prof ref refs "
    "resp sp spp ssp st subsp suppl tab u.s u.k v var viz vol vs wt"
)
#: Words with which a new sentence surely starts, even after an abbreviation or an initial.
_OPENERS = word_set(
    "a all although an as at both compared conversely despite during for from furthermore here "
    "however if in it its moreover most no of on our overall participants patients results several "
    "since some studies such the their there therefore these they this those thus to two using we "
    "when whereas whether while with"
)

#: A word of more letters is no abbreviation.
_LONGEST = max(map(len, _ABBREVIATIONS))

_NONE = number_all([""])[0]
#: Texts of an article that are read together: title, abstract, keywords.
_FIELDS = 3


class Sentence(NamedTuple):
    """A sentence: `text.field(field)[start:end]`.

    `role` is what the sentence is for, by the abstract's own labels or else by its words and place;
    a title has `unassigned`. `position` is the place in the field, from 0 (first) to 1 (last).
    """

    field: FieldName
    start: int
    end: int
    role: SectionCategory
    position: float


@dataclass(frozen=True, slots=True)
class Text:
    """The text of an article that is judged.

    `sentences` are the title (as one), then those of the abstract. `structured` says that the roles
    are the paper's own. `language` is the English name of the abstract's language, "" without
    abstract.
    """

    title: str
    abstract: str
    title_tokens: NumberedTokens
    abstract_tokens: NumberedTokens
    sentences: tuple[Sentence, ...]
    structured: bool = False
    language: str = ""
    language_ok: bool = True
    keywords: str = ""
    keyword_tokens: NumberedTokens = _NONE

    def field(self, name: FieldName) -> str:
        """Text of a field as far as it is judged."""
        return self.title if name is TITLE else self.abstract

    def tokens(self, name: FieldName) -> NumberedTokens:
        """Words of a field with their offsets."""
        return self.title_tokens if name is TITLE else self.abstract_tokens

    def of(self, sentence: Sentence) -> str:
        """The sentence itself."""
        return self.field(sentence.field)[sentence.start : sentence.end]

    def span(self, sentence: Sentence) -> tuple[int, int]:
        """Numbers of the first word of a sentence and of the first one after it."""
        tokens = self.tokens(sentence.field)
        first = bisect_left(tokens.starts, sentence.start)
        return first, bisect_right(tokens.ends, sentence.end, first)

    def tokens_of(self, sentence: Sentence) -> list[Token]:
        """Words of a sentence; offsets are still those of the field."""
        first, last = self.span(sentence)
        return self.tokens(sentence.field)[first:last]

    def words_of(self, sentence: Sentence) -> list[str]:
        """Words of a sentence, as they stand there."""
        first, last = self.span(sentence)
        return self.tokens(sentence.field).words[first:last]

    def sentence_at(self, name: FieldName, offset: int) -> Sentence | None:
        """The sentence that holds an offset; None between sentences and in labels."""
        for sentence in self.sentences:
            if sentence.field is name and sentence.start <= offset < sentence.end:
                return sentence
        return None


def read_text(article: Article) -> Text:
    """The text of an article, ready for every rule and for the model."""
    return read_texts([article])[0]


def read_texts(articles: Sequence[Article]) -> list[Text]:
    """The same for articles whose words are then looked up together, which is quicker."""
    fields = [t for a in articles for t in (a.title, a.abstract, "\n".join(a.keywords))]
    tokens = number_all(fields)
    return [
        _read(article, fields[at + 2], *tokens[at : at + _FIELDS])
        for article, at in zip(articles, range(0, len(fields), _FIELDS), strict=True)
    ]


def _read(
    article: Article,
    keywords: str,
    of_title: NumberedTokens,
    of_abstract: NumberedTokens,
    of_keywords: NumberedTokens,
) -> Text:
    title = tuple(_title(article.title))
    language, sentences, structured = "", title, False
    if article.abstract.strip():
        language = language_of(of_abstract, article.abstract)
    if language == "English":
        body, structured = _sentences(article, of_abstract)
        sentences = title + body
    return Text(
        title=article.title,
        abstract=article.abstract if language == "English" else "",
        title_tokens=of_title,
        abstract_tokens=of_abstract if language == "English" else _NONE,
        sentences=sentences,
        structured=structured,
        language=language,
        language_ok=language in {"", "English"},
        keywords=keywords,
        keyword_tokens=of_keywords,
    )


def _sentences(article: Article, tokens: NumberedTokens) -> tuple[tuple[Sentence, ...], bool]:
    """Sentences of an abstract, and whether their roles are the paper's own."""
    spans = [
        (start, end, role)
        for part_start, part_end, role in roles.parts_of(article)
        for start, end in split_sentences(article.abstract, part_start, part_end)
    ]
    labelled = sum(role is not _UNASSIGNED for _, _, role in spans)
    inferred = roles.infer(tokens, spans)
    count = max(len(spans) - 1, 1)
    sentences = tuple(
        Sentence(ABSTRACT, start, end, role, min(i / count, 1.0))
        for i, ((start, end, _), role) in enumerate(zip(spans, inferred, strict=True))
    )
    return sentences, labelled * 2 > len(spans)


def _title(title: str) -> Iterator[Sentence]:
    start = len(title) - len(title.lstrip())
    end = len(title.rstrip())
    if end > start:
        yield Sentence(TITLE, start, end, _UNASSIGNED, 0.0)


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Sentences of `text[start:end]` as offsets in `text`, without the space around them.

    Full stops of abbreviations, initials, species names and decimals do not end a sentence. Always
    in order, never overlapping; everything but white space is in one of them.
    """
    stop = len(text) if end is None else end
    found: list[tuple[int, int]] = []
    at = start
    mark = _END if "!" in text or "?" in text else _FULL_STOP
    for match in mark.finditer(text, start, stop):
        if match.end() < stop and not _ends(text, at, match):
            continue
        _append(found, text, at, match.end())
        at = match.end()
    _append(found, text, at, stop)
    return found


def _append(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        found.append((start, end))


def _ends(text: str, sentence_start: int, match: re.Match[str]) -> bool:
    """Whether this full stop ends the sentence."""
    if not text[match.end()].isspace():
        # "patients.We found": the space was lost; "E.coli" and "Ph.D" have no small letter before.
        return match[0] == "." and text[match.start() - 1 : match.start()].islower()
    at = match.start() - _LONGEST - 1
    plain = at >= sentence_start and text[at : match.start()].isalpha()
    if plain and text[match.end() + 1 : match.end() + 2].isupper():
        return True  # the quick way out, for what most sentences end and begin with
    following = _STARTS.match(text, match.end())
    word = following[1] if following and following[1] else ""
    if not word:
        return True
    if word[0].islower() and word.islower() and word.isalpha():
        return False  # but a sentence may open with "mTOR" or "p53"
    if match[0][0] != ".":
        return True
    before = _WORD_BEFORE.search(text[max(sentence_start, match.start() - 24) : match.start() + 1])
    if before is None:
        return True
    return _closes(before[1], word)


def _closes(before: str, following: str) -> bool:
    """Whether a sentence ends between a word with a full stop and the word that follows it."""
    if following.lower() in _OPENERS and following[0].isupper():
        return before.lower() not in {"vs", "e.g", "i.e"}
    if before.lower() in _ABBREVIATIONS:
        return False
    if len(before) == 1:
        return before.isdigit() and before != "0"
    return not (before == "0" and following[0].isdigit())


def sentences_in(text: Text, *wanted: SectionCategory) -> Sequence[Sentence]:
    """Sentences of the abstract with one of these roles."""
    return [s for s in text.sentences if s.field is ABSTRACT and s.role in wanted]


def by_sentence(
    text: Text, name: FieldName, hits: list[BareHit[Key]]
) -> Iterator[tuple[Sentence, list[BareHit[Key]]]]:
    """Sentences of a field with the hits that begin in them; both come in order."""
    at, count = 0, len(hits)
    for sentence in text.sentences:
        if at == count:
            return
        field, start, end, _, _ = sentence
        if field is not name:
            continue
        while at < count and hits[at][1] < start:
            at += 1
        first = at
        while at < count and hits[at][1] < end:
            at += 1
        if at > first:
            yield sentence, hits[first:at]
