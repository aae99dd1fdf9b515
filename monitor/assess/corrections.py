"""A curator's word over the computed labels, from queries/corrections.toml. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.catalog import Correction
from monitor.errors import QueryFileError
from monitor.model import (
    Assessment,
    DesignLabel,
    DesignSource,
    Direction,
    Flag,
    Level,
    MechanismClaim,
    Relevance,
    Result,
    SampleSize,
    Stance,
)


@dataclass(frozen=True, slots=True)
class Overruled:
    """A label that a curator set against what the rules say now. `wrong` when they differ."""

    pmid: str
    field: str
    said: str
    value: str
    reason: str
    date: str

    @property
    def wrong(self) -> bool:
        """Whether the rules still give another label than the curator."""
        return self.said != self.value


def overruled(computed: Assessment, corrections: Iterable[Correction]) -> list[Overruled]:
    """Each correction of a paper beside the label that the rules alone give it."""
    return [
        Overruled(
            pmid=c.pmid,
            field=c.field,
            said=stated(computed, c.field),
            value=str(c.value).lower() if isinstance(c.value, bool) else str(c.value),
            reason=c.reason,
            date=c.date.isoformat(),
        )
        for c in corrections
    ]


def correct(assessment: Assessment, corrections: Iterable[Correction]) -> Assessment:
    """The assessment with what a curator overruled; `corrected` names the fields.

    Raises `QueryFileError` for a value that the field cannot have.
    """
    for correction in corrections:
        try:
            assessment = _apply(assessment, correction)
        except (TypeError, ValueError) as error:
            raise QueryFileError(
                f"corrections.toml: PMID {correction.pmid}: {correction.field} cannot be "
                f"{correction.value!r}."
            ) from error
        assessment = replace(assessment, corrected=(*assessment.corrected, correction.field))
    return assessment


def stated(assessment: Assessment, field: str) -> str:
    """A label as corrections write it; "none" where there is none."""
    kind, _, name = field.partition(".")
    if kind == "relevance":
        level = assessment.level(name)
        return level.value
    if kind == "stance":
        return next((c.stance.value for c in assessment.claims if c.mechanism == name), "none")
    if kind == "design":
        return assessment.design.id
    if kind == "sample_size":
        return str(assessment.sample_size.n if assessment.sample_size else 0)
    if kind == "result":
        return assessment.result.direction.value
    pem = assessment.pem_required
    return "none" if pem is None else str(pem.value).lower()


def _apply(assessment: Assessment, correction: Correction) -> Assessment:
    kind, _, name = correction.field.partition(".")
    value = correction.value
    if kind == "relevance":
        return replace(assessment, relevance=_relevance(assessment, name, correction))
    if kind == "stance":
        return replace(assessment, claims=_claims(assessment, name, Stance(str(value))))
    if kind == "design":
        label = DesignLabel(str(value), 1.0, DesignSource.NONE, indexer=assessment.design.indexer)
        return replace(assessment, design=label)
    if kind == "sample_size":
        return replace(assessment, sample_size=_size(assessment, int(value)))
    if kind == "result":
        return replace(assessment, result=Result(Direction(str(value))))
    if not isinstance(value, bool):
        raise TypeError(value)
    return replace(assessment, pem_required=Flag(value))


def _relevance(assessment: Assessment, topic: str, correction: Correction) -> tuple[Relevance, ...]:
    level = Level(str(correction.value))
    return tuple(
        Relevance(topic, level, r.quotes, f"Set by a curator: {correction.reason}")
        if r.topic == topic
        else r
        for r in assessment.relevance
    )


def _claims(assessment: Assessment, mechanism: str, stance: Stance) -> tuple[MechanismClaim, ...]:
    if any(c.mechanism == mechanism for c in assessment.claims):
        return tuple(
            replace(c, stance=stance, confidence=1.0) if c.mechanism == mechanism else c
            for c in assessment.claims
        )
    return (*assessment.claims, MechanismClaim(mechanism, stance, (), confidence=1.0))


def _size(assessment: Assessment, n: int) -> SampleSize | None:
    """Zero says that the paper has no sample of its own."""
    if n <= 0:
        return None
    quotes = assessment.sample_size.quotes if assessment.sample_size else ()
    return SampleSize(n, quotes)
