"""The answers of the API; the OpenAPI description is made from these very types.

Labels are the program's own (`monitor.model`), so each comes with its passages. Fields are added
in time, and never taken away or given another meaning within a version.
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from monitor.catalog import ClaimKind
from monitor.model import (
    Accession,
    Assessment,
    Balance,
    ClaimLine,
    ClaimStatus,
    Direction,
    EventKind,
    Link,
    PaperItem,
    PublicationType,
    Quote,
    RunState,
    Stance,
)
from monitor.model import Notice as IssueNotice


class Answer(BaseModel):
    """What all answers share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MechanismSide(Answer):
    """A mechanism that a paper speaks of, and the side it takes."""

    mechanism: str = Field(description="Id of the mechanism; /claims/{id} tells of it.")
    stance: Stance
    reviewed: bool = Field(description="A review's argument rather than data of its own.")


class PaperLine(Answer):
    """A paper in a list."""

    pmid: str = Field(description="PMID, or doi:10.… for a paper that PubMed does not hold.")
    title: str
    citation: str
    journal: str
    year: int | None
    created: date | None = Field(description="PubMed's Create Date.")
    doi: str
    design: str = Field(description="Study design: an id of the taxonomy, or other.")
    design_label: str
    design_confidence: float = Field(description="Calibrated probability, 0 to 1.")
    sample_size: int | None = Field(description="Participants, as the abstract states them.")
    topics: tuple[str, ...]
    mechanisms: tuple[MechanismSide, ...]
    result: Direction = Field(description="Main result, as the abstract states it.")
    retracted: bool
    gone: bool = Field(description="PubMed no longer holds the record.")
    changed: datetime = Field(description="When the record or its labels changed last.")
    url: str = Field(description="The record at PubMed, or the DOI.")
    page: str = Field(description="The paper's page, from the top of this site.")


class PaperPage(Answer):
    """A page of papers; `next` is the cursor of the following page, null on the last."""

    papers: tuple[PaperLine, ...]
    next: str | None


class EventLine(Answer):
    """Something that happened to a paper or a claim."""

    kind: EventKind
    at: datetime
    sentence: str
    claim: str | None
    pmids: tuple[str, ...]


class PaperAnswer(PaperLine):
    """A paper with all its labels, each with the passages that it rests on.

    A passage is the text from `start` to `end` of the title or the abstract.
    """

    authors: tuple[str, ...]
    publication_types: tuple[PublicationType, ...]
    languages: tuple[str, ...]
    pmcid: str
    links: tuple[Link, ...] = Field(description="PubMed's CommentsCorrections.")
    accessions: tuple[Accession, ...]
    summary: str
    cannot_show: str = Field(description="What a study of this design does not show.")
    labels: Assessment
    events: tuple[EventLine, ...] = Field(description="Newest first.")


class ClaimAnswer(Answer):
    """Where a claim or a mechanism stands."""

    id: str
    kind: ClaimKind
    title: str
    says: str
    status: ClaimStatus
    balance: Balance = Field(description="The counts that the status was computed from.")


class ClaimList(Answer):
    """All claims and mechanisms."""

    as_of: date | None
    claims: tuple[ClaimAnswer, ...]


class BearingAnswer(Answer):
    """How a paper bears on a claim."""

    pmid: str
    title: str
    stance: Stance
    design: str
    tier: int
    n: int | None
    group: str = Field(description="The independent group that it counts in.")
    reviewed: bool
    withdrawn: bool = Field(description="Retracted or gone: it counts for nothing.")
    quotes: tuple[Quote, ...]


class Standing(Answer):
    """Where a claim stood from a moment on, and the paper that moved it there ("": new rules)."""

    at: datetime
    cause: str
    status: ClaimStatus
    reason: str


class ClaimDetail(ClaimAnswer):
    """A claim with the papers that bear on it and its history.

    With `as_of`, status, balance, history and events are those of that day; the papers are those
    that were held by then, with the labels that they have today.
    """

    as_of: date | None
    would_change: str = Field(description="What evidence would move it.")
    papers: tuple[BearingAnswer, ...]
    history: tuple[Standing, ...] = Field(description="Oldest first.")
    events: tuple[EventLine, ...] = Field(description="Newest first.")


class IssueLine(Answer):
    """An issue of the digest in a list."""

    number: int
    made: datetime
    since: datetime | None
    until: datetime
    first: bool
    papers: int
    changes: int
    corrections: int


class IssueList(Answer):
    """All issues, newest first."""

    issues: tuple[IssueLine, ...]


class ReceiptAnswer(Answer):
    """The search of a topic that an issue rests on."""

    topic: str
    state: RunState
    started: datetime
    since: date
    until: date
    full: bool
    found: int
    new: int
    changed: int
    excluded: int
    failed: int


class IssueAnswer(Answer):
    """An issue as it was frozen when it was made."""

    number: int
    made: datetime
    since: datetime | None
    until: datetime
    first: bool = Field(description="The issue after the first harvest: the state of the evidence.")
    corrections: tuple[IssueNotice, ...]
    changes: tuple[IssueNotice, ...]
    papers: tuple[PaperItem, ...]
    evidence: tuple[ClaimLine, ...]
    receipts: tuple[ReceiptAnswer, ...]
    backlog: int


class Fault(Answer):
    """A parameter that was refused, and why."""

    parameter: str
    reason: str


class Problem(Answer):
    """An error, as RFC 9457 (problem+json) tells it."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Fault, ...] = ()
