"""Coarse groups of designs, for labelled sets that are coarser than ours. Pure.

Nine groups: 14 study types of one published set, merged so that they partition our designs.
"""

from __future__ import annotations

#: A class of the model alone: a cohort of people who were all treated. Shown as a cohort.
TREATED_COHORT = "cohort+treated"

MERGED: dict[str, frozenset[str]] = {
    "animal": frozenset({"animal"}),
    "protocol": frozenset({"protocol"}),
    "rct": frozenset({"randomized_controlled_trial"}),
    "case_report": frozenset({"case_report"}),
    "other_intervention": frozenset(
        {"non_randomized_controlled_trial", "single_arm_trial", "case_series", TREATED_COHORT}
    ),
    "systematic_review": frozenset(
        {"meta_analysis", "systematic_review", "scoping_review", "evidence_summary"}
    ),
    "in_vitro": frozenset({"in_vitro"}),
    "narrative_review": frozenset(
        {
            "narrative_review",
            "hypothesis",
            "comment_letter",
            "editorial",
            "news",
            "conference_report",
            "guideline_consensus",
        }
    ),
    "remaining": frozenset(
        {
            "cohort",
            "case_control",
            "cross_sectional",
            "survey",
            "qualitative",
            "genetic_association",
            "mendelian_randomization",
            "diagnostic_accuracy",
            "measurement_validation",
            "in_silico",
            "methods_development",
            "other",
        }
    ),
}
_GROUP = {design: group for group, designs in MERGED.items() for design in designs}

#: Study types of the published set, by the group that holds them.
COARSE = {
    "Animal-drug-intervention": "animal",
    "Animal-non-drug-intervention": "animal",
    "Animal-other": "animal",
    "Clinical-study-protocol": "protocol",
    "Human-RCT-drug-intervention": "rct",
    "Human-RCT-non-drug-intervention": "rct",
    "Human-RCT-non-intervention": "rct",
    "Human-case-report": "case_report",
    "Human-non-RCT-drug-intervention": "other_intervention",
    "Human-non-RCT-non-drug-intervention": "other_intervention",
    "Human-systematic-review": "systematic_review",
    "In-vitro-study": "in_vitro",
    "Non-systematic-review": "narrative_review",
    "Remaining": "remaining",
}


def merged(design: str, secondary: str | None = None) -> str:
    """The coarse group of a design; what has none (notices) is "remaining".

    A cohort whose second design is a case series is one of treated people.
    """
    if design == "cohort" and secondary == "case_series":
        return "other_intervention"
    return _GROUP.get(design, "remaining")
