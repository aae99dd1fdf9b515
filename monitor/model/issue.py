"""The digest: issues, their items, readers and deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.claim import ClaimStatus, EventKind
from monitor.model.run import Receipt


@dataclass(frozen=True, slots=True)
class PaperItem:
    """A paper as an issue shows it, frozen when the issue was made."""

    pmid: str
    title: str
    citation: str
    design: str
    design_label: str
    tier: int
    summary: str
    cannot_show: str
    passage: str = ""
    n: int | None = None
    topics: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    news: bool = True
    abridged: bool = False
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as an issue shows it: its sentence and the papers it is about."""

    kind: EventKind
    sentence: str
    papers: tuple[tuple[str, str], ...] = ()
    claim: str | None = None
    topics: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim's standing in one line, for the first issue and the start page."""

    claim: str
    title: str
    status: ClaimStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Issue:
    """Number n of the digest: the events after issue n-1, frozen when it was made.

    `first` marks the issue after the first harvest, which gives the state of the evidence.
    `backlog` counts papers that are old but new to us and are not listed one by one. `receipts`
    sum up the runs of each topic; `failures` are the runs that failed, also those made up for
    since; `next_run` is when PubMed is asked again, None where no schedule says so.
    """

    number: int
    made: datetime
    since: datetime | None
    until: datetime
    first: bool
    corrections: tuple[Notice, ...] = ()
    changes: tuple[Notice, ...] = ()
    papers: tuple[PaperItem, ...] = ()
    evidence: tuple[ClaimLine, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    backlog: int = 0
    failures: tuple[Receipt, ...] = ()
    next_run: datetime | None = None


class DeliveryState(StrEnum):
    """State of one mail."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A reader and their choices. Empty `topics` or `mechanisms` means all; `max_tier` 9 is all."""

    id: int
    email: str
    joined: datetime
    topics: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    max_tier: int = 9
    monthly: bool = False
    text_only: bool = False
    locale: str = "en"
    timezone: str = "UTC"
    confirmed: bool = True
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One issue to one subscriber. `message_id` is fixed before the first try.

    `before` is the issue that was made out to this subscriber before this one, with its Message-ID.
    """

    id: int
    issue: int
    subscriber: Subscriber
    message_id: str
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    next_try: datetime | None = None
    sent: datetime | None = None
    error: str = ""
    before: tuple[int, str] | None = None
