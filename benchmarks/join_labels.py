"""Labels that hold PMIDs only, joined with titles and abstracts from PubMed XML.

    python benchmarks/join_labels.py LABELS.jsonl FILE.xml.gz... > out.jsonl

What comes out is read by `monitor evaluate`. Labels whose record is in none of the files are left
out, and counted on standard error.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from monitor.harvest.records import Parsed, read_records
from monitor.model import Article


def articles_of(paths: Iterable[Path]) -> Iterator[Article]:
    """Records of PubMed XML files; what is no article is passed over."""
    for path in paths:
        with gzip.open(path) as stream:
            records = read_records(cast("IO[bytes]", stream))
            yield from (r.article for r in records if isinstance(r, Parsed))


def labelled(path: Path) -> Iterator[dict[str, Any]]:
    """Lines of a file of labels, packed or not."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    yield from (json.loads(line) for line in text.splitlines() if line.strip())


def joined(
    labels: Iterable[dict[str, Any]], articles: Iterable[Article]
) -> Iterator[dict[str, Any]]:
    """Labels with the text of the first record of their PMID, in the order of the records."""
    left = {label["pmid"]: label for label in labels}
    for article in articles:
        label = left.pop(article.pmid, None)
        if label is not None:
            yield label | {"title": article.title, "abstract": article.abstract}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("labels", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    given = parser.parse_args()
    labels = list(labelled(given.labels))
    found = list(joined(labels, articles_of(given.files)))
    for record in found:
        print(json.dumps(record, ensure_ascii=False))
    print(f"{len(labels) - len(found)} of {len(labels)} without a record", file=sys.stderr)


if __name__ == "__main__":
    main()
