"""The files of the site, from a folder that may be exchanged for another one at any moment.

A file is opened once; its length, its tag and its bytes come from that very opening, so that an
exchange in between costs nothing. What is not a plain file under the folder is not there: no
hidden name, no symbolic link, no way up.
"""

from __future__ import annotations

import errno
import gzip
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import BinaryIO, Final

#: Type and whether it is worth compressing, by ending. Anything else is offered as a download.
TYPES: Final = {
    ".html": ("text/html; charset=utf-8", True),
    ".css": ("text/css; charset=utf-8", True),
    ".js": ("text/javascript; charset=utf-8", True),
    ".json": ("application/json", True),
    ".jsonl": ("application/jsonl; charset=utf-8", True),
    ".csv": ("text/csv; charset=utf-8", True),
    ".txt": ("text/plain; charset=utf-8", True),
    ".ris": ("application/x-research-info-systems; charset=utf-8", True),
    ".bib": ("application/x-bibtex; charset=utf-8", True),
    ".xml": ("application/xml", True),
    ".svg": ("image/svg+xml", True),
    ".png": ("image/png", False),
    ".ico": ("image/x-icon", False),
    ".woff2": ("font/woff2", False),
    ".webmanifest": ("application/manifest+json", True),
    ".pdf": ("application/pdf", False),
    ".db": ("application/vnd.sqlite3", False),
    ".gz": ("application/gzip", False),
    ".zip": ("application/zip", False),
}
_ATOM: Final = ("application/atom+xml; charset=utf-8", True)
_UNKNOWN: Final = ("application/octet-stream", False)
_FORBIDDEN: Final = ("\\", "\x00")
_CHUNK: Final = 1 << 16
#: Larger files are sent as they are, in pieces.
_COMPRESSED_UP_TO: Final = 8 << 20
_KEPT: Final = 32 << 20
_MISSING: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EACCES, errno.EISDIR}
)


class MovedError(Exception):
    """The path names a folder, whose address ends with a slash."""


@dataclass(frozen=True)
class File:
    """An opened file of the site; whoever opened it closes it."""

    stream: BinaryIO
    size: int
    modified: float
    tag: str
    kind: str
    compressible: bool
    key: tuple[int, int, int, int]

    @property
    def changed(self) -> datetime:
        """The time of the last change."""
        return datetime.fromtimestamp(self.modified, UTC)

    @property
    def last_modified(self) -> str:
        """The time of the last change as HTTP writes it."""
        return formatdate(self.modified, usegmt=True)

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces."""
        while piece := self.stream.read(_CHUNK):
            yield piece

    def close(self) -> None:
        """Close it; more than once does no harm."""
        self.stream.close()


def open_file(folder: Path, path: str) -> File | None:
    """Open the file at a path of the site ("" and "papers/" are their index.html).

    None when there is none that may be shown. Raises `MovedError` for a folder without its slash.
    """
    if path == "" or path.endswith("/"):
        path += "index.html"
    names = path.split("/")
    if any(not _is_fit(name) for name in names):
        return None
    try:
        descriptor = _open_beneath(folder, names)
    except OSError as error:
        if error.errno in _MISSING:
            return None
        raise
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode):
        return _file(descriptor, found, names)
    os.close(descriptor)
    if stat.S_ISDIR(found.st_mode):
        raise MovedError
    return None


def _is_fit(name: str) -> bool:
    return bool(name) and not name.startswith(".") and not any(c in name for c in _FORBIDDEN)


def _open_beneath(folder: Path, names: list[str]) -> int:
    """Open step by step from the folder down, so that no link on the way leads out of it."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    here = os.open(folder, flags | os.O_DIRECTORY)
    try:
        for name in names:
            following = os.open(name, flags | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = following
    except BaseException:
        os.close(here)
        raise
    return here


def _file(descriptor: int, found: os.stat_result, names: list[str]) -> File:
    kind, compressible = TYPES.get(Path(names[-1]).suffix.lower(), _UNKNOWN)
    if names[0] == "feeds" and names[-1].endswith(".xml"):
        kind, compressible = _ATOM
    key = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
    # Weak, since the compressed form shares it; the inode is left out: unchanged files keep their
    # time, also when another machine holds a copy.
    tag = f'W/"{found.st_mtime_ns:x}-{found.st_size:x}"'
    stream = os.fdopen(descriptor, "rb", buffering=0)
    return File(stream, found.st_size, found.st_mtime, tag, kind, compressible, key)


class Compressed:
    """Compressed files, kept while they are asked for and memory allows."""

    def __init__(self, room: int = _KEPT, compress: Callable[[bytes], bytes] | None = None) -> None:
        self._room, self._compress = room, compress or _gzip
        self._kept: OrderedDict[tuple[int, int, int, int], bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def of(self, file: File) -> bytes | None:
        """The file compressed, or None when it is better sent as it is."""
        if not file.compressible or file.size > _COMPRESSED_UP_TO:
            return None
        with self._lock:
            known = self._kept.get(file.key)
            if known is not None:
                self._kept.move_to_end(file.key)
                return known
        made = self._compress(b"".join(file.chunks()))
        with self._lock:
            if file.key not in self._kept:
                self._kept[file.key] = made
                self._size += len(made)
            while self._size > self._room and self._kept:
                self._size -= len(self._kept.popitem(last=False)[1])
        return made


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)
