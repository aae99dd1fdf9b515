"""Direction of the main result, as the abstract states it. Pure.

Conclusions tell before results; the last result before the first. "No difference" in a trial's
primary outcome is null, in an adverse event or at baseline it is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.assess.text import ABSTRACT, Sentence, Text, sentences_in
from monitor.model import Article, DesignLabel, Direction, Quote, Result, SectionCategory

_NO_RESULT = frozenset(
    {
        "protocol", "erratum", "news", "editorial", "retraction_notice", "expression_of_concern",
        "comment_letter", "narrative_review", "hypothesis", "guideline_consensus", "qualitative",
        "conference_report", "methods_development", "scoping_review", "evidence_summary",
    }
)  # fmt: skip
_NULL = re.compile(
    r"\bno (?:statistically )?(?:significant |quantitative |evidence|effect|benefit|association|"
    r"difference|correlation|signs?|impact|improvement|relationship|support|change|sign|advantage)|"
    r"\b(?:did|does|do|was|were|is|are) not (?:significantly |seem to |appear to )?(?:differ|"
    r"improve|associated|appear|reduce|support|show|affect|correlate|superior|different|significant|"
    r"effective|confirm|altered|replicate|result in|lead to|change|affected|provide)|\bfailed to\b|"
    r"\bunable to\b|\bineffective\b|\bnot (?:severely |significantly )?(?:associated|effective|"
    r"supported|superior|different|affected)\b|\bneither\b|\black of (?:effect|benefit|evidence|"
    r"difference)|\bcomparable (?:to|between)|\bnull\b|"
    r"\babsence of (?:a |any )?(?:difference|effect)"
)
_HARM = re.compile(
    r"\b(?:worsen\w*|harmful|detriment\w+|deteriorat\w+|unsafe|adverse(?:ly)? affect\w*|"
    r"not (?:provide|offer) any (?:evidence|support)|offers? no support|no evidence that [^.]{0,60}"
    r"(?:safe|effective))\b"
)
_POSITIVE = re.compile(
    r"\b(?:improv\w+|reduc\w+|increas\w+|decreas\w+|higher|lower|greater|elevated|associated|"
    r"differ(?:s|ed|ent|ences)?|benefi\w+|effective|alter\w+|impair\w+|abnormal\w*|correlat\w+|"
    r"identif\w+|predict\w*|reliable|valid|common|prevalen\w+|support\w*|restor\w+|dysfunction\w*|"
    r"relie\w+|significant\w*|demonstrat\w+|reveal\w+|dysregulat\w+|distinct|risk|disrupt\w*|"
    r"upregulat\w+|downregulat\w+|worse|more (?:frequent|common|severe|likely)|promising|feasible|"
    r"well[- ]tolerated|confirm\w*|suggest\w*|show\w*|linked|contribut\w+|potential)\b"
)
_BUT = re.compile(
    r"\b(?:but|however|whereas|although|while|despite|albeit|though|nevertheless|yet)\b"
)
_NOT_MAIN = re.compile(
    r"\b(?:baseline|adverse events?|side effects?|safety|demographic\w*|age and sex|age or sex|"
    r"tolerat\w+|further (?:research|stud\w+)|future|should|need(?:s|ed)?|warrant\w*|heterogeneity|"
    r"pleiotropy)\b"
)
_NULL_TITLE = re.compile(
    r"^\W*(?:no|lack of|absence of|failure of|failed|negative) |\bno (?:evidence|effect|difference|"
    r"association|benefit|impact|signs?)\b|\bdoes not\b|\bdo not\b|\bdid not\b|\bnot associated\b"
)

#: Designs that tell whether a treatment did harm.
_TRIED = frozenset({"randomized_controlled_trial", "single_arm_trial", "meta_analysis"})
_FEWEST_WORDS = 4
#: One of these is in everything that `_NULL` finds.
_NULL_WORDS = (
    "no ", "not ", "fail", "unable", "ineffective", "neither", "lack of", "comparable", "null",
    "absence",
)  # fmt: skip
#: One of these is in everything that `_NOT_MAIN` finds.
_ASIDES = (
    "baseline", "adverse event", "side effect", "safety", "demographic", "age and sex",
    "age or sex", "tolerat", "further ", "future", "should", "need", "warrant", "heterogeneity",
    "pleiotropy",
)  # fmt: skip
#: One of these is in every title that denies.
_DENIALS = ("no", "lack", "absence", "fail", "negative")


def read_result(article: Article, text: Text, design: DesignLabel) -> Result:
    """Direction of the main result; not stated without an abstract or without results."""
    if design.id in _NO_RESULT or not text.abstract:
        return Result(Direction.NOT_STATED)
    if text.sentences and _denies(text.title.lower()):
        return Result(Direction.NULL, (_quote(article, text.sentences[0]),))
    closing = _clauses(text, sentences_in(text, SectionCategory.CONCLUSIONS))
    results = sentences_in(text, SectionCategory.RESULTS)
    told = [c for c in closing if not _is_aside(c.words) and _says_something(c)]
    told = told or _clauses(text, (results or _ending(text))[-2:])
    null = [c for c in told if _may_deny(c.words) and _NULL.search(c.words)]
    if null:
        return _with_null(article, null, [c for c in told if _claims(c.words)])
    harm = next((c for c in told if _HARM.search(c.words)), None) if design.id in _TRIED else None
    if harm is not None:
        return Result(Direction.NEGATIVE, (_quote(article, harm.sentence),))
    found = _first_claim(told) or _first_claim(_clauses(text, results))
    if found is not None:
        return Result(Direction.POSITIVE, (_quote(article, found.sentence),))
    return Result(Direction.NOT_STATED)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A statement within a sentence: a semicolon ends it, and what follows says something else.

    Its words are in small letters: patterns that need not ask for the case are far quicker.
    """

    sentence: Sentence
    words: str


