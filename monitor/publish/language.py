"""Languages of the site: a translation is a file, LANGUAGE.po, of the catalogue of messages."""

from __future__ import annotations

import io
from gettext import GNUTranslations
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from monitor.errors import ConfigurationError
from monitor.wording import Words

ENGLISH: Final = "en"


def words(language: str = ENGLISH, folder: Path | None = None) -> Words:
    """What is said in a language: by the file in `folder`, or by the packaged one.

    English needs no file, and may have one. Raises `ConfigurationError` for a language that Babel
    does not know, or a translation that is missing or cannot be read.
    """
    try:
        Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise ConfigurationError(
            f"language: {language!r} is none that is known; one like en, fi or pt-BR is."
        ) from error
    name = f"{language}.po"
    packaged = resources.files("monitor.publish") / "locale"
    places: list[Traversable] = [p / name for p in (folder, packaged) if p is not None]
    path = next((p for p in places if p.is_file()), None)
    if path is not None:
        return Words(language, _read(path, language))
    if language == ENGLISH:
        return Words()
    raise ConfigurationError(
        f"language: there is no {name} in {folder or 'MONITOR_TRANSLATIONS_DIR, which is not set'};"
        " make one of messages.pot (docs/translating.md)."
    )


def _read(path: Traversable, language: str) -> GNUTranslations:
    try:
        catalog = read_po(
            io.BytesIO(path.read_bytes()),
            locale=language.replace("-", "_"),
            abort_invalid=True,
        )
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
    except (OSError, PoFileError, ValueError) as error:
        raise ConfigurationError(f"{path}: the translation cannot be read: {error}.") from error
    compiled.seek(0)
    return GNUTranslations(compiled)
