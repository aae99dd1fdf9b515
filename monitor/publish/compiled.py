"""Templates as Jinja compiled them, kept beside their sources as Python keeps its own bytecode.

To compile all of them takes as long as half of a build in which little changed. Whoever may write
there may change the program anyway; where we may not, they are compiled each time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from monitor.publish.digests import digest

TEMPLATES: Final = Path(__file__).parent / "templates"


class Compiled(BytecodeCache):
    """One file a template; `settings` are those of the environment that code depends on.

    Jinja compares source and version of Python; its own version and the settings are ours to do.
    """

    def __init__(self, settings: str, folder: Path = TEMPLATES / "__pycache__") -> None:
        self._settings = digest(metadata.version("jinja2"), settings)
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code from its file, if it is there and fits."""
        with suppress(OSError):
            stamp, _, code = self._path(bucket).read_bytes().partition(b"\n")
            if stamp == self._stamp(code):  # Jinja would fail on half a file
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code, whole or not at all."""
        path = self._path(bucket)
        draft = path.with_suffix(f".{os.getpid()}")
        code = bucket.bytecode_to_string()
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            draft.write_bytes(self._stamp(code) + b"\n" + code)
            draft.replace(path)

    def _stamp(self, code: bytes) -> bytes:
        return digest(self._settings, code).encode()

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.jinja"
