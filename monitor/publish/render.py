"""Page values → HTML by Jinja templates. Pure but for reading the packaged templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2.runtime import Macro

from monitor import wording
from monitor.publish import charts
from monitor.publish.compiled import Compiled
from monitor.publish.pages import Page
from monitor.publish.site import File
from monitor.publish.views.lines import Line
from monitor.wording import Words

STATIC: Final = ("site.css", "search.js", "vendor/minisearch.js", "vendor/minisearch.LICENSE.txt")
#: What the code depends on that templates are compiled to, beside their source.
_SYNTAX: Final[dict[str, Any]] = {
    "trim_blocks": True,
    "lstrip_blocks": True,
    "extensions": ["jinja2.ext.i18n"],
}
_POLICIES: Final = {"ext.i18n.trimmed": True}


class _Once:
    """Renders what shows a paper in a list once for all lists: a paper stands in a dozen."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], str] = {}

    def __call__(self, macro: Macro, line: Line, root: str) -> str:
        """What a macro makes of a paper."""
        key = macro.name, line.pmid, root
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = macro(line, root)
        return found

    def all(self, macro: Macro, lines: Sequence[Line], root: str) -> Iterator[tuple[str, str]]:
        """Papers by key and what a macro makes of them; in a loop, one call instead of hundreds."""
        return ((line.pmid, self(macro, line, root)) for line in lines)

    def said(self, macro: Macro, value: str) -> str:
        """What a macro makes of a word."""
        key = macro.name, value, ""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = macro(value)
        return found


class Renderer:
    """Renders pages in one language; `shared` are values that every page may use."""

    def __init__(self, words: Words, shared: Mapping[str, Any]) -> None:
        self._environment = Environment(
            loader=PackageLoader("monitor.publish"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            auto_reload=False,  # or Jinja looks at the date of a template for every page
            bytecode_cache=Compiled(repr((_SYNTAX, _POLICIES))),
            **_SYNTAX,
        )
        self._environment.policies.update(_POLICIES)
        self._environment.install_gettext_callables(  # type: ignore[attr-defined]
            words.translations.gettext, words.translations.ngettext, newstyle=True
        )
        self._environment.globals.update(
            wording=wording,
            words=words,
            file=wording.file_name,
            day=words.day,
            number=words.number,
            say=words.say,
            inline=wording.inline,
            charts=charts,
            once=_Once(),
            **shared,
        )

    def file(self, page: Page) -> File:
        """A page as a file, rendered only when it is written."""
        return File(page.path, lambda: self.render(page), page.inputs)

    def render(self, page: Page) -> bytes:
        """A page's content. `root` leads from it to the top of the site."""
        root = "../" * page.path.count("/")
        template = self._environment.get_template(page.template)
        return template.render(root=root, path=page.path, **page.shown).encode()


def static_files() -> list[tuple[str, bytes]]:
    """Style sheet and scripts."""
    folder = resources.files("monitor.publish") / "static"
    return [(f"static/{name}", (folder / name).read_bytes()) for name in STATIC]
