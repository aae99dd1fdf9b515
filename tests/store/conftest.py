"""The store's tests run on SQLite, and on PostgreSQL where Debian's server is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from monitor.store import Store, schema


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _as_postgres(*command: str) -> None:
    """The server refuses to run as root."""
    who = ["su", "postgres", "-s", "/bin/sh", "-c", " ".join(command)]
    plain = ["/bin/sh", "-c", " ".join(command)]
    subprocess.run(who if os.geteuid() == 0 else plain, check=True, capture_output=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a server of our own on loopback, without a database name."""
    binaries = _binaries()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="monitor-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, control = folder / "data", binaries / "pg_ctl"
    _as_postgres(f"{binaries / 'initdb'} -D {data} -A trust -U postgres -E UTF8 --no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    log = folder / "log"
    _as_postgres(f'{control} -D {data} -o "{options}" -l {log} -w start > /dev/null 2>&1')
    yield f"postgresql://postgres@127.0.0.1:{port}/"
    _as_postgres(f"{control} -D {data} -m immediate stop")
    shutil.rmtree(folder, ignore_errors=True)


#: In CI the server must be there: without it the tests fail, they are not left out.
DATABASES = ["sqlite", *(["postgresql"] if _binaries() or os.environ.get("CI") else [])]


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes an empty PostgreSQL database and gives its URL; skips where no server is installed, but fails in CI."""
    if _binaries() is None:
        if os.environ.get("CI"):
            pytest.fail("no PostgreSQL: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    server = request.getfixturevalue("postgresql")

    def make() -> str:
        name = f"t{uuid4().hex}"
        with psycopg.connect(server + "postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return str(server + name)

    return make


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'monitor.db'}"
    else:
        url = request.getfixturevalue("database")()
    made = Store(url)
    schema.upgrade(made)
    yield made
    made.close()
