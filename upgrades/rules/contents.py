"""What a change request says beside its plan: the ticket."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from upgrades.rules import Reason

LONGEST_TICKET = 500
# OPS-4417, INC0012345, #2291: what stands in a sentence as a ticket's number.
_NUMBER = re.compile(r"[#A-Za-z0-9][A-Za-z0-9._/#-]{0,63}")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
# RFC 3986 allows no space, no control character and none of these; browsers let some by and read them differently.
_NOT_IN_ADDRESS = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")


def ticket(text: str) -> str | Reason:
    """Return a ticket as it is kept, "" for none, or why it can be none: an address (http, https) or a number.

    An address names a host and neither user nor password: "https://intranet@evil.example" shows one and leads to
    the other.
    """
    text = text.strip()
    if not text:
        return ""
    if len(text) > LONGEST_TICKET:
        return Reason("ticket.too_long", {"limit": LONGEST_TICKET})
    if _ADDRESS.match(text):
        return _address(text)
    return text if _NUMBER.fullmatch(text) else Reason("ticket.neither")


def _address(text: str) -> str | Reason:
    if _NOT_IN_ADDRESS.search(text):
        return Reason("ticket.bad_address")
    try:
        parts = urlsplit(text)
        is_good = bool(parts.hostname) and parts.username is None and parts.password is None
        port = parts.port
    except ValueError:
        return Reason("ticket.bad_address")
    if not is_good or port == 0:
        return Reason("ticket.bad_address")
    return f"{parts.scheme}{text[len(parts.scheme) :]}"
