"""Which parts of ocpdash give no sign of life."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings

from upgrades.models import Heartbeat
from upgrades.selectors.clock import database_now

# By the name that people are told: the sign of life, and whether it is a canary, of which each fourth part of
# IDLE_EXIT_SECONDS sends one.
PARTS = {
    "worker": ("worker", False),
    "follower": ("follower", False),
    "inventory": ("queue inventory", True),
    "beat": ("beat", True),
}
# Pages and probes come from web itself, and say nothing of it.
PARTS_WITH_WEB = {**PARTS, "web": ("web", False)}


def silent_parts(parts: Mapping[str, tuple[str, bool]] = PARTS) -> dict[str, datetime | None]:
    """The silent ones of `parts` by name, each with its last sign of life, None where there never was one.

    Beat's canaries come by the workers: where they are silent, nothing is said of beat.
    """
    found = dict(Heartbeat.objects.values_list("name", "at"))
    now = database_now()
    silent = {
        part: found.get(name)
        for part, (name, is_canary) in parts.items()
        if name not in found or now - found[name] > _longest(is_canary)
    }
    if "worker" in silent:
        silent.pop("beat", None)
    return silent


def _longest(is_canary: bool) -> timedelta:
    """Two canaries and a half; 75 s, unless set otherwise."""
    return timedelta(seconds=settings.IDLE_EXIT_SECONDS * 5 / 8 if is_canary else settings.SILENT_SECONDS)
