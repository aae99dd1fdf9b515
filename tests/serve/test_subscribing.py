"""Subscribe, confirm, choose, leave: for readers, for mail scanners, for those who mean ill."""

from __future__ import annotations

import email
import re
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

import anyio
import pytest
from starlette.testclient import TestClient

from monitor.catalog import Catalog
from monitor.digest import stage as digest_stage
from monitor.model import Issue, Subscriber
from monitor.serve import bodies
from monitor.serve.context import Web
from monitor.settings import Settings
from monitor.store import Store, issues, notices, subscribers
from monitor.tokens import CONFIRM_WITHIN, Signer
from tests.conftest import NOW, in_a_thread
from tests.serve.conftest import SECRET, SITE, Clock, ask

ADDRESS = "reader@example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
signer = Signer(SECRET)


def mails(settings: Settings) -> list[EmailMessage]:
    found = []
    for path in sorted(settings.outbox_dir.glob("confirm-*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def link_of(mail: EmailMessage, site: str = SITE) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    (link,) = re.findall(rf"{site}(c/\S+)", body.get_content())
    return "/" + str(link)


def seal(client: TestClient) -> str:
    found = re.search(r'name="form" value="([^"]+)"', client.get("/subscribe").text)
    assert found is not None
    return found[1]


def subscribe(client: TestClient, address: str = ADDRESS, **more: Any) -> Any:
    headers = more.pop("headers", {})
    data = {"email": address, "form": seal(client)} | more
    return client.post("/subscribe", data=data, headers=headers)


def reader(store: Store, address: str = ADDRESS) -> Subscriber:
    return subscribers.add(store, Subscriber(0, address, NOW))[0]


def test_the_whole_way_of_a_reader(
    client: TestClient, store: Store, settings: Settings, clock: Clock
) -> None:
    answer = subscribe(client, topic="ldn", often="monthly", tier="2", mechanism="nk_cell")
    assert answer.status_code == 200
    assert subscribers.everyone(store) == []
    (mail,) = mails(settings)
    assert mail["To"] == ADDRESS
    link = link_of(mail)
    shown = client.get(link)
    assert (shown.status_code, "Yes, send me the digest" in shown.text) == (200, True)
    assert subscribers.everyone(store) == []  # a scanner that follows links subscribes nobody
    done = client.post(link)
    assert done.status_code == 200
    (stored,) = subscribers.everyone(store)
    assert (stored.email, stored.topics, stored.mechanisms) == (ADDRESS, ("ldn",), ("nk_cell",))
    assert (stored.monthly, stored.max_tier, stored.confirmed) == (True, 2, True)
    (choices,) = re.findall(r'href="\.\./(p/[^"]+)"', done.text)
    assert "checked" in client.get(f"/{choices}").text
    saved = client.post(f"/{choices}", data={"often": "weekly", "tier": "9", "text_only": "yes"})
    assert "Saved" in saved.text
    (changed,) = subscribers.everyone(store)
    assert (changed.topics, changed.monthly, changed.max_tier) == ((), False, 9)
    assert (changed.text_only, changed.email, changed.joined) == (True, ADDRESS, stored.joined)
    (leave,) = re.findall(r'href="\.\./(u/[^"]+)"', saved.text)
    assert "Yes, stop them" in client.get(f"/{leave}").text
    assert len(subscribers.everyone(store)) == 1
    assert client.post(f"/{leave}", data=ONE_CLICK).status_code == 200
    assert subscribers.everyone(store) == []


def test_one_click_needs_no_cookie_and_takes_both_kinds_of_form(
    client: TestClient, store: Store
) -> None:
    from_provider = {"sec-fetch-site": "cross-site", "origin": "https://mail.example"}
    one = reader(store)
    answer = client.post(f"/u/{signer.leave(one)}", data=ONE_CLICK, headers=from_provider)
    assert (answer.status_code, subscribers.everyone(store)) == (200, [])
    two = reader(store, "two@example.org")
    boundary = "b0undary"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
        f"One-Click\r\n--{boundary}--\r\n"
    )
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = client.post(f"/u/{signer.leave(two)}", content=body, headers=kind)
    assert (answer.status_code, subscribers.everyone(store)) == (200, [])
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", ["", "List-Unsubscribe=", "List-Unsubscribe=one", "x=One-Click"])
def test_leaving_needs_the_word(client: TestClient, store: Store, body: str) -> None:
    one = reader(store)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post(f"/u/{signer.leave(one)}", content=body, headers=kind)
    assert answer.status_code == 400
    assert subscribers.everyone(store) == [one]


def test_leaving_again_answers_the_same_and_leaves_who_came_after(
    client: TestClient, store: Store
) -> None:
    one = reader(store)
    issues.create(store, Issue(1, NOW, None, NOW, first=True), [], [(one.id, "<m@example.org>")])
    address = f"/u/{signer.leave(one)}"
    page = client.get(address)
    first = client.post(address, data=ONE_CLICK)
    assert issues.delivery_counts(store)["pending"] == 0
    later = subscribers.add(store, Subscriber(0, "b@example.org", NOW + timedelta(hours=1)))[0]
    assert later.id == one.id  # SQLite gives the number again: the link must not reach them
    again = client.post(address, data=ONE_CLICK)
    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert client.get(address).text == page.text
    assert subscribers.everyone(store) == [later]


def test_nobody_learns_whether_an_address_gets_the_digest(
    client: TestClient, store: Store, settings: Settings
) -> None:
    reader(store)
    known = subscribe(client)
    unknown = subscribe(client, "stranger@example.org")
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    assert dict(known.headers) == dict(unknown.headers)
    first, second = mails(settings)
    said = [re.sub(r"c/\S+", "", str(m.get_content())) for m in (first, second)]
    assert said[0] == said[1]
    assert client.post(link_of(first)).status_code == client.post(link_of(second)).status_code


def test_an_address_is_written_to_once_a_day(
    client: TestClient, settings: Settings, clock: Clock
) -> None:
    for address in (ADDRESS, ADDRESS, "READER@example.org", "reader+again@example.org"):
        assert subscribe(client, address).status_code == 200
    assert len(mails(settings)) == 1
    clock.tick(timedelta(hours=23))
    subscribe(client)
    assert len(mails(settings)) == 1
    clock.tick(timedelta(hours=1, seconds=1))
    subscribe(client)
    assert len(mails(settings)) == 2


def test_who_has_not_agreed_stands_nowhere_in_the_database(
    client: TestClient, store: Store, settings: Settings
) -> None:
    subscribe(client, "very-unusual-name@example.org")
    assert len(mails(settings)) == 1
    folder = settings.outbox_dir.parent
    held = b"".join(p.read_bytes() for p in folder.glob("monitor.db*"))
    assert b"confirm:" in held  # that a mail went out is noted, by a keyed hash
    assert b"unusual" not in held


def test_a_mail_that_was_not_taken_may_be_asked_for_again(
    client: TestClient, store: Store, settings: Settings
) -> None:
    settings.outbox_dir.write_text("in the way")
    assert subscribe(client).status_code == 200
    assert [n[2] for n in notices.waiting(store)] == ["a mail that asks to confirm was not sent"]
    assert ADDRESS not in str(notices.waiting(store))
    settings.outbox_dir.unlink()
    subscribe(client)
    assert len(mails(settings)) == 1


def test_killed_while_sending_costs_minutes_not_a_day(
    client: TestClient, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(digest_stage, "ask_to_confirm", kill)
        with pytest.raises(RuntimeError, match="killed"):
            subscribe(client)
    subscribe(client)
    assert mails(settings) == []
    clock.tick(timedelta(minutes=5))
    subscribe(client)
    assert len(mails(settings)) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b",
        "a@example.org\r\nBcc: all@example.org",
        "a@example.org\nSubject: hello",
        "a@example.org, b@example.org",
        "Name <a@example.org>",
        "a@example.org>\x00",
        '"a\r\nBcc: b"@example.org',
        "ä@example.org",
        "a" * 250 + "@example.org",
        '"><script>alert(1)</script>@example.org',
    ],
)
def test_what_is_no_address_sends_nothing(
    client: TestClient, settings: Settings, address: str
) -> None:
    answer = subscribe(client, address)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert mails(settings) == []


