"""Settings: where they come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor import settings
from monitor.errors import ConfigurationError

NOWHERE = Path("there-is-no-such-file.toml")


def load(tmp_path: Path, environ: dict[str, str], toml: str = "") -> settings.Settings:
    path = tmp_path / "monitor.toml"
    path.write_text(toml)
    return settings.load(environ, path)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    found = load(tmp_path, {"MONITOR_TIMEZONE": "Europe/Helsinki"}, 'timezone = "UTC"')
    assert found.timezone == "Europe/Helsinki"
    assert found.url == "sqlite:///monitor.db"


def test_an_unknown_name_suggests_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean MONITOR_SMTP_HOST"):
        load(tmp_path, {"MONITOR_SMPT_HOST": "x"})
    with pytest.raises(
        ConfigurationError, match="unknown setting 'site_ulr'. Did you mean site_url"
    ):
        load(tmp_path, {}, 'site_ulr = "https://example.org"')


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("0123456789abcdef\n")
    found = load(tmp_path, {"MONITOR_SECRET_KEY_FILE": str(secret)})
    assert found.secret_key is not None
    assert found.secret_key.get_secret_value() == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(found)


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MONITOR_ENTREZ_API_KEY_FILE: .*nothing"):
        load(tmp_path, {"MONITOR_ENTREZ_API_KEY_FILE": str(tmp_path / "nothing")})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MONITOR_TIMEZONE", "Mars/Olympus", "no such time zone"),
        ("MONITOR_SMTP_PORT", "mail", "MONITOR_SMTP_PORT"),
        ("MONITOR_SMTP_SECURITY", "ssl", "MONITOR_SMTP_SECURITY"),
        ("MONITOR_SITE_URL", "example.org", "must start with http"),
    ],
)
def test_a_bad_value_names_its_setting(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path, {name: value})


def test_a_bad_secret_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, {"MONITOR_SECRET_KEY": "short-secret"})
    assert "short-secret" not in str(refused.value)


def test_a_file_that_was_named_must_be_there() -> None:
    with pytest.raises(ConfigurationError, match="missing"):
        settings.load({}, NOWHERE)


def test_ports_follow_the_security() -> None:
    assert settings.load({}).port == 587
    assert settings.load({"MONITOR_SMTP_SECURITY": "tls"}).port == 465


def test_a_link_to_subscribe_needs_what_subscribing_needs(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="site_url or secret_key"):
        load(tmp_path, {"MONITOR_SUBSCRIBE_LINK": "true", "MONITOR_SITE_URL": "https://a.example"})
