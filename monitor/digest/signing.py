"""DKIM signatures, where the settings ask for them. Pure but for the moment that DKIM writes."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parseaddr
from typing import Final

from monitor.errors import ConfigurationError
from monitor.settings import Settings

#: RFC 8058 asks that the headers for leaving with one click are signed.
_HEADERS: Final = (
    b"From",
    b"To",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"References",
    b"List-Id",
    b"List-Unsubscribe",
    b"List-Unsubscribe-Post",
    b"MIME-Version",
    b"Content-Type",
)


def signer(settings: Settings) -> Callable[[bytes], bytes]:
    """What puts a DKIM-Signature above a mail; the mail itself stays as it is.

    Without a selector nothing is signed. Raises `ConfigurationError` where the extra is not
    installed or the key is no RSA key.
    """
    if not settings.dkim_selector or settings.dkim_key is None:
        return lambda mail: mail
    try:
        import dkim  # noqa: PLC0415 - an extra
        from dkim.crypto import UnparsableKeyError, parse_pem_private_key  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            "MONITOR_DKIM_SELECTOR is set: install the extra, evidence-monitor[dkim]."
        ) from error
    key = settings.dkim_key.get_secret_value().encode()
    try:
        parse_pem_private_key(key)
    except (UnparsableKeyError, ValueError) as error:
        raise ConfigurationError("MONITOR_DKIM_KEY: it is no RSA key in PEM.") from error
    selector = settings.dkim_selector.encode()
    address = parseaddr(settings.mail_from)[1]
    domain = (settings.dkim_domain or address.rpartition("@")[2]).encode()

    def sign(mail: bytes) -> bytes:
        held = {line.partition(b":")[0].lower() for line in mail.split(b"\r\n\r\n")[0].split(b"\n")}
        names = [name for name in _HEADERS if name.lower() in held]
        signature: bytes = dkim.sign(
            mail,
            selector,
            domain,
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=names,
        )
        return signature + mail

    return sign
