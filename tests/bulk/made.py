"""Files in the form of NLM's, with records that a topic wants and records that none wants."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import text

from monitor.store import Store

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2019//EN" "x.dtd">
<PubmedArticleSet>
"""
WANTED = "Low-dose naltrexone in chronic fatigue syndrome"
OTHER = "Growth of barley on sandy soils"


def record(
    pmid: int, title: str = WANTED, *, revised: str = "2021-06-07", version: int = 1, pad: int = 0
) -> str:
    year, month, day = revised.split("-")
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="{version}">{pmid}</PMID>
<DateRevised><Year>{year}</Year><Month>{month}</Month><Day>{day}</Day></DateRevised>
<Article><Journal><Title>Journal of Tests</Title></Journal><ArticleTitle>{title}</ArticleTitle>
<Abstract><AbstractText>We treated 12 people. {"They slept well. " * pad}</AbstractText></Abstract>
</Article></MedlineCitation></PubmedArticle>
"""


def deletion(*pmids: int) -> str:
    return "<DeleteCitation>" + "".join(f"<PMID>{p}</PMID>" for p in pmids) + "</DeleteCitation>\n"


def xml(*parts: str) -> bytes:
    return (HEAD + "".join(parts) + "</PubmedArticleSet>\n").encode()


def write(folder: Path, name: str, data: bytes, *, md5: str | None = None) -> str:
    """A compressed file of NLM, with its checksum beside it (`md5`: another one)."""
    path = folder / name
    path.write_bytes(gzip.compress(data, mtime=0))
    said = md5 or hashlib.md5(path.read_bytes()).hexdigest()
    Path(f"{path}.md5").write_text(f"MD5({name})= {said}\n")
    return str(path)


_TABLES = {
    "article": "pmid, title, digest, gone, retracted, data",
    "article_version": "pmid, number, digest, gone, changed, changes, xml, rank",
    "article_topic": "pmid, topic, seed",
    "assessment": "pmid, assessor, wanted, design, data",
    "bad_record": "pmid, source, reason",
    "import_file": "name, rules, state, place, error, data",
    "import_mark": "pmid, rank, version, gone",
}


def dump(store: Store, tables: Iterable[str] = _TABLES) -> dict[str, list[tuple[object, ...]]]:
    """What the store holds of imports, apart from times and numbers of rows, in one order."""
    found = {}
    with store.read() as session:
        for name in tables:
            rows = session.connection().execute(text(f"SELECT {_TABLES[name]} FROM {name}"))
            found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found
