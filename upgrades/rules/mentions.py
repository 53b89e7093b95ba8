"""`@name` in a comment: which names it calls, and the text in parts so that a page can show them."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

# Django's usernames (UnicodeUsernameValidator); one may be an address of mail. Written without the first @, that
# calls nobody, nor does a part of a web address.
_CALLED = re.compile(r"(?<![\w.@+/-])@([\w.+-]{1,150}(?:@[\w.+-]{1,150})?)")
_LATIN = re.compile(r"[A-Za-z0-9_.+-]+")
# What may follow a name as punctuation, and may as well be its last letter.
_ENDS = ".-+"
MOST = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text: as it stands, or the name of somebody it calls."""

    text: str
    username: str = ""


def called(text: str) -> tuple[str, ...]:
    """Return every name that `text` calls, each once, as written, the first MOST of them.

    "@amir." is told as "amir." here: only who knows the people knows where the name ends, so ask `split`.
    """
    return tuple(dict.fromkeys(found.group(1) for found in _CALLED.finditer(text)))[:MOST]


def candidates(name: str) -> tuple[str, ...]:
    """Return what a written name may stand for: itself, or without what follows it and is no part of it.

    That is punctuation, and in Chinese the sentence: no space stands between "@amir" and what he is asked.
    """
    plain = _LATIN.match(name)
    found = (name, name.rstrip(_ENDS), plain.group().rstrip(_ENDS) if plain else "")
    return tuple(dict.fromkeys(text for text in found if text))


def split(text: str, known: Container[str]) -> tuple[Part, ...]:
    """Return `text` in parts; a call of one of the `known` usernames is a part of its own."""
    parts: list[Part] = []
    at = 0
    for found in _CALLED.finditer(text):
        name = next((name for name in candidates(found.group(1)) if name in known), None)
        if name is None:
            continue
        if found.start() > at:
            parts.append(Part(text[at : found.start()]))
        parts.append(Part(f"@{name}", name))
        at = found.start() + 1 + len(name)
    if at < len(text):
        parts.append(Part(text[at:]))
    return tuple(parts)
