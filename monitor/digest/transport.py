"""Mails out of the door: into a folder, or to an SMTP server over one connection."""

from __future__ import annotations

import os
import smtplib
import ssl
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from monitor.errors import MailError
from monitor.settings import Settings, SmtpSecurity

_TIMEOUT: Final = 60.0
#: A server may take minutes to answer for a mail it has read; hanging up early sends it twice.
_ANSWER_TIMEOUT: Final = 300.0
_GOOD: Final = range(200, 300)
_CLOSING: Final = 421
_PERMANENT: Final = 500
_TOO_LARGE: Final = 552


class Outcome(StrEnum):
    """What became of one mail: taken, to be tried again, or not wanted.

    `refused` is about the address, `rejected` about the mail or its sender (policy, size).
    """

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    REJECTED = "rejected"


class Transport(Protocol):
    """A way to hand a mail over."""

    def send(self, sender: str, recipient: str, name: str, content: bytes) -> tuple[Outcome, str]:
        """Hand one mail over: the outcome, and what the server said.

        Raises `MailError` when no mail at all can be handed over now.
        """

    def __enter__(self) -> Self:
        """Open it. Raises `MailError`."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""


def transport(settings: Settings) -> Transport:
    """The server of the settings, or the outbox folder when none is set."""
    return Smtp(settings) if settings.smtp_host else Outbox(settings.outbox_dir)


class Outbox:
    """A folder of .eml files, one a delivery; a mail that is sent again replaces its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MailError(f"{self._folder}: the folder cannot be made ({error}).") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to close."""

    def send(self, sender: str, recipient: str, name: str, content: bytes) -> tuple[Outcome, str]:
        """Write the mail; half a file is never seen under its name."""
        del sender, recipient
        target = self._folder / f"{name}.eml"
        draft = target.with_suffix(f".{os.getpid()}.tmp")
        try:
            draft.write_bytes(content)
            draft.replace(target)
        except OSError as error:
            raise MailError(f"{target}: it cannot be written ({error}).") from error
        return Outcome.SENT, ""


class Smtp:
    """An SMTP server, one connection for many mails, opened again when it is lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        self._connection = self._connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()

    def send(self, sender: str, recipient: str, name: str, content: bytes) -> tuple[Outcome, str]:
        """Send one mail; a lost connection or a 4xx means later, a 5xx means never.

        A connection that was lost before the mail went over it is opened again once, at no risk.
        """
        del name
        for again in (True, False):
            connection = self._connection = self._connection or self._connect()
            try:
                refusal = self._envelope(connection, sender, recipient)
            except (smtplib.SMTPException, OSError) as error:
                self._drop()
                if not again:
                    return Outcome.LATER, _lost(error)
            else:
                return refusal or self._content(connection, content)
        raise AssertionError("two tries, and each returns")  # pragma: no cover

    def _envelope(
        self, connection: smtplib.SMTP, sender: str, recipient: str
    ) -> tuple[Outcome, str] | None:
        """Say from whom and to whom; None when the server takes both."""
        code, said = connection.mail(sender)
        if code >= _PERMANENT and code != _TOO_LARGE:
            words = _words(code, said)
            self._drop()
            raise MailError(
                f"{self._settings.smtp_host}: the mail server does not take mails from {sender} "
                f"({words}): check MONITOR_MAIL_FROM. The mails wait and are tried again."
            )
        if code not in _GOOD:
            return self._refused(code, said)
        code, said = connection.rcpt(recipient)
        return None if code in _GOOD else self._refused(code, said)

    def _content(self, connection: smtplib.SMTP, content: bytes) -> tuple[Outcome, str]:
        """Hand over the mail itself; what is lost from here on may have arrived."""
        try:
            if connection.sock is not None:
                connection.sock.settimeout(_ANSWER_TIMEOUT)
            code, said = connection.data(content)
            if connection.sock is not None:
                connection.sock.settimeout(_TIMEOUT)
        except smtplib.SMTPDataError as error:
            return self._refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome.LATER, _lost(error)
        return (Outcome.SENT, "") if code in _GOOD else self._refused(code, said)

    def _refused(self, code: int, said: bytes | str) -> tuple[Outcome, str]:
        if code == _CLOSING:
            self._drop()
        else:
            self._reset()
        words = _words(code, said)
        if code < _PERMANENT:
            return Outcome.LATER, words
        # RFC 3463: 5.7.x is policy, 5.3.x the server, 5.6.x the content; not the address' fault.
        ours = any(f" 5.{n}." in words for n in (3, 6, 7)) or code == _TOO_LARGE
        return (Outcome.REJECTED if ours else Outcome.REFUSED), words

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        try:
            if settings.smtp_security is SmtpSecurity.TLS:
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    settings.smtp_host,
                    settings.port,
                    timeout=_TIMEOUT,
                    context=ssl.create_default_context(),
                )
            else:
                connection = smtplib.SMTP(settings.smtp_host, settings.port, timeout=_TIMEOUT)
            if settings.smtp_security is SmtpSecurity.STARTTLS:
                connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            if settings.smtp_username and settings.smtp_password:
                connection.login(settings.smtp_username, settings.smtp_password.get_secret_value())
        except (smtplib.SMTPException, OSError) as error:
            raise MailError(
                f"{settings.smtp_host}:{settings.port}: the mail server cannot be used "
                f"({type(error).__name__}). The mails wait and are tried again."
            ) from None  # the server's words may hold the password
        return connection

    def _reset(self) -> None:
        try:
            if self._connection:
                self._connection.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()


def _lost(error: Exception) -> str:
    return f"the connection was lost ({type(error).__name__})"


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:200]
