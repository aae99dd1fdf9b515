"""Killed while it sends, by a server that says "later" and hangs up: everyone gets it."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import pytest

from monitor.digest import mail, stage
from monitor.model import Subscriber
from monitor.store import Store, issues, subscribers
from tests.conftest import NOW
from tests.digest.made import issue, item
from tests.digest.sending import CATALOG, smtp
from tests.fakes.smtp import MailServer

SEED = 20261124
READERS = 200
#: The short form runs with the suite; DIGEST_KILLS=50 is the whole.
KILLS = int(os.environ.get("DIGEST_KILLS", "10"))


class Moody:
    """A server's moods: one answer in ten is "later", one mail in twenty is taken and hung up on."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.later = self.drops = 0

    def refuse(self, _address: str) -> str | None:
        if self._rng.random() < 0.05:
            self.later += 1
            return "450 4.2.0 greylisted"
        return None

    def reply(self, _address: str) -> str | None:
        if self._rng.random() < 0.05:
            self.later += 1
            return "451 4.3.0 later"
        return None

    def drop(self, _address: str) -> bool:
        dropped = self._rng.random() < 0.05
        self.drops += dropped
        return dropped


class Senders:
    """A process that forks those that send (see `sending.py`), one at a time."""

    def __enter__(self) -> Self:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.digest.sending"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.close()
        self._parent.wait(timeout=60)
        self._parent.stdout.close()

    def start(self, url: str, port: int, moment: datetime) -> None:
        assert self._parent.stdin
        self._parent.stdin.write(f"{url} {port} {moment.isoformat()}\n".encode())
        self._parent.stdin.flush()
        self._process = int(self._line())

    def running(self) -> bool:
        return not select.select([self._parent.stdout], [], [], 0)[0]

    def kill(self) -> bool:
        """Kill it and wait; whether it was the kill that ended it."""
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        ended = int(self._line())
        assert ended in {0, -signal.SIGKILL}
        return ended != 0

    def _line(self) -> bytes:
        # Unbuffered, so that `running` sees what was not read.
        assert self._parent.stdout
        read = b""
        while not read.endswith(b"\n"):
            read += os.read(self._parent.stdout.fileno(), 1)
        return read


@pytest.mark.slow
def test_killed_at_random_moments_everyone_has_it_and_twins_share_one_message_id(
    store: Store,
) -> None:
    for number in range(READERS):
        subscribers.add(store, Subscriber(0, f"r{number}@example.org", NOW))
    made = issue(number=1, papers=tuple(item(str(i)) for i in range(12)))
    pending = [
        (r.id, mail.message_id(1, NOW, r.id, "example.org")) for r in subscribers.everyone(store)
    ]
    assert issues.create(store, made, [], pending)
    rng = random.Random(SEED)
    mood = Moody(random.Random(SEED))
    url, kills, moment = f"sqlite:///{store.engine.url.database}", 0, NOW
    with (
        MailServer(refuse=mood.refuse, reply=mood.reply, drop_after_data=mood.drop) as server,
        Senders() as senders,
    ):
        while kills < KILLS and issues.delivery_counts(store)["pending"]:
            sent = len(server.received)
            senders.start(url, server.port, moment)
            # Kill it somewhere in the next few mails, wherever it then is.
            few = max(1, (READERS - sent) // max(1, 2 * (KILLS - kills)))
            enough = sent + rng.randint(0, few)
            while senders.running() and len(server.received) < enough:
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.02))
            kills += senders.kill()
            moment += timedelta(minutes=16)  # the lease of the mail it held runs out
        for _ in range(30):
            if not issues.delivery_counts(store)["pending"]:
                break
            stage.deliver(store, CATALOG, smtp(server.port), lambda at=moment: at)
            moment += timedelta(days=1, minutes=1)
    assert kills == KILLS
    assert issues.delivery_counts(store) == {"pending": 0, "sent": READERS, "failed": 0}
    got = defaultdict(list)
    for one in server.received:
        got[one.recipient].append(one.content)
    assert len(got) == READERS
    for contents in got.values():
        assert len(set(contents)) == 1  # the same bytes, and so the same Message-ID
    twice = sum(len(contents) - 1 for contents in got.values())
    print(f"{kills} kills, {mood.drops} drops, {mood.later} times later: {twice} mails twice")
    assert mood.drops > 0
    assert mood.later > READERS // 20
    assert twice <= kills + mood.drops
