"""Processes that send what is due, to be killed at any moment.

Run as a program, it reads lines "url port moment", forks a process for each that sends, writes its
number, and then how it ended. So the catalog is loaded once for all of them.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime

from monitor import catalog as catalogs
from monitor.digest import stage
from monitor.settings import Settings, SmtpSecurity, packaged_queries
from monitor.store import Store

CATALOG = catalogs.load(packaged_queries())


def smtp(port: int) -> Settings:
    return Settings(
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security=SmtpSecurity.NONE,
        smtp_rate=1_000_000,
        mail_from="Monitor <m@example.org>",
    )


def send(url: str, port: int, moment: datetime) -> None:
    store = Store(url)
    stage.deliver(store, CATALOG, smtp(port), lambda: moment)
    store.close()


def main() -> None:
    for line in sys.stdin:
        url, port, moment = line.split()
        if not (process := os.fork()):
            send(url, int(port), datetime.fromisoformat(moment))
            os._exit(0)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
