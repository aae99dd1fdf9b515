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


_IS_UP: Final = frozenset(_UP.values())
_IS_DOWN: Final = frozenset(_DOWN.values())


def flatten(element: etree._Element | None) -> str:
    """Plain text of an element, with single spaces, in NFC; "" for None.

    A sub- or superscript becomes the Unicode characters when there is one for each of its
    characters, else `^(…)` or `_(…)`: flattened, 10⁻³ would read 10-3. The same holds in MathML,
    where a fraction is written with a stroke.
    """
    if element is None:
        return ""
    text = _text(element) if len(element) else element.text or ""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def _text(element: etree._Element) -> str:
    parts = [element.text or ""]
    for child in element:
        parts.extend((_inline(child), child.tail or ""))
    return "".join(parts)


def _inline(element: etree._Element) -> str:
    if not isinstance(element.tag, str):  # a comment or an entity that is not resolved
        return ""
    tag = element.tag.rpartition("}")[2]
    if tag in _MATH:
        written = _math(tag, [_inline(child).strip() for child in element])
        if written is not None:
            return written
    text = _text(element)
    if tag == "sup":
        return _script(text, _UP, _IS_UP, "^")
    if tag == "sub":
        return _script(text, _DOWN, _IS_DOWN, "_")
    return text


_MATH: Final = {"msup": 2, "msub": 2, "msubsup": 3, "mfrac": 2}


def _math(tag: str, parts: list[str]) -> str | None:
    """A MathML script or fraction on one line; None when it has not the parts that it needs."""
    if len(parts) != _MATH[tag]:
        return None
    if tag == "mfrac":
        above, below = (p if p.isalnum() else f"({p})" for p in parts)
        return f"{above}/{below}"
    base = parts[0]
    if tag != "msup":
        base += _script(parts[1], _DOWN, _IS_DOWN, "_")
    return base if tag == "msub" else base + _script(parts[-1], _UP, _IS_UP, "^")


def _script(text: str, table: dict[int, int], done: frozenset[int], mark: str) -> str:
    bare = text.strip()
    if not bare:
        return text
    if all(ord(c) in table or ord(c) in done for c in bare):
        return text.replace(bare, bare.translate(table))
    if not any(c.isalnum() for c in bare):  # "®", "*", "†" stand as well on the line
        return text
    return text.replace(bare, f"{mark}({bare})")
