"""How good the shipped assessor is on labelled records: `monitor evaluate FILE`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from monitor.assess.assessor import Assessor
from monitor.assess.corrections import Overruled, overruled
from monitor.assess.merged import merged
from monitor.assess.pointed import Shown, shown
from monitor.assess.scores import (
    CalibrationBin,
    ClassScore,
    Confusion,
    Rate,
    calibration,
    expected_calibration_error,
)
from monitor.assess.truth import SETTLED, UNLABELLED, Truth
from monitor.model import Assessment, Level, Stance

_LEVELS = (Level.CORE, Level.RELATED, Level.OFF)
_SIDES = ("supports", "refutes", "mixed")
_AGAINST = ("refutes", "mixed")
_MG = re.compile(r"(\d+(?:\.\d+)?)\s*mg")
_RESULTS = {"not_applicable": "not_stated", "none": "not_stated"}

Pair = tuple[str, str]


@dataclass(slots=True)
class Tally:
    """Pairs of truth and answer, collected record by record."""

    designs: list[Pair] = field(default_factory=list)
    acceptable: list[bool] = field(default_factory=list)
    coarse: list[Pair] = field(default_factory=list)
    confidence: list[tuple[float, bool]] = field(default_factory=list)
    relevance: list[Pair] = field(default_factory=list)
    n_stated: list[bool] = field(default_factory=list)
    n_absent: list[bool] = field(default_factory=list)
    criteria: list[bool] = field(default_factory=list)
    pem: list[bool] = field(default_factory=list)
    dose: list[bool] = field(default_factory=list)
    results: list[Pair] = field(default_factory=list)
    claims: list[tuple[str | None, str | None]] = field(default_factory=list)
    quotes: list[tuple[Stance, Shown]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DesignScores:
    """How well the design was told, and how well its confidence says so."""

    exact: Confusion
    acceptable: Rate
    coarse: Confusion
    bins: tuple[CalibrationBin, ...]

    @property
    def calibration_error(self) -> float:
        """Expected calibration error of the design's confidence."""
        return expected_calibration_error(self.bins)


@dataclass(frozen=True, slots=True)
class Report:
    """All scores of one labelled file by one assessor.

    `trained_on` records were examples for the design model and `claims_trained_on` for claims,
    their passages, sample sizes and directions; models know their examples by heart. `design`,
    `mechanisms`, `facts`, `results` and `quotes` count them; `unseen`, `unseen_mechanisms`,
    `unseen_facts` (sample sizes), `unseen_results` and `unseen_quotes` do not, so only these are a
    measure of accuracy.
    """

    assessor: str
    records: int
    trained_on: int
    claims_trained_on: int
    design: DesignScores
    unseen: DesignScores
    relevance: Confusion
    facts: dict[str, Rate]
    results: Confusion
    unseen_results: Confusion
    mechanisms: dict[str, ClassScore]
    unseen_mechanisms: dict[str, ClassScore]
    unseen_facts: dict[str, Rate]
    quotes: dict[str, Rate]
    unseen_quotes: dict[str, Rate]
    overruled: tuple[Overruled, ...] = ()


