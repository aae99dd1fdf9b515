"""The evidence gap map: mechanisms × designs, papers that take a side. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monitor.catalog import Catalog, Mechanism
from monitor.model import Bearing, Stance
from monitor.publish.views.lines import design_label
from monitor.wording import Words


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the map: `label` is its design, `file` the list of its papers, "" for none.

    `spoken` says its numbers in words, for those who hear the page.
    """

    supports: int = 0
    refutes: int = 0
    mixed: int = 0
    file: str = ""
    label: str = ""
    spoken: str = ""

    @property
    def total(self) -> int:
        """Papers that take a side."""
        return self.supports + self.refutes + self.mixed


@dataclass(frozen=True, slots=True)
class MapView:
    """Mechanisms × designs; `papers` are the keys of the papers of a cell by (row, column)."""

    designs: tuple[str, ...]
    labels: tuple[str, ...]
    rows: tuple[tuple[Mechanism, tuple[Cell, ...]], ...]
    papers: Mapping[tuple[str, str], tuple[Bearing, ...]]

    @property
    def pairs(self) -> tuple[tuple[Mechanism, Cell], ...]:
        """The cells with papers, row by row."""
        return tuple((m, c) for m, cells in self.rows for c in cells if c.total)


def gap_map(
    bearings: Mapping[str, Sequence[Bearing]],
    held: Collection[str],
    catalog: Catalog,
    words: Words,
) -> MapView:
    """Own data and reviews alike, withdrawn papers left out; `held` papers have a page."""
    found: dict[tuple[str, str], list[Bearing]] = defaultdict(list)
    for mechanism in catalog.mechanisms:
        for b in bearings.get(mechanism.id, ()):
            if b.stance.takes_side and not b.withdrawn and b.pmid in held:
                found[mechanism.id, b.design].append(b)
    used = {design for _, design in found}
    order = {d.id: (d.tier, i) for i, d in enumerate(catalog.designs)}
    designs = sorted(used, key=lambda d: order.get(d, (99, 0)))
    labels = tuple(design_label(d, catalog, words) for d in designs)
    rows = tuple(
        (
            m,
            tuple(
                _cell(cell_file(m.id, d), label, found.get((m.id, d), ()), words)
                for d, label in zip(designs, labels, strict=True)
            ),
        )
        for m in catalog.mechanisms
    )
    return MapView(tuple(designs), labels, rows, {k: tuple(v) for k, v in found.items()})


def cell_file(mechanism: str, design: str) -> str:
    """File name of the list of a cell, without its ending."""
    return f"map-{mechanism}-{design}".replace("_", "-")


def _cell(file: str, label: str, found: Sequence[Bearing], words: Words) -> Cell:
    if not found:
        return Cell(label=label)
    count = Counter(b.stance for b in found)
    return Cell(
        count[Stance.SUPPORTS],
        count[Stance.REFUTES],
        count[Stance.MIXED],
        file,
        label,
        ", ".join(f"{words.stance(s)}: {words.number(n)}" for s in Stance if (n := count[s])),
    )
