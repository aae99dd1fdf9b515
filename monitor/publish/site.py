"""Writing the site: all of it or nothing, and never over what is not ours.

The new site is built beside the old one, unchanged files are hard links to it, and then the two
folders change places in one system call. Where that cannot be done (a mounted volume), changed
files are replaced one by one, the start page last. The manifest in the folder marks it as ours and
says of every file what it was made of; a file that is not in it was put there by someone else, and
stays.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.errors import PublishError

MANIFEST: Final = ".manifest.json"
#: What an empty folder may hold before the first site is written into it.
_WELCOME: Final = frozenset({"README.md", ".gitignore", ".nojekyll", "CNAME"})
_INSIDE: Final = ".build"
_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2
_CANNOT_EXCHANGE: Final = frozenset(
    {errno.EBUSY, errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EPERM}
)

#: Of each file: what it was made of ("" where that is not told), and the digest of its bytes.
Manifest = dict[str, tuple[str, str]]


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

    def holds(self, path: str, inputs: str) -> bool:
        """Whether the file is there, made of the same inputs."""
        return bool(inputs) and self._old.get(path, ("",))[0] == inputs

    def write(self, files: Iterable[File]) -> Written:
        """Make the folder hold exactly these files, beside what others put there."""
        draft = self.room / "draft"
        try:
            self.target.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            new, changed = self._build(draft, files)
            removed = len(self._old.keys() - new.keys())
            if changed or new != self._old:
                self._keep_strangers(draft, new)
                self._swap(draft, new)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return Written(len(new), changed, removed)

    def _build(self, draft: Path, files: Iterable[File]) -> tuple[Manifest, int]:
        new: Manifest = {}
        folders: set[str] = set()
        changed = 0
        for file in files:
            place = f"{draft}/{file.path}"
            folder = os.path.dirname(place)  # noqa: PTH120 - 15,000 times
            if folder not in folders:
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - the same
                folders.add(folder)
            before = self._old.get(file.path)
            if before and before[0] == file.inputs != "" and self._link(file.path, place):
                new[file.path] = before
                continue
            new[file.path], other = self._make(file, place)
            changed += other
        text = json.dumps(new, indent=0, sort_keys=True)
        (draft / MANIFEST).write_text(text, encoding="utf-8")
        return new, changed

    def _make(self, file: File, place: str) -> tuple[tuple[str, str], bool]:
        """What the manifest says of the file, and whether it is other than it was."""
        content = file.make()
        found = _digest_of(content)
        before = self._old.get(file.path)
        other = not (before and before[1] == found and self._link(file.path, place))
        if isinstance(content, Path):
            if other:
                content.replace(place)
            else:
                content.unlink()
        elif other:
            with open(place, "wb") as stream:  # noqa: PTH123 - 15,000 times
                stream.write(content)
        return (file.inputs, found), other

    def _link(self, path: str, place: str) -> bool:
        try:
            os.link(f"{self.target}/{path}", place)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV}:
                raise
            shutil.copy2(f"{self.target}/{path}", place)
        return True

    def _keep_strangers(self, draft: Path, new: Manifest) -> None:
        """Take over files that are not ours; the folder is about to change places."""
        top = str(self.target)
        for folder, _, files in os.walk(top):
            where = folder[len(top) + 1 :]
            for name in files:
                path = f"{where}/{name}" if where else name
                ours = path == MANIFEST or path in self._old or path in new
                if not ours and not path.startswith(_INSIDE + "/"):
                    (draft / where).mkdir(parents=True, exist_ok=True)
                    shutil.copy2(self.target / path, draft / path, follow_symlinks=False)

    def _swap(self, draft: Path, new: Manifest) -> None:
        if self.room.parent != self.target:
            try:
                _exchange(draft, self.target)
            except OSError as error:
                if error.errno not in _CANNOT_EXCHANGE:
                    raise
            else:
                return
        self._replace_each(draft, new)

    def _replace_each(self, draft: Path, new: Manifest) -> None:
        # The start page leads to the others, so it comes after them; the manifest after all.
        for name in sorted(new, key=lambda n: (n == "index.html", n)):
            place = self.target / name
            if self._old.get(name, ("", ""))[1] != new[name][1] or not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                (draft / name).replace(place)
        (draft / MANIFEST).replace(self.target / MANIFEST)
        for name in self._old.keys() - new.keys():
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


def _exchange(first: Path, second: Path) -> None:
    """Let two paths change places, in one step (renameat2; Linux)."""
    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, "renameat2 is missing")
    pair = (os.fsencode(first), os.fsencode(second))
    if rename(_AT_FDCWD, pair[0], _AT_FDCWD, pair[1], _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(second))
