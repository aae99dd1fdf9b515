"""Readers in the store: kept once, changed, and removed for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from monitor.model import Issue, Subscriber
from monitor.store import Store, issues, subscribers
from tests.conftest import NOW

READER = Subscriber(0, "someone@example.org", NOW, topics=("ldn",), locale="fi")


def test_a_reader_is_kept_once_and_joins_once(store: Store) -> None:
    first, new = subscribers.add(store, READER)
    again, twice = subscribers.add(store, replace(READER, joined=NOW + timedelta(1), max_tier=2))
    assert (new, twice) == (True, False)
    assert (again.id, again.joined, again.max_tier) == (first.id, NOW, 2)
    assert subscribers.everyone(store) == [again]


def test_choices_change_by_id_and_the_address_stays(store: Store) -> None:
    reader, _ = subscribers.add(store, READER)
    assert subscribers.change(store, replace(reader, monthly=True, email="other@example.org"))
    found = subscribers.find(store, READER.email)
    assert found == replace(reader, monthly=True)
    assert not subscribers.change(store, replace(reader, id=99))


def test_a_link_of_someone_who_left_does_not_speak_for_who_came_after(store: Store) -> None:
    left, _ = subscribers.add(store, READER)
    subscribers.remove(store, left.email)
    came, _ = subscribers.add(
        store, Subscriber(0, "new@example.org", NOW + timedelta(microseconds=1))
    )
    assert subscribers.get(store, left.id, left.joined) is None
    assert subscribers.get(store, came.id, came.joined) == came


def _files(store: Store) -> list[Path]:
    path = Path(str(store.engine.url.database))
    return [p for p in path.parent.glob(path.name + "*") if p.is_file()]


def test_who_was_removed_stands_in_no_file_of_the_database(store: Store) -> None:
    kept, _ = subscribers.add(store, Subscriber(0, "kept@example.org", NOW))
    for number in range(40):  # enough that pages split and rows move
        subscribers.add(store, replace(READER, email=f"other{number}@example.net"))
        subscribers.add(store, replace(READER, email=f"leaver{number}@example.org"))
    gone = [r for r in subscribers.everyone(store) if r.email.startswith("leaver")]
    pending = [(r.id, f"<{r.id}@example.org>") for r in [*gone, kept]]
    issues.create(store, Issue(1, NOW, None, NOW, first=True), [], pending)
    for reader in gone:
        subscribers.change(store, replace(reader, mechanisms=("nk_cell",)))
        assert subscribers.remove(store, reader.email)
        assert not subscribers.remove(store, reader.email)
    subscribers.scrub(store)
    assert issues.delivery_counts(store)["pending"] == 1
    if store.is_sqlite:
        held = {p: p.read_bytes() for p in _files(store)}
        assert any(b"kept@example.org" in content for content in held.values())
        assert [p for p, content in held.items() if b"leaver" in content] == []
