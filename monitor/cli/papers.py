"""Commands about papers: classify, export, evaluate."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from monitor.errors import ConfigurationError, RecordError

Files = Annotated[
    list[str], typer.Argument(help="PubMed XML: .xml, .xml.gz, or - for standard input.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(classify)
    app.command()(export)
    app.command()(evaluate)


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
