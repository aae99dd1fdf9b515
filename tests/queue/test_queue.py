"""Jobs on PostgreSQL: done once, by whichever worker, even when one is killed."""

from __future__ import annotations

import email
import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import policy
from importlib import resources
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest

from monitor.assess.assessor import Assessor
from monitor.bulk.importer import Importer
from monitor.bulk.reader import Reader
from monitor.demo.pubmed import PubMedServer
from monitor.model import JobState, RunState, Subscriber
from monitor.queue import schema as queue_schema
from monitor.queue import state
from monitor.queue.app import SCHEMA, Job, Put, options
from monitor.queue.deferring import defer
from monitor.store import (
    Store,
    articles,
    health,
    imports,
    issues,
    notices,
    runs,
    schema,
    subscribers,
)
from monitor.store import jobs as job_runs
from tests.bulk.made import OTHER, WANTED, deletion, dump, record, write, xml
from tests.end_to_end.conftest import Program

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@contextmanager
def workers(program: Program, number: int) -> Iterator[list[Popen[str]]]:
    running = [program.start("worker") for _ in range(number)]
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.communicate(timeout=60)


def until(done: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def jobs(program: Program) -> list[tuple[str, str]]:
    """(name, state) of the jobs that are left; those that went well are deleted."""
    with psycopg.connect(program.environ["MONITOR_DATABASE_URL"]) as connection:
        found = connection.execute(
            f"SELECT task_name, status::text FROM {SCHEMA}.procrastinate_jobs ORDER BY id"  # type: ignore[arg-type]
        )
        return [(str(name), str(state)) for name, state in found]


def states(store: Store) -> dict[str, JobState]:
    """How the last run of each job ended."""
    return {name: run.state for name, run in job_runs.last(store).items()}


@pytest.fixture
def held(program: Program) -> Iterator[Store]:
    store = Store(program.environ["MONITOR_DATABASE_URL"])
    yield store
    store.close()


def files(folder: Path) -> list[str]:
    rng = random.Random(5)
    paths = []
    for number in range(1, 5):
        parts = [
            record(pmid, f"{WANTED if pmid % 9 == 0 else OTHER} {number}", pad=500)
            for pmid in rng.sample(range(1, 900), 400)
        ]
        paths.append(write(folder, f"pubmed21n{number:04d}.xml.gz", xml(*parts, deletion(number))))
    return paths


@pytest.mark.parametrize(
    "command",
    [["worker"], ["harvest", "--queue"], ["import", "--queue", "x.xml"], ["run", "--queue"]],
)
def test_without_postgresql_it_is_refused_with_what_to_do(
    tmp_path: Path, command: list[str]
) -> None:
    program = Program(tmp_path)
    program.run("init", ".")
    (tmp_path / "x.xml").write_bytes(xml(record(1)))
    assert "the queue needs PostgreSQL" in program.run(*command, code=2)


def test_its_tables_are_made_once_and_are_none_of_the_stores(program: Program, held: Store) -> None:
    before, after = queue_schema.upgrade(program.environ["MONITOR_DATABASE_URL"])
    assert before == after
    assert schema.differences(held) == []
    assert "sound" in program.run("db", "check")


def test_a_queue_of_an_older_procrastinate_is_migrated(
    program: Program, database: Callable[[], str]
) -> None:
    del program
    url, old = database(), "03.02.00_50_post_batch_defer_jobs.sql"
    folder = resources.files("procrastinate.sql") / "migrations"
    with psycopg.connect(url, options=options(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".sql") and file.name <= old:
                connection.execute(file.read_text())  # type: ignore[arg-type]
        connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{old}'")  # type: ignore[arg-type]
    assert queue_schema.upgrade(url)[0] == old
    assert defer(url, [Job("harvest", {"topic": "x", "full": False}, "x")]) == [Put.QUEUED]


def test_a_job_that_waits_is_not_queued_again(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1)))
    assert "1 of 1 files" in program.run("import", "--queue", path)
    assert "0 of 1 files" in program.run("import", "--queue", path)
    assert jobs(program) == [("import", "todo")]
    program.run("worker", "--drain")
    assert jobs(program) == []


def test_a_full_harvest_is_not_lost_behind_an_ordinary_one_that_waits(
    program: Program, held: Store
) -> None:
    program.run("harvest")
    assert "2 of 2 topics queued" in program.run("harvest", "--queue")
    said = program.run("harvest", "--queue", "--full", "--topic", "ldn")
    assert "0 of 1 topics queued" in said
    assert "1 waited in the queue already, and will now be read in full." in said
    for more in (["--full"], []):  # an ordinary harvest is part of a full one
        said = program.run("harvest", "--queue", "--topic", "ldn", *more)
        assert "1 waited in the queue already: nothing to add." in said
    program.run("worker", "--drain")
    assert {t: r.full for t, r in runs.last(held).items()} == {"ldn": True, "me-cfs": False}


