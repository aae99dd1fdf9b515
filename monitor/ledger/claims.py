"""One claim in the ledger: its bearings, groups and counts, kept up paper by paper. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from monitor.ledger.events import RANDOMIZED, Standing
from monitor.ledger.groups import Groups, Signature
from monitor.ledger.status import RULES, Tally, counts
from monitor.model import Bearing


@dataclass(slots=True)
class ClaimState:
    """All papers that bear on one claim.

    Where the claim's sums were noted only those papers are at hand that were restored; `partial`
    then is true, and `restore` must have had the whole groups that a paper is or may come in.

    Removing a paper that counts builds its group anew: it may be what held the group together.
    """

    claim: str
    takes_no_side: bool = False
    partial: bool = False
    bearings: dict[str, Bearing] = field(default_factory=dict)
    _groups: Groups = field(default_factory=Groups)
    _tally: Tally = field(init=False)
    _randomized: int = 0
    _sizes: Counter[int] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._tally = Tally(self.claim, self.takes_no_side)

    @classmethod
    def of(
        cls,
        claim: str,
        papers: Iterable[tuple[Bearing, Signature]],
        *,
        takes_no_side: bool = False,
    ) -> ClaimState:
        """The state after all of these papers, whatever their order."""
        state = cls(claim, takes_no_side)
        for bearing, who in papers:
            state.put(bearing, who)
        return state

    @classmethod
    def restored(
        cls,
        claim: str,
        bearings: Iterable[Bearing],
        signature_of: Callable[[str], Signature],
        *,
        takes_no_side: bool = False,
    ) -> ClaimState:
        """The state as it was written down: the bearings tell their groups."""
        state = cls(claim, takes_no_side)
        for bearing in bearings:
            state._enter(bearing)
            if counts(bearing):
                state._groups.restore(signature_of(bearing.pmid), bearing.group)
        return state

    @classmethod
    def of_text(cls, claim: str, text: str, *, takes_no_side: bool = False) -> ClaimState | None:
        """The state whose sums `to_text` wrote, no paper at hand; None if by other rules."""
        data = json.loads(text)
        if data["rules"] != RULES:
            return None
        state = cls(claim, takes_no_side, partial=True)
        state._tally = Tally.of_data(claim, data["tally"], takes_no_side=takes_no_side)
        state._randomized = data["randomized"]
        state._sizes = Counter({int(size): number for size, number in data["sizes"].items()})
        return state

    def to_text(self) -> str:
        """The sums as one line of JSON, for `of_text`."""
        return json.dumps(
            {
                "rules": RULES,
                "tally": self._tally.to_data(),
                "randomized": self._randomized,
                "sizes": self._sizes,
            },
            separators=(",", ":"),
        )

    def restore(
        self, bearings: Iterable[Bearing], signature_of: Callable[[str], Signature]
    ) -> None:
        """Have papers at hand that are in the sums; those that ever were, are known better here."""
        for bearing in bearings:
            if bearing.pmid in self._seen:
                continue
            self._seen.add(bearing.pmid)
            self.bearings[bearing.pmid] = bearing
            self._tally.restore(bearing)
            if counts(bearing):
                self._groups.restore(signature_of(bearing.pmid), bearing.group)

    def saw(self, pmids: Iterable[str]) -> None:
        """Note that these papers were asked for: those not at hand do not bear on the claim."""
        self._seen.update(pmids)

    def has(self, pmid: str) -> bool:
        """Whether all that is known of a paper here is at hand."""
        return not self.partial or pmid in self._seen

    def put(self, bearing: Bearing, who: Signature) -> tuple[Bearing, ...]:
        """Take a paper in, or anew.

        What changed: its own bearing first, then those of others whose group has another name.
        """
        pmid = bearing.pmid
        if self.partial:
            self._seen.add(pmid)
        old = self.bearings.get(pmid)
        stays = old is not None and counts(old) and counts(bearing)
        if old is not None and stays and self._groups.signature_of(pmid) == who:
            self._leave(old)
            self._enter(replace(bearing, group=old.group))
            return (self.bearings[pmid],)
        renamed = [b.pmid for b in self.remove(pmid)]
        if counts(bearing):
            renamed += self._groups.add(who)
        self._enter(replace(bearing, group=self._groups.name_of(pmid)))
        return (self.bearings[pmid], *self._regroup(renamed))

    def remove(self, pmid: str) -> tuple[Bearing, ...]:
        """Take a paper out, if it is there; bearings of others whose group has another name now."""
        old = self.bearings.get(pmid)
        if old is None:
            return ()
        self._leave(old)
        return self._regroup(self._groups.remove(pmid)) if counts(old) else ()

    def _regroup(self, pmids: Iterable[str]) -> tuple[Bearing, ...]:
        """Write the present name of their group into these papers' bearings, in their order."""
        done = sorted(set(pmids), key=lambda p: (len(p), p))
        for pmid in done:
            old = self.bearings[pmid]
            self._leave(old)
            self._enter(replace(old, group=self._groups.name_of(pmid)))
        return tuple(self.bearings[p] for p in done)

    def _enter(self, bearing: Bearing) -> None:
        self.bearings[bearing.pmid] = bearing
        self._tally.add(bearing)
        if counts(bearing):
            self._randomized += bearing.design == RANDOMIZED
            self._sizes[bearing.n or 0] += 1

    def _leave(self, bearing: Bearing) -> None:
        del self.bearings[bearing.pmid]
        self._tally.remove(bearing)
        if counts(bearing):
            self._randomized -= bearing.design == RANDOMIZED
            self._sizes[bearing.n or 0] -= 1
            if not self._sizes[bearing.n or 0]:
                del self._sizes[bearing.n or 0]

    def standing(self) -> Standing:
        """Where the claim stands now."""
        return Standing(self._tally.balance(), self._randomized, max(self._sizes, default=0))

    def explain(self, one: str, other: str) -> tuple[str, ...]:
        """Why two papers count as one group's, a sentence each; empty when they do not."""
        return self._groups.explain(one, other)
