"""The twin of the site: the same files in a second folder, by hard link, so that it takes no room.

To link 28,000 files anew for each build, and to remove the old ones, takes longer than to make the
pages that changed. So the folder that has just been the site is kept and follows it. It is a twin
only as long as its manifest is the very file that the site has; whatever was left half done is not.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2
_CANNOT_EXCHANGE: Final = frozenset(
    {errno.EBUSY, errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EPERM}
)
_CANNOT_LINK: Final = frozenset({errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV})


class Twin:
    """A folder beside a site, on the same file system; `mark` is the name of the manifest."""

    def __init__(self, site: Path, folder: Path, mark: str) -> None:
        self.folder = folder
        self._site = site
        self._mark = mark
        self._folders: set[str] = set()
        self._linked = True

    def fill(
        self, files: Iterable[str], changed: Iterable[str], draft: Path, strangers: Iterable[str]
    ) -> None:
        """Make it the next site.

        Of its `files`, and the manifest, those that `changed` are moved from the draft;
        `strangers` are copied from the site, as somebody may write into them.
        """
        if not self._is_true():
            self.remove()
        self.folder.mkdir(exist_ok=True)
        (self.folder / self._mark).unlink(missing_ok=True)
        wanted, held = set(files), set(files_in(self.folder))
        for path in held - wanted:
            self._take_out(path)
        for path in sorted(wanted - held - set(changed)):
            self._link(path)
        for path in changed:
            os.replace(f"{draft}/{path}", self._place(path))  # noqa: PTH105 - 15,000 times
        for path in strangers:
            self._copy(path)

    def follow(self, changed: Iterable[str], gone: Iterable[str]) -> None:
        """After the two changed places: take over what is new in the site, the manifest last."""
        self._folders.clear()
        try:
            (self.folder / self._mark).unlink(missing_ok=True)
            for path in gone:
                self._take_out(path)
            for path in sorted(changed, key=lambda p: p == self._mark):
                self._renew(path)
        except OSError:
            self.remove()  # the site is written; the next build makes another twin
        if not self._linked:
            self.remove()  # copies would take as much room again

    def remove(self) -> None:
        """Do without a twin."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._folders.clear()

    def _is_true(self) -> bool:
        try:
            return (self.folder / self._mark).samefile(self._site / self._mark)
        except OSError:
            return False

    def _place(self, path: str) -> str:
        """Where a file goes; its folder is there."""
        place = f"{self.folder}/{path}"
        folder = os.path.dirname(place)  # noqa: PTH120 - 15,000 times
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - the same
            self._folders.add(folder)
        return place

    def _renew(self, path: str) -> None:
        """Take a file's new version over at once: a reader may still stand in the old site."""
        place = self._place(path)
        self._link(path, f"{place}.new")
        os.replace(f"{place}.new", place)  # noqa: PTH105 - paths are text here

    def _link(self, path: str, place: str = "") -> None:
        place = place or self._place(path)
        try:
            os.link(f"{self._site}/{path}", place)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            self._linked = False
            shutil.copy2(self._site / path, place, follow_symlinks=False)

    def _copy(self, path: str) -> None:
        shutil.copy2(self._site / path, self._place(path), follow_symlinks=False)

    def _take_out(self, path: str) -> None:
        """Remove a file, and folders that are empty then."""
        place = self.folder / path
        place.unlink(missing_ok=True)
        with suppress(OSError):
            while (place := place.parent) != self.folder:
                place.rmdir()
                self._folders.discard(str(place))


def files_in(top: Path) -> Iterator[str]:
    """Paths of all files in a folder, from there; links to folders are not followed."""
    start = len(str(top)) + 1
    for folder, _, files in os.walk(top):
        where = folder[start:]
        yield from (f"{where}/{name}" if where else name for name in files)


def exchange(first: Path, second: Path) -> bool:
    """Let two folders change places, in one step; False where that cannot be done."""
    try:
        _rename(first, second)
    except OSError as error:
        if error.errno not in _CANNOT_EXCHANGE:
            raise
        return False
    return True


def _rename(first: Path, second: Path) -> None:
    """Linux only: renameat2."""
    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, "renameat2 is missing")
    pair = (os.fsencode(first), os.fsencode(second))
    if rename(_AT_FDCWD, pair[0], _AT_FDCWD, pair[1], _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(second))
