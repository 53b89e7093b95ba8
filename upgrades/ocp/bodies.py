"""The body of an answer, read with a cap on what it decodes to."""

import re
from collections.abc import Iterable

# Before a log's text the envelope holds a few short fields at most, whatever their order.
_HEAD_BYTES = 8192
_LOG_OPENS = re.compile(rb'"log"\s*:\s*"')
# An escaped newline whose run of backslashes begins inside what we kept, so that it is no escaped backslash and an n.
_ESCAPED_NEWLINE = re.compile(rb"[^\\](?:\\\\)*(\\n)")


class TooLarge(ValueError):
    """More bytes than the cap."""


def read_whole(chunks: Iterable[bytes], cap: int) -> bytes:
    """All of the body. Raises TooLarge past `cap` bytes."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > cap:
            raise TooLarge(f"the answer has more than {cap} bytes")
    return bytes(body)


def read_log(chunks: Iterable[bytes], cap: int) -> tuple[bytes, bool]:
    """The JSON body of a subtask's log, and whether the middle of a long one was left out.

    OCP sends the whole log each time. Never more than about 3 x `cap` bytes are held: past that the body's
    beginning and its last 2 x `cap` bytes are joined inside the log's string, so that it stays good JSON.
    A body that is no log comes back as it was cut, and fails to parse.
    """
    head, tail = bytearray(), bytearray()
    is_cut = False
    for chunk in chunks:
        missing = _HEAD_BYTES - len(head)
        head += chunk[:missing] if missing > 0 else b""
        tail += chunk[max(missing, 0) :]
        if len(tail) > 3 * cap:
            is_cut = True
            del tail[: len(tail) - 2 * cap]
    if not is_cut:
        return bytes(head + tail), False
    return _join(bytes(head), bytes(tail)), True


def _join(head: bytes, tail: bytes) -> bytes:
    opening = _LOG_OPENS.search(head)
    line = _ESCAPED_NEWLINE.search(tail)
    if opening is None or line is None:
        return head + tail
    return head[: opening.end()] + tail[line.end(1) :]


def tail_of(text: str, cap: int) -> tuple[str, bool]:
    """The last `cap` UTF-8 bytes of `text`, from a line's beginning where there is one, and whether it was cut."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= cap:
        return text, False
    kept = raw[-cap:].decode("utf-8", "ignore")
    _, newline, rest = kept.partition("\n")
    return (rest if newline and rest else kept), True
