"""How wide a text will be on the graph, without a font at hand, and how it is cut to fit."""

from __future__ import annotations

import unicodedata

_NARROW = frozenset("fijlrtI.,:;'|!()[]{}- ")
_WIDE = frozenset("mwMW@%")


def width(text: str, size: int = 12) -> int:
    """Return the width in pixels of a text of `size` pixels, a little too much rather than too little."""
    return int(sum(_em(character) for character in text) * size + 0.5)


def fitted(text: str, room: int, size: int = 12) -> str:
    """Return the text, cut with an ellipsis where it is wider than `room` pixels."""
    if width(text, size) <= room:
        return text
    left: float = room - width("…", size)
    kept = ""
    for character in text:
        left -= _em(character) * size
        if left < 0:
            break
        kept += character
    return kept.rstrip() + "…"


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.36
    if character in _WIDE or character.isupper():
        return 0.78 if character not in _WIDE else 0.92
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    return 0.58
