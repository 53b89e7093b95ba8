"""Which files may lie beside a change request: told by name and by content alike, and never by what a browser says."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from upgrades.rules import Reason

MOST_BYTES = 5 * 1024 * 1024
MOST_FILES = 20
LONGEST_NAME = 120
# A log may be coloured by escape sequences; other control characters stand in no text.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co"})
# Separators of paths, and what Windows takes in no name.
_NO_NAME = frozenset('/\\:*?"<>|')


def clean_name(name: str) -> str:
    """Return the last part of a path as a file may be called anywhere; "file" where nothing is left.

    Control and direction characters go: "a\\u202egnp.exe" is not to read as a picture. Dots at the beginning
    would hide it.
    """
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(char for char in last if unicodedata.category(char) not in _UNSEEN and char not in _NO_NAME)
    short = " ".join(kept.split()).lstrip(". ").rstrip(". ")
    stem, dot, ending = short.rpartition(".")
    if not stem:
        return short[:LONGEST_NAME] or "file"
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}"[:LONGEST_NAME]


def judge(name: str, content: bytes) -> str | Reason:
    """Return the kind of a file, or why it is not taken. `name` is a clean one; `content` is all of it."""
    if not content:
        return Reason("attachment.empty")
    if len(content) > MOST_BYTES:
        return Reason("attachment.too_large", {"limit": MOST_BYTES // (1024 * 1024)})
    kind = KINDS.get(name.rpartition(".")[2].lower()) if "." in name else None
    if kind is None:
        return Reason("attachment.type_unknown", {"known": ", ".join(sorted(KINDS))})
    if not _LOOKS[kind](content):
        return Reason("attachment.other_content", {"name": name, "kind": kind})
    return kind


def _is_text(content: bytes) -> bool:
    try:
        return not _NOT_TEXT.search(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return False


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


# The first bytes of a file: PNG (W3C), JPEG (ISO 10918), PDF (ISO 32000), ZIP (PKWARE's APPNOTE).
_LOOKS: Mapping[str, Callable[[bytes], bool]] = MappingProxyType(
    {
        "text": _is_text,
        "csv": _is_text,
        "json": _is_json,
        "yaml": _is_text,
        "pdf": _begins(b"%PDF-"),
        "png": _begins(b"\x89PNG\r\n\x1a\n"),
        "jpeg": _begins(b"\xff\xd8\xff"),
        "zip": _begins(b"PK\x03\x04"),
    }
)
# By the ending of the name. Nothing that a browser or a desktop would run.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "txt": "text",
        "log": "text",
        "csv": "csv",
        "json": "json",
        "yaml": "yaml",
        "yml": "yaml",
        "pdf": "pdf",
        "png": "png",
        "jpg": "jpeg",
        "jpeg": "jpeg",
        "zip": "zip",
    }
)
# What a download is called; a browser is told not to guess, and never to show it in place.
CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "text": "text/plain; charset=utf-8",
        "csv": "text/csv; charset=utf-8",
        "json": "application/json",
        "yaml": "text/plain; charset=utf-8",
        "pdf": "application/pdf",
        "png": "image/png",
        "jpeg": "image/jpeg",
        "zip": "application/zip",
    }
)
