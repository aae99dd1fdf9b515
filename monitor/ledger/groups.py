"""Independent groups of papers on a claim: whose finding is whose own repetition? Pure.

Ten papers from one laboratory are one voice. Two papers are linked when the same people stand
behind them (docs/methods.md, "Independent groups"); papers that a chain of links joins are one
group. A group is named after the last author of its first paper (by Create Date, then PMID), so
that the name depends on the papers and never on the order in which they came to us.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitor.model import Article, Author

#: Family names so common that a name and an initial do not tell a person.
COMMON = frozenset(
    "ahmed ali brown chan chang chen cheng cho choi chung das davis evans fischer gao garcia gupta "
    "han he hu huang huynh jackson johnson jones jung kaur khan kim kumar le lee li lin liu lopez "
    "lu luo ma martin martinez meyer miller muller murphy nguyen park patel perez rodriguez sato "
    "schmidt sharma singh smith song suzuki takahashi tan tanaka taylor thomas tran wang white "
    "williams wilson wong wu xie xu yamamoto yang ye yu yuan zhang zhao zheng zhou zhu".split()
)
#: Shared authors that make two papers one group's; a common name counts half.
_ENOUGH = 2.0
_COMMON_WEIGHT = 0.5
_UNIT = re.compile(
    r"\b(?:cent(?:re|er)|laborator|institut|unit|clinic|foundation|consortium)", re.IGNORECASE
)
_PLACE = re.compile(
    r"\b(?:universit|hospital|college|school|institut|academy|clinic|karolinska)", re.IGNORECASE
)
_NOT_LETTERS = re.compile(r"[^a-z]+")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who stands behind a paper, as far as grouping needs it.

    `people` are "family initials" in plain letters; `lead` is the last author as printed;
    `lead_key` and `lead_orcid` identify that person, `unit` the named laboratory or centre where
    the person works ("" where none is given).
    """

    pmid: str
    created: date | None = None
    people: tuple[str, ...] = ()
    orcids: tuple[str, ...] = ()
    lead: str = ""
    lead_key: str = ""
    lead_orcid: str = ""
    unit: str = ""

    @property
    def order(self) -> tuple[str, int, str]:
        """Place among papers: Create Date, then PMID; undated ones first."""
        return (self.created.isoformat() if self.created else "", len(self.pmid), self.pmid)

    @property
    def group_name(self) -> str:
        """What a group is called when this is its first paper."""
        return f"{self.lead} ({self.pmid})" if self.lead else f"authors of {self.pmid}"

    def to_list(self) -> list[Any]:
        """Plain values, for JSON and `of_list`."""
        created = self.created.isoformat() if self.created else None
        people, orcids = list(self.people), list(self.orcids)
        who = [self.lead, self.lead_key, self.lead_orcid, self.unit]
        return [self.pmid, created, people, orcids, *who]

    @classmethod
    def of_list(cls, values: list[Any]) -> Signature:
        """The signature that `to_list` took apart."""
        pmid, created, people, orcids, *who = values
        day = date.fromisoformat(created) if created else None
        return cls(pmid, day, tuple(people), tuple(orcids), *who)


def signature(article: Article) -> Signature:
    """Who stands behind an article. Groups of authors without personal names do not count."""
    persons = [a for a in article.authors if a.last_name]
    lead = persons[-1] if persons else None
    return Signature(
        pmid=article.pmid,
        created=article.dates.created,
        people=tuple(dict.fromkeys(_key(a) for a in persons)),
        orcids=tuple(dict.fromkeys(a.orcid for a in persons if a.orcid)),
        lead=lead.name if lead else "",
        lead_key=_key(lead) if lead else "",
        lead_orcid=lead.orcid if lead else "",
        unit=_unit(lead.affiliations) if lead else "",
    )


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_LETTERS.sub("", letters)


def _key(author: Author) -> str:
    """Family name and first initial; all initials where the family name is common."""
    family = _plain(author.last_name)
    initials = _plain(author.initials or author.fore_name[:1])
    return f"{family} {initials if family in COMMON else initials[:1]}"


def _unit(affiliations: Iterable[str]) -> str:
    """The first named centre or laboratory with its university; departments are too large."""
    for affiliation in affiliations:
        parts = [p.strip() for p in affiliation.split(",")]
        unit = next((p for p in parts if _UNIT.search(p) and len(p.split()) > 1), "")
        place = next((p for p in parts if _PLACE.search(p) and p != unit), "")
        if unit and place:
            return f"{_plain(unit)} {_plain(place)}"
    return ""


def _is_common(key: str) -> bool:
    family, _, initials = key.partition(" ")
    return family in COMMON and len(initials) <= 1


def _weight(keys: Iterable[str]) -> float:
    return sum(_COMMON_WEIGHT if _is_common(k) else 1.0 for k in keys)


