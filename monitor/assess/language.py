"""In which language a text is written, told by its commonest words. Pure.

Only one question matters here: is it English, so that the rules may read it? The name of another
language is for the note that readers see.
"""

from __future__ import annotations

from monitor.assess.words import word_set
from monitor.splitting import Tokens

_ENGLISH = word_set(
    "the of and in to with a for was were is are by that this on as from be or an at which we not "
    "have has it these than between their been after can may but all also our had its no who into "
    "during both however study patients"
)
_OTHERS = {
    "German": "der die und mit von den bei eine einer ist wurde nicht für als auf dem des im",
    "French": "le la les des et du une dans est pour par avec sur au aux qui ont été chez ces",
    "Spanish": "el los las del una con por para que se es en fue como su más entre al un la",
    "Portuguese": "os dos das uma com por para que não em foi como são ao entre mais pelo da do",
    "Italian": "il gli della dei delle una con per che sono nel di è stato alla nei è tra dal",
    "Dutch": "het een van de en met voor zijn bij werd niet dat op door aan te wordt ook",
    "Polish": "i w z na do się jest nie przez oraz u od po dla że są jako",
}
_STOPS = {name: word_set(words) for name, words in _OTHERS.items()}
_SCRIPTS = (
    ("Japanese", "\u3040", "\u30ff"),
    ("Korean", "\uac00", "\ud7af"),
    ("Chinese", "\u4e00", "\u9fff"),
    ("Russian", "\u0400", "\u04ff"),
    ("Arabic", "\u0600", "\u06ff"),
    ("Hebrew", "\u0590", "\u05ff"),
    ("Greek", "\u0370", "\u03ff"),
)
#: Below this share of English function words a text of some length is not English. On 5,613 real
#: English abstracts the share was never below 0.14.
_LEAST_ENGLISH = 0.1
_ENOUGH_WORDS = 8
_LOOKED_AT = 150


def language_of(tokens: Tokens, text: str) -> str:
    """English name of the language, "unknown" where it cannot be told; short texts pass as English.

    A text in a script other than the Latin one is told by its letters, however short.
    """
    first = tokens.words[:_LOOKED_AT]
    plainly = sum(map(_ENGLISH.__contains__, first)) >= _LEAST_ENGLISH * len(first)
    opening = text[:2000]
    if plainly and len(opening.encode("ascii", "ignore")) * 4 > len(opening) * 3:
        return "English"  # the quick way out, for nearly every abstract
    enough = _LEAST_ENGLISH * len(tokens)
    if text.count(" the ") + text.count(" of ") + text.count(" and ") >= enough:
        return "English"
    script = _script(opening)
    if script:
        return script
    words = [w.lower() for w in first if not w[0].isdigit()]
    if len(words) < _ENOUGH_WORDS:
        return "English"
    english = sum(w in _ENGLISH for w in words)
    if english >= _LEAST_ENGLISH * len(words):
        return "English"
    counts = {name: sum(w in stops for w in words) for name, stops in _STOPS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] > max(english, _LEAST_ENGLISH * len(words)) else "unknown"


def _script(text: str) -> str:
    if text.isascii():
        return ""
    letters = [c for c in text if not c.isascii() and c.isalpha()]
    if len(letters) * 4 < len(text):
        return ""
    for name, first, last in _SCRIPTS:
        if sum(first <= c <= last for c in letters) * 5 > len(letters):
            return name
    return ""
