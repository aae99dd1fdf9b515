"""Mail addresses: checked, and written one way, so that a reader is found again. Pure."""

from __future__ import annotations

from monitor.errors import ConfigurationError


def normal(address: str) -> str:
    """An address as it is stored: domain in lower case and ASCII. Raises `ConfigurationError`.

    What cannot travel in plain ASCII (letters beyond it before the @) is refused: many servers
    do not take it yet.
    """
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - slow to load

    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ConfigurationError(f"{address!r} is not an address that can be used: {error}") from (
            error
        )
    return found.ascii_email or found.normalized
