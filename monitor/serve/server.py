"""Uvicorn around the application: listens, and ends cleanly at SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from monitor.catalog import Catalog
from monitor.errors import ConfigurationError
from monitor.serve.app import create
from monitor.serve.context import Web
from monitor.serve.protocol import Patient
from monitor.settings import Settings
from monitor.store import Store

#: Requests at once; further ones are told to come back.
_AT_ONCE: Final = 200
#: What is under way when the signal comes may take this long.
_GRACE_SECONDS: Final = 7
_KEEP_ALIVE_SECONDS: Final = 15
_HEADER_BYTES: Final = 16_384
log = structlog.get_logger()


def run(settings: Settings, store: Store, catalog: Catalog) -> None:
    """Serve until a signal comes. Raises `ConfigurationError` when the address cannot be had."""
    app = create(Web(settings, store, catalog, now=lambda: datetime.now(UTC)))
    listener = _listen(settings.serve_host, settings.serve_port)
    server = _Server(config(app))
    host, port = listener.getsockname()[:2]
    log.info("serving", host=host, port=port)
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        listener.close()
        store.close()
    log.info("stopped")


def config(app: ASGIApp) -> uvicorn.Config:
    """Uvicorn's part. It believes no header of a proxy: `clients` judges these."""
    return uvicorn.Config(
        app,
        http=Patient,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,  # what uvicorn has to say goes where the program's own log goes
        log_level="warning",
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
    )


class _Server(uvicorn.Server):
    """Ends with exit code 0: uvicorn itself would raise the signal again when it is done."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let a signal end the service in an orderly way."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port}: it cannot be listened on ({error.strerror or error}); "
            "set MONITOR_SERVE_HOST and MONITOR_SERVE_PORT, or --host and --port."
        ) from error
    return listener
