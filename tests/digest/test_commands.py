"""The commands for readers and mails, as an operator types them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.cli import app
from monitor.errors import ConfigurationError, MonitorError
from monitor.store import Store, subscribers

LIST = """\
email,topics,mechanisms,max_tier,monthly,text_only,locale,timezone
one@example.org,ldn me-cfs,nk_cell,3,yes,no,de,Europe/Berlin
Two@Bücher.example.org,,,,,,,
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> Path:
    """A folder with a database; `store` reads the same one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", store.url)
    monkeypatch.setenv("MONITOR_ENTREZ_EMAIL", "op@example.org")
    return tmp_path


def run(*arguments: str, given: str | None = None) -> Result:
    result = CliRunner().invoke(app, list(arguments), input=given)
    if isinstance(result.exception, MonitorError):
        raise result.exception
    assert result.exception is None, result.output
    return result


def test_readers_come_from_csv_and_go_into_csv(work: Path, store: Store) -> None:
    (work / "list.csv").write_text(LIST, encoding="utf-8")
    assert "2 added, 0 changed" in run("subscribers", "import", "list.csv").output
    first, second = subscribers.everyone(store)
    assert (first.topics, first.mechanisms, first.max_tier) == (("ldn", "me-cfs"), ("nk_cell",), 3)
    assert (first.monthly, first.text_only, first.locale) == (True, False, "de")
    assert (first.timezone, first.confirmed) == ("Europe/Berlin", True)
    assert (second.email, second.max_tier) == ("Two@xn--bcher-kva.example.org", 9)
    subscribers.add(store, type(first)(0, "no@example.org", first.joined, confirmed=False))
    written = run("subscribers", "export").stdout
    for reader in subscribers.everyone(store):
        subscribers.remove(store, reader.email)
    assert "3 added" in run("subscribers", "import", "-", given=written).output
    again = run("subscribers", "export").stdout
    assert _without(again, "joined") == _without(written, "joined")
    assert [r.confirmed for r in subscribers.everyone(store)] == [True, True, False]
    assert "0 added, 3 changed" in run("subscribers", "import", "-", given=written).output


def _without(text: str, column: str) -> list[dict[str, str]]:
    return [{k: v for k, v in r.items() if k != column} for r in csv.DictReader(io.StringIO(text))]


def test_a_list_with_faults_is_named_line_by_line_and_not_taken(work: Path, store: Store) -> None:
    bad = [
        "email,topics,max_tier,monthly,locale,timezone",
        "good@example.org,ldn,3,no,en,UTC",
        "no address,,,,,",
        "a@example.org,cancer,,,,",
        "b@example.org,,12,,,",
        "c@example.org,,x,,,",
        "d@example.org,,,often,,",
        "e@example.org,,,,klingon,",
        "f@example.org,,,,,Mars/Crater",
        "g@example.org,,,,,,,,one too many",
        "ñ@example.org,,,,,",
    ]
    (work / "list.csv").write_text("\n".join(bad), encoding="utf-8")
    result = CliRunner().invoke(app, ["subscribers", "import", "list.csv"])
    assert isinstance(result.exception, ConfigurationError)
    assert re.findall(r"line (\d+):", result.stderr) == [str(n) for n in range(3, 12)]
    assert "none was taken" in str(result.exception)
    assert subscribers.everyone(store) == []


@pytest.mark.parametrize(
    "text", ["", "address\nx@example.org\n", "email,colour\nx@example.org,red\n"]
)
def test_a_file_of_another_kind_is_refused(work: Path, text: str) -> None:
    (work / "list.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="email"):
        run("subscribers", "import", "list.csv")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        run("subscribers", "import", "missing.csv")


def test_choices_that_do_not_exist_are_refused(work: Path, store: Store) -> None:
    for options in (
        ("--topic", "cancer"),
        ("--mechanism", "magic"),
        ("--timezone", "Mars/Crater"),
        ("--locale", "klingon"),
    ):
        with pytest.raises(ConfigurationError):
            run("subscribers", "add", "x@example.org", *options)
    with pytest.raises(ConfigurationError, match="not an address"):
        run("subscribers", "add", "x@y@z")
    assert subscribers.everyone(store) == []


def test_removed_is_removed_from_database_and_outbox(work: Path, store: Store) -> None:
    run("subscribers", "add", "stays@example.org")
    run("subscribers", "add", "leaver@example.org", "--locale", "fi", "--text-only")
    assert "leaver@example.org: weekly, text only, no. 2" in run("subscribers", "list").output
    reader = subscribers.find(store, "leaver@example.org")
    assert reader is not None
    outbox = work / "outbox"
    run("digest", "--preview")
    run("digest", "--to", "leaver@example.org")
    run("digest", "--to", "else@example.org")
    held = [p for p in work.rglob("*") if p.is_file() and b"leaver" in p.read_bytes()]
    assert any(p.parent == outbox for p in held)
    assert any(p.parent != outbox for p in held)  # the database, its log or both
    run("subscribers", "remove", "leaver@EXAMPLE.org")
    (mail,) = outbox.iterdir()
    assert b"else@example.org" in mail.read_bytes()
    assert b"stays@example.org" in (work / "preview" / "preview-1.eml").read_bytes()
    held = [p for p in work.rglob("*") if p.is_file() and b"leaver" in p.read_bytes()]
    assert held == []
    with pytest.raises(ConfigurationError, match="no reader"):
        run("subscribers", "remove", "leaver@example.org")


def test_options_of_the_digest_that_do_not_go_together_are_refused(work: Path) -> None:
    with pytest.raises(ConfigurationError, match="--preview"):
        run("digest", "--preview", "--resend")
    with pytest.raises(ConfigurationError, match="no issue"):
        run("digest", "--resend")


def test_a_test_and_a_preview_leave_no_trace(work: Path, store: Store) -> None:
    out = run("digest", "--to", "try@example.org").output
    assert "try@example.org: LDN and ME/CFS: the state of the evidence" in out
    (mail,) = (work / "outbox").iterdir()
    assert b"To: try@example.org" in mail.read_bytes()
    out = run("digest", "--preview").output
    assert "preview/preview-1.eml: LDN and ME/CFS" in out
    assert (work / "preview" / "preview-1.html").exists()
    with store.read() as session:
        for table in ("issue", "delivery", "subscriber"):
            found = session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}")
            assert found.scalar_one() == 0
