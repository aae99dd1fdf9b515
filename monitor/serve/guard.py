"""Around every answer: whose it is, how many a client may have, which headers it carries, a log.

The log holds method, kind of page, status and time; no address of a client, no path with a token.
"""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.serve import clients
from monitor.serve.api import problems
from monitor.serve.context import Web

#: Of the site's pages, as they say it themselves, and nobody may frame them.
SITE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
}
_YEAR: Final = "max-age=31536000"
#: First parts of paths that are told apart in the log.
_KINDS: Final = frozenset({"api", "subscribe", "c", "p", "u", "healthz", "metrics"})
#: What watches the service is never turned away.
_UNLIMITED: Final = frozenset({"healthz", "metrics"})
log = structlog.get_logger()


class Guard:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp, web: Web) -> None:
        self._app, self._web = app, web
        self._proxies = web.settings.proxies()
        self._headers = dict(_HEADERS)
        if web.settings.site_url.startswith("https://"):
            self._headers["strict-transport-security"] = _YEAR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        kind = scope["path"].split("/")[1] if scope["path"].startswith("/") else ""
        request.state.client = self._client(request)
        status = 500
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, kind)
            await send(message)

        try:
            wait = 0.0 if kind in _UNLIMITED else self._web.requests.take(request.state.client)
            answer = _too_many(kind, wait) if wait else self._app
            await answer(scope, receive, sending)
        finally:
            log.info(
                "answered",
                method=scope["method"] if scope["method"] in _METHODS else "other",
                page=kind if kind in _KINDS else "site",
                status=status,
                ms=round(1000 * (time.perf_counter() - began), 1),
            )

    def _client(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        forwarded = request.headers.getlist("x-forwarded-for")
        return clients.share(clients.client_address(peer, forwarded, self._proxies))

    def _add_headers(self, message: Message, kind: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        headers.setdefault("content-security-policy", SITE_POLICY)
        shared = "cross-origin" if kind in {"api", "feeds"} else "same-origin"
        headers.setdefault("cross-origin-resource-policy", shared)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def _too_many(kind: str, wait: float) -> ASGIApp:
    headers = {"retry-after": f"{wait + 1:.0f}"}
    said = "Too many requests came from you; please wait a little."
    if kind == "api":
        return problems.problem(429, said, headers=headers)
    return PlainTextResponse(said + "\n", 429, headers)
