"""The talk with a mail server: what each answer means, and what a lost connection costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.catalog import Catalog
from monitor.digest import delivery, stage
from monitor.digest.transport import Outbox, Outcome, Smtp
from monitor.errors import MailError
from monitor.model import DeliveryState, Subscriber
from monitor.settings import Settings
from monitor.store import Store, issues, notices, subscribers
from tests.conftest import NOW
from tests.digest.made import add_readers, issue
from tests.digest.sending import smtp
from tests.fakes.smtp import MailServer


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def queue(store: Store, *addresses: str) -> None:
    """An issue for these readers, not sent yet."""
    add_readers(store, *addresses)
    pending = [(r.id, f"<{r.id}@example.org>") for r in subscribers.everyone(store)]
    assert issues.create(store, issue(number=1), [], pending)


@pytest.mark.parametrize(
    ("answer", "outcome", "bounces"),
    [
        ("450 4.2.1 busy", Outcome.LATER, 0),
        ("421 4.3.2 going down", Outcome.LATER, 0),
        ("550 5.1.1 no such user", Outcome.REFUSED, 1),
        ("550 no such user", Outcome.REFUSED, 1),
        ("554 5.7.1 we do not like your domain", Outcome.REJECTED, 0),
        ("552 5.3.4 too large", Outcome.REJECTED, 0),
    ],
)
@pytest.mark.parametrize("stage_of_talk", ["refuse", "reply"])
def test_what_a_server_answers_is_about_the_address_or_about_us(
    store: Store,
    catalog: Catalog,
    server: MailServer,
    answer: str,
    outcome: Outcome,
    bounces: int,
    stage_of_talk: str,
) -> None:
    queue(store, "odd@example.org", "good@example.org")
    odd = {"odd@example.org": answer}
    setattr(server, stage_of_talk, odd.get)
    done = stage.deliver(store, catalog, smtp(server.port), lambda: NOW)
    assert done == {outcome: 1, Outcome.SENT: 1}
    found = issues.of_reader(store, 1, 1)
    assert found is not None
    later = DeliveryState.PENDING if outcome is Outcome.LATER else DeliveryState.FAILED
    assert (found.state, found.error.partition(" ")[0]) == (later, answer[:3])
    assert _bounces(store) == bounces
    assert bool(notices.waiting(store)) == (outcome is Outcome.REJECTED)


def _bounces(store: Store) -> int:
    with store.read() as session:
        query = "SELECT max(bounces) FROM subscriber"
        return int(session.connection().exec_driver_sql(query).scalar_one())


def test_what_a_server_says_is_kept_without_the_address(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, "Some.One@example.org")
    server.refuse = lambda address: f"554 5.7.1 <{address.lower()}>: not welcome"
    stage.deliver(store, catalog, smtp(server.port), lambda: NOW)
    found = issues.of_reader(store, 1, 1)
    assert found is not None
    assert found.error == "554 5.7.1 <(the address)>: not welcome"
    assert "one@example.org" not in str(notices.waiting(store)).lower()


def test_later_is_tried_again_with_growing_pauses_for_days_and_then_given_up(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, "busy@example.org")
    server.refuse = lambda _: "450 busy"
    now, tries = NOW, [NOW]
    for _ in range(20):
        stage.deliver(store, catalog, smtp(server.port), lambda at=now: at)
        found = issues.of_reader(store, 1, 1)
        assert found is not None
        if found.state is not DeliveryState.PENDING:
            break
        assert found.next_try is not None
        assert stage.deliver(store, catalog, smtp(server.port), lambda at=now: at) == {}
        now = found.next_try
        tries.append(now)
    pauses = [b - a for a, b in zip(tries, tries[1:], strict=False)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= timedelta(minutes=5)
    assert timedelta(days=4) < tries[-1] - NOW < timedelta(days=7)
    assert found.state is DeliveryState.FAILED
    assert (_bounces(store), subscribers.everyone(store)[0].suspended) == (0, False)
    (notice,) = notices.waiting(store)
    assert "could not be delivered" in notice[2]


def test_an_idle_connection_that_was_closed_costs_nothing(server: MailServer) -> None:
    with Smtp(smtp(server.port)) as out:
        assert out.send("m@example.org", "a@example.org", "a", b"x\r\n")[0] is Outcome.SENT
        assert out._connection is not None
        out._connection.sock.shutdown(2)
        assert out.send("m@example.org", "b@example.org", "b", b"x\r\n")[0] is Outcome.SENT
    assert [r.recipient for r in server.received] == ["a@example.org", "b@example.org"]
    assert server.connections == 2


def test_many_mails_go_over_one_connection(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, *(f"r{n}@example.org" for n in range(120)))
    seen: list[tuple[int, int]] = []
    show = lambda done, total: seen.append((done, total))  # noqa: E731
    stage.deliver(store, catalog, smtp(server.port), lambda: NOW, progress=show)
    assert server.connections == 1
    assert seen == [(n, 120) for n in range(1, 121)]


def test_a_sender_that_the_server_does_not_take_stops_all_and_fails_none(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, "a@example.org", "b@example.org")
    server.refuse_sender = lambda _: "553 5.7.1 sender not allowed"
    with pytest.raises(MailError, match="MONITOR_MAIL_FROM"):
        stage.deliver(store, catalog, smtp(server.port), lambda: NOW)
    assert issues.delivery_counts(store) == {"pending": 2, "sent": 0, "failed": 0}
    server.refuse_sender = lambda _: None
    assert stage.deliver(store, catalog, smtp(server.port), lambda: NOW) == {Outcome.SENT: 2}


def test_who_leaves_while_mails_are_sent_stops_nobody(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, "a@example.org", "b@example.org", "c@example.org")

    def leave(address: str) -> str | None:
        if address == "a@example.org":
            subscribers.remove(store, "a@example.org")
            subscribers.remove(store, "b@example.org")
        return None

    server.reply = leave
    stage.deliver(store, catalog, smtp(server.port), lambda: NOW)
    assert [r.recipient for r in server.received] == ["a@example.org", "c@example.org"]
    assert issues.delivery_counts(store) == {"pending": 0, "sent": 1, "failed": 0}


def test_a_mail_that_cannot_be_made_holds_back_nobody(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, "odd@example.org", "good@example.org")
    odd = subscribers.everyone(store)[0]
    subscribers.change(store, replace(odd, timezone="Mars/Crater"))
    done = stage.deliver(store, catalog, smtp(server.port), lambda: NOW)
    assert done == {Outcome.LATER: 1, Outcome.SENT: 1}
    assert [r.recipient for r in server.received] == ["good@example.org"]
    (notice,) = notices.waiting(store)
    assert "cannot be made" in notice[2]
    subscribers.change(store, odd)
    later = NOW + timedelta(minutes=6)
    assert stage.deliver(store, catalog, smtp(server.port), lambda: later) == {Outcome.SENT: 1}


def test_two_processes_send_each_mail_once(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, *(f"r{n}@example.org" for n in range(60)))
    both = threading.Barrier(2)

    def work() -> None:
        own = Store(f"sqlite:///{store.engine.url.database}")
        both.wait()
        stage.deliver(own, catalog, smtp(server.port), lambda: NOW)
        own.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert server.connections == 2
    assert len(server.received) == len({r.recipient for r in server.received}) == 60


def test_a_suspended_reader_who_comes_back_gets_no_backlog(
    store: Store, catalog: Catalog, server: MailServer
) -> None:
    queue(store, "bad@example.org")
    for number in (2, 3, 4):
        issues.create(store, issue(number=number), [], [(1, f"<{number}@example.org>")])
    server.refuse = lambda _: "550 5.1.1 no such user"
    stage.deliver(store, catalog, smtp(server.port), lambda: NOW)
    assert subscribers.everyone(store)[0].suspended
    assert issues.delivery_counts(store) == {"pending": 0, "sent": 0, "failed": 4}
    server.refuse = lambda _: None
    subscribers.add(store, Subscriber(0, "bad@example.org", NOW))
    assert stage.deliver(store, catalog, smtp(server.port), lambda: NOW) == {}
    assert _bounces(store) == 0


def test_mails_keep_the_rate_of_the_settings(
    store: Store, catalog: Catalog, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(store, *(f"r{n}@example.org" for n in range(25)))
    settings: Settings = smtp(server.port).model_copy(update={"smtp_rate": 120})
    clock, slept = [1000.0], [0.0]
    monkeypatch.setattr(delivery.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "time", lambda: clock[0])

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        slept[0] += seconds

    patched: Callable[..., delivery.SlotLimiter] = lambda *a, **k: LIMITER(  # noqa: E731
        *a, clock=lambda: clock[0], **k
    )
    monkeypatch.setattr(delivery, "SlotLimiter", patched)
    stage.deliver(store, catalog, settings, lambda: NOW, sleep=sleep)
    assert len(server.received) == 25
    # 25 mails at two a second: the last one goes 12 seconds after the first.
    assert slept[0] == pytest.approx(12.0, abs=0.6)


LIMITER = delivery.SlotLimiter


def test_mails_in_a_folder_are_for_its_owner_alone(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox") as folder:
        folder.send("a@example.org", "b@example.org", "mail", b"To: b@example.org\r\n\r\n")
    assert (tmp_path / "outbox" / "mail.eml").exists()
    assert (tmp_path / "outbox").stat().st_mode & 0o077 == 0