def evaluate(records: Iterable[Truth], assessor: Assessor) -> Report:
    """Score the assessor on labelled records; what was not labelled is not scored.

    Scored is what the rules alone say: a label that a curator overruled is an error of the
    assessor's, and is listed besides.
    """
    tally, unseen = Tally(), Tally()
    curated: list[Overruled] = []
    count = trained_on = claims_trained_on = 0
    for truth in records:
        count += 1
        told = assessor.computed(truth.article)
        curated += overruled(told, assessor.corrections(truth.article.pmid))
        _compare(tally, truth, told)
        if assessor.trained_on(truth.article):
            trained_on += 1
        else:
            _design(unseen, truth, told)
        if assessor.claims_trained_on(truth.article):
            claims_trained_on += 1
        else:
            _claims(unseen, truth, told)
            _size(unseen, truth, told)
            _result(unseen, truth, told)
    return Report(
        assessor=assessor.version,
        records=count,
        trained_on=trained_on,
        claims_trained_on=claims_trained_on,
        design=_design_scores(tally),
        unseen=_design_scores(unseen),
        relevance=Confusion(tuple(tally.relevance)),
        facts={
            **_sizes(tally),
            "case definitions": _rate(tally.criteria),
            "post-exertional malaise required": _rate(tally.pem),
            "naltrexone dose": _rate(tally.dose),
        },
        results=Confusion(tuple(tally.results)),
        unseen_results=Confusion(tuple(unseen.results)),
        mechanisms=_mechanisms(tally.claims),
        unseen_mechanisms=_mechanisms(unseen.claims),
        unseen_facts=_sizes(unseen),
        quotes=_quotes(tally.quotes),
        unseen_quotes=_quotes(unseen.quotes),
        overruled=tuple(curated),
    )


def _design_scores(tally: Tally) -> DesignScores:
    return DesignScores(
        exact=Confusion(tuple(tally.designs)),
        acceptable=_rate(tally.acceptable),
        coarse=Confusion(tuple(tally.coarse)),
        bins=calibration(tally.confidence),
    )


def _sizes(tally: Tally) -> dict[str, Rate]:
    return {
        "sample size, exact where stated": _rate(tally.n_stated),
        "sample size, none where none is stated": _rate(tally.n_absent),
    }


def _rate(cases: list[bool]) -> Rate:
    return Rate(sum(cases), len(cases))


def _compare(tally: Tally, truth: Truth, told: Assessment) -> None:
    _design(tally, truth, told)
    _claims(tally, truth, told)
    if truth.relevance is not None:
        levels = {r.level for r in told.relevance}
        best = next((level for level in _LEVELS if level in levels), Level.OFF)
        tally.relevance.append((truth.relevance, best.value))
    _size(tally, truth, told)
    if truth.criteria is not UNLABELLED:
        tally.criteria.append({f.value for f in told.case_definitions} == set(truth.criteria))
    if truth.pem_required is not UNLABELLED:
        pem = None if told.pem_required is None else told.pem_required.value
        tally.pem.append(pem == truth.pem_required)
    if truth.dose is not UNLABELLED:
        tally.dose.append(
            _same_dose(truth.dose, truth.article.title + truth.article.abstract, told)
        )
    _result(tally, truth, told)


def _result(tally: Tally, truth: Truth, told: Assessment) -> None:
    if truth.result is not None:
        result = _RESULTS.get(truth.result, truth.result)
        tally.results.append((result, told.result.direction.value))


def _size(tally: Tally, truth: Truth, told: Assessment) -> None:
    if truth.n is not UNLABELLED:
        size = told.sample_size.n if told.sample_size else None
        (tally.n_absent if truth.n is None else tally.n_stated).append(size == truth.n)


def _claims(tally: Tally, truth: Truth, told: Assessment) -> None:
    if truth.mechanisms is None:
        return
    stances = {c.mechanism: c.stance.value for c in told.claims}
    for mechanism in sorted({*stances, *truth.mechanisms}):
        tally.claims.append((truth.mechanisms.get(mechanism), stances.get(mechanism)))
    for claim in told.claims:
        passages = truth.passages.get(claim.mechanism)
        if passages is not None and truth.mechanisms[claim.mechanism] == claim.stance.value:
            tally.quotes += [(claim.stance, s) for s in shown(claim.quotes, claim.stance, passages)]


def _quotes(cases: list[tuple[Stance, Shown]]) -> dict[str, Rate]:
    """How often the quote of a claim whose stance is right is a passage that readers pointed at."""
    found: dict[str, Rate] = {}
    for stance in Stance:
        mine = [case for of, case in cases if of is stance]
        found[f"{stance.value}, one that readers pointed at"] = _rate([c.any for c in mine])
        found[f"{stance.value}, their first"] = _rate([c.first for c in mine])
    return found


