"""Mails out of the door: into a folder, or to an SMTP server over one connection."""

from __future__ import annotations

import os
import smtplib
import ssl
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from monitor.errors import MailError
from monitor.settings import Settings, SmtpSecurity

_TIMEOUT: Final = 60.0
_PERMANENT: Final = 500


class Outcome(StrEnum):
    """What became of one mail."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"


class Transport(Protocol):
    """A way to hand a mail over."""

    def send(self, sender: str, recipient: str, name: str, content: bytes) -> tuple[Outcome, str]:
        """Hand one mail over: the outcome, and what the server said."""

    def __enter__(self) -> Self:
        """Open it."""

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
            self._folder.mkdir(parents=True, exist_ok=True)
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
        """Send one mail; a lost connection or a 4xx means later, a 5xx means never."""
        del name
        try:
            connection = self._connection or self._connect()
            self._connection = connection
            connection.sendmail(sender, [recipient], content)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()), (450, b"refused"))
            return _outcome(code), _words(code, said)
        except smtplib.SMTPResponseException as error:
            outcome = _outcome(error.smtp_code)
            self._reset()
            return outcome, _words(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome.LATER, f"the connection was lost ({type(error).__name__})"
        return Outcome.SENT, ""

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
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()


def _outcome(code: int) -> Outcome:
    return Outcome.REFUSED if code >= _PERMANENT else Outcome.LATER


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:200]
