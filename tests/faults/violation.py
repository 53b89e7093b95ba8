"""One thing that should never be, as every part of the checker says it."""

from typing import NamedTuple


class Violation(NamedTuple):
    """`invariant` is one of I1 to I7; `text` says what was found, with ids."""

    invariant: str
    text: str
