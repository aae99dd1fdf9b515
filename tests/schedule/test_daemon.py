"""The process that stays: small shell commands in the place of the jobs, a clock of our own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.model import JobName, JobState
from monitor.schedule import child
from monitor.schedule.daemon import Daemon
from monitor.settings import Settings
from monitor.store import Store, jobs, locks, notices
from monitor.store.locks import Lock
from tests.conftest import NOW

Jobs = dict[JobName, str]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def python(code: str) -> Sequence[str]:
    return [sys.executable, "-c", code]


Maker = Callable[..., Daemon]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(store: Store, clock: Clock) -> Maker:
    def made(
        does: Jobs, minutes: float = 10, say: Callable[[str], None] = print, **more: object
    ) -> Daemon:
        def perform(job: JobName, _run: str, stop: Callable[[], bool]) -> child.Ended:
            return child.run(python(does.get(job, "pass")), minutes * 60, stop, say)

        return Daemon(Settings(), store, clock, perform, mails=lambda: False, **more)  # type: ignore[arg-type]

    return made


def states(store: Store) -> dict[str, JobState]:
    return {job: run.state for job, run in jobs.last(store).items()}


def test_each_job_is_done_once_a_moment(make: Maker, store: Store, clock: Clock) -> None:
    pings: list[None] = []
    daemon = make({}, ping=lambda: pings.append(None))
    for _ in range(3):
        daemon.once()
    assert states(store) == {"harvest": JobState.GOOD}
    assert len(pings) == 1
    clock.now += timedelta(days=1)
    for _ in range(3):
        daemon.once()
    assert [r.job for r in jobs.since(store, NOW - timedelta(days=9))] == ["harvest", "harvest"]
    daemon.lock.release()


def test_a_job_that_fails_alarms_and_does_not_stop_the_others(
    make: Maker, store: Store, clock: Clock
) -> None:
    pings: list[None] = []
    started(store)
    clock.now += timedelta(days=8)
    fails = "import sys; print('Error: PubMed is away.', file=sys.stderr); sys.exit(1)"
    daemon = make({JobName.HARVEST: fails, JobName.BACKUP: "1/0"}, ping=lambda: pings.append(None))
    daemon.once()
    assert states(store) == {
        "harvest": JobState.FAILED,
        "digest": JobState.GOOD,
        "backup": JobState.FAILED,
    }
    said = {(subject, body) for _, _, subject, body in notices.waiting(store)}
    assert ("harvest: failed", "PubMed is away.") in said
    assert ("backup: failed", "it ended with exit code 1.") in said
    assert pings == []
    daemon.lock.release()


def started(store: Store) -> None:
    """Let the database know of a first harvest."""
    from monitor.store.tables import HarvestRunRow

    with store.write() as session:
        session.add(
            HarvestRunRow(
                topic="ldn", query_hash="", state="good", started=NOW, until=NOW.date(), data="{}"
            )
        )


def test_a_job_that_hangs_is_cut_off_with_all_that_it_started(make: Maker, store: Store) -> None:
    grandchild = "import time; time.sleep(600)"
    hangs = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"p = subprocess.Popen([sys.executable, '-c', {grandchild!r}]); print(p.pid, flush=True);"
        "time.sleep(600)"
    )
    lines: list[str] = []
    daemon = make({JobName.HARVEST: hangs}, minutes=1 / 60, say=lines.append)
    daemon.once()
    (number,) = lines
    assert states(store) == {"harvest": JobState.CUT_OFF}
    assert [n[2] for n in notices.waiting(store)] == ["harvest: cut off"]
    stat = Path(f"/proc/{number}/stat")
    assert not stat.exists() or " Z " in stat.read_text()
    daemon.lock.release()


def test_a_stop_ends_the_job_and_it_is_done_after_the_restart(make: Maker, store: Store) -> None:
    daemon = make({JobName.HARVEST: "import time; time.sleep(600)"})
    threading.Timer(0.7, daemon.stop.set).start()
    daemon.once()
    daemon.lock.release()
    assert states(store) == {"harvest": JobState.STOPPED}
    assert notices.waiting(store) == []
    again = make({})
    again.once()
    again.lock.release()
    assert states(store) == {"harvest": JobState.GOOD}


def test_a_killed_leader_leaves_no_job_that_runs_for_ever(make: Maker, store: Store) -> None:
    jobs.start(store, "harvest", "dead", NOW)
    daemon = make({})
    daemon.once()
    daemon.lock.release()
    assert [r.state for r in jobs.since(store, NOW - timedelta(days=1))] == [
        JobState.STOPPED,
        JobState.GOOD,
    ]


def test_what_a_job_that_was_cut_off_had_begun_does_not_run_for_ever(
    store: Store, clock: Clock
) -> None:
    def perform(job: JobName, run: str, _stop: Callable[[], bool]) -> child.Ended:
        jobs.start(store, "publish", run, clock())
        jobs.start(store, "import", "another run", clock())
        return child.Ended(JobState.CUT_OFF, f"{job} hung.")

    daemon = Daemon(Settings(), store, clock, perform, mails=lambda: False)
    daemon.once()
    daemon.lock.release()
    assert states(store) == {
        "harvest": JobState.CUT_OFF,
        "publish": JobState.STOPPED,
        "import": JobState.RUNNING,
    }


def test_the_second_waits_and_takes_over(make: Maker, store: Store) -> None:
    other = Lock(store, locks.LEADER)
    assert other.take()
    daemon = make({})
    daemon.once()
    assert states(store) == {}
    other.release()
    daemon.once()
    assert states(store) == {"harvest": JobState.GOOD}
    daemon.lock.release()


def test_who_lost_the_lead_begins_no_other_job(make: Maker, store: Store, clock: Clock) -> None:
    started(store)
    clock.now += timedelta(days=8)
    daemon = make({})
    other = Lock(store, locks.LEADER)

    def lost(job: JobName, _run: str, _stop: Callable[[], bool]) -> child.Ended:
        daemon.lock.release()  # as when the server restarts
        assert other.take()
        return child.Ended(JobState.STOPPED)

    daemon.perform = lost
    daemon.once()
    assert [r.state for r in jobs.since(store, NOW)] == [JobState.STOPPED]
    daemon.once()
    assert len(jobs.since(store, NOW)) == 1
    other.release()


def test_a_database_that_cannot_be_used_is_waited_for(
    make: Maker, store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    daemon = make({})
    with store.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE job_run RENAME TO away")
    for _ in range(2):
        daemon.once()
    with store.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE away RENAME TO job_run")
    daemon.once()
    daemon.lock.release()
    assert states(store) == {"harvest": JobState.GOOD}
    captured = capfd.readouterr()
    assert (captured.out + captured.err).count("the database cannot be used") == 1


def test_the_clockwork_wakes_it_at_every_moment_of_the_schedules_and_at_once(make: Maker) -> None:
    clockwork = make({})._clockwork()
    clockwork.start(paused=True)
    jobs_of = {job.id: job for job in clockwork.get_jobs()}
    assert set(jobs_of) == {"look", "harvest", "reread", "digest", "backup"}
    assert all(job.misfire_grace_time is None and job.coalesce for job in jobs_of.values())
    monday = datetime.fromisoformat("2026-03-09T06:59:00+00:00")
    fires = jobs_of["digest"].trigger.get_next_fire_time(None, monday)
    assert (fires.isoweekday(), f"{fires:%H:%M}") == (1, "07:00")
    assert jobs_of["look"].next_run_time <= datetime.now(UTC)
    clockwork.shutdown()


def test_it_does_what_is_due_and_ends_when_told(make: Maker, store: Store) -> None:
    daemon = make({}, look=0.05)
    threading.Timer(20, daemon.stop.set).start()  # should nothing be done, the test ends and fails
    watched = threading.Thread(target=_stop_after_harvest, args=(daemon, store))
    watched.start()
    daemon.serve()
    watched.join()
    assert states(store) == {"harvest": JobState.GOOD}
    after = Lock(store, locks.LEADER)
    assert after.take()
    after.release()


def _stop_after_harvest(daemon: Daemon, store: Store) -> None:
    while not daemon.stop.wait(0.05):
        if states(store).get("harvest") is JobState.GOOD:
            daemon.stop.set()
