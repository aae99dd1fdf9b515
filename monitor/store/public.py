"""A copy of the database for readers: what we know of papers and claims, and of nobody else.

Tables are named one by one, so that a new one stays out until somebody decides otherwise. Whole
abstracts and the XML belong to their publishers and stay out too, as do e-mail addresses, which
affiliations often hold.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from itertools import compress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as core
from sqlalchemy.dialects import sqlite
from sqlmodel import SQLModel

from monitor.errors import StoreError
from monitor.store.engine import Store
from monitor.store.rows import table
from monitor.store.tables import (
    ArticleRow,
    ArticleTopicRow,
    ArticleVersionRow,
    AssessmentRow,
    BearingRow,
    ClaimHistoryRow,
    ClaimRow,
    EventPaperRow,
    EventRow,
    HarvestRunRow,
    IssueEventRow,
    IssueRow,
)

_TABLES: Final[tuple[type[SQLModel], ...]] = (
    ArticleRow,
    ArticleVersionRow,
    ArticleTopicRow,
    AssessmentRow,
    BearingRow,
    ClaimRow,
    ClaimHistoryRow,
    EventRow,
    EventPaperRow,
    HarvestRunRow,
    IssueRow,
    IssueEventRow,
)
_ADDRESS: Final = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_ABSTRACT: Final = ("abstract", "other_abstracts", "sections")
_VIEWS: Final = {
    "paper": """
        SELECT a.pmid, a.title, a.journal, a.year, nullif(a.doi, '') AS doi, a.created,
            s.design, json_extract(s.data, '$.design.confidence') AS design_confidence,
            json_extract(s.data, '$.sample_size.n') AS sample_size,
            json_extract(s.data, '$.doses[0].mg') AS naltrexone_mg,
            json_extract(s.data, '$.result.direction') AS result, a.retracted, a.gone
        FROM article a JOIN assessment s ON s.id = a.assessment_id WHERE s.wanted""",
    "mechanism_claim": """
        SELECT a.pmid, a.title, a.year, s.design,
            json_extract(c.value, '$.mechanism') AS mechanism,
            json_extract(c.value, '$.stance') AS stance,
            json_extract(c.value, '$.quotes[0].text') AS quote,
            coalesce(json_extract(c.value, '$.reviewed'), 0) AS reviewed
        FROM article a JOIN assessment s ON s.id = a.assessment_id,
            json_each(s.data, '$.claims') c WHERE s.wanted""",
    "claim_status": """
        SELECT id, status, json_extract(data, '$.reason') AS reason,
            coalesce(json_extract(data, '$.supports'), 0) AS supports,
            coalesce(json_extract(data, '$.refutes'), 0) AS refutes,
            coalesce(json_extract(data, '$.mixed'), 0) AS mixed
        FROM claim""",
}


def write(store: Store, path: Path, *, abstracts: bool) -> None:
    """Write the copy into a new SQLite file; `abstracts` leaves whole abstracts in.

    The same database gives the same bytes. Raises `StoreError` when the file cannot be written.
    """
    path.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(path.resolve().as_uri(), isolation_level=None, uri=True)
        try:
            # Large pages: rows of whole labels are as long as a usual page, and would waste them.
            connection.execute("PRAGMA page_size = 32768")
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA foreign_keys = OFF")
            _fill(store, connection, abstracts=abstracts)
            for statement in _indexes():
                connection.execute(statement)
            for name, query in _VIEWS.items():
                connection.execute(f"CREATE VIEW {name} AS {' '.join(query.split())}")
            if not store.is_sqlite:  # there rows were taken out again; here nothing is left over
                connection.execute("VACUUM")
        finally:
            connection.close()
    except (sqlite3.Error, core.exc.DBAPIError) as error:
        path.unlink(missing_ok=True)
        raise StoreError(f"{path}: the copy for readers cannot be written ({error}).") from error


def _dialect() -> core.Dialect:
    found: core.Dialect = sqlite.dialect()
    return found


def _sql(statement: core.schema.ExecutableDDLElement) -> str:
    return str(statement.compile(dialect=_dialect()))


def _indexes() -> list[str]:
    """In the order of their names: SQLAlchemy keeps them in a set, and bytes would differ."""
    found = sorted((i for row in _TABLES for i in table(row).indexes), key=lambda i: str(i.name))
    return [_sql(core.schema.CreateIndex(i)) for i in found]


def _fill(store: Store, connection: sqlite3.Connection, *, abstracts: bool) -> None:
    connection.create_function("hidden", 1, _hidden, deterministic=True)
    if store.is_sqlite:
        source = Path(store.engine.url.database or "").resolve().as_uri()
        connection.execute("ATTACH ? AS source", [f"{source}?mode=ro"])
    for row in _TABLES:
        connection.execute(_sql(core.schema.CreateTable(table(row))))
    connection.execute("BEGIN")
    for row in _TABLES:
        columns = [c.name for c in table(row).columns]
        values = [_value(row, name, abstracts=abstracts) for name in columns]
        name = table(row).name
        if store.is_sqlite:
            connection.execute(
                f"INSERT INTO main.{name} SELECT {', '.join(values)} FROM source.{name} "  # noqa: S608
                f"{_which(row, 'source.')} ORDER BY {_order(row)}"
            )
        else:
            asked = [n in v for n, v in zip(columns, values, strict=True)]
            marks = ", ".join(v.replace(n, "?") for n, v in zip(columns, values, strict=True))
            connection.executemany(
                f"INSERT INTO {name} VALUES ({marks})",  # noqa: S608 - names of our own tables
                (tuple(compress(found, asked)) for found in _rows(store, row)),
            )
            if where := _which(row, ""):
                connection.execute(f"DELETE FROM {name} WHERE NOT ({where.removeprefix('WHERE ')})")  # noqa: S608
    connection.execute("COMMIT")
    if store.is_sqlite:
        connection.execute("DETACH source")


def _value(row: type[SQLModel], column: str, *, abstracts: bool) -> str:
    if row is ArticleVersionRow and column == "xml":
        return "x''"
    if row is ClaimHistoryRow and column == "data":
        return "''"  # the counts of that day; the statuses are in columns
    if column not in {"data", "changes"}:
        return column
    if row is ArticleRow and not abstracts:
        gone = ", ".join(f"'$.{name}'" for name in _ABSTRACT)
        return f"hidden(json_remove({column}, {gone}))"
    return f"hidden({column})"


def _which(row: type[SQLModel], schema: str) -> str:
    """Of labels the current ones only: older rules are of no use to readers."""
    if row is AssessmentRow:
        return f"WHERE id IN (SELECT assessment_id FROM {schema}article)"  # noqa: S608
    return ""


def _order(row: type[SQLModel]) -> str:
    return ", ".join(c.name for c in table(row).primary_key.columns)


def _rows(store: Store, row: type[SQLModel]) -> Iterator[tuple[Any, ...]]:
    """All rows as SQLite keeps them, from another kind of database."""
    columns = table(row).columns
    dialect = _dialect()
    write = [_writer(c, dialect) for c in columns]
    with store.read() as session:
        query = core.select(table(row)).order_by(*table(row).primary_key.columns)
        for found in session.connection().execute(query.execution_options(yield_per=1000)):
            yield tuple(
                value if value is None else process(value)
                for process, value in zip(write, found, strict=True)
            )


def _writer(column: core.Column[Any], dialect: core.Dialect) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _hidden(text: str) -> str:
    return _ADDRESS.sub("[address left out]", text) if "@" in text else text
