"""Every word of the site stands in one catalogue, and a translation is a file."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog as Messages
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

from monitor.catalog import Catalog
from monitor.errors import ConfigurationError
from monitor.ledger.status import Tally
from monitor.model import Issue
from monitor.publish import language
from monitor.publish.pages import Contents, Page, pages
from monitor.publish.render import Renderer
from monitor.wording import Words

ROOT = Path(__file__).parents[2]
PUBLISH = ROOT / "monitor" / "publish"
SERVE = ROOT / "monitor" / "serve"
POT = PUBLISH / "locale" / "messages.pot"
TEMPLATES = sorted(p for room in (PUBLISH, SERVE) for p in (room / "templates").glob("*.html"))
#: Names that are the same in every language.
NAMES = {"BibTeX", "RIS", "CSL-JSON", "CSV", "PubMed", "DOI", "PMC", "PMID", "n"}


def pot() -> Messages:
    return read_po(io.BytesIO(POT.read_bytes()))


def test_the_catalogue_is_what_make_messages_gathers(tmp_path: Path) -> None:
    """Run `make messages` when this fails. Texts of queries/ may lag behind: they have English."""
    command = next(
        line.split("extract ", 1)[1]
        for line in (ROOT / "Makefile").read_text().splitlines()
        if "pybabel" in line and "extract " in line
    )
    *options, _, _, where = command.split()
    made = tmp_path / "messages.pot"
    program = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract"]
    subprocess.run([*program, *options, "-o", str(made), where], cwd=ROOT, check=True)
    ours = {m.id for m in pot() if _of_site(m.locations)}
    assert {m.id for m in read_po(io.BytesIO(made.read_bytes())) if _of_site(m.locations)} == ours
    assert "Where the evidence stands" in ours


def _of_site(locations: list[tuple[str, int]]) -> bool:
    return any(path.startswith("monitor/") for path, _ in locations)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_no_word_of_a_template_stands_outside_the_catalogue(path: Path) -> None:
    assert list(bare_words(path.read_text(encoding="utf-8"))) == []


def test_a_bare_word_in_a_template_would_be_found() -> None:
    assert list(bare_words("<p>Hello <b>{{ _('x') }}</b></p>")) == ["Hello"]
    assert list(bare_words('<p title="Papers">{{ _("x") }}</p>')) == ["Papers"]
    assert list(bare_words("<p>{% trans %}Hello{% endtrans %}</p>")) == []


def bare_words(source: str) -> Iterator[str]:
    """Words in the text of a template, and in the attributes that are read to people."""
    inside, text = False, ""
    for _, kind, value in Environment(extensions=["jinja2.ext.i18n"]).lex(source):
        if kind == "name" and value in {"trans", "endtrans"}:
            inside = value == "trans"
        elif kind == "data" and not inside:
            text += value
        elif kind in {"variable_begin", "block_begin"}:
            text += "\x00"
    for value in re.findall(r'(?:title|aria-label|placeholder|alt)="([^"\x00]*)"', text):
        text += f" {value} "
    seen = re.sub(r"<[^>]*>", " ", text)
    yield from (
        w for w in re.findall(r"[^\W\d_]{2,}(?:-[A-Z]+)?|\bn\b", re.sub(r"&\w+;", " ", seen))
        if w not in NAMES
    )  # fmt: skip


PYTHON = [
    ROOT / "monitor" / "wording.py",
    *sorted(PUBLISH.glob("views/*.py")),
    PUBLISH / "charts.py",
]
#: Words of PubMed and of the model card, which are compared and never shown.
COMPARED = {"Preprint", "cross valid"}
MARKED = {"say", "say_many", "to_say"}


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: p.name)
def test_no_sentence_of_a_view_stands_outside_the_catalogue(path: Path) -> None:
    assert list(bare_sentences(path.read_text(encoding="utf-8"))) == []


def test_a_bare_sentence_in_a_view_would_be_found() -> None:
    assert list(bare_sentences('x = f("This is said.")')) == ["This is said."]
    assert list(bare_sentences('x = words.say("This is said.")')) == []


def bare_sentences(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    fine: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            split = isinstance(node.func, ast.Attribute) and node.func.attr == "split"
            if name in MARKED:
                fine |= {id(a) for a in node.args}
            if split and isinstance(node.func, ast.Attribute):
                fine.add(id(node.func.value))
        elif isinstance(node, ast.Dict):
            fine |= {id(key) for key in node.keys}  # looked up, not shown
        elif isinstance(node, ast.Expr):
            fine.add(id(node.value))  # a docstring
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in fine else None
        if isinstance(text, str) and re.search(r"[a-z]{2,} [a-z]|^[A-Z][a-z]+$", text):
            yield from {text} - COMPARED


@pytest.fixture(scope="module")
def polish(tmp_path_factory: pytest.TempPathFactory) -> Words:
    """A made-up translation into a language with three plural forms."""
    made = Messages(locale="pl")
    for message in pot():
        if not message.id:
            continue
        if isinstance(message.id, tuple):
            forms = [f"{form}:{message.id[1]}" for form in ("one", "few", "many")]
            made.add(message.id, tuple(forms), flags=message.flags)
        else:
            made.add(message.id, f"«{message.id}»", flags=message.flags)
    folder = tmp_path_factory.mktemp("translations")
    with (folder / "pl.po").open("wb") as file:
        write_po(file, made)
    return language.words("pl", folder)


def test_numbers_take_the_plural_form_of_the_language(polish: Words) -> None:
    one, many = "%(num)s participant planned", "%(num)s participants planned"
    found = [polish.say_many(one, many, n) for n in (1, 3, 5, 22, 1200)]
    assert found == [
        "one:1 participants planned",
        "few:3 participants planned",
        "many:5 participants planned",
        "few:22 participants planned",
        "many:1\xa0200 participants planned",
    ]
    assert polish.day(date(2026, 3, 9)) == "9 marca 2026"
    assert Words().say_many(one, many, 1) == "1 participant planned"


def contents(catalog: Catalog, words: Words) -> Contents:
    when = datetime(2026, 3, 9, tzinfo=UTC)
    return Contents(
        catalog=catalog,
        words=words,
        lines=(),
        bearings={},
        balances={},
        histories={},
        events={},
        figures={},
        weigh=Tally,
        issues=(Issue(1, when, None, when, first=True, backlog=3),),
        counts={"wanted": 5, "excluded": 1, "retracted": 0},
    )


def test_a_translation_shows_through_on_pages(catalog: Catalog, polish: Words) -> None:
    made = {p.path: p for p in pages(contents(catalog, polish))}
    renderer = Renderer(polish, {"site": "", "topics": {}, "meta": ()})

    def text(path: str) -> str:
        return renderer.render(made[path]).decode()

    start = text("index.html")
    assert '<html lang="pl">' in start
    assert "«Where the evidence stands»" in start
    assert "many:5 papers are held" in start
    assert "few:3 older papers were read to compute it." in text("issues/1.html")
    assert "9 marca 2026" in text("issues/1.html")
    claim = catalog.claims[0]
    assert f"«{claim.title}»" in text(f"claims/{claim.id}.html")
    design = catalog.designs[0]
    assert f"«{design.cannot_show}»" in text("methods.html")


def test_a_script_from_right_to_left_is_said_so(catalog: Catalog, tmp_path: Path) -> None:
    with (tmp_path / "ar.po").open("wb") as file:
        write_po(file, Messages(locale="ar"))
    words = language.words("ar", tmp_path)
    page = Renderer(words, {"site": "", "topics": {}, "meta": ()}).render(
        Page("issues/index.html", "issues.html", {"issues": ()})
    )
    assert b'<html lang="ar" dir="rtl">' in page


@pytest.mark.parametrize(
    ("tag", "said"), [("fi", "no fi.po"), ("xx-nowhere", "none that is known")]
)
def test_a_language_without_a_file_is_an_error(tag: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        language.words(tag, tmp_path)


@pytest.mark.parametrize(
    "text", [b'msgid "Papers"\nmsgstr "\xff\xfe"', b'msgid "%(n)s planned"\nmsgstr "%(m)s aiottu"']
)
def test_a_broken_translation_is_an_error(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "fi.po").write_bytes(text)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        language.words("fi", tmp_path)


def test_english_needs_no_file(catalog: Catalog) -> None:
    assert language.words().say("Papers") == "Papers"
    assert Words().say(catalog.designs[0].label) == catalog.designs[0].label
