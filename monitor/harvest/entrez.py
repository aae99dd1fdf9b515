"""The E-utilities over HTTP: search and fetch, polite and suspicious.

Bio.Entrez builds every request; one seam hands it to our transport, which owns base URL, timeout,
retries, Retry-After, compression and POST (so that neither key nor address stands in a URL). What
comes back is believed only when it is a whole answer: an error page, an `<ERROR>` in a 200, half
an answer or nothing at all is never "no new papers".
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, TypeVar
from urllib.request import Request

import httpx2
import stamina
from Bio import Entrez
from lxml import etree

from monitor.errors import ClockError, PubMedError, PubMedRefusedError, RecordError
from monitor.harvest.records import Record, read_records
from monitor.store.clock import WRONG

TOOL: Final = "evidence-monitor"
#: Most records of one search that PubMed lets be reached.
CEILING: Final = 9999
_TIMEOUT: Final = httpx2.Timeout(60.0, connect=15.0)
_PERMANENT: Final = re.compile(
    r"empty term|empty id list|invalid db|cannot be larger than|out of range|invalid uid",
    re.IGNORECASE,
)
_UNAVAILABLE: Final = re.compile(
    r"is not available|cannot get document summary|UID=\S+:? not found|empty id list", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"(\d{1,3}\.){3}\d{1,3}|[0-9a-f]{32,}|\S+@\S+", re.IGNORECASE)
_SHOWN: Final = 160
_APART: Final = timedelta(hours=36)
T = TypeVar("T")


class Limiter(Protocol):
    """Hands out the moments at which a request may start."""

    def acquire(self) -> None:
        """Wait for the next moment."""


@dataclass(frozen=True)
class Patience:
    """How long to try one request: tries, seconds in all (waiting included), pauses in seconds."""

    attempts: int = 8
    deadline: float = 600.0
    first_pause: float = 1.0
    longest_pause: float = 60.0


@dataclass(frozen=True)
class SearchResult:
    """An esearch answer. `fields_unknown` means that PubMed read another query than was meant."""

    count: int
    pmids: tuple[str, ...]
    translation: str
    fields_unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _TransientError(PubMedError):
    """Worth another try, after `pause` seconds if the server said so."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


class _TooMuchError(PubMedError):
    """The batch was too large for PubMed: ask for half."""


class PubMed:
    """PubMed through the E-utilities at `base_url`. `requests` counts what was sent.

    One instance may be used by several threads. Raises `PubMedError` when patience ran out and
    `PubMedRefusedError` when PubMed says that the request itself is wrong. With a `clock`, answers
    must bear its date: `ClockError` before a wrong date can become a watermark.
    """

    def __init__(
        self,
        base_url: str,
        email: str,
        limiter: Limiter,
        *,
        api_key: str | None = None,
        patience: Patience | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._base_url, self._email, self._api_key = base_url, email, api_key
        self._limiter = limiter
        self._patience = patience or Patience()
        self._clock = clock
        self._client = httpx2.Client(timeout=_TIMEOUT, follow_redirects=True)
        self.requests = 0

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def search(self, term: str, *, start: int = 0, size: int = CEILING) -> SearchResult:
        """One esearch in pubmed, newest entries first; at most `CEILING` PMIDs."""
        options = {"db": "pubmed", "term": term, "retmax": size, "retmode": "xml"}
        if start:
            options["retstart"] = start
        return self._patiently(
            "esearch", lambda: _read_search(self._ask(Entrez.esearch, "esearch", options))
        )

    def fetch(self, pmids: Sequence[str]) -> list[Record]:
        """The records of these PMIDs, as many as PubMed gives; the caller reconciles.

        A batch that PubMed finds too large is halved.
        """
        if not pmids:
            return []
        options = {"db": "pubmed", "id": ",".join(pmids), "retmode": "xml"}
        many = len(pmids) > 1
        try:
            return self._patiently(
                "efetch",
                lambda: _read_fetch(self._ask(Entrez.efetch, "efetch", options, many=many)),
            )
        except _TooMuchError:
            middle = len(pmids) // 2
            return self.fetch(pmids[:middle]) + self.fetch(pmids[middle:])

    def _patiently(self, what: str, once: Callable[[], T]) -> T:
        patience = self._patience

        def again(error: Exception) -> bool | float:
            if not isinstance(error, _TransientError):
                return False
            return True if error.pause is None else min(error.pause, patience.longest_pause)

        try:
            for attempt in stamina.retry_context(
                on=again,
                attempts=patience.attempts,
                timeout=patience.deadline,
                wait_initial=patience.first_pause,
                wait_max=patience.longest_pause,
                wait_jitter=patience.first_pause,
            ):
                with attempt:
                    return once()
        except _TransientError as error:
            raise PubMedError(
                f"PubMed gave no usable answer to {what}, tried up to {patience.attempts} times: "
                f"{error} Nothing was lost; the next run asks for the same days again."
            ) from None
        raise AssertionError("unreachable: the loop returns or raises")

    def _ask(
        self, build: Callable[..., Any], what: str, options: dict[str, Any], *, many: bool = False
    ) -> bytes:
        request = self._build(build, options)
        self._limiter.acquire()
        self.requests += 1
        try:
            answer = self._client.post(
                self._base_url + what + ".fcgi",
                content=request,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "User-Agent": TOOL,
                },
            )
        except httpx2.HTTPError as error:  # its text may hold the URL
            raise _TransientError(f"the connection failed ({type(error).__name__}).") from None
        if self._clock is not None:
            _compare_clocks(answer.headers.get("Date", ""), self._clock())
        return _believe(answer, many=many)

    def _build(self, build: Callable[..., Any], options: dict[str, Any]) -> str:
        """Let Bio.Entrez make the request, and catch its form data before it is sent."""
        caught: list[Request] = []

        def urlopen(request: Request) -> io.BytesIO:
            caught.append(request)
            return _Handle()

        seam: Any = Entrez
        ours = {
            "urlopen": urlopen,
            "max_tries": 1,
            "tool": TOOL,
            "email": self._email,
            "api_key": self._api_key,
        }
        with _SEAM:
            before = {name: getattr(seam, name) for name in ours}
            for name, value in ours.items():
                setattr(seam, name, value)
            seam._open.previous = 0  # noqa: SLF001 - its own spacing is ours here
            try:
                build(**options)
            finally:
                for name, value in before.items():
                    setattr(seam, name, value)
        request = caught[0]
        data = request.data.decode() if isinstance(request.data, bytes) else ""
        return data or request.full_url.partition("?")[2]


