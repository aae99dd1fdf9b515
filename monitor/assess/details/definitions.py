"""Case definitions that a paper names, and whether malaise after exertion was required. Pure.

Post-exertional malaise is required by the Canadian (2003), International (2011), IOM (2015) and
NICE (2021) criteria, by choice of symptoms in Fukuda (1994), and not at all by the Oxford criteria
(1991). So "required" is derived: from the definition that the patients had to fulfil, or from a
sentence that says so itself; where a set without the requirement sufficed, it was not required.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.assess.text import Sentence, Text
from monitor.lexicon import Words
from monitor.model import Article, DesignLabel, Fact, FieldName, Flag, Quote, SectionCategory

_NEAR_CRITERIA = r"(?=[^.;]{0,60}?(?i:criteri|definition|consensus|diagnos))"
#: What a definition is called here, whether it requires malaise after exertion, and its names.
_NAMES: tuple[tuple[str, bool | None, re.Pattern[str]], ...] = (
    ("ccc", True, re.compile(
        rf"\bCanadian\b{_NEAR_CRITERIA}|\bCCC\b|\bCarruthers(?: et al\.?)?,?[ -]*\(?2003"
    )),
    ("icc", True, re.compile(
        r"\b(?i:international consensus(?: criteria)?)\b|\bICC\b(?! ?[=:>])"
        r"|\bCarruthers(?: et al\.?)?,?[ -]*\(?2011"
    )),
    ("iom", True, re.compile(
        r"\b(?:Institute of Medicine|IOM|National Academy of Medicine|NAM|SEID|"
        r"(?i:systemic exertion intolerance disease))\b"
        r"(?=[^.]{0,40}(?:(?i:criteria|definition|diagnos)|\)|/))"
    )),
    ("fukuda", False, re.compile(
        r"\bFukuda\b|\b(?:CDC|Centers? for Disease Control(?: and Prevention)?)(?:[-' ]?s?)"
        r"(?: \(CDC\))?(?:[ -](?:1994|1988|Fukuda|empirical|revised|diagnostic|case|CFS))* "
        r"(?i:criteria|case definition|definition)|"
        r"\b1994 (?i:case definition|(?:research )?criteria)"
    )),
    ("oxford", False, re.compile(
        r"\bOxford (?:diagnostic |research |case )*(?i:criteria|definition)"
    )),
    ("nice", None, re.compile(
        r"\b(?:NICE|National Institute for Health and (?:Care|Clinical) Excellence)\b"
        r"(?=[^.]{0,30}(?:(?i:criteria|definition)|IOM|/))"
    )),
    ("holmes", False, re.compile(
        r"\bHolmes(?: et al\.?)?(?: \(?1988\)?)? (?i:criteria|definition)"
    )),
    ("london", True, re.compile(r"\bLondon (?:ME )?(?i:criteria)\b")),
    ("who_pcc", None, re.compile(
        r"\b(?:WHO|World Health Organi[sz]ation)(?:['’]s)?\b"
        r"(?=[^.]{0,60}\b(?i:criteria|definition))"
        r"|\b(?i:definition|criteria)[^.]{0,80}\b(?:WHO\b|World Health Organi[sz]ation)"
    )),
    ("recover_pasc", None, re.compile(
        r"\bRECOVER\b(?=[^.]{0,50}(?:definition|algorithm|PASC))"
    )),
)  # fmt: skip
_LONG_COVID = re.compile(
    r"\b(?:long[- ]?covid|post[- ]?covid|PASC|post-acute|PCC|post covid-19)\b", re.IGNORECASE
)
_ME = re.compile(r"ME/CFS|CFS|chronic fatigue syndrome|myalgic", re.IGNORECASE)
_REQUIRED = re.compile(
    r"\b(?:(?:PEM|post-?exertional malaise|postexertional malaise)[^.;]{0,30}\b(?:(?:was|is|as an?)"
    r" (?:required|mandatory|inclusion|obligatory|entry)|criterion)|(?:requir\w+|must have|"
    r"had to have|mandatory|includ\w+ criteri\w+[^.;]{0,40}|presence of)"
    r"[^.;]{0,30}\b(?:PEM|post-?exertional malaise))",
    re.IGNORECASE,
)
_NOT_REQUIRED = re.compile(
    r"\b(?:PEM|post-?exertional malaise)\b[^.;]{0,30}\b(?:not|never) "
    r"(?:required|mandatory|necessary)",
    re.IGNORECASE,
)
_ANY_WORD = ("criteri", "definition", "fukuda", "canadian", "consensus", "malaise", "pem", "oxford",
             "institute of medicine", "ccc")  # fmt: skip
_SOME_WORD = tuple(words.split()[0] for words in _ANY_WORD)


def _tells(words: str) -> bool:
    lower = words.lower()
    return "RECOVER" in words or any(some in lower for some in _SOME_WORD)


_TELLING = Words(_tells, by_part=True)

#: Only a study of its own people has an entry criterion.
_NO_ENTRY = frozenset(
    {
        "narrative_review", "hypothesis", "comment_letter", "editorial", "news", "erratum",
        "retraction_notice", "guideline_consensus", "conference_report", "expression_of_concern",
        "scoping_review", "evidence_summary",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definitions:
    """Definitions named, in the order of the text, and what they mean for malaise."""

    named: tuple[Fact, ...] = ()
    pem_required: Flag | None = None


def read_definitions(article: Article, text: Text, design: DesignLabel) -> Definitions:
    """Case definitions of ME/CFS and long COVID that the abstract names."""
    if not _TELLING.places(text.abstract_tokens) or not _named(text.abstract):
        return Definitions()
    named: dict[str, Fact] = {}
    requiring: dict[str, bool | None] = {}
    for sentence in text.sentences:
        for name, requires, quote in _in_sentence(article, text, sentence):
            if name not in named:
                named[name] = Fact(name, (quote,))
                requiring[name] = requires
    return Definitions(tuple(named.values()), _pem(article, text, design, named, requiring))


def _named(words: str) -> bool:
    """Whether there is anything to look for; plain search is far faster than the patterns."""
    lower = words.lower()
    return "RECOVER" in words or any(word in lower for word in _ANY_WORD)


def _in_sentence(
    article: Article, text: Text, sentence: Sentence
) -> list[tuple[str, bool | None, Quote]]:
    field = text.field(sentence.field)
    words = field[sentence.start : sentence.end]
    if not _named(words):
        return []
    found = []
    for name, requires, pattern in _NAMES:
        match = pattern.search(words)
        if match is None:
            continue
        label = name
        if name == "nice" and _LONG_COVID.search(words) and not _ME.search(words):
            label, requires = "nice_long_covid", None  # noqa: PLW2901 - the name was ambiguous
        if name == "who_pcc" and not _LONG_COVID.search(words + text.title):
            continue
        if name == "icc" and match[0] == "ICC" and "onsensus" not in text.abstract:
            continue
        start = sentence.start + match.start()
        end = sentence.start + match.end()
        if sentence.end - sentence.start <= 300:  # noqa: PLR2004 - a quote that is read at a glance
            start, end = sentence.start, sentence.end
        found.append((label, requires, Quote.of(article, sentence.field, start, end)))
    return found


def _pem(
    article: Article,
    text: Text,
    design: DesignLabel,
    named: dict[str, Fact],
    requiring: dict[str, bool | None],
) -> Flag | None:
    """Required when said so, or when every definition that sufficed requires it."""
    lower = text.abstract.lower()
    told = "pem" in lower or "exertional malaise" in lower
    for pattern, value in ((_NOT_REQUIRED, False), (_REQUIRED, True)) if told else ():
        for sentence in text.sentences:
            own = sentence.role in {SectionCategory.METHODS, SectionCategory.OBJECTIVE}
            if sentence.field is FieldName.ABSTRACT and (own or value is False):
                field = text.field(sentence.field)
                match = pattern.search(field, sentence.start, sentence.end)
                if match:
                    quote = Quote.of(article, sentence.field, match.start(), match.end())
                    return Flag(value, (quote,))
    known: dict[str, bool | None] = {n: r for n, r in requiring.items() if r is not None}
    if not known or design.id in _NO_ENTRY:
        return None
    quotes = tuple(q for n in known for q in named[n].quotes)[:3]
    if all(known.values()):
        return Flag(True, quotes)
    if not any(known.values()) or _sufficed(named, known):
        return Flag(False, quotes)
    return Flag(True, quotes)


def _sufficed(named: dict[str, Fact], known: dict[str, bool | None]) -> bool:
    """Whether a definition without the requirement let people in: "most also met" another one."""
    words = " ".join(q.text for n in known for q in named[n].quotes)
    return re.search(r"\b(?:or|either|most also|some also|at least one of)\b", words) is not None
