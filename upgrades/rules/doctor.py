"""What the doctor says: one line a thing looked at, with its level."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from upgrades.rules import Reason


class Level(StrEnum):
    """How a thing stands, the worst last."""

    OK = "ok"
    WARNING = "warning"
    TROUBLE = "trouble"


class Topic(StrEnum):
    """What the lines are about, in the order in which they are told."""

    SENDING = "sending"
    DATABASE = "database"
    BROKER = "broker"
    PARTS = "parts"
    ENDPOINTS = "endpoints"
    RUNS = "runs"
    AUDIT = "audit"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. The code of `reason` also leads to the remedy."""

    topic: Topic
    level: Level
    reason: Reason


def worst(lines: Iterable[Line]) -> Level:
    """The level of the worst line; ok without any."""
    order = list(Level)
    return max((line.level for line in lines), key=order.index, default=Level.OK)
