"""Settings: environment (MONITOR_…), then *_FILE secrets, then monitor.toml, then defaults.

An unknown name is an error that suggests the near one; nothing starts half-configured.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from monitor.errors import ConfigurationError

PREFIX = "MONITOR_"
NCBI = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
_FILE = "_FILE"
_SHORT_KEY = 16
_ADDRESS = r"[!-;=?A-~]+@[!-;=?A-~]+"
_SENDER = re.compile(
    rf"(?P<name>[^<>\x00-\x1f\x7f]*)<(?P<address>{_ADDRESS})>|(?P<bare>{_ADDRESS})", re.ASCII
)
_SPECIAL = '()<>@,:;".[]\\'


class SmtpSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class LogFormat(StrEnum):
    """How logs are written."""

    CONSOLE = "console"
    JSON = "json"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ValueError(f"no such time zone: {name!r}; one like Europe/Helsinki is") from error
    return name


def _url(value: str) -> str:
    if not value:
        return ""
    if not value.startswith(("http://", "https://")):
        raise ValueError("it must start with http:// or https://")
    return value.rstrip("/") + "/"


def _networks(value: str) -> str:
    for one in filter(None, (v.strip() for v in value.split(","))):
        try:
            ip_network(one)
        except ValueError as error:
            raise ValueError(f"no address or network: {one!r}; 10.0.0.0/8 is one") from error
    return value


def _sender(value: str) -> str:
    """Name and address, the name quoted where it holds what mail programs read otherwise."""
    found = _SENDER.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is not like Evidence monitor <monitor@example.org>")
    name, address = (found["name"] or "").strip(), found["address"] or found["bare"]
    if not name or not set(name) & set(_SPECIAL):
        return f"{name} <{address}>" if name else address
    if name.startswith('"') and name.endswith('"') and '"' not in name[1:-1].replace('\\"', ""):
        return f"{name} <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def _address(value: str) -> str:
    return value if not value else _url(value).removesuffix("/") + "/" * value.endswith("/")


Url = Annotated[str, AfterValidator(_url)]
PlainUrl = Annotated[str, AfterValidator(_address)]


class Settings(BaseModel):
    """All settings, each named as its environment variable without the prefix, in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    database_url: SecretStr = Field(
        SecretStr("sqlite:///monitor.db"), description="Database: SQLite or PostgreSQL URL."
    )
    queries_dir: Path | None = Field(
        None, description="What to watch. Default: ./queries when it is there, else the packaged."
    )
    reports_dir: Path = Field(Path("reports"), description="Where the site is written.")
    outbox_dir: Path = Field(
        Path("outbox"), description="Where mails go as .eml files while no SMTP host is set."
    )
    entrez_url: Url = Field(NCBI, min_length=1, description="Base URL of the E-utilities.")
    entrez_email: str = Field("", description="Your address, which NCBI asks every client to send.")
    entrez_api_key: SecretStr | None = Field(
        None, description="NCBI API key: 10 requests a second instead of 3."
    )
    smtp_host: str = Field("", description="Mail server. Empty: mails go to OUTBOX_DIR.")
    smtp_port: int | None = Field(
        None, ge=1, le=65535, description="Default 587 with starttls, 465 with tls, 25 with none."
    )
    smtp_username: str = Field("", description="Empty: no authentication.")
    smtp_password: SecretStr | None = Field(None, description="Password of SMTP_USERNAME.")
    smtp_security: SmtpSecurity = Field(SmtpSecurity.STARTTLS, description="starttls, tls or none.")
    smtp_rate: int = Field(600, ge=1, description="Mails a minute at most.")
    mail_from: Annotated[str, AfterValidator(_sender)] = Field(
        "Evidence monitor <monitor@localhost.localdomain>", description="Sender of the digest."
    )
    digest_name: str = Field(
        "LDN and ME/CFS", min_length=1, description="What the subjects of the digest start with."
    )
    dkim_selector: str = Field(
        "", description="DKIM selector; empty: mails are not signed (the extra dkim signs them)."
    )
    dkim_domain: str = Field("", description="DKIM domain. Default: that of MAIL_FROM.")
    dkim_key: SecretStr | None = Field(
        None, description="DKIM private key, PEM; best given as MONITOR_DKIM_KEY_FILE."
    )
    worker_timeout: int = Field(
        60, ge=2, description="Seconds after which the job of a silent worker goes to another."
    )
    low_disk_mb: int = Field(
        500, ge=0, description="Free space below which the operator is told; 0: never."
    )
    site_url: Url = Field(
        "", description="Public address of the site; links in mails and feeds start with it."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs the links in mails, which `monitor serve` answers; "
        "16 characters or more, for good.",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Time zone of the schedules and of dates in the operator's mails."
    )
    harvest_schedule: str = Field(
        "daily 05:30", description='"daily HH:MM", "mon HH:MM" or "monthly HH:MM".'
    )
    digest_schedule: str = Field("mon 07:00", description="The same forms.")
    reread_schedule: str = Field(
        "monthly 03:10",
        description="When everything is read again; monthly is the first of the month.",
    )
    backup_schedule: str = Field("daily 02:40", description="When a backup is made.")
    backup_dir: Path = Field(
        Path("backups"), description="Where backups go; another disk is better."
    )
    backup_keep: int = Field(14, ge=1, description="How many backups stay in BACKUP_DIR.")
    job_minutes: float = Field(
        360, gt=0, description="A job of monitor run that takes longer is cut off."
    )
    log_format: LogFormat = Field(
        LogFormat.CONSOLE, description="console, or json: one object a line."
    )
    ping_url: PlainUrl = Field(
        "", description="Asked by GET after each good job while all is well (a dead man's switch)."
    )
    operator_email: str = Field("", description="Who is told when something fails.")
    operator_name: str = Field("", description="Who runs this; named on the methods page.")
    language: str = Field("en", description="Language of the site, as fi or pt-BR.")
    translations_dir: Path | None = Field(
        None, description="Folder of translations, LANGUAGE.po each; searched before the packaged."
    )
    full_abstracts: bool = Field(
        False, description="Show whole abstracts on the site (their rights differ)."
    )
    subscribe_link: bool = Field(
        False,
        description="Set it when `monitor serve` answers at SITE_URL: mails then link there for "
        "leaving and choosing, and the site shows where to subscribe.",
    )
    serve_host: str = Field("127.0.0.1", min_length=1, description="Where `monitor serve` listens.")
    serve_port: int = Field(8000, ge=0, le=65535, description="Port of `monitor serve`.")
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "", description="Proxies whose X-Forwarded-For is believed: addresses or networks, commas."
    )
    serve_rate: int = Field(600, ge=1, description="Requests a minute that a client may make.")
    metrics_token: SecretStr | None = Field(
        None, description="Bearer token that /metrics asks for. Empty: it asks for none."
    )
    health_max_age_hours: int | None = Field(
        None,
        ge=1,
        description="/healthz fails when a topic's last good harvest is older. Default 50 when "
        "HARVEST_SCHEDULE is daily, 216 when it is weekly, 792 when it is monthly.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.secret_key and len(self.secret_key.get_secret_value()) < _SHORT_KEY:
            raise ValueError("secret_key: 16 characters or more")
        if self.smtp_username and self.smtp_password is None:
            raise ValueError("smtp_username is set, but smtp_password is not")
        if self.dkim_selector and self.dkim_key is None:
            raise ValueError("dkim_selector is set, but dkim_key is not")
        if self.subscribe_link and not (self.site_url and self.secret_key):
            raise ValueError("subscribe_link is set, but site_url or secret_key is not")
        return self

    @property
    def url(self) -> str:
        """The database URL, password included: for the engine only."""
        return self.database_url.get_secret_value()

    @property
    def serves(self) -> bool:
        """Whether the operator says that `monitor serve` answers the links in mails."""
        return bool(self.subscribe_link and self.site_url and self.secret_key)

    @property
    def port(self) -> int:
        """Port of the mail server."""
        return self.smtp_port or {"starttls": 587, "tls": 465, "none": 25}[self.smtp_security]

    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The trusted proxies."""
        return tuple(ip_network(v.strip()) for v in self.trusted_proxies.split(",") if v.strip())

    def queries(self) -> Path:
        """The folder of queries to use: the one that is set, ./queries, or the packaged one."""
        if self.queries_dir is not None:
            return self.queries_dir
        here = Path("queries")
        return here if here.is_dir() else packaged_queries()

    def topic_ids(self) -> list[str]:
        """The topics by the names of their files, which are their ids; nothing is read."""
        folder = self.queries() / "topics"
        found = sorted(path.stem for path in folder.glob("*.toml"))
        if not found:
            raise ConfigurationError(f"{folder}: no topic there; `monitor init` makes some.")
        return found


def packaged_queries() -> Path:
    """The queries that came with the program: in the wheel, or beside the source."""
    package = Path(__file__).parent
    inside = package / "_queries"
    return inside if inside.is_dir() else package.parent / "queries"


def load(environ: Mapping[str, str] | None = None, toml: Path | None = None) -> Settings:
    """Settings from `environ` (default: the process') over a TOML file (default: ./monitor.toml).

    Raises `ConfigurationError` that names the setting and where it stands.
    """
    environment = os.environ if environ is None else environ
    path = Path("monitor.toml") if toml is None else toml
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, value in _from_toml(path, explicit=toml is not None).items():
        values[name], origin[name] = value, f"{path}: {name}"
    for name, value, where in _from_environment(environment):
        values[name], origin[name] = value, where
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_describe(error, origin)) from None  # its text holds the values


def _from_toml(path: Path, *, explicit: bool) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if explicit:
            raise ConfigurationError(f"{path}: the file is missing.") from error
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: it cannot be read: {error}.") from error
    for name in data:
        if name not in Settings.model_fields:
            raise ConfigurationError(f"{path}: unknown setting {name!r}.{_near(name)}")
    return {name: value for name, value in data.items() if value != ""}


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in Settings.model_fields:
            if environ[variable] != "":
                found.append((name, environ[variable], variable))
        elif name.upper().endswith(_FILE) and name[: -len(_FILE)] in Settings.model_fields:
            plain = name[: -len(_FILE)]
            if environ.get(PREFIX + plain.upper()):
                raise ConfigurationError(f"{variable} and {PREFIX}{plain.upper()} are both set.")
            found.append((plain, _secret(variable, environ[variable]), variable))
        else:
            near = _near(name, prefix=PREFIX)
            raise ConfigurationError(f"{variable}: there is no such setting.{near}")
    return found


def _secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{variable}: {path} cannot be read ({error}).") from error


def _near(name: str, prefix: str = "") -> str:
    match = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1, cutoff=0.5)
    if not match:
        return ""
    return f" Did you mean {(prefix + match[0].upper()) if prefix else match[0]}?"


def _describe(error: ValidationError, origin: Mapping[str, str]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    reason = first["msg"].removeprefix("Value error, ")
    return f"{origin.get(name, name) or 'settings'}: {reason}."
