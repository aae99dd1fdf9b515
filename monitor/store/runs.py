"""Harvest runs: receipts, watermarks, and what could not be fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, func, select

from monitor.model import Receipt, RunState
from monitor.store.codec import decode, encode
from monitor.store.engine import Store
from monitor.store.tables import (
    ArticleRow,
    ArticleTopicRow,
    AssessmentRow,
    HarvestRunRow,
    UnobtainableRow,
)


def start(store: Store, receipt: Receipt) -> int:
    """Write down that a run began; its id."""
    with store.write() as session:
        row = HarvestRunRow(topic=receipt.topic, **_columns(receipt))
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def finish(store: Store, run: int, receipt: Receipt, unobtainable: Mapping[str, str]) -> None:
    """Write down how a run ended.

    `unobtainable` maps PMIDs that the search named and PubMed did not deliver to the reason; it
    replaces what was so for this topic. The watermark is the `until` of the last good run, so it
    moves with this very transaction.
    """
    with store.write() as session:
        session.get_one(HarvestRunRow, run).sqlmodel_update(_columns(receipt))
        if receipt.state is RunState.GOOD:
            _replace_unobtainable(session, receipt, unobtainable)


def note_excluded(store: Store) -> dict[str, int]:
    """Write into the last run of each topic how many of its new papers relevance rejected.

    Called once the papers of the run have labels; by topic, what was written.
    """
    found: dict[str, int] = {}
    with store.write() as session:
        newest = select(func.max(HarvestRunRow.id)).group_by(col(HarvestRunRow.topic))
        for row in session.exec(select(HarvestRunRow).where(col(HarvestRunRow.id).in_(newest))):
            rejected = (
                select(func.count())
                .select_from(ArticleTopicRow)
                .join(ArticleRow, col(ArticleRow.pmid) == col(ArticleTopicRow.pmid))
                .join(AssessmentRow, col(AssessmentRow.id) == col(ArticleRow.assessment_id))
                .where(
                    ArticleTopicRow.topic == row.topic,
                    ArticleTopicRow.first_seen >= row.started,
                    col(AssessmentRow.wanted).is_(False),
                )
            )
            found[row.topic] = session.exec(rejected).one()
            receipt = replace(decode(Receipt, row.data), excluded=found[row.topic])
            row.data = encode(receipt)
    return found


def last_good(store: Store, topic: str, *, full: bool = False) -> Receipt | None:
    """The last run of a topic that ended well (`full`: that read everything again)."""
    with store.read() as session:
        query = select(HarvestRunRow).where(
            HarvestRunRow.topic == topic, HarvestRunRow.state == RunState.GOOD.value
        )
        if full:
            query = query.where(col(HarvestRunRow.full))
        row = session.exec(query.order_by(col(HarvestRunRow.id).desc()).limit(1)).first()
        return decode(Receipt, row.data) if row else None


def last(store: Store) -> dict[str, Receipt]:
    """The last run of each topic, however it ended."""
    with store.read() as session:
        newest = select(func.max(HarvestRunRow.id)).group_by(col(HarvestRunRow.topic))
        query = select(HarvestRunRow).where(col(HarvestRunRow.id).in_(newest))
        return {row.topic: decode(Receipt, row.data) for row in session.exec(query)}


def since(store: Store, when: datetime | None) -> list[Receipt]:
    """Runs that started after a moment (None: all), oldest first."""
    with store.read() as session:
        query = select(HarvestRunRow).order_by(col(HarvestRunRow.id))
        if when is not None:
            query = query.where(HarvestRunRow.started > when)
        return [decode(Receipt, row.data) for row in session.exec(query)]


def unobtainable(store: Store, topic: str) -> dict[str, str]:
    """PMIDs to try again, with the reason why they are not here."""
    with store.read() as session:
        query = select(UnobtainableRow).where(UnobtainableRow.topic == topic)
        return {row.pmid: row.reason for row in session.exec(query)}


def _columns(receipt: Receipt) -> dict[str, Any]:
    return {
        "query_hash": receipt.query_hash,
        "state": receipt.state.value,
        "full": receipt.full,
        "started": receipt.started,
        "finished": receipt.finished,
        "until": receipt.until,
        "data": encode(receipt),
    }


def _replace_unobtainable(
    session: Session, receipt: Receipt, unobtainable: Mapping[str, str]
) -> None:
    now = receipt.finished or receipt.started
    query = select(UnobtainableRow).where(UnobtainableRow.topic == receipt.topic)
    before = {row.pmid: row.first_tried for row in session.exec(query)}
    session.exec(delete(UnobtainableRow).where(col(UnobtainableRow.topic) == receipt.topic))
    session.add_all(
        UnobtainableRow(
            topic=receipt.topic,
            pmid=pmid,
            reason=reason,
            first_tried=before.get(pmid, now),
            last_tried=now,
        )
        for pmid, reason in unobtainable.items()
    )
