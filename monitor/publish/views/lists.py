"""Lists of papers: by topic, design, year, mechanism, stance, people, dose. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.catalog import Catalog, Claim, Mechanism
from monitor.model import Bearing, Stance
from monitor.publish.views.claims import SIDES, list_name
from monitor.publish.views.lines import DoseRange, Line, design_label
from monitor.publish.views.maps import MapView, cell_file
from monitor.wording import Words, to_say

#: Papers on a page of a list, up to twice as many on the newest: keeps all far below 200 KB.
PAGE: Final = 100
#: A longer list is taken along page by page.
_WHOLE: Final = 1500
#: Bands of doses in mg by their upper end: (file, words, at least, less than).
_DOSES: Final = (
    ("under-1-mg", to_say("Less than 1 mg"), 0.0, 1.0),
    ("1-to-3-mg", to_say("1 mg to less than 3 mg"), 1.0, 3.0),
    ("3-to-4-5-mg", to_say("3 mg to less than 4.5 mg"), 3.0, 4.5),
    ("4-5-mg", to_say("4.5 mg"), 4.5, 4.5001),
    ("4-5-to-6-mg", to_say("More than 4.5 mg, up to 6 mg"), 4.5001, 6.0001),
    ("above-6-mg", to_say("More than 6 mg"), 6.0001, 1e9),
)
_STANCES: Final = {
    Stance.SUPPORTS: to_say("Papers that support a mechanism"),
    Stance.REFUTES: to_say("Papers that speak against a mechanism"),
    Stance.MIXED: to_say("Papers with mixed results on a mechanism"),
    Stance.MENTIONS: to_say("Papers that only mention a mechanism"),
}


@dataclass(frozen=True, slots=True)
class ListView:
    """A list with all its papers. `lead` explains it; `about` leads back to a page, or is "".

    Its pages are cut from the far end, so that a page of older papers stays as it is, under the
    same name, when new ones come; the first page, of the newest, holds what is left over.
    """

    file: str
    title: str
    lines: tuple[Line, ...]
    stances: tuple[tuple[str, Stance], ...] = ()
    lead: str = ""
    about: str = ""
    about_title: str = ""

    @property
    def pages(self) -> int:
        """Number of pages."""
        return max(1, len(self.lines) // PAGE)

    def page(self, number: int) -> tuple[Line, ...]:
        """Papers of a page, from 1, the newest."""
        end = len(self.lines) - (self.pages - number) * PAGE
        return self.lines[0 if number == 1 else end - PAGE : end]

    def part(self, number: int) -> int:
        """0 for the newest page, else which page of older papers it is, counted from the oldest."""
        return 0 if number == 1 else self.pages - number + 1

    def name(self, number: int) -> str:
        """File name of a page, without its ending."""
        return self.file if number == 1 else f"{self.file}-p{self.part(number)}"

    def export(self, number: int) -> tuple[str, tuple[Line, ...]]:
        """File name, without ending, of the papers to take along from a page, and these papers."""
        if len(self.lines) <= _WHOLE:
            return self.file, self.lines
        return self.name(number), self.page(number)


@dataclass(frozen=True, slots=True)
class Facet:
    """Lists that belong together."""

    id: str
    title: str
    lists: tuple[ListView, ...]


def slug(text: str) -> str:
    """Words made fit for a file name: "Crohn's disease" → "crohn-s-disease"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "other"


def newest_first(lines: Iterable[Line]) -> tuple[Line, ...]:
    """By year, then PMID, both falling; papers without a year last."""
    return tuple(sorted(lines, key=lambda x: (x.year or 0, len(x.pmid), x.pmid), reverse=True))


