"""Case definitions by name, and what each asks for. Pure."""

from __future__ import annotations

from typing import Final

from monitor.wording import Words, to_say

_REQUIRED: Final = to_say("It requires post-exertional malaise.")
_NOT_REQUIRED: Final = to_say("It does not require post-exertional malaise.")
_CHOSEN: Final = to_say("Definition of the illness by which patients were chosen.")
#: By the word that labels have for them: name, and what it says of post-exertional malaise.
_NAMES: Final = {
    "ccc": (to_say("Canadian Consensus Criteria"), _REQUIRED),
    "icc": (to_say("International Consensus Criteria"), _REQUIRED),
    "iom": (to_say("Institute of Medicine criteria"), _REQUIRED),
    "london": (to_say("London criteria"), _REQUIRED),
    "fukuda": (to_say("Fukuda criteria"), _NOT_REQUIRED),
    "oxford": (to_say("Oxford criteria"), _NOT_REQUIRED),
    "holmes": (to_say("Holmes criteria"), _NOT_REQUIRED),
    "nice": (to_say("NICE criteria"), ""),
    "nice_long_covid": (to_say("NICE definition of long COVID"), ""),
    "who_pcc": (to_say("WHO definition of post-COVID condition"), ""),
    "recover_pasc": (to_say("RECOVER definition of long COVID"), ""),
}


def name(value: str, words: Words) -> str:
    """The name of a case definition; a new one keeps the word that labels have for it."""
    return words.say(_NAMES.get(value, (value, ""))[0])


def means(value: str, words: Words) -> str:
    """What a case definition is for, and whether it requires post-exertional malaise."""
    asks = _NAMES.get(value, ("", ""))[1]
    return " ".join(filter(None, (words.say(_CHOSEN), words.say(asks))))
