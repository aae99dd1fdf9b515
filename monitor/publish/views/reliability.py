"""How far the sides told of a mechanism can be trusted: what labelled papers say. Pure.

The numbers come with the weights (benchmarks/train_claims.py): no paper was judged by weights that
saw it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.catalog import Claim, ClaimKind, Mechanism

#: How a line of the model card begins that holds such numbers, and the mechanism after it.
SIDES: Final = "sides, "
#: With fewer papers told than this, a share says nothing.
_FEWEST: Final = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """Labelled papers: how many were told to take a side, rightly so, and how many do take one."""

    right: int
    told: int
    labelled: int

    @property
    def missed(self) -> int:
        """Papers that take a side and were not told to."""
        return self.labelled - self.right

    @property
    def enough(self) -> bool:
        """Whether the numbers are large enough to mean anything."""
        return self.told >= _FEWEST


def reliabilities(card: Iterable[Sequence[str]]) -> dict[str, Reliability]:
    """The numbers of a model card by mechanism."""
    return {
        name.removeprefix(SIDES): Reliability(*json.loads(value))
        for _, name, value in card
        if name.startswith(SIDES)
    }


def reliability_for(
    about: Claim | Mechanism, known: Mapping[str, Reliability]
) -> Reliability | None:
    """The numbers of all mechanisms that a claim rests on; None where it rests on none."""
    if isinstance(about, Claim):
        names = about.mechanisms if about.kind is ClaimKind.MECHANISM else ()
    else:
        names = (about.id,)
    if not known or not names:
        return None
    found = [known.get(name, Reliability(0, 0, 0)) for name in names]
    return Reliability(
        sum(t.right for t in found), sum(t.told for t in found), sum(t.labelled for t in found)
    )
