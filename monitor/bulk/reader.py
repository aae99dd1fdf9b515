"""A document of whole records → rows that are ready to be stored. Pure: no database, no clock.

This is the part of an import that takes the time, and that any number of processes can do.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass, field

from monitor.assess.assessor import Assessor
from monitor.errors import RecordError
from monitor.harvest import changes
from monitor.harvest.records import Deletion, Parsed, read_records
from monitor.model import Article, BadRecord
from monitor.store.imports import Incoming, incoming


@dataclass(slots=True)
class Sheet:
    """What a document holds: entries in its order (a PMID alone is a deletion).

    `passed_over` are PMIDs that no topic wants. `fault` tells where the XML breaks; what stood
    before that was read.
    """

    read: int = 0
    entries: list[Incoming | str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    fault: str = ""


class Reader:
    """Reads documents: parses, asks what is wanted, labels it, and makes rows of it."""

    def __init__(self, assessor: Assessor, *, keep_all: bool) -> None:
        self._assessor, self._keep_all = assessor, keep_all

    @property
    def rules(self) -> str:
        """Names what decides which records are kept, and with which labels."""
        return self._assessor.version + ("+all" if self._keep_all else "")

    def read(self, xml: bytes, also: Collection[str] = ()) -> Sheet:
        """The records of a document: those that a topic wants, and those named in `also`."""
        sheet = Sheet()
        kept: list[Parsed | str] = []
        try:
            for record in read_records(io.BytesIO(xml)):
                sheet.read += not isinstance(record, Deletion)
                if isinstance(record, Parsed):
                    if self._keeps(record.article, also):
                        kept.append(record)
                    else:
                        sheet.passed_over.append(record.article.pmid)
                elif isinstance(record, Deletion):
                    kept.append(record.pmid)
                else:
                    sheet.bad.append(record)
        except RecordError as error:
            sheet.fault = str(error)
        sheet.entries = self._labelled(kept)
        return sheet

    def _keeps(self, article: Article, also: Collection[str]) -> bool:
        return self._keep_all or article.pmid in also or bool(self._assessor.topics(article))

    def _labelled(self, kept: list[Parsed | str]) -> list[Incoming | str]:
        """Rows of records, labelled together; what is only a PMID stays one, in its place."""
        articles = [record.article for record in kept if isinstance(record, Parsed)]
        labels = iter(self._assessor.assess_all(articles))
        entries: list[Incoming | str] = []
        for record in kept:
            if isinstance(record, str):
                entries.append(record)
                continue
            article = record.article
            _, told = changes.compare(None, article)
            digest = changes.digest(article)
            entries.append(incoming(article, record.xml, digest, told, next(labels)))
        return entries
