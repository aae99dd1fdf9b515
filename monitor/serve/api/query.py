"""Parameters of the API: parsed strictly, refused with a reason for each. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from monitor.model import Stance
from monitor.serve.api.models import Fault
from monitor.store.listing import Place, Wanted

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_KEY: Final = re.compile(r"[1-9][0-9]{0,8}|doi:10\.[^\s\x00-\x1f\x7f]{1,200}")
_RFC_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_RFC_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6}\d*)?([Zz]|[+ -]\d\d:\d\d)", re.ASCII
)
#: Longer than any cursor that we give.
_CURSOR: Final = 400


class RefusedError(Exception):
    """Parameters that cannot be used, each with its reason."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{f.parameter}: {f.reason}" for f in faults))
        self.faults = faults


def _digits(value: object) -> object:
    """Plain digits only: no sign, no blank, no underscore between them."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("a whole number in digits")
    return value


def _day(value: object) -> object:
    """A day written as 2026-03-02, not the seconds since 1970 that pydantic would take too."""
    if not isinstance(value, str):
        return value
    if not _RFC_DAY.fullmatch(value):
        raise ValueError("a day like 2026-03-02")
    return date.fromisoformat(value)


def _moment(value: object) -> object:
    """A time as RFC 3339 writes it; a "+" that became a blank on its way is taken for one."""
    if not isinstance(value, str):
        return value
    if not _RFC_TIME.fullmatch(value):
        raise ValueError("a time with zone like 2026-03-02T06:00:00Z")
    try:
        return datetime.fromisoformat(value.upper().replace(" ", "+")).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time within the years 1 to 9999") from error


Year = Annotated[int, Field(ge=1800, le=2200), BeforeValidator(_digits)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class _Query(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PapersQuery(_Query):
    """Parameters of the list of papers."""

    topic: Id | None = Field(None, description="Only papers that this topic wants.")
    design: Id | None = Field(None, description="Only this study design.")
    mechanism: Id | None = Field(None, description="Only papers that speak of this mechanism.")
    stance: Stance | None = Field(
        None, description="Only papers that take this side, on the mechanism if one is named."
    )
    year: Year | None = Field(None, description="Only this year of publication.")
    changed_since: Moment | None = Field(
        None, description="Only papers whose record or labels changed then or later (with zone)."
    )
    limit: Annotated[int, BeforeValidator(_digits)] = Field(
        50, ge=1, le=200, description="Papers a page."
    )
    cursor: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]+$",
        max_length=_CURSOR,
        description="`next` of the page before; the other parameters stay the same.",
    )

    def wanted(self) -> Wanted:
        """The filter."""
        return Wanted(
            topic=self.topic,
            design=self.design,
            mechanism=self.mechanism,
            stance=self.stance,
            year=self.year,
            changed_since=self.changed_since,
        )

    def after(self) -> Place | None:
        """Where the page before ended. Raises `RefusedError`."""
        return place(self.cursor) if self.cursor is not None else None

    def address(self, following: str) -> str:
        """Address of the next page, relative to the list."""
        given = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return "papers?" + urlencode(given | {"cursor": following})


class AsOfQuery(_Query):
    """Parameter of the claims."""

    as_of: Day | None = Field(None, description="As it stood at the end of this day (UTC).")


class NoQuery(_Query):
    """No parameters."""


Q = TypeVar("Q", bound=_Query)


def parse(kind: type[Q], pairs: Iterable[tuple[str, str]]) -> Q:
    """The query of a request. Raises `RefusedError`, also for a name that is not known or twice."""
    given = list(pairs)
    twice = [name for name, n in Counter(name for name, _ in given).items() if n > 1]
    if twice:
        raise RefusedError(tuple(Fault(parameter=n[:64], reason="given twice") for n in twice))
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RefusedError(tuple(_fault(e) for e in found)) from None


def _fault(error: Any) -> Fault:
    name = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        return Fault(parameter=name[:64], reason="there is no such parameter")
    return Fault(parameter=name, reason=str(error["msg"]).removeprefix("Value error, "))


def is_pmid(text: str) -> bool:
    """Whether a text can be the key of a paper."""
    return bool(_KEY.fullmatch(text))


def cursor(after: Place) -> str:
    """A place as text that says nothing to clients."""
    plain = f"{after.created.isoformat()} {after.pmid}".encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def place(text: str) -> Place:
    """The place that a cursor names. Raises `RefusedError`."""
    try:
        padded = text + "=" * (-len(text) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        day, _, pmid = plain.partition(" ")
        created = date.fromisoformat(day)
    except (binascii.Error, ValueError):
        created, pmid = date.min, ""
    if not is_pmid(pmid):
        raise RefusedError((Fault(parameter="cursor", reason="not one that was given here"),))
    return Place(created, pmid)
