"""The files in the folder of backups: their names, and which of them stay."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"monitor-\d{8}T\d{6}Z\.db")


def name(now: datetime) -> str:
    """File name of the backup of a moment; names sort by time."""
    return f"monitor-{now:%Y%m%dT%H%M%SZ}.db"


def rotate(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups that were named by `name`; what was removed."""
    mine = sorted(p for p in folder.iterdir() if _NAME.fullmatch(p.name))
    old = mine[:-keep]
    for path in old:
        path.unlink()
    return old


def newest(folder: Path) -> Path | None:
    """The newest backup in a folder that `name` named."""
    if not folder.is_dir():
        return None
    return max((p for p in folder.iterdir() if _NAME.fullmatch(p.name)), default=None)
