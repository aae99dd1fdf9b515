"""Harvest runs and what a new revision of a record changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from monitor.model.article import Article
from monitor.model.claim import EventKind


@dataclass(frozen=True, slots=True)
class Change:
    """What a new revision of a record did, in terms of the event a reader may be told of.

    `other` is the linked record (notice, journal version), None when the link has no PMID.
    """

    kind: EventKind
    detail: str = ""
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One stored revision of a record: the article, its XML, and what differs from the one before.

    `digest` is the SHA-256 (hex) of what matters in the XML; `changed` names the fields that
    differ, empty for the first revision; `changes` are those that a reader may be told of. `gone`
    marks a record that PubMed withdrew (its last article is repeated).
    """

    article: Article
    xml: bytes
    digest: str
    fetched: datetime
    changed: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    gone: bool = False


class RunState(StrEnum):
    """How a harvest run ended."""

    RUNNING = "running"
    GOOD = "good"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One harvest run of one topic: what was asked, what came, what was left out.

    In an issue a receipt sums up all `runs` of a topic since the issue before.
    """

    topic: str
    query: str
    query_hash: str
    state: RunState
    started: datetime
    finished: datetime | None
    since: date
    until: date
    full: bool = False
    found: int = 0
    known: int = 0
    new: int = 0
    changed: int = 0
    excluded: int = 0
    failed: int = 0
    requests: int = 0
    seconds: float = 0.0
    translation: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""
    runs: int = 1
