"""PubMed XML from files: for `monitor classify` and `monitor import`."""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

from monitor.errors import RecordError
from monitor.harvest.records import Record, read_records

_GZIP: Final = b"\x1f\x8b"
_BLOCK: Final = 1 << 18
_NLM: Final = re.compile(r"(?:pubmed|medline)(\d\d)n(\d{4,6})\.xml(?:\.gz)?", re.ASCII)
_MD5: Final = re.compile(r"\b[0-9a-f]{32}\b", re.ASCII | re.IGNORECASE)


@contextmanager
def open_records(path: str) -> Iterator[IO[bytes]]:
    """A file of records as a stream of XML; "-" is standard input, gzip is seen by its first bytes.

    Raises `RecordError` that names the file when it cannot be opened or decompressed.
    """
    with _open(path) as raw:
        head = raw.peek(2)[:2] if hasattr(raw, "peek") else b""
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if head == _GZIP else raw


@contextmanager
def _open(path: str) -> Iterator[IO[bytes]]:
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as raw:
            yield raw
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordError(f"{path}: it cannot be read ({reason}).") from error


def records_of(path: str) -> Iterator[Record]:
    """Records of a file. Raises `RecordError` that names the file."""
    with open_records(path) as stream:
        try:
            yield from read_records(stream)
        except RecordError as error:
            raise RecordError(f"{path}: {error}") from error


def blocks(path: str) -> Iterator[bytes]:
    """A file's XML in blocks, decompressed, down to the last byte before a fault.

    Raises `RecordError` (which does not name the file) where it breaks off.
    """
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as raw:
            first = raw.read(_BLOCK)
            if not first.startswith(_GZIP):
                while first:
                    yield first
                    first = raw.read(_BLOCK)
                return
            yield from _decompressed(first, raw)
    except OSError as error:
        raise RecordError(f"it cannot be read ({error.strerror or error}).") from error
    except zlib.error as error:
        raise RecordError(f"its compression is broken ({error}).") from error


def _decompressed(data: bytes, raw: IO[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    while data:
        # At most one block at a time, however much a hostile file would swell to.
        if out := member.decompress(data, _BLOCK):
            yield out
        data = member.unconsumed_tail
        if member.eof:
            rest = (member.unused_data or raw.read(_BLOCK)).lstrip(b"\0")
            if not rest:
                return
            member, data = zlib.decompressobj(wbits=31), rest
        elif not data:
            data = raw.read(_BLOCK)
    raise RecordError("its compression breaks off: the file is not whole.")


def rank(path: str) -> int | None:
    """Place of a baseline or update file in NLM's order, by its name; None for other names."""
    found = _NLM.fullmatch(Path(path).name)
    return int(found[1]) * 1_000_000 + int(found[2]) if found else None


def checksum(path: str) -> str:
    """MD5 (hex) of a file, which must be the one in FILE.md5 when that is beside it.

    Raises `RecordError` (which does not name the file).
    """
    try:
        with Path(path).open("rb") as raw:
            found = hashlib.file_digest(raw, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise RecordError(f"it cannot be read ({error.strerror or error}).") from error
    beside = Path(f"{path}.md5")
    try:
        said = beside.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return found
    except OSError as error:
        raise RecordError(f"{beside.name} cannot be read ({error.strerror or error}).") from error
    stated = _MD5.search(said)
    if stated is None:
        raise RecordError(f"{beside.name} holds no MD5: download it again.")
    if stated[0].lower() != found:
        raise RecordError(f"its MD5 is not the one in {beside.name}: download it again.")
    return found
