"""What templates need to show a state, a time, a length or a hash in the one agreed way."""

import datetime as dt
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template.defaultfilters import stringfilter
from django.templatetags.static import static
from django.utils import dateformat, timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

register = template.Library()

STATUS_WORDS: Mapping[str, str | Promise] = {
    # a change request
    "draft": pgettext_lazy("status", "Draft"),
    "in_review": pgettext_lazy("status", "In review"),
    "changes_requested": pgettext_lazy("status", "Changes requested"),
    "stale": pgettext_lazy("status", "Stale"),
    "approved": pgettext_lazy("status", "Approved"),
    "starting": pgettext_lazy("status", "Starting"),
    "in_progress": pgettext_lazy("status", "In progress"),
    "done": pgettext_lazy("status", "Done"),
    "rejected": pgettext_lazy("status", "Rejected"),
    "expired": pgettext_lazy("status", "Expired"),
    "withdrawn": pgettext_lazy("status", "Withdrawn"),
    # an upgrade run
    "submitting": pgettext_lazy("status", "Submitting"),
    "unconfirmed": pgettext_lazy("status", "Unconfirmed"),
    "running": pgettext_lazy("status", "Running"),
    "failed": pgettext_lazy("status", "Failed"),
    "verifying": pgettext_lazy("status", "Verifying"),
    "disagrees": pgettext_lazy("status", "Disagrees"),
    "verified": pgettext_lazy("status", "Verified"),
    "refused": pgettext_lazy("status", "Refused"),
    "abandoned": pgettext_lazy("status", "Abandoned"),
    "rolled_back": pgettext_lazy("status", "Rolled back"),
    "closed": pgettext_lazy("status", "Closed"),
    # a retry, skip or cancel
    "asked": pgettext_lazy("status", "Asked"),
    "sending": pgettext_lazy("status", "Sending"),
    "lapsed": pgettext_lazy("status", "Never seen"),
    # a decision
    "proposed": pgettext_lazy("status", "Proposed"),
    "confirmed": pgettext_lazy("status", "Confirmed"),
    "overtaken": pgettext_lazy("status", "Overtaken"),
    # a subtask
    "pending": pgettext_lazy("status", "Pending"),
    "ready": pgettext_lazy("status", "Ready"),
    "successful": pgettext_lazy("status", "Successful"),
    "canceling": pgettext_lazy("status", "Canceling"),
    "skipped": pgettext_lazy("status", "Skipped"),
    # a finding
    "blocked": pgettext_lazy("status", "Blocked"),
    "warning": pgettext_lazy("status", "Warning"),
    "info": pgettext_lazy("status", "Note"),
}
# Why nothing newer comes: data-status and word.
TROUBLES: Mapping[str, tuple[str, str | Promise]] = {
    "off": ("closed", gettext_lazy("switched off")),
    "refused": ("unconfirmed", gettext_lazy("sign-in refused")),
    "barred": ("blocked", gettext_lazy("cannot be asked")),
    "quota": ("warning", gettext_lazy("asked to wait")),
    "ocp": ("failed", gettext_lazy("OCP is silent")),
    "worker": ("unconfirmed", gettext_lazy("our worker is silent")),
}
UNKNOWN = "unknown"
SIZE_UNITS = ("B", "kB", "MB", "GB", "TB")
OCP_STATUSES = frozenset({"pending", "ready", "running", "successful", "failed", "canceling"})


def subtask_status(status: str, operation: str = "") -> str:
    """The data-status of OCP's words for a task or subtask; "unknown" for a new word.

    A success forced by SKIP is a state of its own: an auditor must see it.
    """
    word = status.lower()
    if word == "successful" and operation.upper() == "SKIP":
        return "skipped"
    return word if word in OCP_STATUSES else UNKNOWN


@cache
def _sprite() -> str:
    return static("icons.svg")


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """One symbol of static/icons.svg; `size` is 14, 16, 20 or 28 px. Hidden from readers."""
    extra = "" if size == 16 else f" i--{size}"
    return format_html(
        '<svg class="i{}" viewBox="0 0 16 16" aria-hidden="true"><use href="{}#{}"></use></svg>',
        extra,
        _sprite(),
        name,
    )


@register.simple_tag
def sprite_url() -> str:
    """The address of the icon file, for scripts that change an icon."""
    return _sprite()


@register.inclusion_tag("components/_badge.html")
def badge(status: str, word: str = "", size: str = "") -> dict[str, Any]:
    """Icon, word and colour of a status in a box. `size="lg"` in page heads."""
    return {**_status_parts(status, word), "size": size}


@register.inclusion_tag("components/_state.html")
def state(status: str, word: str = "") -> dict[str, Any]:
    """Icon, word and colour of a status inside a sentence or a list."""
    return _status_parts(status, word)


@register.inclusion_tag("components/_badge.html")
def subtask_badge(status: str, operation: str = "") -> dict[str, Any]:
    """OCP's own words, verbatim: "SUCCESSFUL by SKIP"."""
    word = status or _("no status")
    if operation and operation != "EXECUTE":
        word = _("%(status)s by %(operation)s") % {"status": word, "operation": operation}
    return {"status": subtask_status(status, operation), "word": word, "size": ""}


@register.inclusion_tag("components/_fresh.html")
def fresh(at: dt.datetime | None, trouble: str = "") -> dict[str, Any]:
    """How old the page's facts are. `trouble`: a word of views.reading.trouble_of, why nothing newer comes."""
    status, word = TROUBLES.get(trouble, ("", ""))
    if not status and (at is None or age_of(at) > settings.STALE_SECONDS):
        status = "stale"
    return {"at": at, "word": word, "status": status, "stale_after": int(settings.STALE_SECONDS)}


