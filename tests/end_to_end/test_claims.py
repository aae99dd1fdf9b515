"""`monitor claims` and `monitor explain`, as a curator uses them, on the demo's database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.demo.play import play

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("claims") / "demo"
    play(folder, lambda line: None)
    return f"sqlite:///{folder / 'monitor.db'}"


@pytest.fixture
def ask(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", database)

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_the_list_holds_every_claim_and_mechanism_with_its_reason(ask: Ask) -> None:
    lines = [json.loads(line) for line in ask("claims", "--json").splitlines()]
    assert len(lines) == 15 + 32
    by_id = {line["id"]: line for line in lines}
    assert by_id["ldn-calcium"]["status"] == "thin"
    assert by_id["ldn-calcium"]["balance"]["groups_for"] == 1
    assert by_id["case-94"]["status"] == "untraced"


def test_one_claim_shows_groups_and_why_they_are_one(ask: Ask) -> None:
    told = ask("claims", "ldn-calcium")
    assert "Marshall-Gradisnik S (34326841): 34326841, 38765011" in told
    assert "34326841 and 38765011 have the same last author" in told
    assert '"Patients taking LDN had restored TRPM3-like currents."' in told


def test_a_claims_figures_are_looked_for(ask: Ask) -> None:
    assert "The figure 1 to 4.5 mg: found" in ask("claims", "ldn-dose")
    assert "The figure 94% improved" in ask("claims", "case-94")


def test_a_claim_can_be_read_as_of_any_day(ask: Ask) -> None:
    before = json.loads(ask("claims", "cause-immune", "--as-of", "2026-03-01", "--json"))
    assert before["balance"] is None
    assert before["bearings"] == before["history"] == []
    between = json.loads(ask("claims", "cause-immune", "--as-of", "2026-03-05", "--json"))
    now = json.loads(ask("claims", "cause-immune", "--json"))
    assert between["as_of"] == "2026-03-05"
    assert 0 < len(between["bearings"]) < len(now["bearings"])
    assert all(entry["at"] < "2026-03-06" for entry in between["history"])
    assert now["history"][: len(between["history"])] == between["history"]


def test_explaining_a_paper_shows_rules_verdicts_and_what_was_held_back(ask: Ask) -> None:
    told = ask("explain", "34326841")
    assert "calcium_trpm3: supports (side 0." in told
    assert "Held back by a trap" in told
    assert "Rules of study designs that fired" in told
    found = json.loads(ask("explain", "34326841", "--json"))
    assert found["pmid"] == "34326841"
    assert {v["mechanism"] for v in found["explanation"]["verdicts"]} >= {"calcium_trpm3"}
    for firing in found["explanation"]["fired"]:
        assert firing["words"]["text"] in firing["passage"]["text"]
