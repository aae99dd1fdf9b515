"""Page values → HTML by Jinja templates. Pure but for reading the packaged templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from importlib import resources
from typing import Any, Final

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from monitor import wording

STATIC: Final = ("site.css", "search.js", "vendor/minisearch.js", "vendor/minisearch.LICENSE.txt")


class Renderer:
    """Renders pages; `shared` are values that every page may use."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._environment = Environment(
            loader=PackageLoader("monitor.publish"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            wording=wording, file=wording.file_name, day=_day, **shared
        )

    def page(self, path: str, template: str, **values: Any) -> tuple[str, bytes]:
        """A page and its path. `root` leads from it to the top of the site."""
        root = "../" * path.count("/")
        html = self._environment.get_template(template).render(root=root, path=path, **values)
        return path, html.encode()

    def part(self, template: str, **values: Any) -> Markup:
        """A piece of a page, already escaped."""
        return Markup(self._environment.get_template(template).render(**values))  # noqa: S704


def _day(when: date | datetime) -> str:
    return format_date(when, "long", locale="en_GB")


def static_files() -> list[tuple[str, bytes]]:
    """Style sheet and scripts."""
    folder = resources.files("monitor.publish") / "static"
    return [(f"static/{name}", (folder / name).read_bytes()) for name in STATIC]