@pytest.mark.parametrize(
    "more",
    [
        {"topic": "nothing"}, {"mechanism": "../x"}, {"tier": "0"}, {"tier": "x"},
        {"often": "hourly"}, {"timezone": "Mars/Olympus"}, {"timezone": ["UTC", "UTC"]},
        {"email": ["a@example.org", "b@example.org"]}, {"form": "forged"}, {"form": ""},
    ],
)  # fmt: skip
def test_choices_that_were_not_offered_send_nothing(
    client: TestClient, settings: Settings, more: dict[str, Any]
) -> None:
    assert subscribe(client, **more).status_code == 422
    assert mails(settings) == []


def test_a_form_of_yesterday_is_given_again(
    client: TestClient, settings: Settings, clock: Clock
) -> None:
    old = seal(client)
    clock.tick(timedelta(hours=13))
    answer = client.post("/subscribe", data={"email": ADDRESS, "form": old})
    assert answer.status_code == 422
    assert f'value="{ADDRESS}"' in answer.text
    assert mails(settings) == []
    fresh = re.findall(r'name="form" value="([^"]+)"', answer.text)[0]
    client.post("/subscribe", data={"email": ADDRESS, "form": fresh})
    assert len(mails(settings)) == 1


def test_a_form_filler_is_answered_and_ignored(client: TestClient, settings: Settings) -> None:
    assert subscribe(client, website="https://spam.example").text == subscribe(client).text
    assert len(mails(settings)) == 1


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}]
)
def test_another_site_can_send_none_of_the_forms(
    client: TestClient, store: Store, settings: Settings, headers: dict[str, str]
) -> None:
    one = reader(store)
    assert subscribe(client, headers=headers).status_code == 403
    choices = client.post(f"/p/{signer.choices(one)}", data={"often": "monthly"}, headers=headers)
    confirm = client.post(f"/c/{signer.confirm(one, NOW)}", headers=headers)
    assert (choices.status_code, confirm.status_code) == (403, 403)
    assert mails(settings) == []
    assert subscribers.everyone(store) == [one]


