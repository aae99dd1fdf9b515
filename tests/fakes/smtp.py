"""A mail server on loopback: keeps what it gets, and refuses or drops on demand."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Received:
    """One mail as it came: envelope and content."""

    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)  # type: ignore[return-value]


@dataclass
class MailServer:
    """`refuse` gives the reply to RCPT for an address, `reply` the one to DATA; None accepts.

    `refuse_sender` gives the reply to MAIL.

    `drop_after_data` closes the connection after the mail was taken, before the client is told.
    """

    refuse: Callable[[str], str | None] = lambda address: None
    reply: Callable[[str], str | None] = lambda address: None
    drop_after_data: Callable[[str], bool] = lambda address: False
    refuse_sender: Callable[[str], str | None] = lambda address: None
    login: tuple[str, str] | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if refusal := self.refuse_sender(address):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if refusal := self.refuse(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        recipient = envelope.rcpt_tos[0]
        if refusal := self.reply(recipient):
            return refusal
        self.received.append(Received(recipient, envelope.original_content))
        if self.drop_after_data(recipient):
            server.transport.close()
        return "250 OK"

    def _authenticate(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> Any:
        given = data if isinstance(data, LoginPassword) else LoginPassword(b"", b"")
        pair = (given.login.decode(), given.password.decode())
        return AuthResult(success=pair == self.login, handled=False)

    def __enter__(self) -> Self:
        options: dict[str, Any] = {}
        if self.login:
            options = {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": False,
            }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
