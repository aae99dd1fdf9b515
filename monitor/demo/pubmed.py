"""A PubMed of our own: esearch and efetch over any PubMed XML, for the demo and the tests.

It answers what the E-utilities were seen to answer: the default of 20 ids, the ceiling of 9,999, an
`<ERROR>` in a 200 past it, ErrorList and WarningList, efetch in the order of the request with
missing records left out, 429 with a JSON body. `today` can be moved on: records are visible from
their Create Date, or from the day they were given.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from monitor.demo.index import Document, Index
from monitor.demo.query import Answer, QueryError, day, search

CEILING: Final = 9999
_DEFAULT_RETMAX: Final = 20
_PROLOG: Final = '<?xml version="1.0" encoding="UTF-8" ?>\n'
_SEARCH_DTD: Final = (
    '<!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch 20060628//EN" '
    '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20060628/esearch.dtd">\n'
)
_SET_DTD: Final = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)
_DATE_TAGS: Final = {"crdt": "crdt", "edat": "edat", "mdat": "lr", "pdat": "dp", "lr": "lr"}


@dataclass(frozen=True)
class Request:
    """A request as it arrived; `query_string` is the part of the URL after the question mark."""

    endpoint: str
    method: str
    parameters: dict[str, str]
    query_string: str
    at: float


@dataclass(frozen=True)
class Response:
    """An answer; `cut` bytes of the body are sent before the connection is dropped."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay: float = 0.0


Fault = Callable[[Request, int], Response | None]


class PubMedServer:
    """The server, on a free loopback port while it is entered as a context manager.

    `limit` is the number of requests a second that are let through (None: any). `fault` is asked
    before each answer, with the request and its number from 1, and may answer instead. Phrases with
    a word in `unknown` are reported as not found. `clock` gives the date that answers bear, the
    real one by default.
    """

    def __init__(
        self, *, today: date | None = None, limit: int | None = None, fault: Fault | None = None
    ) -> None:
        self.today = today or datetime.now(UTC).date()
        self.limit = limit
        self.fault = fault
        self.unknown: frozenset[str] = frozenset()
        self.clock: Callable[[], datetime] | None = None
        self.requests: list[Request] = []
        self.index = Index()
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()
        self._http: ThreadingHTTPServer | None = None

    def add(self, xml: bytes, visible_from: date | None = None) -> int:
        """Add a revision of one record; its PMID."""
        return self.index.add(xml, visible_from)

    def add_all(self, records: Iterable[tuple[bytes, date | None]]) -> None:
        """Add revisions with the day from which each is visible."""
        for xml, visible_from in records:
            self.add(xml, visible_from)

    def load(self, path: Path) -> int:
        """Add every record of a PubMed XML file (.xml or .xml.gz); how many. Deletions apply."""
        count = 0
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            for _, element in etree.iterparse(
                stream, tag=("PubmedArticle", "PubmedBookArticle"), no_network=True
            ):
                self.index.add(etree.tostring(element, with_tail=False))
                element.clear()
                count += 1
        return count

    def delete(self, pmid: int | str, on: date) -> None:
        """Let a record be gone from a day on."""
        self.index.delete(int(pmid), on)

    @property
    def url(self) -> str:
        """Base URL, as MONITOR_ENTREZ_URL wants it."""
        if self._http is None:
            raise RuntimeError("the server is not running")
        return f"http://127.0.0.1:{self._http.server_address[1]}/entrez/eutils/"

    def __enter__(self) -> Self:
        server = self

        def handler(*arguments: Any) -> _Handler:
            return _Handler(server, *arguments)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def answer(self, request: Request) -> Response:
        """The answer to a request: a fault, a refusal for haste, or the real thing."""
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
            hasty = self._is_hasty(request)
            if self.fault and (response := self.fault(request, number)) is not None:
                return response
            if hasty:
                return self._too_many(hasty)
            if request.endpoint == "esearch.fcgi":
                return self._esearch(request.parameters)
            if request.endpoint == "efetch.fcgi":
                return self._efetch(request.parameters)
            return Response(status=404, body=b"Not found", content_type="text/plain")

    def _is_hasty(self, request: Request) -> int:
        if self.limit is None:
            return 0
        allowed = max(self.limit, 10) if request.parameters.get("api_key") else self.limit
        while self._recent and self._recent[0] <= request.at - 1:
            self._recent.popleft()
        self._recent.append(request.at)
        return len(self._recent) if len(self._recent) > allowed else 0

    def _too_many(self, count: int) -> Response:
        body = {"error": "API rate limit exceeded", "api-key": "127.0.0.1", "count": str(count)}
        return Response(
            status=429,
            body=json.dumps(body | {"limit": str(self.limit)}).encode(),
            content_type="application/json",
            headers={"Retry-After": "2"},
        )

    def _esearch(self, parameters: dict[str, str]) -> Response:
        if parameters.get("db") != "pubmed":
            return _search_error("Invalid db name specified: " + parameters.get("db", ""))
        start, size = _whole(parameters, "retstart", 0), _whole(parameters, "retmax", 20)
        if start >= CEILING:
            return _search_error(
                f"Search Backend failed: Exception:\n'retstart' cannot be larger than {CEILING - 1}"
                ". For PubMed, ESearch can only retrieve the first 9,999 records."
            )
        if not parameters.get("term", "").strip():
            return _search_error("Empty term and query_key - nothing todo")
        try:
            term = _with_dates(parameters, self.today)
            answer = search(self.index, term, self.today, self.unknown)
        except QueryError:
            answer = Answer(set(), parameters["term"], phrases_not_found=[parameters["term"]])
        found = sorted((self.index.documents[i] for i in answer.numbers), key=_newest_first)
        ids = [str(d.pmid) for d in found[:CEILING][start : start + size]]
        if parameters.get("retmode") == "json":
            return _search_json(answer, len(found), start, ids)
        return _search_xml(answer, len(found), start, ids)

    def _efetch(self, parameters: dict[str, str]) -> Response:
        ids = [i.strip() for i in parameters.get("id", "").split(",") if i.strip()]
        if not ids:
            said = "<eFetchResult>\n\t<ERROR>Empty id list - nothing todo</ERROR>\n</eFetchResult>"
            return Response(status=400, body=(_PROLOG + said).encode())
        wanted = [abs(int(i)) for i in ids if i.lstrip("-").isdigit()]
        found = [d for i in wanted if (d := self.index.current(i, self.today)) is not None]
        if parameters.get("retmode") != "xml":
            text = "\n".join(str(d.pmid) for d in found)
            return Response(body=text.encode(), content_type="text/plain; charset=UTF-8")
        if not found and len(ids) == 1:
            said = f"id: {ids[0]} Error occurred: The following PMID is not available: {ids[0]}"
            return Response(body=said.encode(), content_type="text/plain; charset=UTF-8")
        parts = [_PROLOG, _SET_DTD, "<PubmedArticleSet>\n"]
        body = "".join(parts).encode() + b"\n".join(d.xml for d in found)
        return Response(body=body + b"\n</PubmedArticleSet>")


