"""What the words around a number say of it, by lists of words. Pure.

"before: screened" says that a word of that list stands within so many words before the number, in
the same statement; a list is a kind of thing that is said of people in studies.
"""

from __future__ import annotations

from typing import Final

from monitor.assess.details.numbers import Number
from monitor.assess.words import word_set
from monitor.splitting import STOPPED, Tokens

_LISTS: Final = {
    "included": "included enrolled recruited randomized randomised participated studied allocated "
    "assigned selected sampled consented",
    "analysed": "analysed analyzed evaluated assessed examined evaluable underwent tested "
    "interviewed surveyed investigated followed reassessed measured provided",
    "completed": "completed completers responded returned respondents responders responding "
    "answered finished",
    "analysis": "analysis analyses",
    "final": "final finally ultimately eventually",
    "screened": "screened invited contacted approached eligible sent distributed mailed identified "
    "referred admitted potentially",
    "excluded": "excluded declined withdrew dropped lost died refused excluding exclusion "
    "exclusions missing failed",
    "control": "control controls healthy hc hcs HCs volunteers donors comparators uninfected "
    "unexposed hv hvs hd hs seronegative",
    "matched": "matched",
    "compared": "compared versus vs comparison comparing against comparator contrast",
    "whom": "whom these those them which",
    "remaining": "remaining remainder",
    "part": "including among other additional only subset subgroup subsample substudy another",
    "divided": "comprising consisting consisted comprised divided categorized classified "
    "stratified",
    "total": "total overall totaling totalling altogether sample",
    "cohort": "cohort population dataset database registry databases records",
    "patients": "patients patient participants subjects individuals adults people respondents "
    "persons cases women men children survivors",
    "sex": "female females male males women men woman girls boys",
    "age": "age aged mean median",
    "group": "group groups arm arms each per cohort cohorts",
    "was": "were was",
    "had": "had reported showed presented developed experienced met",
    "state": "positive negative infected symptomatic hospitalized hospitalised severe mild "
    "moderate",
    "earlier": "previous previously earlier prior literature published studies reviewed worldwide "
    "million globally estimated",
    "about": "approximately about over nearly almost than fewer less more",
    "planned": "will planned recruit target aim",
    "time": "month months week weeks baseline round wave visit first second third time",
    "data": "data using analysis from",
    "with": "with who without",
    "weighted": "weighted representing representative",
    "involving": "involving involved comprising totaling totalling included including pooled",
    "agreed": "agreed consented took joined met fulfilled satisfied gave",
    "samples": "samples sample specimens interviews questionnaires surveys records sera swabs",
}
#: Lists by word.
LISTS: Final = {
    word: tuple(name for name, words in _LISTS.items() if word in word_set(words))
    for word in sorted(word_set(" ".join(_LISTS.values())))
}

#: As texts may write them, so that words need not be put in small letters first.
_WRITTEN: Final = {
    form: names for w, names in LISTS.items() for form in (w, w.capitalize(), w.upper())
}
_CONTROLS: Final = (
    "control", "healthy", "volunteer", "donor", "uninfected", "comparator", " hc ", " hcs", "(hc)",
)  # fmt: skip
_BEFORE: Final = {w: tuple(f"before: {n}" for n in names) for w, names in _WRITTEN.items()}
_AFTER: Final = {w: tuple(f"after: {n}" for n in names) for w, names in _WRITTEN.items()}
#: So many words before and after a number are looked at.
_MOST_BEFORE, _MOST_AFTER = 8, 16


def said(tokens: Tokens, first: int, number: Number, stop: int, noun: int) -> set[str]:
    """Lists whose words stand around a number in the same statement.

    The sentence has the words from `first` to before `stop`; the word `noun`, which the number
    counts, says nothing.
    """
    words, kinds = tokens.words, tokens.kinds
    found: set[str] = set()
    for i in range(number.first - 1, max(first, number.first - _MOST_BEFORE) - 1, -1):
        if kinds[i + 1] == STOPPED:
            break
        if words[i] in _BEFORE:
            found.update(_BEFORE[words[i]])
    for i in range(number.last + 1, min(stop, number.last + _MOST_AFTER + 1)):
        if kinds[i] == STOPPED:
            break
        if words[i] in _AFTER and i != noun:
            found.update(_AFTER[words[i]])
    return found


def tells_of_controls(text: str) -> bool:
    """Whether a text tells of people whom patients are compared with."""
    low = text.lower()
    return any(words in low for words in _CONTROLS)


def names_control(word: str) -> bool:
    """Whether a word is one for those whom patients are compared with."""
    return word in _WRITTEN and "control" in _WRITTEN[word]
