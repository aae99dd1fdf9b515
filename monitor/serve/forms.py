"""The forms: what they offer, and what was sent in them, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from itsdangerous import BadData, URLSafeSerializer

from monitor import addresses
from monitor.catalog import Catalog
from monitor.errors import ConfigurationError
from monitor.model import Subscriber
from monitor.wording import ENGLISH, Words, to_say

#: A form that is older was not filled in by someone who just opened it.
_FORM_AGE: Final = timedelta(hours=12)
_ALL_TIERS: Final = 9
_TIERS: Final = (
    (_ALL_TIERS, to_say("Everything, also letters, notices and protocols")),
    (5, to_say("All studies, also in animals and cells, and reviews")),
    (4, to_say("Studies in people, and systematic reviews")),
    (3, to_say("Controlled trials, cohort studies and systematic reviews")),
    (2, to_say("Randomised trials and systematic reviews only")),
)
_REGIONS: Final = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/",
                   "Pacific/")  # fmt: skip
_NOT_OFFERED: Final = to_say("One of the choices is not among those offered; please choose again.")

Sent = Mapping[str, Sequence[str]]


class FormError(ValueError):
    """What was sent cannot be used; the sentence is for the reader."""


@dataclass(frozen=True)
class Offer:
    """What the forms let a reader choose from, as (id, title)."""

    topics: tuple[tuple[str, str], ...]
    mechanisms: tuple[tuple[str, str], ...]
    tiers: tuple[tuple[int, str], ...]
    zones: tuple[str, ...]

    @classmethod
    def of(cls, catalog: Catalog, words: Words = ENGLISH) -> Offer:
        """The choices that a catalog gives."""
        mechanisms = [(m.id, words.say(m.label)) for m in catalog.mechanisms]
        return cls(
            topics=tuple((t.id, words.say(t.title)) for t in catalog.topics),
            mechanisms=tuple(sorted(mechanisms, key=lambda m: m[1])),
            tiers=tuple((tier, words.say(said)) for tier, said in _TIERS),
            zones=zones(),
        )


@cache
def zones() -> tuple[str, ...]:
    """Time zones by region and city, UTC first."""
    return ("UTC", *sorted(z for z in available_timezones() if z.startswith(_REGIONS)))


def address(sent: Sent) -> str:
    """The address that was sent, as mail servers take it. Raises `FormError`."""
    try:
        return addresses.normal(one(sent, "email").strip())
    except ConfigurationError as error:
        raise FormError(
            to_say("This is not an address that mail can be sent to; please check it.")
        ) from error


def choose(sent: Sent, offer: Offer, before: Subscriber) -> Subscriber:
    """The reader with the choices that were sent; what no field says stays. Raises `FormError`."""
    often = one(sent, "often", "monthly" if before.monthly else "weekly")
    tier = one(sent, "tier", str(before.max_tier))
    zone = one(sent, "timezone", before.timezone)
    if (
        often not in {"weekly", "monthly"}
        or tier not in {str(t) for t in (*dict(offer.tiers), before.max_tier)}
        or zone not in {*offer.zones, before.timezone}
    ):
        raise FormError(
            to_say("One of the choices is not among those offered; please choose again.")
        )
    return replace(
        before,
        topics=_of(sent, "topic", offer.topics),
        mechanisms=_of(sent, "mechanism", offer.mechanisms),
        max_tier=int(tier),
        monthly=often == "monthly",
        text_only=one(sent, "text_only") == "yes",
        timezone=zone,
    )


def _of(sent: Sent, name: str, offered: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    given = set(sent.get(name, ()))
    if given - {i for i, _ in offered}:
        raise FormError(
            to_say("One of the choices is not among those offered; please choose again.")
        )
    return tuple(i for i, _ in offered if i in given)


def one(sent: Sent, name: str, default: str = "") -> str:
    """A field that stands once in a form, or its default."""
    values = sent.get(name, ())
    if len(values) > 1:
        raise FormError(to_say("The form came with a field twice; please send it again."))
    return values[0] if values else default


def spoken(reader: Subscriber, offer: Offer, words: Words = ENGLISH) -> list[tuple[str, str]]:
    """A reader's choices in words."""
    topics, mechanisms, say = dict(offer.topics), dict(offer.mechanisms), words.say
    tier = say("Tier %(tier)s", tier=reader.max_tier)
    found = [
        (say("Topics"), ", ".join(topics.get(t, t) for t in reader.topics) or say("All")),
        (say("How often"), say("Once a month") if reader.monthly else say("Every week")),
        (say("Which studies"), dict(offer.tiers).get(reader.max_tier, tier)),
    ]
    if reader.mechanisms:
        listed = ", ".join(mechanisms.get(m, m) for m in reader.mechanisms)
        found.append((say("Mechanisms"), listed))
    return found


class FormSeal:
    """Seals a form, so that what is sent comes from a form that we gave out not long ago."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="form")

    def make(self, now: datetime) -> str:
        """A seal that holds for some hours."""
        return str(self._serializer.dumps(int((now + _FORM_AGE).timestamp())))

    def check(self, sent: Sent, now: datetime) -> None:
        """Raises `FormError` for a form that is not ours or too old."""
        try:
            until = self._serializer.loads(one(sent, "form"))
        except BadData:
            until = 0
        if now.timestamp() > until:
            raise FormError(to_say("The form was open for too long; please send it once more."))
