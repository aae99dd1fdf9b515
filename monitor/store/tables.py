"""The rows, one class a table.

Values of the model are kept whole, as JSON text, in `data`; columns beside it are those that
queries need.

No `from __future__ import annotations` here: SQLModel reads the annotations when a class is made.
"""

from datetime import UTC, date, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel
from sqlmodel._compat import SQLModelConfig


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; SQLite would hand back naive values. Naive input is a fault."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, store UTC."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark what SQLite returns as the UTC that it is."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _fk(target: str, *, cascade: bool = False) -> ForeignKey:
    return ForeignKey(target, ondelete="CASCADE" if cascade else None)


class _Row(SQLModel):
    """Base of the rows. Pydantic's schema of a row is never used, and takes time to make."""

    model_config = SQLModelConfig(defer_build=True)


class ArticleRow(_Row, table=True):
    """A paper at its current revision. `version_id` and `assessment_id` name the current ones."""

    __tablename__ = "article"

    pmid: str = Field(primary_key=True, max_length=200)
    title: str = Field(sa_column=Column(Text, nullable=False))
    journal: str = Field(default="", sa_column=Column(Text, nullable=False))
    doi: str = Field(default="", index=True)
    year: int | None = None
    created: date | None = Field(default=None, index=True)
    revised: date | None = None
    status: str = ""
    digest: str
    retracted: bool = False
    gone: bool = False
    first_seen: datetime = Field(sa_type=UTCDateTime)
    version_id: int | None = None
    assessment_id: int | None = None
    data: str = Field(sa_column=Column(Text, nullable=False))


