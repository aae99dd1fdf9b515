"""The addresses of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.catalog import Claim, Mechanism
from monitor.errors import StoreError
from monitor.model import Article
from monitor.serve import conditional
from monitor.serve.api import models, openapi, problems, query, views
from monitor.serve.context import Web
from monitor.store import articles, issues, ledger, listing
from monitor.store.listing import Place

_FRESH: Final = {"cache-control": "public, max-age=0, must-revalidate"}
_READ: Final = ["GET"]
_NUMBER_DIGITS: Final = 9


@dataclass(frozen=True)
class _Found:
    """An answer, when what it shows changed last, and more headers."""

    body: BaseModel
    changed: datetime | None
    headers: Mapping[str, str] | None = None


def make(web: Web) -> Starlette:
    """The API as an application, to be mounted at /api/v1."""
    api = _Api(web)
    app = Starlette(
        routes=[
            Route("/openapi.json", api.description, methods=_READ),
            Route("/papers", api.papers, methods=_READ),
            Route("/papers/{pmid:path}", api.paper, methods=_READ),
            Route("/claims", api.claims, methods=_READ),
            Route("/claims/{id}", api.claim, methods=_READ),
            Route("/issues", api.issues, methods=_READ),
            Route("/issues/{number}", api.issue, methods=_READ),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["GET", "HEAD"],
                allow_headers=["If-None-Match", "If-Modified-Since"],
                expose_headers=["ETag", "Last-Modified", "Link", "Retry-After"],
            ),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={
            query.RefusedError: problems.refused,
            HTTPException: problems.failed,
            StoreError: problems.unavailable,
        },
    )
    app.router.redirect_slashes = False  # it would lead to whatever host the request names
    return app


class _Api:
    def __init__(self, web: Web) -> None:
        self._web = web
        self._description = openapi.describe()
        self._about: dict[str, Claim | Mechanism] = {c.id: c for c in web.catalog.claims}
        self._about |= web.catalog.mechanism

    async def description(self, request: Request) -> Response:
        """The OpenAPI description."""
        query.parse(query.NoQuery, request.query_params.multi_items())
        response = JSONResponse(self._description, headers=_FRESH)
        return conditional.answer(request, response, self._web.started)

    async def papers(self, request: Request) -> Response:
        """A page of papers."""
        asked = query.parse(query.PapersQuery, request.query_params.multi_items())
        after = asked.after()
        return await self._answer(request, lambda: self._papers(asked, after))

    async def paper(self, request: Request) -> Response:
        """One paper."""
        query.parse(query.NoQuery, request.query_params.multi_items())
        pmid = request.path_params["pmid"]
        return await self._answer(request, lambda: self._paper(pmid))

    async def claims(self, request: Request) -> Response:
        """All claims and mechanisms."""
        asked = query.parse(query.AsOfQuery, request.query_params.multi_items())
        return await self._answer(request, lambda: self._claims(asked.as_of))

    async def claim(self, request: Request) -> Response:
        """One claim."""
        asked = query.parse(query.AsOfQuery, request.query_params.multi_items())
        about = self._about.get(request.path_params["id"])
        if about is None:
            raise HTTPException(404, "There is no such claim or mechanism.")
        return await self._answer(request, lambda: self._claim(about, asked.as_of))

    async def issues(self, request: Request) -> Response:
        """All issues."""
        query.parse(query.NoQuery, request.query_params.multi_items())
        return await self._answer(request, self._issues)

    async def issue(self, request: Request) -> Response:
        """One issue."""
        query.parse(query.NoQuery, request.query_params.multi_items())
        number = request.path_params["number"]
        return await self._answer(request, lambda: self._issue(number))

    async def _answer(self, request: Request, find: Callable[[], _Found]) -> Response:
        found = await self._web.read(find)
        body = await self._web.read(lambda: found.body.model_dump_json().encode())
        response = Response(body, media_type="application/json", headers=_FRESH)
        response.headers.update(found.headers or {})
        # Titles and labels may also change with the program and its queries.
        changed = max(found.changed or self._web.started, self._web.started)
        return conditional.answer(request, response, changed)

    def _papers(self, asked: query.PapersQuery, after: Place | None) -> _Found:
        store, catalog = self._web.store, self._web.catalog
        found = listing.page(store, asked.wanted(), after, asked.limit + 1)
        page = found[: asked.limit]
        following = query.cursor(page[-1].place) if len(found) > asked.limit else None
        body = models.PaperPage(papers=tuple(views.line(x, catalog) for x in page), next=following)
        link = {"link": f'<{asked.address(following)}>; rel="next"'} if following else None
        return _Found(body, listing.last_change(store), link)

    def _paper(self, pmid: str) -> _Found:
        found = listing.one(self._web.store, pmid) if query.is_pmid(pmid) else None
        if found is None:
            raise HTTPException(404, "No topic of this monitor holds such a paper.")
        events = ledger.events(self._web.store, pmid=pmid)
        newest = max([found.changed, *(e.at for e in events)])
        return _Found(views.paper(found, events, self._web.catalog), newest)

    def _claims(self, as_of: date | None) -> _Found:
        balances = (
            ledger.balances_as_of(self._web.store, _end(as_of))
            if as_of
            else ledger.balances(self._web.store)
        )
        found = tuple(views.claim(about, balances.get(i)) for i, about in self._about.items())
        body = models.ClaimList(as_of=as_of, claims=found)
        return _Found(body, listing.last_change(self._web.store))

    def _claim(self, about: Claim | Mechanism, as_of: date | None) -> _Found:
        store = self._web.store
        bearings = ledger.bearings(store, [about.id]).get(about.id, [])
        history = ledger.history(store, about.id)
        events = ledger.events(store, claim=about.id)
        pmids = [b.pmid for b in bearings]
        if as_of is None:
            balance = ledger.balances(store).get(about.id)
            held: Mapping[str, Article] = articles.articles(store, pmids)
        else:
            end = _end(as_of)
            balance = ledger.balances_as_of(store, end).get(about.id)
            history = [h for h in history if h[0] <= end]
            events = [e for e in events if e.at <= end]
            held = articles.articles(store, pmids, seen_by=end)
            bearings = [b for b in bearings if b.pmid in held]
        body = views.claim_detail(about, balance, bearings, held, history, events, as_of)
        return _Found(body, listing.last_change(store))

    def _issues(self) -> _Found:
        found = issues.all_issues(self._web.store)
        body = models.IssueList(issues=tuple(views.issue_line(i) for i in reversed(found)))
        return _Found(body, max((i.made for i in found), default=None))

    def _issue(self, number: str) -> _Found:
        is_number = number.isascii() and number.isdigit() and len(number) <= _NUMBER_DIGITS
        found = issues.get(self._web.store, int(number)) if is_number else None
        if found is None:
            raise HTTPException(404, "There is no such issue.")
        return _Found(views.issue(found), found.made)


def _end(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)
