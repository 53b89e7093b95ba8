"""Text that was written for a terminal, as plain text: its codes taken away, what hides or turns text made visible."""

import re
import unicodedata

# ECMA-48 (5th edition), 5.4 to 5.6: CSI with its parameters; OSC, DCS, SOS, PM and APC up to their end; other escapes
# by their final byte; each also by its single C1 character. A string that never ends is none: it would swallow text.
_CODES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b(?:[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
)
_ENDS = re.compile(r"\r\n|[\r\n]")
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})


def lines(text: str) -> list[str]:
    """The lines of `text`, still with their codes. A lone carriage return ends one too, and writes over nothing."""
    found = _ENDS.split(text)
    return found if found[-1] else found[:-1]


def plain(text: str) -> str:
    """One line without a terminal's codes; what is left of such, and what turns or hides text, as its number."""
    bare = _CODES.sub("", text) if "\x1b" in text or not text.isascii() else text
    # Most lines are plain, and a log has thousands.
    if bare.replace("\t", " ").isprintable():
        return bare
    return "".join(char if char == "\t" or _is_seen(char) else f"\\u{ord(char):04x}" for char in bare)


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in _UNSEEN
