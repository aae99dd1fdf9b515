"""Registration numbers of trials and of reviews, from the record and from the abstract. Pure."""

from __future__ import annotations

import re

from monitor.assess.text import FIELDS, Text
from monitor.lexicon import Words
from monitor.model import Article, Fact, Quote

#: Registers of trials, with how their numbers look; blanks inside are taken out.
_TRIALS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("NCT", re.compile(r"\bNCT\s?-?0?\d{8}\b|\bNCT\s?\d{8}\b")),
    (
        "EudraCT",
        re.compile(r"\b(?:EudraCT(?: (?:number|no\.?|nr\.?))?:?\s*)?((?:19|20)\d\d-\d{6}-\d\d)\b"),
    ),
    ("EUCT", re.compile(r"\b(20\d\d-5\d{5}-\d\d-\d\d)\b")),
    ("ISRCTN", re.compile(r"\bISRCTN\s?\d{8}\b")),
    ("ACTRN", re.compile(r"\bACTRN\s?126\d{11}p?\b")),
    ("UMIN", re.compile(r"\bUMIN(?:-CTR)?[ :-]*(?:ID:? ?)?\d{9}\b")),
    ("ChiCTR", re.compile(r"\bChiCTR[ -]?(?:[A-Z]{2,4}-)?\d{8,10}\b")),
    ("DRKS", re.compile(r"\bDRKS\s?\d{8}\b")),
    ("jRCT", re.compile(r"\bjRCTs?\d{9,10}\b")),
    ("CTRI", re.compile(r"\bCTRI/\d{4}/\d{2,3}/\d{6}\b")),
    ("IRCT", re.compile(r"\bIRCT\d{10,18}N\d+\b")),
    ("NTR", re.compile(r"\bNTR\s?\d{3,4}\b|\bNL\d{4,5}\b(?=[^.]{0,30}[Tt]rial)")),
)
#: What the numbers of a register hold where not its name.
_SIGNS = {
    "EudraCT": re.compile(r"-\d{6}-"),
    "EUCT": re.compile(r"-5\d{5}-"),
    "NTR": re.compile("N(?:TR|L)"),
}
_REVIEWS = re.compile(r"\bCRD\s?42\d{9}\b|\bCRD\s?42\d{7,10}\b")
#: Every number of a register has such a word.
_LOOK = re.compile(r"\d{6}|CTRI|NTR|NL\d{4}")
_NUMBERS = Words(lambda words: _LOOK.search(words) is not None, by_part=True)
_BANKS = frozenset(
    {
        "ANZCTR", "CRiS", "CTRI", "ChiCTR", "ClinicalTrials.gov", "DRKS", "EudraCT", "IRCT",
        "ISRCTN", "JPRN", "JapicCTI", "NTR", "PACTR", "ReBec", "TCTR", "UMIN CTR", "UMIN-CTR",
    }
)  # fmt: skip


def read_registrations(article: Article, text: Text) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """Numbers of trials, then of reviews (PROSPERO), each once.

    Those that only the record's data bank list has carry no quote: they do not stand in the text.
    """
    trials: dict[str, Fact] = {}
    reviews: dict[str, Fact] = {}
    for name in FIELDS:
        field = text.field(name)
        if not _NUMBERS.places(text.tokens(name)):
            continue
        for register, pattern in _TRIALS:
            sign = _SIGNS.get(register)
            if register not in field if sign is None else not sign.search(field):
                continue
            for match in pattern.finditer(field):
                number = _tidy(match[1] if match.re.groups and match[1] else match[0])
                trials.setdefault(
                    number, Fact(number, (Quote.of(article, name, match.start(), match.end()),))
                )
        for match in _REVIEWS.finditer(field) if "CRD" in field else ():
            number = _tidy(match[0])
            quote = Quote.of(article, name, match.start(), match.end())
            reviews.setdefault(number, Fact(number, (quote,)))
    for accession in article.accessions:
        number = _tidy(accession.number)
        if number and accession.bank in _BANKS:
            trials.setdefault(number, Fact(number))
    return tuple(trials.values()), tuple(reviews.values())


def _tidy(number: str) -> str:
    return re.sub(r"\s", "", number)
