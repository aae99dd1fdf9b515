"""Links in mails that nothing answers are told by `monitor check`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from starlette.testclient import TestClient

from monitor.catalog import Catalog
from monitor.cli.reach import dead_links
from monitor.model import Subscriber
from monitor.serve.app import create
from monitor.serve.context import Web
from monitor.settings import Settings
from monitor.store import Store, subscribers
from tests.conftest import NOW

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"


def configured(url: str, key: str = KEY) -> Settings:
    return Settings.model_validate({"site_url": url, "secret_key": key})


@contextmanager
def serving(answer: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def passing_on(client: TestClient) -> type[BaseHTTPRequestHandler]:
    """What hands requests to the web service, as a proxy would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = client.get(self.path)
            self.send_response(answer.status_code)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Files(BaseHTTPRequestHandler):
    """A host that shows its start page for every address."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<title>The site</title>")

    def log_message(self, *_: object) -> None:
        pass


def service(store: Store, catalog: Catalog, url: str) -> TestClient:
    return TestClient(create(Web(configured(url), store, catalog, now=lambda: NOW)))


def test_links_are_answered_by_serve_with_the_same_key_only(store: Store, catalog: Catalog) -> None:
    reader = subscribers.add(store, Subscriber(0, "a@example.org", NOW))
    with serving(passing_on(service(store, catalog, "http://testserver/"))) as url:
        assert dead_links(configured(url)) == ""
        assert dead_links(configured(url, OTHER)) == f"{url}u/… answers 404"
    assert [r.email for r in subscribers.everyone(store)] == ["a@example.org"], reader


def test_a_host_that_shows_any_page_is_not_taken_for_it() -> None:
    with serving(Files) as url:
        assert dead_links(configured(url)) == f"{url}u/… shows another page"


def test_a_site_that_is_not_there_is_told_in_a_sentence() -> None:
    with serving(Files) as url:
        pass
    assert "cannot be reached from here" in dead_links(configured(url))


@pytest.fixture
def checked(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """What `monitor check` says of links in mails."""
    from monitor.cli import main

    def check(url: str, *, served: bool) -> str:
        for name, value in {
            "DATABASE_URL": store.url,
            "SITE_URL": url,
            "SECRET_KEY": KEY,
            "OPERATOR_EMAIL": "op@example.org",
            "SUBSCRIBE_LINK": str(served),
        }.items():
            monkeypatch.setenv(f"MONITOR_{name}", value)
        monkeypatch.setattr("sys.argv", ["monitor", "check"])
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr().out
        assert KEY not in said
        (line,) = [x for x in said.splitlines() if "links in mails" in x or "readers leave" in x]
        return line

    return check


def test_check_says_what_the_links_need(checked: Callable[..., str]) -> None:
    note = checked("http://127.0.0.1:9/", served=True)
    assert "find no answer: http://127.0.0.1:9/u/" in note
    assert "`monitor serve`" in note
    assert "MONITOR_SECRET_KEY" in note
    assert "unset MONITOR_SUBSCRIBE_LINK" in note


def test_check_finds_nothing_wrong_with_files_only(checked: Callable[..., str]) -> None:
    with serving(Files) as url:
        said = checked(url, served=False)
    assert not said.startswith("note")
    assert "readers leave by a mail to op@example.org" in said


def test_check_says_when_links_could_be_answered(
    checked: Callable[..., str], store: Store, catalog: Catalog
) -> None:
    with serving(passing_on(service(store, catalog, "http://testserver/"))) as url:
        assert "set MONITOR_SUBSCRIBE_LINK" in checked(url, served=False)
