"""The figures that a claim states, looked for in abstracts: found, different, or untraced. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitor.catalog import Figure
from monitor.ledger.sentences import sentences
from monitor.model import Article, FieldName, FigureCheck, Quote
from monitor.patterns import Matcher

FOUND, DIFFERENT, UNTRACED = "found", "different", "untraced"

_NUMBER = r"\d{1,4}(?:[.,·]\d+)?"
_UNITS = {
    "%": r"%|per\s?cent\b",
    "mg": r"mg\b(?!\s*/\s*(?:kg|m2|dl|l|ml)\b)",
    "patients": r"patients\b",
}
#: A share of patients is the same figure when it differs by no more than rounding.
_ROUNDING = 0.5


@dataclass(frozen=True, slots=True)
class FoundFigure:
    """A number, or a range, in a sentence about the same thing. `same` when it is the claim's."""

    low: float
    high: float
    same: bool
    quote: Quote


class FigureReader:
    """Finds a claim's figure, or others about the same thing, in articles."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self._about = Matcher((True, cue) for cue in figure.about)
        unit = _UNITS[figure.unit]
        self._value = re.compile(
            rf"(?P<low>{_NUMBER})\s*(?:{unit})?\s*(?:-|–|—|to|and)\s*(?P<high>{_NUMBER})\s*(?:{unit})"
            rf"|(?P<one>{_NUMBER})\s*(?:{unit})",
            re.IGNORECASE,
        )

    def find(self, article: Article) -> list[FoundFigure]:
        """Every number with the figure's unit in a sentence about the same thing."""
        return [f for field in FieldName for f in self._find(article, field)]

    def _find(self, article: Article, field: FieldName) -> Iterator[FoundFigure]:
        text = article.field(field)
        if not self._value.search(text):
            return
        for start, end in sentences(text):
            values = list(self._value.finditer(text, start, end))
            if values and self._about.find(text[start:end]):
                quote = Quote.of(article, field, start, end)
                yield from (self._found(value, quote) for value in values)

    def _found(self, value: re.Match[str], quote: Quote) -> FoundFigure:
        if value["one"]:
            low = high = _number(value["one"])
        else:
            low, high = sorted((_number(value["low"]), _number(value["high"])))
        return FoundFigure(low, high, self._same(low, high), quote)

    def _same(self, low: float, high: float) -> bool:
        """A dose is the same inside the range; a share only when it is the very same figure."""
        figure = self.figure
        if figure.unit == "mg":
            return figure.low <= low and high <= figure.high
        return abs(low - figure.low) <= _ROUNDING and abs(high - figure.high) <= _ROUNDING

    def check(self, articles: Iterable[Article]) -> FigureCheck:
        """Whether the figure stands in one of the articles, with the passages, the same ones first.

        Only where none states it are passages with other figures given.
        """
        found = [(article.pmid, f) for article in articles for f in self.find(article)]
        same = [(pmid, f.quote) for pmid, f in found if f.same]
        verdict = FOUND if same else DIFFERENT if found else UNTRACED
        passages = same or [(pmid, f.quote) for pmid, f in found]
        return FigureCheck(self.figure.text, verdict, tuple(dict.fromkeys(passages)))


def _number(text: str) -> float:
    whole, _, rest = text.replace("·", ".").replace(",", ".").partition(".")
    if len(rest) == 3 and "," in text:  # noqa: PLR2004 - 3,925 is a whole number
        return float(whole + rest)
    return float(f"{whole}.{rest or 0}")
