"""Text of PubMed's mixed content: markup flattened, sub- and superscripts kept as Unicode."""

from __future__ import annotations

import unicodedata
from typing import Final

from lxml import etree

_UP: Final = str.maketrans(
    "0123456789+-−–=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿ",
)
_DOWN: Final = str.maketrans(
    "0123456789+-−–=()aehijklmnoprstuvxβγρφχ",
    "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
)


def flatten(element: etree._Element | None) -> str:
    """Plain text of an element, with single spaces, in NFC; "" for None.

    A sub- or superscript becomes the Unicode characters when there is one for each of its
    characters, else `^(…)` or `_(…)`: flattened, 10⁻³ would read 10-3.
    """
    if element is None:
        return ""
    text = (element.text or "") if len(element) == 0 else "".join(_parts(element))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def _parts(element: etree._Element) -> list[str]:
    parts = [element.text or ""]
    for child in element:
        if not isinstance(child.tag, str):  # a comment or an entity that is not resolved
            parts.append(child.tail or "")
            continue
        inner = "".join(_parts(child))
        tag = etree.QName(child).localname
        if tag == "sup":
            inner = _script(inner, _UP, "^")
        elif tag == "sub":
            inner = _script(inner, _DOWN, "_")
        parts.extend((inner, child.tail or ""))
    return parts


def _script(text: str, table: dict[int, int], mark: str) -> str:
    bare = text.strip()
    if not bare:
        return text
    if all(ord(c) in table for c in bare):
        return text.replace(bare, bare.translate(table))
    if not any(c.isalnum() for c in bare):  # "®", "*", "†" stand as well on the line
        return text
    return text.replace(bare, f"{mark}({bare})")
