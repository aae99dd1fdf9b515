"""The assess stage: give every revision that has none a set of labels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from monitor.assess.assessor import Assessor
from monitor.store import Store, assessments

_BATCH = 200


def assess(
    store: Store,
    assessor: Assessor,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Assess what is outstanding, in small transactions; how many revisions that was.

    `progress` is told (done, total). Killed anywhere, the next run goes on where this one stopped.
    """
    total = assessments.count_outstanding(store, assessor.version)
    done = 0
    while batch := assessments.outstanding(store, assessor.version, _BATCH):
        labels = assessor.assess_all([article for _, article in batch])
        made = [(version, one) for (version, _), one in zip(batch, labels, strict=True)]
        assessments.record(store, made, now)
        done += len(made)
        if progress:
            progress(done, total)
    return done
