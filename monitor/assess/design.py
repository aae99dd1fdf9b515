"""Study design: rules and trained model on the text, joined with what PubMed's indexer says. Pure.

The text and the indexer are two witnesses. Each design gets the sum of what they say in log-odds;
the probability of the best is the confidence. Where they disagree both are shown and the confidence
is what is left. A paper of no clear design is "other", rather than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.assess.design_model import DesignModel, Floats
from monitor.assess.design_rules import PLACE_SHARE, DesignRules, Finding, Place
from monitor.assess.merged import TREATED_COHORT
from monitor.assess.text import Sentence, Text
from monitor.catalog import Catalog
from monitor.model import (
    Article,
    DesignLabel,
    DesignSource,
    FieldName,
    Quote,
    SectionCategory,
)
from monitor.patterns import Pool

OTHER = "other"
#: Below this probability no design is named.
LEAST_CONFIDENCE = 0.3
#: Without an abstract the words of a title alone must be surer than that.
_LEAST_BY_TITLE = 0.45
#: Log-odds that a publication type or a MeSH heading adds to its design. Publication types are
#: right nine times in ten; MeSH headings for designs are assigned by machine and miss a third.
_BY_TYPE, _BY_HEADING = 3.0, 1.2
#: Types that are put on papers of many designs tell less.
_WEAK_TYPES = {
    "Review": 1.5,
    "Letter": 1.5,
    "Comment": 3.0,
    "Clinical Trial": 1.2,
    "Clinical Trial, Phase II": 1.2,
    "Clinical Trial, Phase I": 1.2,
    "Controlled Clinical Trial": 1.0,
    "Introductory Journal Article": 2.0,
    "Congress": 1.0,
    "Interview": 1.0,
}
#: Types by which the journal or PubMed itself says what the record is.
_SURE_TYPES = {
    "Retraction of Publication": 9.0,
    "Published Erratum": 9.0,
    "Expression of Concern": 9.0,
    "Editorial": 5.0,
    "News": 5.0,
    "Clinical Trial Protocol": 9.0,
}
#: Headings that say only that animals or cells were there.
_ANIMALS = frozenset({"Animals"})
_COMPARED = re.compile(
    r"\b(?:healthy|matched|sedentary|unaffected|asymptomatic|recovered|uninfected)\b"
    r"(?:[\s/-]+[\w()]+){0,4}[\s/-]+"
    r"(?:controls?|subjects|volunteers|individuals|people|persons|participants|donors|adults"
    r"|children|wom[ae]n|men)\b"
    r"|\b(?:compared (?:with|to)|versus|vs\.?|and) (?:\w+ )?(?:\d+ )?controls\b"
    r"|\bcontrol (?:group|subjects)\b|\b\d+ (?:\w+ )?controls\b|\bHCs?\b",
    re.IGNORECASE,
)
#: One of these is in everything that `_COMPARED` finds.
_COMPARISONS = (
    "healthy", "matched", "sedentary", "unaffected", "asymptomatic", "recovered", "uninfected",
    "control", "hc",
)  # fmt: skip
#: Where a sentence tells what the paper itself did or found.
_NOT_OWN = frozenset({SectionCategory.BACKGROUND, SectionCategory.CONCLUSIONS})
#: How likely a comparison must be by the words, where the ruling makes it one.
LEAST_COMPARED = 0.05
_QUOTES = 3
_GUESS = 0.3
#: PubMed's labels of letters, comments and editorials are seldom wrong; others less seldom.
_BY_INDEXER_ALONE = 0.8
_MOST_LETTERS = 400


@dataclass(frozen=True, slots=True)
class _Scores:
    """Log-odds by class: of the text alone, and of text and indexer together."""

    text: Floats
    joined: Floats
    findings: list[Finding]


class DesignReader:
    """Reads the design of a paper. Immutable; one serves all threads."""

    def __init__(self, catalog: Catalog, model: DesignModel, pool: Pool | None = None) -> None:
        self._catalog = catalog
        self._model = model
        self._rules = DesignRules(catalog, pool)
        self._column = {c: i for i, c in enumerate(model.classes)}
        self._types = {t: d.id for d in catalog.designs for t in d.publication_types}
        self._headings = {m: d.id for d in catalog.designs for m in d.mesh}
        self._shifts = self._rule_shifts()

    def _rule_shifts(self) -> dict[tuple[int, Place], Floats]:
        """What a rule adds to each class at each place: its own weight, and training's word."""
        shifts: dict[tuple[int, Place], Floats] = {}
        for number, (design, rule) in enumerate(
            zip(self._rules.designs, self._rules.rules, strict=True)
        ):
            for place in Place:
                learned = self._model.rule_weights.get(f"{rule.id}@{place.value}")
                shift = np.zeros(len(self._column), np.float32) if learned is None else learned
                shift = shift.copy()
                if design in self._column:
                    shift[self._column[design]] += rule.weight * PLACE_SHARE[place]
                shifts[number, place] = shift
        return shifts

    def read(self, article: Article, text: Text) -> DesignLabel:
        """The design of a paper, with the passages that carry it."""
        indexer = self.indexed(article)
        scores = self._scores(article, text, indexer)
        joined = self._model.probabilities(scores.joined)
        best, confidence = self._best(joined)
        compared = best in {"cross_sectional", "in_vitro"} and compares_with_healthy(text)
        chance = float(joined[self._column["case_control"]])
        if best == "cross_sectional" and compared and chance >= LEAST_COMPARED:
            # A ruling: with a healthy comparator it is one, whatever its authors call it.
            best = "case_control"
            either = chance + float(joined[self._column["cross_sectional"]])
            confidence = min(self._model.confidence(either), 0.99)
        if not text.title.strip() and not text.abstract and not indexer:
            return DesignLabel(OTHER, 0.0, DesignSource.NONE, indexer=indexer)
        named = any(self._rules.designs[f.rule] == best for f in scores.findings)
        if not text.abstract and not indexer and not named:
            # A title that names no design says too little: words alone would be a guess.
            return DesignLabel(OTHER, round(min(confidence, _GUESS), 3), DesignSource.NONE)
        if not text.abstract and indexer and not named:
            # Without an abstract the indexer, who saw the paper, knows more than its title tells.
            best = best if best in indexer else indexer[0]
            return DesignLabel(best, _BY_INDEXER_ALONE, DesignSource.INDEXER, indexer=indexer)
        least = LEAST_CONFIDENCE if text.abstract else _LEAST_BY_TITLE
        if best != OTHER and confidence < least:
            return DesignLabel(
                OTHER, round(min(confidence, least), 3), DesignSource.NONE, indexer=indexer
            )
        source = self._source(best, scores, indexer)
        return DesignLabel(
            id=best,
            confidence=round(confidence, 3),
            source=source,
            quotes=self._quotes(article, text, best, scores),
            indexer=indexer,
            secondary=self._secondary(joined, best, scores.findings, compared=compared),
            disagrees=bool(indexer) and best not in indexer and not _akin(best, indexer),
        )

    def indexed(self, article: Article) -> tuple[str, ...]:
        """Designs that publication types and MeSH name, in the order of the catalog."""
        found = {self._types[t.name] for t in article.publication_types if t.name in self._types}
        found |= {self._headings[h.name] for h in article.mesh if h.name in self._headings}
        names = {h.name for h in article.mesh}
        if "Animals" in names and "Humans" not in names and "in_vitro" not in found:
            found.add("animal")
        elif "Humans" in names:
            found.discard("animal")
        return tuple(d.id for d in self._catalog.designs if d.id in found)

    def _scores(self, article: Article, text: Text, indexer: Sequence[str]) -> _Scores:
        logits = self._model.logits(text)
        findings = self._rules.find(text)
        for found in findings:
            logits += self._shifts[found.rule, found.place]
        if not indexer:
            return _Scores(logits, logits, findings)
        joined = logits.copy()
        for design in indexer:
            if design in self._column:
                joined[self._column[design]] += self._indexer_weight(article, design)
        return _Scores(logits, joined, findings)

    def _indexer_weight(self, article: Article, design: str) -> float:
        types = [t.name for t in article.publication_types if self._types.get(t.name) == design]
        if not types:
            return _BY_HEADING
        return max(_SURE_TYPES.get(t, _WEAK_TYPES.get(t, _BY_TYPE)) for t in types)

    def _best(self, probabilities: Floats) -> tuple[str, float]:
        """The likeliest design; a treated cohort is a cohort."""
        summed = probabilities.tolist()
        treated = self._column.get(TREATED_COHORT)
        if treated is not None:
            summed[self._column["cohort"]] += summed[treated]
            summed[treated] = 0.0
        highest = max(summed)
        best = self._model.classes[summed.index(highest)]
        return best, min(self._model.confidence(highest), 0.99)

    def _secondary(
        self, probabilities: Floats, best: str, findings: Sequence[Finding], *, compared: bool
    ) -> str | None:
        """The second design of a mixed one: by a ruling, or named by a rule and likely."""
        at = self._column
        if best == "in_vitro" and compared:
            return "case_control"  # cells of patients and of healthy people
        if best == "cohort" and TREATED_COHORT in at:
            treated = probabilities[at[TREATED_COHORT]]
            if treated > probabilities[at["cohort"]]:
                return "case_series"
        named = {self._rules.designs[f.rule] for f in findings if f.place is not Place.EDGE}
        rest = [(float(probabilities[at[d]]), d) for d in named if d != best and d in at]
        chance, design = max(rest, default=(0.0, ""))
        return design if chance >= 0.1 else None  # noqa: PLR2004 - one in ten, said in words

    def _source(self, best: str, scores: _Scores, indexer: Sequence[str]) -> DesignSource:
        """Who says so. Without an indexer's word it is the text."""
        if not indexer:
            return DesignSource.TEXT
        by_text, confidence = self._best(self._model.probabilities(scores.text))
        if best == by_text and confidence >= LEAST_CONFIDENCE:
            return DesignSource.BOTH if best in indexer else DesignSource.TEXT
        return DesignSource.INDEXER if best in indexer else DesignSource.TEXT

    def _quotes(
        self, article: Article, text: Text, best: str, scores: _Scores
    ) -> tuple[Quote, ...]:
        """The passages that speak most for the design: rules' first, then the model's."""
        own = [f for f in scores.findings if self._rules.designs[f.rule] == best]
        own.sort(key=lambda f: (f.place is Place.EDGE, f.place is not Place.TITLE, f.start))
        spans: dict[tuple[FieldName, int, int], None] = {}
        for found in own:
            spans.setdefault(_passage(found), None)
        if not spans:
            sentence = self._most_telling(text, best, scores.text)
            if sentence is not None:
                spans[sentence.field, sentence.start, _shortened(sentence)] = None
        return tuple(Quote.of(article, *span) for span in list(spans)[:_QUOTES])

    def _most_telling(self, text: Text, best: str, logits: Floats) -> Sentence | None:
        """The sentence whose words speak most for the design against the next likely one."""
        label = self._column.get(best)
        if label is None:
            return None
        rival = int(next(i for i in np.argsort(-logits) if i != label))
        scores = self._model.telling(text, label, rival)
        best_score = max(scores, default=0.0)
        return text.sentences[scores.index(best_score)] if best_score > 0 else None


