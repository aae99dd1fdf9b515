"""Logs: one object a line, with run ids, without secrets and addresses."""

from __future__ import annotations

import json
import logging

import pytest
import stamina
import structlog
from pydantic import SecretStr

from monitor.cli import logs
from monitor.errors import StoreError
from monitor.settings import LogFormat, Settings

SECRET = "0123456789abcdef-secret"
SETTINGS = Settings(
    database_url=SecretStr("postgresql://me:pass-word@127.0.0.1/monitor"),
    secret_key=SecretStr(SECRET),
    smtp_username="me",
    smtp_password=SecretStr("hunter22"),
    ping_url="https://ping.example.org/0a1b2c",
    log_format=LogFormat.JSON,
)


@pytest.mark.parametrize(
    "text",
    [
        f"the key is {SECRET}",
        "refused: reader@example.org, <Other.Reader+tag@mail.example.co.uk>",
        "postgresql://me:pass-word@127.0.0.1/monitor",
        "GET https://ping.example.org/0a1b2c",
        "password=hunter22;",
    ],
)
def test_secrets_and_addresses_are_taken_out(text: str) -> None:
    said = logs.Scrubber(SETTINGS)(text)
    for bad in (SECRET, "reader", "Reader", "pass-word", "0a1b2c", "hunter22"):
        assert bad not in said
    assert "…" in said


def test_a_line_is_an_object_with_the_run_that_it_belongs_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(SETTINGS)
    with structlog.contextvars.bound_contextvars(run="0a1b", job="harvest"):
        structlog.get_logger().info("said", to="reader@example.org", n=3)
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "event": "said",
        "level": "info",
        "run": "0a1b",
        "job": "harvest",
        "to": "…@…",
        "n": 3,
    }


def test_a_traceback_shows_no_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(SETTINGS)
    password = "hunter" + "2" * 2

    def fail() -> None:
        raise ValueError(f"cannot log in with {password} as reader@example.org")

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("failed")
    said = capsys.readouterr().err
    assert "ValueError" in json.loads(said)["exception"]
    assert "hunter22" not in said
    assert "reader@" not in said


def test_what_libraries_log_comes_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(SETTINGS)
    logging.getLogger("library").warning("lost %s", "reader@example.org")
    found = json.loads(capsys.readouterr().err)
    assert (found["event"], found["logger"]) == ("lost …@…", "library")


def test_lines_of_a_job_stay_objects(capsys: pytest.CaptureFixture[str]) -> None:
    say = logs.passed_on(SETTINGS, logs.configure(SETTINGS))
    say('{"event": "started"}')
    say("ldn: good: 3 found for reader@example.org")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first == {"event": "started"}
    assert second["event"] == "ldn: good: 3 found for …@…"


def test_a_new_try_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(SETTINGS)

    def refuse() -> None:
        raise StoreError("the server's busy (429).")

    with pytest.raises(StoreError):
        stamina.retry(on=StoreError, attempts=2, wait_initial=0.01)(refuse)()
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert found.pop("seconds") < 5
    del found["timestamp"]
    assert found == {
        "level": "warning",
        "event": "tried again soon",
        "reason": "the server's busy (429).",
        "tries": 1,
    }