def test_without_a_worker_every_command_says_so(program: Program) -> None:
    program.run("harvest")
    queued = program.run("harvest", "--queue")
    assert "no worker of the queue has been seen lately (none is registered)" in queued
    assert "2 jobs wait (2 harvest) since 20" in queued
    assert "note: no worker of the queue has been seen lately" in program.run("check")
    assert "Queue: no worker of the queue has been seen lately" in program.run("status")
    program.use({"MONITOR_WORKER_TIMEOUT": "2"})
    time.sleep(2)
    found = json.loads(program.run("status", "--json", code=1))
    assert [p.partition(":")[0] for p in found["problems"]] == ["queue"]
    assert found["queue"]["waiting"] == {"harvest": 2}


def test_the_schedule_warns_while_nobody_harvests(program: Program) -> None:
    program.use({"MONITOR_WORKER_TIMEOUT": "2"})
    daemon = program.start("run", "--queue")
    try:
        assert daemon.stderr is not None
        said = next(line for line in daemon.stderr if "the harvest waits for a worker" in line)
    finally:
        daemon.terminate()
        daemon.communicate(timeout=30)
    assert "2 jobs wait (2 harvest)" in said
    assert "Start `monitor worker`" in said


def test_a_worker_that_lives_is_seen_and_a_killed_one_is_missed(program: Program) -> None:
    program.use({"MONITOR_WORKER_TIMEOUT": "2"})
    url = program.environ["MONITOR_DATABASE_URL"]
    with workers(program, 1) as (worker,):
        until(lambda: state.look(url, 2).workers == 1)
        assert "queue: 1 worker seen lately, no job waits" in program.run("check")
        worker.kill()
        until(lambda: state.look(url, 2).workers == 0)
    left = state.look(url, 2)
    assert left.last_seen is not None
    assert left.complaint == ""  # nothing waits
    assert "queue: no worker seen lately, no job waits" in program.run("check")


def test_a_worker_that_takes_other_jobs_does_not_hide_those_that_wait(program: Program) -> None:
    program.use({"MONITOR_WORKER_TIMEOUT": "2"})
    url = program.environ["MONITOR_DATABASE_URL"]
    worker = program.start("worker", "--job", "import", "--job", "update")
    try:
        until(lambda: state.look(url, 2).workers == 1)
        said = program.run("check")
        assert "queue: 1 worker for import, update only seen lately, no job waits" in said
        queued = program.run("harvest", "--queue")
        assert "no worker of the queue that does such jobs has been seen lately (1 worker" in queued
        assert "Start `monitor worker --job harvest`" in program.run("check")
        until(lambda: state.look(url, 2).overdue)
        found = json.loads(program.run("status", "--json", code=1))
        assert found["problems"][-1].startswith("queue: 2 jobs wait (2 harvest) since 20")
    finally:
        worker.terminate()
        worker.communicate(timeout=30)


def test_a_worker_of_an_older_version_is_taken_to_do_everything(program: Program) -> None:
    url = program.environ["MONITOR_DATABASE_URL"]
    with psycopg.connect(url, options=options(), autocommit=True) as connection:
        connection.execute("SELECT procrastinate_register_worker_v1()")
        assert state.look(url, 60).takers("harvest") == 1
        connection.execute("DROP TABLE monitor_worker_kinds")
        assert state.look(url, 60).takers("harvest") == 1
        said = program.run("worker", "--drain", code=2)
    assert "run `monitor db upgrade`" in said
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")  # type: ignore[arg-type]
    for command in (["worker", "--drain"], ["harvest", "--queue"]):
        said = program.run(*command, code=2)
        assert "does not exist): run `monitor db upgrade`." in said
    program.run("db", "upgrade")
    program.run("worker", "--drain")


def test_a_broken_file_fails_for_good_and_the_operator_is_told(
    program: Program, held: Store, tmp_path: Path
) -> None:
    data = xml(record(1), record(2))
    broken = write(tmp_path, "pubmed21n0001.xml.gz", data[:-80])
    whole = write(tmp_path, "pubmed21n0002.xml.gz", xml(record(3)))
    program.run("import", "--queue", broken, whole)
    program.run("worker", "--drain")
    assert jobs(program) == [("import", "failed")]
    assert articles.held(held) == {"1", "3"}
    ((_, _, about, body),) = notices.waiting(held)
    assert about == "import failed"
    parts = [r for r in job_runs.since(held, NOW) if r.job == "worker-import"]
    assert sorted(r.state for r in parts) == [JobState.FAILED, JobState.GOOD]
    (failed,) = (r for r in parts if r.failed)
    assert failed.error == body
    assert body.startswith(f"{broken}: record 2: ")


