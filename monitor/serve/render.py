"""The service's own pages: values → HTML by templates, with the look of the site."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from monitor import wording
from monitor.serve.context import Web
from monitor.wording import Words, to_say

#: Of a page with a form; the pages of the site allow no form at all.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_DEEPEST: Final = 12
START: Final = ("index.html", to_say("To the start page"))


@lru_cache(maxsize=4)
def _templates(words: Words) -> Environment:
    found = Environment(
        loader=PackageLoader("monitor.serve"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    found.policies["ext.i18n.trimmed"] = True
    found.install_gettext_callables(  # type: ignore[attr-defined]
        words.translations.gettext, words.translations.ngettext, newstyle=True
    )
    found.globals.update(wording=wording, words=words, say=words.say)
    return found


@cache
def stylesheet() -> bytes:
    """What forms need beyond the style sheet of the site."""
    return (resources.files("monitor.serve") / "static" / "forms.css").read_bytes()


def root_of(path: str) -> str:
    """The way from a page up to the top of the site, whatever the proxy in front puts before it."""
    depth = path.count("/") - 1
    return "../" * depth if depth <= _DEEPEST else "/"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page that is kept by nobody and found by no search."""
    web: Web = request.app.state.web
    html = (
        _templates(web.words)
        .get_template(template)
        .render(
            root=root_of(request.url.path),
            topics=[web.words.say(t.title) for t in web.catalog.topics],
            **values,
        )
    )
    headers = {
        "cache-control": "no-store",
        "content-security-policy": POLICY,
        "x-robots-tag": "noindex",
    }
    return HTMLResponse(html, status, headers=headers)


def message(
    request: Request,
    heading: str,
    *sentences: str,
    status: int = 200,
    links: tuple[tuple[str, str], ...] = (START,),
) -> HTMLResponse:
    """A page that says something, with links from the top of the site.

    It is said in the language of the site: hand in messages of the catalogue, in English.
    """
    return page(request, "message.html", status, heading=heading, sentences=sentences, links=links)
