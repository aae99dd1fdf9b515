"""A digest of all that pages depend on beside the store: program, queries, settings."""

from __future__ import annotations

import sys
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import SecretStr

from monitor.catalog import Catalog
from monitor.publish.digests import digest
from monitor.settings import Settings
from monitor.wording import Words

_LIBRARIES = ("babel", "jinja2", "lxml", "markupsafe", "pydantic")
_ENDINGS = (".py", ".html", ".po", ".js", ".css")


def stamp(catalog: Catalog, settings: Settings, words: Words) -> str:
    """The digest. Another version of the program, of a library or of the queries changes it."""
    entries = (*catalog.topics, *catalog.designs, *catalog.mechanisms, *catalog.claims)
    elsewhere = {name for name, value in settings if isinstance(value, (Path, SecretStr))}
    return digest(
        sys.version,
        *(metadata.version(name) for name in _LIBRARIES),
        *_program(resources.files("monitor")),
        *(e.model_dump_json() for e in entries),
        repr(sorted(vars(words.translations).get("_catalog", {}).items(), key=repr)),
        settings.model_dump_json(exclude=elsewhere),
    )


def _program(folder: Traversable) -> list[str]:
    found: list[str] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            found += _program(entry)
        elif entry.name.endswith(_ENDINGS):
            found.append(digest(entry.name, entry.read_bytes()))
    return found