def test_the_schedule_has_workers_harvest_and_send_and_writes_the_site(
    program: Program, held: Store
) -> None:
    program.run("subscribers", "add", "reader@example.org")
    with workers(program, 1) as (worker,):
        daemon = program.start("run", "--queue")
        until(lambda: states(held).get("publish") is JobState.GOOD)
        until(lambda: states(held)["harvest"] is JobState.GOOD)
        daemon.terminate()
        _, led = daemon.communicate(timeout=30)
        assert "2 of 2 topics queued" in led
        until(lambda: jobs(program) == [])
        assert states(held) == dict.fromkeys(
            ("harvest", "publish", "worker-harvest", "worker-update"), JobState.GOOD
        )
        assert {t: r.state for t, r in runs.last(held).items()} == {
            "ldn": RunState.GOOD,
            "me-cfs": RunState.GOOD,
        }
        assert len(articles.held(held)) == 60
        assert (program.folder / "reports" / "index.html").exists()
        said = program.run("run", "--job", "digest", "--queue")
        assert "1 due, 1 jobs" in said
        until(lambda: jobs(program) == [])
        assert len(list((program.folder / "outbox").glob("*.eml"))) == 1
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=30)
    done = [line for line in log.splitlines() if "done" in line]
    assert [sum(name in line for line in done) for name in ("harvest", "deliver")] == [2, 1]


def test_the_schedule_tells_of_a_harvest_that_workers_could_not_do(program: Program) -> None:
    program.use({"MONITOR_ENTREZ_EMAIL": ""})
    with workers(program, 1):
        said = program.run("run", "--job", "harvest", "--queue", code=1)
    assert "the harvest of ldn, me-cfs failed" in said
    assert sorted(jobs(program)) == [("harvest", "failed")] * 2


@pytest.mark.slow
def test_when_one_of_two_workers_is_killed_all_files_are_imported_once(
    program: Program, held: Store, assessor: Assessor, tmp_path: Path
) -> None:
    paths = files(tmp_path)
    program.run("import", "--queue", *paths)
    with workers(program, 2) as running:
        until(
            lambda: (
                sum(c.read > 0 for _, state, c, _ in imports.files(held) if state == "running") >= 2
            )
        )
        running[0].kill()
        until(lambda: jobs(program) == [])
    found = imports.files(held)
    assert sorted((n, s, c.read) for n, s, c, _ in found) == [
        (Path(p).name, "done", 400) for p in paths
    ]
    perfect = Store(f"sqlite:///{tmp_path / 'perfect.db'}")
    schema.upgrade(perfect)
    Importer(perfect, Reader(assessor, keep_all=False), lambda: NOW).take_all(paths)
    now = {row[0]: row for row in dump(perfect)["article"]}
    mine = {row[0]: row for row in dump(held)["article"]}
    # A record that a later file deletes is not even stored when that file came first.
    deleted = {p for p, row in now.items() if row[3]}
    assert set(now) - set(mine) <= deleted
    assert mine == {p: now[p] for p in mine}
    assert health.faults(held) == []
    perfect.close()


def test_a_worker_that_is_told_to_stop_gives_its_job_back(
    program: Program, held: Store, tmp_path: Path
) -> None:
    (path,) = files(tmp_path)[:1]
    program.run("import", "--queue", path)
    worker = program.start("worker")
    until(lambda: any(c.read for _, _, c, _ in imports.files(held)))
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert {state for _, state in jobs(program)} <= {"todo"}
    program.run("worker", "--drain")
    assert jobs(program) == []
    assert [(s, c.read) for _, s, c, _ in imports.files(held)] == [("done", 400)]


def test_pubmeds_limit_holds_over_all_workers(
    program: Program, held: Store, pubmed: PubMedServer
) -> None:
    with workers(program, 2):
        for more in ([], ["--full"]):
            pubmed.requests.clear()
            assert "2 of 2 topics" in program.run("harvest", "--queue", *more)
            until(lambda: jobs(program) == [])
            at = sorted(r.at for r in pubmed.requests)
            assert len(at) >= 4
            # Slots are 1/2.8 s apart; a request may leave a little after its slot began.
            assert at[-1] - at[0] > (len(at) - 1) / 2.8 - 0.3
    assert len(articles.held(held)) > 50
    assert health.faults(held) == []


def test_every_mail_is_sent_once_by_many_workers(
    program: Program, held: Store, tmp_path: Path
) -> None:
    program.run("harvest")
    for n in range(150):
        subscribers.add(held, Subscriber(0, f"r{n}@example.org", NOW))
    assert "150 due, 2 jobs" in program.run("digest", "--queue")
    with workers(program, 2):
        until(lambda: jobs(program) == [])
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in (tmp_path / "outbox").glob("*.eml")
    ]
    assert len({m["Message-ID"] for m in mails}) == 150
    assert issues.delivery_counts(held)["sent"] == 150
