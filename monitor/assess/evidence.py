"""What a paper's clauses say about one mechanism, as a few numbers. Pure.

Every number answers a question that a careful reader would ask: does the title name it, do the
results tell a change close to it, is it only background or a plan, is it denied, is the paper a
review that argues for it? docs/methods.md lists them; `rescorer.py` weighs them.
"""

from __future__ import annotations

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
_CUE, _WEAK = Kind.CUE, Kind.WEAK
_RESULTS, _CONCLUSIONS = SectionCategory.RESULTS, SectionCategory.CONCLUSIONS
_SUBJECTS = frozenset({"illness", "ldn"})
#: The mechanism that is no claim for long COVID, which follows an infection by its definition; and
#: the cue group of ME/CFS by a name of its own.
INFECTION, _ME_CFS = "infection", "me_cfs"
_SYSTEMATIC = frozenset({"systematic_review", "scoping_review"})
_ASKING = frozenset({SectionCategory.OBJECTIVE, SectionCategory.METHODS})
#: Characters between a mechanism and a finding that belong together.
_NEAR = 40
#: Places in an abstract, from 0 (first sentence) to 1 (last).
_EARLY, _LATE = 0.15, 0.75
_SOON, _LATER = 0.2, 0.6
_TRIALS = frozenset(
    "randomized_controlled_trial non_randomized_controlled_trial single_arm_trial".split()
)
_ADJACENT = 25
#: Between them stands a space or a hyphen.
_TOUCHING = 2
_NOWHERE = 10_000
#: More clauses than these say no more.
_MOST = 3


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
        nearest, findings = _NOWHERE, clause.findings
        if not findings:
            return nearest
        for mechanism, kind, cue, cue_end in clause.mentions:
            if mechanism == self.mechanism and kind is _CUE:
                for start, end in findings:
                    apart = start - cue_end if start >= cue_end else cue - end
                    if apart < nearest:  # noqa: PLR1730 - an inner loop
                        nearest = apart
        return max(nearest, 0)


@dataclass(frozen=True)
class Paper:
    """All evidence of a paper, with what its mechanisms share: clauses, text and design.

    `listed` tells how many mechanisms each sentence names, by its identity.
    """

    clauses: tuple[Clause, ...]
    evidence: dict[str, Evidence]
    listed: dict[int, int]
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
    listed: dict[int, int] = {}
    before: Clause | None = None
    for clause in clauses:
        sentence = clause.sentence
        if clause.mentions:
            before = clause
        elif before is not None and before.sentence is sentence:
            for name in {m.mechanism for m in before.mentions}:
                found[name].echoes.append(clause)
        for mechanism, kind, start, end in clause.mentions:
            evidence = found.get(mechanism)
            if evidence is None:
                evidence = found[mechanism] = Evidence(mechanism)
            last = evidence.clauses[-1] if evidence.clauses else None
            if last is not clause:
                evidence.clauses.append(clause)
                if last is None or last.sentence is not sentence:
                    listed[id(sentence)] = listed.get(id(sentence), 0) + 1
            evidence.cues.add(text.field(sentence.field)[start:end].lower())
            if kind is _CUE:
                if not evidence.strong or evidence.strong[-1] is not clause:
                    evidence.strong.append(clause)
            elif kind is _WEAK:
                evidence.weak += 1
            else:
                evidence.treatments += 1
    kept = {name: e for name, e in found.items() if e.strong or e.in_title}
    return Paper(clauses, kept, listed, text, design)


def _is_result(clause: Clause) -> bool:
    """Whether the clause reports a result, by its place or, where that is unsure, by its words."""
    role = clause.sentence.role
    if role in OWN or "own_finding" not in clause.marks:
        return role is _RESULTS
    return clause.fresh and (clause.finding or clause.denied)


