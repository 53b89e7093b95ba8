"""What the pages of change requests, decisions and audit need to show: sentences of reasons, names of acts."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.defaultfilters import stringfilter
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from upgrades import audit, reasons
from upgrades.models import AuditEvent, ChangeRequest, Environment, User
from upgrades.rules import Reason, paths, workflow
from upgrades.services.actions import ActionState

register = template.Library()

# Statuses that time ends, and when that is near enough to be marked.
_EXPIRING = workflow.find("change_request", "expire").sources - {workflow.RequestStatus.STARTING}
NEAR_SECONDS = 24 * 3600

# The result of an act: data-status and word.
OUTCOMES: Mapping[str, tuple[str, str | Promise]] = {
    AuditEvent.Outcome.DONE: ("successful", pgettext_lazy("outcome", "Done")),
    AuditEvent.Outcome.REFUSED: ("blocked", pgettext_lazy("outcome", "Refused")),
    AuditEvent.Outcome.FAILED: ("failed", pgettext_lazy("outcome", "Failed")),
}
# The verdict of a vote: data-status and word.
VERDICTS: Mapping[str, tuple[str, str | Promise]] = {
    "approve": ("approved", gettext_lazy("Approved")),
    "send_back": ("changes_requested", gettext_lazy("Sent back")),
    "reject": ("rejected", gettext_lazy("Rejected")),
}
# What an event is about, where its row has no name of its own in any language.
SUBJECTS: Mapping[str, str | Promise] = {
    "upgraderun": gettext_lazy("the run of %(number)s"),
    "runaction": gettext_lazy("a retry, skip or cancel in %(number)s"),
    "decision": gettext_lazy("a decision on %(number)s"),
}


@register.filter
def sentence(reason: Reason | Mapping[str, Any] | None) -> str:
    """The sentence of a reason, or of one that a row stored; "" for none."""
    if not reason:
        return ""
    return reasons.sentence(reason if isinstance(reason, Reason) else Reason.from_json(reason))


@register.filter
@stringfilter
def act(action: str) -> str:
    """The words of an audit action; an unknown one is shown as it is."""
    return str(audit.ACTIONS.get(action, action))


@register.inclusion_tag("components/_state.html")
def outcome(value: str) -> dict[str, Any]:
    """The result of an act as icon, word and colour."""
    status, word = OUTCOMES.get(value, ("unknown", value))
    return {"status": status, "word": word}


@register.inclusion_tag("components/_state.html")
def verdict(value: str) -> dict[str, Any]:
    """The verdict of a vote as icon, word and colour."""
    status, word = VERDICTS.get(value, ("unknown", value))
    return {"status": status, "word": word}


@register.filter
def actor_name(event: AuditEvent) -> str:
    """Who did it: a person's name as it is now, as it was written where the person is gone, or ocpdash itself."""
    if event.actor is not None:
        return str(event.actor)
    return event.actor_name or "ocpdash"


@register.filter
def subject(event: AuditEvent) -> str:
    """What an event is about; "" where it is about nothing that has a name."""
    if event.subject_type in SUBJECTS and event.change_request_id:
        return str(SUBJECTS[event.subject_type]) % {"number": f"CR-{event.change_request_id}"}
    return event.subject_name


@register.filter
def names(people: list[User]) -> str:
    """Some names for a sentence: "Amir, Bea or Chen"."""
    words = [str(person) for person in people]
    if len(words) < 2:
        return "".join(words)
    return _("%(some)s or %(last)s") % {"some": pgettext("between names", ", ").join(words[:-1]), "last": words[-1]}


@register.filter
@stringfilter
def verdict_word(value: str) -> str:
    """The verdict of a vote in a word, for a line that is struck through."""
    return str(VERDICTS[value][1]) if value in VERDICTS else value


@register.filter
@stringfilter
def environment_word(value: str) -> str:
    """The word of an environment as a row stores it; an unknown one is shown as it is."""
    return str(Environment(value).label) if value in Environment.values else value


@register.filter
def act_of(event: AuditEvent) -> str:
    """What a person did who also said something: the verdict of a vote, else the act."""
    given = event.after.get("verdict")
    return str(verdict_word(given)).lower() if given else str(act(event.action))


@register.filter
def why(state: ActionState) -> str:
    """Why an action is not the reader's to take, and who can."""
    parts = [sentence(state.reason)]
    if state.who:
        parts.append(_("%(names)s can do it.") % {"names": names(state.who)})
    return " ".join(parts)


@register.filter
@stringfilter
def package_version(file_name: str) -> str:
    """The version that a package's name tells, or the whole name."""
    try:
        version: str = paths.parse_file_name(file_name).version
    except ValueError:
        return file_name
    return version


@register.filter
def said(text: str) -> str:
    """What people typed, its lines kept: characters that would turn or hide the text round them become numbers."""
    lines = [line.split("\t") for line in str(text).replace("\r\n", "\n").split("\n")]
    return "\n".join("\t".join(reasons.plain(piece) for piece in line) for line in lines)


@register.inclusion_tag("upgrades/change_requests/_left.html")
def time_left(change_request: ChangeRequest) -> dict[str, Any]:
    """How long a request that waits, or its approval, is good for; marked when the end is near."""
    at = change_request.expires_at
    if at is None or change_request.status not in _EXPIRING:
        return {"text": ""}
    seconds = (at - timezone.now()).total_seconds()
    return {"text": left_text(seconds), "is_near": seconds < NEAR_SECONDS}


def left_text(seconds: float) -> str:
    """Seconds to come as "3 d left", "5 h left" or "12 min left", rounded down."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return _("ends now")
    if minutes < 60:
        return _("%(n)s min left") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)s h left") % {"n": minutes // 60}
    return _("%(n)s d left") % {"n": minutes // (24 * 60)}
