"""The web service as an application: what answers at which address."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.errors import StoreError
from monitor.publish.render import STATIC, static_files
from monitor.serve import conditional, health, metrics, pages, render, site
from monitor.serve.api import problems
from monitor.serve.api import routes as api
from monitor.serve.context import Web
from monitor.serve.guard import Guard
from monitor.wording import to_say

_FRESH: Final = "public, max-age=0, must-revalidate"
_READ: Final = ["GET", "HEAD"]
_WORDS: Final = {
    400: to_say("This cannot be read"),
    403: to_say("Not from here"),
    404: to_say("There is no such page"),
    405: to_say("That is not done here"),
    408: to_say("That took too long"),
    410: to_say("This is over"),
    413: to_say("That is too much"),
    415: to_say("That is no form"),
    429: to_say("Please wait a little"),
    503: to_say("Please come back later"),
}
_DETAILS: Final = {
    404: to_say("The address may be mistyped, or the page is gone."),
    405: to_say("This page can be read, and nothing else."),
    429: to_say("Too many requests came from you within a short time."),
    503: to_say("The service has too much to do, or its database does not answer just now."),
}
_NOT_WRITTEN: Final = to_say("The site was not written yet: monitor publish writes it.")
_BROKEN: Final = to_say("This is a fault of the program, and its log tells the operator of it.")
_WRONG: Final = to_say("Something went wrong")
log = structlog.get_logger()


def create(web: Web) -> ASGIApp:
    """The application over its parts."""
    files = _Site(web)
    app = Starlette(
        routes=[
            Route("/healthz", health.healthz, methods=_READ),
            Route("/metrics", metrics.metrics, methods=_READ),
            Mount("/api/v1", api.make(web)),
            Route("/static/forms.css", files.forms_css, methods=_READ),
            *pages.routes(web),
            Route("/{path:path}", files.file, methods=_READ),
        ],
        exception_handlers={HTTPException: _failed, StoreError: _unavailable, Exception: _broken},
    )
    app.router.redirect_slashes = False  # it would lead to whatever host the request names
    app.state.web = web
    assert web.words  # a translation that cannot be read is told now
    assert web.started  # taken now, not at the first request
    return Guard(app, web)


class _Site:
    def __init__(self, web: Web) -> None:
        self._web = web

    async def forms_css(self, request: Request) -> Response:
        """The style sheet of the forms."""
        response = Response(render.stylesheet(), media_type="text/css")
        response.headers["cache-control"] = _FRESH
        return conditional.answer(request, response, self._web.started)

    async def file(self, request: Request) -> Response:
        """A file of the site; the style sheet also while no site was written yet."""
        path: str = request.path_params["path"]
        try:
            found = await self._web.read(site.open_file, self._web.settings.reports_dir, path)
        except site.MovedError:
            # Relative, so that no host that a request names, and no proxy's prefix, matters.
            return Response(status_code=308, headers={"location": path.rpartition("/")[2] + "/"})
        if found is None:
            return await self._without(request, path)
        response = await self._respond(request, found)
        if not isinstance(response, _Streamed):
            found.close()
        return response

    async def _respond(self, request: Request, found: site.File) -> Response:
        headers = {
            "etag": found.tag,
            "last-modified": found.last_modified,
            "cache-control": _FRESH,
            "content-type": found.kind,
        }
        if found.compressible:
            headers["vary"] = "accept-encoding"
        if found.kind == "application/octet-stream":
            headers["content-disposition"] = "attachment"
        if conditional.is_fresh(request.headers, found.tag, found.changed):
            return Response(status_code=304, headers=headers)
        if takes_gzip(request.headers.get("accept-encoding", "")):
            small = await self._web.read(self._web.compressed.of, found)
            if small is not None:
                return Response(small, headers=headers | {"content-encoding": "gzip"})
        headers["content-length"] = str(found.size)
        return Response(headers=headers) if request.method == "HEAD" else _Streamed(found, headers)

    async def _without(self, request: Request, path: str) -> Response:
        if path.removeprefix("static/") in STATIC:
            content = dict(static_files())[path]
            kind = site.TYPES.get("." + path.rpartition(".")[2], ("text/plain", True))[0]
            response = Response(content, headers={"content-type": kind, "cache-control": _FRESH})
            return conditional.answer(request, response, self._web.started)
        if path == "favicon.ico":  # browsers ask for it unbidden
            return Response(status_code=204, headers={"cache-control": "public, max-age=86400"})
        if path in {"", "index.html"}:
            raise HTTPException(503, _NOT_WRITTEN)
        raise HTTPException(404)


class _Streamed(StreamingResponse):
    """A file in pieces, closed at the end, also for a client that left before the first one."""

    def __init__(self, file: site.File, headers: Mapping[str, str]) -> None:
        super().__init__(file.chunks(), headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def takes_gzip(accepted: str) -> bool:
    """Whether a client takes gzip, by its Accept-Encoding."""
    offers = [tuple(p.strip() for p in one.split(";")) for one in accepted.lower().split(",")]
    return any(o[0] == "gzip" and "q=0" not in o[1:] for o in offers)


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/"):  # a line feed in a path keeps it from the mount
        return await problems.failed(request, error)
    status = error.status_code
    said = error.detail
    if said == HTTPStatus(status).phrase:
        said = _DETAILS.get(status, "")
    heading = _WORDS.get(status, HTTPStatus(status).phrase)
    response = render.message(request, heading, said, status=status)
    response.headers.update(error.headers or {})
    return response


async def _unavailable(request: Request, error: Exception) -> Response:
    log.error("store failed", reason=str(error))
    response = render.message(request, _WORDS[503], _DETAILS[503], status=503)
    response.headers["retry-after"] = "60"
    return response


async def _broken(request: Request, _error: Exception) -> Response:
    """A fault of ours; the server logs it, the reader learns no detail."""
    if request.url.path.startswith("/api/"):
        return problems.problem(500, _BROKEN)
    return render.message(request, _WRONG, _BROKEN, status=500)
