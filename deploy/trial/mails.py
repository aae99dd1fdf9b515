"""Stands in for Mailpit: catches mails on port 1025, tells of them on 8025 as its API does."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

caught: list[tuple[list[str], EmailMessage]] = []


class Catch:
    """Takes every mail."""

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        """Keep a mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        caught.append((envelope.rcpt_tos, mail))
        return "250 OK"


class Show(BaseHTTPRequestHandler):
    """`/api/v1/messages`, latest first, and `/api/v1/message/ID`."""

    def do_GET(self) -> None:
        """Answer."""
        last = self.path.rpartition("/")[2]
        body = json.dumps(_one(*caught[int(last)]) if last.isdigit() else _all()).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


def _all() -> dict[str, Any]:
    found = [
        {"ID": str(n), "To": [{"Address": a} for a in to], "Subject": mail["Subject"]}
        for n, (to, mail) in enumerate(caught)
    ]
    return {"messages": found[::-1]}


def _one(_to: list[str], mail: EmailMessage) -> dict[str, Any]:
    text = mail.get_body(("plain",))
    assert text is not None
    return {"Subject": mail["Subject"], "Text": text.get_content()}


if __name__ == "__main__":
    Controller(Catch(), hostname="0.0.0.0", port=1025).start()
    ThreadingHTTPServer(("0.0.0.0", 8025), Show).serve_forever()
