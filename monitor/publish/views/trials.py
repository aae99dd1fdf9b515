"""Trials of the drug by dose, size and design; registered trials and what became of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.catalog import Catalog
from monitor.publish.charts import DoseChart, doses
from monitor.publish.views.lines import Line
from monitor.publish.views.links import registry_url
from monitor.wording import Words

PROTOCOL: Final = "protocol"
#: Studies on a page of trials, and in the chart: more would be unreadable, and above 200 KB.
STUDIES: Final = 80
#: Registrations on the page of trials; the list of registrations holds all.
_FIRST: Final = 40


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration with the papers that name it."""

    number: str
    url: str
    plans: tuple[Line, ...]
    reports: tuple[Line, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialsView:
    """The pages of trials; `without` counts studies of the drug that no chart can show.

    `studies` are those with a dose, strongest design first; the chart shows the first `STUDIES`.
    `registered` are registrations of the drug's studies alone.
    """

    chart: DoseChart
    studies: tuple[Line, ...]
    without: int
    registered: tuple[Registered, ...]

    @property
    def registered_first(self) -> tuple[Registered, ...]:
        """Those that the page of trials shows."""
        return self.registered[:_FIRST]


def trials(lines: Sequence[Line], catalog: Catalog, words: Words) -> TrialsView:
    """Studies at the core of a topic about a drug, and their registrations."""
    drugs = {t.id for t in catalog.topics if t.agent}
    studied = [x for x in lines if x.stands and drugs & set(x.core)]
    dosed = sorted(
        (x for x in studied if x.doses),
        key=lambda x: (x.tier, x.design, -(x.n or 0), x.pmid),
    )
    without = len(studied) - len({p.line.pmid for p in doses(dosed).points})
    return TrialsView(
        doses(dosed[:STUDIES]), tuple(dosed), without, registered(studied, catalog, words)
    )


def registered(lines: Iterable[Line], catalog: Catalog, words: Words) -> tuple[Registered, ...]:
    """Registrations, those without a report first, then by number."""
    plans: dict[str, list[Line]] = defaultdict(list)
    reports: dict[str, list[Line]] = defaultdict(list)
    titles = {t.id: words.say(t.title) for t in catalog.topics}
    for line in lines:
        for number in line.registrations if line.stands else ():
            (plans if line.design == PROTOCOL else reports)[number].append(line)
    found = [
        Registered(
            number,
            registry_url(number),
            tuple(plans[number]),
            tuple(reports[number]),
            tuple(
                dict.fromkeys(
                    titles.get(t, t) for x in (*plans[number], *reports[number]) for t in x.topics
                )
            ),
        )
        for number in sorted({*plans, *reports})
    ]
    return tuple(sorted(found, key=lambda r: bool(r.reports)))
