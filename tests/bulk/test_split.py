"""A stream is cut between records, in the same places however it arrives."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bulk.split import Chunk, chunks
from monitor.errors import RecordError
from monitor.harvest.records import Deletion, Parsed, TruncatedError, read_records
from tests.bulk.made import HEAD, deletion, record, xml

DATA = xml(*(record(n, pad=n % 7) for n in range(1, 40)), deletion(3, 4))


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def pmids(found: list[Chunk]) -> list[str]:
    return [
        r.article.pmid if isinstance(r, Parsed) else f"-{r.pmid}"
        for chunk in found
        for r in read_records(io.BytesIO(chunk.xml))
        if isinstance(r, Parsed | Deletion)
    ]


@given(block=st.integers(1, 5000), size=st.integers(1, 9000), at=st.integers(0, 100))
def test_the_cuts_do_not_depend_on_blocks_nor_on_where_reading_starts(
    block: int, size: int, at: int
) -> None:
    whole = list(chunks([DATA], size=size))
    assert list(chunks(blocks(DATA, block), size=size)) == whole
    assert pmids(whole) == [*(str(n) for n in range(1, 40)), "-3", "-4"]
    at %= len(whole)
    start = whole[at - 1].place if at else 0
    assert list(chunks(blocks(DATA, block), start, size)) == whole[at:]
    assert whole[-1].place == len(DATA)


def test_a_stream_that_ends_early_gives_its_whole_records_and_then_says_so() -> None:
    cut = DATA[: DATA.index(b">20</PMID>") + 3]
    found = list(chunks([cut], size=2000))
    whole = pmids(found[:-1])
    with pytest.raises(TruncatedError):
        for record_ in read_records(io.BytesIO(found[-1].xml)):
            assert isinstance(record_, Parsed)
            whole.append(record_.article.pmid)
    assert whole == [str(n) for n in range(1, 20)]


def test_a_stream_that_ends_between_two_records_is_not_taken_for_whole() -> None:
    cut = DATA[: DATA.index(b"</PubmedArticle>") + len(b"</PubmedArticle>")]
    with pytest.raises(TruncatedError):
        list(read_records(io.BytesIO(list(chunks([cut], size=10))[-1].xml)))


def test_a_fault_of_the_source_comes_after_the_records_before_it() -> None:
    def source() -> Iterator[bytes]:
        yield DATA[: DATA.index(b">20</PMID>") + 3]
        raise RecordError("the disk is gone")

    found = []
    with pytest.raises(RecordError, match="the disk is gone"):
        found.extend(chunks(source()))
    found = []
    try:
        for chunk in chunks(source()):
            found.append(chunk)
    except RecordError:
        pass
    assert pmids(found)[-1] == "19"


def test_wrapped_sets_and_comments_before_the_root_are_no_trouble() -> None:
    inner = "".join(record(n) for n in range(1, 9))
    data = (
        f"<!-- <a> --><answer x='1'><PubmedArticleSet>{inner}</PubmedArticleSet></answer>".encode()
    )
    assert pmids(list(chunks([data], size=1000))) == [str(n) for n in range(1, 9)]


def test_a_record_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.bulk.split._LONGEST", 10_000)
    endless = HEAD.encode() + b"<PubmedArticle>" + b"x" * 20_000
    with pytest.raises(RecordError, match="no record ends"):
        list(chunks(blocks(endless, 1000), size=1000))
