"""Who took the audit trail away, narrowed how."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from upgrades import audit
from upgrades.models import User


def note_export(*, actor: User, filters: Mapping[str, Any], form: str, newest: int, head: str) -> None:
    """Record that events left ocpdash as a file: up to the number `newest`, with the chain's head as it was then."""
    after = {"filters": dict(filters), "format": form, "newest": newest, "head": head}
    with transaction.atomic():
        audit.record("audit.export", subject=None, actor=actor, after=after)
