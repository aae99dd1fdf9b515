"""Putting jobs into the queue, for every command that has `--queue`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.cli.common import Context

if TYPE_CHECKING:
    from monitor.queue.app import Job


def put(ctx: Context, jobs: Sequence[Job]) -> int:
    """Put jobs into the queue; how many, for those that wait in it already are left out."""
    from monitor.queue import app

    app.require(ctx.settings.url)
    from monitor.queue.deferring import defer

    return defer(ctx.settings.url, jobs)
