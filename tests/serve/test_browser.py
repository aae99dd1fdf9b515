"""The service's pages in a real browser: a reader's way, its look on a phone, its accessibility."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn

from monitor.catalog import Catalog
from monitor.model import Subscriber
from monitor.publish.site import write
from monitor.serve.app import create
from monitor.serve.context import Web
from monitor.serve.server import config
from monitor.settings import Settings
from monitor.store import Store, subscribers
from monitor.tokens import Signer
from tests.serve.conftest import SECRET
from tests.serve.test_subscribing import ADDRESS, link_of, mails

pytestmark = [
    pytest.mark.browser,
]
signer = Signer(SECRET)


@pytest.fixture
def address(store: Store, catalog: Catalog, settings: Settings) -> Iterator[str]:
    """A service that listens on loopback."""
    write(settings.reports_dir, [("index.html", b"<!DOCTYPE html><title>start</title>start")])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        own = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        here = settings.model_copy(update={"site_url": own})
        web = Web(here, store, catalog, now=lambda: datetime.now(UTC))
        server = uvicorn.Server(config(create(web)))
        run = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        run.start()
        try:
            yield own
        finally:
            server.should_exit = True
            run.join()


def test_a_reader_subscribes_chooses_and_leaves(
    chromium: Any, address: str, store: Store, settings: Settings
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{address}subscribe")
    page.fill("input[type=email]", ADDRESS)
    page.get_by_label("Once a month").check()
    page.get_by_role("button").click()
    assert page.get_by_role("heading", level=1).inner_text() == "One more step"
    for _ in range(100):
        if mails(settings):
            break
        page.wait_for_timeout(50)
    (mail,) = mails(settings)
    page.goto(address + link_of(mail, address)[1:])
    assert subscribers.everyone(store) == []
    page.get_by_role("button").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Thank you"
    (reader,) = subscribers.everyone(store)
    assert (reader.email, reader.monthly) == (ADDRESS, True)
    page.get_by_role("link", name="Change your choices").click()
    page.get_by_label("Plain text only").check()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text().startswith("Saved")
    page.get_by_role("link", name="Stop these mails").click()
    page.get_by_role("button").click()
    assert subscribers.everyone(store) == []
    assert context.cookies() == []
    assert complaints == []  # nothing that the policy forbids, nothing that is missing
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_used_by_everyone(
    chromium: Any, address: str, store: Store, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    now = datetime.now(UTC)
    reader, _ = subscribers.add(store, Subscriber(0, ADDRESS, now, mechanisms=("nk_cell",)))
    confirm = signer.confirm(Subscriber(0, "b@example.org", now), now)
    # The policy forbids scripts, also that of the check: it is switched off for it alone.
    context = chromium.new_context(
        viewport={"width": 320, "height": 700}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    for path in ("subscribe", f"p/{signer.choices(reader)}", f"u/{signer.leave(reader)}",
                 f"c/{confirm}", "u/x"):  # fmt: skip
        page.goto(address + path)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), path
    context.close()
