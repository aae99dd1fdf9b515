"""Answers with a validator: 304 for a client that holds the same thing already. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

#: Headers that a 304 repeats (RFC 9110, 15.4.5).
_KEPT: Final = ("etag", "last-modified", "cache-control", "vary", "content-location")


def is_fresh(asked: Mapping[str, str], tag: str, modified: datetime | None) -> bool:
    """Whether a client's copy is current: by its tags if it sends any, else by its date."""
    tags = asked.get("if-none-match")
    if tags is not None:
        given = {t.strip().removeprefix("W/") for t in tags.split(",")}
        return "*" in given or tag.removeprefix("W/") in given
    since = asked.get("if-modified-since")
    if since is None or modified is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    if moment.tzinfo is None:
        return False
    return modified.replace(microsecond=0) <= moment


def answer(request: Request, response: Response, modified: datetime | None) -> Response:
    """The response with its validators, or 304 without a body."""
    tag = f'W/"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["etag"] = tag
    if modified is not None:
        response.headers["last-modified"] = format_datetime(modified, usegmt=True)
    if is_fresh(request.headers, tag, modified):
        kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
        return Response(status_code=304, headers=kept)
    return response
