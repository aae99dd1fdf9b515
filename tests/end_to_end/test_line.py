"""The whole line, as an operator uses it."""

from __future__ import annotations

import csv
import email
import io
import json
from datetime import UTC, datetime, timedelta
from email import policy

from monitor.demo.pubmed import PubMedServer
from monitor.model import JobName
from monitor.schedule.due import Past, due, schedules
from monitor.settings import Settings
from monitor.store import articles, issues, jobs, ledger, papers
from tests.end_to_end.conftest import TODAY, Program
from tests.fakes.pubmed import Refusing, impolite


def test_a_week_goes_from_pubmed_to_the_mailbox_and_the_site(
    program: Program, pubmed: PubMedServer
) -> None:
    program.run("subscribers", "add", "reader@example.org")
    out = program.run("run", "--once")
    assert "me-cfs: good" in out
    assert impolite(pubmed) == []
    assert len(articles.held(program.store)) == 60
    (mail,) = (program.folder / "outbox").glob("*.eml")
    message = email.message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert message["To"] == "reader@example.org"
    html = message.get_body(("html",))
    assert html is not None
    assert "Where the evidence stands" in html.get_content()
    start = (program.folder / "reports" / "index.html").read_text()
    assert "Where the evidence stands" in start

    pubmed.today = TODAY
    program.run("run", "--once")
    second = issues.get(program.store, 2)
    assert second is not None
    assert [n.kind.value for n in second.corrections][:2] == ["retracted", "evidence_withdrawn"]
    page = (program.folder / "reports" / "papers" / "20798047.html").read_text()
    assert "This paper was retracted" in page
    assert "sound" in program.run("db", "check")


def test_a_paper_is_told_once(program: Program, pubmed: PubMedServer) -> None:
    program.run("run", "--once")
    pubmed.today = TODAY
    for _ in range(2):
        program.run("run", "--once")
    told = [e.key for e in ledger.events(program.store)]
    assert len(told) == len(set(told))
    listed = [p.pmid for i in issues.all_issues(program.store) for p in i.papers]
    assert listed
    assert len(listed) == len(set(listed))


def test_a_failed_harvest_is_an_error_and_not_silence(
    program: Program, pubmed: PubMedServer
) -> None:
    pubmed.fault = Refusing()
    out = program.run("harvest", code=1)
    assert "Error: the harvest of ldn, me-cfs failed" in out
    assert "Traceback" not in out
    status = json.loads(program.run("status", "--json", code=1))
    assert all(t["problem"].startswith("failed") for t in status["topics"])
    pubmed.fault = None
    program.run("harvest")
    program.run("status")


def test_what_is_done_by_hand_counts_as_the_job_that_does_as_much(program: Program) -> None:
    program.run("subscribers", "add", "reader@example.org")
    program.run("harvest", "--topic", "ldn")
    program.run("harvest", "--since", f"{TODAY:%Y-%m-%d}")
    program.run("digest", "--preview")
    program.run("db", "backup", "elsewhere.db")
    assert jobs.last(program.store) == {}  # parts, trials and copies are no runs
    program.run("harvest")
    program.run("digest")
    program.run("digest", "--resend")
    program.run("db", "backup")
    runs = jobs.last(program.store)
    assert {name: r.state.value for name, r in runs.items()} == dict.fromkeys(
        ("harvest", "digest", "deliver", "backup"), "good"
    )
    program.run("harvest", "--full")
    status = json.loads(program.run("status", "--json"))
    assert [n for n, job in status["jobs"].items() if job["state"] == "never"] == []
    past = Past(tuple(jobs.since(program.store, runs["harvest"].started - timedelta(days=1))))
    assert JobName.HARVEST not in due(schedules(Settings()), past, datetime.now(UTC))


def test_a_failure_by_hand_is_one_and_a_run_once_counts_its_parts(
    program: Program, pubmed: PubMedServer
) -> None:
    pubmed.fault = Refusing()
    program.run("run", "--once", code=1)
    states = {name: r.state.value for name, r in jobs.last(program.store).items()}
    assert states == {"harvest": "failed", "digest": "good", "publish": "good"}
    assert "harvest: failed" in " ".join(
        json.loads(program.run("status", "--json", code=1))["problems"]
    )
    pubmed.fault = None
    program.run("run", "--once")
    assert not any(r.failed for r in jobs.last(program.store).values())


def test_what_was_left_out_is_named_with_its_reason(program: Program) -> None:
    program.run("harvest")
    program.run("publish")
    page = (program.folder / "reports" / "excluded.html").read_text()
    left_out = list(papers.excluded(program.store))
    assert left_out
    for paper in left_out:
        assert paper.article.title[:30] in page
    status = json.loads(program.run("status", "--json"))
    assert sum(t["last"].get("excluded", 0) for t in status["topics"]) >= len(left_out)


def test_exports_hold_every_wanted_paper(program: Program) -> None:
    program.run("harvest")
    wanted = {p.article.pmid for p in papers.wanted(program.store)}
    rows = list(csv.DictReader(io.StringIO(program.run("export", "--format", "csv"))))
    assert {r["pmid"] for r in rows} == wanted
    lines = program.run("export", "--format", "jsonl").splitlines()
    assert {json.loads(line)["pmid"] for line in lines} == wanted
    assert program.run("export", "--format", "ris").count("TY  - JOUR") == len(wanted)
    assert program.run("export", "--format", "bibtex").count("@article{") == len(wanted)


def test_wrong_use_is_code_2_and_one_sentence(program: Program) -> None:
    assert "there is no topic" in program.run("harvest", "--topic", "pots", code=2)
    assert "bibtex" in program.run("export", "--format", "xml", code=2)
    assert "No such option" in program.run("harvest", "--bogus", code=2)
    assert "No such command" in program.run("harvets", code=2)
    assert "not an address" in program.run("subscribers", "add", "nobody", code=2)
    program.use({"MONITOR_SMPT_HOST": "x"})
    assert "Did you mean MONITOR_SMTP_HOST" in program.run("status", code=2)


def test_a_topic_file_with_a_fault_stops_everything_with_its_place(program: Program) -> None:
    topic = program.folder / "queries" / "topics" / "ldn.toml"
    topic.write_text(topic.read_text().replace('title = "', 'tittle = "', 1))
    out = program.run("check", code=2)
    assert "ldn.toml" in out
    assert "tittle" in out or "title" in out


def test_check_warns_of_a_password_that_anyone_on_the_way_can_read(program: Program) -> None:
    account = {"MONITOR_SMTP_USERNAME": "me", "MONITOR_SMTP_PASSWORD": "hunter22"}  # pragma: allowlist secret  # fmt: skip
    program.use({"MONITOR_SMTP_HOST": "127.0.0.1", **account})
    assert "anyone on the way" not in program.run("check")
    program.use({"MONITOR_SMTP_SECURITY": "none"})
    assert "note: MONITOR_SMTP_SECURITY is none" in program.run("check")
    program.use({"MONITOR_SMTP_USERNAME": ""})
    assert "anyone on the way" not in program.run("check")


def test_readers_come_and_go(program: Program) -> None:
    program.run("subscribers", "add", "Reader@Example.org", "--topic", "ldn", "--monthly")
    assert "Reader@example.org: ldn, monthly" in program.run("subscribers", "list")
    program.run("subscribers", "remove", "Reader@example.org")
    assert program.run("subscribers", "list") == ""
    assert "no reader" in program.run("subscribers", "remove", "Reader@example.org", code=2)
