"""No page grows with the number of papers: made-up papers that fill every list, chart and cell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from lxml import html

from monitor.catalog import Catalog
from monitor.ledger.stage import weigher
from monitor.model import Bearing, Direction, FieldName, Quote, Stance
from monitor.publish.pages import Contents, Page, pages
from monitor.publish.render import Renderer
from monitor.publish.views.lines import DoseRange, Line
from monitor.publish.views.trials import STUDIES
from monitor.wording import Words

WORDS = Words()
MOST = 200_000
START = 60_000
MANY = 1000
#: As long as the longest titles of PubMed but a few.
TITLE = "Naltrexone " + "in a study with a long title " * 7
SIDES = (Stance.SUPPORTS, Stance.REFUTES, Stance.MIXED)


def a_line(number: int, catalog: Catalog) -> Line:
    design = catalog.designs[number % len(catalog.designs)]
    mechanisms = [m.id for m in catalog.mechanisms]
    return Line(
        pmid=str(30_000_000 + number),
        file=str(30_000_000 + number),
        title=TITLE,
        citation="Someone and others. Journal of Something Long. 2021.",
        year=2000 + number % 26,
        design=design.id,
        design_label=design.label,
        tier=design.tier,
        n=10 + number,
        planned=False,
        topics=("ldn", "me-cfs"),
        core=("ldn", "me-cfs"),
        sides=tuple((m, SIDES[number % 3]) for m in mechanisms[number % 5 :: 5]),
        populations=("ME/CFS", "fibromyalgia"),
        doses=(DoseRange(1.0, 4.5, per_kg=False, low=True),),
        result=Direction.POSITIVE,
        registrations=(f"NCT{10_000_000 + number}",),
        authors=("Someone",) * 12,
        quotes=(),
        retracted=False,
        gone=False,
        preprint=False,
        abridged=False,
    )


def bearings(lines: list[Line], catalog: Catalog) -> dict[str, list[Bearing]]:
    """Every paper on every claim and mechanism, so that no cell of the map is empty."""
    quote = Quote(FieldName.ABSTRACT, 0, 300, "x" * 300)
    about = [c.id for c in catalog.claims] + [m.id for m in catalog.mechanisms]
    made = [
        Bearing(
            x.pmid, SIDES[i % 3], x.design, x.tier, x.pmid, (quote,), n=x.n,
            created=date(x.year or 2000, 1, 1),
        )
        for i, x in enumerate(lines)
    ]  # fmt: skip
    return dict.fromkeys(about, made)


@pytest.fixture(scope="module")
def shown(catalog: Catalog) -> Mapping[str, bytes]:
    lines = [a_line(n, catalog) for n in range(MANY)]
    found = bearings(lines, catalog)
    contents = Contents(
        catalog=catalog,
        words=WORDS,
        lines=lines,
        bearings=found,
        balances={},
        histories={},
        events={},
        figures={},
        weigh=weigher(catalog),
        counts={"wanted": MANY, "excluded": 0, "retracted": 0},
        digests={x.pmid: x.pmid for x in lines},
    )
    render = Renderer(
        WORDS,
        {
            "site": "",
            "subscribe": "",
            "topics": {t.id: t.title for t in catalog.topics},
            "meta": (),
        },
    )
    return {p.path: render.render(p) for p in pages(contents) if wanted(p)}


def wanted(page: Page) -> bool:
    """All pages but most of the cells' lists, which are hundreds of the same kind."""
    return not page.path.startswith("lists/map-") or "cohort" in page.path


def test_no_page_is_heavier_than_200_kb(shown: Mapping[str, bytes]) -> None:
    heavy = {name: len(content) for name, content in shown.items() if len(content) > MOST}
    assert not heavy
    assert len(shown["index.html"]) <= START


def test_every_study_with_a_dose_stands_on_one_page_of_trials(shown: Mapping[str, bytes]) -> None:
    names = [n for n in shown if n.startswith("trials")]
    assert len(names) == -(-MANY // STUDIES)
    rows = [
        str(link)
        for name in names
        for link in html.fromstring(shown[name]).xpath("//table[caption]//th/a/@href")
    ]
    assert len(rows) == len(set(rows)) == MANY
    first = html.fromstring(shown["trials.html"])
    charted = first.xpath("//*[local-name()='svg'][@role='group']//*[local-name()='a']/@href")
    assert sorted(charted) == sorted(first.xpath("//table[caption]//th/a/@href"))
    assert names[1] in first.xpath("//nav//a/@href")


def test_every_pair_of_the_map_stands_on_one_page_of_its_table(
    shown: Mapping[str, bytes], catalog: Catalog
) -> None:
    cells = html.fromstring(shown["map.html"]).xpath("//table[@class='map']//td/a/@href")
    names = [n for n in shown if n.startswith("map-table")]
    rows = [h for n in names for h in html.fromstring(shown[n]).xpath("//main//td/a/@href")]
    assert len(names) > 1
    assert rows == cells
    assert len(rows) == len(catalog.mechanisms) * len({d.id for d in catalog.designs})
