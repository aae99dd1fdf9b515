"""Lists of papers as CSV, JSON, JSON lines, RIS, BibTeX and CSL-JSON. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor import wording
from monitor.model import Article, Author, Paper

_COLUMNS: Final = (
    "pmid", "doi", "pmcid", "title", "journal", "year", "created", "design", "design_confidence",
    "design_source", "sample_size", "dose_mg", "topics", "mechanisms_supported",
    "mechanisms_refuted", "mechanisms_mixed", "mechanisms_mentioned", "result", "retracted",
)  # fmt: skip
_LATEX: Final = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#",
    "$": r"\$", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
})  # fmt: skip


def row(paper: Paper) -> dict[str, Any]:
    """A paper as a flat row."""
    article, labels = paper.article, paper.assessment
    by_stance: dict[str, list[str]] = {}
    for claim in labels.claims:
        by_stance.setdefault(claim.stance.value, []).append(claim.mechanism)
    values = (
        article.pmid,
        article.doi,
        article.pmcid,
        article.title,
        article.journal.title,
        article.year,
        article.dates.created.isoformat() if article.dates.created else None,
        labels.design.id,
        round(labels.design.confidence, 3),
        labels.design.source.value,
        labels.sample_size.n if labels.sample_size else None,
        [d.mg for d in labels.doses],
        list(labels.topics()),
        by_stance.get("supports", []),
        by_stance.get("refutes", []),
        by_stance.get("mixed", []),
        by_stance.get("mentions", []),
        labels.result.direction.value,
        article.is_retracted,
    )
    return dict(zip(_COLUMNS, values, strict=True))


@dataclass(frozen=True, slots=True)
class Form:
    """A format: papers are pieces, and any list of pieces is a file.

    `one` gives the piece of a paper; `head`, `between` and `tail` stand around and between them.
    """

    name: str
    ending: str
    one: Callable[[Paper], str]
    head: str = ""
    between: str = ""
    tail: str = ""

    def whole(self, pieces: Iterable[str]) -> str:
        """A file of these pieces."""
        return self.head + self.between.join(pieces) + self.tail


def jsonl(papers: Iterable[Paper]) -> Iterator[str]:
    """One JSON object a line."""
    for paper in papers:
        yield _json_row(paper) + "\n"


def _json_row(paper: Paper) -> str:
    return json.dumps(row(paper), ensure_ascii=False)


def as_csv(papers: Iterable[Paper]) -> Iterator[str]:
    """CSV with a header; lists are joined with semicolons. A cell never starts a formula."""
    yield _csv_line(_COLUMNS)
    yield from map(_csv_row, papers)


def _csv_row(paper: Paper) -> str:
    return _csv_line([_cell(v) for v in row(paper).values()])


def _csv_line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        return ";".join(str(v) for v in value)
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"}:
        return "'" + value  # spreadsheets would run it
    return "" if value is None else value


def ris(papers: Iterable[Paper]) -> Iterator[str]:
    """RIS, one record a paper."""
    return map(_ris, papers)


def _ris(paper: Paper) -> str:
    a = paper.article
    fields: list[tuple[str, object]] = [("TY", "JOUR"), ("TI", a.title or a.vernacular_title)]
    fields += [("AU", _last_first(p)) for p in a.authors]
    pages = a.journal.pages.partition("-")
    fields += [
        ("T2", a.journal.title),
        ("PY", a.year),
        ("VL", a.journal.volume),
        ("IS", a.journal.issue),
        ("SP", pages[0]),
        ("EP", pages[2]),
        ("SN", a.journal.issn),
        ("DO", a.doi),
        ("AN", a.pmid if a.pmid.isdigit() else ""),
        ("UR", wording.paper_url(a.pmid)),
    ]
    fields += [("KW", k) for k in a.keywords]
    fields.append(("N1", f"Study design by evidence-monitor: {paper.assessment.design.id}"))
    lines = [f"{tag}  - {_flat(value)}" for tag, value in fields if value not in {"", None}]
    return "\r\n".join([*lines, "ER  - ", "", ""])


def bibtex(papers: Iterable[Paper]) -> Iterator[str]:
    """BibTeX, one entry a paper."""
    return map(_bibtex, papers)


def _bibtex(paper: Paper) -> str:
    a = paper.article
    fields = {
        "title": f"{{{_latex(a.title or a.vernacular_title)}}}",
        "author": " and ".join(_bib_name(p) for p in a.authors),
        "journal": _latex(a.journal.title),
        "year": a.year or "",
        "volume": _latex(a.journal.volume),
        "number": _latex(a.journal.issue),
        "pages": _latex(a.journal.pages.replace("-", "--")),
        "doi": a.doi,
        "pmid": a.pmid if a.pmid.isdigit() else "",
        "url": wording.paper_url(a.pmid),
    }
    inner = ",\n".join(f"  {k} = {{{v}}}" for k, v in fields.items() if v)
    return f"@article{{{_bib_key(a)},\n{inner}\n}}\n\n"


def csl(paper: Paper) -> dict[str, Any]:
    """A paper as CSL-JSON."""
    a = paper.article
    found: dict[str, Any] = {
        "id": a.pmid,
        "type": "article-journal",
        "title": a.title or a.vernacular_title,
        "container-title": a.journal.title,
        "author": [
            {"literal": p.collective}
            if p.collective
            else {"family": p.last_name, "given": p.fore_name or p.initials}
            for p in a.authors
        ],
        "volume": a.journal.volume,
        "issue": a.journal.issue,
        "page": a.journal.pages,
        "DOI": a.doi,
        "PMID": a.pmid if a.pmid.isdigit() else "",
        "URL": wording.paper_url(a.pmid),
    }
    if a.year:
        found["issued"] = {"date-parts": [[a.year]]}
    return {k: v for k, v in found.items() if v}


def _last_first(person: Author) -> str:
    if person.collective:
        return person.collective
    return f"{person.last_name}, {person.fore_name or person.initials}".rstrip(", ")


def _flat(value: object) -> str:
    return " ".join(str(value).split())


def _bib_name(person: Author) -> str:
    if person.collective:  # braces keep BibTeX from taking the name of a group apart
        return f"{{{_latex(person.collective)}}}"
    return _latex(_last_first(person))


def _latex(text: str) -> str:
    return _flat(text).translate(_LATEX)


def _bib_key(article: Article) -> str:
    first = article.authors[0].last_name if article.authors else "anon"
    return re.sub(r"[^A-Za-z0-9]", "", f"{first}{article.year or ''}_{article.pmid}") or "anon"


#: Formats of `monitor export`, by name.
FORMATS: Final = {"jsonl": jsonl, "csv": as_csv, "ris": ris, "bibtex": bibtex}
#: JSON lines, of the pieces of "json".
JSON_LINES: Final = Form("jsonl", "jsonl", _json_row, between="\n", tail="\n")
#: Formats of the site, by name.
FORMS: Final = {
    f.name: f
    for f in (
        Form("csv", "csv", _csv_row, head=_csv_line(_COLUMNS)),
        Form("json", "json", _json_row, head="[\n", between=",\n", tail="\n]\n"),
        Form("ris", "ris", _ris),
        Form("bibtex", "bib", _bibtex),
        Form(
            "csl",
            "csl.json",
            lambda paper: json.dumps(csl(paper), ensure_ascii=False),
            head="[\n",
            between=",\n",
            tail="\n]\n",
        ),
    )
}
