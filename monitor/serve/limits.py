"""Rate limits in process, with bounded memory. The clock is handed in."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: Clients remembered at most; the one not seen for longest is forgotten first.
_REMEMBERED: Final = 20_000
#: One, but for what floating point loses.
_WHOLE: Final = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `burst` at once, and `per_minute` in the long run."""

    per_minute: float
    burst: int


class Limiter:
    """Token buckets by client. `clock` gives seconds that never go back.

    A flood from more clients than are remembered makes the oldest forgotten: memory stays bounded,
    and a client that comes back after that starts afresh.
    """

    def __init__(
        self, limit: Limit, clock: Callable[[], float], remembered: int = _REMEMBERED
    ) -> None:
        self._limit, self._clock, self._remembered = limit, clock, remembered
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str) -> float:
        """Take one from a client's bucket: 0, or the seconds to wait when it is empty."""
        per_second = self._limit.per_minute / 60
        with self._lock:
            now = self._clock()
            left, seen = self._left.get(client, (float(self._limit.burst), now))
            left = min(float(self._limit.burst), left + max(0.0, now - seen) * per_second)
            taken = left >= _WHOLE
            wait = 0.0 if taken else (1 - left) / per_second
            self._left[client] = (left - 1 if taken else left, now)
            self._left.move_to_end(client)
            while len(self._left) > self._remembered:
                self._left.popitem(last=False)
            return wait

    def __len__(self) -> int:
        return len(self._left)