def test_a_confirmation_runs_out(client: TestClient, store: Store, clock: Clock) -> None:
    link = f"/c/{signer.confirm(Subscriber(0, ADDRESS, NOW), NOW)}"
    clock.tick(CONFIRM_WITHIN + timedelta(seconds=1))
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 410
        assert "too old" in answer.text
    assert subscribers.everyone(store) == []


@pytest.mark.parametrize("kind", ["c", "p", "u"])
@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "." * 50, "W10.sig", "x" * 6000, "😀"])
def test_a_link_that_is_not_ours_does_nothing(
    client: TestClient, store: Store, kind: str, token: str
) -> None:
    one = reader(store)
    assert client.get(f"/{kind}/{token}").status_code == 404
    assert client.post(f"/{kind}/{token}", data=ONE_CLICK).status_code == 404
    assert subscribers.everyone(store) == [one]


def test_no_link_passes_for_another(client: TestClient, store: Store) -> None:
    one = reader(store)
    made = {"c": signer.confirm(one, NOW), "p": signer.choices(one), "u": signer.leave(one)}
    for kind, own in made.items():
        for other, token in made.items():
            expected = 200 if kind == other else 404
            assert client.get(f"/{kind}/{token}").status_code == expected
        assert Signer("another-secret-key!").choices(one) != own


def test_who_tries_many_links_is_asked_to_wait(client: TestClient, clock: Clock) -> None:
    codes = [client.get(f"/p/{n}").status_code for n in range(30)]
    assert (codes[0], codes[-1]) == (404, 429)
    clock.tick(timedelta(minutes=5))
    assert client.get("/p/x").status_code == 404


def test_who_sends_many_forms_is_asked_to_wait(client: TestClient, settings: Settings) -> None:
    answers = [subscribe(client, f"reader{n}@example.org") for n in range(15)]
    assert [a.status_code for a in answers].count(200) == 10
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert len(mails(settings)) == 10


def test_a_crowd_cannot_send_more_than_so_many_mails(
    store: Store, catalog: Catalog, settings: Settings, clock: Clock
) -> None:
    trusting = settings.model_copy(update={"trusted_proxies": "192.0.2.0/24"})
    web = Web(trusting, store, catalog, now=lambda: clock.at, clock=lambda: clock.seconds)
    client = ask(web, client=("192.0.2.1", 1))
    codes = []
    for number in range(70):
        headers = {"x-forwarded-for": f"198.51.100.{number}"}
        answer = subscribe(client, f"reader{number}@example.org", headers=headers)
        codes.append(answer.status_code)
    assert codes.count(200) == 60
    assert codes[-1] == 503
    assert len(mails(settings)) == 60


def test_a_made_up_forwarded_address_buys_nothing(client: TestClient) -> None:
    codes = [
        subscribe(client, f"r{n}@example.org", headers={"x-forwarded-for": f"198.51.100.{n}"})
        for n in range(15)
    ]
    assert codes[-1].status_code == 429