class ArticleVersionRow(_Row, table=True):
    """One revision of a record as PubMed sent it; `xml` is zlib-compressed. Never changed.

    `rank` is that of the NLM file it came from, None when it came in another way.
    """

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("pmid", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    pmid: str = Field(sa_column=Column(Text, _fk("article.pmid"), nullable=False, index=True))
    number: int
    fetched: datetime = Field(sa_type=UTCDateTime)
    digest: str
    gone: bool = False
    changed: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    changes: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    xml: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    rank: int | None = Field(default=None, sa_type=BigInteger)


class ArticleTopicRow(_Row, table=True):
    """A topic's query found this paper, or the operator named it (`seed`)."""

    __tablename__ = "article_topic"

    pmid: str = Field(sa_column=Column(Text, _fk("article.pmid"), primary_key=True))
    topic: str = Field(primary_key=True, index=True)
    first_seen: datetime = Field(sa_type=UTCDateTime)
    seed: bool = False


class BadRecordRow(_Row, table=True):
    """A record that could not be read, kept for the operator."""

    __tablename__ = "bad_record"

    id: int | None = Field(default=None, primary_key=True)
    pmid: str | None = Field(default=None, index=True)
    source: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    seen: datetime = Field(sa_type=UTCDateTime)
    xml: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ImportFileRow(_Row, table=True):
    """A file that was imported under some rules, or is: how far it is stored.

    `digest` is the MD5 (hex) of the file, `place` the byte of its uncompressed XML up to which it
    is stored, `data` what was found so far.
    """

    __tablename__ = "import_file"
    __table_args__ = (UniqueConstraint("digest", "rules"),)

    id: int | None = Field(default=None, primary_key=True)
    digest: str
    rules: str
    name: str
    state: str
    place: int = Field(default=0, sa_type=BigInteger)
    started: datetime = Field(sa_type=UTCDateTime)
    finished: datetime | None = Field(default=None, sa_type=UTCDateTime)
    error: str = Field(default="", sa_column=Column(Text, nullable=False))
    data: str = Field(default="{}", sa_column=Column(Text, nullable=False))


class ImportMarkRow(_Row, table=True):
    """The newest NLM file that had a word on a record: older files say nothing more about it."""

    __tablename__ = "import_mark"

    pmid: str = Field(primary_key=True)
    rank: int = Field(sa_type=BigInteger)
    version: int
    gone: bool = False


class AssessmentRow(_Row, table=True):
    """Labels of one revision by one version of the rules. Never changed; new rules add a row."""

    __tablename__ = "assessment"
    __table_args__ = (UniqueConstraint("version_id", "assessor"),)

    id: int | None = Field(default=None, primary_key=True)
    pmid: str = Field(sa_column=Column(Text, _fk("article.pmid"), nullable=False, index=True))
    version_id: int = Field(foreign_key="article_version.id")
    assessor: str
    made: datetime = Field(sa_type=UTCDateTime)
    wanted: bool
    design: str
    data: str = Field(sa_column=Column(Text, nullable=False))


class LedgerPaperRow(_Row, table=True):
    """What the ledger has taken in of a paper: this assessment of this revision."""

    __tablename__ = "ledger_paper"

    pmid: str = Field(sa_column=Column(Text, _fk("article.pmid"), primary_key=True))
    version_id: int
    assessment_id: int
    announced: bool = False
    data: str = Field(default="", sa_column=Column(Text, nullable=False))


class BearingRow(_Row, table=True):
    """How a paper bears on a claim, now. `group_name` repeats the group in `data`, "" for none."""

    __tablename__ = "bearing"
    __table_args__ = (Index("ix_bearing_group", "claim", "group_name"),)

    claim: str = Field(primary_key=True)
    pmid: str = Field(sa_column=Column(Text, _fk("article.pmid"), primary_key=True))
    data: str = Field(sa_column=Column(Text, nullable=False))
    group_name: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class ClaimRow(_Row, table=True):
    """Where a claim (of claims.toml) or mechanism stands now.

    `tally` is the ledger's own text, its sums over all bearings; where it is "" they are added up
    anew.
    """

    __tablename__ = "claim"

    id: str = Field(primary_key=True)
    status: str
    data: str = Field(sa_column=Column(Text, nullable=False))
    tally: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class ClaimHistoryRow(_Row, table=True):
    """Where a claim stood from `at` on, and the paper that moved it there ("": our rules did).

    Append-only.
    """

    __tablename__ = "claim_history"

    id: int | None = Field(default=None, primary_key=True)
    claim: str = Field(index=True)
    at: datetime = Field(sa_type=UTCDateTime)
    cause: str
    status: str
    data: str = Field(sa_column=Column(Text, nullable=False))


class EventRow(_Row, table=True):
    """Something that a reader would want to know. Append-only; `key` makes it happen once."""

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str = Field(index=True)
    at: datetime = Field(sa_type=UTCDateTime, index=True)
    claim: str | None = Field(default=None, index=True)
    data: str = Field(sa_column=Column(Text, nullable=False))


class EventPaperRow(_Row, table=True):
    """The papers of an event, in its order."""

    __tablename__ = "event_paper"

    event_id: int = Field(foreign_key="event.id", primary_key=True)
    pmid: str = Field(primary_key=True, index=True)


class HarvestRunRow(_Row, table=True):
    """One run of one topic, its receipt in `data`."""

    __tablename__ = "harvest_run"

    id: int | None = Field(default=None, primary_key=True)
    topic: str = Field(index=True)
    query_hash: str
    state: str
    full: bool = False
    started: datetime = Field(sa_type=UTCDateTime, index=True)
    finished: datetime | None = Field(default=None, sa_type=UTCDateTime)
    until: date
    data: str = Field(sa_column=Column(Text, nullable=False))


class UnobtainableRow(_Row, table=True):
    """A PMID that a topic's search named and that could not be fetched; tried again next time."""

    __tablename__ = "unobtainable"

    topic: str = Field(primary_key=True)
    pmid: str = Field(primary_key=True)
    reason: str = Field(sa_column=Column(Text, nullable=False))
    first_tried: datetime = Field(sa_type=UTCDateTime)
    last_tried: datetime = Field(sa_type=UTCDateTime)


class IssueRow(_Row, table=True):
    """One number of the digest, frozen whole in `data`."""

    __tablename__ = "issue"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    made: datetime = Field(sa_type=UTCDateTime)
    data: str = Field(sa_column=Column(Text, nullable=False))


class IssueEventRow(_Row, table=True):
    """The issue that told an event: each is told once."""

    __tablename__ = "issue_event"

    event_id: int = Field(foreign_key="event.id", primary_key=True)
    issue: int = Field(foreign_key="issue.number", index=True)


class SubscriberRow(_Row, table=True):
    """A reader; `data` holds the choices. Removing one removes the deliveries too."""

    __tablename__ = "subscriber"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    joined: datetime = Field(sa_type=UTCDateTime)
    confirmed: bool = True
    suspended: bool = False
    bounces: int = 0
    data: str = Field(sa_column=Column(Text, nullable=False))


class DeliveryRow(_Row, table=True):
    """One issue to one subscriber. `leased` keeps two processes from sending it at once."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("issue", "subscriber_id"),
        Index("ix_delivery_due", "state", "next_try"),
    )

    id: int | None = Field(default=None, primary_key=True)
    issue: int = Field(foreign_key="issue.number")
    subscriber_id: int = Field(
        sa_column=Column(
            "subscriber_id", _fk("subscriber.id", cascade=True), nullable=False, index=True
        )
    )
    message_id: str = Field(unique=True)
    state: str = "pending"
    attempts: int = 0
    next_try: datetime | None = Field(default=None, sa_type=UTCDateTime)
    leased: datetime | None = Field(default=None, sa_type=UTCDateTime)
    sent: datetime | None = Field(default=None, sa_type=UTCDateTime)
    error: str = Field(default="", sa_column=Column(Text, nullable=False))
    papers: str = Field(default="[]", sa_column=Column(Text, nullable=False))


class RequestSlotRow(_Row, table=True):
    """When the next request to a server may start (seconds since the epoch)."""

    __tablename__ = "request_slot"

    name: str = Field(primary_key=True)
    free_at: float


class NoticeRow(_Row, table=True):
    """Something that the operator should know; mailed once a day at most."""

    __tablename__ = "operator_notice"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    subject: str
    body: str = Field(sa_column=Column(Text, nullable=False))
    mailed: datetime | None = Field(default=None, sa_type=UTCDateTime)


class JobRunRow(_Row, table=True):
    """One run of a job of the schedule; `run` is the id that its log lines bear."""

    __tablename__ = "job_run"

    id: int | None = Field(default=None, primary_key=True)
    job: str = Field(index=True)
    run: str
    state: str
    started: datetime = Field(sa_type=UTCDateTime, index=True)
    finished: datetime | None = Field(default=None, sa_type=UTCDateTime)
    error: str = Field(default="", sa_column=Column(Text, nullable=False))
