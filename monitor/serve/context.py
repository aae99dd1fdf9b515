"""What every answer needs, handed in once: settings, store, catalog, clock, limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Final, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from monitor.catalog import Catalog
from monitor.publish import language
from monitor.serve.limits import Limit, Limiter
from monitor.serve.site import Compressed
from monitor.settings import Settings
from monitor.store import Store
from monitor.wording import Words

P = ParamSpec("P")
R = TypeVar("R")

#: Together fewer than the store keeps connections, so that none of them waits for one.
_READERS: Final = 8
_WRITERS: Final = 3


@dataclass(frozen=True)
class Web:
    """The service's parts. `now` gives aware UTC; `clock` seconds that never go back."""

    settings: Settings
    store: Store
    catalog: Catalog
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic
    compressed: Compressed = field(default_factory=Compressed)

    @cached_property
    def started(self) -> datetime:
        """When the service came up: nothing that it shows is older than its program and queries."""
        return self.now()

    @cached_property
    def words(self) -> Words:
        """What is said on pages, in the language of the site. Raises `ConfigurationError`."""
        return language.words(self.settings.language, self.settings.translations_dir)

    @cached_property
    def requests(self) -> Limiter:
        """Requests of any kind, by client."""
        rate = self.settings.serve_rate
        return Limiter(Limit(rate, rate), self.clock)

    @cached_property
    def forms(self) -> Limiter:
        """Forms that make the service write or send, by client."""
        return Limiter(Limit(2, 10), self.clock)

    @cached_property
    def guesses(self) -> Limiter:
        """Links that were not ours, by client."""
        return Limiter(Limit(6, 20), self.clock)

    @cached_property
    def readers(self) -> CapacityLimiter:
        """Threads for reading the store and files."""
        return CapacityLimiter(_READERS)

    @cached_property
    def writers(self) -> CapacityLimiter:
        """Threads for what may wait long: for the lock of the database, or a mail server."""
        return CapacityLimiter(_WRITERS)

    async def read(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Read from the disk or the store, beside the event loop."""
        return await to_thread.run_sync(partial(function, *args, **kwargs), limiter=self.readers)

    async def write(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Write to the store or send, beside all that reads."""
        return await to_thread.run_sync(partial(function, *args, **kwargs), limiter=self.writers)
