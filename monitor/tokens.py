"""Signed links: confirm a subscription, leave, change the choices. Pure; the key is SECRET_KEY.

Each kind has a salt of its own, so that no link passes for another. A confirmation carries the
address and the choices, so that no address is stored before its owner agreed; it runs out. The
links in a digest name a reader by id and by the moment of joining, never by address, and do not
run out: a database may give the id of someone who left to someone new, who joined later.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from monitor.errors import TokenError, TokenExpiredError
from monitor.model import Subscriber

#: How long a subscription can be confirmed.
CONFIRM_WITHIN: Final = timedelta(days=7)
#: Where the web service answers, below the address of the site; a token follows.
CONFIRM_PATH: Final = "c/"
LEAVE_PATH: Final = "u/"
CHOICES_PATH: Final = "p/"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: Choices that a confirmation carries; the rest of a subscriber is ours to say.
_CHOICES: Final = (
    "topics",
    "mechanisms",
    "max_tier",
    "monthly",
    "text_only",
    "locale",
    "timezone",
)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a link speaks for: the reader with this id who joined at this moment."""

    id: int
    joined: datetime


class Signer:
    """Makes and reads the links' tokens. `secret` is SECRET_KEY; another one voids them all."""

    def __init__(self, secret: str) -> None:
        self._confirm = URLSafeSerializer(secret, salt="confirm")
        self._leave = URLSafeSerializer(secret, salt="leave")
        self._choices = URLSafeSerializer(secret, salt="choices")

    def confirm(self, reader: Subscriber, now: datetime) -> str:
        """Token by which the owner of an address agrees to get the digest with these choices."""
        chosen = {n: getattr(reader, n) for n in _CHOICES if getattr(reader, n) != _DEFAULT[n]}
        until = _microseconds(now + CONFIRM_WITHIN) // 1_000_000
        return str(self._confirm.dumps([reader.email, until, chosen]))

    def confirmed(self, token: str, now: datetime) -> Subscriber:
        """The reader who agreed, joining now, not stored yet (id 0).

        Raises `TokenError` for a token that is not ours, `TokenExpiredError` for an old one.
        """
        address, until, chosen = _loads(self._confirm, token)
        if _microseconds(now) // 1_000_000 > until:
            raise TokenExpiredError("This link is too old: please subscribe again.")
        values: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in chosen.items()
        }
        return Subscriber(id=0, email=address, joined=now, **values)

    def leave(self, reader: Subscriber) -> str:
        """Token by which a reader leaves with one click; it never runs out."""
        return str(self._leave.dumps([reader.id, _microseconds(reader.joined)]))

    def leaving(self, token: str) -> Bearer:
        """Who leaves. Raises `TokenError` for a token that is not ours."""
        return _bearer(self._leave, token)

    def choices(self, reader: Subscriber) -> str:
        """Token by which a reader sees and changes the choices; it never runs out."""
        return str(self._choices.dumps([reader.id, _microseconds(reader.joined)]))

    def choosing(self, token: str) -> Bearer:
        """Who changes choices. Raises `TokenError` for a token that is not ours."""
        return _bearer(self._choices, token)


def _bearer(serializer: URLSafeSerializer, token: str) -> Bearer:
    reader, joined = _loads(serializer, token)
    return Bearer(reader, _EPOCH + joined * _MICROSECOND)


def _loads(serializer: URLSafeSerializer, token: str) -> Any:
    try:
        return serializer.loads(token)
    except BadData as error:
        raise TokenError("This link is not one of ours, or it was cut short.") from error


def _microseconds(when: datetime) -> int:
    return (when - _EPOCH) // _MICROSECOND


_DEFAULT: Final = {f.name: f.default for f in fields(Subscriber)}