def _denies(title: str) -> bool:
    return any(word in title for word in _DENIALS) and _NULL_TITLE.search(title) is not None


def _first_claim(clauses: Iterable[_Clause]) -> _Clause | None:
    return next((c for c in clauses if _claims(c.words)), None)


def _is_aside(words: str) -> bool:
    """Whether it is not the main result that is told."""
    return any(word in words for word in _ASIDES) and _NOT_MAIN.search(words) is not None


def _says_something(clause: _Clause) -> bool:
    """Whether it is a statement; a registration number alone is none."""
    return len(clause.words.split()) >= _FEWEST_WORDS


def _ending(text: Text) -> tuple[Sentence, ...]:
    """The last sentences of an abstract whose roles cannot be told."""
    body = tuple(s for s in text.sentences if s.field is ABSTRACT)
    return tuple(s for s in body[1:] if len(text.of(s).split()) >= _FEWEST_WORDS)


def _clauses(text: Text, sentences: Iterable[Sentence]) -> list[_Clause]:
    return [_Clause(s, part) for s in sentences for part in text.of(s).lower().split(";")]


def _with_null(article: Article, null: list[_Clause], good: list[_Clause]) -> Result:
    """A null in the conclusion: mixed where the same place or statement also claims a finding."""
    apart = [c for c in good if c not in null]
    split = [c for c in null if _BUT.search(c.words) and _claims(c.words)]
    if apart or split:
        other = (apart or split)[0]
        quotes = (_quote(article, null[0].sentence), _quote(article, other.sentence))
        return Result(Direction.MIXED, tuple(dict.fromkeys(quotes)))
    return Result(Direction.NULL, (_quote(article, null[0].sentence),))


def _claims(words: str) -> bool:
    rest = _NULL.sub(" ", words) if _may_deny(words) else words
    return _POSITIVE.search(rest) is not None


def _may_deny(words: str) -> bool:
    """Whether anything may be denied: plain search is far quicker than the pattern."""
    return any(word in words for word in _NULL_WORDS)


def _quote(article: Article, sentence: Sentence) -> Quote:
    return Quote.of(article, sentence.field, sentence.start, sentence.end)