def test_requests_of_a_client_are_limited_and_watchers_are_not(
    store: Store, catalog: Catalog, settings: Settings, clock: Clock
) -> None:
    strict = settings.model_copy(update={"serve_rate": 5})
    web = Web(strict, store, catalog, now=lambda: clock.at, clock=lambda: clock.seconds)
    client = ask(web)
    codes = [client.get("/api/v1/issues").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    problem = client.get("/api/v1/issues")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.headers["x-content-type-options"] == "nosniff"
    assert client.get("/metrics").status_code == 200
    assert client.get("/healthz").status_code == 503


@pytest.mark.parametrize("path", ["/subscribe", "/u/x", "/p/x", "/c/x"])
def test_a_body_that_is_too_large_is_not_read(client: TestClient, path: str) -> None:
    large = urlencode({"email": "x" * 20_000})
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post(path, content=large, headers=kind).status_code == 413

    def endless() -> Any:
        for _ in range(100):
            yield b"a=1&" * 1000

    assert client.post(path, content=endless(), headers=kind).status_code == 413


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/json", b"{}", 415),
        ("", b"email=a@example.org", 415),
        ("application/x-www-form-urlencoded", b"\xff\xfe=1", 400),
        ("application/x-www-form-urlencoded", b"email=%ff", 400),
        ("application/x-www-form-urlencoded", b"a=1&" * 300, 400),
        ("multipart/form-data", b"--x--", 400),
        ("multipart/form-data; boundary=x", b"nonsense", 400),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    client: TestClient, kind: str, body: bytes, code: int
) -> None:
    answer = client.post("/subscribe", content=body, headers={"content-type": kind})
    assert answer.status_code == code


def test_a_body_that_never_ends_is_given_up(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.05)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    kind = (b"content-type", b"application/x-www-form-urlencoded")
    scope = {
        "type": "http", "method": "POST", "path": "/subscribe", "raw_path": b"/subscribe",
        "root_path": "", "query_string": b"", "headers": [kind, (b"content-length", b"9")],
        "client": ("192.0.2.1", 1), "server": ("localhost", 80), "scheme": "http",
        "http_version": "1.1",
    }  # fmt: skip
    in_a_thread(lambda: anyio.run(client.app, scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_reader_who_was_suspended_gets_mails_again(client: TestClient, store: Store) -> None:
    one = subscribers.add(store, Subscriber(0, ADDRESS, NOW, suspended=True))[0]
    link = f"/p/{signer.choices(one)}"
    assert "Mails are stopped" in client.get(link).text
    assert "Saved" in client.post(link, data={"often": "weekly"}).text
    assert not subscribers.everyone(store)[0].suspended


def test_choices_that_no_form_offers_stay_as_they_are(client: TestClient, store: Store) -> None:
    given = Subscriber(0, ADDRESS, NOW, max_tier=7, timezone="Etc/GMT+3", locale="fi")
    one = subscribers.add(store, given)[0]
    link = f"/p/{signer.choices(one)}"
    client.post(link, data={"often": "monthly"})
    (found,) = subscribers.everyone(store)
    assert (found.max_tier, found.timezone, found.locale, found.monthly) == (
        7,
        "Etc/GMT+3",
        "fi",
        True,
    )


def test_choices_of_who_left_are_gone(client: TestClient, store: Store) -> None:
    one = reader(store)
    subscribers.remove(store, one.email)
    link = f"/p/{signer.choices(one)}"
    assert client.get(link).status_code == 410
    assert client.post(link, data={"often": "monthly"}).status_code == 410
    assert subscribers.everyone(store) == []


def test_these_pages_are_kept_by_nobody(client: TestClient, store: Store) -> None:
    one = reader(store)
    for path in ("/subscribe", f"/p/{signer.choices(one)}", f"/u/{signer.leave(one)}", "/u/x"):
        headers = client.get(path, headers={"accept-encoding": "gzip"}).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex"
        assert headers["referrer-policy"] == "no-referrer"
        assert "content-encoding" not in headers  # no secret beside what a stranger chose
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_pages_hold_no_style_or_script_of_their_own(client: TestClient, store: Store) -> None:
    one = reader(store)
    for path in ("/subscribe", f"/p/{signer.choices(one)}", f"/u/{signer.leave(one)}", "/nothing"):
        text = client.get(path).text
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", text)


def test_without_key_or_address_subscribing_is_off(
    store: Store, catalog: Catalog, settings: Settings
) -> None:
    for off in ({"site_url": ""}, {"secret_key": None}):
        web = Web(settings.model_copy(update=off), store, catalog, now=lambda: NOW)
        client = ask(web)
        for path in ("/subscribe", "/u/x", "/p/x", "/c/x"):
            assert client.get(path).status_code == 404
            assert "does not send its digest by mail" in client.get(path).text


def test_the_log_holds_no_address_and_no_token(
    client: TestClient, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    one = reader(store)
    token = signer.leave(one)
    subscribe(client)
    client.get(f"/c/{signer.confirm(one, NOW)}")
    client.post(f"/u/{token}", data=ONE_CLICK)
    client.get(f"/{ADDRESS}?email={ADDRESS}")
    said = "".join(capsys.readouterr())
    assert "answered" in said
    for secret in (ADDRESS, "example.org", token, SECRET, "testclient"):
        assert secret not in said