_SEAM: Final = threading.Lock()


class _Handle(io.BytesIO):
    """What Bio.Entrez expects from urlopen."""

    headers = Message()
    url = ""


def _believe(answer: httpx2.Response, *, many: bool) -> bytes:
    body = answer.content
    status = answer.status_code
    if status == httpx2.codes.OK:
        return body
    if status == httpx2.codes.BAD_GATEWAY and many:
        raise _TooMuchError("PubMed could not deliver so many records at once.")
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise _TransientError(f"HTTP status {status}.", _retry_after(answer))
    said = _error_text(body) or f"HTTP status {status}"
    if _UNAVAILABLE.search(said):
        return body
    raise PubMedRefusedError(f"PubMed refused the request: {_safe(said)}.")


def _compare_clocks(theirs: str, ours: datetime) -> None:
    """Raise `ClockError` when an answer's date is more than a day and a half from ours."""
    try:
        said = parsedate_to_datetime(theirs)
    except (TypeError, ValueError):
        return  # a proxy took it away: nothing to compare with
    if said.tzinfo is not None and abs(said - ours) > _APART:
        raise ClockError(
            f"{WRONG} says {ours:%Y-%m-%d %H:%M} UTC, PubMed's says {said:%Y-%m-%d %H:%M} UTC: "
            "set it. Nothing was lost; the next run asks for the days since the last good one."
        )


def _retry_after(answer: httpx2.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _safe(text: str) -> str:
    """Words of the server without addresses, keys or mail addresses, cut short."""
    return _ADDRESS.sub("…", " ".join(text.split()))[:_SHOWN]


def _error_text(body: bytes) -> str:
    if b"<ERROR>" in body:
        inner = body.partition(b"<ERROR>")[2].partition(b"</ERROR>")[0]
        return inner.decode("utf-8", "replace").strip() or "an empty ERROR"
    if body.lstrip().startswith(b"{"):
        try:
            data = json.loads(body, strict=False)
        except ValueError:
            return "broken JSON"
        return str(data.get("error", "")) if isinstance(data, dict) else ""
    return ""


def _root(body: bytes, name: str) -> etree._Element:
    """The root of a whole XML answer of this name; anything else is worth another try."""
    if said := _error_text(body):
        if _PERMANENT.search(said):
            raise PubMedRefusedError(f"PubMed refused the request: {_safe(said)}.")
        raise _TransientError(f"it said: {_safe(said)}.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        kind = "nothing" if not body.strip() else "something that is no whole XML"
        raise _TransientError(f"it sent {kind}.") from None
    if root.tag != name:
        raise _TransientError(f"it sent another document than {name}.")
    return root


def _read_search(body: bytes) -> SearchResult:
    root = _root(body, "eSearchResult")
    count = (root.findtext("Count") or "").strip()
    if not count.isdigit():
        raise _TransientError("its answer holds no count.")
    unknown = tuple((e.text or "").strip() for e in root.iterfind("ErrorList/FieldNotFound"))
    warnings = [
        f"{e.tag!s}: {(e.text or '').strip()}"
        for path in ("ErrorList/*", "WarningList/*")
        for e in root.iterfind(path)
        if e.tag != "OutputMessage"  # "No items found." and the like: nothing to be alarmed by
    ]
    return SearchResult(
        count=int(count),
        pmids=tuple((e.text or "").strip() for e in root.iterfind("IdList/Id")),
        translation=(root.findtext("QueryTranslation") or "").strip(),
        fields_unknown=unknown,
        warnings=tuple(warnings),
    )


def _read_fetch(body: bytes) -> list[Record]:
    plain = not body.lstrip().startswith(b"<")
    said = body.decode("utf-8", "replace") if plain else _error_text(body)
    if said and _UNAVAILABLE.search(said):
        return []
    if plain:
        raise _TransientError(f"it sent plain text: {_safe(str(said))!r}.")
    if said:
        _root(body, "PubmedArticleSet")
    try:
        return list(read_records(io.BytesIO(body)))
    except RecordError as error:
        raise _TransientError(str(error)) from None
