"""Every kind of odd answer by its name."""

import copy
import json
from typing import Any

from upgrades.simulator import odd_answers, odd_pours, odd_shapes, odd_tasks, odd_words
from upgrades.simulator.envelope import Reply
from upgrades.simulator.oddity import Pace

ANSWERS = {kind.name: kind for kind in (*odd_answers.KINDS, *odd_pours.KINDS)}
JSON = {kind.name: kind for kind in (*odd_shapes.KINDS, *odd_words.KINDS, *odd_tasks.KINDS)}
NAMES = frozenset((*ANSWERS, *JSON))


def shapes() -> list[dict[str, str]]:
    """Return every kind: its name, its family (answer or json), what it is, and a pattern of the calls it changes."""
    families = (("answer", ANSWERS), ("json", JSON))
    return [
        {"kind": kind.name, "family": family, "about": kind.about, "calls": kind.calls}
        for family, kinds in families
        for kind in kinds.values()
    ]


def changed(name: str, answer: Any) -> Any:
    """Return an answer's JSON as the kind of that name tells it; the one given stays as it is."""
    return JSON[name].change(copy.deepcopy(answer))


def refuses(name: str) -> bool:
    """Say whether OCP does no work where this kind strikes."""
    return name in ANSWERS and ANSWERS[name].is_refusal


def make(name: str, reply: Reply, pace: Pace) -> Reply:
    """Return the odd answer in place of the honest one. An answer that is no JSON has no odd JSON."""
    if name in ANSWERS:
        return ANSWERS[name].make(reply, pace)
    if not reply.body or not reply.content_type.startswith("application/json"):
        return reply
    answer = changed(name, json.loads(reply.body))
    # Escaped, since half a character and NUL have no other way over the wire.
    return Reply(_status(answer, reply.status), json.dumps(answer).encode(), reply.content_type, dict(reply.headers))


def _status(answer: Any, honest: int) -> int:
    """Return the line's status: that of the envelope where the kind made a refusal of it."""
    if isinstance(answer, dict) and answer.get("successful") is False and isinstance(answer.get("status"), int):
        return int(answer["status"])
    return honest
