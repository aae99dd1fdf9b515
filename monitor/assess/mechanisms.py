"""`Article` → mechanism claims: which mechanisms it names, the side it takes, and the words. Pure.

Rules of queries/ find and sort the passages (`passages.py`, `evidence.py`), regressions weigh them
and the words around them (`rescorer.py`, `wordings.py`), and what holds for every paper is decided
here: without an abstract there is no conclusion, a protocol reports nothing, and a claim must be
about the illness or the drug that is watched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.assess.evidence import (
    INFECTION,
    REVIEWS,
    Evidence,
    Paper,
    against_features,
    collect,
    side_features,
)
from monitor.assess.passages import Clause, PassageReader
from monitor.assess.quoting import AGAINST, FOR, NAMED, Quoter
from monitor.assess.rescorer import Rescorer
from monitor.assess.text import Text
from monitor.assess.wordings import PaperWords
from monitor.catalog import Catalog
from monitor.model import (
    NO_RESULTS,
    Article,
    DesignLabel,
    Level,
    MechanismClaim,
    Quote,
    Relevance,
    Stance,
)
from monitor.patterns import Pool

#: Cue groups of which one must stand in the paper: the claim is about the illness or the drug.
SUBJECTS = frozenset({"illness", "ldn"})
#: Designs besides `REVIEWS` whose support is a review's.
REVIEWED = (REVIEWS | {"conference_report"}) - {"comment_letter", "editorial"}
#: From which probability on a side against is mixed.
_EVEN = 0.5
#: What the quotes of a stance show.
_SHOWN = {
    Stance.SUPPORTS: (FOR,),
    Stance.REFUTES: (AGAINST,),
    Stance.MIXED: (FOR, AGAINST),
    Stance.MENTIONS: (NAMED,),
}
_LONG = 320
_SHORTEST = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """The label of one mechanism, with the probabilities and numbers that it came from.

    `stance` is None for a word in passing; `reason` says why the paper as a whole takes no side.
    """

    stance: Stance | None
    probability: float
    against: float
    features: dict[str, float]
    reason: str = ""


class MechanismReader:
    """Reads mechanism claims by the rules of a catalog. Safe to share between threads."""

    def __init__(
        self,
        catalog: Catalog,
        rescorer: Rescorer | None = None,
        pool: Pool | None = None,
        quoter: Quoter | None = None,
    ) -> None:
        self._agents = {t.id: t.agent for t in catalog.topics if t.agent}
        self._order = {m.id: i for i, m in enumerate(catalog.mechanisms)}
        self.passages = PassageReader(catalog, pool)
        self.rescorer = rescorer or Rescorer.load()
        self.quoter = Quoter.load() if quoter is None else quoter

    def read(
        self,
        article: Article,
        text: Text,
        design: DesignLabel,
        relevance: tuple[Relevance, ...],
    ) -> tuple[MechanismClaim, ...]:
        """All mechanisms found, in the order of mechanisms.toml, each with its words."""
        if not self._order or not self.passages.may_name(text):
            return ()
        paper = self.paper(text, design)
        words = PaperWords.of(text)
        agent = self._agent(relevance)
        reviewed = design.id in REVIEWED
        claims = []
        for name in self.in_order(paper.evidence):
            evidence = paper.evidence[name]
            verdict = self.verdict(evidence, paper, words)
            if verdict.stance is None:
                continue
            claims.append(
                MechanismClaim(
                    mechanism=name,
                    stance=verdict.stance,
                    quotes=self._quotes(article, evidence, verdict.stance, review=reviewed),
                    agent=agent,
                    reviewed=reviewed,
                    confidence=round(_confidence(verdict), 3),
                )
            )
        return tuple(claims)

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Mechanisms in the order of mechanisms.toml."""
        return sorted(names, key=self._order.__getitem__)

    def paper(self, text: Text, design: DesignLabel) -> Paper:
        """The evidence for every mechanism that the text names."""
        return collect(self.passages.read(text), text, design.id)

    def verdict(self, evidence: Evidence, paper: Paper, words: PaperWords) -> Verdict:
        """The side that the paper takes on a mechanism."""
        weigh = self.rescorer
        sums = weigh.words.sums(evidence, words)
        features = side_features(evidence, paper)
        side = weigh.probability("side", features, sums)
        reason = silent(paper, evidence.mechanism)
        if not reason and side >= weigh.against_from:
            numbers = against_features(evidence, paper)
            against = weigh.probability("against", numbers, sums)
            if side * against >= weigh.against_from:
                mixed = weigh.probability("mixed", numbers, sums)
                stance = Stance.REFUTES if mixed < _EVEN else Stance.MIXED
                return Verdict(stance, side, against, features)
            if side >= weigh.side_from:
                return Verdict(Stance.SUPPORTS, side, against, features)
        noted = weigh.probability("noted", features, sums)
        named = Stance.MENTIONS if noted >= weigh.mention_from else None
        return Verdict(named, side, 0.0, features, reason)

    def _quotes(
        self, article: Article, evidence: Evidence, stance: Stance, *, review: bool
    ) -> tuple[Quote, ...]:
        """The passages that show the stance: for a mixed one, one for each side."""
        chosen = (self.quoter.best(evidence, side, review=review) for side in _SHOWN[stance])
        return tuple(dict.fromkeys(_quote(article, clause) for clause in chosen))

    def _agent(self, relevance: tuple[Relevance, ...]) -> str | None:
        """The drug that the paper studies, by the topics it is at the core of."""
        cores = (r.topic for r in relevance if r.level is Level.CORE)
        return next((self._agents[t] for t in cores if t in self._agents), None)


def silent(paper: Paper, mechanism: str) -> str:
    """Why the paper cannot take a side on a mechanism; empty when it can."""
    if not paper.text.abstract:
        return "There is no abstract that could be read."
    if paper.design in NO_RESULTS:
        return "A paper of this kind reports no result of its own."
    if all(SUBJECTS.isdisjoint(c.marks) for c in paper.clauses):
        return "Neither the illness nor the drug is named."
    if mechanism == INFECTION and not paper.names_me_cfs:
        return "Long COVID follows an infection by its definition, and ME/CFS is not named."
    return ""


def _confidence(verdict: Verdict) -> float:
    if verdict.stance is Stance.MENTIONS:
        return 1 - verdict.probability
    part = 1 - verdict.against if verdict.stance is Stance.SUPPORTS else verdict.against
    return verdict.probability * part


def _quote(article: Article, clause: Clause) -> Quote:
    """The sentence, or only the clause when the sentence is long."""
    sentence = clause.sentence
    text = article.field(sentence.field)
    start, end = sentence.start, sentence.end
    if end - start > _LONG and clause.end - clause.start >= _SHORTEST:
        start, end = clause.start, clause.end
        while end > start and text[end - 1] in " ,;:\n":
            end -= 1
    return Quote.of(article, sentence.field, start, end)