def facets(lines: Sequence[Line], catalog: Catalog, words: Words) -> tuple[Facet, ...]:
    """All lists by facet; lists without papers are left out."""
    ordered = newest_first(lines)
    say = words.say
    topics = [(f"topic-{t.id}", say(t.title), t.id) for t in catalog.topics]
    designs = [(f"design-{d.id.replace('_', '-')}", say(d.plural), d.id) for d in catalog.designs]
    years = sorted({x.year for x in lines if x.year}, reverse=True)
    mechanisms = [(list_name(m), say(m.label), m.id) for m in catalog.mechanisms]
    people = sorted({p for x in lines for p in x.populations}, key=str.lower)
    return tuple(
        facet
        for facet in (
            _facet("topic", say("Topic"), topics, ordered, lambda x: x.topics),
            _facet("design", say("Study design"), designs, ordered, lambda x: (x.design,)),
            _facet("mechanism", say("Mechanism"), mechanisms, ordered, _mechanisms),
            _facet(
                "stance",
                say("Side taken"),
                [(f"stance-{s.value}", say(text), s.value) for s, text in _STANCES.items()],
                ordered,
                lambda x: tuple(s.value for s in x.stances),
            ),
            _facet(
                "population",
                say("Who was studied"),
                [(f"people-{slug(p)}", _upper(say(p)), p) for p in people],
                ordered,
                lambda x: x.populations,
            ),
            _facet("dose", say("Dose of naltrexone"), _bands(words), ordered, _dose_bands),
            _facet(
                "year",
                say("Year"),
                [
                    *((f"year-{y}", str(y), str(y)) for y in years),
                    ("year-unknown", say("Year not known"), ""),
                ],
                ordered,
                lambda x: (str(x.year or ""),),
            ),
        )
        if facet.lists
    )


def _mechanisms(line: Line) -> tuple[str, ...]:
    return tuple(m for m, _ in line.sides)


def _bands(words: Words) -> list[tuple[str, str, str]]:
    bands = [(f"dose-{file}", words.say(text), file) for file, text, _, _ in _DOSES]
    return [*bands, ("dose-by-weight", words.say("By body weight (mg/kg)"), "by-weight")]


def _dose_bands(line: Line) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_band(d) for d in line.doses))


def _band(dose: DoseRange) -> str:
    if dose.per_kg:
        return "by-weight"
    return next(file for file, _, least, below in _DOSES if least <= dose.most < below)


def _facet(
    name: str,
    title: str,
    entries: Iterable[tuple[str, str, str]],
    ordered: Sequence[Line],
    keys: Callable[[Line], Iterable[str]],
) -> Facet:
    """One facet: (file, title, key) of its lists, filled by the keys of each paper."""
    found: dict[str, list[Line]] = defaultdict(list)
    for line in ordered:
        for key in dict.fromkeys(keys(line)):
            found[key].append(line)
    about = f"papers/index.html#by-{name}"
    lists = (
        ListView(file, text, tuple(found[key]), about=about, about_title=title)
        for file, text, key in entries
        if found[key]
    )
    return Facet(name, title, tuple(lists))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def bearing_lists(
    about: Iterable[Claim],
    bearings: Mapping[str, Sequence[Bearing]],
    lines: Mapping[str, Line],
    words: Words,
) -> Iterator[ListView]:
    """A list a claim, with all papers that bear on it, those that take a side first."""
    for claim in about:
        found = [b for b in bearings.get(claim.id, ()) if b.pmid in lines]
        if found:
            yield ListView(
                list_name(claim),
                words.say(claim.title),
                *_by_stance(found, lines),
                lead=words.say("All papers that bear on this claim, by the side they take."),
                about=f"claims/{claim.id}.html",
                about_title=words.say("The claim"),
            )


def cell_lists(
    shown: MapView, lines: Mapping[str, Line], catalog: Catalog, words: Words
) -> Iterator[ListView]:
    """A list a cell of the map."""
    for (mechanism, design), found in sorted(shown.papers.items()):
        about: Mechanism = catalog.mechanism[mechanism]
        yield ListView(
            cell_file(mechanism, design),
            f"{words.say(about.label)}: {design_label(design, catalog, words)}",
            *_by_stance(found, lines),
            lead=words.say("A cell of the map: papers of this design that take a side."),
            about=f"mechanisms/{mechanism}.html",
            about_title=words.say("The mechanism"),
        )


def _by_stance(
    bearings: Sequence[Bearing], lines: Mapping[str, Line]
) -> tuple[tuple[Line, ...], tuple[tuple[str, Stance], ...]]:
    """Papers by side, newest first on each, and the side of every paper."""
    side = {b.pmid: b.stance for b in bearings}
    newest = newest_first(lines[p] for p in side)
    ordered = tuple(sorted(newest, key=lambda x: SIDES.index(side[x.pmid])))
    return ordered, tuple(side.items())
