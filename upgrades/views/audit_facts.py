"""What the audit page tells beside its rows: how the chain stands, and what one event changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upgrades import reasons, selectors
from upgrades.models import AuditEvent, AuditSeal, Role, User
from upgrades.selectors import Chain

MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after, as text; `kind`: added, removed, changed or same."""

    name: str
    before: str
    after: str
    kind: str


@dataclass(frozen=True, slots=True)
class Told:
    """The chain's state for a page; `auditors`: whom to call where something was found."""

    chain: Chain
    auditors: list[User]


def chain() -> Told:
    """How far the trail is sealed and checked, and what was found."""
    found = selectors.chain()
    return Told(found, _auditors() if found.findings else [])


def _auditors() -> list[User]:
    people = User.objects.filter(is_active=True, grants__role=Role.AUDITOR, grants__environment="")
    return list(people.distinct().order_by("username")[:MOST_NAMES])


def opened(events: list[AuditEvent], number: int | None) -> dict[str, Any] | None:
    """All that is told of the opened event; None where it is not among these."""
    event = next((event for event in events if event.pk == number), None)
    if event is None:
        return None
    seal = AuditSeal.objects.filter(event=event.pk).first()
    return {"pk": event.pk, "differences": differences(event.before, event.after), "seal": seal}


def differences(before: Any, after: Any) -> list[Difference]:
    """The fields of two JSON objects side by side, those of `after` first."""
    old, new = _fields(before), _fields(after)
    return [Difference(reasons.plain(name), *_sides(old, new, name)) for name in dict.fromkeys([*new, *old])]


def _fields(value: Any) -> Mapping[str, str]:
    """Names and values as text. What is no object, as nobody here writes it, has one field without a name."""
    fields = value if isinstance(value, dict) else {"": value}
    return {name: _text(field) for name, field in fields.items()}


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return reasons.plain(text)


def _sides(old: Mapping[str, str], new: Mapping[str, str], name: str) -> tuple[str, str, str]:
    if name not in old:
        return "", new[name], "added"
    if name not in new:
        return old[name], "", "removed"
    return old[name], new[name], "same" if old[name] == new[name] else "changed"
