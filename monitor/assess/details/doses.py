"""Doses of naltrexone, as far as the text ties them to naltrexone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.assess.text import Sentence, Text
from monitor.model import Article, Dose, Quote

#: Highest dose in mg that counts as low; naltrexone for addiction is given at 50 mg and more.
_MOST_LOW = 6.0
#: Doses per kg are low up to this: the usual 0.1 mg/kg is at most 4.5 mg for a child.
_MOST_LOW_PER_KG = 0.1
_NUMBER = r"\d+(?:[.·]\d+)?"
_DOSE = re.compile(
    rf"(?<![\d.·])(?:(?P<low>{_NUMBER})\s*(?:mg)?\s*(?P<join>-|–|—|to|and|or|up to)\s*)?"
    rf"(?P<high>{_NUMBER})[\s\u00a0-]*(?P<unit>mg|milligrams?|μg|µg|mcg|micrograms?)"
    r"(?P<kg>\s*(?:/|per)\s*kg)?"
    r"(?P<day>\s*(?:/|per|a|once|twice|each|every)?\s*(?:d\b|day|daily|nightly|night|bedtime))?",
    re.IGNORECASE,
)
_DRUG = re.compile(r"\b(?i:naltrexone)\b|\bLDN\b|\bNTX\b")
_SHORT_NAMES = ("LDN", "NTX")
_OTHER_DRUG = re.compile(
    r"\b(?:[a-z]+(?:pion|prion|xetine|pramine|triptyline|gabalin|pentin|morphine|codone|nolol|"
    r"cillin|mycin|statin|sone|solone|orphan|idone|azepam|zolam|mab)|methadone|morphine|oxycodone|"
    r"buprenorphine|bupropion|naloxone|NAD|placebo tablets?|vitamin [a-z]|acamprosate|nalmefene|"
    r"melatonin|modafinil|aspirin|ethanol|alcohol|cocaine|heroin|fentanyl|oxaloacetate)\b",
    re.IGNORECASE,
)
_TITRATED = re.compile(
    r"\btitrat\w+|\bescalat\w+|\bincreas\w+ (?:gradually|weekly|by|to|up)|\bgradually increas\w+"
    r"|\bstepwise|\bstart(?:ing|ed) (?:at|with|dose)",
    re.IGNORECASE,
)
_FAR = 120


def read_doses(article: Article, text: Text) -> tuple[Dose, ...]:
    """Doses in sentences on naltrexone, nearer to it than to another drug; each once."""
    if not _may_name_it(text.title) and not _may_name_it(text.abstract):
        return ()
    if not _DRUG.search(text.title) and not _DRUG.search(text.abstract):
        return ()
    about = _DRUG.search(text.title) is not None
    found: dict[tuple[float | None, float, bool], Dose] = {}
    for sentence in text.sentences:
        for dose in _in_sentence(article, text, sentence, about=about):
            found.setdefault((dose.mg_min, dose.mg, dose.per_kg), dose)
    return tuple(found.values())


def _may_name_it(words: str) -> bool:
    """Whether the drug may be named: plain search is far quicker than the pattern."""
    return "naltrexone" in words.lower() or any(short in words for short in _SHORT_NAMES)


def _in_sentence(
    article: Article, text: Text, sentence: Sentence, *, about: bool
) -> Iterator[Dose]:
    field = text.field(sentence.field)
    words = field[sentence.start : sentence.end]
    drugs = [m.start() for m in _DRUG.finditer(words)]
    if not drugs and not (about and re.search(r"\bdos(?:e|es|age|ing)\b", words)):
        return
    others = [m.start() for m in _OTHER_DRUG.finditer(words)]
    titrated = _TITRATED.search(words) is not None
    for match in _DOSE.finditer(words):
        if drugs and not _belongs(match.start(), drugs, others):
            continue
        if not drugs and others:
            continue
        start, end = sentence.start + match.start(), sentence.start + match.end()
        quote = Quote.of(article, sentence.field, sentence.start, sentence.end)
        if sentence.end - sentence.start > 2 * _FAR:
            quote = Quote.of(article, sentence.field, start, end)
        yield _dose(match, field[start:end].strip(), quote, titrated=titrated)


def _belongs(at: int, drugs: list[int], others: list[int]) -> bool:
    """Whether the dose stands nearer to naltrexone than to another drug."""
    nearest = min(abs(at - d) for d in drugs)
    rival = min((abs(at - o) for o in others), default=_FAR + 1)
    return nearest <= _FAR and nearest <= rival


def _dose(match: re.Match[str], words: str, quote: Quote, *, titrated: bool) -> Dose:
    scale = 1.0 if match["unit"].lower().startswith(("mg", "milli")) else 0.001
    high = _value(match["high"]) * scale
    low = _value(match["low"]) * scale if match["low"] else None
    if low is not None and (low >= high or match["join"] in {"and", "or"}):
        low = low if low < high else None
    per_kg = match["kg"] is not None
    return Dose(
        mg=round(high, 6),
        text=words,
        quotes=(quote,),
        mg_min=low,
        per_kg=per_kg,
        low=high <= (_MOST_LOW_PER_KG if per_kg else _MOST_LOW),
        titrated=titrated,
    )


def _value(words: str) -> float:
    return float(words.replace("·", "."))