def compares_with_healthy(text: Text) -> bool:
    """Whether the paper sets its patients beside healthy, recovered or matched people."""
    return any(
        _compares(text.of(sentence)) for sentence in text.sentences if sentence.role not in _NOT_OWN
    )


def _compares(words: str) -> bool:
    lower = words.lower()  # plain search is far quicker than the pattern
    return any(w in lower for w in _COMPARISONS) and _COMPARED.search(words) is not None


def _passage(found: Finding) -> tuple[FieldName, int, int]:
    """The whole sentence where it is short, else the words of the cue."""
    sentence = found.sentence
    if sentence.end - sentence.start <= _MOST_LETTERS:
        return sentence.field, sentence.start, sentence.end
    return found.field, found.start, found.end


def _shortened(sentence: Sentence) -> int:
    return min(sentence.end, sentence.start + _MOST_LETTERS)


_REVIEWS = frozenset(
    {"meta_analysis", "systematic_review", "scoping_review", "evidence_summary", "narrative_review"}
)


def _akin(design: str, indexer: Sequence[str]) -> bool:
    """Whether the indexer's only word is one that fits this design too."""
    if design in _REVIEWS or design == "hypothesis":
        return set(indexer) == {"narrative_review"} and design != "hypothesis"
    if design == "case_series":
        return "case_report" in indexer or "cohort" in indexer
    return design in {"non_randomized_controlled_trial", "single_arm_trial", "case_control"} and (
        set(indexer) <= {"cohort", "single_arm_trial", "cross_sectional"}
    )
