"""Errors of the API as problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.serve.api.models import Fault, Problem
from monitor.serve.api.query import RefusedError

MEDIA_TYPE: Final = "application/problem+json"
log = structlog.get_logger()


def problem(
    status: int,
    detail: str,
    faults: tuple[Fault, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error as the API tells it."""
    found = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=faults,
    )
    return Response(found.model_dump_json(), status, headers=headers, media_type=MEDIA_TYPE)


async def refused(_request: Request, error: Exception) -> Response:
    """Parameters that cannot be used."""
    assert isinstance(error, RefusedError)
    return problem(400, "Some parameters cannot be used.", error.faults)


async def failed(_request: Request, error: Exception) -> Response:
    """A refusal of Starlette's (404, 405) or of ours."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, headers=error.headers)


async def unavailable(_request: Request, error: Exception) -> Response:
    """The database did not answer; why stands in the log, not in the answer."""
    log.error("store failed", reason=str(error))
    return problem(503, "The database does not answer just now.", headers={"retry-after": "60"})
