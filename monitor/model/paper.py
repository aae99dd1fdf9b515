"""A paper as readers see it: what PubMed says, our labels, and its standing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.model.article import Article
from monitor.model.label import Assessment


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper with its current labels.

    `found_by` are the topics whose query found it or whose operator named it; `seed` says the
    latter. `gone` marks a record that PubMed withdrew.
    """

    article: Article
    assessment: Assessment
    first_seen: datetime
    found_by: tuple[str, ...]
    seed: bool
    gone: bool
