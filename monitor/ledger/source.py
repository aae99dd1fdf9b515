"""What the ledger keeps between two runs, and how it asks for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from monitor.ledger.groups import Signature
from monitor.model import Bearing

_AT_ONE_GO: Final = 500


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ledger keeps with a paper: who made it, on which claims it bears, its registrations.

    `withdrawn` says that it was counted as withdrawn.
    """

    signature: Signature
    claims: tuple[str, ...] = ()
    registrations: tuple[str, ...] = ()
    protocol: bool = False
    withdrawn: bool = False

    def to_text(self) -> str:
        """One line of JSON, for `of_text`."""
        return json.dumps(
            {
                "who": self.signature.to_list(),
                "claims": self.claims,
                "registrations": self.registrations,
                "protocol": self.protocol,
                "withdrawn": self.withdrawn,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def of_text(cls, text: str) -> Memory:
        """The memory that `to_text` wrote."""
        data = json.loads(text)
        return cls(
            Signature.of_list(data["who"]),
            tuple(data["claims"]),
            tuple(data["registrations"]),
            data["protocol"],
            data["withdrawn"],
        )


def keys_of_texts(texts: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Papers with what `groups.keys` gives for each, from what `Memory.to_text` wrote.

    Hundreds are read at one go and nothing else is made of them, which is several times as quick.
    """
    waiting = iter(texts)
    while part := list(islice(waiting, _AT_ONE_GO)):
        for data in json.loads(f"[{','.join(part)}]"):
            pmid, _, people, orcids, *_, unit = data["who"]
            yield pmid, [*people, *orcids, unit] if unit else [*people, *orcids]


class Source(Protocol):
    """Where the ledger finds what it knew. Bearings of a claim and memories are asked once."""

    def bearings(self, claim: str) -> Iterable[Bearing]:
        """All bearings on a claim."""

    def tally(self, claim: str) -> str | None:
        """The sums over these bearings, as `LedgerState.tallies` gave them; None if not kept."""

    def around(
        self, claims: Collection[str], pmids: Collection[str]
    ) -> Iterable[tuple[str, Bearing]]:
        """Bearings of these papers on these claims, and of all papers of their groups there.

        Asked only for claims whose sums are kept, and as often as papers come.
        """

    def memories(self) -> Mapping[str, str]:
        """What the ledger kept with every paper that it took in, by PMID."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A source for a ledger that is built anew."""

    def bearings(self, claim: str) -> Iterable[Bearing]:  # noqa: ARG002 - by the protocol
        """None."""
        return ()

    def tally(self, claim: str) -> str | None:  # noqa: ARG002 - by the protocol
        """None."""
        return None

    def around(
        self,
        claims: Collection[str],  # noqa: ARG002 - by the protocol
        pmids: Collection[str],  # noqa: ARG002 - by the protocol
    ) -> Iterable[tuple[str, Bearing]]:
        """None."""
        return ()

    def memories(self) -> Mapping[str, str]:
        """None."""
        return {}
