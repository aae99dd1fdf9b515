"""The service's pages speak the language of the site, by the same catalogue."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import lxml.html
import pytest
from babel.messages.pofile import read_po, write_po
from starlette.testclient import TestClient

from monitor.catalog import Catalog
from monitor.errors import ConfigurationError
from monitor.serve.app import create
from monitor.serve.context import Web
from monitor.settings import Settings
from monitor.store import Store
from tests.conftest import NOW
from tests.serve.conftest import SECRET, Clock, ask
from tests.serve.test_subscribing import ADDRESS, link_of, mails, reader, signer, subscribe

POT = Path(__file__).parents[2] / "monitor" / "publish" / "locale" / "messages.pot"


def marked(text: str) -> str:
    return f"⟦{text}⟧"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site in a made-up translation, in which each message stands in brackets."""
    catalog = read_po(io.BytesIO(POT.read_bytes()))
    catalog.locale = "fi"
    for message in catalog:
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            said = [marked(i) for i in ids]
            message.string = said[0] if isinstance(message.id, str) else tuple(said)
    with (tmp_path / "fi.po").open("wb") as file:
        write_po(file, catalog)
    return Settings.model_validate(
        {
            "reports_dir": tmp_path / "site",
            "outbox_dir": tmp_path / "outbox",
            "site_url": "https://evidence.example.org/",
            "secret_key": SECRET,
            "mail_from": "Evidence monitor <monitor@example.org>",
            "language": "fi",
            "translations_dir": tmp_path,
        }
    )


@pytest.fixture
def client(store: Store, catalog: Catalog, settings: Settings, clock: Clock) -> TestClient:
    return ask(Web(settings, store, catalog, now=lambda: clock.at, clock=lambda: clock.seconds))


def left_in_english(html: str) -> str:
    """Words of a page that come from no message; addresses and names of zones are nobody's."""
    page = lxml.html.fromstring(html)
    assert page.get("lang") == "fi"
    for element in page.iter("option"):
        element.text = ""
    text, before = page.text_content().replace(ADDRESS, ""), ""
    while text != before:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", "", text)
    return " ".join(re.findall(r"[^\W\d_]{2,}", text))


PAGES: list[Callable[[TestClient, Store, Settings], str]] = [
    lambda c, _s, _t: c.get("/subscribe").text,
    lambda c, _s, _t: subscribe(c).text,
    lambda c, _s, _t: subscribe(c, "no address").text,
    lambda c, _s, _t: subscribe(c, topic="nothing").text,
    lambda c, s, _t: c.get(f"/p/{signer.choices(reader(s))}").text,
    lambda c, s, _t: c.post(f"/p/{signer.choices(reader(s))}", data={"tier": "2"}).text,
    lambda c, s, _t: c.get(f"/u/{signer.leave(reader(s))}").text,
    lambda c, s, _t: (
        c.post(f"/u/{signer.leave(reader(s))}", data={"List-Unsubscribe": "One-Click"}).text
    ),
    lambda c, _s, _t: c.get("/u/x").text,
    lambda c, _s, _t: c.get("/nothing.html").text,
    lambda c, _s, _t: c.get("/").text,
    lambda c, _s, _t: c.post("/methods.html").text,
    lambda c, _s, _t: c.post("/subscribe", content=b"x", headers={"content-type": "a/b"}).text,
]


@pytest.mark.parametrize("show", PAGES)
def test_every_word_of_a_page_is_translated(
    show: Callable[[TestClient, Store, Settings], str],
    client: TestClient,
    store: Store,
    settings: Settings,
) -> None:
    html = show(client, store, settings)
    assert "⟦" in html
    assert left_in_english(html) == ""


def test_who_confirms_is_spoken_to_in_the_language_of_the_site(
    client: TestClient, settings: Settings
) -> None:
    subscribe(client, mechanism="nk_cell", tier="2")
    link = link_of(mails(settings)[0])
    assert left_in_english(client.get(link).text) == ""
    assert left_in_english(client.post(link).text) == ""


def test_a_bare_word_would_be_found() -> None:
    assert left_in_english('<html lang="fi"><p>⟦Papers⟧ of ⟦a ⟦b⟧⟧ yesterday</p>') == "of yesterday"


def test_a_translation_that_is_missing_is_told_at_the_start(
    store: Store, catalog: Catalog, tmp_path: Path
) -> None:
    settings = Settings(language="sv", translations_dir=tmp_path)
    with pytest.raises(ConfigurationError, match=r"sv\.po"):
        create(Web(settings, store, catalog, now=lambda: NOW))
