"""Faults for the small PubMed server, on demand, and checks on the client."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from monitor.demo.pubmed import PubMedServer, Request, Response

_XML = '<?xml version="1.0" encoding="UTF-8" ?>\n'
_RATE = '{"error":"API rate limit exceeded","api-key":"203.0.113.7","count":"17","limit":"3"}'


def _error(root: str, text: str) -> bytes:
    return f"{_XML}<{root}>\n\t<ERROR>{text}</ERROR>\n</{root}>\n".encode()


#: Every way in which PubMed was seen to fail, by name; each is worth another try.
FAULTS: dict[str, Response] = {
    "too many requests": Response(
        429, _RATE.encode(), "application/json", headers={"Retry-After": "0"}
    ),
    "backend does not know the database": Response(
        200, _error("eSearchResult", "Search Backend failed: Database is not supported: pubmed")
    ),
    "backend connection": Response(
        200,
        _error("eSearchResult", "Search Backend failed: Unable to open connection to #PMQuerySrv"),
    ),
    "empty response": Response(
        200, _error("eFetchResult", " Error: External viewer error: Empty Response. Bytes read: 0")
    ),
    "address table": Response(
        200, _error("eLinkResult", "Couldn't resolve #exLinkSrv2, the address table is empty.")
    ),
    "bare prolog": Response(200, f"{_XML}<!DOCTYPE PubmedArticleSet>\n".encode()),
    "trace": Response(200, b"NCBI C++ Exception: TXCLIENT::readAll EOF", "text/plain"),
    "html": Response(200, b"<html><body>Service maintenance</body></html>", "text/html"),
    "server error": Response(500, b"", "text/plain"),
    "bad gateway": Response(502, b"<html>502 Bad Gateway</html>", "text/html"),
    "unavailable": Response(503, b"", "text/plain", headers={"Retry-After": "0"}),
    "empty": Response(200, b""),
    "dropped": Response(200, b"x" * 1000, cut=0),
}


class Faulty:
    """Answers a share of the requests with a fault; seeded, so that a run can be made again."""

    def __init__(self, share: float, seed: int, names: Sequence[str] = tuple(FAULTS)) -> None:
        self._random = random.Random(seed)
        self._share, self._names = share, names
        self.given: list[str] = []

    def __call__(self, request: Request, number: int) -> Response | None:
        if self._random.random() >= self._share:
            return None
        self.given.append(self._random.choice(self._names))
        return FAULTS[self.given[-1]]


class Scripted:
    """Answers the first requests with these faults in order; None lets one through."""

    def __init__(self, names: Iterable[str | None]) -> None:
        self._names = list(names)

    def __call__(self, request: Request, number: int) -> Response | None:
        name = self._names.pop(0) if self._names else None
        return FAULTS[name] if name else None


class Outage:
    """Fails every request while `on`."""

    def __init__(self) -> None:
        self.on = False

    def __call__(self, request: Request, number: int) -> Response | None:
        return replace(FAULTS["unavailable"]) if self.on else None


class Refusing:
    """Says that every request is wrong: trying again is no use."""

    def __call__(self, request: Request, number: int) -> Response | None:
        return Response(400, _error("eSearchResult", "Invalid db name specified: pubmed"))


def impolite(server: PubMedServer, *, per_second: int = 3) -> list[str]:
    """What the client did against NCBI's rules; empty when it was polite."""
    found: list[str] = []
    for number, request in enumerate(server.requests, 1):
        missing = [name for name in ("tool", "email") if not request.parameters.get(name)]
        found.extend(f"request {number}: no {name}" for name in missing)
        if "api_key" in request.query_string or "email" in request.query_string:
            found.append(f"request {number}: key or address in the URL")
        if len(request.parameters.get("id", "").split(",")) > 200 and request.method != "POST":
            found.append(f"request {number}: many ids by GET")
    times = [r.at for r in server.requests]
    for first, last in zip(times, times[per_second:], strict=False):
        if last - first < 0.9:
            found.append(f"{per_second + 1} requests in {last - first:.2f} s")
    return found
