"""Mails a second from the store to a sink on loopback, rendering included, and how memory grows.

    python benchmarks/digest.py [DELIVERIES [SETS]]

5,000 deliveries by default, to readers with 24 different sets of choices, of an issue with 40
papers; the sender is held on one core, the sink has a process of its own. Beside the rate it
prints how fast the same bytes go over the same connection without us (`smtplib` alone).
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import smtplib
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime

from monitor import catalog as catalogs
from monitor.digest import mail, stage
from monitor.digest.delivery import Mailer
from monitor.model import Issue, PaperItem, Subscriber
from monitor.settings import Settings, SmtpSecurity, packaged_queries
from monitor.store import Store, issues, schema, subscribers
from monitor.store.codec import encode

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
WORDS = "women with fibromyalgia took low-dose naltrexone or placebo for twelve weeks of pain "


def sink(server: socket.socket) -> None:
    """A server that takes everything, one connection after the other."""
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 sink\r\n")
            for line in lines:
                verb = line[:4].upper()
                if verb == b"DATA":
                    connection.sendall(b"354 go\r\n")
                    while lines.readline() != b".\r\n":
                        pass
                connection.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    break


def paper(number: int, designs: list[str]) -> PaperItem:
    design = designs[number % len(designs)]
    return PaperItem(
        pmid=str(40_000_000 + number),
        title=f"Paper {number}: " + WORDS * 2,
        citation="Someone A and others. Journal of Examples. 2026",
        design=design,
        design_label=design.replace("_", " "),
        tier=1 + number % 5,
        summary="Randomised trial, n = 99, fibromyalgia. The abstract reports no difference.",
        cannot_show="What happens to people unlike those who took part.",
        passage=(WORDS * 4)[:320],
        n=number * 7,
        topics=("ldn",) if number % 2 else ("me-cfs",),
        mechanisms=("nk_cell",) if number % 3 else (),
    )


def fill(store: Store, deliveries: int, sets: int) -> None:
    zones = ("UTC", "Europe/Berlin", "Europe/Helsinki", "America/New_York")
    with store.write() as session:
        connection = session.connection()
        for number in range(deliveries):
            kind = number % sets
            reader = Subscriber(
                0,
                "",
                NOW,
                topics=(("ldn",), ("me-cfs",), ())[kind % 3],
                max_tier=(3, 9)[kind // 3 % 2],
                timezone=zones[kind // 6 % 4],
            )
            connection.exec_driver_sql(
                "INSERT INTO subscriber (email, joined, confirmed, suspended, bounces, data) "
                "VALUES (?, ?, 1, 0, 0, ?)",
                (f"reader{number}@example.org", "2026-03-01 06:00:00.000000", encode(reader)),
            )
    designs = ["randomized_controlled_trial", "cohort", "case_series", "review"]
    papers = tuple(paper(n, designs) for n in range(40))
    made = Issue(1, NOW, NOW, NOW, first=False, papers=papers)
    pending = [
        (r.id, mail.message_id(1, NOW, r.id, "example.org")) for r in subscribers.everyone(store)
    ]
    issues.create(store, made, [], pending)


def kilobytes() -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def bare(port: int, mails: list[bytes]) -> float:
    """Seconds for the same bytes by `smtplib` alone."""
    start = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for content in mails:
            connection.sendmail("m@example.org", ["r@example.org"], content)
    return time.perf_counter() - start


def main() -> None:
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    sets = int(sys.argv[2]) if len(sys.argv) > 2 else 24
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    process = multiprocessing.Process(target=sink, args=(server,), daemon=True)
    process.start()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    catalog = catalogs.load(packaged_queries())
    settings = Settings.model_validate(
        {
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_security": SmtpSecurity.NONE,
            "smtp_rate": 10_000_000,
            "mail_from": "Monitor <m@example.org>",
            "site_url": "https://example.org/",
            "secret_key": "no secret: a benchmark's",
        }
    )
    seen: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitor.db")
        schema.upgrade(store)
        fill(store, deliveries, sets)
        mailer = Mailer(store, catalog, settings)
        some = [mailer.mail(d)[1] for d in issues.due(store, NOW, 100)]
        lone = bare(port, some * (deliveries // 1000 or 1)) / len(some * (deliveries // 1000 or 1))

        def watch(done: int, _total: int) -> None:
            if done % (deliveries // 10 or 1) == 0:
                seen.append(kilobytes())

        start, cpu = time.perf_counter(), time.process_time()
        done = stage.deliver(store, catalog, settings, lambda: NOW, progress=watch)
        wall, used = time.perf_counter() - start, time.process_time() - cpu
        store.close()
    process.terminate()
    process.join()
    server.close()
    size = sum(map(len, some)) // len(some) // 1024
    count = sum(done.values())
    print(f"{count} deliveries ({ {o.value: n for o, n in done.items()} }), {size} KB each")
    print(f"{count / wall:.0f} a second by the clock, {count / used:.0f} by processor time")
    print(f"smtplib alone, same bytes: {1 / lone:.0f} a second; ratio {lone / (wall / count):.2f}")
    print(f"memory at each tenth, MB: {', '.join(str(k // 1024) for k in seen)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak {peak} MB")


if __name__ == "__main__":
    main()
