"""Writing the site: all of it or nothing, and never over what is not ours.

Files that changed are written into a draft. Beside the site lies its twin, the same files by hard
link; the draft goes into the twin, and then twin and site change places in one system call. Where
that cannot be done (a mounted volume), changed files are replaced one by one, the start page last.
The manifest in the folder marks it as ours and says of every file what it was made of; a file that
is not in it was put there by someone else, and stays.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.errors import PublishError
from monitor.publish.twin import Twin, exchange, files_in

MANIFEST: Final = ".manifest.json"
#: What an empty folder may hold before the first site is written into it.
_WELCOME: Final = frozenset({"README.md", ".gitignore", ".nojekyll", "CNAME"})
_INSIDE: Final = ".build"

#: Of each file: what it was made of ("" where that is not told), and the digest of its bytes.
Manifest = dict[str, tuple[str, str]]
_NONE: Final = ("", "")


@dataclass(frozen=True, slots=True)
class File:
    """A file of the site, by its path in it.

    `make` gives its bytes, or the path of a finished file that is moved into the site. `inputs` is
    a digest of all that `make` depends on: where it is the same as last time, nothing is made.
    Without it the file is made every time, and written only when its bytes changed.
    """

    path: str
    make: Callable[[], bytes | Path]
    inputs: str = ""

    @classmethod
    def of(cls, path: str, content: bytes) -> File:
        """A file with these bytes."""
        return cls(path, lambda: content)


@dataclass(frozen=True)
class Written:
    """What a publication did, in files."""

    files: int
    changed: int
    removed: int


class Site:
    """A folder that holds a site, opened by `opened`. `room` is a folder for what is kept aside."""

    def __init__(self, target: Path, room: Path) -> None:
        self.target = target
        self.room = room
        self._old = _manifest(target)
        self._there = frozenset(files_in(target))

    def holds(self, path: str, inputs: str) -> bool:
        """Whether the file is there, made of the same inputs."""
        return bool(inputs) and self._before(path)[0] == inputs

    def _before(self, path: str) -> tuple[str, str]:
        """What the manifest says of a file; what somebody took away is not there."""
        return self._old.get(path, _NONE) if path in self._there else _NONE

    def write(self, files: Iterable[File]) -> Written:
        """Make the folder hold exactly these files, beside what others put there."""
        draft = self.room / "draft"
        try:
            self.target.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            new, changed = self._build(draft, files)
            gone = self._old.keys() - new.keys()
            if changed or new != self._old:
                # One entry a line, in C: with `indent` it would take three times as long.
                text = json.dumps(new, sort_keys=True, separators=(",\n", ": "))
                (draft / MANIFEST).write_text(text, encoding="utf-8")
                self._swap(draft, new, [*changed, MANIFEST], gone)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return Written(len(new), len(changed), len(gone))

    def _build(self, draft: Path, files: Iterable[File]) -> tuple[Manifest, list[str]]:
        """What the manifest will say, and which files are other than before: the draft has them."""
        new: Manifest = {}
        changed: list[str] = []
        for file in files:
            if self.holds(file.path, file.inputs):
                new[file.path] = self._old[file.path]
                continue
            content = file.make()
            found = _digest_of(content)
            new[file.path] = file.inputs, found
            if self._before(file.path)[1] != found:
                changed.append(file.path)
                _put(content, draft / file.path)
            elif isinstance(content, Path):
                content.unlink()
        return new, changed

    def _swap(
        self, draft: Path, new: Manifest, changed: Sequence[str], gone: Collection[str]
    ) -> None:
        if self.room.parent == self.target:
            self._replace_each(draft, changed, gone)
            return
        strangers = self._strangers(new)
        twin = Twin(self.target, self.room / "twin", MANIFEST)
        try:
            twin.fill(new, changed, draft, strangers)
            exchanged = exchange(twin.folder, self.target)
            if not exchanged:
                self._replace_each(twin.folder, changed, gone)
        except OSError:
            twin.remove()
            raise
        if exchanged:
            twin.follow(changed, [*gone, *strangers])
        else:
            twin.remove()

    def _strangers(self, new: Manifest) -> list[str]:
        """Files that are not ours; the folder is about to change places."""
        return [
            path
            for path in files_in(self.target)
            if not (path in self._old or path in new or path == MANIFEST)
            and not path.startswith(_INSIDE + "/")
        ]

    def _replace_each(self, source: Path, changed: Iterable[str], gone: Iterable[str]) -> None:
        # The start page leads to the others, so it comes after them; the manifest after all.
        for name in sorted(changed, key=lambda n: (n == MANIFEST, n == "index.html", n)):
            place = self.target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (source / name).replace(place)
        for name in gone:
            (self.target / name).unlink(missing_ok=True)


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """The site in a folder, locked against other processes that would write it.

    Raises `PublishError`, the site that was there left as it was: when the folder holds something
    that is not ours, when it or the folder beside it cannot be written, when the disk is full, when
    another process is writing it.
    """
    target = folder.resolve()
    try:
        room = _room(target)
        site = Site(target, room)
        with (room / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PublishError(f"{folder}: another process is writing the site.") from error
            yield site
    except OSError as error:
        raise PublishError(
            f"{folder}: the site cannot be written ({error.strerror or error}); "
            "the one that was there is untouched."
        ) from error


def write(folder: Path, files: Iterable[File | tuple[str, bytes]]) -> Written:
    """Make a folder hold exactly these files, beside what others put there; see `opened`."""
    with opened(folder) as site:
        return site.write(f if isinstance(f, File) else File.of(*f) for f in files)


def _room(target: Path) -> Path:
    """A folder on the same file system: beside the site, or in it where that cannot be."""
    _refuse_what_is_not_ours(target)
    beside = target.with_name(f".{target.name}.build")
    if not target.is_mount():
        try:
            beside.mkdir(parents=True, exist_ok=True)
        except PermissionError:
            if not target.is_dir():
                raise
        else:
            return beside
    inside = target / _INSIDE
    inside.mkdir(parents=True, exist_ok=True)
    return inside


def _refuse_what_is_not_ours(target: Path) -> None:
    if not target.exists() or (target / MANIFEST).exists():
        return
    strange = sorted(p.name for p in target.iterdir() if p.name not in {*_WELCOME, _INSIDE})
    if strange:
        raise PublishError(
            f"{target}: it holds files that are not ours ({strange[0]}), so nothing was "
            "written; set MONITOR_REPORTS_DIR to an empty folder."
        )


def _manifest(target: Path) -> Manifest:
    path = target / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: _entry(value) for name, value in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as error:
        raise PublishError(
            f"{path}: it cannot be read ({error}), so nobody knows which files are ours; "
            "set MONITOR_REPORTS_DIR to an empty folder."
        ) from error


def _entry(value: object) -> tuple[str, str]:
    if isinstance(value, str):  # as the first version wrote it
        return "", value
    if not (isinstance(value, list) and len(value) == 2):  # noqa: PLR2004 - a pair
        raise TypeError("a file without its digests")
    return str(value[0]), str(value[1])


def _digest_of(content: bytes | Path) -> str:
    found = hashlib.blake2b(digest_size=16)
    if isinstance(content, bytes):
        found.update(content)
        return found.hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: found).hexdigest()


def _put(content: bytes | Path, place: Path) -> None:
    try:
        if isinstance(content, Path):
            content.replace(place)
        else:
            place.write_bytes(content)
    except FileNotFoundError:
        place.parent.mkdir(parents=True)
        _put(content, place)
