"""The files of the site: the right ones, with the right headers, whatever happens beneath."""

from __future__ import annotations

import gzip
import itertools
import os
import re
import threading
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from monitor.catalog import Catalog
from monitor.ledger import stage as ledger_stage
from monitor.publish import site as publisher
from monitor.publish import stage as publish_stage
from monitor.serve import guard
from monitor.serve import site as reader
from monitor.settings import Settings
from monitor.store import Store
from tests.conftest import in_a_thread
from tests.serve.conftest import SITE

PAGE = b"<!DOCTYPE html><title>start</title>" + b"x" * 2000
FILES = [
    ("index.html", PAGE),
    ("claims/index.html", b"claims"),
    ("feeds/all.xml", b"<feed/>"),
    ("exports/papers.csv", b"pmid\r\n1\r\n"),
    ("static/search.js", b"1;"),
    ("odd.bin", b"\x00\x01"),
]


@pytest.fixture
def site(settings: Settings) -> Path:
    publisher.write(settings.reports_dir, FILES)
    return settings.reports_dir


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/claims/", "text/html; charset=utf-8"),
        ("/feeds/all.xml", "application/atom+xml; charset=utf-8"),
        ("/exports/papers.csv", "text/csv; charset=utf-8"),
        ("/static/search.js", "text/javascript; charset=utf-8"),
        ("/odd.bin", "application/octet-stream"),
    ],
)
def test_each_file_has_its_type(site: Path, client: TestClient, path: str, kind: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_copy_that_is_current_is_not_sent_again(site: Path, client: TestClient) -> None:
    first = client.get("/", headers={"accept-encoding": "identity"})
    assert first.content == PAGE
    same = client.get("/", headers={"if-none-match": f'"other", {first.headers["etag"]}'})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    since = {"if-modified-since": first.headers["last-modified"]}
    assert client.get("/", headers=since).status_code == 304
    assert client.get("/", headers=since | {"if-none-match": '"other"'}).status_code == 200
    assert client.get("/", headers={"if-modified-since": "nonsense"}).status_code == 200
    head = client.head("/")
    assert (head.status_code, head.content) == (200, b"")


def test_pages_are_compressed_for_those_who_take_it(site: Path, client: TestClient) -> None:
    with client.stream("GET", "/", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "accept-encoding"
        sent = b"".join(answer.iter_raw())
    assert len(sent) < len(PAGE) / 4
    assert gzip.decompress(sent) == PAGE
    refused = client.get("/", headers={"accept-encoding": "gzip;q=0, br"})
    assert "content-encoding" not in refused.headers


@pytest.mark.parametrize(
    "path",
    [
        "/.manifest.json",
        "/../monitor.db",
        "/..%2fmonitor.db",
        "/%2e%2e/monitor.db",
        "/claims/%2e%2e/%2e%2e/monitor.db",
        "/claims/..%2f..%2fmonitor.db",
        "/claims/..%5c..%5cmonitor.db",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/link.html",
        "/folder/passwd",
        "/pipe.html",
        "/index.html%00.txt",
        "/index.html/",
        "/" + "a" * 5000,
        "/nothing.html",
    ],
)
def test_what_is_not_of_the_site_is_not_there(site: Path, client: TestClient, path: str) -> None:
    (site.parent / "link-target").write_text("secret")
    (site / "link.html").symlink_to(site.parent / "link-target")
    (site / "folder").symlink_to("/etc")
    os.mkfifo(site / "pipe.html")
    assert (site.parent / "monitor.db").exists()
    answer = client.get(path)
    assert answer.status_code == 404
    assert "SQLite" not in answer.text
    assert "root:" not in answer.text
    assert "secret" not in answer.text


def test_a_folder_leads_to_its_slash_and_never_to_another_host(
    site: Path, client: TestClient
) -> None:
    answer = client.get("/claims", headers={"host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (308, "claims/")
    for path in (
        "//evil.example/claims",
        "/%2f%2fevil.example",
        "//evil.example/%2e%2e",
        "/\\evil",
    ):
        found = client.get(f"{SITE}{path[1:]}")
        assert found.status_code == 404
        assert "location" not in found.headers
    for path in ("/subscribe/", "/api/v1/papers/", "/healthz/"):
        assert "location" not in client.get(path, headers={"host": "evil.example"}).headers


def test_the_site_may_only_be_read(site: Path, client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = client.request(method, "/index.html")
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]


def test_a_file_that_was_opened_is_sent_whole_though_the_site_is_exchanged(
    site: Path, settings: Settings
) -> None:
    opened = reader.open_file(site, "")
    assert opened is not None
    publisher.write(site, [("index.html", b"short")])
    again = reader.open_file(site, "index.html")
    assert again is not None
    with closing(opened), closing(again):
        assert b"".join(opened.chunks()) == PAGE
        assert opened.size == len(PAGE)
        assert again.tag != opened.tag
        assert b"".join(again.chunks()) == b"short"


def test_readers_see_old_or_new_pages_while_the_site_is_exchanged(
    site: Path, client: TestClient
) -> None:
    versions = [bytes([65 + n]) * (1000 + 700 * n) for n in range(6)]
    publisher.write(site, [("index.html", versions[0])])
    seen: set[bytes] = set()
    enough = threading.Event()

    def publish() -> None:
        for version in itertools.cycle(versions):
            if enough.is_set():
                return
            publisher.write(site, [("index.html", version)])

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        for _ in range(5000):
            answer = client.get("/")
            assert answer.status_code == 200
            assert answer.content in versions
            seen.add(answer.content)
            if len(seen) == len(versions):
                break
    finally:
        enough.set()
        thread.join()
    assert len(seen) > 1


@pytest.mark.parametrize("stays", [True, False])
def test_no_file_stays_open_whether_the_client_stays_or_leaves(
    site: Path, client: TestClient, stays: bool
) -> None:
    left = {"type": "http.disconnect"}
    first = {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        waiting = [first] if stays else []

        async def receive() -> dict[str, object]:
            if waiting:
                return waiting.pop()
            if stays:
                await anyio.sleep_forever()
            return left

        async def send(message: object) -> None:
            if not stays:
                raise OSError("gone")

        for encoding in (b"identity", b"gzip"):
            scope = {
                "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "root_path": "",
                "query_string": b"", "headers": [(b"accept-encoding", encoding)],
                "client": ("192.0.2.1", 1), "server": ("localhost", 80), "scheme": "http",
                "http_version": "1.1",
            }  # fmt: skip
            try:
                await client.app(scope, receive, send)
            except (OSError, ClientDisconnect):
                assert not stays

    for _ in range(3):
        in_a_thread(lambda: anyio.run(ask))
    held = [p.readlink() for p in Path("/proc/self/fd").iterdir() if p.is_symlink()]
    assert site / "index.html" not in held


def test_compressed_pages_take_bounded_memory(site: Path) -> None:
    kept = reader.Compressed(room=100, compress=lambda content: content[:60])
    publisher.write(site, [(f"{n}.html", b"y" * 200 + bytes([n])) for n in range(5)])
    for number in range(5):
        opened = reader.open_file(site, f"{number}.html")
        assert opened is not None
        with closing(opened):
            assert kept.of(opened) == b"y" * 60
    assert kept._size <= 100


def test_pages_carry_the_policy_that_they_state_themselves(site: Path, client: TestClient) -> None:
    base = Path(guard.__file__).parents[1] / "publish" / "templates" / "base.html"
    stated = re.search(r'Content-Security-Policy" content="([^"]+)"', base.read_text())
    assert stated is not None
    sent = client.get("/").headers
    assert sent["content-security-policy"] == f"{stated[1]}; frame-ancestors 'none'"
    assert sent["x-frame-options"] == "DENY"
    assert sent["referrer-policy"] == "no-referrer"
    assert sent["strict-transport-security"].startswith("max-age=")


def test_before_the_first_site_there_is_a_style_sheet_and_a_word(client: TestClient) -> None:
    assert client.get("/").status_code == 503
    assert client.get("/static/site.css").headers["content-type"].startswith("text/css")
    assert client.get("/static/forms.css").status_code == 200


@pytest.mark.parametrize("shown", [True, False])
def test_the_site_shows_where_to_subscribe_when_it_is_told_to(
    store: Store, catalog: Catalog, settings: Settings, client: TestClient, shown: bool
) -> None:
    publish_stage.publish(
        store,
        catalog,
        settings.model_copy(update={"subscribe_link": shown}),
        assessor="1",
        figures=ledger_stage.check_figures,
        weigh=ledger_stage.weigher(catalog),
    )
    for path in ("/", "/issues/", "/claims/nk_cell.html", "/mechanisms/nk_cell.html"):
        page = client.get(path)
        if page.status_code == 200:
            assert (f'href="{SITE}subscribe"' in page.text) is shown
    assert client.get("/").status_code == 200
    assert client.get("/subscribe").status_code == 200
