"""Weeks of scheduled work with everything that goes wrong; the long form is a benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.assess.assessor import Assessor
from monitor.catalog import Catalog
from tests.soak import Soak


@pytest.mark.slow
def test_weeks_of_trouble_lose_nothing_and_tell_nothing_twice(
    catalog: Catalog, assessor: Assessor, tmp_path: Path
) -> None:
    report = Soak(tmp_path, catalog, assessor, days=42, restarts=40, seed=7).run()
    assert report.faults == []
    assert report.restarts == 40
    assert report.kills > 10
    assert report.full == 1
    assert report.issues >= 4
    assert report.papers >= 35
