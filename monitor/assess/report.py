"""The report of `monitor evaluate` as text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.assess.evaluate import DesignScores, Report
from monitor.assess.scores import ClassScore, Confusion


def as_text(report: Report) -> str:
    """The whole report, section by section; what was not labelled is left out."""
    return "\n".join(_lines(report)) + "\n"


def _left_out(labels: str, trained_on: int, records: int) -> Iterator[str]:
    """What is scored on some records only, for models know by heart what they learnt from."""
    if trained_on:
        yield (
            f"{labels} scored on the other {records - trained_on} only: "
            f"their model was trained on {trained_on} of them."
        )


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.records} labelled records, assessor {report.assessor}"
    yield from _left_out("Designs are", report.trained_on, report.records)
    rest = "Sample sizes, directions, mechanism claims and their passages are"
    yield from _left_out(rest, report.claims_trained_on, report.records)
    yield from _design(report.unseen)
    if report.relevance.pairs:
        yield from _confusion("Relevance, the higher of the topics", report.relevance)
    facts = {n: rate for n, rate in (report.facts | report.unseen_facts).items() if rate.total}
    if facts:
        yield ""
        yield "Facts"
        yield from (f"  {name:42} {rate}" for name, rate in facts.items())
    if report.unseen_results.pairs:
        yield from _confusion("Direction of the main result", report.unseen_results)
    if any(score.support or score.told for score in report.unseen_mechanisms.values()):
        yield ""
        yield "Mechanism claims"
        yield from _table(tuple(report.unseen_mechanisms.values()))
    quotes = {name: rate for name, rate in report.unseen_quotes.items() if rate.total}
    if quotes:
        yield ""
        yield "Quotes of mechanism claims, where the stance is right"
        yield from (f"  {name:42} {rate}" for name, rate in quotes.items())
    if report.overruled:
        wrong = sum(o.wrong for o in report.overruled)
        yield ""
        yield f"Overruled by a curator: {len(report.overruled)}, of these {wrong} still wrong"
        for o in report.overruled:
            verdict = "wrong" if o.wrong else "right by now"
            yield f"  {o.pmid} {o.field}: we say {o.said}, {o.date} set to {o.value}: {verdict}."
            yield f"    {o.reason}"


def _design(scores: DesignScores) -> Iterator[str]:
    if scores.exact.pairs:
        yield from _confusion("Study design", scores.exact)
        yield f"  right or acceptable  {scores.acceptable}"
    if scores.coarse.pairs:
        yield from _confusion("Study design, nine groups", scores.coarse)
    if scores.bins:
        yield ""
        yield "Confidence of the design"
        yield f"  expected calibration error  {scores.calibration_error:.3f}"
        for b in scores.bins:
            yield (
                f"  {b.low:.1f} to {b.high:.1f}  {b.n:5d} records, said {b.confidence:.2f}, "
                f"right {b.accuracy:.2f}"
            )


def _confusion(title: str, confusion: Confusion) -> Iterator[str]:
    yield ""
    yield title
    yield f"  exact  {confusion.accuracy}"
    yield f"  macro F1 {confusion.macro_f1:.3f}"
    yield from _table(confusion.classes)
    wrong = {
        true: {told: n for told, n in row.items() if told != true}
        for true, row in confusion.matrix().items()
    }
    if any(wrong.values()):
        yield "  taken for something else"
    for true, row in wrong.items():
        if row:
            told = ", ".join(f"{n} {name}" for name, n in sorted(row.items(), key=_commonest))
            yield f"    {true}: {told}"


def _commonest(cell: tuple[str, int]) -> tuple[int, str]:
    return -cell[1], cell[0]


def _table(scores: tuple[ClassScore, ...]) -> Iterator[str]:
    width = max((len(s.name) for s in scores), default=5)
    yield f"  {'class':{width}}  {'n':>5}  precision            recall               F1"
    for s in scores:
        yield (
            f"  {s.name:{width}}  {s.support:5d}  {_short(s.precision.as_json())}  "
            f"{_short(s.recall.as_json())}  {s.f1:.3f}"
        )


def _short(rate: dict[str, object]) -> str:
    if rate["value"] is None:
        return f"{'none':19}"
    return f"{rate['value']:.3f} ({rate['low']:.2f} to {rate['high']:.2f})"
