"""Direction of the main result, as the abstract states it. Pure.

By the rules conclusions tell before results; the last result before the first. "No difference" in
a trial's primary outcome is null, in an adverse event or at baseline it is nothing. Learnt weights
(`direction_weights.py`) then say what is likeliest, the rules' answer being one of their features:
rules alone take most mixed results for positive ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.assess.details.direction_weights import DirectionWeights, features
from monitor.assess.passages import Clause, PassageReader
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
#: Trials of treatments: what they found matters most, and rules tell it as well as weights do.
_TRIALS = _TRIED - {"meta_analysis"} | {"non_randomized_controlled_trial"}
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


class _Clause(NamedTuple):
    """A statement within a sentence: a semicolon ends it, and what follows says something else.

    Its words are in small letters: patterns that need not ask for the case are far quicker.
    """

    sentence: Sentence
    words: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """A direction that the main result may have. `weighed` are the names that moved it most."""

    direction: Direction
    probability: float
    weighed: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the rules tell of a paper, the sentences that show it, and those they looked at."""

    direction: Direction
    shown: tuple[Sentence, ...] = ()
    looked_at: tuple[_Clause, ...] = ()


class DirectionReader:
    """Reads the direction of main results. Safe to share between threads.

    Rules tell it first; weights then reconsider, going by what the clauses say. Where the catalog
    has no cues for clauses, and in trials of treatments (`settled`), it stays with the rules.
    """

    def __init__(self, passages: PassageReader, weights: DirectionWeights | None = None) -> None:
        self.weights = weights or DirectionWeights.load()
        self._passages = passages

    def read(self, article: Article, text: Text, design: DesignLabel) -> Result:
        """Direction of the main result; not stated without an abstract or without results."""
        if not reports(text, design.id):
            return Result(Direction.NOT_STATED)
        told = by_rules(text, design.id)
        if settled(told.direction, design.id) or not self._passages.has_cues:
            return _result(article, told.direction, told.shown)
        clauses = self._passages.read(text)
        direction = self.weights.best(features(told.direction, design.id, clauses))
        if direction is told.direction:
            return _result(article, direction, told.shown)
        return _result(article, direction, _shown(direction, text, told.looked_at, clauses))

    def explain(self, text: Text, design: DesignLabel, most: int) -> list[Weighed]:
        """All directions, the likeliest first; none where weights had no say."""
        told = by_rules(text, design.id) if reports(text, design.id) else None
        if told is None or settled(told.direction, design.id) or not self._passages.has_cues:
            return []
        names = features(told.direction, design.id, self._passages.read(text))
        return [
            Weighed(direction, share, tuple(self.weights.contributions(names, direction)[:most]))
            for direction, share in self.weights.probabilities(names).items()
        ]


def reports(text: Text, design: str) -> bool:
    """Whether there is a result that could have a direction."""
    return bool(design not in _NO_RESULT and text.abstract and text.sentences)


def by_rules(text: Text, design: str) -> Told:
    """What the rules alone tell of a paper that reports a result."""
    if _denies(text.title.lower()):
        return Told(Direction.NULL, text.sentences[:1])
    closing = _clauses(text, sentences_in(text, SectionCategory.CONCLUSIONS))
    results = sentences_in(text, SectionCategory.RESULTS)
    told = [c for c in closing if not _is_aside(c.words) and _says_something(c)]
    told = told or _clauses(text, (results or _ending(text))[-2:])
    looked_at = tuple(told)
    null = _denying(told)
    if null:
        return _with_null(looked_at, null)
    harm = next((c for c in told if _HARM.search(c.words)), None) if design in _TRIED else None
    if harm is not None:
        return Told(Direction.NEGATIVE, (harm.sentence,), looked_at)
    found = _first_claim(told) or _first_claim(_clauses(text, results))
    if found is not None:
        return Told(Direction.POSITIVE, (found.sentence,), looked_at)
    return Told(Direction.NOT_STATED, (), looked_at)


def settled(direction: Direction, design: str) -> bool:
    """Whether it stays with what the rules say: for trials of treatments, and for harm."""
    return direction is Direction.NEGATIVE or design in _TRIALS


def _denies(title: str) -> bool:
    return _has(title, _DENIALS) and _NULL_TITLE.search(title) is not None


def _first_claim(clauses: Iterable[_Clause]) -> _Clause | None:
    return next((c for c in clauses if _claims(c.words)), None)


def _is_aside(words: str) -> bool:
    """Whether it is not the main result that is told."""
    return _has(words, _ASIDES) and _NOT_MAIN.search(words) is not None


def _says_something(clause: _Clause) -> bool:
    """Whether it is a statement; a registration number alone is none."""
    return len(clause.words.split()) >= _FEWEST_WORDS


def _ending(text: Text) -> tuple[Sentence, ...]:
    """The last sentences of an abstract whose roles cannot be told."""
    body = tuple(s for s in text.sentences if s.field is ABSTRACT)
    return tuple(s for s in body[1:] if len(text.of(s).split()) >= _FEWEST_WORDS)


def _clauses(text: Text, sentences: Iterable[Sentence]) -> list[_Clause]:
    return [_Clause(s, part) for s in sentences for part in text.of(s).lower().split(";")]


def _with_null(told: tuple[_Clause, ...], null: list[_Clause]) -> Told:
    """A null in the conclusion: mixed where the same place or statement also claims a finding."""
    apart = [c for c in told if c not in null and _claims(c.words)]
    split = [c for c in null if _BUT.search(c.words) and _claims(c.words)]
    if apart or split:
        shown = (null[0].sentence, (apart or split)[0].sentence)
        return Told(Direction.MIXED, shown, told)
    return Told(Direction.NULL, (null[0].sentence,), told)


def _shown(
    direction: Direction, text: Text, told: Sequence[_Clause], clauses: Sequence[Clause]
) -> tuple[Sentence, ...]:
    """What shows a direction that the rules did not tell.

    First what the rules looked at, then what the paper's own clauses say, else where it concludes.
    """
    null = _denying(told)
    own = [c for c in clauses if c.own and not c.plan]
    denied = null[0].sentence if null else _last(c for c in own if c.denied)
    claim = _first_claim(c for c in told if c not in null)
    found = claim.sentence if claim else _last(c for c in own if c.finding)
    wanted = {
        Direction.POSITIVE: (found,),
        Direction.NULL: (denied,),
        Direction.MIXED: (denied, found),
    }.get(direction)
    if wanted is None:
        return ()
    shown = tuple(s for s in wanted if s is not None)
    return shown or (told[-1].sentence if told else text.sentences[-1],)


def _last(clauses: Iterable[Clause]) -> Sentence | None:
    """The last sentence that says so: conclusions come last."""
    return next((c.sentence for c in reversed(list(clauses))), None)


def _denying(clauses: Iterable[_Clause]) -> list[_Clause]:
    return [c for c in clauses if _may_deny(c.words) and _NULL.search(c.words)]


def _claims(words: str) -> bool:
    rest = _NULL.sub(" ", words) if _may_deny(words) else words
    return _POSITIVE.search(rest) is not None


def _may_deny(words: str) -> bool:
    """Whether anything may be denied: plain search is far quicker than the pattern."""
    return _has(words, _NULL_WORDS)


def _has(words: str, parts: tuple[str, ...]) -> bool:
    for part in parts:  # noqa: SIM110 - takes half the time of `any` with a generator
        if part in words:
            return True
    return False


def _result(article: Article, direction: Direction, shown: Sequence[Sentence]) -> Result:
    return Result(
        direction,
        tuple(Quote.of(article, s.field, s.start, s.end) for s in dict.fromkeys(shown)),
    )
