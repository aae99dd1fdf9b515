"""Why a paper's mechanisms were labelled as they were: for the one who mends a rule. Pure.

Every cue that stands in the text is shown with the passage around it: those that fired, and those
that a trap held back. For each mechanism the numbers and words follow that weighed most in
each regression that was asked; then the numbers that may be the sample size, and the directions
that the main result may have, with the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.assess.design_rules import DesignRules
from monitor.assess.details.direction import DirectionReader
from monitor.assess.details.direction import Weighed as DirectionWeighed
from monitor.assess.details.sample_size import SampleSizeReader
from monitor.assess.details.sample_size import Weighed as SizeWeighed
from monitor.assess.evidence import Evidence, Paper, against_features
from monitor.assess.mechanisms import MechanismReader, Verdict
from monitor.assess.passages import Rule, rules_of
from monitor.assess.rescorer import Logistic
from monitor.assess.text import Sentence, Text
from monitor.assess.wordings import Grouped, PaperWords, grouped
from monitor.catalog import Catalog
from monitor.model import Article, DesignLabel, FieldName, Quote, Stance
from monitor.patterns import Hit, Matcher

#: How many of the numbers behind a verdict are shown, and as many words: one word seldom outweighs
#: a number, yet it is often what a contributor looks for.
_MOST_WEIGHTY = 5

#: Numbers and words with what each adds to the log-odds, the weightiest first.
Weighed = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Firing:
    """A cue found in a text. `held_back_by` is the trap that it stands in, None when it counted.

    `rule` names the list in queries/ ("nk_cell: cue", "null: group"), `cue` is the cue as it is
    written there, `words` what it matched, and `passage` the sentence.
    """

    rule: str
    cue: str
    words: Quote
    passage: Quote
    held_back_by: str | None = None


@dataclass(frozen=True, slots=True)
class MechanismExplanation:
    """A verdict on one mechanism: `stance` is None for a word in passing, which is left out.

    `probability` is that of taking a side, `against` that the side is against; `weighed` are the
    numbers and words ("near: elevated") that moved the first most, in log-odds. `weighed_against`
    are those of the second, empty when nothing asked for it, and `weighed_mixed` those that
    settled whether a side against is one only in part, empty when there was none.
    """

    mechanism: str
    stance: Stance | None
    probability: float
    against: float
    reason: str
    weighed: Weighed
    weighed_against: Weighed = ()
    weighed_mixed: Weighed = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it, in the order of the text and of mechanisms.toml."""

    fired: tuple[Firing, ...]
    held_back: tuple[Firing, ...]
    verdicts: tuple[MechanismExplanation, ...]
    designs: tuple[Firing, ...] = ()
    designs_held_back: tuple[Firing, ...] = ()
    sample_sizes: tuple[SizeWeighed, ...] = ()
    directions: tuple[DirectionWeighed, ...] = ()


