"""Files of NLM go into the store, once, in order, whatever happens on the way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitor.assess.assessor import Assessor
from monitor.bulk.importer import Importer, Report, in_order, reading, take_apart
from monitor.bulk.reader import Reader
from monitor.errors import StoppedError
from monitor.harvest import changes
from monitor.model import EventKind, Revision
from monitor.store import Store, articles, health, imports, schema
from tests.bulk.made import OTHER, WANTED, deletion, dump, record, write, xml

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.fixture
def take(store: Store, assessor: Assessor) -> Callable[..., Report]:
    def run(*paths: str, keep_all: bool = False, processes: int = 1) -> Report:
        reader = Reader(assessor, keep_all=keep_all)
        pool = reading(reader, processes)
        try:
            return Importer(store, reader, lambda: NOW, pool, chunk_size=2000).take_all(paths)
        finally:
            pool.close()

    return run


def titles(store: Store) -> dict[str, str]:
    return {p: a.title for p, a in articles.articles(store, articles.held(store)).items()}


def gone(store: Store) -> set[str]:
    return {p for p in articles.held(store) if articles.versions(store, p)[-1].gone}


def test_what_a_topic_wants_is_kept_with_labels_and_the_rest_only_with_all(
    store: Store, take: Callable[..., Report], tmp_path: Path
) -> None:
    path = write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1), record(2, OTHER)))
    counts = take(path).counts
    assert (counts.read, counts.kept, counts.new, counts.left_out) == (2, 1, 1, 1)
    assert articles.held(store) == {"1"}
    counts = take(path, keep_all=True).counts
    assert (counts.kept, counts.new) == (2, 1)
    assert articles.held(store) == {"1", "2"}
    assert health.faults(store) == []
    assert {row[:3:2] for row in dump(store)["assessment"]} == {("1", True), ("2", False)}


def test_a_file_is_imported_once(store: Store, take: Callable[..., Report], tmp_path: Path) -> None:
    path = write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1)))
    take(path)
    before = dump(store)
    assert take(path).known == 1
    assert dump(store) == before


def test_a_wrong_checksum_stops_the_file_and_not_the_next(
    store: Store, take: Callable[..., Report], tmp_path: Path
) -> None:
    bad = write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1)), md5="0" * 32)
    good = write(tmp_path, "pubmed21n0002.xml.gz", xml(record(2)))
    report = take(bad, good)
    assert report.faults == [
        f"{bad}: its MD5 is not the one in pubmed21n0001.xml.gz.md5: download it again."
    ]
    assert articles.held(store) == {"2"}


def test_a_deleted_record_is_marked_as_withdrawn_and_may_come_back(
    store: Store, take: Callable[..., Report], tmp_path: Path
) -> None:
    take(write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1), record(2))))
    take(write(tmp_path, "pubmed21n0002.xml.gz", xml(record(3), deletion(1, 99))))
    assert gone(store) == {"1"}
    last = articles.versions(store, "1")[-1]
    assert [c.kind for c in last.changes] == [EventKind.WITHDRAWN]
    take(write(tmp_path, "pubmed21n0003.xml.gz", xml(record(1))))
    assert gone(store) == set()
    assert [v.changed for v in articles.versions(store, "1")] == [(), ("status",), ("status",)]
    assert health.faults(store) == []


FILES = {
    "pubmed21n0001.xml.gz": xml(record(1), record(2), record(3), record(4, OTHER)),
    "pubmed21n0002.xml.gz": xml(record(1, WANTED + ", again"), record(5), deletion(2)),
    "pubmed22n0001.xml.gz": xml(record(1, WANTED + ", last"), record(2), deletion(3)),
    "pubmed22n0002.xml.gz": xml(
        record(5, WANTED + ", second", version=2), record(5, WANTED + ", old"), record(6)
    ),
}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_an_older_file_never_overwrites_a_newer_revision(
    store: Store, take: Callable[..., Report], tmp_path: Path, order: tuple[int, ...]
) -> None:
    paths = [write(tmp_path, name, data) for name, data in FILES.items()]
    for at in order:
        take(paths[at])
    assert titles(store) == {
        "1": WANTED + ", last",
        "2": WANTED,
        **({"3": WANTED} if "3" in articles.held(store) else {}),
        "5": WANTED + ", second",
        "6": WANTED,
    }
    assert gone(store) == {"3"} & articles.held(store)
    assert health.faults(store) == []


def test_files_go_by_the_numbers_of_nlm() -> None:
    given = ["b.xml", "x/pubmed22n0001.xml.gz", "pubmed21n1298.xml.gz", "a.xml"]
    assert in_order(given) == [given[2], given[1], given[0], given[3]]


def test_what_harvest_read_later_is_not_overwritten_by_an_old_file(
    store: Store, take: Callable[..., Report], tmp_path: Path
) -> None:
    take(write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1))))
    article = articles.articles(store, ["1"])["1"]
    fresh = replace(
        article, title="As it is now", dates=replace(article.dates, revised=date(2024, 1, 1))
    )
    articles.record(store, None, [Revision(fresh, b"<x/>", changes.digest(fresh), NOW, ("title",))])
    counts = take(
        write(tmp_path, "pubmed21n0002.xml.gz", xml(record(1, revised="2022-01-01")))
    ).counts
    assert counts.older == 1
    assert titles(store) == {"1": "As it is now"}
    take(write(tmp_path, "pubmed25n0001.xml.gz", xml(record(1, revised="2025-01-01"))))
    assert titles(store) == {"1": WANTED}


def test_a_held_paper_is_kept_up_to_date_when_no_topic_wants_it_any_more(
    store: Store, take: Callable[..., Report], tmp_path: Path
) -> None:
    take(write(tmp_path, "pubmed21n0001.xml.gz", xml(record(1))))
    counts = take(write(tmp_path, "pubmed21n0002.xml.gz", xml(record(1, OTHER)))).counts
    assert counts.changed == 1
    assert titles(store) == {"1": OTHER}


def test_a_broken_file_is_stored_up_to_its_fault_and_the_rest_go_on(
    store: Store, take: Callable[..., Report], tmp_path: Path
) -> None:
    data = xml(*(record(n) for n in range(1, 21)))
    at = data.index(b">13</PMID>")
    broken = write(tmp_path, "pubmed21n0001.xml.gz", data[:at] + b"<<&" + data[at:])
    short = tmp_path / "pubmed21n0002.xml.gz"
    whole = Path(write(tmp_path, "pubmed21n0003.xml.gz", xml(*(record(n) for n in range(30, 60)))))
    short.write_bytes(whole.read_bytes()[:-60])
    report = take(broken, str(short), str(whole))
    assert report.faults[0].startswith(f"{broken}: record 13: the XML breaks off")
    assert report.faults[1].startswith(f"{short}: record ")
    assert "compression breaks off" in report.faults[1]
    assert len(report.faults) == 2
    assert {str(n) for n in range(1, 13)} | {str(n) for n in range(30, 60)} == articles.held(store)
    states = {name: state for name, state, *_ in imports.files(store)}
    assert states == {
        "pubmed21n0001.xml.gz": "broken",
        "pubmed21n0002.xml.gz": "broken",
        "pubmed21n0003.xml.gz": "done",
    }
    before = dump(store)
    assert take(broken).faults == report.faults[:1]  # tried again, it says the same
    assert dump(store, ["article", "article_version"]) == {
        name: before[name] for name in ("article", "article_version")
    }


@pytest.mark.parametrize("data", [b"", b"no xml", b"\x1f\x8bnot gzip", b"<html><p>x</p></html>"])
def test_what_is_no_pubmed_xml_is_refused(
    store: Store, take: Callable[..., Report], tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(data)
    (fault,) = take(str(path)).faults
    assert fault.startswith(f"{path}: ")
    assert take(str(tmp_path / "nothing.xml")).faults


def many(folder: Path) -> list[str]:
    """Files with updates, versions, deletions, a bad record, and duplicates in one file."""
    rng = random.Random(7)
    paths = []
    for number in range(1, 5):
        parts = [
            record(pmid, f"{WANTED if pmid % 3 else OTHER} {rng.randrange(3)}")
            for pmid in rng.choices(range(1, 60), k=40)
        ]
        parts.insert(9, "<PubmedArticle><MedlineCitation/></PubmedArticle>")
        parts.append(deletion(*(rng.randrange(1, 60) for _ in range(5))))
        paths.append(write(folder, f"pubmed21n{number:04d}.xml.gz", xml(*parts)))
    return paths


def test_stopped_at_any_batch_and_resumed_it_ends_as_if_undisturbed(
    store: Store, take: Callable[..., Report], assessor: Assessor, tmp_path: Path
) -> None:
    paths = many(tmp_path)
    reader = Reader(assessor, keep_all=False)
    stops = 0
    while True:
        stop = iter([False] * (stops % 3) + [True] * 10)
        importer = Importer(
            store,
            reader,
            lambda: NOW,
            chunk_size=2000,
            stop=lambda s=stop: next(s),  # type: ignore[misc]
        )
        try:
            importer.take_all(paths)
            break
        except StoppedError:
            stops += 1
    assert stops > 10
    perfect = Store(f"sqlite:///{tmp_path / 'perfect.db'}")
    schema.upgrade(perfect)
    Importer(perfect, reader, lambda: NOW, chunk_size=2000).take_all(paths)
    assert dump(store) == dump(perfect)
    assert health.faults(store) == []
    perfect.close()


def test_two_processes_give_the_same_as_one(
    store: Store, assessor: Assessor, tmp_path: Path
) -> None:
    paths = many(tmp_path)
    reader = Reader(assessor, keep_all=False)
    perfect = Store(f"sqlite:///{tmp_path / 'perfect.db'}")
    schema.upgrade(perfect)
    alone = Importer(perfect, reader, lambda: NOW).take_all(paths)
    store.close()
    if store.is_sqlite:
        pool = reading(reader, 2)
        both = Importer(store, reader, lambda: NOW, pool).take_all(paths)
        pool.close()
        assert both == alone
        assert dump(store) == dump(perfect)
    else:  # whole files at once, in any order: the same papers as they are now
        take_apart(
            store.engine.url.render_as_string(hide_password=False), reader, lambda: NOW, 2, paths
        )
        now = {row[0]: row for row in dump(perfect)["article"]}
        for row in dump(store)["article"]:
            assert row == now[row[0]]
    perfect.close()
