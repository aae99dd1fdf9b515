"""What a paper's clauses say about one mechanism, as a few numbers. Pure.

Every number answers a question that a careful reader would ask: does the title name it, do the
results tell a change close to it, is it only background or a plan, is it denied, is the paper a
review that argues for it? docs/methods.md lists them; `rescorer.py` weighs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log1p

from monitor.assess.passages import OWN, Clause, Kind
from monitor.assess.text import ABSTRACT, TITLE, Text
from monitor.model import NO_RESULTS, SectionCategory

#: Designs whose text argues from other people's results.
REVIEWS = frozenset(
    "narrative_review systematic_review scoping_review evidence_summary guideline_consensus "
    "hypothesis editorial comment_letter".split()
)
# Names of their own are quicker to look up, and these are asked for at every clause.
_CUE = Kind.CUE
_RESULTS, _CONCLUSIONS = SectionCategory.RESULTS, SectionCategory.CONCLUSIONS
_SUBJECTS = frozenset({"illness", "ldn"})
#: The mechanism that is no claim for long COVID, which follows an infection by its definition; and
#: the cue group of ME/CFS by a name of its own.
INFECTION, _ME_CFS = "infection", "me_cfs"
_ASKING = frozenset({SectionCategory.OBJECTIVE, SectionCategory.METHODS})
#: Characters between a mechanism and a finding that belong together.
_NEAR = 40
#: Places in an abstract, from 0 (first sentence) to 1 (last).
_EARLY, _LATE = 0.15, 0.75
_TRIALS = frozenset(
    "randomized_controlled_trial non_randomized_controlled_trial single_arm_trial".split()
)
_ADJACENT = 25
_NOWHERE = 10_000


@dataclass(slots=True)
class Evidence:
    """The clauses that name a mechanism, and by which kind of cue. Filled by `collect`.

    `strong` are those with a cue of its own; `echoes` name no mechanism at all and go on about the
    one named just before in the sentence ("…, but lost significance after adjustment").
    """

    mechanism: str
    clauses: list[Clause] = field(default_factory=list)
    strong: list[Clause] = field(default_factory=list)
    echoes: list[Clause] = field(default_factory=list)
    cues: set[str] = field(default_factory=set)
    weak: int = 0
    treatments: int = 0

    @property
    def in_title(self) -> bool:
        """Whether the title names it, by any cue."""
        return self.clauses[0].sentence.field is TITLE

    def distance(self, clause: Clause) -> int:
        """Characters between a cue of the mechanism and the nearest finding or denial."""
        nearest = _NOWHERE
        for mechanism, kind, cue, cue_end in clause.mentions:
            if mechanism == self.mechanism and kind is _CUE:
                for start, end in clause.findings:
                    nearest = min(nearest, max(start - cue_end, cue - end, 0))
        return nearest


@dataclass(frozen=True)
class Paper:
    """All evidence of a paper, with what its mechanisms share: clauses, text and design."""

    clauses: tuple[Clause, ...]
    evidence: dict[str, Evidence]
    text: Text
    design: str

    @property
    def is_review(self) -> bool:
        """Whether the paper argues from other people's results."""
        return self.design in REVIEWS

    @cached_property
    def mentions(self) -> int:
        """Clauses that name a mechanism, counted once for each."""
        return sum(len(e.clauses) for e in self.evidence.values())

    @cached_property
    def most(self) -> int:
        """Clauses that name the mechanism named most often."""
        return max(len(e.clauses) for e in self.evidence.values())

    @cached_property
    def most_own(self) -> int:
        """Clauses of the paper's own that name the mechanism named most often in them."""
        return max(sum(c.own for c in e.clauses) for e in self.evidence.values())

    @cached_property
    def listed(self) -> dict[int, int]:
        """How many mechanisms each sentence names, by its identity."""
        named: dict[int, set[str]] = {}
        for clause in self.clauses:
            if clause.mentions:
                names = named.setdefault(id(clause.sentence), set())
                names.update(m.mechanism for m in clause.mentions)
        return {sentence: len(names) for sentence, names in named.items()}

    @cached_property
    def names_illness(self) -> bool:
        """Whether the title names the illness or the drug."""
        return any(
            not _SUBJECTS.isdisjoint(c.marks) for c in self.clauses if c.sentence.field is TITLE
        )

    @cached_property
    def names_me_cfs(self) -> float:
        """Where the paper names ME/CFS itself: 1 in the title, 0.5 elsewhere, 0 nowhere."""
        fields = {c.sentence.field for c in self.clauses if _ME_CFS in c.marks}
        return 1.0 if TITLE in fields else 0.5 * bool(fields)

    @cached_property
    def aside(self) -> dict[str, float]:
        """How much of the abstract names the illness or the drug, where the title does not.

        A paper on another subject names them in passing: once, or at the end.
        """
        if self.names_illness:
            return {}
        sentences = {id(c.sentence): c for c in self.clauses if c.sentence.field is ABSTRACT}
        places = [
            c.sentence.position for c in sentences.values() if not _SUBJECTS.isdisjoint(c.around)
        ]
        return {
            "aside": True,
            "aside_share": len(places) / max(len(sentences), 1),
            "aside_once": len(places) <= 1,
            "aside_late": bool(places) and places[0] > _LATE,
        }

    @cached_property
    def own(self) -> tuple[Clause, ...]:
        """Title, results and conclusions."""
        return tuple(c for c in self.clauses if c.sentence.role in OWN or c.sentence.field is TITLE)