def side_features(evidence: Evidence, paper: Paper) -> dict[str, float]:
    """Numbers that tell whether the paper takes a side on the mechanism."""
    # Plain loops, here and below: a generator for each question takes half as long again.
    review, clauses, strong = paper.is_review, evidence.clauses, evidence.strong
    in_title = evidence.in_title
    title_told = concluded = reported = asked = argued = argued_anew = illness = False
    conclusions, own = 0, []
    for c in clauses:
        marks, sentence = c.marks, c.sentence
        if sentence.field is TITLE:
            title_told = title_told or c.finding or c.denied
            illness = illness or "illness" in c.around
            continue
        if "argue" in marks:
            argued = True
            argued_anew = argued_anew or c.fresh
        role = sentence.role
        if role is _CONCLUSIONS:
            conclusions += 1
            concluded = concluded or (c.finding and not c.plan)
        elif not _is_result(c):
            asked = asked or role in _ASKING
            continue
        own.append(c)
        reported = reported or "report" in marks
        illness = illness or "illness" in c.around
    strong_title = near_title = touching = any_own = False
    own_strong = adjacent = own_words = findings = 0
    for c in strong:
        sentence, distance = c.sentence, evidence.distance(c)
        if sentence.field is TITLE:
            strong_title = True
            near_title = near_title or distance <= _NEAR
        if sentence.role in OWN:
            own_strong += 1
            findings += len(c.findings)
        else:
            own_strong += _is_result(c)
        if c.fresh:
            adjacent += distance <= _ADJACENT
            own_words += "own_finding" in c.around
        touching = touching or distance <= _TOUCHING
        any_own = any_own or c.own
    # Clauses come in order; none is neither soon nor late.
    latest = strong[-1].sentence.position if strong else _SOON
    elsewhere = not review and not own and not in_title
    listed = log1p(min([paper.listed[id(c.sentence)] for c in own or clauses]))
    found = {
        "review": review,
        "no_results": paper.design in NO_RESULTS,
        "title": in_title,
        "title_strong": strong_title,
        "title_result": title_told,
        "in_results": len(own) > conclusions,
        "conclusion": concluded,
        "reported": reported,
        "only_background": elsewhere,
        "only_asked": elsewhere and asked,
        "argued": review and argued,
        "argued_anew": review and argued_anew,
        "review_concludes": review and conclusions > 0,
        "review_list": review * listed,
        "clauses": min(len(clauses), 5),
        "own_clauses": min(len(own), 4),
        "strong_clauses": min(len(strong), 4),
        "own_strong": min(own_strong, _MOST),
        "cues": min(len(evidence.cues), 5),
        "foremost": len(clauses) == paper.most,
        "mechanisms": min(len(paper.evidence), 8) / 4,
        "list": listed,
        "treatment_helped": evidence.treatments > 0 and any("benefit" in c.around for c in clauses),
        "illness": illness,
        "weak_only": not strong,
        "touching": touching,
        "adjacent": min(adjacent, _MOST),
        "near_title": near_title,
        "own_words": min(own_words, _MOST),
        "own_words_primary": (not review) * min(own_words, _MOST),
        "never_own": not review and not in_title and not any_own,
        "weak": log1p(evidence.weak),
        "hypothesis": paper.design == "hypothesis",
        "systematic": paper.design in _SYSTEMATIC,
        "review_at_end": review and latest > _LATER,
        "review_at_start": review and latest < _SOON,
        "illness_in_title": paper.names_illness,
        "me_cfs": paper.names_me_cfs,
        "infection_in_me_cfs": (evidence.mechanism == INFECTION) * paper.names_me_cfs,
        "findings": findings > 2,  # noqa: PLR2004
    }
    found |= _shares(evidence, paper)
    found |= paper.aside
    found[f"is {evidence.mechanism}"] = True  # some classes are named in passing more than others
    return {name: value for name, value in found.items() if value}


def _shares(evidence: Evidence, paper: Paper) -> dict[str, float]:
    """How the clauses that name a mechanism divide, and its part in the paper."""
    clauses = evidence.clauses
    whole = len(clauses)
    own = speculated = background = plans = methods = illness = argued = 0
    found = denied = 0
    late = found_at_end = told = False
    latest = clauses[-1].sentence.position  # they come in order, and a title is at 0
    for c in clauses:
        marks = c.marks
        speculated += "speculation" in marks or "hedge" in marks
        background += "background" in marks
        plans += c.plan
        methods += "method" in marks
        illness += "illness" in c.around
        argued += "argue" in marks
        late = late or c.sentence.role is _CONCLUSIONS
        if c.own:
            own += 1
            found += c.finding and c.fresh
            denied += c.denied
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
        "only_early": not evidence.in_title and latest <= _EARLY,
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
