"""What `monitor status` tells of the database, in plain SQL: a dozen small answers, at once.

SQLAlchemy takes longer to import than the answers take. So a SQLite file is asked through the
standard library; any other database, and a URL with options, through SQLAlchemy like everything.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from monitor.errors import StoreError
from monitor.model import DeliveryState, JobRun, JobState
from monitor.store import faults, sqlite

_PLAIN: Final = re.compile(r"sqlite:///([^?%#:]+)")
_Ask = Callable[[str], Sequence[Any]]  # rows


@dataclass(frozen=True, slots=True)
class Glance:
    """The database at one moment.

    By topic: the last receipt as it is stored, and when the last good run began. By job: the last
    run. `papers` and `deliveries` are numbers by state; `issue` is the newest one's number and
    time; `readers` get mails; `notices` wait for the operator.
    """

    url: str
    schema: str
    receipts: dict[str, dict[str, Any]]
    good: dict[str, datetime]
    jobs: dict[str, JobRun]
    papers: dict[str, int]
    issue: tuple[int, datetime] | None
    deliveries: dict[str, int]
    readers: int
    notices: int


def glance(url: str) -> Glance:
    """Look at a database, whose schema must be of this version. Raises `StoreError`."""
    plain = _PLAIN.fullmatch(url)
    with _file(plain[1], url) if plain else _engine(url) as (shown, ask):
        return _look(shown, ask)


@contextmanager
def _file(path: str, url: str) -> Iterator[tuple[str, _Ask]]:
    try:
        with closing(sqlite3.connect(path)) as connection:
            sqlite.prepare(connection)
            connection.execute("BEGIN")
            yield url, lambda query: connection.execute(query).fetchall()
    except sqlite3.Error as error:
        raise StoreError(faults.sentence(url, error)) from error


@contextmanager
def _engine(url: str) -> Iterator[tuple[str, _Ask]]:
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - half a second

    from monitor.store.engine import Store, sentence  # noqa: PLC0415

    store = Store(url)
    try:
        with store.engine.connect() as connection:
            yield store.url, lambda query: connection.exec_driver_sql(query).fetchall()
    except DBAPIError as error:
        raise StoreError(sentence(store.url, error)) from error
    finally:
        store.close()


def _look(url: str, ask: _Ask) -> Glance:
    try:
        (schema,) = ask("SELECT version_num FROM alembic_version")[0]
    except Exception as error:
        if faults.is_missing_table(error):
            schema = None
        else:
            raise
    faults.require_current(url, schema)
    issue = ask("SELECT number, made FROM issue ORDER BY number DESC LIMIT 1")
    return Glance(
        url=url,
        schema=schema,
        receipts={topic: json.loads(data) for topic, data in ask(_RECEIPTS)},
        good={topic: _time(started) for topic, started in ask(_GOOD)},
        jobs={row[0]: _run(row) for row in ask(_JOBS)},
        papers={state: _number(ask, query) for state, query in _PAPERS.items()},
        issue=(issue[0][0], _time(issue[0][1])) if issue else None,
        deliveries={s.value: 0 for s in DeliveryState} | dict(ask(_DELIVERIES)),
        readers=_number(ask, _READERS),
        notices=_number(ask, _NOTICES),
    )


def _number(ask: _Ask, query: str) -> int:
    return int(ask(query)[0][0])


def _run(row: Sequence[Any]) -> JobRun:
    job, run, state, started, finished, error = row
    ended = _time(finished) if finished is not None else None
    return JobRun(job, run, JobState(state), _time(started), ended, error)


def _time(value: str | datetime) -> datetime:
    """SQLite gives text, in UTC and without saying so."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_RECEIPTS: Final = """
    SELECT topic, data FROM harvest_run
    WHERE id IN (SELECT max(id) FROM harvest_run GROUP BY topic)
"""
_GOOD: Final = """
    SELECT topic, started FROM harvest_run
    WHERE id IN (SELECT max(id) FROM harvest_run WHERE state = 'good' GROUP BY topic)
"""
_JOBS: Final = """
    SELECT job, run, state, started, finished, error FROM job_run
    WHERE id IN (SELECT max(id) FROM job_run GROUP BY job)
"""
_LABELLED: Final = """
    SELECT count(*) FROM article JOIN assessment ON assessment.id = article.assessment_id
    WHERE assessment.wanted
"""
_PAPERS: Final = {
    "articles": "SELECT count(*) FROM article",
    "wanted": f"{_LABELLED} IS TRUE",
    "excluded": f"{_LABELLED} IS FALSE",
    "retracted": "SELECT count(*) FROM article WHERE retracted IS TRUE",
    "gone": "SELECT count(*) FROM article WHERE gone IS TRUE",
    "unreadable": "SELECT count(*) FROM bad_record",
}
_DELIVERIES: Final = "SELECT state, count(*) FROM delivery GROUP BY state"
_READERS: Final = """
    SELECT count(*) FROM subscriber WHERE confirmed IS TRUE AND suspended IS FALSE
"""
_NOTICES: Final = "SELECT count(*) FROM operator_notice WHERE mailed IS NULL"
