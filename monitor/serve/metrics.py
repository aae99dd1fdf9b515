"""/metrics for Prometheus, counted in the store when it is asked. No reader is named."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from monitor import __version__
from monitor.errors import StoreError
from monitor.model import JobName, JobState, WorkerJob
from monitor.queue.state import Queue, look
from monitor.serve.context import Web
from monitor.store import Store, issues, numbers, papers
from monitor.store.migrations import HEAD

log = structlog.get_logger()
#: Jobs that are counted from the start, so that an alarm on them is never without a series.
_JOBS: Final = (*(job.value for job in JobName), "publish", "import")


class FromStore(Collector):
    """Collects from the store; `monitor_up` is 0, and little else there, when it cannot be read."""

    def __init__(self, store: Store, queue: Callable[[], Queue]) -> None:
        self._store = store
        self._queue = queue

    def describe(self) -> Iterator[Metric]:
        """Nothing: so that registering it asks no database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        yield _labelled(
            "monitor_build_info",
            "Version and schema of the program.",
            "version",
            {__version__: 1},
            schema=HEAD,
        )
        try:
            found = list(self._read())
        except StoreError as error:
            log.warning("store failed", reason=str(error))
            yield _single("monitor_up", "Whether the database can be read.", 0)
            return
        yield _single("monitor_up", "Whether the database can be read.", 1)
        yield from found

    def _read(self) -> Iterator[Metric]:
        store = self._store
        yield _labelled("monitor_papers", "Papers in the store.", "state", papers.counts(store))
        yield from _harvests(store)
        yield from _jobs(numbers.jobs(store))
        yield _labelled(
            "monitor_deliveries",
            "Mails of the digest by what became of them.",
            "state",
            issues.delivery_counts(store),
        )
        yield _labelled(
            "monitor_subscribers", "Readers by state.", "state", numbers.subscribers(store)
        )
        yield _single(
            "monitor_events_untold", "Events that no issue has told.", numbers.untold(store)
        )
        last = numbers.last_issue(store)
        if last is not None:
            yield _single("monitor_last_issue", "Number of the newest issue.", last[0])
            yield _single(
                "monitor_last_issue_timestamp_seconds",
                "When the newest issue was made.",
                last[1].timestamp(),
            )
        yield _single(
            "monitor_database_bytes", "Size of the database.", numbers.database_bytes(store)
        )
        queue = self._queue()
        if queue.installed:
            yield from _of_the_queue(queue)


def _harvests(store: Store) -> Iterator[Metric]:
    good = GaugeMetricFamily(
        "monitor_last_good_harvest_timestamp_seconds",
        "When the last good harvest of a topic ended.",
        labels=["topic"],
    )
    runs = CounterMetricFamily(
        "monitor_harvest_runs", "Harvest runs by how they ended.", labels=["topic", "state"]
    )
    for topic, found in sorted(numbers.harvest_runs(store).items()):
        if found.last_good is not None:
            good.add_metric([topic], found.last_good.timestamp())
        for state in ("good", "partial", "failed"):
            runs.add_metric([topic, state], found.ended.get(state, 0))
    yield good
    yield runs


def _jobs(found: Mapping[str, numbers.Job]) -> Iterator[Metric]:
    began, good, took = (
        GaugeMetricFamily(name, said, labels=["job"])
        for name, said in (
            ("monitor_job_last_run_timestamp_seconds", "When the last run of a job began."),
            ("monitor_job_last_good_timestamp_seconds", "When the last good run of a job ended."),
            ("monitor_job_last_duration_seconds", "How long the last run that ended took."),
        )
    )
    # No counter: old runs are forgotten, and a counter that falls reads like a restart.
    runs = GaugeMetricFamily(
        "monitor_job_runs", "Runs of a job on record, by outcome.", labels=["job", "outcome"]
    )
    for job in sorted({*_JOBS, *found}):
        known = found.get(job, numbers.Job())
        if known.began is not None:
            began.add_metric([job], known.began.timestamp())
        if known.good is not None:
            good.add_metric([job], known.good.timestamp())
        if known.seconds is not None:
            took.add_metric([job], known.seconds)
        for state in JobState:
            outcome = state.value.replace(" ", "_")
            runs.add_metric([job, outcome], known.states.get(state.value, 0))
    yield from (began, good, took, runs)


def _of_the_queue(queue: Queue) -> Iterator[Metric]:
    workers, oldest = (
        GaugeMetricFamily(name, said, labels=["job"])
        for name, said in (
            ("monitor_queue_workers", "Workers seen lately that do jobs of a kind."),
            ("monitor_queue_oldest_waiting_seconds", "How long the oldest job has waited."),
        )
    )
    jobs = GaugeMetricFamily(
        "monitor_queue_jobs",
        "Jobs that wait for a worker, or were given up.",
        labels=["job", "state"],
    )
    for kind in WorkerJob:
        waiting = queue.waiting.get(kind)
        workers.add_metric([kind], queue.takers(kind))
        oldest.add_metric([kind], waiting.seconds if waiting else 0)
        jobs.add_metric([kind, "waiting"], waiting.number if waiting else 0)
        jobs.add_metric([kind, "failed"], queue.failed.get(kind, 0))
    yield from (workers, jobs, oldest)


def _single(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def _labelled(name: str, help_text: str, label: str, values: dict[str, int], **more: str) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=[label, *more])
    for value, number in values.items():
        family.add_metric([value, *more.values()], number)
    return family


async def metrics(request: Request) -> Response:
    """The metrics, in the form that the scraper asks for; 401 without the token, if one is set."""
    web: Web = request.app.state.web
    token = web.settings.metrics_token
    if token is not None:
        asked = request.headers.get("authorization", "").encode()
        wanted = f"Bearer {token.get_secret_value()}".encode()
        if not hmac.compare_digest(asked, wanted):
            return PlainTextResponse(
                "A bearer token is needed.\n", 401, {"www-authenticate": "Bearer"}
            )
    registry = CollectorRegistry()
    settings = web.settings
    registry.register(FromStore(web.store, lambda: look(settings.url, settings.worker_timeout)))
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    body = await web.read(encode, registry)
    return Response(body, headers={"content-type": media_type, "cache-control": "no-store"})
