"""The log of a subtask as OCP writes it: one text, each attempt under a line of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# "############{EXECUTE}{2021-08-25T15:09:32.697+08:00}############" (ocp-doc V4.2.2, sample of a subtask's log).
_HEAD = re.compile(r"#{6,}\{([A-Za-z_]{1,32})\}\{([0-9T:.+Z-]{1,40})\}#{6,}")
# A hostile log may be full of heads.
_MOST = 50


@dataclass(frozen=True, slots=True)
class Part:
    """Lines `first` to `end` (without it) of a log; `operation` and `begun` are OCP's words, "" without a head."""

    number: int
    operation: str
    begun: str
    first: int
    end: int


def parts(lines: Sequence[str]) -> list[Part]:
    """The attempts in `lines`, oldest first, numbered from 1; [] where no line tells of any.

    What stands before the first head, in a log whose beginning was cut, is part of an attempt too.
    """
    heads = [(place, found) for place, line in enumerate(lines) if (found := _HEAD.fullmatch(line.strip()))][-_MOST:]
    if not heads:
        return []
    starts = [(place, found[1], found[2]) for place, found in heads]
    if any(line.strip() for line in lines[: starts[0][0]]):
        starts.insert(0, (0, "", ""))
    ends = [place for place, _operation, _begun in starts[1:]] + [len(lines)]
    return [
        Part(number, operation, begun, first, end)
        for number, ((first, operation, begun), end) in enumerate(zip(starts, ends, strict=True), 1)
    ]
