"""The index of the search in the browser: small, since everybody who searches loads it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from monitor.catalog import Catalog
from monitor.model import Stance
from monitor.publish.views.lines import Line, design_label
from monitor.wording import Words

_STANCES: Final = {s: i for i, s in enumerate(Stance)}


def script(lines: Sequence[Line], catalog: Catalog, words: Words) -> str:
    """A classic script that sets `EVIDENCE_INDEX`, so that it also works from a folder.

    Names that repeat stand once in tables, and papers point to them by number.
    """
    designs = list(dict.fromkeys(x.design for x in lines))
    mechanisms = [m.id for m in catalog.mechanisms]
    topics = [t.id for t in catalog.topics]
    people = sorted({p for x in lines for p in x.populations}, key=str.lower)
    place = {m: i for i, m in enumerate(mechanisms)}
    index = {
        "designs": [design_label(d, catalog, words) for d in designs],
        "mechanisms": [words.say(m.label) for m in catalog.mechanisms],
        "topics": [words.say(t.title) for t in catalog.topics],
        "people": [words.say(p) for p in people],
        "stances": [words.stance(s) for s in Stance],
        "papers": [
            [
                x.file,
                x.title,
                x.citation,
                x.year or 0,
                designs.index(x.design),
                x.n or 0,
                [topics.index(t) for t in x.topics if t in topics],
                [[place[m], _STANCES[s]] for m, s in x.sides if m in place],
                [people.index(p) for p in x.populations],
                " ".join(x.authors),
                " ".join(x.quotes),
                _standing(x),
            ]
            for x in lines
        ],
    }
    return f"window.EVIDENCE_INDEX={_json(index)};\n"


def _standing(line: Line) -> int:
    """1 for retracted, 2 for withdrawn, 0 for all others."""
    return 1 if line.retracted else 2 if line.gone else 0


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Line separators end a line in old script engines; "</" would end an inline script.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("</", "<\\/")