def _design(tally: Tally, truth: Truth, told: Assessment) -> None:
    label = told.design
    if truth.coarse is not None:
        group = merged(label.id, label.secondary)
        tally.coarse.append((truth.coarse, group))
        tally.confidence.append((label.confidence, group == truth.coarse))
    if truth.design is None:
        return
    answer = label.id
    if truth.design == "unsettled" and answer not in SETTLED:
        answer = "unsettled"
    tally.designs.append((truth.design, answer))
    tally.acceptable.append(answer == truth.design or answer in truth.also_acceptable)
    tally.confidence.append((label.confidence, answer == truth.design))


def _same_dose(wanted: str | None, text: str, told: Assessment) -> bool:
    """Whether the doses told are those of the label, as far as the text itself states them."""
    doses = {d.mg for d in told.doses} | {d.mg_min for d in told.doses if d.mg_min is not None}
    stated = {float(m) for m in _MG.findall(wanted or "")} & {float(m) for m in _MG.findall(text)}
    if not stated:
        return not doses
    return stated <= doses


def _mechanisms(claims: list[tuple[str | None, str | None]]) -> dict[str, ClassScore]:
    sides = [(w if w in _SIDES else None, t if t in _SIDES else None) for w, t in claims]
    return {
        "named at all": _score("named at all", [(w is not None, t is not None) for w, t in claims]),
        "takes a side": _score("takes a side", [(w is not None, t is not None) for w, t in sides]),
        "takes this side": ClassScore(
            "takes this side",
            sum(w is not None and w == t for w, t in sides),
            sum(t is not None for _, t in sides),
            sum(w is not None for w, _ in sides),
        ),
        "refutes or mixed": _score(
            "refutes or mixed", [(w in _AGAINST, t in _AGAINST) for w, t in claims]
        ),
        **{
            stance.value: _score(
                stance.value, [(w == stance.value, t == stance.value) for w, t in claims]
            )
            for stance in Stance
        },
    }


def _score(name: str, cases: list[tuple[bool, bool]]) -> ClassScore:
    return ClassScore(
        name,
        sum(w and t for w, t in cases),
        sum(t for _, t in cases),
        sum(w for w, _ in cases),
    )


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain JSON values; "unseen" leaves out what the models learnt from."""
    return {
        "assessor": report.assessor,
        "records": report.records,
        "trained_on": report.trained_on,
        "claims_trained_on": report.claims_trained_on,
        **_design_json(report.design),
        "unseen": {
            "records": report.records - report.trained_on,
            **_design_json(report.unseen),
            "claims_records": report.records - report.claims_trained_on,
            "mechanisms": {n: score.as_json() for n, score in report.unseen_mechanisms.items()},
            "facts": {name: rate.as_json() for name, rate in report.unseen_facts.items()},
            "result": report.unseen_results.as_json(),
            "quotes": {name: rate.as_json() for name, rate in report.unseen_quotes.items()},
        },
        "relevance": report.relevance.as_json(),
        "facts": {name: rate.as_json() for name, rate in report.facts.items()},
        "result": report.results.as_json(),
        "mechanisms": {name: score.as_json() for name, score in report.mechanisms.items()},
        "quotes": {name: rate.as_json() for name, rate in report.quotes.items()},
        "overruled": [{**asdict(o), "wrong": o.wrong} for o in report.overruled],
    }


def _design_json(scores: DesignScores) -> dict[str, Any]:
    return {
        "design": {**scores.exact.as_json(), "acceptable": scores.acceptable.as_json()},
        "design_merged": scores.coarse.as_json(),
        "calibration": {
            "expected_error": round(scores.calibration_error, 4),
            "bins": [
                {
                    "from": b.low,
                    "to": b.high,
                    "n": b.n,
                    "confidence": round(b.confidence, 4),
                    "accuracy": round(b.accuracy, 4),
                }
                for b in scores.bins
            ],
        },
    }
