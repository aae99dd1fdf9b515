"""Jobs of the schedule: what ran, when, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

#: Before the name of what workers of the queue did of a job: "worker-harvest".
WORKER: Final = "worker-"


class JobName(StrEnum):
    """The jobs, in the order in which those that are due at once are done."""

    REREAD = "reread"
    HARVEST = "harvest"
    DIGEST = "digest"
    DELIVER = "deliver"
    BACKUP = "backup"


class WorkerJob(StrEnum):
    """What workers of the queue can do."""

    HARVEST = "harvest"
    UPDATE = "update"
    DELIVER = "deliver"
    IMPORT = "import"


class JobState(StrEnum):
    """How a job ended. `STOPPED` is our own doing (a restart), and no failure."""

    RUNNING = "running"
    GOOD = "good"
    FAILED = "failed"
    CUT_OFF = "cut off"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job; `run` is the id that its log lines bear."""

    job: str
    run: str
    state: JobState
    started: datetime
    finished: datetime | None = None
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether the operator should know."""
        return self.state in {JobState.FAILED, JobState.CUT_OFF}

    @property
    def is_part(self) -> bool:
        """Whether it is what workers of the queue did of a job."""
        return self.job.startswith(WORKER)
