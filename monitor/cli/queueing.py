"""Putting jobs into the queue, for every command that has `--queue`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.cli.common import Context

if TYPE_CHECKING:
    from monitor.queue.app import Job, Put


def put(ctx: Context, jobs: Sequence[Job]) -> Counter[Put]:
    """Put jobs into the queue; how many were, and how many wait in it already.

    When jobs wait and no worker is there to do them, standard error says so.
    """
    from monitor.queue import app

    app.require(ctx.settings.url)
    from monitor.queue import state
    from monitor.queue.deferring import defer

    url, patience = ctx.settings.url, ctx.settings.worker_timeout
    state.look(url, patience)  # without a server this says so at once, and putting after a minute
    found = Counter(defer(url, jobs))
    if said := state.look(url, patience).complaint:
        print(f"note: {said}", file=sys.stderr)
    return found
