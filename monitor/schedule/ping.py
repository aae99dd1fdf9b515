"""Telling a dead man's switch that all is well."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Final

import structlog

_TIMEOUT: Final = 10.0
log = structlog.get_logger()


def ping(url: str) -> bool:
    """Ask a URL by GET; whether it answered well. A failure is logged and changes nothing else."""
    try:
        # Settings let only http and https pass.
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310
            answer.read(1)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        log.warning("the ping failed", reason=type(error).__name__)
        return False
    return True