def collect(clauses: tuple[Clause, ...], text: Text, design: str) -> Paper:
    """Evidence for every mechanism that has a cue of its own, or any cue in the title."""
    found: dict[str, Evidence] = {}
    before: Clause | None = None
    for clause in clauses:
        whole = text.field(clause.sentence.field)
        if clause.mentions:
            before = clause
        elif before is not None and before.sentence is clause.sentence:
            for name in {m.mechanism for m in before.mentions}:
                found[name].echoes.append(clause)
        for mention in clause.mentions:
            evidence = found.get(mention.mechanism)
            if evidence is None:
                evidence = found[mention.mechanism] = Evidence(mention.mechanism)
            if not evidence.clauses or evidence.clauses[-1] is not clause:
                evidence.clauses.append(clause)
            evidence.cues.add(whole[mention.start : mention.end].lower())
            if mention.kind is _CUE:
                if not evidence.strong or evidence.strong[-1] is not clause:
                    evidence.strong.append(clause)
            elif mention.kind is Kind.WEAK:
                evidence.weak += 1
            else:
                evidence.treatments += 1
    kept = {name: e for name, e in found.items() if e.strong or e.in_title}
    return Paper(clauses, kept, text, design)


def _is_result(clause: Clause) -> bool:
    """Whether the clause reports a result, by its place or, where that is unsure, by its words."""
    role = clause.sentence.role
    if role in OWN or "own_finding" not in clause.marks:
        return role is _RESULTS
    return clause.fresh and (clause.finding or clause.denied)


def _count(values: Sequence[bool] | list[Clause], most: int = 3) -> float:
    return float(min(sum(map(bool, values)), most))


def side_features(evidence: Evidence, paper: Paper) -> dict[str, float]:
    """Numbers that tell whether the paper takes a side on the mechanism."""
    review = paper.is_review
    clauses, strong = evidence.clauses, evidence.strong
    title = [c for c in clauses if c.sentence.field is TITLE]
    body = [c for c in clauses if c.sentence.field is ABSTRACT]
    results = [c for c in body if _is_result(c)]
    conclusions = [c for c in body if c.sentence.role is _CONCLUSIONS]
    own = results + conclusions
    distance = {id(c): evidence.distance(c) for c in strong}
    fresh = [c for c in strong if c.fresh]
    names = len(paper.evidence)
    listed = min((paper.listed[id(c.sentence)] for c in own or clauses), default=1)
    found = {
        "review": review,
        "no_results": paper.design in NO_RESULTS,
        "title": bool(title),
        "title_strong": any(c.sentence.field is TITLE for c in strong),
        "title_result": any(c.finding or c.denied for c in title),
        "in_results": bool(results),
        "conclusion": any(c.finding and not c.plan for c in conclusions),
        "reported": any("report" in c.marks for c in own),
        "only_background": not review and not own and not title,
        "only_asked": not review
        and not own
        and not title
        and any(c.sentence.role in _ASKING for c in body),
        "argued": review and any("argue" in c.marks for c in body),
        "argued_anew": review and any("argue" in c.marks and c.fresh for c in body),
        "review_concludes": review and bool(conclusions),
        "review_list": review * log1p(listed),
        "clauses": min(len(clauses), 5),
        "own_clauses": min(len(own), 4),
        "strong_clauses": min(len(strong), 4),
        "own_strong": _count([c.sentence.role in OWN or _is_result(c) for c in strong]),
        "cues": min(len(evidence.cues), 5),
        "foremost": len(clauses) == paper.most,
        "mechanisms": min(names, 8) / 4,
        "list": log1p(listed),
        "treatment_helped": evidence.treatments > 0 and any("benefit" in c.around for c in clauses),
        "illness": any("illness" in c.around for c in own + title),
        "weak_only": not strong,
        "touching": any(distance[id(c)] <= 2 for c in strong),  # noqa: PLR2004 - a space, a hyphen
        "adjacent": _count([distance[id(c)] <= _ADJACENT for c in fresh]),
        "near_title": any(distance.get(id(c), _NOWHERE) <= _NEAR for c in title),
        "own_words": _count(["own_finding" in c.around for c in fresh]),
        "own_words_primary": (not review) * _count(["own_finding" in c.around for c in fresh]),
        "never_own": not review and not title and not any(c.own for c in strong),
        "weak": log1p(evidence.weak),
        "hypothesis": paper.design == "hypothesis",
        "systematic": paper.design in {"systematic_review", "scoping_review"},
        "review_at_end": review and any(c.sentence.position > 0.6 for c in strong),  # noqa: PLR2004
        "review_at_start": review
        and bool(strong)
        and all(c.sentence.position < 0.2 for c in strong),  # noqa: PLR2004
        "illness_in_title": paper.names_illness,
        "me_cfs": paper.names_me_cfs,
        "infection_in_me_cfs": (evidence.mechanism == INFECTION) * paper.names_me_cfs,
        "findings": sum(len(c.findings) for c in strong if c.sentence.role in OWN) > 2,  # noqa: PLR2004
    }
    found |= _shares(evidence, paper)
    found |= paper.aside
    found[f"is {evidence.mechanism}"] = True  # some classes are named in passing more than others
    return {name: float(value) for name, value in found.items() if value}


