"""A curator's word over the computed labels, from queries/corrections.toml. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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
