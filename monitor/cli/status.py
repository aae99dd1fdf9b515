"""The command `status`: what ran, what is next, what is wrong. Quick: no queries are compiled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from monitor import __version__
from monitor.cli.common import Context, now

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.model import JobName, JobRun
    from monitor.schedule.times import Schedule
    from monitor.settings import Settings
    from monitor.store.glance import Glance

#: How long the failure of a worker is a problem, unless one of its kind went well since.
_PARTS_MATTER: Final = timedelta(days=2)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show harvests, jobs, papers, digest and backups; exit code 1 when one failed or is late."""
    found = gather(context.obj)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print(found)
    if found["problems"]:
        raise typer.Exit(1)


def gather(ctx: Context) -> dict[str, Any]:
    """Everything that `status` tells, ready for JSON."""
    from monitor.schedule import due
    from monitor.store import backup_files
    from monitor.store.glance import glance

    settings, when = ctx.settings, now()
    plan = due.schedules(settings)
    found = glance(settings.url)
    topics = _topics(settings.topic_ids(), found, plan, when)
    done = _jobs(found, plan, when, timedelta(minutes=settings.job_minutes))
    newest = backup_files.newest(settings.backup_dir)
    problems = [f"{t['topic']}: {t['problem']}" for t in topics if t["problem"]]
    problems += [f"{name}: {j['state']}: {j['error']}" for name, j in done.items() if j["failed"]]
    queue = _queue(settings)
    if queue is not None and queue["problem"]:
        problems.append(f"queue: {queue['problem']}")
    issue = found.issue
    return {
        "version": __version__,
        "time": when.isoformat(timespec="seconds"),
        "database": found.url,
        "schema": found.schema,
        "problems": problems,
        "topics": topics,
        "jobs": done,
        "queue": queue,
        "papers": found.papers,
        "issue": {"number": issue[0], "made": issue[1].isoformat()} if issue else None,
        "deliveries": found.deliveries,
        "readers": found.readers,
        "notices": found.notices,
        "backup": str(newest) if newest else None,
    }


def _queue(settings: Settings) -> dict[str, Any] | None:
    """Workers and what waits for them; None where the database has no queue."""
    if settings.url.startswith("sqlite"):
        return None  # at once: the queue's library takes longer to import than all the rest
    from monitor.queue.state import look

    queue = look(settings.url, settings.worker_timeout)
    if not queue.installed:
        return None
    return {
        "workers": queue.workers,
        "last_seen": queue.last_seen.isoformat() if queue.last_seen else None,
        "waiting": {kind: waits.number for kind, waits in queue.waiting.items()},
        "since": queue.since.isoformat() if queue.since else None,
        "said": queue.complaint or queue.good,
        "problem": queue.complaint if queue.overdue else "",
    }


def _topics(
    ids: Iterable[str], found: Glance, plan: Mapping[JobName, Schedule], when: datetime
) -> list[dict[str, Any]]:
    from monitor.model import JobName
    from monitor.schedule.due import is_overdue

    told: list[dict[str, Any]] = []
    for topic in ids:
        receipt = found.receipts.get(topic)
        problem = ""
        if receipt is None:
            problem = "never harvested"
        elif error := receipt.get("error"):
            problem = f"failed: {error}"
        elif is_overdue(plan[JobName.HARVEST], found.good.get(topic), when):
            problem = "overdue"
        told.append({"topic": topic, "problem": problem, "last": receipt})
    return told


def _jobs(
    found: Glance, plan: Mapping[JobName, Schedule], when: datetime, longest: timedelta
) -> dict[str, dict[str, Any]]:
    from monitor.model import JobName, JobState

    parts = sorted(name for name, run in found.jobs.items() if run.is_part)
    told: dict[str, dict[str, Any]] = {}
    for name in (*JobName, *parts):
        run = found.jobs.get(name)
        schedule = plan.get(JobName(name)) if name not in parts else None
        if run is None and schedule is None:
            continue
        error = run.error if run else ""
        if run and run.state is JobState.RUNNING and when - run.started > longest:
            error = "longer than a job of the schedule may take; it was killed, if nobody does it"
        told[str(name)] = {
            "state": run.state.value if run else "never",
            "failed": bool(run and run.failed and _matters(run, when)),
            "started": run.started.isoformat() if run else None,
            "finished": run.finished.isoformat() if run and run.finished else None,
            "error": error,
            "next": schedule.next(when).isoformat() if schedule else None,
        }
    return told


def _matters(run: JobRun, when: datetime) -> bool:
    """Whether a failure still is one: workers may never be given such work again."""
    return not run.is_part or when - run.started < _PARTS_MATTER


def _print(found: dict[str, Any]) -> None:
    print(f"Monitor {found['version']}, {found['database']}, schema {found['schema']}")
    for topic in found["topics"]:
        run = topic["last"] or {}
        numbers = ", ".join(
            f"{run.get(k, 0)} {k}" for k in ("found", "new", "changed", "excluded", "failed")
        )
        said = (topic["problem"] or "good").rstrip(".")
        last = f". Last run {_when(run['started'])}: {numbers}" if run else ""
        print(f"{topic['topic']}: {said}{last}")
    for name, job in found["jobs"].items():
        error = f": {job['error'].rstrip('.')}" if job["error"] else ""
        following = f"; next {_when(job['next'])}" if job["next"] else ""
        started = f" {_when(job['started'])}" if job["started"] else ""
        print(f"Job {name}: {job['state']}{started}{error}{following}")
    if found["queue"]:
        print(f"Queue: {found['queue']['said']}")
    print("Papers: " + ", ".join(f"{n} {name}" for name, n in found["papers"].items()))
    issue = found["issue"]
    made = f"issue {issue['number']} of {issue['made'][:10]}" if issue else "none yet"
    print(f"Digest: {made}, {_counted(found['readers'], 'reader')}")
    print("Mails: " + ", ".join(f"{n} {state}" for state, n in found["deliveries"].items()))
    print(f"Backup: {found['backup'] or 'none in MONITOR_BACKUP_DIR'}")
    if found["notices"]:
        waits = "waits" if found["notices"] == 1 else "wait"
        print(f"{_counted(found['notices'], 'notice')} {waits} for the operator's mail")


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _when(moment: str | None) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else "never"
