"""Times the ledger on made-up papers: built anew, and brought up to date.

    python benchmarks/ledger.py [--papers 15000] [--new 50]

Papers have 3 to 12 authors out of 4,000 laboratories and bear on 1 to 3 mechanisms, a tenth of them
against. The same papers every time. First the ledger alone is timed, then all of the stage over an
SQLite file in a temporary folder, which is where a real one spends most of its time.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor import catalog
from monitor.ledger import stage
from monitor.ledger.ledger import Ledger, LedgerPaper, LedgerState
from monitor.model import (
    Article,
    Assessment,
    Author,
    Bearing,
    Dates,
    DesignLabel,
    DesignSource,
    Fact,
    FieldName,
    Level,
    MechanismClaim,
    Quote,
    Relevance,
    Revision,
    SampleSize,
    Stance,
)
from monitor.store import Store, articles, assessments, schema

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
DESIGNS = ("case_control", "cohort", "in_vitro", "randomized_controlled_trial", "narrative_review")
STANCES = (Stance.SUPPORTS,) * 5 + (Stance.MENTIONS,) * 4 + (Stance.REFUTES,)
TEXT = "Levels of the marker were lower in patients than in healthy controls."


def letters(number: int) -> str:
    """A name for a number, in letters only: names of people hold no digits."""
    name = ""
    while number or not name:
        number, digit = divmod(number, 20)
        name += "bcdfghjklmnpqrstvwxz"[digit] + "aeiou"[digit % 5]
    return name.capitalize()


def people(chance: random.Random, laboratory: int) -> tuple[Author, ...]:
    members = [laboratory * 8 + chance.randrange(8) for _ in range(chance.randint(2, 9))]
    guests = [100_000 + chance.randrange(20_000) for _ in range(chance.randint(0, 2))]
    names = dict.fromkeys([*members, *guests, 200_000 + laboratory])
    return tuple(Author(last_name=letters(n), initials="A") for n in names)


def paper(number: int, chance: random.Random, mechanisms: list[str]) -> LedgerPaper:
    created = date(2000, 1, 1) + timedelta(days=number // 2)
    article = Article(
        pmid=str(10_000_000 + number),
        title=f"Markers in chronic fatigue syndrome, part {number}",
        abstract=TEXT,
        authors=people(chance, chance.randrange(4000)),
        dates=Dates(created=created),
    )
    quote = Quote.of(article, FieldName.ABSTRACT, 0, len(TEXT))
    # A few mechanisms draw most of the papers, as in the literature.
    chosen = {mechanisms[min(int(chance.expovariate(0.15)), len(mechanisms) - 1)] for _ in range(3)}
    design = chance.choice(DESIGNS)
    claims = tuple(
        MechanismClaim(m, chance.choice(STANCES), (quote,), reviewed=design == "narrative_review")
        for m in sorted(chosen)
    )
    trial = (Fact(f"NCT{number // 40:08d}"),) if number % 20 == 0 else ()
    assessment = Assessment(
        pmid=article.pmid,
        assessor="benchmark",
        relevance=(Relevance("me-cfs", Level.CORE),),
        design=DesignLabel("protocol" if number % 40 == 0 else design, 0.9, DesignSource.TEXT),
        claims=claims,
        sample_size=SampleSize(chance.randint(10, 400), (quote,)),
        registrations=trial,
    )
    return LedgerPaper(article, assessment)


class Stored:
    """What a database would hold."""

    def __init__(self, state: LedgerState, texts: dict[str, str]) -> None:
        self._state, self._texts = state, texts
        self._tallies = state.tallies()
        self._groups: dict[tuple[str, str], list[str]] = {}
        for claim in self._tallies:
            for pmid, bearing in state.claim(claim).bearings.items():
                self._groups.setdefault((claim, bearing.group), []).append(pmid)

    def bearings(self, claim: str) -> Iterable[Bearing]:
        """All bearings on a claim."""
        return list(self._state.claim(claim).bearings.values())

    def tally(self, claim: str) -> str | None:
        """Where the sums were noted."""
        return self._tallies.get(claim)

    def around(
        self, claims: Collection[str], pmids: Collection[str]
    ) -> Iterable[tuple[str, Bearing]]:
        """Bearings of these papers and of their groups on these claims."""
        for claim in claims:
            mine = self._state.claim(claim).bearings
            for name in {mine[p].group for p in pmids if p in mine} - {""}:
                yield from ((claim, mine[p]) for p in self._groups[claim, name])
            yield from ((claim, mine[p]) for p in pmids if p in mine and not mine[p].group)

    def memories(self) -> Mapping[str, str]:
        """What the ledger noted about each paper."""
        return self._texts


def through_the_store(papers: list[LedgerPaper], new: int) -> None:
    """Time `monitor.ledger.stage` over a database: all papers, then the new ones."""
    known = catalog.load(ROOT / "queries")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitor.db")
        schema.upgrade(store)
        for part, what in ((papers[:-new], "built anew"), (papers[-new:], "brought up to date")):
            fill(store, part)
            gc.collect()
            gc.freeze()  # the program starts anew for each update, and sets the same threshold
            gc.set_threshold(50_000, 20, 20)
            start, spent = time.perf_counter(), time.process_time()
            count = stage.update(store, known, NOW)
            seconds, processor = time.perf_counter() - start, time.process_time() - spent
            print(
                f"{what} through SQLite: {count:,} papers in {seconds:.2f} s "
                f"({processor:.2f} s of processor time)"
            )
        store.close()


def fill(store: Store, papers: list[LedgerPaper]) -> None:
    """Store papers with their labels, as harvest and assess would."""
    labels = {p.article.pmid: p.assessment for p in papers}
    for start in range(0, len(papers), 500):
        part = papers[start : start + 500]
        made = [
            Revision(p.article, b"<made/>", f"{p.article.pmid:>032}", NOW, (), ()) for p in part
        ]
        articles.record(store, "me-cfs", made)
        waiting = assessments.outstanding(store, "benchmark", 1000)
        assessments.record(store, [(v, labels[a.pmid]) for v, a in waiting], NOW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=15_000)
    parser.add_argument("--new", type=int, default=50)
    options = parser.parse_args()
    ledger = Ledger(catalog.load(ROOT / "queries"))
    chance = random.Random(7)
    names = sorted(ledger.reader.mechanisms)
    papers = [paper(i, chance, names) for i in range(options.papers + options.new)]
    state = ledger.open()
    texts, told = {}, 0
    start = time.process_time()
    for one in papers[: options.papers]:
        step = state.apply(one, NOW)
        texts[step.pmid] = step.memory
        told += len(step.events)
    seconds = time.process_time() - start
    print(f"built anew: {options.papers:,} papers in {seconds:.2f} s of processor, {told:,} events")
    stored = Stored(state, texts)
    gc.collect()
    gc.freeze()  # an update starts in a process that has not just built the ledger
    start = time.process_time()
    later = ledger.open(stored)
    for one in papers[options.papers :]:
        later.apply(one, NOW)
    print(f"brought up to date: {options.new} papers in {time.process_time() - start:.3f} s")
    start = time.process_time()
    for one in papers[: options.papers]:
        state.apply(
            LedgerPaper(one.article, one.assessment, before=one.assessment, announced=True), NOW
        )
    print(f"all papers again, labels unchanged: {time.process_time() - start:.2f} s")
    through_the_store(papers, options.new)


if __name__ == "__main__":
    main()