def why_linked(one: Signature, other: Signature) -> str | None:
    """Why two papers count as one group's, in words; None when they do not."""
    shared = [k for k in one.people if k in set(other.people)]
    orcids = set(one.orcids) & set(other.orcids)
    if orcids:
        return f"share an author by ORCID ({min(orcids)})"
    if _same_lead(one, other, shared):
        return f"have the same last author, {one.lead}"
    if one.unit and one.unit == other.unit:
        return "come from the same centre or laboratory by their last authors' affiliations"
    if _weight(shared) >= _ENOUGH:
        names = ", ".join(_shown(k) for k in shared[:3])
        more = f" and {len(shared) - 3} more" if len(shared) > 3 else ""  # noqa: PLR2004
        return f"share the authors {names}{more}"
    return None


def _same_lead(one: Signature, other: Signature, shared: list[str]) -> bool:
    if not one.lead_key or one.lead_key != other.lead_key:
        return False
    if one.lead_orcid and other.lead_orcid and one.lead_orcid != other.lead_orcid:
        return False
    return not _is_common(one.lead_key) or len(shared) > 1


def _shown(key: str) -> str:
    family, _, initials = key.partition(" ")
    return f"{family.capitalize()} {initials.upper()}".strip()


@dataclass(slots=True)
class Groups:
    """The groups among the papers of one claim. Papers are added one by one, in any order."""

    _signatures: dict[str, Signature] = field(default_factory=dict)
    _name: dict[str, str] = field(default_factory=dict)
    _members: dict[str, list[str]] = field(default_factory=dict)
    _holders: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, signatures: Iterable[Signature]) -> Groups:
        """The groups of these papers."""
        groups = cls()
        for one in signatures:
            groups.add(one)
        return groups

    def restore(self, paper: Signature, name: str) -> None:
        """Put back a paper that was in a group of this name; nothing is compared."""
        self._signatures[paper.pmid] = paper
        self._name[paper.pmid] = name
        self._members.setdefault(name, []).append(paper.pmid)
        for key in keys(paper):
            self._holders.setdefault(key, []).append(paper.pmid)

    def signature_of(self, pmid: str) -> Signature | None:
        """Who stands behind a paper, if it was added."""
        return self._signatures.get(pmid)

    def name_of(self, pmid: str) -> str:
        """The group that a paper is in; "" for a paper that was not added."""
        return self._name.get(pmid, "")

    def add(self, paper: Signature) -> tuple[str, ...]:
        """Add a paper; the papers that were there and whose group has another name now."""
        linked = self._linked(paper)
        self._signatures[paper.pmid] = paper
        for key in keys(paper):
            self._holders.setdefault(key, []).append(paper.pmid)
        names = list(dict.fromkeys(self._name[p] for p in linked))
        members = [paper.pmid]
        for name in names:
            members += self._members.pop(name)
        first = min((self._signatures[p] for p in members), key=lambda s: s.order)
        moved = [p for p in members[1:] if self._name[p] != first.group_name]
        for pmid in (paper.pmid, *moved):
            self._name[pmid] = first.group_name
        self._members[first.group_name] = members
        return tuple(moved)

    def remove(self, pmid: str) -> tuple[str, ...]:
        """Take a paper out; the papers whose group has another name now, as it may fall apart."""
        before = self._members.pop(self._name.pop(pmid))
        rest = [p for p in before if p != pmid]
        old = {p: self._name.pop(p) for p in rest}
        gone = {p: self._signatures.pop(p) for p in before}
        for one, signed in gone.items():
            for key in keys(signed):
                self._holders[key].remove(one)
        for one in rest:
            self.add(gone[one])
        return tuple(p for p in rest if self._name[p] != old[p])

    def _linked(self, paper: Signature) -> list[str]:
        """One linked paper of each group that holds any. Only papers with a key in common count."""
        found: dict[str, str] = {}
        seen: set[str] = set()
        for key in keys(paper):
            for pmid in self._holders.get(key, ()):
                if pmid in seen or (group := self._name[pmid]) in found:
                    continue
                seen.add(pmid)
                if why_linked(paper, self._signatures[pmid]):
                    found[group] = pmid
        return list(found.values())

    def explain(self, one: str, other: str) -> tuple[str, ...]:
        """Why two papers are in one group: the shortest chain of links, a sentence each."""
        return explain(self._signatures, one, other)


def keys(paper: Signature) -> list[str]:
    """People, ORCIDs and laboratory: only papers that share one of them can be linked."""
    found = [*paper.people, *paper.orcids]
    return [*found, paper.unit] if paper.unit else found


def explain(signatures: Mapping[str, Signature], one: str, other: str) -> tuple[str, ...]:
    """The shortest chain of links between two papers, a sentence each; empty when there is none."""
    came_from: dict[str, str] = {one: ""}
    waiting = deque([one])
    while waiting and other not in came_from:
        at = waiting.popleft()
        for pmid in sorted(signatures):
            if pmid not in came_from and why_linked(signatures[at], signatures[pmid]):
                came_from[pmid] = at
                waiting.append(pmid)
    if other not in came_from:
        return ()
    steps = []
    at = other
    while came_from[at]:
        before = came_from[at]
        steps.append(f"{before} and {at} {why_linked(signatures[before], signatures[at])}.")
        at = before
    return tuple(reversed(steps))