def _newest_first(document: Document) -> tuple[int, int]:
    entered = document.entered or document.created or date.min
    return -entered.toordinal(), -document.pmid


def _whole(parameters: dict[str, str], name: str, default: int) -> int:
    text = parameters.get(name, "")
    return min(int(text), CEILING) if text.isdigit() else default


def _with_dates(parameters: dict[str, str], today: date) -> str:
    """The term, narrowed by mindate/maxdate (given together) or reldate."""
    term = parameters["term"]
    tag = _DATE_TAGS.get(parameters.get("datetype", ""), "dp")
    low, high = parameters.get("mindate", ""), parameters.get("maxdate", "")
    if low and high and day(low, end=False) and day(high, end=True):
        return f"({term}) AND {low}:{high}[{tag}]"
    if parameters.get("reldate", "").isdigit():
        first = today - timedelta(days=int(parameters["reldate"]))
        return f"({term}) AND {first:%Y/%m/%d}:{today:%Y/%m/%d}[{tag}]"
    return term


def _search_error(text: str) -> Response:
    body = (
        f"{_PROLOG}{_SEARCH_DTD}<eSearchResult>\n\t<ERROR>{escape(text)}</ERROR>\n</eSearchResult>"
    )
    return Response(body=body.encode())


def _search_xml(answer: Answer, count: int, start: int, ids: list[str]) -> Response:
    listed = "".join(f"<Id>{i}</Id>\n" for i in ids)
    lists = _list("ErrorList", {
        "PhraseNotFound": answer.phrases_not_found, "FieldNotFound": answer.fields_not_found,
    }) + _list("WarningList", {
        "QuotedPhraseNotFound": answer.quoted_not_found,
        "OutputMessage": [] if count else ["No items found."],
    })  # fmt: skip
    body = (
        f"{_PROLOG}{_SEARCH_DTD}<eSearchResult><Count>{count}</Count><RetMax>{len(ids)}</RetMax>"
        f"<RetStart>{start}</RetStart><IdList>\n{listed}</IdList><TranslationSet/>"
        f"<QueryTranslation>{escape(answer.translation)}</QueryTranslation>{lists}</eSearchResult>"
    )
    return Response(body=body.encode())


def _list(name: str, entries: dict[str, list[str]]) -> str:
    inner = "".join(f"<{tag}>{escape(t)}</{tag}>" for tag, texts in entries.items() for t in texts)
    return f"<{name}>{inner}</{name}>" if inner else ""


def _search_json(answer: Answer, count: int, start: int, ids: list[str]) -> Response:
    result: dict[str, Any] = {
        "count": str(count),
        "retmax": str(len(ids)),
        "retstart": str(start),
        "idlist": ids,
        "translationset": [],
        "querytranslation": answer.translation,
    }
    if answer.phrases_not_found:
        result["errorlist"] = {"phrasesnotfound": answer.phrases_not_found, "fieldsnotfound": []}
    header = {"type": "esearch", "version": "0.3"}
    body = json.dumps({"header": header, "esearchresult": result})
    return Response(body=body.encode(), content_type="application/json; charset=UTF-8")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, pubmed: PubMedServer, *arguments: Any) -> None:
        self.pubmed = pubmed
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The date that an answer bears."""
        if timestamp is None and self.pubmed.clock is not None:
            timestamp = self.pubmed.clock().timestamp()
        return super().date_time_string(timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' name
        """Stay silent: the log of requests is `PubMedServer.requests`."""

    def _serve(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        given = parse_qs(parts.query) | parse_qs(body.decode("utf-8", "replace"))
        request = Request(
            endpoint=parts.path.rsplit("/", 1)[-1],
            method=self.command,
            parameters={name: values[-1] for name, values in given.items()},
            query_string=parts.query,
            at=time.monotonic(),
        )
        self._send(self.pubmed.answer(request), has_key="api_key" in given)

    def _send(self, response: Response, *, has_key: bool) -> None:
        if response.delay:
            time.sleep(response.delay)
        body = response.body
        self.send_response(response.status)
        headers = {
            "Content-Type": response.content_type,
            "X-RateLimit-Limit": "10" if has_key else "3",
        }
        if "gzip" in self.headers.get("Accept-Encoding", "") and response.cut is None:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        for name, value in (headers | response.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if response.cut is None else body[: response.cut])
        if response.cut is not None:
            self.close_connection = True
