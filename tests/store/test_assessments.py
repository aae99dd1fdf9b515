"""Labels that were given before are taken back when their rules are the present ones again."""

from __future__ import annotations

from dataclasses import replace

from monitor.assess.assessor import Assessor
from monitor.model import Article
from monitor.store import Store, articles, assessments
from tests.conftest import NOW, revision


def test_labels_of_earlier_rules_become_current_again(
    store: Store, assessor: Assessor, sample: list[Article]
) -> None:
    found = sample[:4]
    articles.record(store, "ldn", [revision(a) for a in found])
    assert assessments.count_others(store, "old") == 4

    def label(version: str, papers: int) -> None:
        batch = assessments.outstanding(store, version, papers)
        made = [(v, replace(assessor.assess(a), assessor=version)) for v, a in batch]
        assessments.record(store, made, NOW)

    label("old", 4)
    assert assessments.count_others(store, "old") == 0
    label("new", 3)
    assert assessments.count_others(store, "old") == 3
    assert assessments.take_back(store, "old") == 3
    assert assessments.count_others(store, "old") == 0
    current = assessments.current(store, [a.pmid for a in found])
    assert {a.assessor for a in current.values()} == {"old"}
    assert assessments.take_back(store, "old") == 0
    assert assessments.take_back(store, "new") == 3
    assert assessments.count_others(store, "new") == 1
