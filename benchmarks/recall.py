"""Recall and precision of each topic's query over real records.

    python benchmarks/recall.py FILE.xml[.gz] ...

Queries are evaluated by the small PubMed of the demo. The truth is an independent definition:
regular expressions over title, abstract and keywords, and the MeSH heading, written without looking
at the queries. Every miss is printed with its reason.
"""

from __future__ import annotations

import gzip
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from monitor.catalog import topics
from monitor.demo.index import Document, Index
from monitor.demo.query import search
from monitor.settings import packaged_queries

_ME = re.compile(
    r"\bmyalgic\W+enceph|\bchronic fatigue syndromes?\b|\bchronisch\w* fatigue|\b(me cfs|cfs me)\b"
    r"|\bmecfs\b|\bsystemic exertion intolerance\b|\bcfids\b"
    r"|\bpost ?(viral|infectious|infective|infection) fatigue\b"
)
_NALTREXONE = re.compile(r"\bnaltrexon")
_LOW = re.compile(
    r"\bldn\b|\b(ultra )?low(er)?( and ultra low)? dos(e|es|age)\b|\blowdose\b"
    r"|\b(0\.1|1|1\.5|2|3|4|4\.5|5|6) ?mg\b"
)
_SETTING = re.compile(
    r"fatigue|fibromyalgia|long covid|post covid|post acute sequelae|crohn|multiple sclerosis|trpm3"
    r"|toll like receptor 4|opioid growth factor|microglia|chronic pain"
)


def belongs(topic: str, document: Document) -> str:
    """Why a record belongs to a topic, or "" when it does not."""
    text = document.texts["tiab"]
    if topic == "me-cfs":
        if found := _ME.search(text):
            return f"names it: {found[0]}"
        return "MeSH heading" if "fatigue syndrome chronic" in document.mesh else ""
    if _NALTREXONE.search(text) and (found := _LOW.search(text) or _SETTING.search(text)):
        return f"naltrexone with: {found[0]}"
    return ""


def load(index: Index, path: Path) -> int:
    count = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        for _, element in etree.iterparse(stream, tag=("PubmedArticle", "PubmedBookArticle")):
            index.add(etree.tostring(element, with_tail=False))
            element.clear()
            count += 1
    return count


def main() -> None:
    index = Index()
    for name in sys.argv[1:]:
        print(f"{load(index, Path(name))} records of {Path(name).name}")
    today = datetime.now(UTC).date()
    visible = index.visible(today)
    for topic in topics.load(packaged_queries() / "topics"):
        hits = {index.documents[i].pmid for i in search(index, topic.term, today).numbers}
        truth = {
            index.documents[i].pmid: why
            for i in visible
            if (why := belongs(topic.id, index.documents[i]))
        }
        both = len(hits & truth.keys())
        print(f"\n{topic.id}: {len(hits)} hits, {len(truth)} belong")
        if truth and hits:
            print(
                f"recall {both}/{len(truth)} = {both / len(truth):.3f}, "
                f"precision {both}/{len(hits)} = {both / len(hits):.3f}"
            )
        for pmid in sorted(truth.keys() - hits):
            print(f"  missed {pmid}: {truth[pmid]}")


if __name__ == "__main__":
    main()
