"""The expected failures, as one small tree.

Everything that a user, an operator or a contributor can mend is a `MonitorError`: one sentence that
names the file, the record or the setting, the cause, and what to do. `cli` turns it into that
sentence and an exit code; anything else is a fault of ours and shows as such.
"""

from __future__ import annotations


class MonitorError(Exception):
    """An expected failure, told in one sentence. Exit code 1."""

    exit_code = 1


class ConfigurationError(MonitorError):
    """Settings or usage that cannot work: unknown name, bad value, missing secret. Exit code 2."""

    exit_code = 2


class QueryFileError(ConfigurationError):
    """A file under queries/ that was refused; names the file, the key or line, and the reason."""


class RecordError(MonitorError):
    """A file given by the user that holds no readable PubMed XML at all."""


class PubMedError(MonitorError):
    """PubMed did not answer in a usable way, in spite of retries. Never means "no new papers"."""


class PubMedRefusedError(PubMedError):
    """PubMed answered, and the answer says that the request itself is wrong: retrying is no use."""


class ClockError(PubMedError):
    """The clock of this machine is wrong; nothing was asked or made under a wrong date."""


class StoreError(MonitorError):
    """The database is missing, locked, full, unreachable or not at the schema of this version."""


class ConflictError(StoreError):
    """Another process wrote the same thing first; nothing of this transaction was kept."""


class MailError(MonitorError):
    """The mail server could not be reached or refused the whole session."""


class StoppedError(MonitorError):
    """Work ended early because it was told to stop; started again, it goes on from there."""


class PublishError(MonitorError):
    """The site could not be written; the site that was there before is untouched."""


class TokenError(MonitorError):
    """A link was followed whose token is not ours."""


class TokenExpiredError(TokenError):
    """A link was followed after its time."""
