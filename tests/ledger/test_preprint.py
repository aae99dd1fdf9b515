"""A preprint and its journal version are one thing to a reader."""

from __future__ import annotations

from dataclasses import replace

from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from monitor.ledger.bearings import BearingReader, Judged
from monitor.model import Article, Link, Stance


def test_a_preprint_takes_no_side_once_its_journal_version_speaks(
    catalog: Catalog, assessor: Assessor, sample: list[Article]
) -> None:
    preprint = next(a for a in sample if a.pmid == "40778181")
    assert preprint.has_type("Preprint")
    labels = assessor.assess(preprint)
    reader = BearingReader(catalog)

    before = reader.all_of(Judged(preprint, labels, 4))
    assert any(b.stance is Stance.SUPPORTS for b in before.values())

    link = Link("UpdateIn", "40903540", "the journal")
    published = replace(preprint, links=(*preprint.links, link))
    after = reader.all_of(Judged(published, labels, 4))
    assert after.keys() == before.keys()
    assert {b.stance for b in after.values()} == {Stance.MENTIONS}

    nameless = replace(preprint, links=(Link("UpdateIn", None, "in press"),))
    assert reader.all_of(Judged(nameless, labels, 4)) == before
