"""Languages of the site: a translation is a file, LANGUAGE.po, of the catalogue of messages."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from gettext import GNUTranslations
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, Any, Final

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from monitor.errors import ConfigurationError
from monitor.wording import Words

ENGLISH: Final = "en"
_NAME: Final = re.compile(r"%\((\w+)\)")
#: Keys of queries/*.toml whose texts readers see.
_SEEN: Final = frozenset(
    "title description label plural plain trap_note describes cannot_show says would_change "
    "reason".split()
)


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
        _check(catalog)
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
    except (OSError, PoFileError, ValueError) as error:
        raise ConfigurationError(f"{path}: the translation cannot be read: {error}.") from error
    compiled.seek(0)
    return GNUTranslations(compiled)


def _check(catalog: Catalog) -> None:
    wrong = next((m for m in catalog if not _fits(m)), None)
    if wrong is not None:
        raise ValueError(f"{wrong.id!r} is translated with other %(names)s")


def _fits(message: Message) -> bool:
    """Whether a translation asks for no value that the message does not have."""
    if not message.id:
        return True
    ids, strings = (
        "\n".join(x or "" for x in ([text] if isinstance(text, str) else text or ()))
        for text in (message.id, message.string)
    )
    return set(_NAME.findall(strings)) <= set(_NAME.findall(ids))


def queries(
    file: IO[bytes], keywords: object, tags: object, options: Mapping[str, str]
) -> Iterator[tuple[int, None, str, Collection[str]]]:
    """Babel's extractor of the texts in queries/*.toml, in the order of the file."""
    del keywords, tags, options
    source = file.read().decode()
    for text in dict.fromkeys(_texts(tomllib.loads(source))):
        line = source[: source.find(text[:20])].count("\n") + 1
        yield line, None, text, ()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _SEEN and isinstance(inner, str) and inner:
                yield inner
            elif key != "seed":  # titles of papers are not ours to translate
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
