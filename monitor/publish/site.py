"""Writing the site: all of it or nothing, and never over what is not ours.

The new site is built beside the old one, unchanged files are hard links to it, and then the two
folders change places in one system call. Where that cannot be done (a mounted volume), changed
files are replaced one by one, the start page last.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.errors import PublishError

MANIFEST: Final = ".manifest.json"
_KEPT: Final = ("README.md", ".gitignore", ".nojekyll", "CNAME")
_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2


@dataclass(frozen=True)
class Written:
    """What a publication did, in files."""

    files: int
    changed: int
    removed: int


def write(target: Path, files: Iterable[tuple[str, bytes]]) -> Written:
    """Make `target` hold exactly these files (path, content), beside what it may keep.

    Raises `PublishError` when the folder holds something that is not ours or cannot be written;
    the site that was there stays as it was.
    """
    old = _manifest(target)
    draft = target.with_name(f".{target.name}.new")
    try:
        target.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        new, changed = _build(draft, target, files, old)
        removed = len(old.keys() - new.keys())
        if changed or removed or not old:
            _swap(draft, target, new, old)
    except OSError as error:
        raise PublishError(
            f"{target}: the site cannot be written ({error.strerror or error}); "
            "the one that was there is untouched."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Written(len(new), changed, removed)


def _manifest(target: Path) -> dict[str, str]:
    path = target / MANIFEST
    if path.exists():
        try:
            found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PublishError(f"{path}: it cannot be read ({error}); remove it.") from error
        return found
    if target.exists():
        strange = sorted(p.name for p in target.iterdir() if p.name not in _KEPT)
        if strange:
            raise PublishError(
                f"{target}: it holds files that are not ours ({strange[0]}), so nothing was "
                "written; set MONITOR_REPORTS_DIR to an empty folder."
            )
    return {}


def _build(
    draft: Path, target: Path, files: Iterable[tuple[str, bytes]], old: dict[str, str]
) -> tuple[dict[str, str], int]:
    new: dict[str, str] = {}
    folders = {draft}
    changed = 0
    for name, content in files:
        digest = hashlib.sha256(content).hexdigest()
        new[name] = digest
        place = draft / name
        if place.parent not in folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            folders.add(place.parent)
        if old.get(name) == digest and (target / name).is_file():
            os.link(target / name, place)
        else:
            place.write_bytes(content)
            changed += 1
    for name in _KEPT:
        if (target / name).is_file() and name not in new:
            shutil.copy2(target / name, draft / name)
    (draft / MANIFEST).write_text(json.dumps(new, indent=0, sort_keys=True), encoding="utf-8")
    return new, changed


def _swap(draft: Path, target: Path, new: dict[str, str], old: dict[str, str]) -> None:
    try:
        _exchange(draft, target)
    except OSError as error:
        if error.errno not in {errno.EBUSY, errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EPERM}:
            raise
        _replace_each(draft, target, new, old)


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


def _replace_each(draft: Path, target: Path, new: dict[str, str], old: dict[str, str]) -> None:
    # The start page leads to the others, so it comes after them; the manifest after all.
    for name in sorted(new, key=lambda n: (n == "index.html", n)):
        if old.get(name) != new[name] or not (target / name).exists():
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (draft / name).replace(place)
    (draft / MANIFEST).replace(target / MANIFEST)
    for name in old.keys() - new.keys():
        (target / name).unlink(missing_ok=True)
