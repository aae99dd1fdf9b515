"""Commands about papers: classify, export, evaluate, claims, explain."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import Context
from monitor.errors import ConfigurationError, RecordError

Files = Annotated[
    list[str], typer.Argument(help="PubMed XML: .xml, .xml.gz, or - for standard input.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(classify)
    app.command()(export)
    app.command()(evaluate)
    app.command()(claims)
    app.command()(explain)


def classify(context: typer.Context, files: Files) -> None:
    """Print one JSON object a record: labels with their quotes. Nothing is stored."""
    from monitor.assess.answer import answer
    from monitor.harvest.files import records_of
    from monitor.harvest.records import BadRecord, Deletion

    assessor = context.obj.assessor
    bad = 0
    for path in files:
        try:
            for record in records_of(path):
                if isinstance(record, Deletion):
                    found = {"pmid": record.pmid, "error": "PubMed withdrew this record"}
                elif isinstance(record, BadRecord):
                    known = {"pmid": record.pmid} if record.pmid else {}
                    found = {**known, "error": record.reason}
                    bad += 1
                else:
                    found = answer(assessor.assess(record.article))
                print(json.dumps(found, ensure_ascii=False))
        except RecordError as error:
            print(json.dumps({"error": str(error)}, ensure_ascii=False))
            bad += 1
    if bad:
        raise RecordError(f"{bad} of the records or files could not be read; each says why.")


def export(
    context: typer.Context,
    form: Annotated[
        str, typer.Option("--format", help="jsonl, csv, ris or bibtex.", show_default=True)
    ] = "jsonl",
    topic: Annotated[str | None, typer.Option(help="Only papers of this topic.")] = None,
) -> None:
    """Print all papers that a topic wants, with labels."""
    from monitor.publish import exports
    from monitor.store import papers

    if form not in exports.FORMATS:
        raise ConfigurationError(f"--format {form}: one of {', '.join(exports.FORMATS)}.")
    found = papers.wanted(context.obj.store)
    if topic is not None:
        found = (p for p in found if topic in p.assessment.topics())
    for part in exports.FORMATS[form](found):
        sys.stdout.write(part)


def evaluate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Labelled JSON lines, or PubMed XML.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Score the labels against a labelled file."""
    from monitor.assess import evaluate as scoring
    from monitor.assess import report, truth
    from monitor.harvest.files import records_of
    from monitor.harvest.records import Parsed

    if file.name.removesuffix(".gz").endswith(".xml"):
        parsed = (r.article for r in records_of(str(file)) if isinstance(r, Parsed))
        records = truth.from_articles(parsed)
    else:
        records = truth.from_json_lines(_lines(file), str(file))
    found = scoring.evaluate(records, context.obj.assessor)
    if as_json:
        print(json.dumps(scoring.as_json(found), ensure_ascii=False))
    else:
        print(report.as_text(found))


def _lines(path: Path) -> Iterator[str]:
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as stream
        ):
            yield from stream
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: it cannot be read ({error}).") from error


def claims(
    context: typer.Context,
    claim: Annotated[str | None, typer.Argument(help="Id of a claim or mechanism.")] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As it stood at the end of a day.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List where every claim and mechanism stands, or show one with its quotes."""
    from monitor.store import ledger

    ctx: Context = context.obj
    titles = {c.id: c.title for c in ctx.catalog.claims}
    titles |= {m.id: m.label for m in ctx.catalog.mechanisms}
    if claim is not None and claim not in titles:
        raise ConfigurationError(f"there is no claim or mechanism {claim!r}; see `monitor claims`.")
    balances = (
        ledger.balances_as_of(ctx.store, _end_of(as_of.date()))
        if as_of
        else ledger.balances(ctx.store)
    )
    if claim is not None:
        _one_claim(ctx, claim, titles[claim], balances, as_json=as_json)
        return
    for name, title in titles.items():
        found = balances.get(name)
        status = found.status.value if found else "untraced"
        reason = found.reason if found else "No paper that we hold bears on it."
        if as_json:
            print(json.dumps({"id": name, "title": title, "status": status, "reason": reason}))
        else:
            print(f"{name}: {status}. {title}\n    {reason}")


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def _one_claim(ctx: Context, claim: str, title: str, balances: object, *, as_json: bool) -> None:
    from monitor.model import Balance
    from monitor.store import ledger
    from monitor.store.codec import encode

    assert isinstance(balances, dict)
    balance: Balance | None = balances.get(claim)
    bearings = ledger.bearings(ctx.store, [claim]).get(claim, [])
    history = ledger.history(ctx.store, claim)
    if as_json:
        print(
            json.dumps(
                {
                    "id": claim,
                    "title": title,
                    "balance": json.loads(encode(balance)) if balance else None,
                    "bearings": [json.loads(encode(b)) for b in bearings],
                    "history": [
                        {"at": at.isoformat(), "cause": cause, "status": b.status.value}
                        for at, cause, b in history
                    ],
                },
                ensure_ascii=False,
            )
        )
        return
    print(
        f"{title}\n{balance.status.value if balance else 'untraced'}: "
        f"{balance.reason if balance else 'No paper that we hold bears on it.'}"
    )
    for b in bearings:
        gone = " (withdrawn: counts for nothing)" if b.withdrawn else ""
        print(f"\n{b.stance.value}: {b.pmid}, {b.design}, n {b.n or 'not stated'}{gone}")
        for quote in b.quotes[:1]:
            print(f'    "{quote.text}"')
    for at, cause, then in history:
        print(f"\n{at:%Y-%m-%d} {then.status.value} ({cause}): {then.reason}")


def explain(context: typer.Context, pmid: str) -> None:
    """Show every label of a stored paper, and which rules made it or were held back."""
    from monitor.assess.answer import answer
    from monitor.assess.explain import Explainer
    from monitor.assess.text import read_text
    from monitor.store import articles

    ctx: Context = context.obj
    article = articles.articles(ctx.store, [pmid]).get(pmid)
    if article is None:
        raise RecordError(f"{pmid}: the store does not hold this paper.")
    found = ctx.assessor.assess(article)
    print(json.dumps(answer(found), ensure_ascii=False, indent=2))
    for relevance in found.relevance:
        print(f"\nrelevance {relevance.topic}: {relevance.level.value}. {relevance.reason}")
    explanation = Explainer(ctx.catalog).explain(article, read_text(article), found.design)
    print("\nCues of mechanisms that fired:")
    for firing in explanation.fired:
        print(f'  {firing.rule} [{firing.cue}]: "{firing.words.text}" in "{firing.passage.text}"')
    print("\nHeld back by a trap:")
    for firing in explanation.held_back:
        print(f'  {firing.rule} [{firing.cue}] by [{firing.held_back_by}]: "{firing.words.text}"')
