"""The ledger: claims, their balance, and the events that move them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from monitor.model.label import Quote, Stance


class ClaimStatus(StrEnum):
    """Balance of a claim, computed by the rules of docs/methods.md."""

    SUPPORTED = "supported"
    CONTESTED = "contested"
    CONTRADICTED = "contradicted"
    THIN = "thin"
    UNTRACED = "untraced"


@dataclass(frozen=True, slots=True)
class Bearing:
    """How one paper bears on one claim of the ledger.

    `tier` is the design's tier (study-designs.toml); `group` names the independent group it was
    counted in; `withdrawn` papers (retracted or gone from PubMed) are listed but count for nothing.
    """

    pmid: str
    stance: Stance
    design: str
    tier: int
    group: str
    quotes: tuple[Quote, ...] = ()
    n: int | None = None
    created: date | None = None
    agent: str | None = None
    reviewed: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """Where one claim stands: the counts its status was computed from, and why, in a sentence.

    `best_for` and `best_against` are design ids. Papers, groups and sizes count own data only;
    `reviews` are counted apart.
    """

    claim: str
    status: ClaimStatus
    reason: str
    supports: int = 0
    refutes: int = 0
    mixed: int = 0
    mentions: int = 0
    reviews: int = 0
    withdrawn: int = 0
    groups_for: int = 0
    groups_against: int = 0
    best_for: str | None = None
    best_against: str | None = None
    participants_for: int = 0
    participants_against: int = 0


@dataclass(frozen=True, slots=True)
class FigureCheck:
    """A figure of a claim looked for in the abstracts: "found", "different" or "untraced"."""

    figure: str
    verdict: str
    found: tuple[tuple[str, Quote], ...] = ()


class EventKind(StrEnum):
    """What a reader would want to know."""

    PAPER_ADDED = "paper_added"
    DESIGN_CHANGED = "design_changed"
    ABSTRACT_ARRIVED = "abstract_arrived"
    CORRECTED = "corrected"
    CONCERN_RAISED = "concern_raised"
    RETRACTED = "retracted"
    WITHDRAWN = "withdrawn"
    PUBLISHED_AS = "published_as"
    FIRST_RANDOMIZED = "first_randomized"
    FIRST_REFUTING = "first_refuting"
    SECOND_GROUP = "second_group"
    LARGEST = "largest"
    STATUS_CHANGED = "status_changed"
    EVIDENCE_WITHDRAWN = "evidence_withdrawn"
    TRIAL_REPORTED = "trial_reported"


#: Events about a paper that a reader may have been told of before; they go to the top of a digest.
CORRECTIONS = frozenset(
    {
        EventKind.CORRECTED,
        EventKind.CONCERN_RAISED,
        EventKind.RETRACTED,
        EventKind.WITHDRAWN,
        EventKind.EVIDENCE_WITHDRAWN,
    }
)

#: Events that the ledger computes by comparing a claim before and after.
LEDGER_CHANGES = frozenset(
    {
        EventKind.FIRST_RANDOMIZED,
        EventKind.FIRST_REFUTING,
        EventKind.SECOND_GROUP,
        EventKind.LARGEST,
        EventKind.STATUS_CHANGED,
        EventKind.TRIAL_REPORTED,
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, told once. `key` is the same whenever the same thing is computed.

    `at` is when we saw it. `news` is False for a paper that is old but new to us (a first harvest,
    a record that started to match late). `pmids` starts with the paper the event is about; `claim`
    is a claim or mechanism id; `sentence` is plain text for readers.
    """

    key: str
    kind: EventKind
    at: datetime
    sentence: str
    pmids: tuple[str, ...] = ()
    claim: str | None = None
    news: bool = True
    detail: str = ""