class Explainer:
    """Explains papers by a catalog's rules. Slower than reading them: it tells cues apart."""

    def __init__(self, catalog: Catalog, reader: MechanismReader | None = None) -> None:
        self._reader = reader or MechanismReader(catalog)
        self._matcher = Matcher(
            ((rule, cue), cue) for rule, cues in rules_of(catalog) for cue in cues
        )
        self._designs = DesignExplainer(catalog)
        self._sizes = SampleSizeReader()
        self._directions = DirectionReader(self._reader.passages)

    def explain(self, article: Article, text: Text, design: DesignLabel) -> Explanation:
        """What fired, what was held back, and what came of it."""
        firings = [f for field in FieldName for f in self._firings(article, text, field)]
        designs = list(self._designs.firings(article, text))
        paper = self._reader.paper(text, design)
        words = PaperWords.of(text)
        verdicts = []
        for name in self._reader.in_order(paper.evidence):
            evidence = paper.evidence[name]
            verdict = self._reader.verdict(evidence, paper, words)
            verdicts.append(self._explained(evidence, paper, verdict, grouped(evidence, words)))
        return Explanation(
            tuple(f for f in firings if f.held_back_by is None),
            tuple(f for f in firings if f.held_back_by is not None),
            tuple(verdicts),
            tuple(f for f in designs if f.held_back_by is None),
            tuple(f for f in designs if f.held_back_by is not None),
            tuple(self._sizes.explain(article, text, design, _MOST_WEIGHTY)),
            tuple(self._directions.explain(text, design, _MOST_WEIGHTY)),
        )

    def _explained(
        self, evidence: Evidence, paper: Paper, verdict: Verdict, words: Grouped
    ) -> MechanismExplanation:
        asked = verdict.against > 0
        turned = verdict.stance in {Stance.REFUTES, Stance.MIXED}
        numbers = against_features(evidence, paper) if asked else {}
        return MechanismExplanation(
            mechanism=evidence.mechanism,
            stance=verdict.stance,
            probability=round(verdict.probability, 3),
            against=round(verdict.against, 3),
            reason=verdict.reason,
            weighed=self._weighed("side", verdict.features, words),
            weighed_against=self._weighed("against", numbers, words) if asked else (),
            weighed_mixed=self._weighed("mixed", numbers, words) if turned else (),
        )

    def _weighed(self, model: str, numbers: Mapping[str, float], words: Grouped) -> Weighed:
        """What moved one of the regressions most."""
        weights = self._reader.rescorer
        regression: Logistic = getattr(weights, model)
        said = sorted(weights.words.contributions(model, words), key=_weightiest_first)
        found = regression.contributions(numbers)[:_MOST_WEIGHTY] + said[:_MOST_WEIGHTY]
        return tuple((n, round(weight, 3)) for n, weight in sorted(found, key=_weightiest_first))

    def _firings(self, article: Article, text: Text, field: FieldName) -> Iterator[Firing]:
        hits = self._matcher.find(text.field(field), text.tokens(field))
        traps = [hit for hit in hits if hit.key[0].is_trap]
        for hit in hits:
            rule, cue = hit.key
            if rule.is_trap:
                continue
            trap = next((t for t in traps if _holds(t, hit)), None)
            sentence = text.sentence_at(field, hit.start)
            around = (sentence.start, sentence.end) if sentence else (hit.start, hit.end)
            yield Firing(
                rule=f"{rule.id}: {rule.kind}",
                cue=cue,
                words=Quote.of(article, field, hit.start, hit.end),
                passage=Quote.of(article, field, *around),
                held_back_by=trap.key[1] if trap else None,
            )


def _weightiest_first(part: tuple[str, float]) -> tuple[float, str]:
    return -abs(part[1]), part[0]


class DesignExplainer:
    """Tells which cues of study-designs.toml count in a text, and what holds the others back."""

    def __init__(self, catalog: Catalog) -> None:
        self._rules = DesignRules(catalog)
        self._matcher = Matcher(_design_cues(catalog))

    def firings(self, article: Article, text: Text) -> Iterator[Firing]:
        """Every cue of every rule. One that stands where its rule does not look says so."""
        counted = {self._rules.names[f.rule] for f in self._rules.find(text)}
        for field in FieldName:
            hits = self._matcher.find(text.field(field), text.tokens(field))
            for hit in hits:
                kind, rule, cue = hit.key
                sentence = text.sentence_at(field, hit.start)
                if kind != "cue" or sentence is None:
                    continue
                held = next((h for h in hits if _holds_design(h, hit, sentence)), None)
                why = held.key[2] if held else None
                yield Firing(
                    rule=rule,
                    cue=cue,
                    words=Quote.of(article, field, hit.start, hit.end),
                    passage=Quote.of(article, field, sentence.start, sentence.end),
                    held_back_by=why if why or rule in counted else "its rule looks elsewhere",
                )


def _design_cues(catalog: Catalog) -> Iterator[tuple[tuple[str, str, str], str]]:
    for design in catalog.designs:
        for rule in design.rules:
            for kind, cues in (("cue", rule.cues), ("trap", rule.traps), ("unless", rule.unless)):
                yield from (((kind, rule.id, cue), cue) for cue in cues)
    yield from ((("elsewhere", "", cue), cue) for cue in catalog.elsewhere)


def _holds_design(
    other: Hit[tuple[str, str, str]], hit: Hit[tuple[str, str, str]], sentence: Sentence
) -> bool:
    """Whether a trap stands around a cue, or the sentence says what its rule excludes."""
    kind, rule, _ = other.key
    if kind == "trap":
        return rule == hit.key[1] and other.start <= hit.start and hit.end <= other.end
    inside = sentence.start <= other.start < sentence.end
    if kind == "elsewhere":
        return inside and sentence.field is FieldName.ABSTRACT
    return kind == "unless" and inside and rule == hit.key[1]


def _holds(trap: Hit[tuple[Rule, str]], hit: Hit[tuple[Rule, str]]) -> bool:
    """Whether a trap of the same mechanism or group stands around a cue."""
    mine, other = hit.key[0], trap.key[0]
    if mine.id != other.id or mine.of_group is not other.of_group:
        return False
    return trap.start <= hit.start and hit.end <= trap.end