def _status_parts(status: str, word: str) -> dict[str, Any]:
    known = status in STATUS_WORDS
    return {
        "status": status if known else UNKNOWN,
        "word": word or (STATUS_WORDS[status] if known else status or _("not known")),
    }


@register.filter
def status_word(status: str) -> str:
    """The word of a status in the reader's language; an unknown one is shown as it is."""
    return str(STATUS_WORDS.get(status, status))


@register.filter
def local_time(value: dt.datetime | None, precision: str = "minutes") -> str:
    """A `<time>` in the display zone, the zone always shown; "not known" without a value.

    `precision`: "minutes", "seconds", "milliseconds", or "clock" (today's events: 02:08:31 +08).
    """
    if not value:
        return _("not known")
    return format_html(
        '<time datetime="{}">{}</time>',
        value.astimezone(dt.UTC).isoformat(),
        time_text(value, precision),
    )


def time_text(value: dt.datetime, precision: str = "minutes") -> str:
    """The words of `local_time` without markup, for sentences and exports."""
    local = value.astimezone(display_zone())
    clock = {
        "minutes": "%H:%M",
        "seconds": "%H:%M:%S",
        "milliseconds": "%H:%M:%S." + f"{local.microsecond // 1000:03d}",
        "clock": "%H:%M:%S",
    }[precision]
    hours = f"{local.strftime(clock)} {zone_text(local)}"
    if precision == "clock":
        return hours
    joint = " " if (get_language() or "").startswith("zh") else ", "
    return f"{local_date(value)}{joint}{hours}"


@register.filter
def local_date(value: dt.datetime) -> str:
    """The day in the display zone: Sat 21 Nov 2026, or 2026-11-21 in Chinese."""
    local = value.astimezone(display_zone())
    if (get_language() or "").startswith("zh"):
        return local.strftime("%Y-%m-%d")
    return dateformat.format(local, "D j M Y")


def display_zone() -> dt.tzinfo:
    """The zone in which this reader reads times, as TimeZoneMiddleware has set it; UTC outside a request."""
    return timezone.get_current_timezone()


def zone_text(local: dt.datetime) -> str:
    """The offset of a local time: +08, or +05:30."""
    offset = local.strftime("%z")
    return offset[:3] if offset.endswith("00") else f"{offset[:3]}:{offset[3:5]}"


def age_of(value: dt.datetime) -> float:
    """Seconds since then; never below zero, as clocks differ."""
    return max(0.0, (timezone.now() - value).total_seconds())


@register.filter
def since(value: dt.datetime | None) -> float | None:
    """Seconds since then, for `elapsed`."""
    return None if value is None else age_of(value)


@register.filter
def ago(value: dt.datetime | None) -> str:
    """A `<time>` that says how long ago; static/js/ago.js keeps it true while the page is open."""
    if not value:
        return _("not known")
    return format_html(
        '<time datetime="{}" data-ago>{}</time>',
        value.astimezone(dt.UTC).isoformat(),
        ago_text(age_of(value)),
    )


def ago_text(age: float) -> str:
    """`age` in seconds as "4 s ago", "3 min ago", "5 h ago", "2 days ago". ago.js counts by the same steps."""
    seconds = int(age)
    if seconds < 60:
        return _("%(n)s s ago") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)s min ago") % {"n": seconds // 60}
    if seconds < 48 * 3600:
        return _("%(n)s h ago") % {"n": seconds // 3600}
    days = seconds // 86400
    return _("%(n)s days ago") % {"n": days}


@register.filter
def elapsed(value: dt.timedelta | float | None) -> str:
    """A length on an instrument: 2:51 or 1:06:20. Takes a timedelta or seconds."""
    if value is None:
        return _("not known")
    seconds = int(value.total_seconds() if isinstance(value, dt.timedelta) else value)
    minutes, second = divmod(max(0, seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


@register.filter
def size(value: int | None) -> str:
    """Bytes as 512 B, 41 kB, 218 MB or 1.2 GB (powers of 1000)."""
    if value is None:
        return _("not known")
    amount, step = float(value), 0
    while amount >= 1000 and step < len(SIZE_UNITS) - 1:
        amount, step = amount / 1000, step + 1
    digits = 1 if step and amount < 10 else 0
    return f"{amount:.{digits}f} {SIZE_UNITS[step]}"


@register.filter
@stringfilter
def short_hash(value: str) -> str:
    """The first 8 digits of a hash, in fours: 9f2c 41d7. The whole goes on the copy button."""
    return str(fours(value[:8]))


@register.filter
@stringfilter
def fours(value: str) -> str:
    """Digits in groups of four, so that two people can compare them aloud."""
    return " ".join(re.findall(".{1,4}", value))


@register.filter
def message_status(level: str) -> str:
    """The data-status of a message of Django's by its level."""
    return {"success": "successful", "warning": "warning", "error": "failed"}.get(level, "info")


@register.filter
@stringfilter
def initials(value: str) -> str:
    """One or two letters for the round mark beside a name; Chinese names give the first."""
    words = value.replace(".", " ").split()
    if not words:
        return "?"
    if ord(words[0][0]) > 0x2E80:
        return words[0][0]
    return "".join(word[0] for word in words[:2]).upper()
