"""Connections: silent ones end, those that are being answered do not."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from monitor.serve import protocol
from monitor.serve.server import config

#: Long enough for a busy machine to send a head, short enough to wait for.
PATIENCE = 1.0


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that takes longer than the service waits for headers."""
    await asyncio.sleep(1.3 * PATIENCE)
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"4")]})  # fmt: skip
    await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(protocol, "SECONDS", PATIENCE)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(config(slow))
        run = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        run.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            run.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def whole_answer(connection: socket.socket) -> bytes:
    said = b""
    while not said.endswith(b"done"):
        piece = connection.recv(1000)
        assert piece, said
        said += piece
    return said


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b"])
def test_a_connection_that_sends_no_whole_head_is_closed(port: int, sent: bytes) -> None:
    with closing(connect(port)) as connection:
        connection.sendall(sent)
        assert connection.recv(1000) == b""


def test_parts_of_a_head_win_no_time(port: int) -> None:
    with closing(connect(port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            for number in range(10_000):
                connection.sendall(f"X-{number}: y\r\n".encode())
                connection.settimeout(0.05)
                try:
                    assert connection.recv(1000) == b""
                except TimeoutError:
                    continue


def test_an_answer_may_take_its_time_and_the_next_request_is_waited_for_again(port: int) -> None:
    with closing(connect(port)) as connection:
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert whole_answer(connection).startswith(b"HTTP/1.1 200")
        assert connection.recv(1000) == b""


def test_requests_sent_at_once_are_all_answered(port: int) -> None:
    with closing(connect(port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        said = b""
        while said.count(b"done") < 2:
            piece = connection.recv(1000)
            assert piece, said
            said += piece
