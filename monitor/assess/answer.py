"""`Assessment` → the JSON object that `monitor classify` prints: a contract with other programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.model import Assessment, Dose, Fact, Quote


def answer(assessment: Assessment) -> dict[str, Any]:
    """The labels of one record as plain JSON values; keys are always there."""
    a = assessment
    return {
        "pmid": a.pmid,
        "relevance": {
            r.topic: {"level": r.level.value, "quotes": quotes(r.quotes), "reason": r.reason}
            for r in a.relevance
        },
        "design": {
            "id": a.design.id,
            "confidence": a.design.confidence,
            "source": a.design.source.value,
            "indexer": list(a.design.indexer),
            "quotes": quotes(a.design.quotes),
            "secondary": a.design.secondary,
            "disagrees": a.design.disagrees,
        },
        "claims": [
            {
                "mechanism": c.mechanism,
                "stance": c.stance.value,
                "agent": c.agent,
                "review": c.reviewed,
                "confidence": c.confidence,
                "quotes": quotes(c.quotes),
            }
            for c in a.claims
        ],
        "sample_size": None
        if a.sample_size is None
        else {
            "n": a.sample_size.n,
            "planned": a.sample_size.planned,
            "quotes": quotes(a.sample_size.quotes),
        },
        "doses": [_dose(d) for d in a.doses],
        "case_definitions": [f.value for f in a.case_definitions],
        "pem_required": None if a.pem_required is None else a.pem_required.value,
        "registrations": [f.value for f in a.registrations],
        "review_registrations": [f.value for f in a.review_registrations],
        "populations": _facts(a.populations),
        "comparators": _facts(a.comparators),
        "durations": _facts(a.durations),
        "outcomes": _facts(a.outcomes),
        "result": a.result.direction.value,
        "result_quotes": quotes(a.result.quotes),
        "notes": list(a.notes),
        "corrected": list(a.corrected),
        "assessor": a.assessor,
    }


def quotes(found: Iterable[Quote]) -> list[dict[str, Any]]:
    """Quotes with their place: `text` is the field's `start:end`."""
    return [{"field": q.field.value, "start": q.start, "end": q.end, "text": q.text} for q in found]


def _dose(dose: Dose) -> dict[str, Any]:
    return {
        "mg": dose.mg,
        "mg_min": dose.mg_min,
        "per_kg": dose.per_kg,
        "low": dose.low,
        "titrated": dose.titrated,
        "text": dose.text,
        "quotes": quotes(dose.quotes),
    }


def _facts(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    return [{"value": f.value, "quotes": quotes(f.quotes)} for f in facts]
