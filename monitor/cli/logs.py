"""Logs on standard error: for people, or one JSON object a line; without secrets and addresses."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from monitor.settings import LogFormat, Settings

_ADDRESS: Final = re.compile(r"[^\s@<>\"'(),;:=/]+@[^\s@<>\"'(),;:/]+")
_SHORT: Final = 4
#: An exception with one text, as Python writes it.
_REPR: Final = re.compile(r"\w+\(['\"](.*)['\"]\)", re.DOTALL)


class Scrubber:
    """Takes the secrets of the settings and all mail addresses out of a text."""

    def __init__(self, settings: Settings) -> None:
        values = {
            value.get_secret_value()
            for name in Settings.model_fields
            if isinstance(value := getattr(settings, name), SecretStr) and name != "database_url"
        }
        password = make_url(settings.url).password
        if password:
            values.add(str(password))
        if settings.ping_url:  # who knows it can pretend to be us
            values.add(settings.ping_url)
        self._secrets = sorted((v for v in values if len(v) >= _SHORT), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return _ADDRESS.sub("…@…", text)


def configure(settings: Settings) -> Scrubber:
    """Set up logging as the settings say; the scrubber, for lines that are not logged."""
    scrub = Scrubber(settings)

    def scrubbed(
        _logger: Any, _method: str, values: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {k: scrub(v) if isinstance(v, str) else v for k, v in values.items()}

    as_json = settings.log_format is LogFormat.JSON
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=lambda v: scrub(str(v)))
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _retried,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            scrubbed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Handler()], level=logging.WARNING, force=True)
    return scrub


def _retried(
    _logger: Any, _method: str, values: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A new try in words: what stamina says of Python's call is of no use to an operator."""
    if values.get("event") != "stamina.retry_scheduled":
        return values
    for name in ("callable", "args", "kwargs", "waited_so_far"):
        values.pop(name, None)
    cause = str(values.pop("caused_by", ""))
    reason = _REPR.fullmatch(cause)
    values.update(
        event="tried again soon",
        reason=reason[1] if reason else cause,
        tries=values.pop("retry_num", None),
        seconds=values.pop("wait_for", None),
    )
    return values


class _Handler(logging.Handler):
    """Hands what libraries log to structlog, so that it comes out in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )


def passed_on(settings: Settings, scrub: Scrubber) -> Callable[[str], None]:
    """Takes the lines that a job prints: its log lines go out as they are, others as log lines."""
    log = structlog.get_logger()
    as_json = settings.log_format is LogFormat.JSON

    def say(line: str) -> None:
        if as_json and not line.startswith("{"):
            log.info(line)
        else:
            print(scrub(line), file=sys.stderr, flush=True)

    return say
