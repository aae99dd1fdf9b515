"""Locks: one process at a time, given back when a process dies or its connection is lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.errors import StoreError
from monitor.store import Store, locks
from monitor.store.locks import LEADER, WORK, Lock


def test_one_has_it_and_the_next_waits(store: Store) -> None:
    first, second = Lock(store, LEADER), Lock(store, LEADER)
    assert first.take()
    assert first.keep()
    assert not second.take()
    other = Lock(store, WORK)  # another name is another lock
    assert other.take()
    other.release()
    first.release()
    assert not first.keep()
    assert second.take()
    second.release()


def test_who_needs_it_at_once_is_told(store: Store) -> None:
    again = locks.required(store, LEADER)
    with (
        locks.required(store, LEADER),
        pytest.raises(StoreError, match="another process runs the schedule"),
    ):
        again.__enter__()
    with locks.required(store, LEADER):
        pass


def test_who_waits_is_told_once(store: Store) -> None:
    holder = Lock(store, WORK)
    assert holder.take()
    told: list[str] = []
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            holder.release()

    with locks.waited(store, WORK, told=lambda: told.append("waits"), sleep=sleep):
        assert not Lock(store, WORK).take()
    assert told == ["waits"]
    assert len(pauses) == 3


def test_a_killed_process_gives_it_back(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    script = (
        "import sys, time\nfrom monitor.store import Store\nfrom monitor.store.locks import *\n"
        f"lock = Lock(Store({url!r}), LEADER)\nprint(lock.take(), flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    mine = Lock(store, LEADER)
    assert not mine.take()
    process.kill()
    process.communicate()
    with locks.waited(store, LEADER, told=lambda: None):
        pass


def test_a_server_that_dropped_us_is_noticed(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("there is no server")
    lock = Lock(store, LEADER)
    assert lock.take()
    with store.write() as session:
        session.connection().exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert not lock.keep()
    assert lock.take()
    lock.release()