def _shares(evidence: Evidence, paper: Paper) -> dict[str, float]:
    """How the clauses that name a mechanism divide, and its part in the paper."""
    clauses = evidence.clauses
    whole = len(clauses)
    own = speculated = background = plans = methods = illness = argued = 0
    found = denied = 0
    late = found_at_end = told = False
    latest, first_only = 0.0, not evidence.in_title
    for c in clauses:
        marks, sentence = c.marks, c.sentence
        own += c.own
        speculated += "speculation" in marks or "hedge" in marks
        background += "background" in marks
        plans += c.plan
        methods += "method" in marks
        illness += "illness" in c.around
        argued += "argue" in marks
        found += c.finding and c.own and c.fresh
        denied += c.denied and c.own
        if sentence.field is ABSTRACT:
            latest = max(latest, sentence.position)
            first_only = first_only and sentence.position <= _EARLY
            late = late or sentence.role is _CONCLUSIONS
    for c in evidence.strong:
        role = c.sentence.role
        if role is _CONCLUSIONS:
            found_at_end = found_at_end or (c.finding and c.fresh)
        elif role is _RESULTS:
            told = told or c.finding or c.denied
    return {
        "share_own": own / whole,
        "share_of_paper": whole / max(paper.mentions, 1),
        "last_sentence": latest >= 1.0,
        "only_early": first_only,
        "latest": latest,
        "most_own": own > 0 and own == paper.most_own,
        "share_of_most_own": own / max(paper.most_own, 1),
        "found": min(found, 4),
        "denied": min(denied, 3),
        "share_speculated": speculated / whole,
        "share_background": background / whole,
        "share_plans": plans / whole,
        "share_methods": methods / whole,
        "share_illness": illness / whole,
        "share_argued": argued / whole,
        "in_conclusions": late,
        "found_at_end": found_at_end,
        "told_in_results": told,
    }


def against_features(evidence: Evidence, paper: Paper) -> dict[str, float]:
    """Numbers that tell whether the side taken is against the mechanism, wholly or in part."""
    own = [c for c in (*evidence.clauses, *evidence.echoes) if c.own and not c.plan]
    strong = set(evidence.strong)
    named = [c for c in evidence.strong if c.own and not c.plan]
    denied = [c for c in own if c.denied]
    positive = [c for c in own if c.finding]
    paper_denied = sum(c.denied for c in paper.own)
    paper_positive = sum(c.finding for c in paper.own)
    found = {
        "denied": min(len(denied), 3),
        "positive": min(len(positive), 4),
        "share_denied": (len(denied) + 0.5) / (len(denied) + len(positive) + 1),
        "title_denied": any(c.sentence.field is TITLE for c in denied),
        "conclusion_denied": any(c.sentence.role is _CONCLUSIONS for c in denied),
        "conclusion_positive": any(c.sentence.role is _CONCLUSIONS for c in positive),
        "only_denied": bool(denied) and not positive,
        "mostly_positive": len(denied) == 1
        and len(positive) > 2  # noqa: PLR2004
        and denied[0].sentence.role is not _CONCLUSIONS,
        "denied_strongly": any(
            "null" in c.marks and evidence.distance(c) <= _NEAR for c in denied if c in strong
        ),
        "denied_near": any(evidence.distance(c) <= _ADJACENT for c in denied),
        "contrast": any("contrast" in c.around for c in denied),
        "called_mixed": any("mixed" in c.around for c in own),
        "harm": any("harm" in c.around for c in own),
        "any_denial": any("null" in c.around for c in own),
        "paper_share_denied": paper_denied / (paper_denied + paper_positive + 1),
        "paper_denied": min(paper_denied, 4),
        "paper_title_denied": any(c.denied for c in paper.own if c.sentence.field is TITLE),
        "treatment": evidence.treatments > 0,
        "review": paper.is_review,
        "last_denied": bool(own) and own[-1].denied,
        "last_positive": bool(own) and own[-1].finding,
        "first_denied": bool(own) and own[0].denied,
        "strong_denied": min(sum(c.denied for c in named), 3),
        "strong_positive": min(sum(c.finding for c in named), 3),
        "strong_share": (sum(c.denied for c in named) + 0.3)
        / (sum(c.denied or c.finding for c in named) + 0.6),
        "trial": paper.design in _TRIALS,
        "denied_with_doubt": any("hedge" in c.marks for c in denied),
        "results_denied": any(c.sentence.role is _RESULTS for c in denied),
        "any_contrast": any("contrast" in c.around for c in own),
        "denied_first": bool(denied)
        and bool(positive)
        and own.index(denied[0]) < own.index(positive[0]),
    }
    return {name: float(value) for name, value in found.items() if value}
