"""A rendered issue as the bytes of a mail. Pure: the same issue gives the same bytes.

Multipart, ASCII, lines of at most 78 characters but for headers that mail programs must read
unfolded (see `_NO_FOLD`): a folded List-Unsubscribe is ignored by the largest of them.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from hashlib import sha256
from html import escape
from typing import Final

from monitor.digest.rendering import CHOICES, LEAVE, Rendered, Sender

#: Of the plain mails: to the operator, and to who subscribes.
POLICY: Final = EmailPolicy(linesep="\r\n", max_line_length=78, cte_type="7bit")

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")
_LINE: Final = 76
_NO_FOLD: Final = frozenset({"List-Unsubscribe", "Message-ID", "References", "List-Id"})


@dataclass(frozen=True, slots=True)
class Personal:
    """What is one reader's own in a mail.

    `before` is the Message-ID of the issue before, or ""; `leave` an https or mailto address, or
    ""; `choices` the address where the reader changes them, or "".
    """

    recipient: str
    message_id: str
    before: str = ""
    leave: str = ""
    choices: str = ""


def message_id(issue: int, made: datetime, subscriber: int, domain: str) -> str:
    """Message-ID of an issue for a subscriber: fixed before the first try, the same for each."""
    seed = f"{issue}/{made.isoformat()}/{subscriber}".encode()
    return f"<issue-{issue}.{sha256(seed).hexdigest()[:20]}@{domain}>"


def make_mail(rendered: Rendered, sender: Sender, personal: Personal) -> bytes:
    """The mail of an issue to one reader, as it goes over the wire."""
    shared = _shared(rendered, sender)
    one_click = personal.leave.startswith("https://")
    head = _head(
        ("To", personal.recipient),
        ("Message-ID", personal.message_id),
        ("References", personal.before),
        ("List-Unsubscribe", f"<{personal.leave}>" if personal.leave else ""),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if one_click else ""),
    )
    parts = [_fill(pieces, personal) for pieces in shared.parts]
    if len(parts) == 1:
        return shared.head + head + parts[0]
    # No part can hold the boundary: quoted-printable writes no "=_".
    boundary = f"=_{sha256(personal.message_id.encode()).hexdigest()[:24]}".encode()
    return b"".join(
        (
            shared.head,
            head,
            b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n' % boundary,
            *(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts),
            b"--%s--\r\n" % boundary,
        )
    )


@dataclass(frozen=True)
class _Shared:
    """What all mails of a rendered issue share, encoded once.

    A part is a list of encoded bytes, and of lines as text that hold a reader's own links.
    """

    head: bytes
    parts: tuple[tuple[bytes | str, ...], ...]


@lru_cache(maxsize=64)
def _shared(rendered: Rendered, sender: Sender) -> _Shared:
    head = _head(
        ("From", sender.address),
        ("Subject", rendered.subject),
        ("Date", format_datetime(rendered.view.issue.made)),
        ("List-Id", f"Evidence monitor <digest.{sender.domain}>"),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "list"),
        ("MIME-Version", "1.0"),
    )
    parts = [_pieces("plain", rendered.text)]
    if rendered.html is not None:
        parts.append(_pieces("html", rendered.html))
    return _Shared(head, tuple(parts))


def _head(*headers: tuple[str, str]) -> bytes:
    lines = (f"{name}: {_fold(name, value)}\r\n" for name, value in headers if value)
    return "".join(lines).encode("ascii")


def _pieces(subtype: str, content: str) -> tuple[bytes | str, ...]:
    """A part in pieces: quoted-printable does not look beyond the end of a line."""
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\n"
    pieces: list[bytes | str] = [
        f"{head}Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode("ascii")
    ]
    same: list[str] = []
    for line in content.replace("\r\n", "\n").rstrip("\n").split("\n"):
        if LEAVE in line or CHOICES in line:
            pieces += [_encode("\r\n".join([*same, ""])), f"{line}\r\n"]
            same = []
        else:
            same.append(line)
    return (*pieces, _encode("\r\n".join([*same, ""])))


def _fill(pieces: tuple[bytes | str, ...], personal: Personal) -> bytes:
    return b"".join(p if isinstance(p, bytes) else _encode(_put(p, personal)) for p in pieces)


def _put(line: str, personal: Personal) -> str:
    """A line with the reader's links; in HTML they stand in attributes, where & is &amp;."""
    for place, address in ((LEAVE, personal.leave), (CHOICES, personal.choices)):
        line = line.replace(f'"{place}"', f'"{escape(address)}"').replace(place, address)
    return line


def _encode(lines: str) -> bytes:
    return binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)


def _line(text: str) -> str:
    """One line: a title or a name can put no header into a mail."""
    return _CONTROL.sub(" ", text).strip()


def as_bytes(mail: EmailMessage) -> bytes:
    """A plain mail as it goes over the wire, ASCII only.

    Headers are folded by `email.header`: the newer folding loses spaces of non-ASCII subjects.
    """
    lines = [f"{n}: {_fold(n, str(v))}\r\n".encode("ascii") for n, v in mail.items()]
    return b"".join(lines) + b"\r\n" + mail.as_bytes(policy=POLICY).partition(b"\r\n\r\n")[2]


def _fold(name: str, value: str) -> str:
    value = _line(value)
    if name in {"From", "To"}:
        label, address = parseaddr(value)
        return formataddr((label, address))
    if name in _NO_FOLD:
        return value
    if value.isascii() and "=?" not in value:
        short = len(name) + len(value) < _LINE
        return value if short else Header(value, header_name=name).encode(linesep="\r\n")
    return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
